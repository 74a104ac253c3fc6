#include "reference/cli/suggest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tfpersist::cli {
namespace {

// Edits from `a` to `b`, or `limit` if there are more.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t limit) {
  if ((a.size() > b.size() ? a.size() - b.size() : b.size() - a.size()) >= limit) return limit;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return std::min(row[b.size()], limit);
}

}  // namespace

std::string DidYouMean(absl::string_view wanted, const std::vector<std::string>& names) {
  constexpr size_t kSuggestions = 3, kLongestName = 512;
  if (wanted.size() > kLongestName) return "";
  const size_t limit = std::max<size_t>(3, wanted.size() / 3);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& name : names) {
    if (name.size() > kLongestName) continue;
    size_t distance = EditDistance(wanted, name, limit);
    // The same name elsewhere: "weights" for "layer1/weights".
    if (!wanted.empty() &&
        (absl::EndsWith(name, absl::StrCat("/", wanted)) || absl::EndsWith(wanted, absl::StrCat("/", name)))) {
      distance = std::min<size_t>(distance, 1);
    }
    if (distance < limit) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > kSuggestions) near.resize(kSuggestions);
  if (!near.empty()) {
    return absl::StrCat(
        "; did you mean ",
        absl::StrJoin(near, " or ",
                      [](std::string* out, const auto& n) { absl::StrAppend(out, "'", Printable(n.second), "'"); }),
        "?");
  }
  if (names.empty() || names.size() > 8) return "";
  return absl::StrCat("; there is ", absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) {
                        absl::StrAppend(out, "'", Printable(name), "'");
                      }));
}

std::string Printable(absl::string_view name) {
  std::string text;
  for (unsigned char c : name) {
    if (c < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(&text, "\\x%02x", c);
    } else {
      text += static_cast<char>(c);
    }
  }
  return text;
}

}  // namespace tfpersist::cli
