// The program's commands. Each returns its exit status (main.cc says which).
#ifndef TFPERSIST_CONFORMANCE_RUNNER_COMMANDS_H_
#define TFPERSIST_CONFORMANCE_RUNNER_COMMANDS_H_

#include <string>
#include <vector>

namespace tfpersist::conform {

inline constexpr int kExitOk = 0, kExitFailures = 1, kExitUsage = 2, kExitNoTestee = 3;

struct Options {
  std::string cases = "conformance/cases", golden = "golden/data";
  std::string schema = "conformance/schema/suite.json", oracle = "conformance/oracle";
  std::string testee, html, interop, fuzz, json, junit, expected, oracle_record, level = "all";
  std::vector<std::string> filters, bench;
  double timeout = 60;
  int jobs = 1;
  bool update_expected = false, keep_scratch = false;
};

int RunCommand(const Options& options);
int ListCommand(const Options& options);
int ShowCommand(const Options& options);
int ReportCommand(const Options& options);
int LintCommand(const Options& options);
int SmokeCommand(const Options& options);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_COMMANDS_H_
