// Merges the shards that several writers left into one checkpoint, by renaming data files and writing one index.
// Follows MergeBundles of core/util/tensor_bundle/tensor_bundle.cc (semantics D24 to D29), without its half-done
// states.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_MERGE_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_MERGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"

namespace tfpersist {

struct MergeOptions {
  FileSystem* file_system = PosixFileSystem();
  Limits limits;
  WriteOptions write;
  bool delete_old_dirs = false;  // the sources' folders, where they are empty then and not the destination's
};

// The checkpoints at `prefixes` become the one at `merged_prefix`; they are gone afterwards. Shards are numbered by
// first use, in the order of `prefixes`. One missing level of the destination's folder is made. INVALID_ARGUMENT for
// duplicate tensors and for sources that do not fit together; then, and after any failure, the sources are as they
// were.
absl::Status MergeBundles(absl::Span<const std::string> prefixes, const std::string& merged_prefix,
                          const MergeOptions& options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_MERGE_H_
