#include "conformance/runner/lint.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "conformance/runner/files.h"
#include "conformance/runner/scratch.h"

namespace tfpersist::conform {
namespace {

using Plain = nlohmann::json;  // what the validator's adapter takes
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr const char* kVersions[] = {"1.11.0", "1.15.5", "2.21.0"};

class Linter {
 public:
  explicit Linter(const LintOptions& options) : options_(options) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    const absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(options_.cases);
    if (!suites.ok()) return suites.status();
    if (absl::Status s = CheckSchema(*suites); !s.ok()) return s;
    if (!faults_.empty()) return faults_;  // what follows relies on the shape
    const absl::StatusOr<std::vector<Case>> cases = CasesOf(*suites);
    if (!cases.ok()) return cases.status();
    if (absl::Status s = ReadManifest(); !s.ok()) return s;
    for (const Case& one : *cases) CheckCase(one);
    if (absl::Status s = CheckRecords(*cases); !s.ok()) return s;
    return faults_;
  }

 private:
  void Fault(absl::string_view where, absl::string_view what) { faults_.push_back(absl::StrCat(where, ": ", what)); }

  absl::Status CheckSchema(const std::vector<SuiteFile>& suites) {
    const absl::StatusOr<std::string> text = ReadFile(options_.schema);
    if (!text.ok()) return text.status();
    const Plain document = Plain::parse(*text, nullptr, false);
    if (document.is_discarded()) {
      return absl::InvalidArgumentError(absl::StrCat(options_.schema.string(), " is no JSON"));
    }
    valijson::Schema schema;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    try {  // the library throws
      parser.populateSchema(Adapter(document), schema);
    } catch (const std::exception& e) {
      return absl::InvalidArgumentError(absl::StrCat(options_.schema.string(), ": ", e.what()));
    }
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    for (const SuiteFile& suite : suites) {
      const Plain json = Plain::parse(suite.json.dump(), nullptr, false);
      valijson::ValidationResults results;
      if (validator.validate(schema, Adapter(json), &results)) continue;
      // The deepest places say most; the rest are those above them.
      std::vector<std::string> lines;
      valijson::ValidationResults::Error error;
      size_t deepest = 0;
      while (results.popError(error)) {
        deepest = std::max(deepest, error.context.size());
        lines.push_back(absl::StrCat(std::string(error.context.size(), ' '), absl::StrJoin(error.context, ""), " ",
                                     error.description));
      }
      int shown = 0;
      for (const std::string& line : lines) {
        if (line.find_first_not_of(' ') + 1 < deepest || shown++ >= 5) continue;
        Fault(suite.path, absl::StripAsciiWhitespace(line));
      }
      if (shown == 0) Fault(suite.path, "does not fit the schema");
    }
    return absl::OkStatus();
  }

  absl::Status ReadManifest() {
    const std::filesystem::path path = options_.golden / ".." / "manifest.json";
    const absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    const absl::StatusOr<Json> json = ParseJson(*text);
    if (!json.ok()) return json.status();
    manifest_ = json->dump();
    return absl::OkStatus();
  }

  void CheckCase(const Case& one) {
    const std::string relative =
        std::filesystem::path(one.file).lexically_relative(options_.cases).replace_extension().string();
    if (one.suite != relative) Fault(one.file, absl::StrCat("calls itself ", one.suite));
    if (!absl::StartsWith(one.id, one.suite + "/")) Fault(one.file, absl::StrCat(one.id, " is not below its suite"));
    const std::string about = one.about();
    if (!absl::EndsWith(about, ".")) Fault(one.id, "`about` is no sentence: it ends without a full stop");
    if (absl::StrContains(about, " should ")) Fault(one.id, "`about` says what should be; say what is");
    if (!one.beyond() && one.list("holds_on").empty()) {
      Fault(one.id, "is required and holds on no TensorFlow: run it there, or make it `beyond` with a note");
    }
    if (!one.beyond() && one.json.contains("note")) Fault(one.id, "has a note, which is for `beyond` cases");
    for (const std::string& golden : GoldensOf(one.json)) {
      if (!std::filesystem::exists(options_.golden / golden)) {
        Fault(one.id, absl::StrCat("wants golden file ", golden, ", which is not there"));
      } else if (!std::filesystem::is_directory(options_.golden / golden) &&
                 !absl::StrContains(manifest_, absl::StrCat("\"", golden, "\""))) {
        Fault(one.id, absl::StrCat("golden file ", golden, " is not in golden/manifest.json"));
      }
    }
  }

  absl::Status CheckRecords(const std::vector<Case>& cases) {
    std::map<std::string, Json> records;
    for (const char* version : kVersions) {
      const absl::StatusOr<std::string> text = ReadFile(options_.oracle / absl::StrCat(version, ".json"));
      if (!text.ok()) return text.status();
      const absl::StatusOr<Json> json = ParseJson(*text);
      if (!json.ok()) return json.status();
      records[version] = *json;
    }
    std::set<std::string> ids;
    for (const Case& one : cases) {
      ids.insert(one.id);
      const absl::StatusOr<std::string> hash = CaseHash(one.json, options_.golden);
      if (!hash.ok()) {
        Fault(one.id, hash.status().message());
        continue;
      }
      for (const std::string& version : one.list("holds_on")) {
        const Json& record = records[version];
        if (!record.contains(one.id)) {
          Fault(one.id, absl::StrCat("has no record on TensorFlow ", version, ": run `ci/oracle ", version, " '",
                                     one.id, "'`"));
        } else if (record[one.id]["hash"] != *hash) {
          Fault(one.id, absl::StrCat("changed since it ran on TensorFlow ", version, ": run `ci/oracle ", version, " '",
                                     one.id, "'`"));
        } else if (record[one.id]["outcome"] != "passed" && record[one.id]["outcome"] != "unsupported") {
          Fault(one.id, absl::StrCat("claims to hold on TensorFlow ", version, ", where it ",
                                     StringOr(record[one.id], "outcome")));
        }
      }
    }
    for (const auto& [version, record] : records) {
      for (const auto& [id, entry] : record.items()) {
        if (ids.count(id) == 0)
          Fault(id, absl::StrCat("is recorded on TensorFlow ", version, ", and there is no such case"));
      }
    }
    return absl::OkStatus();
  }

  const LintOptions& options_;
  std::string manifest_;
  std::vector<std::string> faults_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> Lint(const LintOptions& options) { return Linter(options).Run(); }

}  // namespace tfpersist::conform
