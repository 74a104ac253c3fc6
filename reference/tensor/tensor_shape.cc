#include "reference/tensor/tensor_shape.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/base/status.h"
#include "reference/proto/tensor_shape.pb.h"

namespace tfpersist {

TensorShape::TensorShape(std::initializer_list<int64_t> dims) : dims_(dims.begin(), dims.end()) {
  for (int64_t d : dims_) num_elements_ *= d;
}

absl::StatusOr<TensorShape> TensorShape::Create(absl::Span<const int64_t> dims) {
  if (dims.size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("Shape has ", dims.size(), " dimensions; at most ", kMaxRank));
  }
  TensorShape shape;
  // Zero anywhere makes the shape empty, but the product of the others must fit all the same.
  int64_t product = 1;
  bool empty = false;
  for (int64_t d : dims) {
    if (d < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Dimension ", d, " must be >= 0 in shape [", absl::StrJoin(dims, ","), "]"));
    }
    if (d == 0) {
      empty = true;
    } else if (product > std::numeric_limits<int64_t>::max() / d) {
      return absl::InvalidArgumentError(
          absl::StrCat("Shape [", absl::StrJoin(dims, ","), "] is too large (more than 2**63 - 1 entries)"));
    } else {
      product *= d;
    }
    shape.dims_.push_back(d);
  }
  shape.num_elements_ = empty ? 0 : product;
  return shape;
}

absl::StatusOr<TensorShape> TensorShape::FromProto(const tensorflow::TensorShapeProto& proto) {
  if (proto.unknown_rank()) return TensorShape();
  if (proto.dim_size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("Shape has ", proto.dim_size(), " dimensions; at most ", kMaxRank));
  }
  absl::InlinedVector<int64_t, 8> dims;
  for (const auto& d : proto.dim()) dims.push_back(d.size());
  return Create(dims);
}

void TensorShape::ToProto(tensorflow::TensorShapeProto* proto) const {
  proto->Clear();
  for (int64_t d : dims_) proto->add_dim()->set_size(d);
}

std::string TensorShape::DebugString() const { return absl::StrCat("[", absl::StrJoin(dims_, ","), "]"); }

PartialTensorShape::PartialTensorShape(std::initializer_list<int64_t> dims) : dims_(dims.begin(), dims.end()) {}

PartialTensorShape::PartialTensorShape(absl::Span<const int64_t> dims) : dims_(dims.begin(), dims.end()) {}

PartialTensorShape::PartialTensorShape(const TensorShape& shape) : dims_(shape.dims().begin(), shape.dims().end()) {}

absl::StatusOr<PartialTensorShape> PartialTensorShape::FromProto(const tensorflow::TensorShapeProto& proto) {
  if (proto.unknown_rank()) return PartialTensorShape();
  if (proto.dim_size() > TensorShape::kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Shape has ", proto.dim_size(), " dimensions; at most ", TensorShape::kMaxRank));
  }
  PartialTensorShape shape{std::initializer_list<int64_t>{}};
  for (const auto& d : proto.dim()) {
    if (d.size() < -1) {
      return absl::InvalidArgumentError(absl::StrCat("Shape has dimension ", d.size(), "; unknown is -1"));
    }
    shape.dims_.push_back(d.size());
  }
  return shape;
}

void PartialTensorShape::ToProto(tensorflow::TensorShapeProto* proto) const {
  proto->Clear();
  if (unknown_rank_) proto->set_unknown_rank(true);
  for (int64_t d : dims_) proto->add_dim()->set_size(d);
}

bool PartialTensorShape::IsFullyDefined() const {
  if (unknown_rank_) return false;
  for (int64_t d : dims_) {
    if (d < 0) return false;
  }
  return true;
}

bool PartialTensorShape::IsCompatibleWith(const PartialTensorShape& shape) const {
  if (unknown_rank_ || shape.unknown_rank_) return true;
  if (dims_.size() != shape.dims_.size()) return false;
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (dims_[i] >= 0 && shape.dims_[i] >= 0 && dims_[i] != shape.dims_[i]) return false;
  }
  return true;
}

bool PartialTensorShape::IsCompatibleWith(const TensorShape& shape) const {
  return IsCompatibleWith(PartialTensorShape(shape));
}

std::string PartialTensorShape::DebugString() const {
  if (unknown_rank_) return "<unknown>";
  return absl::StrCat(
      "[",
      absl::StrJoin(dims_, ",",
                    [](std::string* out, int64_t d) { absl::StrAppend(out, d < 0 ? "?" : absl::StrCat(d)); }),
      "]");
}

}  // namespace tfpersist
