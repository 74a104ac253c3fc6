// The tfpersist command: one file per subcommand, each with a function that adds it to the parser.
//
// A subcommand's callback leaves what it wants run in *action; main() runs it, prints an error as one line on standard
// error and exits 1 (2 for a bad command line). Results go to standard output.
#ifndef TFPERSIST_REFERENCE_CLI_COMMAND_H_
#define TFPERSIST_REFERENCE_CLI_COMMAND_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace tfpersist::cli {

using Action = std::function<absl::Status()>;

void AddInspect(CLI::App& app, Action* action);
void AddCat(CLI::App& app, Action* action);
void AddFreeze(CLI::App& app, Action* action);
void AddRun(CLI::App& app, Action* action);

}  // namespace tfpersist::cli

#endif  // TFPERSIST_REFERENCE_CLI_COMMAND_H_
