// Several files that take their final names together: the data files of a checkpoint, and last its index.
//
// TensorFlow's names leave no order of renames that is atomic, so two things stand in for it. An error on the way is
// undone: a file that is replaced is kept under a second name (a hard link, F.tempstate.old) until the last rename is
// done. And a crash on the way is finished or undone by whoever opens the prefix next (recovery.h): each file first
// takes a pending name (F.tempstate), the index last, so that a pending index says that everything is there.
// A folder's transactions are kept apart by its lock. Where durable, the folder is synced between the phases.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "reference/base/file.h"

namespace tfpersist {

std::string PendingName(absl::string_view file);  // "F.tempstate"
std::string KeptName(absl::string_view file);     // "F.tempstate.old"

class RenameTransaction {
 public:
  RenameTransaction(FileSystem* fs, WriteOptions options) : fs_(fs), options_(options) {}
  // `to` of all steps lie in one folder; the last is the index.
  void Add(std::string from, std::string to) { steps_.push_back({std::move(from), std::move(to), Place::kSource}); }
  // In the order they were added. On failure the sources have their old names again, and so has what they replaced.
  absl::Status Commit();

 private:
  enum class Place : uint8_t { kSource, kPending, kFinal };
  struct Step {
    std::string from, to;
    Place place;
    bool kept = false;  // what `to` was before has a second name
  };
  absl::Status Move();
  absl::Status Sync();
  void Undo();

  FileSystem* fs_;
  WriteOptions options_;
  std::vector<Step> steps_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_
