// Writes a V2 checkpoint of one shard, byte for byte as TensorFlow 1.11.0 does.
//
// Tensors are written in the order they are added; the index is sorted. Until Finish() has returned OK nothing is to be
// seen under the prefix but what was there before, and after a failure nothing is left behind. Not thread-safe.
// Follows core/util/tensor_bundle/tensor_bundle.cc (semantics D).
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_WRITER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_WRITER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "reference/base/file.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tensorflow {
class BundleEntryProto;
}

namespace tfpersist {

struct BundleWriterOptions {
  FileSystem* file_system = PosixFileSystem();
  WriteOptions write;
  int64_t data_alignment = 1;  // zeros up to a multiple of it between tensors
};

class BundleWriter {
 public:
  // Makes one missing level of the folder. NOT_FOUND if more is missing.
  static absl::StatusOr<std::unique_ptr<BundleWriter>> Create(const std::string& prefix,
                                                              BundleWriterOptions options = {});
  ~BundleWriter();

  // INVALID_ARGUMENT "Adding duplicate key: K", or an empty key, which TensorFlow aborts on.
  absl::Status Add(absl::string_view key, const Tensor& value);
  // `value` is the part `slice` of the tensor `full_key` of `full_shape`. A slice of everything is stored as a whole
  // tensor.
  absl::Status AddSlice(absl::string_view full_key, const TensorShape& full_shape, const TensorSlice& slice,
                        const Tensor& value);
  // FAILED_PRECONDITION "BundleWriter is closed" the second time.
  absl::Status Finish();

 private:
  BundleWriter(const std::string& prefix, BundleWriterOptions options);
  absl::Status WriteValue(const Tensor& value, tensorflow::BundleEntryProto* entry);
  absl::Status Append(absl::string_view bytes);
  absl::Status WriteIndex(const std::string& file);

  std::string prefix_;
  BundleWriterOptions options_;
  std::string data_temp_, index_temp_;
  std::unique_ptr<WritableFile> data_;
  int64_t size_ = 0;
  std::map<std::string, tensorflow::BundleEntryProto, std::less<>> entries_;
  absl::Status status_;  // the first failure; everything after it fails too
  bool closed_ = false;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_WRITER_H_
