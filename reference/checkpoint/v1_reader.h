// Reads V1 checkpoints: one or several table files of SavedTensorSlices.
// Follows core/util/tensor_slice_reader.cc (semantics E, C14). Immutable once open; thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_V1_READER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_V1_READER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/table/table_reader.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {

class V1Reader {
 public:
  struct Variable {
    DataType dtype = DT_INVALID;
    TensorShape shape;
    std::vector<TensorSlice> slices;
    std::vector<int> files;  // which file holds the slice
  };

  // `pattern` is a file or a glob of shards. NOT_FOUND if nothing matches; DATA_LOSS "Unable to open table file F: …".
  static absl::StatusOr<std::unique_ptr<V1Reader>> Open(const std::string& pattern, ReadOptions options = {});

  const std::map<std::string, Variable>& variables() const { return variables_; }
  const Variable* Find(absl::string_view name) const;  // null: none

  // The slice, put together from the stored ones. NOT_FOUND, or INVALID_ARGUMENT if they do not cover it.
  absl::StatusOr<Tensor> LookupSlice(absl::string_view name, const TensorSlice& slice) const;
  absl::StatusOr<Tensor> Lookup(absl::string_view name) const;

  std::string DebugString() const;

 private:
  V1Reader() = default;
  absl::Status AddFile(const std::string& file);
  absl::StatusOr<Tensor> ReadSlice(absl::string_view name, const Variable& variable, size_t i) const;

  ReadOptions options_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<TableReader>> tables_;
  std::map<std::string, Variable> variables_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_V1_READER_H_
