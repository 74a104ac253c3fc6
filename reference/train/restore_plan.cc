#include "reference/train/restore_plan.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/train/nodes.h"

namespace tfpersist {
namespace {

bool IsRestore(const Node& node) {
  return node.op() == "RestoreV2" || node.op() == "Restore" || node.op() == "RestoreSlice";
}

struct Plan {
  std::vector<Output> read;    // outputs of the restore ops
  std::vector<Node*> assigns;  // in the order of the graph
};

Plan PlanOf(Node* restore_op) {
  Plan plan;
  for (Node* node : NodesBehind(restore_op, IsRestore)) {
    if (IsRestore(*node)) {
      for (int i = 0; i < node->num_outputs(); ++i) plan.read.push_back(node->output(i));
    } else if (node->op() == "Assign" || node->op() == "AssignVariableOp") {
      plan.assigns.push_back(node);
    }
  }
  return plan;
}

// A fault of assigning `value` found ahead of time: the variable's shape, or the element count of a reshape.
enum class Fault { kNone, kKernelWillTell, kResourceShape };

using Values = absl::flat_hash_map<std::pair<const Node*, int>, const Tensor*>;

Fault Check(const Node& assign, const Values& values, PartialTensorShape* expected, TensorShape* actual) {
  if (assign.inputs().size() != 2) return Fault::kNone;
  Output source = assign.inputs()[1];
  while (source.node->op() == "Identity") source = source.node->inputs()[0];
  if (source.node->op() == "Reshape") {
    const Output from = source.node->inputs()[0], shape = source.node->inputs()[1];
    auto value = values.find({from.node, from.index});
    const tensorflow::AttrValue* dims = shape.node->op() == "Const" ? shape.node->attr("value") : nullptr;
    if (value == values.end() || dims == nullptr || !source.shape().IsFullyDefined()) return Fault::kNone;
    absl::StatusOr<TensorShape> target = source.shape().AsTensorShape();
    return target.ok() && target->num_elements() != value->second->num_elements() ? Fault::kKernelWillTell
                                                                                  : Fault::kNone;
  }
  auto value = values.find({source.node, source.index});
  if (value == values.end()) return Fault::kNone;
  *actual = value->second->shape();
  if (assign.op() == "Assign") {
    const tensorflow::AttrValue* validate = assign.attr("validate_shape");
    if (validate != nullptr && !validate->b()) return Fault::kNone;
    return assign.inputs()[0].shape().IsCompatibleWith(*actual) ? Fault::kNone : Fault::kKernelWillTell;
  }
  const tensorflow::AttrValue* shape = assign.inputs()[0].node->attr("shape");
  if (shape == nullptr) return Fault::kNone;
  absl::StatusOr<PartialTensorShape> partial = PartialTensorShape::FromProto(shape->shape());
  if (!partial.ok() || partial->IsCompatibleWith(*actual)) return Fault::kNone;
  *expected = *partial;
  return Fault::kResourceShape;
}

}  // namespace

absl::Status RunRestore(DirectSession& session, const std::string& filename_tensor, const std::string& restore_op,
                        const std::string& prefix) {
  Graph& graph = session.graph();
  const Tensor name = Tensor::Scalar(prefix);
  absl::StatusOr<Output> filename = graph.FindTensor(filename_tensor);
  absl::StatusOr<Node*> restore = graph.FindOperation(restore_op);
  if (!filename.ok() || !restore.ok()) {
    // A session of another graph: it says so itself (C23).
    return session.Run({{filename_tensor, name}}, {}, {restore_op}).status();
  }
  const Plan plan = PlanOf(*restore);
  std::vector<DirectSession::Feed> feeds = {{*filename, name}};
  if (plan.read.empty()) return session.Run(feeds, {}, {&*restore, 1}).status();

  TFP_ASSIGN_OR_RETURN(std::vector<Tensor> read, session.RunKeepingOnDevice(feeds, plan.read));
  Values values;
  for (size_t i = 0; i < read.size(); ++i) values[{plan.read[i].node, plan.read[i].index}] = &read[i];
  for (Node* assign : plan.assigns) {
    PartialTensorShape expected;
    TensorShape actual;
    switch (Check(*assign, values, &expected, &actual)) {
      case Fault::kNone:
        break;
      case Fault::kKernelWillTell:
        // Run by itself it fails with its own message, and touches nothing else.
        TFP_RETURN_IF_ERROR(session.Run(feeds, {}, {&assign, 1}).status());
        break;
      case Fault::kResourceShape:
        return WithNode(absl::InvalidArgumentError(absl::StrCat(
                            "Assign requires shapes of both tensors to match. lhs shape= ", expected.DebugString(),
                            " rhs shape= ", actual.DebugString(), "\n\t [[{{node ", assign->name(), "}}]]")),
                        assign->name());
    }
  }
  for (size_t i = 0; i < read.size(); ++i) feeds.emplace_back(plan.read[i], std::move(read[i]));
  return session.RunTakingFeeds(std::move(feeds), {&*restore, 1});
}

}  // namespace tfpersist
