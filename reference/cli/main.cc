#include <cstdio>
#include <string>

#include "reference/cli/command.h"

namespace tfpersist::cli {
namespace {

// An error is one line: the lines that TensorFlow's messages have are joined.
std::string OneLine(absl::string_view message) {
  std::string line;
  for (char c : message) {
    const bool space = c == '\n' || c == '\t' || c == '\r' || c == ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

int Main(int argc, char** argv) {
  CLI::App app("Looks into, freezes and runs TensorFlow 1.x models and checkpoints, without TensorFlow.", "tfpersist");
  app.set_version_flag("--version", "tfpersist " TFPERSIST_VERSION);
  app.require_subcommand(1);
  app.footer("'tfpersist COMMAND --help' shows a command's options and an example.");
  Action action;
  AddInspect(app, &action);
  AddCat(app, &action);
  AddFreeze(app, &action);
  AddRun(app, &action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status status = action();
  if (status.ok()) return 0;
  std::fflush(stdout);
  std::fprintf(stderr, "tfpersist: %s\n", OneLine(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace tfpersist::cli

int main(int argc, char** argv) { return tfpersist::cli::Main(argc, argv); }
