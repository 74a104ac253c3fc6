#include "reference/checkpoint/rename_transaction.h"

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"

namespace tfpersist {

std::string PendingName(absl::string_view file) { return absl::StrCat(file, ".tempstate"); }
std::string KeptName(absl::string_view file) { return absl::StrCat(file, ".tempstate.old"); }

absl::Status RenameTransaction::Commit() {
  if (steps_.empty()) return absl::OkStatus();
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<DirectoryLock> lock,
                       fs_->LockDirectory(std::string(Dirname(steps_[0].to))));
  if (absl::Status moved = Move(); !moved.ok()) {
    Undo();
    return moved;
  }
  for (Step& step : steps_) {
    if (step.kept) fs_->Delete(KeptName(step.to)).IgnoreError();  // the next save sweeps what stays
  }
  return absl::OkStatus();
}

absl::Status RenameTransaction::Move() {
  for (Step& step : steps_) {
    TFP_RETURN_IF_ERROR(fs_->Rename(step.from, PendingName(step.to)));
    step.place = Place::kPending;
  }
  TFP_RETURN_IF_ERROR(Sync());
  for (Step& step : steps_) {
    if (&step == &steps_.back() && steps_.size() > 1) TFP_RETURN_IF_ERROR(Sync());  // no index before its data
    const absl::StatusOr<FileStat> old = fs_->Stat(step.to);
    if (old.ok() && !old->is_directory) {
      fs_->Delete(KeptName(step.to)).IgnoreError();            // a leftover, if any
      step.kept = fs_->Link(step.to, KeptName(step.to)).ok();  // false where there are no hard links
    }
    TFP_RETURN_IF_ERROR(fs_->Rename(PendingName(step.to), step.to));
    step.place = Place::kFinal;
  }
  return Sync();
}

absl::Status RenameTransaction::Sync() {
  if (!options_.durable) return absl::OkStatus();
  return fs_->SyncDirectory(std::string(Dirname(steps_[0].to)));
}

void RenameTransaction::Undo() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->place == Place::kFinal) fs_->Rename(step->to, step->from).IgnoreError();
    if (step->place == Place::kPending) fs_->Rename(PendingName(step->to), step->from).IgnoreError();
    if (step->kept) fs_->Rename(KeptName(step->to), step->to).IgnoreError();
    step->place = Place::kSource;
    step->kept = false;
  }
}

}  // namespace tfpersist
