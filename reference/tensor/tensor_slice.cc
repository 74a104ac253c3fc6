#include "reference/tensor/tensor_slice.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/proto/tensor_slice.pb.h"

namespace tfpersist {
namespace {

bool ParseInt64(absl::string_view text, int64_t* value) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), *value);
  return !text.empty() && r.ec == std::errc() && r.ptr == text.data() + text.size();
}

}  // namespace

absl::StatusOr<TensorSlice> TensorSlice::Parse(absl::string_view text) {
  TensorSlice slice;
  for (absl::string_view part : absl::StrSplit(text, ':', absl::SkipEmpty())) {
    Extent e;
    if (part != "-") {
      const std::vector<absl::string_view> numbers = absl::StrSplit(part, ',', absl::SkipEmpty());
      if (numbers.size() != 2 || !ParseInt64(numbers[0], &e.start) || !ParseInt64(numbers[1], &e.length)) {
        return absl::InvalidArgumentError(
            absl::StrCat("Expected a pair of numbers or '-' but got '", part, "': string = ", text));
      }
      if (e.start < 0 || e.length <= 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("Expected non-negative start and positive length but got start = ", e.start,
                         ", length = ", e.length, ": string = ", part));
      }
      if (e.start > std::numeric_limits<int64_t>::max() - e.length) {
        return absl::InvalidArgumentError(absl::StrCat("Extent end overflows: string = ", part));
      }
    }
    slice.extents_.push_back(e);
  }
  return slice;
}

absl::StatusOr<TensorSlice> TensorSlice::FromProto(const tensorflow::TensorSliceProto& proto) {
  if (proto.extent_size() > TensorShape::kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("Slice has ", proto.extent_size(), " dimensions"));
  }
  TensorSlice slice;
  for (const auto& extent : proto.extent()) {
    Extent e;
    if (extent.has_length()) {
      e.start = extent.start();
      e.length = extent.length();
      if (e.start < 0 || e.length <= 0 || e.start > std::numeric_limits<int64_t>::max() - e.length) {
        return absl::InvalidArgumentError(
            absl::StrCat("Slice has a bad extent: start = ", e.start, ", length = ", e.length));
      }
    }
    slice.extents_.push_back(e);
  }
  return slice;
}

void TensorSlice::ToProto(tensorflow::TensorSliceProto* proto) const {
  proto->Clear();
  for (const Extent& e : extents_) {
    auto* extent = proto->add_extent();
    if (e.length == kFull) continue;
    extent->set_start(e.start);
    extent->set_length(e.length);
  }
}

bool TensorSlice::IsFull() const {
  return std::all_of(extents_.begin(), extents_.end(), [](const Extent& e) { return e.length == kFull; });
}

absl::StatusOr<TensorShape> TensorSlice::SliceShape(const TensorShape& shape) const {
  if (shape.rank() != rank()) {
    return absl::InternalError(
        absl::StrCat("Mismatching ranks: shape = ", shape.DebugString(), ", slice = ", DebugString()));
  }
  absl::InlinedVector<int64_t, 4> dims;
  for (int d = 0; d < rank(); ++d) {
    if (IsFullAt(d)) {
      dims.push_back(shape.dim(d));
    } else if (end(d) > shape.dim(d)) {
      return absl::InternalError(absl::StrCat(
          "Extent in dimension ", d, " out of bounds: shape = ", shape.DebugString(), ", slice = ", DebugString()));
    } else {
      dims.push_back(extents_[d].length);
    }
  }
  return TensorShape::Create(dims);
}

TensorSlice TensorSlice::Resolved(const TensorShape& shape) const {
  TensorSlice result = *this;
  for (int d = 0; d < rank(); ++d) {
    if (IsFullAt(d)) result.extents_[d] = {0, shape.dim(d)};
  }
  return result;
}

bool TensorSlice::Intersect(const TensorSlice& other, TensorSlice* result) const {
  TensorSlice common(rank());
  for (int d = 0; d < rank(); ++d) {
    if (IsFullAt(d)) {
      common.extents_[d] = other.extents_[d];
    } else if (other.IsFullAt(d)) {
      common.extents_[d] = extents_[d];
    } else {
      const int64_t from = std::max(start(d), other.start(d));
      const int64_t to = std::min(end(d), other.end(d));
      if (from >= to) return false;
      common.extents_[d] = {from, to - from};
    }
  }
  if (result != nullptr) *result = std::move(common);
  return true;
}

std::string TensorSlice::DebugString() const {
  return absl::StrJoin(extents_, ":", [](std::string* out, const Extent& e) {
    if (e.length == kFull) {
      absl::StrAppend(out, "-");
    } else {
      absl::StrAppend(out, e.start, ",", e.length);
    }
  });
}

absl::StatusOr<ShapeAndSlice> ParseShapeAndSlice(absl::string_view text) {
  // Not split on runs of spaces: TensorFlow takes an empty word for a bad dimension too.
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  if (words.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("Need least two elements in shape_and_slice specification: ", text));
  }
  TFP_ASSIGN_OR_RETURN(TensorSlice slice, TensorSlice::Parse(words.back()));
  absl::InlinedVector<int64_t, 4> dims;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    int64_t d;
    if (!ParseInt64(words[i], &d)) {
      return absl::InvalidArgumentError(absl::StrCat("Non numerical dimension in shape_and_slice: ", text));
    }
    dims.push_back(d);
  }
  ShapeAndSlice result;
  TFP_ASSIGN_OR_RETURN(result.shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(result.slice_shape, slice.SliceShape(result.shape));
  result.slice = std::move(slice);
  return result;
}

}  // namespace tfpersist
