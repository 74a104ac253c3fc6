#include "conformance/runner/expected.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

absl::StatusOr<ExpectedList> ExpectedList::Parse(absl::string_view text) {
  ExpectedList list;
  std::set<std::string> seen;
  int number = 0;
  std::vector<std::string> lines = absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) {
    ++number;
    const absl::string_view body = absl::StripAsciiWhitespace(line);
    if (body.empty() || body[0] == '#') {
      list.lines_.push_back({line, "", ""});
      continue;
    }
    const std::pair<std::string, std::string> parts = absl::StrSplit(body, absl::MaxSplits('#', 1));
    const std::string glob(absl::StripAsciiWhitespace(parts.first)), reason(absl::StripAsciiWhitespace(parts.second));
    if (reason.empty())
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": no reason; write `", glob, " # why it fails`"));
    if (!seen.insert(glob).second)
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", glob, " is listed twice"));
    list.lines_.push_back({line, glob, reason});
  }
  return list;
}

const std::string* ExpectedList::Find(absl::string_view id) const {
  for (const Line& line : lines_) {
    if (!line.glob.empty() && GlobMatch(line.glob, id)) return &line.reason;
  }
  return nullptr;
}

std::vector<std::string> ExpectedList::Problems(const std::vector<std::string>& ids) const {
  std::vector<std::string> problems;
  for (const Line& line : lines_) {
    if (line.glob.empty()) continue;
    const auto matches =
        std::count_if(ids.begin(), ids.end(), [&line](const std::string& id) { return GlobMatch(line.glob, id); });
    if (matches == 0) problems.push_back(absl::StrCat("stale entry: no case ", line.glob));
    if (matches > kMaxMatches)
      problems.push_back(
          absl::StrCat(line.glob, " stands for ", matches, " cases; at most ", kMaxMatches, " are allowed"));
  }
  return problems;
}

std::string ExpectedList::Update(const std::vector<std::string>& ids, const std::set<std::string>& ran,
                                 const std::set<std::string>& failed) const {
  std::string out;
  for (const Line& line : lines_) {
    const bool keep = line.glob.empty() || std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
                        return GlobMatch(line.glob, id) && (failed.count(id) > 0 || ran.count(id) == 0);
                      });
    if (keep) absl::StrAppend(&out, line.text, "\n");
  }
  for (const std::string& id : failed) {
    if (Find(id) == nullptr) absl::StrAppend(&out, id, " # newly listed by --update-expected: say why\n");
  }
  return out;
}

}  // namespace tfpersist::conform
