// A run in parts: feeds come one call after the other, and each operation runs once, as soon as what it needs is there.
//
// Follows DirectSession::PRunSetup and PRun in core/common_runtime/direct_session.cc: what needs no feed runs at the
// setup (an error there is the next part's), a part gives what can be computed from the feeds so far, each feed and
// fetch is used once, and after the last of them the run is over. Values that later parts need are kept, not computed
// again.
//
// One part at a time: the caller guards the object. The session and its graph outlive it.
#ifndef TFPERSIST_REFERENCE_RUNTIME_PARTIAL_RUN_H_
#define TFPERSIST_REFERENCE_RUNTIME_PARTIAL_RUN_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/runtime/direct_session.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

class PartialRun {
 public:
  // INVALID_ARGUMENT for what can't be fed or fetched, or where nothing is asked for.
  static absl::StatusOr<std::unique_ptr<PartialRun>> Setup(DirectSession& session, absl::Span<const Output> feeds,
                                                           absl::Span<const Output> fetches,
                                                           absl::Span<Node* const> targets);

  // INVALID_ARGUMENT where a feed or a fetch is not one of the setup's or was used before, or where a fetch needs a
  // feed that has not come (the run goes on after these); UNIMPLEMENTED where a later part would need the variable that
  // an operation of an earlier part handed on. Any other error ends the run.
  absl::StatusOr<std::vector<Tensor>> Run(absl::Span<const DirectSession::Feed> feeds,
                                          absl::Span<const Output> fetches);

  // Every feed has come and every fetch was given, or a part failed.
  bool done() const;

 private:
  using Key = std::pair<const Node*, int>;
  static Key KeyOf(const Output& o) { return {o.node, o.index}; }

  PartialRun(DirectSession& session, absl::Span<const Output> feeds, absl::Span<const Output> fetches,
             absl::Span<Node* const> targets);
  void CollectNodes();
  bool IsFedPlaceholder(const Node* node) const;
  absl::flat_hash_set<const Node*> Waiting() const;
  absl::Status CheckFetch(const Output& fetch) const;
  absl::Status RunReady();

  DirectSession& session_;
  const std::vector<Output> feeds_, fetches_;
  const std::vector<Node*> targets_;
  std::vector<Node*> nodes_;                 // what the whole run needs, in the graph's order
  absl::flat_hash_set<Key> is_feed_;         // the setup's
  absl::flat_hash_map<Key, Tensor> values_;  // fed, or computed and needed later
  absl::flat_hash_set<Key> fetched_;         // handed out
  absl::flat_hash_set<const Node*> ran_;
  absl::Status failed_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_PARTIAL_RUN_H_
