// What a Saver saves: variables, parts of variables, and objects of the caller's, each with its keys in the checkpoint.
// Follows training/saver.py of 1.11.0 (SaveableObject, op_list_to_dict, _ValidateAndSliceInputs).
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVEABLE_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVEABLE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"
#include "reference/train/variable.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {

// One tensor of a checkpoint: its key, which slice of it ("" for all), and where the value to save comes from.
struct SaveSpec {
  std::function<absl::StatusOr<Output>()> tensor;  // may add nodes, each time it is called
  std::string slice_spec;
  std::string name;
  DataType dtype = DT_INVALID;
};

// The shape that a restored tensor is reshaped to: known, or computed by the graph.
using RestoreShape = std::variant<TensorShape, Output>;

class SaveableObject {
 public:
  SaveableObject(Output op, std::vector<SaveSpec> specs, std::string name)
      : op_(op), specs_(std::move(specs)), name_(std::move(name)) {}
  virtual ~SaveableObject() = default;

  Output op() const { return op_; }  // what makes two saveables the same
  const std::vector<SaveSpec>& specs() const { return specs_; }
  const std::string& name() const { return name_; }
  const std::string& device() const { return op_.node->device(); }

  // Adds the nodes that put the restored tensors, one per spec, in their place. `shapes` is empty unless the saver
  // reshapes.
  virtual absl::StatusOr<Node*> Restore(absl::Span<const Output> restored,
                                        absl::Span<const RestoreShape> shapes) const = 0;

 private:
  Output op_;
  std::vector<SaveSpec> specs_;
  std::string name_;
};

// What to save, and under which keys: every saveable object of the graph (default), a list, or a map from key to
// object.
//   tf::VarList{v1, v2}                     keys are the variables' names
//   tf::VarList{{"a", v1}, {"b", v2}}       keys are given
class VarList {
 public:
  using Slices = std::vector<std::variant<Variable, Output>>;  // parts of one tensor under one key
  using Item = std::variant<Variable, Output, PartitionedVariable, Slices, std::shared_ptr<const SaveableObject>>;

  VarList() = default;
  VarList(std::initializer_list<Variable> list) : VarList(std::vector<Variable>(list)) {}
  VarList(const std::vector<Variable>& list);           // NOLINT: a list is a VarList
  VarList(const std::map<std::string, Variable>& map);  // NOLINT
  VarList(std::initializer_list<std::pair<const std::string, Variable>> map)
      : VarList(std::map<std::string, Variable>(map)) {}
  static VarList List(std::vector<Item> items);
  static VarList Map(std::vector<std::pair<std::string, Item>> items);

  bool given() const { return given_; }
  bool empty() const { return items_.empty(); }
  bool is_map() const { return is_map_; }
  const std::vector<std::pair<std::string, Item>>& items() const { return items_; }

 private:
  bool given_ = false, is_map_ = false;
  std::vector<std::pair<std::string, Item>> items_;
};

// The saveables of a list, ordered by key. INVALID_ARGUMENT with TensorFlow's texts (A06-A14).
absl::StatusOr<std::vector<std::shared_ptr<const SaveableObject>>> SaveablesOf(const VarList& list);

// Every saveable object of a graph: the global variables, and the variables among its SAVEABLE_OBJECTS.
std::vector<Variable> AllSaveableVariables(const Graph& graph);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVEABLE_H_
