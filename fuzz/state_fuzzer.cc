// Any bytes as a state file: read, and what was understood is written and read again.
#include "fuzz/util.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/checkpoint/verify.h"

using namespace tfpersist;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/checkpoint", std::string(reinterpret_cast<const char*>(data), size));
  (void)LatestCheckpoint("d", "", fuzz::Silent(), &fs);
  const auto state = GetCheckpointState("d", "", fuzz::Silent(), &fs);
  if (!state.ok() || !state->has_value()) return 0;
  if ((*state)->all_model_checkpoint_paths.size() > 1000) return 0;
  VerifyOptions verify;
  verify.read = fuzz::SmallRead(&fs);
  if ((*state)->all_model_checkpoint_paths.size() < 16) (void)LatestIntactCheckpoint("d", verify, fuzz::Silent());
  CheckpointStateUpdate update;
  update.save_dir = "d";
  update.latest_filename = "again";
  update.model_checkpoint_path = (*state)->model_checkpoint_path;
  update.all_model_checkpoint_paths = (*state)->all_model_checkpoint_paths;
  update.save_relative_paths = size % 2 == 0;
  if (!UpdateCheckpointState(update, fuzz::Silent(), &fs, {.durable = false}).ok()) return 0;
  const auto again = GetCheckpointState("d", "again", fuzz::Silent(), &fs);
  if (!again.ok() || !again->has_value()) fuzz::Fail("a state that was written can't be read");
  // Relative paths are taken as the folder's on reading, so that only the others must be the same.
  const std::string& path = update.model_checkpoint_path;
  if (IsAbsolutePath(path) && !update.save_relative_paths && (*again)->model_checkpoint_path != path) {
    fuzz::Fail("the state names another checkpoint: " + (*again)->model_checkpoint_path);
  }
  return 0;
}
