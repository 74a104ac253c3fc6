#include "reference/train/restore_plan.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

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

// What assigning a tensor asks of it, as far as that can be said ahead of time.
struct Assignment {
  enum class Asks { kElements, kShapeOfRef, kShapeOfResource };
  Node* node;
  size_t read;  // which of the tensors that are read
  Asks asks;
  Output variable;           // kShapeOfRef
  int64_t elements = 0;      // kElements: of the reshape before it
  PartialTensorShape shape;  // kShapeOfResource
};

// Nothing for an assignment that takes any tensor.
std::optional<Assignment> AssignmentOf(Node* node, const std::function<std::optional<size_t>(Output)>& find) {
  using Asks = Assignment::Asks;
  Assignment a{node, 0, Asks::kShapeOfRef, node->inputs()[0]};
  Output source = node->inputs()[1];
  while (source.node->op() == "Identity") source = source.node->inputs()[0];
  if (source.node->op() == "Reshape") {
    const bool is_static = source.node->inputs()[1].node->op() == "Const" && source.shape().IsFullyDefined();
    absl::StatusOr<TensorShape> target = source.shape().AsTensorShape();
    if (!is_static || !target.ok()) return std::nullopt;
    a.asks = Asks::kElements;
    a.elements = target->num_elements();
    source = source.node->inputs()[0];
  } else if (node->op() == "Assign") {
    const tensorflow::AttrValue* validate = node->attr("validate_shape");
    if (validate != nullptr && !validate->b()) return std::nullopt;
  } else {
    const tensorflow::AttrValue* shape = a.variable.node->attr("shape");
    if (shape == nullptr) return std::nullopt;
    absl::StatusOr<PartialTensorShape> partial = PartialTensorShape::FromProto(shape->shape());
    if (!partial.ok()) return std::nullopt;
    a.asks = Asks::kShapeOfResource;
    a.shape = *std::move(partial);
  }
  const std::optional<size_t> read = find(source);
  if (!read.has_value()) return std::nullopt;
  a.read = *read;
  return a;
}

absl::Status Check(DirectSession& session, absl::Span<const DirectSession::Feed> feeds, absl::Span<const Tensor> values,
                   absl::Span<const Assignment> assignments) {
  for (const Assignment& a : assignments) {
    const Tensor& value = values[a.read];
    switch (a.asks) {
      case Assignment::Asks::kElements:
        if (a.elements == value.num_elements()) continue;
        break;
      case Assignment::Asks::kShapeOfRef:
        if (a.variable.shape().IsCompatibleWith(value.shape())) continue;
        break;
      case Assignment::Asks::kShapeOfResource:
        if (a.shape.IsCompatibleWith(value.shape())) continue;
        return WithNode(absl::InvalidArgumentError(absl::StrCat(
                            "Assign requires shapes of both tensors to match. lhs shape= ", a.shape.DebugString(),
                            " rhs shape= ", value.shape().DebugString(), "\n\t [[{{node ", a.node->name(), "}}]]")),
                        a.node->name());
    }
    // Run by itself it fails with its own message, and touches nothing else.
    Node* const node = a.node;
    TFP_RETURN_IF_ERROR(session.Run(feeds, {}, {&node, 1}).status());
  }
  return absl::OkStatus();
}

}  // namespace

struct RestorePlan::Found {
  uint64_t version;  // of the graph
  Output filename;
  Node* restore;
  std::vector<Output> read;             // outputs of the restore ops
  std::vector<Assignment> assignments;  // in the order of the graph
};

RestorePlan::RestorePlan(const Graph& graph, std::string filename_tensor, std::string restore_op)
    : graph_(graph), filename_tensor_(std::move(filename_tensor)), restore_op_(std::move(restore_op)) {}
RestorePlan::~RestorePlan() = default;

absl::StatusOr<std::shared_ptr<const RestorePlan::Found>> RestorePlan::FindIn(Graph& graph) {
  MutexLock lock(&mu_);
  if (&graph == &graph_ && found_ != nullptr && found_->version == graph.version()) return found_;
  auto found = std::make_shared<Found>();
  found->version = graph.version();
  TFP_ASSIGN_OR_RETURN(found->filename, graph.FindTensor(filename_tensor_));
  TFP_ASSIGN_OR_RETURN(found->restore, graph.FindOperation(restore_op_));
  absl::flat_hash_map<std::pair<const Node*, int>, size_t> position;
  std::vector<Node*> assigns;
  for (Node* node : NodesBehind(found->restore, IsRestore)) {
    if (IsRestore(*node)) {
      for (int i = 0; i < node->num_outputs(); ++i) {
        position[{node, i}] = found->read.size();
        found->read.push_back(node->output(i));
      }
    } else if ((node->op() == "Assign" || node->op() == "AssignVariableOp") && node->inputs().size() == 2) {
      assigns.push_back(node);
    }
  }
  auto find = [&](Output o) {
    auto it = position.find({o.node, o.index});
    return it == position.end() ? std::nullopt : std::optional<size_t>(it->second);
  };
  for (Node* node : assigns) {
    std::optional<Assignment> assignment = AssignmentOf(node, find);
    if (assignment.has_value()) found->assignments.push_back(*std::move(assignment));
  }
  if (&graph == &graph_) found_ = found;
  return std::shared_ptr<const Found>(std::move(found));
}

absl::Status RestorePlan::Run(DirectSession& session, const std::string& prefix) {
  const Tensor name = Tensor::Scalar(prefix);
  absl::StatusOr<std::shared_ptr<const Found>> found = FindIn(session.graph());
  if (!found.ok()) {
    // A session of another graph: it says so itself (C23).
    return session.Run({{filename_tensor_, name}}, {}, {restore_op_}).status();
  }
  const Found& plan = **found;
  Node* const restore = plan.restore;
  std::vector<DirectSession::Feed> feeds = {{plan.filename, name}};
  if (plan.read.empty()) return session.Run(feeds, {}, {&restore, 1}).status();

  TFP_ASSIGN_OR_RETURN(std::vector<Tensor> values, session.RunKeepingOnDevice(feeds, plan.read));
  TFP_RETURN_IF_ERROR(Check(session, feeds, values, plan.assignments));
  feeds.reserve(values.size() + 1);
  for (size_t i = 0; i < values.size(); ++i) feeds.emplace_back(plan.read[i], std::move(values[i]));
  return session.RunTakingFeeds(std::move(feeds), {&restore, 1});
}

}  // namespace tfpersist
