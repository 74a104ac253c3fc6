// What a run found, and its outputs: JSON, JUnit XML, the summary.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_RESULTS_H_
#define TFPERSIST_CONFORMANCE_RUNNER_RESULTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

enum class Outcome { kPassed, kFailed, kCrash, kTimeout, kGarbage, kUnsupported, kNotRun };
absl::string_view OutcomeName(Outcome outcome);
// Whether it is one of the outcomes that an expected list may excuse.
bool IsFailure(Outcome outcome);

struct CaseResult {
  const Case* one = nullptr;
  Outcome outcome = Outcome::kNotRun;
  std::string detail;  // what differs, or why it didn't run; empty when passed
  std::string stderr_tail;
  double seconds = 0;
  double largest_ulp = 0;       // of the values that need not be the same bits
  std::string expected_reason;  // not empty: the case is listed as an expected failure
  bool unexpected_pass() const { return outcome == Outcome::kPassed && !expected_reason.empty(); }
  bool excused() const { return IsFailure(outcome) && !expected_reason.empty(); }
};

struct RunResults {
  Json testee;  // its hello
  std::string command;
  std::vector<CaseResult> cases;
  std::vector<std::string> problems;  // beyond cases: stale entries and such
  double seconds = 0;
};

struct Counts {
  int passed = 0, failed = 0, skipped = 0;  // unexpected passes are failed; unsupported and excused ones are skipped
  int unsupported = 0, excused = 0, unexpected_passes = 0;
};
Counts CountsOf(const RunResults& results);

Json ResultsJson(const RunResults& results);
std::string JUnitXml(const RunResults& results);
// One case's failure as text for people: what differs, the end of standard error, the command that repeats it.
std::string Describe(const CaseResult& result, const std::string& command);
// The summary; its last line is "N passed, N failed, N skipped".
std::string Summary(const RunResults& results);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_RESULTS_H_
