// Holds a testee against cases: starts it, sends, judges, restarts it after a crash and goes on.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_RUN_H_
#define TFPERSIST_CONFORMANCE_RUNNER_RUN_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "conformance/runner/case.h"
#include "conformance/runner/expected.h"
#include "conformance/runner/results.h"
#include "conformance/runner/scratch.h"

namespace tfpersist::conform {

struct RunOptions {
  std::string command;
  absl::Duration timeout = absl::Seconds(60);  // per answer, hello included
  int jobs = 1;                                // testee processes side by side
  const ExpectedList* expected = nullptr;
  // Called as each case ends, by one thread at a time; may be empty.
  std::function<void(const CaseResult&, int done, int total)> progress;
  // Asked once hello has been heard: which cases to run with this testee (empty: all).
  std::function<bool(const Case&, const Json& hello)> wanted;
};

// Why the testee must not be sent the case ("verb x", "feature y"), or empty.
std::string Unsupported(const Case& one, const Json& hello);

// What is wrong with an answer to hello, or empty.
std::string HelloProblem(const Json& hello);

// Runs the cases. UNAVAILABLE where the testee doesn't start or its hello is wrong; everything later is a case's
// outcome. The results point into `cases`.
absl::StatusOr<RunResults> Run(const std::vector<const Case*>& cases, const Scratch& scratch,
                               const RunOptions& options);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_RUN_H_
