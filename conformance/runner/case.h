// Cases as they stand in conformance/cases/<area>/<suite>.json (PROTOCOL.md section 2): loading, filtering, and the
// form that a testee gets. Plain values; once loaded, any number of threads may read them.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_CASE_H_
#define TFPERSIST_CONFORMANCE_RUNNER_CASE_H_

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "conformance/runner/json.h"

namespace tfpersist::conform {

struct Case {
  std::string id;     // area/suite/case
  std::string suite;  // area/suite, as the file says
  std::string file;   // the file that holds it
  Json json;          // the case, whole
  bool beyond() const { return StringOr(json, "level") == "beyond"; }
  std::string about() const { return StringOr(json, "about"); }
  // The members `needs` and `holds_on`; empty where absent.
  std::vector<std::string> list(const char* key) const;
};

struct SuiteFile {
  std::string path;
  Json json;
};

// Every *.json under `dir`, sorted by path. NOT_FOUND where the folder is missing; INVALID_ARGUMENT names the file that
// is no JSON.
absl::StatusOr<std::vector<SuiteFile>> LoadSuites(const std::filesystem::path& dir);

// The cases of those files, in order. INVALID_ARGUMENT where a file isn't shaped as a suite or an id occurs twice.
absl::StatusOr<std::vector<Case>> CasesOf(const std::vector<SuiteFile>& suites);

// Whether `text` matches `glob`: `*` any run of characters (slashes too), `?` one, everything else itself.
bool GlobMatch(absl::string_view glob, absl::string_view text);

// Whether an id is meant by one of the filters: a glob, or a prefix that ends at a slash ("saver" and "saver/partial"
// mean what is below). No filter means every case.
bool Selected(const std::vector<std::string>& filters, absl::string_view id);

// The case without `expect`, `expect_on` and `after`, at every depth of its steps: what may be sent.
Json WithoutExpectations(const Json& json);

// Every verb of the steps, nested ones included.
std::set<std::string> VerbsOf(const Json& json);

// The operations that the verb `op` makes, nested steps included.
std::set<std::string> OpsOf(const Json& json);

// Golden files and folders that the case reads: sources in `files` and in `after.same`, paths below golden/data.
std::vector<std::string> GoldensOf(const Json& json);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_CASE_H_
