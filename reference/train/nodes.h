// Making nodes, for this folder alone: TensorFlow's Python ops as far as variables, savers and averages use them, each
// with the names and attrs that the Python function gives. Everything returns errors; nothing is recorded in the graph.
#ifndef TFPERSIST_REFERENCE_TRAIN_NODES_H_
#define TFPERSIST_REFERENCE_TRAIN_NODES_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/graph/ops.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// One attr: a name and its value in the one form that is set.
struct Attr {
  enum Kind { kType, kBool, kInt, kString, kShape, kTypes };
  static Attr Type(std::string name, DataType t);
  static Attr Bool(std::string name, bool b);
  static Attr Int(std::string name, int64_t i);
  static Attr String(std::string name, std::string s);
  static Attr Shape(std::string name, PartialTensorShape shape);
  static Attr Types(std::string name, std::vector<DataType> types);

  std::string name;
  Kind kind = kBool;
  int64_t i = 0;  // also types and booleans
  std::string s;
  PartialTensorShape shape;
  std::vector<DataType> types;
};

// A node. If an input that the op wants as a reference is given, the node is colocated with it, as Python does.
absl::StatusOr<Node*> AddOp(Graph& graph, std::string op, std::string name, std::vector<Output> inputs,
                            std::vector<Attr> attrs = {});
// The same; its first output.
absl::StatusOr<Output> AddOpOutput(Graph& graph, std::string op, std::string name, std::vector<Output> inputs,
                                   std::vector<Attr> attrs = {});

// tf.constant of a list of strings.
absl::StatusOr<Output> ConstStrings(Graph& graph, const std::vector<std::string>& values, const std::string& name);

// A scalar of `dtype` with the value of `x`. INVALID_ARGUMENT for a dtype that has no numbers.
absl::StatusOr<Tensor> ScalarOf(DataType dtype, double x);
// Every element converted, as numpy's astype; the same tensor if nothing is to do.
absl::StatusOr<Tensor> CastTensor(const Tensor& value, DataType dtype);

// tf.group: one NoOp, or one per device below it.
absl::StatusOr<Node*> Group(Graph& graph, absl::Span<Node* const> nodes, const std::string& name);

// tf.cond's frame: Switch, switch_t, switch_f, pred_id. Branches add nodes with Enter(); Merge() ends it and adds the
// two control flow contexts to the collection "cond_context".
class CondBuilder {
 public:
  static absl::StatusOr<CondBuilder> Open(Graph& graph, Output pred);  // in the open name scope "…/cond/"
  // An outer tensor as seen inside a branch: its Switch output, named after the full name of `consumer`
  // ("cond/read/Switch") or, for the branch's result, "Switch".
  absl::StatusOr<Output> Enter(bool branch, Output outer, const std::string& consumer);
  void Add(bool branch, Output made) { values_[branch].push_back(made.name()); }
  absl::StatusOr<Output> Merge(Output if_false, Output if_true);

 private:
  explicit CondBuilder(Graph& graph) : graph_(&graph) {}
  Graph* graph_;
  std::string context_[2];
  Output pivot_[2], pred_id_;
  std::vector<std::string> values_[2];
  std::map<std::string, std::string> external_[2];
};

// `node` and what it depends on, in the order of the graph; not what is behind a node for which `ends` holds.
std::vector<Node*> NodesBehind(Node* node, const std::function<bool(const Node&)>& ends);

// "a/b/" -> "a/b": the name that an op gets which re-enters its scope.
std::string WithoutSlash(std::string scope);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_NODES_H_
