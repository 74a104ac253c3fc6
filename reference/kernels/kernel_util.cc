#include "reference/kernels/kernel_util.h"

#include <omp.h>

#include <atomic>

#include "absl/strings/str_join.h"

namespace tfpersist {

absl::Status NoKernelForType(DataType dtype) {
  return absl::UnimplementedError(absl::StrCat("No kernel for dtype ", DataTypeString(dtype), "."));
}

absl::StatusOr<std::vector<int64_t>> IntVector(const Tensor& t, absl::string_view what) {
  if (t.shape().rank() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(what, " must be 1-D, not shape ", t.shape().DebugString()));
  }
  std::vector<int64_t> values;
  if (t.dtype() == DT_INT32) {
    values.assign(t.flat<int32_t>().begin(), t.flat<int32_t>().end());
  } else if (t.dtype() == DT_INT64) {
    values.assign(t.flat<int64_t>().begin(), t.flat<int64_t>().end());
  } else {
    return absl::InvalidArgumentError(absl::StrCat(what, " must be int32 or int64, not ", DataTypeString(t.dtype())));
  }
  return values;
}

absl::StatusOr<int64_t> IntScalar(const Tensor& t, absl::string_view what) {
  if (!t.shape().IsScalar()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " must be a scalar, not shape ", t.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> values, IntVector(t, what));
  return values[0];
}

absl::StatusOr<TensorShape> ShapeOfSizes(absl::Span<const int64_t> sizes) {
  for (int64_t size : sizes) {
    if (size < 0) return absl::InvalidArgumentError(absl::StrCat("Dimension ", size, " must be >= 0"));
  }
  return TensorShape::Create(sizes);
}

std::string IndexText(const TensorShape& shape, int64_t flat) {
  std::vector<int64_t> at(shape.rank());
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[d] = flat % shape.dim(d);
    flat /= shape.dim(d);
  }
  return at.empty() ? "" : absl::StrCat("[", absl::StrJoin(at, ","), "]");
}

absl::Status SetIntVector(OpKernelContext& ctx, int i, DataType dtype, absl::Span<const int64_t> values) {
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(i, TensorShape({static_cast<int64_t>(values.size())})));
  return Dispatch<MaskOf(DT_INT32, DT_INT64)>(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::transform(values.begin(), values.end(), Elements<T>(out), [](int64_t v) { return static_cast<T>(v); });
    return absl::OkStatus();
  });
}

// On OpenMP's threads, which oneDNN's kernels run on too: two pools would stand in each other's way. ThreadSanitizer
// does not know them.
void Shard(OpKernelContext& ctx, int64_t n, int64_t cost, const std::function<void(int64_t, int64_t)>& f) {
  constexpr int64_t kWorthwhile = 50'000;  // nanoseconds: below, a second thread costs more than it saves
  const int64_t unit = std::max<int64_t>(1, cost), grain = std::max<int64_t>(1, kWorthwhile / 2 / unit);
  if (n <= 1 || n < kWorthwhile / unit) return f(0, n);
#ifdef __SANITIZE_THREAD__
  ctx.device().threads().ParallelFor(n, grain, f);
#else
  const int64_t threads = std::min<int64_t>(ctx.device().threads().size(), (n + grain - 1) / grain);
  if (threads <= 1 || omp_in_parallel()) return f(0, n);
  const int64_t step = std::max(grain, (n + threads * 4 - 1) / (threads * 4));  // a few each: the slow ones even out
  std::atomic<int64_t> next{0};
#pragma omp parallel num_threads(static_cast <int>(threads))
  for (int64_t begin = next.fetch_add(step); begin < n; begin = next.fetch_add(step))
    f(begin, std::min(begin + step, n));
#endif
}

}  // namespace tfpersist
