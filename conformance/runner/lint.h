// Holds the cases to their schema and to each other: what a change to a case must keep true.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_LINT_H_
#define TFPERSIST_CONFORMANCE_RUNNER_LINT_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

struct LintOptions {
  std::filesystem::path cases, golden, schema, oracle;
};

// One line a fault, with file and case. Schema (schema/suite.json); ids against the file's path; wording of `about`;
// golden files that are missing or not in the manifest; and the oracle's records: every version that a case holds on
// has one of this very case that passed, and no record is of a case that is gone.
absl::StatusOr<std::vector<std::string>> Lint(const LintOptions& options);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_LINT_H_
