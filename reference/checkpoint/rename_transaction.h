// Several files that take their final names together. Either all do, or what was there stays.
//
// Files that are replaced are kept under a second name (a hard link) until the last rename is done, and put back if one
// fails. Where hard links can't be made the old file can't be put back; then nothing is replaced but the rename itself.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "reference/base/file.h"

namespace tfpersist {

class RenameTransaction {
 public:
  RenameTransaction(FileSystem* fs, WriteOptions options) : fs_(fs), options_(options) {}
  void Add(std::string from, std::string to) { steps_.push_back({std::move(from), std::move(to), "", false}); }
  // In the order they were added. On failure the sources have their old names again.
  absl::Status Commit();

 private:
  struct Step {
    std::string from, to;
    std::string kept;  // the second name of what `to` was before; empty: there was nothing
    bool renamed;
  };
  void Undo();

  FileSystem* fs_;
  WriteOptions options_;
  std::vector<Step> steps_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_RENAME_TRANSACTION_H_
