// What a save leaves behind when its process dies, and what the next one makes of it (rename_transaction.h has the
// names).
//
// Thread-safe, between processes too: it works under the folder's lock, so that a save that is still going on is waited
// for and not touched.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_RECOVERY_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_RECOVERY_H_

#include <string>

#include "absl/status/status.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"

namespace tfpersist {

// Brings the checkpoint at `prefix` to one whole state if a save of it was cut off between its renames: the new one
// where every value of it is there and intact, else the one before. One stat() where nothing is to be done.
absl::Status RecoverInterruptedSave(const std::string& prefix, FileSystem* fs = PosixFileSystem(),
                                    const Limits& limits = {}, WriteOptions options = {});

// Finishes or undoes every interrupted save of the folder, and deletes temporary files of processes of this host that
// are gone. What can't be deleted stays, without an error.
void SweepLeftovers(const std::string& dir, FileSystem* fs = PosixFileSystem(), const Limits& limits = {},
                    WriteOptions options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_RECOVERY_H_
