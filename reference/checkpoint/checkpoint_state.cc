#include "reference/checkpoint/checkpoint_state.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "reference/base/coding.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"
#include "reference/proto/checkpoint_state.pb.h"

namespace tfpersist {
namespace {

constexpr int64_t kMaxStateBytes = int64_t{64} << 20;

// Python's os.path.relpath: both made absolute, "." and ".." taken out as text.
std::vector<std::string> AbsoluteParts(const std::string& path) {
  std::string absolute = path;
  if (!IsAbsolutePath(path)) {
    char buffer[PATH_MAX];
    const char* const cwd = getcwd(buffer, sizeof buffer);
    absolute = absl::StrCat(cwd != nullptr ? cwd : "", "/", path);
  }
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(absolute, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.emplace_back(part);
    }
  }
  return parts;
}

std::string RelativePath(const std::string& path, const std::string& start) {
  const std::vector<std::string> to = AbsoluteParts(path), from = AbsoluteParts(start);
  size_t common = 0;
  while (common < to.size() && common < from.size() && to[common] == from[common]) ++common;
  std::vector<std::string> parts(from.size() - common, "..");
  parts.insert(parts.end(), to.begin() + common, to.end());
  return parts.empty() ? "." : absl::StrJoin(parts, "/");
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(line + 1, ":", column + 1, " : ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::StatusOr<bool> AnyMatch(FileSystem* fs, const std::string& pattern) {
  TFP_ASSIGN_OR_RETURN(std::vector<std::string> files, GetMatchingFiles(fs, pattern));
  return !files.empty();
}

absl::Status DeleteMatching(FileSystem* fs, const std::string& pattern) {
  absl::StatusOr<std::vector<std::string>> files = GetMatchingFiles(fs, pattern);
  if (absl::IsNotFound(files.status())) return absl::OkStatus();
  TFP_RETURN_IF_ERROR(files.status());
  for (const std::string& file : *files) {
    if (absl::Status deleted = fs->Delete(file); !deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  }
  return absl::OkStatus();
}

std::string StateFile(const std::string& dir, const std::string& latest_filename) {
  return JoinPath(dir, latest_filename.empty() ? "checkpoint" : latest_filename);
}

}  // namespace

absl::Status UpdateCheckpointState(const CheckpointStateUpdate& update, Logger* logger, FileSystem* fs,
                                   WriteOptions options) {
  std::string latest = update.model_checkpoint_path;
  std::vector<std::string> all = update.all_model_checkpoint_paths;
  auto relative_if = [&](bool wanted, std::string* path) {
    if (wanted) *path = RelativePath(*path, update.save_dir);
  };
  if (update.save_relative_paths) {
    relative_if(IsAbsolutePath(latest), &latest);
    for (std::string& path : all) relative_if(IsAbsolutePath(path), &path);
  }
  if (all.empty() || all.back() != latest) {
    logger->Log(LogLevel::kInfo, absl::StrCat(latest, " is not in all_model_checkpoint_paths. Manually adding it."));
    all.push_back(latest);
  }
  // What has the folder in it already is written relative to it.
  if (!IsAbsolutePath(update.save_dir)) {
    relative_if(!IsAbsolutePath(latest), &latest);
    for (std::string& path : all) relative_if(!IsAbsolutePath(path), &path);
  }
  const std::string file = StateFile(update.save_dir, update.latest_filename);
  if (file == latest) {
    return absl::FailedPreconditionError(absl::StrCat("Save path '", update.model_checkpoint_path,
                                                      "' conflicts with path used for checkpoint state.  Please use a "
                                                      "different save path."));
  }
  tensorflow::CheckpointState state;
  state.set_model_checkpoint_path(latest);
  for (const std::string& path : all) state.add_all_model_checkpoint_paths(path);
  std::string text;
  google::protobuf::TextFormat::PrintToString(state, &text);
  return WriteFileAtomically(fs, file, text, options);
}

absl::StatusOr<std::optional<CheckpointStateInfo>> GetCheckpointState(const std::string& dir,
                                                                      const std::string& latest_filename,
                                                                      Logger* logger, FileSystem* fs) {
  const std::string file = StateFile(dir, latest_filename);
  if (!FileExists(fs, file)) return std::nullopt;
  absl::StatusOr<std::string> text = ReadWholeFile(fs, file, kMaxStateBytes);
  tensorflow::CheckpointState state;
  std::string problem;
  if (!text.ok()) {
    if (!absl::IsFailedPrecondition(text.status())) return text.status();
    problem = absl::StrCat("FailedPreconditionError: ", text.status().message());
  } else {
    if (const size_t bad = FirstBadUtf8(*text); bad != absl::string_view::npos) {
      return WithHint(
          absl::InvalidArgumentError(absl::StrFormat(
              "'utf-8' codec can't decode byte 0x%02x in position %d: invalid %s byte",
              static_cast<uint8_t>((*text)[bad]), bad,
              (static_cast<uint8_t>((*text)[bad]) & 0xc0) == 0xc0 && static_cast<uint8_t>((*text)[bad]) < 0xf5
                  ? "continuation"
                  : "start")),
          absl::StrCat("the file is ", file));
    }
    FirstError errors;
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&errors);
    if (!parser.ParseFromString(*text, &state)) problem = absl::StrCat("ParseError: ", errors.text());
  }
  if (!problem.empty()) {
    logger->Log(LogLevel::kWarning, problem);
    logger->Log(LogLevel::kWarning, absl::StrCat(file, ": Checkpoint ignored"));
    return std::nullopt;
  }
  if (state.model_checkpoint_path().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("Invalid checkpoint state loaded from ", dir));
  }
  CheckpointStateInfo info;
  info.model_checkpoint_path = JoinPath(dir, state.model_checkpoint_path());
  for (const std::string& path : state.all_model_checkpoint_paths()) {
    info.all_model_checkpoint_paths.push_back(JoinPath(dir, path));
  }
  return info;
}

absl::StatusOr<std::optional<std::string>> LatestCheckpoint(const std::string& dir, const std::string& latest_filename,
                                                            Logger* logger, FileSystem* fs) {
  TFP_ASSIGN_OR_RETURN(std::optional<CheckpointStateInfo> state, GetCheckpointState(dir, latest_filename, logger, fs));
  if (!state.has_value()) return std::nullopt;
  TFP_ASSIGN_OR_RETURN(bool exists, CheckpointExists(state->model_checkpoint_path, fs));
  if (exists) return state->model_checkpoint_path;
  logger->Log(LogLevel::kError, absl::StrCat("Couldn't match files for checkpoint ", state->model_checkpoint_path));
  return std::nullopt;
}

absl::StatusOr<bool> CheckpointExists(const std::string& prefix, FileSystem* fs) {
  TFP_ASSIGN_OR_RETURN(bool v2, AnyMatch(fs, MetaFilename(prefix)));
  if (v2) return true;
  return AnyMatch(fs, prefix);
}

absl::StatusOr<std::optional<double>> CheckpointMtime(const std::string& prefix, FileSystem* fs) {
  for (const std::string& pattern : {MetaFilename(prefix), prefix}) {
    TFP_ASSIGN_OR_RETURN(std::vector<std::string> files, GetMatchingFiles(fs, pattern));
    if (files.empty()) continue;
    TFP_ASSIGN_OR_RETURN(FileStat stat, fs->Stat(files[0]));
    return std::floor(stat.mtime_seconds);
  }
  return std::nullopt;
}

absl::Status RemoveCheckpoint(const std::string& prefix, bool is_v2, const std::string& meta_graph_suffix,
                              bool keep_meta, FileSystem* fs) {
  if (!keep_meta) TFP_RETURN_IF_ERROR(DeleteMatching(fs, MetaGraphFilename(prefix, meta_graph_suffix)));
  if (!is_v2) return DeleteMatching(fs, prefix);
  TFP_RETURN_IF_ERROR(DeleteMatching(fs, MetaFilename(prefix)));
  return DeleteMatching(fs, absl::StrCat(prefix, ".data-", std::string(5, '?'), "-of-", std::string(5, '?')));
}

std::string MetaGraphFilename(const std::string& checkpoint, const std::string& suffix) {
  // -<digits or ?>-of-<digits> at the end names a shard.
  absl::string_view base = checkpoint;
  auto strip = [&base](bool question_marks) {
    const size_t before = base.size();
    while (!base.empty() && (absl::ascii_isdigit(base.back()) || (question_marks && base.back() == '?')))
      base.remove_suffix(1);
    return base.size() < before;
  };
  const bool shard =
      strip(false) && absl::ConsumeSuffix(&base, "-of-") && strip(true) && absl::ConsumeSuffix(&base, "-");
  return absl::StrCat(shard ? base : absl::string_view(checkpoint), ".", suffix.empty() ? "meta" : suffix);
}

}  // namespace tfpersist
