// Writes a V1 checkpoint file, as the Save and SaveSlices ops do. Follows core/util/tensor_slice_writer.cc.
// The file appears whole or not at all. Not thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_V1_WRITER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_V1_WRITER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tensorflow {
class SavedTensorSlices;
}

namespace tfpersist {

class V1Writer {
 public:
  explicit V1Writer(std::string file, BundleWriterOptions options = {});
  ~V1Writer();
  // A full slice of everything: TensorSlice(rank). INVALID_ARGUMENT for another shape or type under the same name, a
  // slice that is there already, and types that V1 does not hold.
  absl::Status Add(const std::string& name, const TensorShape& full_shape, const TensorSlice& slice,
                   const Tensor& value);
  absl::Status Finish();

 private:
  std::string file_;
  BundleWriterOptions options_;
  std::unique_ptr<tensorflow::SavedTensorSlices> meta_;
  std::map<std::string, int> index_;           // of a name within meta_
  std::map<std::string, std::string> values_;  // by encoded key
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_V1_WRITER_H_
