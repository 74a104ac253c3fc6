// The state file and what only names can tell (PROTOCOL.md 5, checkpoint management).
#include "reference/base/status.h"
#include "reference/testee/case.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

absl::StatusOr<Json> LatestCheckpointVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string dir, args.String("dir"));
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("latest_filename", ""));
  TFP_ASSIGN_OR_RETURN(const std::optional<std::string> latest, LatestCheckpoint(dir, file, c.logger()));
  return latest ? Json(*latest) : Json();
}

absl::StatusOr<Json> CheckpointExistsVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, args.String("prefix"));
  TFP_ASSIGN_OR_RETURN(const bool exists, CheckpointExists(prefix));
  return Json(exists);
}

absl::StatusOr<Json> GetCheckpointStateVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string dir, args.String("dir"));
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("latest_filename", ""));
  TFP_ASSIGN_OR_RETURN(const std::optional<CheckpointStateInfo> state, GetCheckpointState(dir, file, c.logger()));
  if (!state) return nullptr;
  return Json{{"model_checkpoint_path", state->model_checkpoint_path},
              {"all_model_checkpoint_paths", state->all_model_checkpoint_paths}};
}

absl::StatusOr<Json> UpdateCheckpointStateVerb(Case& c, const Args& args) {
  CheckpointStateUpdate update;
  TFP_ASSIGN_OR_RETURN(update.save_dir, args.String("dir"));
  TFP_ASSIGN_OR_RETURN(update.model_checkpoint_path, args.String("model_checkpoint_path"));
  if (args.Has("all_model_checkpoint_paths")) {
    TFP_ASSIGN_OR_RETURN(update.all_model_checkpoint_paths, args.Strings("all_model_checkpoint_paths"));
  }
  TFP_ASSIGN_OR_RETURN(update.latest_filename, args.String("latest_filename", "checkpoint"));
  TFP_RETURN_IF_ERROR(UpdateCheckpointState(update, c.logger()));
  return nullptr;
}

absl::StatusOr<Json> RemoveCheckpointVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, args.String("prefix"));
  TFP_ASSIGN_OR_RETURN(const std::string suffix, args.String("meta_graph_suffix", "meta"));
  TFP_RETURN_IF_ERROR(RemoveCheckpoint(prefix, /*is_v2=*/true, suffix));
  return nullptr;
}

constexpr Verb kVerbs[] = {
    {"latest_checkpoint", LatestCheckpointVerb},      {"checkpoint_exists", CheckpointExistsVerb},
    {"get_checkpoint_state", GetCheckpointStateVerb}, {"update_checkpoint_state", UpdateCheckpointStateVerb},
    {"remove_checkpoint", RemoveCheckpointVerb},
};

}  // namespace

absl::Span<const Verb> CheckpointStateVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
