// TensorShape (all dimensions known, sizes checked against overflow) and PartialTensorShape (as graphs know it).
// Follows TensorFlow's core/framework/tensor_shape.h. Values; no thread rules beyond those of a value.
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_SHAPE_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_SHAPE_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tensorflow {
class TensorShapeProto;
}

namespace tfpersist {

class TensorShape {
 public:
  static constexpr int kMaxRank = 254;

  TensorShape() = default;                           // a scalar
  TensorShape(std::initializer_list<int64_t> dims);  // REQUIRES: valid dims; for shapes that the program knows

  // INVALID_ARGUMENT for a negative dimension, more than 254 dimensions, or more than 2^63 - 1 elements.
  static absl::StatusOr<TensorShape> Create(absl::Span<const int64_t> dims);
  // The same for a proto; an unknown rank counts as a scalar, as TensorFlow 1.x has it.
  static absl::StatusOr<TensorShape> FromProto(const tensorflow::TensorShapeProto& proto);
  void ToProto(tensorflow::TensorShapeProto* proto) const;

  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t dim(int i) const { return dims_[i]; }
  absl::Span<const int64_t> dims() const { return dims_; }
  int64_t num_elements() const { return num_elements_; }
  bool IsScalar() const { return dims_.empty(); }

  bool operator==(const TensorShape& o) const { return dims_ == o.dims_; }
  bool operator!=(const TensorShape& o) const { return !(*this == o); }

  std::string DebugString() const;  // "[2,3]", "[]"

 private:
  absl::InlinedVector<int64_t, 4> dims_;
  int64_t num_elements_ = 1;
};

class PartialTensorShape {
 public:
  PartialTensorShape() : unknown_rank_(true) {}             // nothing known
  PartialTensorShape(std::initializer_list<int64_t> dims);  // -1: unknown dimension
  explicit PartialTensorShape(absl::Span<const int64_t> dims);
  PartialTensorShape(const TensorShape& shape);  // NOLINT: every TensorShape is a PartialTensorShape

  static absl::StatusOr<PartialTensorShape> FromProto(const tensorflow::TensorShapeProto& proto);
  void ToProto(tensorflow::TensorShapeProto* proto) const;

  bool unknown_rank() const { return unknown_rank_; }
  int rank() const { return unknown_rank_ ? -1 : static_cast<int>(dims_.size()); }
  int64_t dim(int i) const { return dims_[i]; }  // -1: unknown
  absl::Span<const int64_t> dims() const { return dims_; }
  bool IsFullyDefined() const;
  // REQUIRES: IsFullyDefined().
  absl::StatusOr<TensorShape> AsTensorShape() const { return TensorShape::Create(dims_); }
  bool IsCompatibleWith(const TensorShape& shape) const;
  bool IsCompatibleWith(const PartialTensorShape& shape) const;
  bool operator==(const PartialTensorShape& o) const { return unknown_rank_ == o.unknown_rank_ && dims_ == o.dims_; }

  std::string DebugString() const;  // "[?,4]", "<unknown>"

 private:
  bool unknown_rank_ = false;
  absl::InlinedVector<int64_t, 4> dims_;
};

// Of a node's outputs: one, mostly.
using ShapeVector = absl::InlinedVector<PartialTensorShape, 1>;

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_SHAPE_H_
