// Who waits for whom, for putting nodes in order.
#ifndef TFPERSIST_REFERENCE_GRAPH_CONSUMERS_H_
#define TFPERSIST_REFERENCE_GRAPH_CONSUMERS_H_

#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace tfpersist {

// For each of the nodes 0 to n - 1, those that an edge leads to; one to which several lead stands several times.
class Consumers {
 public:
  // edges: (from, to). REQUIRES: all in [0, n).
  Consumers(int n, absl::Span<const std::pair<int, int>> edges) : first_(n + 2, 0), consumers_(edges.size()) {
    // Counts, shifted by two, become where each node's consumers begin; what fills them moves that by one more.
    for (const auto& [from, to] : edges) ++first_[from + 2];
    for (int i = 0; i < n; ++i) first_[i + 2] += first_[i + 1];
    for (const auto& [from, to] : edges) consumers_[first_[from + 1]++] = to;
  }

  absl::Span<const int> Of(int i) const {
    return absl::MakeConstSpan(consumers_).subspan(first_[i], first_[i + 1] - first_[i]);
  }

 private:
  std::vector<int> first_, consumers_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_CONSUMERS_H_
