#include "reference/checkpoint/naming.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "reference/base/file.h"

namespace tfpersist {

std::string MetaFilename(absl::string_view prefix) { return absl::StrCat(prefix, ".index"); }

std::string DataFilename(absl::string_view prefix, int32_t shard, int32_t num_shards) {
  return absl::StrFormat("%s.data-%05d-of-%05d", prefix, shard, num_shards);
}

std::string ShardedName(absl::string_view basename, int32_t shard, int32_t num_shards) {
  return absl::StrFormat("%s-%05d-of-%05d", basename, shard, num_shards);
}

std::string PrefixOfMember(absl::string_view name) {
  for (absl::string_view suffix : {".index", ".meta"}) {
    if (absl::EndsWith(name, suffix)) return std::string(absl::StripSuffix(name, suffix));
  }
  const size_t at = name.rfind(".data-");
  if (at == absl::string_view::npos) return "";
  absl::string_view rest = name.substr(at + 6);
  for (char c : rest) {
    if (!absl::ascii_isdigit(c) && !absl::StrContains("-of?", absl::string_view(&c, 1))) return "";
  }
  return std::string(name.substr(0, at));
}

std::string MemberFileHint(absl::string_view name) {
  if (const std::string prefix = PrefixOfMember(name); !prefix.empty()) {
    return absl::StrCat(name, " is one file of a checkpoint; pass the checkpoint's prefix instead: ", prefix);
  }
  if (Basename(name) == "checkpoint") {
    return absl::StrCat(name, " is the state file that names the latest checkpoint; pass a prefix, or the folder ",
                        Dirname(name).empty() ? "." : Dirname(name), " to take the latest");
  }
  return "";
}

}  // namespace tfpersist
