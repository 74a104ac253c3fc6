// Static HTML pages from one or several results (results.h's JSON) and the cases. Templates: reports/templates.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_
#define TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

// Pages beside those of the cases; null or empty: no such page.
struct ReportExtras {
  Json interop;             // of conformance/interop.py --json
  std::vector<Json> bench;  // of bench/run --json and bench/run_all, one per machine
  Json fuzz;                // of fuzz/campaign
};

// Writes the pages into `dir`, which is made. `results` are in the order of the columns. A result that lacks cases
// makes every page say INCOMPLETE. `more` holds what other tools found. Without results, benchmarks alone make a page.
absl::Status WriteReport(const std::vector<Json>& results, const ReportExtras& more,
                         const std::vector<SuiteFile>& suites, const std::filesystem::path& golden,
                         const std::filesystem::path& dir);

// A case's steps as the `show` command prints them.
std::string ProgramOf(const Json& steps, const std::string& indent = "");

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_REPORT_H_
