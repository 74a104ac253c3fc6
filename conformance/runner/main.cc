// tfpersist-conform: holds any implementation of TensorFlow 1.x model persistence against the cases.
// Exit status: 0 everything is as expected, 1 failures (or unexpected passes, stale entries), 2 wrong usage or
// unreadable input, 3 the testee doesn't start or its hello is wrong.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "conformance/runner/commands.h"

int main(int argc, char** argv) {
  using namespace tfpersist::conform;
  signal(SIGPIPE, SIG_IGN);  // a testee that is gone is an outcome, not the runner's end
  CLI::App app(
      "Holds an implementation of TensorFlow 1.x model persistence against the conformance cases.\n"
      "Exit status: 0 as expected, 1 failures, 2 wrong usage, 3 the testee doesn't start.");
  app.require_subcommand(1);
  Options options;
  const auto common = [&options](CLI::App* command) {
    command->add_option("--cases", options.cases, "folder of the cases")->capture_default_str();
    command->add_option("--golden", options.golden, "folder of the golden files")->capture_default_str();
  };
  const auto testee = [&options](CLI::App* command) {
    command->add_option("--testee", options.testee, "shell command that starts the testee")->required();
    command->add_option("--timeout", options.timeout, "seconds that one answer may take")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command->add_flag("--keep-scratch", options.keep_scratch,
                      "leave the cases' folders in place and say where they are");
  };
  CLI::App* run = app.add_subcommand("run", "run cases and judge them");
  common(run);
  testee(run);
  run->add_option("filter", options.filters, "ids, globs or id prefixes (saver, 'save/*/latest*'); none: every case");
  run->add_option("--json", options.json, "write the results as JSON");
  run->add_option("--html", options.html, "write the results as pages into this folder");
  run->add_option("--junit", options.junit, "write the results as JUnit XML");
  run->add_option("--expected", options.expected, "list of expected failures, one `id-or-glob # reason` a line");
  run->add_flag("--update-expected", options.update_expected,
                "rewrite that list to today's failures, comments and order kept");
  run->add_option("--level", options.level, "which cases: required, or all")
      ->capture_default_str()
      ->check(CLI::IsMember({"required", "all"}));
  run->add_option("--jobs,-j", options.jobs, "testee processes side by side")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  run->add_option("--oracle-record", options.oracle_record,
                  "the testee is real TensorFlow: run what claims to hold on its version, write the record");
  CLI::App* list = app.add_subcommand("list", "list the cases");
  common(list);
  list->add_option("filter", options.filters, "ids, globs or id prefixes");
  CLI::App* show = app.add_subcommand("show", "print a case as a program");
  common(show);
  show->add_option("id", options.filters, "the case's id (or a glob)")->required();
  CLI::App* report = app.add_subcommand("report", "write pages from the results of several implementations");
  common(report);
  report->add_option("results", options.filters, "files that `run --json` wrote; may be none where --bench is given");
  report->add_option("--interop", options.interop, "what conformance/interop.py --json wrote");
  report->add_option("--bench", options.bench, "what bench/run --json or bench/run_all wrote; once per machine");
  report->add_option("--fuzz", options.fuzz, "what fuzz/campaign wrote");
  report->add_option("--html", options.html, "folder of the pages")->required();
  CLI::App* lint = app.add_subcommand("lint", "hold the cases to their schema, their goldens and the oracle's records");
  common(lint);
  lint->add_option("--schema", options.schema, "the suites' JSON schema")->capture_default_str();
  lint->add_option("--oracle", options.oracle, "folder of the records")->capture_default_str();
  CLI::App* smoke = app.add_subcommand("smoke", "ten seconds with a new testee: hello and one small case, with hints");
  testee(smoke);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e, std::cout, std::cerr) == 0 ? 0 : kExitUsage;
  }
  if (run->parsed()) return RunCommand(options);
  if (list->parsed()) return ListCommand(options);
  if (report->parsed()) return ReportCommand(options);
  if (lint->parsed()) return LintCommand(options);
  if (show->parsed()) return ShowCommand(options);
  return SmokeCommand(options);
}
