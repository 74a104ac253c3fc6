#include "reference/checkpoint/rename_transaction.h"

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"

namespace tfpersist {

absl::Status RenameTransaction::Commit() {
  for (Step& step : steps_) {
    const absl::StatusOr<FileStat> old = fs_->Stat(step.to);
    if (old.ok() && !old->is_directory) {
      std::string kept = absl::StrCat(step.from, ".old");
      if (fs_->Link(step.to, kept).ok()) step.kept = std::move(kept);
    }
    if (absl::Status renamed = fs_->Rename(step.from, step.to); !renamed.ok()) {
      Undo();
      return renamed;
    }
    step.renamed = true;
  }
  if (options_.durable && !steps_.empty()) {
    if (absl::Status synced = fs_->SyncDirectory(std::string(Dirname(steps_[0].to))); !synced.ok()) {
      Undo();
      return synced;
    }
  }
  for (Step& step : steps_) {
    if (!step.kept.empty()) fs_->Delete(step.kept).IgnoreError();  // a leftover is harmless
  }
  return absl::OkStatus();
}

void RenameTransaction::Undo() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->renamed) fs_->Rename(step->to, step->from).IgnoreError();
    if (!step->kept.empty()) fs_->Rename(step->kept, step->to).IgnoreError();
    step->renamed = false;
    step->kept.clear();
  }
}

}  // namespace tfpersist
