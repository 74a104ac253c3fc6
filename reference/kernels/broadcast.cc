#include "reference/kernels/broadcast.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"

namespace tfpersist {

absl::StatusOr<Broadcast> Broadcast::Of(const TensorShape& x, const TensorShape& y) {
  Broadcast b;
  const int rank = std::max(x.rank(), y.rank());
  absl::InlinedVector<int64_t, 8> sizes(rank);
  absl::InlinedVector<Dim, 8> dims;  // innermost first
  int64_t x_stride = 1, y_stride = 1;
  for (int i = 0; i < rank; ++i) {  // from the last dimension
    const int64_t nx = i < x.rank() ? x.dim(x.rank() - 1 - i) : 1;
    const int64_t ny = i < y.rank() ? y.dim(y.rank() - 1 - i) : 1;
    if (nx != ny && nx != 1 && ny != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("Incompatible shapes: ", x.DebugString(), " vs. ", y.DebugString()));
    }
    const int64_t n = nx == 1 ? ny : nx;
    sizes[rank - 1 - i] = n;
    const Dim dim{n, nx == 1 ? 0 : x_stride, ny == 1 ? 0 : y_stride};
    x_stride *= nx;
    y_stride *= ny;
    if (n == 1) continue;
    if (!dims.empty()) {
      // Folds into the dimension inside it where both arguments go on as they do there.
      Dim& in = dims.back();
      const bool x_goes_on = in.x_stride == 0 ? dim.x_stride == 0 : dim.x_stride == in.x_stride * in.size;
      const bool y_goes_on = in.y_stride == 0 ? dim.y_stride == 0 : dim.y_stride == in.y_stride * in.size;
      if (x_goes_on && y_goes_on) {
        in.size *= n;
        continue;
      }
    }
    dims.push_back(dim);
  }
  TFP_ASSIGN_OR_RETURN(b.shape, TensorShape::Create(sizes));
  if (dims.empty()) dims.push_back({1, 0, 0});
  b.dims.assign(dims.rbegin(), dims.rend());
  return b;
}

}  // namespace tfpersist
