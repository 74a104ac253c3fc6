#include "reference/kernels/scatter_util.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/base/status.h"
#include "reference/kernels/kernel_util.h"

namespace tfpersist {

absl::StatusOr<std::vector<int64_t>> FlatIndices(const Tensor& t, absl::string_view what) {
  return IntVector(t.Reshaped(TensorShape({t.num_elements()})), what);
}

absl::StatusOr<std::vector<int64_t>> SlicePositions(const Tensor& indices, const TensorShape& shape,
                                                    absl::string_view of) {
  const int depth = static_cast<int>(indices.shape().dim(indices.shape().rank() - 1));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, FlatIndices(indices, "indices"));
  int64_t count = 1;  // with a depth of 0, each is the whole
  for (int d = 0; d + 1 < indices.shape().rank(); ++d) count *= indices.shape().dim(d);
  std::vector<int64_t> positions(count);
  for (int64_t i = 0; i < count; ++i) {
    int64_t flat = 0;
    for (int d = 0; d < depth; ++d) {
      const int64_t v = at[i * depth + d];
      if (v < 0 || v >= shape.dim(d)) {
        std::vector<int64_t> place, one(at.begin() + i * depth, at.begin() + (i + 1) * depth);
        int64_t rest = i;
        for (int k = indices.shape().rank() - 2; k >= 0; --k) {
          place.insert(place.begin(), rest % indices.shape().dim(k));
          rest /= indices.shape().dim(k);
        }
        return absl::InvalidArgumentError(absl::StrCat("indices[", absl::StrJoin(place, ","), "] = [",
                                                       absl::StrJoin(one, ", "), "] does not index into ", of, "shape ",
                                                       shape.DebugString()));
      }
      flat = flat * shape.dim(d) + v;
    }
    positions[i] = flat;
  }
  return positions;
}

absl::Status CheckScatterNd(const Tensor& indices, const Tensor& updates, const TensorShape& shape) {
  if (indices.shape().rank() < 1 || updates.shape().rank() < 1) {
    return absl::InvalidArgumentError("Indices and updates must have rank at least 1");
  }
  const int outer = indices.shape().rank() - 1;
  const int64_t depth = indices.shape().dim(outer);
  if (shape.num_elements() == 0 && updates.num_elements() > 0) {
    return absl::InvalidArgumentError("Indices and updates specified for empty output");
  }
  auto outer_of = [&](const TensorShape& t) { return t.dims().subspan(0, std::min(t.rank(), outer)); };
  if (updates.shape().rank() < outer || outer_of(indices.shape()) != outer_of(updates.shape())) {
    return absl::InvalidArgumentError(
        absl::StrCat("The outer ", outer, " dimensions of indices.shape=", indices.shape().DebugString(),
                     " must match the outer ", outer, " dimensions of updates.shape=", updates.shape().DebugString()));
  }
  if (depth > shape.rank() ||
      updates.shape().dims().subspan(outer) != shape.dims().subspan(static_cast<size_t>(depth))) {
    return absl::InvalidArgumentError(absl::StrCat("The inner ", shape.rank() - depth,
                                                   " dimensions of output.shape=", shape.DebugString(),
                                                   " must match the inner ", updates.shape().rank() - outer,
                                                   " dimensions of updates.shape=", updates.shape().DebugString()));
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
