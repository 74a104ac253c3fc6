// Variables of TensorFlow 1.x: the nodes that make one, and a light handle on them.
//
// A Variable is a value: a graph and a VariableDef, nothing else, so one that comes back from a MetaGraphDef is as good
// as one that was made here. Making variables changes the graph: one thread. Reading a handle: any number of threads.
// Names, attrs and collections as python/ops/variables.py (RefVariable) and resource_variable_ops.py of 1.11.0.
//
//   auto v = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v");   // initial value: a tensor of the graph
//   auto w = tf::Variable(graph, 0.0f, "w");                             // or a plain value: makes w/initial_value
//
// Errors: the constructors record theirs in graph.status() and leave a handle that is false; Create() returns them.
#ifndef TFPERSIST_REFERENCE_TRAIN_VARIABLE_H_
#define TFPERSIST_REFERENCE_TRAIN_VARIABLE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/tensor/tensor.h"

namespace tensorflow {
class VariableDef;
}

namespace tfpersist {

// Where a part lies in the tensor that it is a part of; what a checkpoint calls a slice.
struct SaveSliceInfo {
  std::string full_name;
  std::vector<int64_t> full_shape, var_offset, var_shape;
  std::string spec() const;  // "5 2 0,2:0,2"
};

struct VariableOptions {
  bool trainable = true;
  bool validate_shape = true;
  std::optional<std::vector<std::string>> collections;  // none: the global variables
  std::optional<bool> use_resource;                     // none: as the open variable scope says, else false
  DataType dtype = DT_INVALID;                          // plain values are converted to it
  std::optional<SaveSliceInfo> slice;
};

class Variable {
 public:
  // A function that adds the initial value's nodes; it runs in the scope "name/Initializer".
  using Initializer = std::function<absl::StatusOr<Output>(Graph&)>;
  using InitialValue = std::variant<Output, Tensor, Initializer>;

  Variable() = default;
  Variable(Graph& graph, Output initial, absl::string_view name = "Variable", const VariableOptions& options = {});
  Variable(Graph& graph, const Tensor& initial, absl::string_view name = "Variable",
           const VariableOptions& options = {});
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  Variable(Graph& graph, T initial, absl::string_view name = "Variable", const VariableOptions& options = {})
      : Variable(graph, Tensor::Scalar(initial), name, options) {}

  // INVALID_ARGUMENT: an initial value whose shape is not known (and validate_shape), or of another dtype.
  static absl::StatusOr<Variable> Create(Graph& graph, InitialValue initial, absl::string_view name = "Variable",
                                         const VariableOptions& options = {});
  // A variable whose nodes are in the graph. NOT_FOUND with the lookup's text (S16) if one is not.
  static absl::StatusOr<Variable> FromProto(Graph& graph, const tensorflow::VariableDef& def,
                                            absl::string_view import_scope = "");
  static absl::StatusOr<Variable> FromBytes(Graph& graph, absl::string_view variable_def);
  // Null if the variable lies outside export_scope.
  std::unique_ptr<tensorflow::VariableDef> ToProto(absl::string_view export_scope = "") const;

  explicit operator bool() const { return state_ != nullptr; }
  bool operator==(const Variable& o) const;

  Graph& graph() const;
  std::string name() const;     // "v:0"
  std::string op_name() const;  // "v"
  DataType dtype() const;       // never a reference type
  const PartialTensorShape& shape() const;
  const std::string& device() const;
  bool is_resource() const;
  bool trainable() const;
  const std::optional<SaveSliceInfo>& slice() const;
  std::string DebugString() const;  // "<tf.Variable 'v:0' shape=() dtype=float32_ref>"

  Output ref() const;  // the reference tensor, or the resource's handle
  Node* op() const { return ref().node; }
  Node* initializer() const;                      // "v/Assign"
  Output snapshot() const;                        // "v/read:0", "r/Read/ReadVariableOp:0"
  Output initial_value() const;                   // without a node in graphs from before 1.4
  operator Output() const { return snapshot(); }  // NOLINT: a variable stands where its value is wanted
  // What Session.run() fetches for a variable: the reference tensor itself (S19), or the resource's read.
  Output graph_element() const { return is_resource() ? snapshot() : ref(); }

  // These add nodes, as the Python methods of the same names.
  absl::StatusOr<Output> ValueForOp() const;  // what an op's input gets: v/read, or a new ReadVariableOp
  absl::StatusOr<Output> ReadValue() const;
  absl::StatusOr<Output> InitializedValue() const;
  absl::StatusOr<Output> IsInitialized() const;

  // For slots of partitioned variables: the same nodes with a slice; collections are told.
  void SetSlice(SaveSliceInfo slice);

 private:
  struct State;
  static absl::StatusOr<std::shared_ptr<State>> Resolve(Graph& graph, std::unique_ptr<tensorflow::VariableDef> def);
  std::shared_ptr<const State> state_;
};

// Variables of a collection, in order; entries that are no variables are left out.
std::vector<Variable> VariablesIn(const Graph& graph, absl::string_view collection);
std::vector<Variable> GlobalVariables(const Graph& graph);
std::vector<Variable> LocalVariables(const Graph& graph);
std::vector<Variable> TrainableVariables(const Graph& graph);
std::vector<Variable> MovingAverageVariables(const Graph& graph);
void AddToCollection(const std::string& collection, const Variable& variable);

// tf.global_variables_initializer(), tf.variables_initializer(): an op that assigns every initial value. Null on error,
// which graph.status() then has.
Node* GlobalVariablesInitializer(Graph& graph);
Node* VariablesInitializer(Graph& graph, absl::Span<const Variable> variables, const std::string& name = "init");

// tf.assign() and its kin; the result is the variable after the assignment.
enum class AssignKind { kAssign, kAdd, kSub };
struct AssignOptions {
  bool validate_shape = true;
  std::optional<bool> use_locking;  // none: true for kAssign, false for the others, as in Python
  std::string name;
};
absl::StatusOr<Output> AssignVariable(AssignKind kind, const Variable& variable, std::variant<Output, Tensor> value,
                                      const AssignOptions& options = {});
Output Assign(const Variable& variable, Output value, const AssignOptions& options = {});
Output Assign(const Variable& variable, const Tensor& value, const AssignOptions& options = {});
Output AssignAdd(const Variable& variable, Output value, const AssignOptions& options = {});
Output AssignAdd(const Variable& variable, const Tensor& value, const AssignOptions& options = {});
Output AssignSub(const Variable& variable, Output value, const AssignOptions& options = {});
Output AssignSub(const Variable& variable, const Tensor& value, const AssignOptions& options = {});
template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
Output Assign(const Variable& variable, T value, const AssignOptions& options = {}) {
  return Assign(variable, Tensor::Scalar(value), options);  // converted to the variable's dtype
}

// Python's operators where one side is a variable: v1 + v2, v - 1.0f, 2.0f * v, x / v. A number takes the other side's
// dtype. Errors go to graph.status(), and the result names nothing.
class Operand {
 public:
  Operand(const Variable& v) : value_(v) {}  // NOLINT: implicit on purpose
  Operand(Output o) : value_(o) {}           // NOLINT
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
  Operand(T number) : value_(static_cast<double>(number)) {}  // NOLINT
  const std::variant<Variable, Output, double>& value() const { return value_; }

 private:
  std::variant<Variable, Output, double> value_;
};
// `op` is the node's type, `name` the scope that Python opens for the operator: ("Add", "add"), ("RealDiv", "truediv").
absl::StatusOr<Output> BinaryOp(const std::string& op, const std::string& name, const Operand& x, const Operand& y);
// The same for the operators below: records errors.
Output VariableOperator(const char* op, const char* name, const Operand& x, const Operand& y);

#define TFP_VARIABLE_OPERATOR(sign, op, name)                                                                    \
  inline Output operator sign(Output x, Output y) { return VariableOperator(op, name, x, y); }                   \
  inline Output operator sign(const Variable& x, const Variable& y) { return VariableOperator(op, name, x, y); } \
  inline Output operator sign(const Variable& x, Output y) { return VariableOperator(op, name, x, y); }          \
  inline Output operator sign(Output x, const Variable& y) { return VariableOperator(op, name, x, y); }          \
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>                                    \
  Output operator sign(const Variable& x, T y) {                                                                 \
    return VariableOperator(op, name, x, y);                                                                     \
  }                                                                                                              \
  template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>                                    \
  Output operator sign(T x, const Variable& y) {                                                                 \
    return VariableOperator(op, name, x, y);                                                                     \
  }
TFP_VARIABLE_OPERATOR(+, "Add", "add")
TFP_VARIABLE_OPERATOR(-, "Sub", "sub")
TFP_VARIABLE_OPERATOR(*, "Mul", "mul")
TFP_VARIABLE_OPERATOR(/, "RealDiv", "truediv")
#undef TFP_VARIABLE_OPERATOR

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_VARIABLE_H_
