#include "conformance/runner/oracle.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"
#include "conformance/runner/scratch.h"

namespace tfpersist::conform {

absl::Status UpdateOracleRecord(const RunResults& results, const std::vector<Case>& all,
                                const std::filesystem::path& golden, const std::string& path) {
  Json old = Json::object();
  if (const absl::StatusOr<std::string> text = ReadFile(path); text.ok()) {
    absl::StatusOr<Json> json = ParseJson(*text);
    if (!json.ok() || !json->is_object())
      return absl::InvalidArgumentError(absl::StrCat(path, " is no record; move it away"));
    old = *std::move(json);
  }
  std::map<std::string, Json> entries;
  for (const Case& one : all) {
    if (old.contains(one.id)) entries[one.id] = old[one.id];
  }
  for (const CaseResult& result : results.cases) {
    const absl::StatusOr<std::string> hash = CaseHash(result.one->json, golden);
    if (!hash.ok()) return hash.status();
    entries[result.one->id] = Json{{"hash", *hash}, {"outcome", std::string(OutcomeName(result.outcome))}};
  }
  // One case a line, sorted: a change shows as one line.
  std::string text = "{\n";
  size_t left = entries.size();
  for (const auto& [id, entry] : entries)
    absl::StrAppend(&text, Dump(Json(id)), ": ", Dump(entry), --left > 0 ? ",\n" : "\n");
  return WriteFile(path, text + "}\n");
}

}  // namespace tfpersist::conform
