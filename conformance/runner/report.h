// Static HTML pages from one or several results (results.h's JSON) and the cases. Templates: reports/templates.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_
#define TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

// Writes the pages into `dir`, which is made. `results` are in the order of the columns. A result that lacks cases
// makes every page say INCOMPLETE. `interop` is what conformance/interop.py wrote, or null.
absl::Status WriteReport(const std::vector<Json>& results, const Json& interop, const std::vector<SuiteFile>& suites,
                         const std::filesystem::path& golden, const std::filesystem::path& dir);

// A case's steps as the `show` command prints them.
std::string ProgramOf(const Json& steps, const std::string& indent = "");

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_
