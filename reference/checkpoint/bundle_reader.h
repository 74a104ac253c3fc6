// Reads a V2 checkpoint ("bundle"): `P.index`, a table of entries, and the data shards `P.data-…`.
//
// Follows core/util/tensor_bundle/tensor_bundle.cc in codes and texts (semantics D); what 1.11.0 lacks or gets wrong it
// does right: the other byte order is read, partitioned tensors of every dtype are assembled, nothing aborts. Errors
// that concern a file carry a hint that names it (base/status.h). A BundleReader may be used from several threads.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_READER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_READER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/base/mutex.h"
#include "reference/base/threads.h"
#include "reference/checkpoint/bundle_entry.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/table/table_reader.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tensorflow {
class BundleEntryProto;
}

namespace tfpersist {

struct ReadOptions {
  FileSystem* file_system = PosixFileSystem();
  Limits limits;
  Allocator* allocator = HeapAllocator();
  // Large tensors are the file's own pages, copy-on-write, instead of a copy (base/mapped_range.h says what happens if
  // somebody cuts the file in place; replacing it, as every save here does, is safe). What can't be mapped is copied:
  // strings, the other byte order, offsets that do not fit the dtype. Checksums are verified all the same.
  bool map_files = false;
};

// One variable of a checkpoint, as its index describes it.
struct VariableInfo {
  std::string name;
  DataType dtype = DT_INVALID;
  TensorShape shape;   // the whole tensor's, also where it is stored in slices
  int num_slices = 0;  // 0: stored whole
  int shard = 0;       // of a tensor stored whole
  int64_t bytes = 0;   // in the data files, slices included
};

class BundleReader {
 public:
  // NOT_FOUND without an index; DATA_LOSS for a broken one; INVALID_ARGUMENT if its version asks for another reader
  // (D15).
  static absl::StatusOr<std::unique_ptr<BundleReader>> Open(const std::string& prefix, ReadOptions options = {});
  ~BundleReader();

  // The tensor under `key`, put together if it is stored in slices. NOT_FOUND "Key K not found in checkpoint".
  absl::StatusOr<Tensor> Lookup(absl::string_view key) const;

  // Many tensors in two steps, for who wants to know what is there before anything is read. An index entry as it
  // stands:
  using Entry = BundleEntry;
  // The entries of keys in ascending order, found in one walk over the index. Errors as of LookupDtypeAndShape.
  std::vector<absl::StatusOr<Entry>> FindAll(absl::Span<const absl::string_view> keys) const;
  // Their tensors, read side by side; small ones that are neighbours in the file are read together. Each has the error
  // that Lookup would give. Gives up, with CANCELLED, once `cancelled` says so.
  std::vector<absl::StatusOr<Tensor>> ReadAll(absl::Span<const absl::string_view> keys, absl::Span<const Entry> entries,
                                              ThreadPool& threads, const std::function<bool()>& cancelled = {}) const;
  // For who reads what is stored whole in his own way (value_reader.h has the checks): the shard, and an error of the
  // reading with the hint that Lookup gives it.
  absl::StatusOr<std::shared_ptr<const RandomAccessFile>> Shard(int32_t shard) const;
  absl::Status ErrorAt(const absl::Status& error, absl::string_view key, const Entry& entry) const;

  // A part of a tensor. INVALID_ARGUMENT if the stored slices do not cover it.
  absl::StatusOr<Tensor> LookupSlice(absl::string_view key, const TensorSlice& slice) const;
  // dtype is the stored number, valid or not.
  absl::Status LookupDtypeAndShape(absl::string_view key, DataType* dtype, TensorShape* shape) const;
  // Exactly this key: encoded slice keys and the header's "" count too (E06).
  absl::StatusOr<bool> Contains(absl::string_view key) const;

  // The stored slices of a tensor; empty where it is stored whole.
  absl::StatusOr<std::vector<TensorSlice>> Slices(absl::string_view key) const;

  // Every variable in order of names; slices count as their tensor. DATA_LOSS at the first entry that can't be read.
  absl::StatusOr<std::vector<VariableInfo>> ListVariables() const;
  // The names alone, whatever their entries look like; what follows a broken block is left out.
  absl::StatusOr<std::vector<std::string>> ListReadableNames() const;
  // One line a variable, "name (DT_FLOAT) [2,3]", and one an encoded slice key (E05).
  absl::StatusOr<std::string> DebugString() const;

  const std::string& prefix() const { return prefix_; }
  int num_shards() const { return num_shards_; }
  bool swaps_bytes() const { return swap_; }

 private:
  BundleReader(std::string prefix, ReadOptions options);
  absl::Status ReadHeader();
  absl::Status FindEntry(absl::string_view key, tensorflow::BundleEntryProto* entry) const;
  absl::Status NotParseable(absl::string_view key) const;
  // The iterator at this key, or why there is none.
  absl::Status Seek(absl::string_view key, TableReader::Iterator* it) const;
  absl::StatusOr<Entry> FindOne(absl::string_view key) const;
  absl::StatusOr<Tensor> ReadValue(absl::string_view key, const tensorflow::BundleEntryProto& entry) const;
  // The same of an entry that is stored whole, from the shard or from what stands for it.
  absl::StatusOr<Tensor> ReadWhole(absl::string_view key, const Entry& entry, const RandomAccessFile& file) const;
  absl::StatusOr<Tensor> ReadEntry(absl::string_view key, const Entry& entry) const;
  bool IsSmall(const Entry& entry) const;
  absl::StatusOr<Tensor> ReadSlices(absl::string_view key, const tensorflow::BundleEntryProto& entry,
                                    const TensorSlice& wanted) const;

  std::string prefix_;
  ReadOptions options_;
  std::unique_ptr<TableReader> table_;
  int num_shards_ = 0;
  bool swap_ = false;
  mutable Mutex mu_;
  mutable std::map<int32_t, std::shared_ptr<const RandomAccessFile>> shards_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_READER_H_
