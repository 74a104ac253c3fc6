#include "reference/runtime/partial_run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/tensor/types.h"

namespace tfpersist {
namespace {

// What names a variable or a resource and is made again in every part that needs it.
bool IsHandle(const Output& output) {
  return output.dtype() == DT_RESOURCE || (IsRefType(output.dtype()) && output.node->inputs().empty());
}

absl::Status MissingFeed(const Output& feed) {
  return absl::InvalidArgumentError(
      absl::StrCat("Fetch ", feed.name(), " can't be computed from the feeds that have been fed so far."));
}

}  // namespace

PartialRun::PartialRun(DirectSession& session, absl::Span<const Output> feeds, absl::Span<const Output> fetches,
                       absl::Span<Node* const> targets)
    : session_(session),
      feeds_(feeds.begin(), feeds.end()),
      fetches_(fetches.begin(), fetches.end()),
      targets_(targets.begin(), targets.end()) {
  for (const Output& feed : feeds_) is_feed_.insert(KeyOf(feed));
}

absl::StatusOr<std::unique_ptr<PartialRun>> PartialRun::Setup(DirectSession& session, absl::Span<const Output> feeds,
                                                              absl::Span<const Output> fetches,
                                                              absl::Span<Node* const> targets) {
  if (fetches.empty() && targets.empty()) {
    return absl::InvalidArgumentError("Must specify at least one target to fetch or execute.");
  }
  TFP_RETURN_IF_ERROR(session.CheckPartialRun(feeds, fetches, targets));
  std::unique_ptr<PartialRun> run(new PartialRun(session, feeds, fetches, targets));
  run->CollectNodes();
  run->failed_ = run->RunReady();
  return run;
}

void PartialRun::CollectNodes() {
  absl::flat_hash_set<Node*> seen;
  std::vector<Node*> open;
  const auto visit = [&](Node* node) {
    if (seen.insert(node).second) open.push_back(node);
  };
  for (const Output& fetch : fetches_) {
    if (!is_feed_.contains(KeyOf(fetch))) visit(fetch.node);
  }
  for (Node* target : targets_) visit(target);
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const Output& input : node->inputs()) {
      if (!is_feed_.contains(KeyOf(input))) visit(input.node);
    }
    for (Node* control : node->control_inputs()) {
      if (!IsFedPlaceholder(control)) visit(control);
    }
  }
  nodes_.assign(seen.begin(), seen.end());
  std::sort(nodes_.begin(), nodes_.end(), [](const Node* a, const Node* b) { return a->id() < b->id(); });
}

// The nodes downstream of a feed that has not come.
absl::flat_hash_set<const Node*> PartialRun::Waiting() const {
  absl::flat_hash_map<const Node*, std::vector<const Node*>> consumers;
  absl::flat_hash_set<const Node*> waiting;
  std::vector<const Node*> open;
  for (const Node* node : nodes_) {
    bool waits = false;
    for (const Output& input : node->inputs()) {
      if (!is_feed_.contains(KeyOf(input))) {
        consumers[input.node].push_back(node);
      } else if (!values_.contains(KeyOf(input))) {
        waits = true;
      }
    }
    for (const Node* control : node->control_inputs()) {
      if (!IsFedPlaceholder(control)) {
        consumers[control].push_back(node);
      } else if (!values_.contains({control, 0})) {
        waits = true;
      }
    }
    if (waits && waiting.insert(node).second) open.push_back(node);
  }
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const Node* consumer : consumers[node]) {
      if (waiting.insert(consumer).second) open.push_back(consumer);
    }
  }
  return waiting;
}

// A feed of a placeholder stands for the placeholder where something waits for it, too.
bool PartialRun::IsFedPlaceholder(const Node* node) const {
  return (node->op() == "Placeholder" || node->op() == "PlaceholderV2") && is_feed_.contains(Key(node, 0));
}

// Names the feed that is missing, as TensorFlow does.
absl::Status PartialRun::CheckFetch(const Output& fetch) const {
  absl::flat_hash_set<const Node*> seen;
  std::vector<const Node*> open = {fetch.node};
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    for (const Output& input : node->inputs()) {
      if (!is_feed_.contains(KeyOf(input))) {
        open.push_back(input.node);
      } else if (!values_.contains(KeyOf(input))) {
        return MissingFeed(input);
      }
    }
    for (Node* control : node->control_inputs()) {
      if (!IsFedPlaceholder(control)) {
        open.push_back(control);
      } else if (!values_.contains({control, 0})) {
        return MissingFeed({control, 0});
      }
    }
  }
  return absl::OkStatus();
}

absl::Status PartialRun::RunReady() {
  const absl::flat_hash_set<const Node*> waiting = Waiting();
  std::vector<Node*> ready;
  for (Node* node : nodes_) {
    if (!waiting.contains(node) && !ran_.contains(node)) ready.push_back(node);
  }
  if (ready.empty()) return absl::OkStatus();
  const absl::flat_hash_set<const Node*> now(ready.begin(), ready.end());

  // What this part reads of earlier ones and of the feeds; what it leaves to later ones.
  std::vector<DirectSession::Feed> given;
  absl::flat_hash_set<Key> taken, kept;
  std::vector<Output> fetches;
  std::vector<Node*> targets;
  for (Node* node : nodes_) {
    for (int i = 0; i < static_cast<int>(node->inputs().size()); ++i) {
      const Output& input = node->inputs()[i];
      const Key key = KeyOf(input);
      if (now.contains(node)) {
        const auto value = values_.find(key);
        if (value != values_.end() && taken.insert(key).second) given.emplace_back(input, value->second);
      } else if (waiting.contains(node) && now.contains(input.node) && !is_feed_.contains(key) && !IsHandle(input)) {
        if (IsRefType(node->input_types()[i])) {
          return absl::UnimplementedError(absl::StrCat(
              "Operation ", node->name(), " changes the variable that ", input.op_name(),
              " hands on, and a feed comes between them; tfpersist's partial runs can't keep a variable over that."));
        }
        if (kept.insert(key).second) fetches.push_back(input);
      }
    }
    if (waiting.contains(node)) {
      for (Node* control : node->control_inputs()) {
        if (now.contains(control)) targets.push_back(control);
      }
    }
  }
  for (const Output& fetch : fetches_) {
    if (now.contains(fetch.node) && !is_feed_.contains(KeyOf(fetch)) && kept.insert(KeyOf(fetch)).second) {
      fetches.push_back(fetch);
    }
  }
  for (Node* target : targets_) {
    if (now.contains(target)) targets.push_back(target);
  }
  if (!fetches.empty() || !targets.empty()) {
    absl::flat_hash_set<const Node*> cut = ran_;
    for (const auto& [output, value] : given) cut.insert(output.node);
    for (const Output& feed : feeds_) {
      if (IsFedPlaceholder(feed.node)) cut.insert(feed.node);
    }
    TFP_ASSIGN_OR_RETURN(std::vector<Tensor> results, session_.RunPart(given, fetches, targets, cut));
    for (size_t i = 0; i < fetches.size(); ++i) values_[KeyOf(fetches[i])] = std::move(results[i]);
  }
  ran_.insert(ready.begin(), ready.end());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Tensor>> PartialRun::Run(absl::Span<const DirectSession::Feed> feeds,
                                                    absl::Span<const Output> fetches) {
  TFP_RETURN_IF_ERROR(failed_);
  absl::flat_hash_set<Key> coming;
  for (const auto& [output, value] : feeds) {
    const Key key = KeyOf(output);
    if (!output || !is_feed_.contains(key)) {
      return absl::InvalidArgumentError(absl::StrCat("The feed ", output ? output.name() : "of no tensor",
                                                     " was not specified in partial_run_setup."));
    }
    if (values_.contains(key) || !coming.insert(key).second) {
      return absl::InvalidArgumentError(absl::StrCat("The feed ", output.name(), " has already been fed."));
    }
    if (value.dtype() != BaseType(output.dtype()) || !output.shape().IsCompatibleWith(value.shape())) {
      return absl::InvalidArgumentError(absl::StrCat("The feed ", output.name(), " is ", DataTypeString(value.dtype()),
                                                     " of shape ", value.shape().DebugString(),
                                                     ", which it can't be."));
    }
  }
  for (const Output& fetch : fetches) {
    if (!fetch || std::find(fetches_.begin(), fetches_.end(), fetch) == fetches_.end()) {
      return absl::InvalidArgumentError(absl::StrCat("The fetch ", fetch ? fetch.name() : "of no tensor",
                                                     " was not specified in partial_run_setup."));
    }
    if (fetched_.contains(KeyOf(fetch))) {
      return absl::InvalidArgumentError(absl::StrCat("The fetch ", fetch.name(), " has already been fetched."));
    }
  }
  for (const auto& [output, value] : feeds) values_[KeyOf(output)] = value;
  for (const Output& fetch : fetches) {
    if (absl::Status s = is_feed_.contains(KeyOf(fetch)) ? absl::OkStatus() : CheckFetch(fetch); !s.ok()) {
      for (const Key& key : coming) values_.erase(key);
      return s;
    }
  }
  failed_ = RunReady();
  TFP_RETURN_IF_ERROR(failed_);
  std::vector<Tensor> results;
  for (const Output& fetch : fetches) {
    results.push_back(values_.at(KeyOf(fetch)));
    fetched_.insert(KeyOf(fetch));
  }
  return results;
}

bool PartialRun::done() const {
  if (!failed_.ok()) return true;
  return std::all_of(feeds_.begin(), feeds_.end(), [&](const Output& o) { return values_.contains(KeyOf(o)); }) &&
         std::all_of(fetches_.begin(), fetches_.end(), [&](const Output& o) { return fetched_.contains(KeyOf(o)); });
}

}  // namespace tfpersist
