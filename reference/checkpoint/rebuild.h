// Where each tensor of a checkpoint lies whose index is lost, as far as the meta graph and the data files tell.
//
// A saver writes its tensors one after the other, in the order of its SaveV2's names: with dtypes from that op and
// shapes from the variables, each begins where the one before it ends. What can't be sized (a string behind a damaged
// one, a variable of unknown shape) ends the walk; what follows is placed from the file's end, as far as sizes are
// known there. Checksums are lost with the index, so each tensor comes with a sentence that says how sure its place is.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_REBUILD_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_REBUILD_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {

struct RebuiltEntry {
  std::string name;
  DataType dtype = DT_INVALID;
  TensorShape full_shape;
  TensorSlice slice;  // of full_shape
  TensorShape shape;  // of the slice: what is stored
  int32_t shard = 0;
  int64_t offset = 0;
  std::string sureness;
};

struct RebuiltIndex {
  int32_t num_shards = 0;
  std::vector<RebuiltEntry> entries;
  std::vector<std::pair<std::string, std::string>> lost;  // name, why
};

// From P.meta and the files P.data-…. NOT_FOUND without a meta graph or without data files; DATA_LOSS for a meta graph
// that can't be parsed; FAILED_PRECONDITION for one whose saver says too little.
absl::StatusOr<RebuiltIndex> RebuildIndex(const std::string& prefix, const ReadOptions& options = {});

// The value of an entry, unchecked but for the checksum that strings carry of their lengths.
absl::StatusOr<Tensor> ReadRebuilt(const std::string& prefix, const RebuiltIndex& index, const RebuiltEntry& entry,
                                   const ReadOptions& options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_REBUILD_H_
