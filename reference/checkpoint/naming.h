// What the files of a checkpoint are called, and what a name that somebody passed as a prefix really is.
// Follows core/util/tensor_bundle/naming.cc.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_NAMING_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_NAMING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tfpersist {

std::string MetaFilename(absl::string_view prefix);  // "P.index": the bundle's metadata, not the meta graph
std::string DataFilename(absl::string_view prefix, int32_t shard, int32_t num_shards);   // "P.data-00000-of-00001"
std::string ShardedName(absl::string_view basename, int32_t shard, int32_t num_shards);  // "B-00000-of-00002"

// The prefix that a member file belongs to ("P" for "P.index", "P.data-00000-of-00001", "P.meta"); empty if `name` is
// none.
std::string PrefixOfMember(absl::string_view name);

// One sentence for somebody who passed a member file, or a state file, where a prefix is wanted; empty if he did not.
std::string MemberFileHint(absl::string_view name);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_NAMING_H_
