// TensorSlice: a box within a tensor, one extent per dimension; and the shape_and_slice strings of SaveV2 and
// RestoreV2. Follows core/framework/tensor_slice.h and core/util/saved_tensor_slice_util.h. Values.
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_SLICE_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_SLICE_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/tensor/tensor_shape.h"

namespace tensorflow {
class TensorSliceProto;
}

namespace tfpersist {

class TensorSlice {
 public:
  static constexpr int64_t kFull = -1;  // the whole dimension, whatever its size
  struct Extent {
    int64_t start = 0;
    int64_t length = kFull;
    bool operator==(const Extent& o) const { return start == o.start && length == o.length; }
  };

  TensorSlice() = default;
  explicit TensorSlice(int rank) : extents_(rank) {}  // everything

  // "-:0,2": starts are >= 0 and lengths > 0, else INVALID_ARGUMENT (C18).
  static absl::StatusOr<TensorSlice> Parse(absl::string_view text);
  static absl::StatusOr<TensorSlice> FromProto(const tensorflow::TensorSliceProto& proto);
  void ToProto(tensorflow::TensorSliceProto* proto) const;

  int rank() const { return static_cast<int>(extents_.size()); }
  const Extent& extent(int d) const { return extents_[d]; }
  void set_extent(int d, Extent e) { extents_[d] = e; }
  bool IsFullAt(int d) const { return extents_[d].length == kFull; }
  bool IsFull() const;
  int64_t start(int d) const { return extents_[d].start; }
  int64_t end(int d) const { return extents_[d].start + extents_[d].length; }  // REQUIRES: not full at d

  // The shape of the slice of a tensor of `shape`. INTERNAL for another rank or an extent out of bounds (C18).
  absl::StatusOr<TensorShape> SliceShape(const TensorShape& shape) const;
  // This slice with every full extent written out for `shape`. REQUIRES: same rank.
  TensorSlice Resolved(const TensorShape& shape) const;
  // The common part, or false. Full extents meet everything. REQUIRES: same rank.
  bool Intersect(const TensorSlice& other, TensorSlice* result) const;
  bool operator==(const TensorSlice& o) const { return extents_ == o.extents_; }

  std::string DebugString() const;  // "-:0,2"

 private:
  absl::InlinedVector<Extent, 4> extents_;
};

// "4 2 0,2:-": the full shape, the slice, and the slice's shape.
struct ShapeAndSlice {
  TensorShape shape;
  TensorSlice slice;
  TensorShape slice_shape;
};
absl::StatusOr<ShapeAndSlice> ParseShapeAndSlice(absl::string_view text);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_SLICE_H_
