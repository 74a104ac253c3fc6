#include "conformance/runner/case.h"

#include <algorithm>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"

namespace tfpersist::conform {
namespace fs = std::filesystem;
namespace {

constexpr absl::string_view kGolden = "golden:";

Json StripSteps(const Json& steps) {
  Json out = Json::array();
  for (const Json& step : steps) {
    Json kept = step;
    if (kept.is_object()) {
      kept.erase("expect");
      kept.erase("expect_on");
      if (kept.contains("steps")) kept["steps"] = StripSteps(step["steps"]);
    }
    out.push_back(std::move(kept));
  }
  return out;
}

void AddVerbs(const Json& steps, std::set<std::string>& verbs) {
  if (!steps.is_array()) return;
  for (const Json& step : steps) {
    verbs.insert(StringOr(step, "do"));
    if (step.is_object() && step.contains("steps")) AddVerbs(step["steps"], verbs);
  }
}

void AddOps(const Json& steps, std::set<std::string>& ops) {
  if (!steps.is_array()) return;
  for (const Json& step : steps) {
    if (StringOr(step, "do") == "op") ops.insert(StringOr(step, "op"));
    if (step.is_object() && step.contains("steps")) AddOps(step["steps"], ops);
  }
}

}  // namespace

std::vector<std::string> Case::list(const char* key) const {
  std::vector<std::string> out;
  const auto it = json.find(key);
  if (it == json.end() || !it->is_array()) return out;
  for (const Json& item : *it) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

absl::StatusOr<std::vector<SuiteFile>> LoadSuites(const fs::path& dir) {
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".json" && it->is_regular_file()) paths.push_back(it->path().string());
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat("can't read the cases in ", dir.string(), " (", error.message(),
                                            "); run from the repository's root or name the folder with --cases"));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<SuiteFile> suites;
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> text = ReadFile(path);
    if (!text.ok()) return text.status();
    absl::StatusOr<Json> json = ParseJson(*text);
    if (!json.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", json.status().message()));
    suites.push_back({path, *std::move(json)});
  }
  return suites;
}

absl::StatusOr<std::vector<Case>> CasesOf(const std::vector<SuiteFile>& suites) {
  std::vector<Case> cases;
  std::set<std::string> ids;
  for (const SuiteFile& suite : suites) {
    const Json& json = suite.json;
    if (!json.is_object() || !json.contains("cases") || !json["cases"].is_array()) {
      return absl::InvalidArgumentError(absl::StrCat(suite.path, ": a suite is an object with a list \"cases\""));
    }
    for (const Json& one : json["cases"]) {
      const std::string id = StringOr(one, "id");
      if (id.empty()) return absl::InvalidArgumentError(absl::StrCat(suite.path, ": a case has no id"));
      if (!one.contains("steps") || !one["steps"].is_array()) {
        return absl::InvalidArgumentError(absl::StrCat(suite.path, ": ", id, " has no list of steps"));
      }
      if (!ids.insert(id).second)
        return absl::InvalidArgumentError(absl::StrCat(suite.path, ": the id ", id, " occurs twice"));
      cases.push_back({id, StringOr(json, "suite"), suite.path, one});
    }
  }
  return cases;
}

bool GlobMatch(absl::string_view glob, absl::string_view text) {
  size_t g = 0, t = 0, star = absl::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g, ++t;
    } else if (star != absl::string_view::npos) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

bool Selected(const std::vector<std::string>& filters, absl::string_view id) {
  if (filters.empty()) return true;
  for (absl::string_view filter : filters) {
    if (GlobMatch(filter, id)) return true;
    while (!filter.empty() && filter.back() == '/') filter.remove_suffix(1);
    if (!filter.empty() && id.size() > filter.size() && id[filter.size()] == '/' &&
        id.substr(0, filter.size()) == filter)
      return true;
  }
  return false;
}

Json WithoutExpectations(const Json& json) {
  Json out = json;
  out.erase("after");
  if (out.contains("steps")) out["steps"] = StripSteps(json["steps"]);
  return out;
}

std::set<std::string> VerbsOf(const Json& json) {
  std::set<std::string> verbs;
  if (json.contains("steps")) AddVerbs(json["steps"], verbs);
  return verbs;
}

std::set<std::string> OpsOf(const Json& json) {
  std::set<std::string> ops;
  if (json.is_object() && json.contains("steps")) AddOps(json["steps"], ops);
  return ops;
}

std::vector<std::string> GoldensOf(const Json& json) {
  std::vector<std::string> out;
  const auto add = [&out](const Json& source) {
    if (source.is_string() && source.get<std::string>().rfind("golden:", 0) == 0)
      out.push_back(source.get<std::string>().substr(kGolden.size()));
    if (source.is_object() && source.contains("golden")) out.push_back(StringOr(source, "golden"));
  };
  if (json.contains("files")) {
    for (const Json& source : json["files"]) add(source);
  }
  if (json.contains("after") && json["after"].contains("same")) {
    for (const Json& source : json["after"]["same"]) add(source);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace tfpersist::conform
