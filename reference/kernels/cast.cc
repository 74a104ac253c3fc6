// Cast. Follows core/kernels/cast_op.cc.
//
// Defined for every value: a float outside the integer's range (or NaN) gives what the x86-64 conversion that
// TensorFlow's CPU kernels use gives: the value through int64, cut to the width; for int64 itself, INT64_MIN.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

constexpr DataTypeMask kCastTypes = kNumberTypes | MaskOf(DT_BOOL);

template <typename W>
int64_t Truncate64(W v) {
  constexpr W kLimit = W(9223372036854775808.0);
  return v >= -kLimit && v < kLimit ? static_cast<int64_t>(v) : std::numeric_limits<int64_t>::min();
}

template <typename W>
int32_t Truncate32(W v) {
  return v > W(-2147483649.0) && v < W(2147483648.0) ? static_cast<int32_t>(v) : std::numeric_limits<int32_t>::min();
}

template <typename To, typename From>
To CastOne(From v) {
  if constexpr (functor::kIsComplex<From>) {
    if constexpr (functor::kIsComplex<To>) {
      return To(static_cast<typename To::value_type>(v.real()), static_cast<typename To::value_type>(v.imag()));
    } else {
      return CastOne<To>(v.real());
    }
  } else if constexpr (functor::kIsComplex<To>) {
    return To(CastOne<typename To::value_type>(v));
  } else if constexpr (std::is_same_v<To, bool>) {
    return v != From(0);
  } else if constexpr (functor::kIsInt<To> && !std::is_integral_v<From>) {
    const functor::Wide<From> w = static_cast<functor::Wide<From>>(v);
    if constexpr (std::is_same_v<To, uint64_t>) {
      constexpr functor::Wide<From> kTop = functor::Wide<From>(9223372036854775808.0);
      if (w >= kTop) return static_cast<uint64_t>(Truncate64(w - kTop)) ^ (uint64_t{1} << 63);
      return static_cast<uint64_t>(Truncate64(w));
    } else if constexpr (sizeof(To) == 8 || std::is_same_v<To, uint32_t>) {
      return static_cast<To>(Truncate64(w));
    } else {
      return static_cast<To>(Truncate32(w));
    }
  } else if constexpr (functor::kIsSmallFloat<To> && !functor::kIsSmallFloat<From>) {
    return static_cast<To>(static_cast<float>(v));
  } else if constexpr (functor::kIsSmallFloat<From>) {
    return static_cast<To>(static_cast<float>(v));
  } else {
    return static_cast<To>(v);
  }
}

template <typename From, typename To>
void CastLoop(const void* from, void* to, int64_t n) {
  const From* x = static_cast<const From*>(from);
  To* y = static_cast<To*>(to);
  for (int64_t i = 0; i < n; ++i) y[i] = CastOne<To>(x[i]);
}

using Loop = void (*)(const void*, void*, int64_t);

absl::StatusOr<Loop> FindLoop(DataType from, DataType to) {
  Loop loop = nullptr;
  TFP_RETURN_IF_ERROR(Dispatch<kCastTypes>(from, [&](auto from_tag) {
    using From = typename decltype(from_tag)::type;
    return Dispatch<kCastTypes>(to, [&](auto to_tag) {
      loop = &CastLoop<From, typename decltype(to_tag)::type>;
      return absl::OkStatus();
    });
  }));
  return loop;
}

class CastKernel : public OpKernel {
 public:
  explicit CastKernel(Loop loop) : loop_(loop) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    const DataType from = BaseType(c.input_types()[0]), to = BaseType(c.output_types()[0]);
    if (from == to) return std::make_unique<CastKernel>(nullptr);
    absl::StatusOr<Loop> loop = FindLoop(from, to);
    if (!loop.ok()) {
      return absl::UnimplementedError(
          absl::StrCat("Cast ", DataTypeString(from), " to ", DataTypeString(to), " is not supported"));
    }
    return std::make_unique<CastKernel>(*loop);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (loop_ == nullptr) {
      ctx.SetOutput(0, x);
      return absl::OkStatus();
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    loop_(x.data(), out->data(), x.num_elements());
    return absl::OkStatus();
  }

 private:
  const Loop loop_;
};

}  // namespace

void RegisterCastKernels(KernelRegistry* registry) { RegisterKernel<CastKernel>(registry, "Cast"); }

}  // namespace tfpersist
