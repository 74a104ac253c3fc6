// New checkpoints from old ones, one tensor in memory at a time: renamed, or saved from a damaged one.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_REWRITE_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_REWRITE_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"

namespace tfpersist {

struct RewriteOptions {
  ReadOptions read;
  WriteOptions write;
  std::function<void(int64_t done, int64_t total)> progress;  // tensors
};

struct RenamePlan {
  std::map<std::string, std::string> names;     // old -> new
  std::map<std::string, std::string> prefixes;  // "old/scope" -> "new/scope", where no whole name is given
  std::set<std::string> dropped;
};

// (old, new) for every tensor that stays, in order of old names. NOT_FOUND names an old name or prefix that nothing
// has; INVALID_ARGUMENT two tensors that would take one name.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> PlanRename(const BundleReader& reader,
                                                                            const RenamePlan& plan);

// Writes the checkpoint `out`, values bit for bit, slices as they are. `out` may be the source's prefix.
absl::Status RenameCheckpoint(const std::string& prefix, const std::string& out, const RenamePlan& plan,
                              const RewriteOptions& options = {});

struct SalvageReport {
  std::vector<std::string> saved;
  std::vector<std::pair<std::string, std::string>> lost;  // name, why
  // Of those saved, the ones that no checksum vouches for, since the index is lost: name, how sure its place is.
  std::vector<std::pair<std::string, std::string>> unsure;
};
// Writes the checkpoint `out` from every tensor of `prefix` that is whole. A tensor of several slices is saved if all
// of them are. Where the index can't be read at all it is rebuilt from the meta graph and the data files (rebuild.h);
// the error is the reader's where that can't be either, and DATA_LOSS where nothing is left.
absl::StatusOr<SalvageReport> SalvageCheckpoint(const std::string& prefix, const std::string& out,
                                                const RewriteOptions& options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_REWRITE_H_
