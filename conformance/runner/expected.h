// Lists of expected failures: one `id-or-glob # reason` a line; empty lines and lines that start with # are comments.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_EXPECTED_H_
#define TFPERSIST_CONFORMANCE_RUNNER_EXPECTED_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist::conform {

class ExpectedList {
 public:
  static constexpr int kMaxMatches = 20;  // cases that one glob may stand for
  // INVALID_ARGUMENT names the line without a reason or the entry given twice.
  static absl::StatusOr<ExpectedList> Parse(absl::string_view text);

  // The reason where the case is expected to fail, else null. Valid as long as the list.
  const std::string* Find(absl::string_view id) const;
  // What is wrong with the list against all ids of the suite: stale entries, globs of too many matches.
  std::vector<std::string> Problems(const std::vector<std::string>& ids) const;
  // The list's text with the failures of `ran` as `failed` says: entries of cases that no longer fail leave, new ones
  // come last. Comments, order and the reasons of what stays are kept. A glob stays while one of its matches fails or
  // didn't run.
  std::string Update(const std::vector<std::string>& ids, const std::set<std::string>& ran,
                     const std::set<std::string>& failed) const;

 private:
  struct Line {
    std::string text;
    std::string glob;  // empty: a comment
    std::string reason;
  };
  std::vector<Line> lines_;
};

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_EXPECTED_H_
