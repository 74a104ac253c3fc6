// tf.variable_scope and tf.get_variable: variables by name, made once, and cut into parts.
//
// The open scope and the variables made so far are kept with the graph. One thread builds. Scopes close in reverse
// order. Follows python/ops/variable_scope.py of 1.11.0.
#ifndef TFPERSIST_REFERENCE_TRAIN_VARIABLE_SCOPE_H_
#define TFPERSIST_REFERENCE_TRAIN_VARIABLE_SCOPE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/graph/graph.h"
#include "reference/train/variable.h"

namespace tfpersist {

enum class Reuse { kInherit, kFalse, kTrue, kAuto };

// An initializer as get_variable takes it: called with the variable's shape and dtype.
using ShapeInitializer = std::function<absl::StatusOr<Output>(Graph&, const TensorShape&, DataType)>;
ShapeInitializer ZerosInitializer();
ShapeInitializer OnesInitializer();
ShapeInitializer ConstantInitializer(double value);

// tf.fixed_size_partitioner(shards, axis).
struct Partitioner {
  int shards = 1;
  int axis = 0;
};

struct VariableScopeOptions {
  std::optional<bool> use_resource;
  Reuse reuse = Reuse::kInherit;
  std::optional<Partitioner> partitioner;
  ShapeInitializer initializer;
};

// with tf.variable_scope(name): … Opens a name scope too. `name` empty: the enclosing variable scope with other
// options.
class VariableScope {
 public:
  VariableScope(Graph& graph, absl::string_view name, VariableScopeOptions options = {});
  // with tf.variable_scope(None, default_name): … : a name that no scope has had.
  static VariableScope Unique(Graph& graph, absl::string_view default_name);
  ~VariableScope();
  VariableScope(VariableScope&&) noexcept;
  VariableScope(const VariableScope&) = delete;

 private:
  class Impl;
  explicit VariableScope(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct GetVariableOptions {
  std::optional<TensorShape> shape;  // none: the initial value's
  DataType dtype = DT_INVALID;       // none: the initial value's, else float32
  // A value, a tensor, or a function of shape and dtype. None: the scope's, else zeros for integers and bool; for
  // floating point the default is Glorot's random values in TensorFlow, and has to be given here.
  std::variant<std::monostate, Tensor, Output, ShapeInitializer> initializer;
  bool trainable = true;
  bool validate_shape = true;
  std::optional<std::vector<std::string>> collections;
  std::optional<bool> use_resource;
  std::optional<Partitioner> partitioner;  // GetPartitionedVariable only
};

// A variable kept in parts: each a variable of its own, with its SaveSliceInfo.
struct PartitionedVariable {
  std::string name;
  TensorShape shape;
  DataType dtype = DT_INVALID;
  std::vector<Variable> parts;
};

// INVALID_ARGUMENT with TensorFlow's text if the variable exists and may not be reused, or the reverse.
absl::StatusOr<Variable> GetVariable(Graph& graph, absl::string_view name, const GetVariableOptions& options = {});
absl::StatusOr<PartitionedVariable> GetPartitionedVariable(Graph& graph, absl::string_view name,
                                                           const GetVariableOptions& options);

// What the open variable scope says; false and "" outside of any.
bool UsesResource(const Graph& graph);
std::string CurrentVariableScope(const Graph& graph);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_VARIABLE_SCOPE_H_
