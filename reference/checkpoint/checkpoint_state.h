// The state file `checkpoint`, and the questions about checkpoints that need only names.
// Follows python/training/checkpoint_management.py (semantics B27 to B48). Functions are thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_STATE_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_STATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/base/file.h"
#include "reference/base/logger.h"

namespace tfpersist {

struct CheckpointStateInfo {
  std::string model_checkpoint_path;
  std::vector<std::string> all_model_checkpoint_paths;
};

struct CheckpointStateUpdate {
  std::string save_dir;
  std::string model_checkpoint_path;
  std::vector<std::string> all_model_checkpoint_paths;
  std::string latest_filename = "checkpoint";
  bool save_relative_paths = false;
};

// Replaces the state file. FAILED_PRECONDITION if the checkpoint's own path is the state file's (B31).
absl::Status UpdateCheckpointState(const CheckpointStateUpdate& update, Logger* logger = StderrLogger(),
                                   FileSystem* fs = PosixFileSystem(), WriteOptions options = {});

// The state file's content with paths joined to the folder. Nothing if there is none, or (with two warnings) if it
// can't be parsed; INVALID_ARGUMENT if it names no checkpoint or is not UTF-8 (B35).
absl::StatusOr<std::optional<CheckpointStateInfo>> GetCheckpointState(const std::string& dir,
                                                                      const std::string& latest_filename = "",
                                                                      Logger* logger = StderrLogger(),
                                                                      FileSystem* fs = PosixFileSystem());

// The latest checkpoint that the state file names, if its files are there (B37).
absl::StatusOr<std::optional<std::string>> LatestCheckpoint(const std::string& dir,
                                                            const std::string& latest_filename = "",
                                                            Logger* logger = StderrLogger(),
                                                            FileSystem* fs = PosixFileSystem());

// `P.index`, or V1 files `P`, exist; globs (B38). NOT_FOUND if the folder does not.
absl::StatusOr<bool> CheckpointExists(const std::string& prefix, FileSystem* fs = PosixFileSystem());

// When the checkpoint was written, in whole seconds; nothing if it is not there.
absl::StatusOr<std::optional<double>> CheckpointMtime(const std::string& prefix, FileSystem* fs = PosixFileSystem());

// Deletes `P.meta`, then `P.index` and the data files (V2) or `P` (V1); what is missing is no error.
absl::Status RemoveCheckpoint(const std::string& prefix, bool is_v2 = true,
                              const std::string& meta_graph_suffix = "meta", bool keep_meta = false,
                              FileSystem* fs = PosixFileSystem());

// "a.meta" for "a", "a-00003-of-00004" and "a-?????-of-00004" (B14).
std::string MetaGraphFilename(const std::string& checkpoint, const std::string& suffix = "meta");

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_STATE_H_
