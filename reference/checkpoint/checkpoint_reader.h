// What tf.train.NewCheckpointReader gives: one view of a V2 or V1 checkpoint. Follows c/checkpoint_reader.cc (semantics
// E). Immutable once open; thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_READER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_READER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/v1_reader.h"

namespace tfpersist {

class CheckpointReader {
 public:
  // V2 if there is a `P.index`, else V1 files that match `prefix`. A member file ("P.index", "P.data-…", "P.meta") is
  // no prefix: INVALID_ARGUMENT that says the right one, where TensorFlow opens it and finds nothing (E10).
  static absl::StatusOr<std::unique_ptr<CheckpointReader>> Open(const std::string& prefix, ReadOptions options = {});

  const std::map<std::string, TensorShape>& variable_to_shape_map() const { return shapes_; }
  const std::map<std::string, DataType>& variable_to_dtype_map() const { return dtypes_; }
  bool HasTensor(absl::string_view name) const;
  // NOT_FOUND "Key K not found in checkpoint"; V1: "K not found in checkpoint file".
  absl::StatusOr<Tensor> GetTensor(absl::string_view name) const;
  std::string DebugString() const { return debug_string_; }

  const BundleReader* bundle() const { return bundle_.get(); }  // null: V1
  const V1Reader* v1() const { return v1_.get(); }              // null: V2

 private:
  CheckpointReader() = default;
  std::unique_ptr<BundleReader> bundle_;
  std::unique_ptr<V1Reader> v1_;
  std::map<std::string, TensorShape> shapes_;
  std::map<std::string, DataType> dtypes_;
  std::string debug_string_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_CHECKPOINT_READER_H_
