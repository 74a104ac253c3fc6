#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/cli/command.h"

namespace tfpersist::cli {

absl::StatusOr<std::string> PrefixOf(const std::string& argument) {
  const absl::StatusOr<FileStat> stat = PosixFileSystem()->Stat(argument);
  if (!stat.ok() || !stat->is_directory) return argument;
  TFP_ASSIGN_OR_RETURN(const std::optional<std::string> latest, LatestCheckpoint(argument));
  if (latest.has_value()) return *latest;
  return absl::NotFoundError(absl::StrCat(
      argument, " is a folder whose state file 'checkpoint' names no checkpoint that is there; give a prefix"));
}

std::string HumanBytes(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* u : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = u;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

absl::StatusOr<std::pair<std::string, std::string>> SplitPair(const std::string& text, absl::string_view option) {
  const size_t at = text.find('=');
  if (at == text.npos || at == 0) {
    return absl::InvalidArgumentError(absl::StrCat(option, " wants NAME=VALUE, not '", text, "'"));
  }
  return std::make_pair(text.substr(0, at), text.substr(at + 1));
}

ProgressBar::ProgressBar(std::string what) : what_(std::move(what)), on_terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_percent_ >= 0) std::fprintf(stderr, "\r\033[K");
}

void ProgressBar::Show(int64_t done, int64_t total) {
  if (!on_terminal_ || total <= 0) return;
  const int percent = static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total));
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  constexpr int kWidth = 40;
  const int filled = percent * kWidth / 100;
  std::fprintf(stderr, "\r%s [%s%s] %3d%%", what_.c_str(), std::string(filled, '#').c_str(),
               std::string(kWidth - filled, ' ').c_str(), percent);
}

}  // namespace tfpersist::cli
