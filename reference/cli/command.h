// The tfpersist command: one file per subcommand, each with a function that adds it to the parser.
//
// A subcommand's callback leaves what it wants run in *action; main() runs it, prints an error with its hint on
// standard error and exits 1 (2 for a bad command line). Results go to standard output, progress to standard error if
// that is a terminal.
#ifndef TFPERSIST_REFERENCE_CLI_COMMAND_H_
#define TFPERSIST_REFERENCE_CLI_COMMAND_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "reference/checkpoint/checkpoint_reader.h"

namespace tfpersist::cli {

// Exit code 0 or 1; an error is 1 too.
using Action = std::function<absl::StatusOr<int>()>;

void AddInspect(CLI::App& app, Action* action);
void AddCat(CLI::App& app, Action* action);
void AddLatest(CLI::App& app, Action* action);
void AddVerify(CLI::App& app, Action* action);
void AddSalvage(CLI::App& app, Action* action);
void AddRename(CLI::App& app, Action* action);
void AddFreeze(CLI::App& app, Action* action);
void AddRun(CLI::App& app, Action* action);

// ---- what they share ----

// A checkpoint's prefix, or a folder, which stands for its latest checkpoint.
absl::StatusOr<std::string> PrefixOf(const std::string& argument);
// "1.5 MiB".
std::string HumanBytes(int64_t bytes);
// "OLD=NEW" into its halves. INVALID_ARGUMENT without a '='; `option` names it.
absl::StatusOr<std::pair<std::string, std::string>> SplitPair(const std::string& text, absl::string_view option);

// A bar on a terminal, nothing anywhere else.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  void Show(int64_t done, int64_t total);

 private:
  const std::string what_;
  const bool on_terminal_;
  int shown_percent_ = -1;
};

}  // namespace tfpersist::cli

#endif  // TFPERSIST_REFERENCE_CLI_COMMAND_H_
