// Range, LinSpace. Follows core/kernels/sequence_ops.cc.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

absl::Status CheckScalar(const Tensor& t, absl::string_view what) {
  if (t.num_elements() == 1 && t.shape().rank() <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " must be a scalar, not shape ", t.shape().DebugString()));
}

// The number of values; the values are start + i * delta, summed up as TensorFlow does.
template <typename T>
absl::StatusOr<int64_t> RangeSize(T start, T limit, T delta) {
  if (delta == T(0)) return absl::InvalidArgumentError("Requires delta != 0: 0");
  if (delta > T(0) && start > limit) {
    return absl::InvalidArgumentError(absl::StrCat("Requires start <= limit when delta > 0: ", start, "/", limit));
  }
  if (delta < T(0) && start < limit) {
    return absl::InvalidArgumentError(absl::StrCat("Requires start >= limit when delta < 0: ", start, "/", limit));
  }
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    const U distance = delta > 0 ? U(limit) - U(start) : U(start) - U(limit);
    const U step = delta > 0 ? U(delta) : U(0) - U(delta);
    const U size = distance / step + (distance % step != 0);
    if (size > U(std::numeric_limits<int64_t>::max())) return absl::InvalidArgumentError("Range has too many values");
    return static_cast<int64_t>(size);
  } else {
    const T size = std::ceil(std::abs((limit - start) / delta));
    if (!(size < T(9e18))) return absl::InvalidArgumentError("Range has too many values");
    return static_cast<int64_t>(size);
  }
}

absl::Status Range(OpKernelContext& ctx) {
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(0), "start"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(1), "limit"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(2), "delta"));
  return Dispatch<MaskOf(DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64)>(ctx.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T start = ctx.input(0).flat<T>()[0];
    const T limit = ctx.input(1).flat<T>()[0];
    const T delta = ctx.input(2).flat<T>()[0];
    TFP_ASSIGN_OR_RETURN(const int64_t n, RangeSize<T>(start, limit, delta));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({n})));
    T value = start;
    for (T& o : out->flat<T>()) {
      o = value;
      if constexpr (std::is_integral_v<T>) {
        value =
            static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) + static_cast<std::make_unsigned_t<T>>(delta));
      } else {
        value += delta;
      }
    }
    return absl::OkStatus();
  });
}

absl::Status LinSpace(OpKernelContext& ctx) {
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(0), "start"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(1), "stop"));
  TFP_ASSIGN_OR_RETURN(const int64_t num, IntScalar(ctx.input(2), "num"));
  if (num <= 0) return absl::InvalidArgumentError(absl::StrCat("Requires num > 0: ", num));
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({num}));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  return Dispatch<MaskOf(DT_FLOAT, DT_DOUBLE)>(ctx.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T start = ctx.input(0).flat<T>()[0];
    const T stop = ctx.input(1).flat<T>()[0];
    auto values = out->flat<T>();
    if (num == 1) {
      values[0] = start;
      return absl::OkStatus();
    }
    const T step = (stop - start) / static_cast<T>(num - 1);
    for (int64_t i = 0; i < num; ++i) values[i] = start + step * static_cast<T>(i);
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterRangeKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Range", Range, "Tidx", MaskOf(DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64));
  RegisterFunction(registry, "LinSpace", LinSpace, "T", MaskOf(DT_FLOAT, DT_DOUBLE));
}

}  // namespace tfpersist
