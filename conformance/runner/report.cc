#include "conformance/runner/report.h"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "conformance/runner/bench_report.h"
#include "conformance/runner/files.h"
#include "conformance/runner/templates.h"

namespace tfpersist::conform {
namespace {

using Data = kainjow::mustache::data;
using List = Data;

constexpr size_t kMaxProgram = 3000;  // characters that a page shows of one case

Data NewList() { return Data(Data::type::list); }

// Pages are UTF-8, and answers may be any bytes.
std::string Utf8(const std::string& text) { return nlohmann::json::parse(Dump(Json(text))).get<std::string>(); }

std::string PageOf(const std::string& suite) { return absl::StrCat(absl::StrReplaceAll(suite, {{"/", "-"}}), ".html"); }
std::string AnchorOf(const std::string& id) { return id.substr(id.rfind('/') + 1); }

// A verdict as a word with a class.
std::string Badge(const std::string& outcome) {
  const char* kind = outcome == "passed" ? "ok" : outcome == "unsupported" || outcome == "not run" ? "other" : "bad";
  return absl::StrCat("<span class=\"", kind, "\">", outcome, "</span>");
}

std::string Ratio(int passed, int run) {
  if (run == 0) return "<span class=\"other\">none run</span>";
  return absl::StrCat("<span class=\"whole\"><span class=\"", passed == run ? "ok" : "bad", "\">", passed,
                      "</span> of ", run, "</span>");
}

struct Column {
  std::string name, version, behaves_as;
  double seconds = 0;
  std::map<std::string, Json> cases;  // by id
  std::string OutcomeOf(const std::string& id) const {
    auto found = cases.find(id);
    return found == cases.end() ? "not run" : absl::StrReplaceAll(StringOr(found->second, "outcome"), {{"_", " "}});
  }
};

class Report {
 public:
  Report(const std::vector<Json>& results, const ReportExtras& more, const std::vector<SuiteFile>& suites,
         std::filesystem::path golden, std::filesystem::path dir)
      : more_(more), interop_(more.interop), suites_(suites), golden_(std::move(golden)), dir_(std::move(dir)) {
    for (const Json& result : results) {
      Column column;
      column.name = StringOr(result["testee"], "name");
      column.version = StringOr(result["testee"], "version");
      column.behaves_as = StringOr(result["testee"], "behaves_as");
      column.seconds = result.value("seconds", 0.0);
      for (const Json& one : result["cases"]) column.cases[StringOr(one, "id")] = one;
      columns_.push_back(std::move(column));
    }
  }

  absl::Status Write() {
    for (const SuiteFile& suite : suites_) {
      for (const Json& one : suite.json["cases"]) ids_.push_back(StringOr(one, "id"));
    }
    for (const Column& column : columns_) {
      int missing = 0;
      for (const std::string& id : ids_) missing += column.OutcomeOf(id) == "not run";
      if (missing > 0) {
        absl::StrAppend(&incomplete_, incomplete_.empty() ? "" : "; ", column.name, " ", column.version, ": ", missing,
                        " of ", ids_.size(), " cases were not run");
      }
    }
    if (absl::Status s = WriteFile(dir_ / "style.css", kTemplateStyle); !s.ok()) return s;
    if (columns_.empty()) {  // benchmarks alone
      return Page("bench.html", "Benchmarks", kTemplateBench, BenchPage(more_.bench));
    }
    if (absl::Status s = Page("index.html", "Conformance scoreboard", kTemplateIndex, Index()); !s.ok()) return s;
    if (absl::Status s = Page("matrix.html", "Every case", kTemplateMatrix, Matrix()); !s.ok()) return s;
    if (absl::Status s = Page("ops.html", "Operations", kTemplateOps, Ops()); !s.ok()) return s;
    const absl::StatusOr<Data> goldens = Goldens();
    if (!goldens.ok()) return goldens.status();
    if (absl::Status s = Page("goldens.html", "Golden files", kTemplateGoldens, *goldens); !s.ok()) return s;
    if (interop_.is_object()) {
      if (absl::Status s = Page("interop.html", "Written by one, read by another", kTemplateInterop, Interop());
          !s.ok())
        return s;
    }
    if (!more_.bench.empty()) {
      if (absl::Status s = Page("bench.html", "Benchmarks", kTemplateBench, BenchPage(more_.bench)); !s.ok()) return s;
    }
    if (more_.fuzz.is_object()) {
      if (absl::Status s = Page("fuzz.html", "Fuzzing", kTemplateFuzz, Fuzz()); !s.ok()) return s;
    }
    for (const SuiteFile& suite : suites_) {
      const std::string name = StringOr(suite.json, "suite");
      if (absl::Status s = Page(PageOf(name), name, kTemplateSuite, Suite(suite)); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Page(const std::string& file, const std::string& title, const char* body_template, const Data& data) {
    kainjow::mustache::mustache body(body_template), page(kTemplatePage);
    if (!body.is_valid() || !page.is_valid()) {
      return absl::InternalError(absl::StrCat("template of ", file, ": ", body.error_message(), page.error_message()));
    }
    Data frame;
    frame.set("title", title);
    frame.set("body", body.render(data));
    if (!incomplete_.empty()) frame.set("incomplete", incomplete_);
    frame.set("cases", !columns_.empty());
    frame.set("interop", interop_.is_object());
    frame.set("bench", !more_.bench.empty());
    frame.set("fuzz", more_.fuzz.is_object());
    return WriteFile(dir_ / file, page.render(frame));
  }

  Data ColumnNames() const {
    Data list = NewList();
    for (const Column& column : columns_) {
      Data one;
      one.set("name", column.name);
      one.set("version", column.version);
      list.push_back(one);
    }
    return list;
  }

  // Passed and run among the cases for which `counts` is true.
  template <typename F>
  std::pair<int, int> Tally(const Column& column, F counts) const {
    int passed = 0, run = 0;
    for (const SuiteFile& suite : suites_) {
      for (const Json& one : suite.json["cases"]) {
        if (!counts(suite, one)) continue;
        const std::string outcome = column.OutcomeOf(StringOr(one, "id"));
        if (outcome == "unsupported" || outcome == "not run") continue;
        ++run;
        passed += outcome == "passed";
      }
    }
    return {passed, run};
  }

  Data Index() const {
    Data data;
    data.set("implementations", std::to_string(columns_.size()));
    data.set("cases", std::to_string(ids_.size()));
    data.set("single", columns_.size() == 1);
    Data rows = NewList();
    for (const Column& column : columns_) {
      const auto required = Tally(column, [&column](const SuiteFile&, const Json& c) {
        // A case that other versions answer otherwise asks nothing of them.
        return StringOr(c, "level") != "beyond" && c["holds_on"].dump().find(column.behaves_as) != std::string::npos;
      });
      const auto beyond =
          Tally(column, [](const SuiteFile&, const Json& c) { return StringOr(c, "level") == "beyond"; });
      int crashes = 0, unsupported = 0;
      for (const std::string& id : ids_) {
        const std::string outcome = column.OutcomeOf(id);
        crashes += outcome == "crash" || outcome == "timeout" || outcome == "garbage";
        unsupported += outcome == "unsupported";
      }
      Data row;
      row.set("name", column.name);
      row.set("version", column.version);
      row.set("required", Ratio(required.first, required.second));
      row.set("beyond", Ratio(beyond.first, beyond.second));
      row.set("crashes", absl::StrCat("<span class=\"", crashes == 0 ? "ok" : "bad", "\">", crashes, "</span>"));
      row.set("unsupported", std::to_string(unsupported));
      row.set("seconds", absl::StrFormat("%.1f", column.seconds));
      rows.push_back(row);
    }
    data.set("rows", rows);
    std::map<std::string, int> areas;
    Data suites = NewList();
    for (const SuiteFile& suite : suites_) {
      const std::string name = StringOr(suite.json, "suite");
      areas[name.substr(0, name.find('/'))] += static_cast<int>(suite.json["cases"].size());
      Data one;
      one.set("suite", name);
      one.set("page", PageOf(name));
      one.set("count", std::to_string(suite.json["cases"].size()));
      suites.push_back(one);
    }
    Data area_rows = NewList();
    for (const auto& [area, cases] : areas) {
      Data row, cells = NewList();
      for (const Column& column : columns_) {
        const auto tally = Tally(column, [&area = area](const SuiteFile& s, const Json&) {
          const std::string name = StringOr(s.json, "suite");
          return name.substr(0, name.find('/')) == area;
        });
        cells.push_back(Ratio(tally.first, tally.second));
      }
      row.set("area", area);
      row.set("cases", std::to_string(cases));
      row.set("cells", cells);
      area_rows.push_back(row);
    }
    data.set("areas", area_rows);
    data.set("suites", suites);
    return data;
  }

  Data Matrix() const {
    Data data, rows = NewList();
    for (const SuiteFile& suite : suites_) {
      for (const Json& one : suite.json["cases"]) {
        const std::string id = StringOr(one, "id");
        Data row, cells = NewList();
        bool differs = false;
        for (const Column& column : columns_) {
          differs |= column.OutcomeOf(id) != "passed";
          cells.push_back(Badge(column.OutcomeOf(id)));
        }
        row.set("id", id);
        row.set("page", PageOf(StringOr(suite.json, "suite")));
        row.set("anchor", AnchorOf(id));
        row.set("cells", cells);
        row.set("differs", differs);
        rows.push_back(row);
      }
    }
    data.set("rows", rows);
    data.set("columns", ColumnNames());
    data.set("count", std::to_string(ids_.size()));
    return data;
  }

  Data Suite(const SuiteFile& suite) const {
    Data data, cases = NewList();
    data.set("about", StringOr(suite.json, "about"));
    data.set("file", absl::StrCat("conformance/cases/", StringOr(suite.json, "suite"), ".json"));
    for (const Json& one : suite.json["cases"]) {
      const std::string id = StringOr(one, "id");
      Data row, verdicts = NewList();
      row.set("id", id);
      row.set("anchor", AnchorOf(id));
      row.set("level", StringOr(one, "level"));
      row.set("about", StringOr(one, "about"));
      if (one.contains("note")) row.set("note", StringOr(one, "note"));
      std::string program = Utf8(ProgramOf(one["steps"]));
      if (program.size() > kMaxProgram) {
        size_t end = program.rfind('\n', kMaxProgram);
        program = absl::StrCat(program.substr(0, end), "\n… the rest: tfpersist-conform show ", id);
      }
      row.set("program", program);
      std::vector<std::string> spec;
      if (one.contains("spec")) {
        for (const Json& s : one["spec"]) spec.push_back(s.get<std::string>());
      }
      row.set("spec", spec.empty() ? "none" : absl::StrJoin(spec, ", "));
      for (const Column& column : columns_) {
        Data verdict;
        verdict.set("badge", Badge(column.OutcomeOf(id)));
        verdict.set("name", absl::StrCat(column.name, " ", column.version));
        auto found = column.cases.find(id);
        if (found != column.cases.end() && column.OutcomeOf(id) != "passed" && found->second.contains("detail")) {
          verdict.set("detail", Utf8(StringOr(found->second, "detail")).substr(0, 3000));
        }
        verdicts.push_back(verdict);
      }
      row.set("verdicts", verdicts);
      cases.push_back(row);
    }
    data.set("cases", cases);
    return data;
  }

  struct OpUse {
    std::vector<std::string> cases;
    std::set<std::string> dtypes;
    double ulp = 0;
  };

  // Which operations the suites op/… make, and with what.
  Data Ops() const {
    std::map<std::string, OpUse> ops;
    for (const SuiteFile& suite : suites_) {
      if (StringOr(suite.json, "suite").rfind("op/", 0) != 0) continue;
      for (const Json& one : suite.json["cases"]) {
        std::set<std::string> names, dtypes;
        double ulp = 0;
        for (const Json& step : one["steps"]) {
          if (StringOr(step, "do") == "op") names.insert(StringOr(step, "op"));
          if (step.contains("dtype")) dtypes.insert(StringOr(step, "dtype"));
          if (step.contains("expect") && step["expect"].contains("ulp")) {
            ulp = std::max(ulp, step["expect"]["ulp"].get<double>());
          }
        }
        for (const std::string& name : names) {
          OpUse& use = ops[name];
          use.cases.push_back(StringOr(one, "id"));
          use.dtypes.insert(dtypes.begin(), dtypes.end());
          use.ulp = std::max(use.ulp, ulp);
        }
      }
    }
    Data data, rows = NewList();
    for (const auto& [op, use] : ops) {
      Data row, cells = NewList();
      for (const Column& column : columns_) {
        int passed = 0, run = 0;
        double seen = 0;
        for (const std::string& id : use.cases) {
          const std::string outcome = column.OutcomeOf(id);
          if (outcome == "unsupported" || outcome == "not run") continue;
          ++run;
          passed += outcome == "passed";
          const Json& one = column.cases.at(id);
          if (one.contains("largest_ulp")) seen = std::max(seen, one["largest_ulp"].get<double>());
        }
        cells.push_back(absl::StrCat(Ratio(passed, run),
                                     seen > 0 ? absl::StrCat(" <span class=\"quiet\">", seen, " ulp</span>") : ""));
      }
      row.set("op", op);
      row.set("cases", std::to_string(use.cases.size()));
      row.set("dtypes", absl::StrJoin(use.dtypes, ", "));
      row.set("ulp", use.ulp == 0 ? "0, the same bits" : absl::StrCat(use.ulp));
      row.set("cells", cells);
      rows.push_back(row);
    }
    data.set("rows", rows);
    data.set("columns", ColumnNames());
    return data;
  }

  // fuzz/campaign's result.
  Data Fuzz() const {
    const Json& fuzz = more_.fuzz;
    Data data, targets = NewList(), files = NewList();
    auto text = [](const Json& value) { return value.is_string() ? value.get<std::string>() : Dump(value); };
    for (const char* key : {"date", "minutes"}) data.set(key, fuzz.contains(key) ? text(fuzz[key]) : "unknown");
    data.set("machine", fuzz.contains("machine") ? text(fuzz["machine"]) : "unknown");
    for (const Json& target : fuzz.value("targets", Json::array())) {
      Data row;
      for (const char* key :
           {"name", "engine", "executions", "seconds", "corpus_files", "findings", "peak_rss_mb", "slowest_ms"}) {
        row.set(key, target.contains(key) && !target[key].is_null() ? text(target[key]) : "not measured");
      }
      // libFuzzer counts whole seconds.
      if (target.contains("slowest_ms") && target["slowest_ms"] == 0) row.set("slowest_ms", "under 1000");
      targets.push_back(row);
    }
    for (const Json& file : fuzz.value("coverage", Json::array())) {
      Data row;
      const double lines = file.value("lines", 0.0), covered = file.value("covered", 0.0);
      row.set("file", StringOr(file, "file"));
      row.set("lines", absl::StrFormat("%.0f of %.0f", covered, lines));
      row.set("share", absl::StrFormat("%.1f", lines > 0 ? 100 * covered / lines : 0.0));
      files.push_back(row);
    }
    data.set("targets", targets);
    data.set("files", files);
    return data;
  }

  // conformance/interop.py's result.
  Data Interop() const {
    std::map<std::tuple<std::string, std::string, std::string>, std::string> outcomes;
    int unexpected = 0;
    for (const Json& cell : interop_["cells"]) {
      const std::string outcome = StringOr(cell, "outcome");
      outcomes[{StringOr(cell, "writer"), StringOr(cell, "shape"), StringOr(cell, "reader")}] = outcome;
      unexpected += outcome != "same" && outcome != "limit";
    }
    Data data, writers = NewList();
    data.set("cells", std::to_string(outcomes.size()));
    data.set("unexpected", std::to_string(unexpected));
    std::vector<std::string> limits;
    for (const Json& limit : interop_["limits"]) limits.push_back(limit.get<std::string>());
    data.set("limits", absl::StrJoin(limits, "; "));
    for (const Json& writer : interop_["writers"]) {
      Data table, readers = NewList(), rows = NewList();
      for (const Json& reader : interop_["readers"]) readers.push_back(reader.get<std::string>());
      for (const Json& shape : interop_["shapes"]) {
        Data row, cells = NewList();
        for (const Json& reader : interop_["readers"]) {
          const std::string& outcome =
              outcomes[{writer.get<std::string>(), shape.get<std::string>(), reader.get<std::string>()}];
          const char* kind = outcome == "same" ? "ok" : outcome == "limit" || outcome.empty() ? "other" : "bad";
          cells.push_back(
              absl::StrCat("<span class=\"", kind, "\">", outcome.empty() ? "not run" : outcome, "</span>"));
        }
        row.set("shape", shape.get<std::string>());
        row.set("results", cells);
        rows.push_back(row);
      }
      table.set("writer", writer.get<std::string>());
      table.set("readers", readers);
      table.set("rows", rows);
      writers.push_back(table);
    }
    data.set("writers", writers);
    return data;
  }

  absl::StatusOr<Data> Goldens() const {
    const absl::StatusOr<std::string> text = ReadFile(golden_ / ".." / "manifest.json");
    if (!text.ok()) return text.status();
    const absl::StatusOr<Json> manifest = ParseJson(*text);
    if (!manifest.ok()) return manifest.status();
    Data data, runs = NewList();
    for (const auto& [name, run] : (*manifest)["runs"].items()) {
      Data row, list = NewList();
      int64_t bytes = 0;
      for (const auto& [file, entry] : run["files"].items()) {
        Data one;
        one.set("name", file);
        one.set("sha", entry[0].get<std::string>());
        one.set("size", std::to_string(entry[1].get<int64_t>()));
        bytes += entry[1].get<int64_t>();
        list.push_back(one);
      }
      row.set("run", name);
      row.set("files", std::to_string(run["files"].size()));
      row.set("bytes", std::to_string(bytes));
      for (const char* key : {"tensorflow", "python", "numpy", "protobuf"}) row.set(key, StringOr(run, key));
      row.set("list", list);
      runs.push_back(row);
    }
    data.set("runs", runs);
    return data;
  }

  const ReportExtras& more_;
  const Json& interop_;
  const std::vector<SuiteFile>& suites_;
  const std::filesystem::path golden_, dir_;
  std::vector<Column> columns_;
  std::vector<std::string> ids_;
  std::string incomplete_;
};

}  // namespace

std::string ProgramOf(const Json& steps, const std::string& indent) {
  std::string out;
  for (const Json& step : steps) {
    const std::string handle = StringOr(step, "as");
    absl::StrAppend(&out, indent, handle.empty() ? "" : handle + " = ", StringOr(step, "do"), "(");
    const char* separator = "";
    for (const auto& [key, value] : step.items()) {
      if (key == "do" || key == "as" || key == "steps" || key == "expect" || key == "expect_on") continue;
      absl::StrAppend(&out, separator, key, "=", Dump(value));
      separator = ", ";
    }
    absl::StrAppend(&out, ")\n");
    if (step.contains("expect")) absl::StrAppend(&out, indent, "    -> ", Dump(step["expect"]), "\n");
    if (step.contains("expect_on")) {
      for (const auto& [version, expect] : step["expect_on"].items())
        absl::StrAppend(&out, indent, "    on ", version, " -> ", Dump(expect), "\n");
    }
    if (step.contains("steps")) out += ProgramOf(step["steps"], indent + "  ");
  }
  return out;
}

absl::Status WriteReport(const std::vector<Json>& results, const ReportExtras& more,
                         const std::vector<SuiteFile>& suites, const std::filesystem::path& golden,
                         const std::filesystem::path& dir) {
  for (const Json& result : results) {
    if (!result.is_object() || !result.contains("testee") || !result.contains("cases")) {
      return absl::InvalidArgumentError("a result is not what `tfpersist-conform run --json` writes");
    }
  }
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat("can't make ", dir.string(), ": ", error.message()));
  return Report(results, more, suites, golden, dir).Write();
}

}  // namespace tfpersist::conform
