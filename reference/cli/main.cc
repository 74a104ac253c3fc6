#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/cli/command.h"

namespace tfpersist::cli {
namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "Looks into, checks, renames, freezes and runs TensorFlow 1.x models and checkpoints, without TensorFlow.",
      "tfpersist");
  app.set_version_flag("--version", "tfpersist " TFPERSIST_VERSION);
  app.require_subcommand(1);
  app.footer("'tfpersist COMMAND --help' shows a command's options and an example.");
  Action action;
  AddInspect(app, &action);
  AddCat(app, &action);
  AddLatest(app, &action);
  AddVerify(app, &action);
  AddSalvage(app, &action);
  AddRename(app, &action);
  AddFreeze(app, &action);
  AddRun(app, &action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::StatusOr<int> result = action();
  std::fflush(stdout);
  if (result.ok()) return *result;
  const absl::Status& status = result.status();
  std::fprintf(stderr, "tfpersist: %s: %s\n", absl::StatusCodeToString(status.code()).c_str(),
               std::string(status.message()).c_str());
  if (const std::string hint = HintOf(status); !hint.empty()) std::fprintf(stderr, "  %s\n", hint.c_str());
  return 1;
}

}  // namespace
}  // namespace tfpersist::cli

int main(int argc, char** argv) { return tfpersist::cli::Main(argc, argv); }
