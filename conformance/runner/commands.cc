#include "conformance/runner/commands.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"
#include "conformance/runner/lint.h"
#include "conformance/runner/oracle.h"
#include "conformance/runner/report.h"
#include "conformance/runner/run.h"

namespace tfpersist::conform {
namespace {

int Usage(const absl::Status& status) {
  std::cerr << "tfpersist-conform: " << status.message() << "\n";
  return kExitUsage;
}

absl::StatusOr<std::vector<Case>> LoadCases(const Options& options) {
  const absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(options.cases);
  if (!suites.ok()) return suites.status();
  return CasesOf(*suites);
}

std::vector<std::string> IdsOf(const std::vector<Case>& cases) {
  std::vector<std::string> ids;
  for (const Case& one : cases) ids.push_back(one.id);
  return ids;
}

}  // namespace

int ListCommand(const Options& options) {
  const absl::StatusOr<std::vector<Case>> cases = LoadCases(options);
  if (!cases.ok()) return Usage(cases.status());
  for (const Case& one : *cases) {
    if (Selected(options.filters, one.id))
      std::cout << one.id << (one.beyond() ? " (beyond)" : "") << "  " << one.about() << "\n";
  }
  return kExitOk;
}

int ShowCommand(const Options& options) {
  const absl::StatusOr<std::vector<Case>> cases = LoadCases(options);
  if (!cases.ok()) return Usage(cases.status());
  int shown = 0;
  for (const Case& one : *cases) {
    if (!Selected(options.filters, one.id)) continue;
    std::cout << (shown++ > 0 ? "\n" : "") << "# " << one.id << " (" << StringOr(one.json, "level") << "), " << one.file
              << "\n# " << one.about() << "\n";
    for (const char* key : {"spec", "needs", "holds_on", "note"}) {
      if (one.json.contains(key)) std::cout << "# " << key << ": " << Dump(one.json[key]) << "\n";
    }
    if (one.json.contains("files")) {
      for (const auto& [name, source] : one.json["files"].items())
        std::cout << "file " << name << " <- " << Dump(source) << "\n";
    }
    std::cout << ProgramOf(one.json["steps"]);
    if (one.json.contains("after")) std::cout << "after -> " << Dump(one.json["after"]) << "\n";
  }
  if (shown == 0)
    return Usage(absl::NotFoundError(
        absl::StrCat("no case ", options.filters.front(), "; `tfpersist-conform list` names them all")));
  return kExitOk;
}

int LintCommand(const Options& options) {
  const absl::StatusOr<std::vector<std::string>> faults =
      Lint({options.cases, options.golden, options.schema, options.oracle});
  if (!faults.ok()) return Usage(faults.status());
  for (const std::string& fault : *faults) std::cout << fault << "\n";
  std::cout << "lint: " << faults->size() << " faults\n";
  return faults->empty() ? kExitOk : kExitFailures;
}

int ReportCommand(const Options& options) {
  const absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(options.cases);
  if (!suites.ok()) return Usage(suites.status());
  std::vector<Json> results;
  for (const std::string& file : options.filters) {
    const absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return Usage(text.status());
    absl::StatusOr<Json> json = ParseJson(*text);
    if (!json.ok()) return Usage(absl::InvalidArgumentError(absl::StrCat(file, ": ", json.status().message())));
    results.push_back(*std::move(json));
  }
  const auto read = [](const std::string& file) -> absl::StatusOr<Json> {
    const absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return text.status();
    absl::StatusOr<Json> json = ParseJson(*text);
    if (!json.ok()) return absl::InvalidArgumentError(absl::StrCat(file, ": ", json.status().message()));
    return json;
  };
  ReportExtras more;
  for (const auto& [file, into] : {std::pair{&options.interop, &more.interop}, std::pair{&options.fuzz, &more.fuzz}}) {
    if (file->empty()) continue;
    absl::StatusOr<Json> json = read(*file);
    if (!json.ok()) return Usage(json.status());
    *into = *std::move(json);
  }
  for (const std::string& file : options.bench) {
    absl::StatusOr<Json> json = read(file);
    if (!json.ok()) return Usage(json.status());
    if (!json->is_object() || !json->contains("rows")) {
      return Usage(
          absl::InvalidArgumentError(absl::StrCat(file,
                                                  " is no result of bench/run or bench/run_all; bench/common/rows.py "
                                                  "makes one of what bench/cuda's programs print")));
    }
    more.bench.push_back(*std::move(json));
  }
  if (results.empty() && more.bench.empty()) return Usage(absl::InvalidArgumentError("no results, and no --bench"));
  if (absl::Status s = WriteReport(results, more, *suites, options.golden, options.html); !s.ok()) return Usage(s);
  std::cout << "wrote " << options.html << (results.empty() ? "/bench.html\n" : "/index.html\n");
  return kExitOk;
}

int RunCommand(const Options& options) {
  const absl::StatusOr<std::vector<Case>> cases = LoadCases(options);
  if (!cases.ok()) return Usage(cases.status());
  std::vector<const Case*> chosen;
  for (const Case& one : *cases) {
    if (Selected(options.filters, one.id) && (options.level == "all" || !one.beyond())) chosen.push_back(&one);
  }
  if (chosen.empty()) return Usage(absl::NotFoundError("no case is selected; `tfpersist-conform list` names them all"));
  if (options.update_expected && options.expected.empty())
    return Usage(absl::InvalidArgumentError("--update-expected needs --expected FILE"));
  ExpectedList expected;
  std::vector<std::string> problems;
  if (!options.expected.empty()) {
    const absl::StatusOr<std::string> text = ReadFile(options.expected);
    if (!text.ok()) return Usage(text.status());
    absl::StatusOr<ExpectedList> list = ExpectedList::Parse(*text);
    if (!list.ok())
      return Usage(absl::InvalidArgumentError(absl::StrCat(options.expected, ": ", list.status().message())));
    expected = *std::move(list);
    for (const std::string& problem : expected.Problems(IdsOf(*cases)))
      problems.push_back(absl::StrCat(options.expected, ": ", problem));
  }
  const absl::StatusOr<Scratch> scratch = Scratch::Make(options.golden, options.keep_scratch);
  if (!scratch.ok()) return Usage(scratch.status());
  if (options.keep_scratch) std::cerr << "scratch folders: " << scratch->root().string() << "\n";
  RunOptions run;
  run.command = options.testee;
  run.timeout = absl::Seconds(options.timeout);
  run.jobs = options.jobs;
  run.expected = &expected;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  run.progress = [&](const CaseResult& result, int done, int total) {
    if (terminal) std::cerr << "\r\x1b[K";
    if ((IsFailure(result.outcome) && !result.excused() && !options.update_expected) ||
        (result.unexpected_pass() && !options.update_expected)) {
      std::cout << Describe(result, options.testee) << std::flush;
    }
    if (terminal && done < total) {
      const int width = 30 * done / total;
      std::cerr << "[" << std::string(width, '#') << std::string(30 - width, ' ') << "] " << done << "/" << total
                << std::flush;
    }
  };
  if (!options.oracle_record.empty()) {
    run.wanted = [](const Case& one, const Json& hello) {
      const std::vector<std::string> versions = one.list("holds_on");
      return std::find(versions.begin(), versions.end(), StringOr(hello, "behaves_as")) != versions.end();
    };
  }
  absl::StatusOr<RunResults> results = Run(chosen, *scratch, run);
  if (!results.ok()) {
    std::cerr << "tfpersist-conform: the testee `" << options.testee
              << "` can't be used: " << results.status().message()
              << "\n`tfpersist-conform smoke --testee …` helps to find out why\n";
    return kExitNoTestee;
  }
  if (options.update_expected) {
    std::set<std::string> ran, failed;
    for (CaseResult& result : results->cases) {
      ran.insert(result.one->id);
      if (IsFailure(result.outcome)) failed.insert(result.one->id);
    }
    const std::string text = expected.Update(IdsOf(*cases), ran, failed);
    if (absl::Status s = WriteFile(options.expected, text); !s.ok()) return Usage(s);
    const absl::StatusOr<ExpectedList> list = ExpectedList::Parse(text);
    if (!list.ok()) return Usage(list.status());
    problems.clear();
    for (const std::string& problem : list->Problems(IdsOf(*cases)))
      problems.push_back(absl::StrCat(options.expected, ": ", problem));
    for (CaseResult& result : results->cases) {
      const std::string* reason = list->Find(result.one->id);
      result.expected_reason = reason != nullptr ? *reason : "";
    }
    std::cout << "wrote " << options.expected << "\n";
  }
  results->problems.insert(results->problems.end(), problems.begin(), problems.end());
  for (const auto& [path, text] :
       {std::pair(options.json, options.json.empty()
                                    ? ""
                                    : ResultsJson(*results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n"),
        std::pair(options.junit, options.junit.empty() ? "" : JUnitXml(*results))}) {
    if (path.empty()) continue;
    if (absl::Status s = WriteFile(path, text); !s.ok()) return Usage(s);
  }
  if (!options.html.empty()) {
    const absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(options.cases);
    if (!suites.ok()) return Usage(suites.status());
    if (absl::Status s = WriteReport({ResultsJson(*results)}, {}, *suites, options.golden, options.html); !s.ok())
      return Usage(s);
    std::cout << "wrote " << options.html << "/index.html\n";
  }
  if (!options.oracle_record.empty()) {
    if (absl::Status s = UpdateOracleRecord(*results, *cases, options.golden, options.oracle_record); !s.ok())
      return Usage(s);
    std::cout << "wrote " << options.oracle_record << "\n";
  }
  std::cout << Summary(*results) << std::flush;
  return CountsOf(*results).failed > 0 || !results->problems.empty() ? kExitFailures : kExitOk;
}

}  // namespace tfpersist::conform
