// Pooling, depthwise convolution, batch norm, BiasAdd, BiasAddGrad, and the tail of fused products, on CUDA and NHWC
// images.
#include <cfloat>

#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cuda_util.cuh"
#include "reference/kernels/window.h"
#include "reference/kernels/window_cuda.h"

namespace tfpersist {

namespace {

template <typename T>
__global__ void FinishElements(T* out, const T* bias, const T* addend, int activation, int64_t channels, int64_t n) {
  using W = functor::Wide<T>;
  TFP_CUDA_LOOP(i, n) {
    // Rounded after each op, as the ops one by one are.
    W v = static_cast<W>(out[i]);
    if (bias != nullptr) v = static_cast<W>(static_cast<T>(v + static_cast<W>(bias[i % channels])));
    if (addend != nullptr) v = static_cast<W>(static_cast<T>(v + static_cast<W>(addend[i])));
    switch (activation) {
      case FusedOps::kRelu:
        v = v < W(0) ? W(0) : v;
        break;
      case FusedOps::kRelu6:
        v = v < W(0) ? W(0) : (W(6) < v ? W(6) : v);
        break;
      case FusedOps::kElu:
        v = v < W(0) ? expm1(v) : v;
        break;
      case FusedOps::kTanh:
        v = tanh(v);
        break;
      case FusedOps::kSigmoid:
        v = W(1) / (W(1) + exp(-v));
        break;
    }
    out[i] = static_cast<T>(v);
  }
}

}  // namespace

absl::Status FinishOnDevice(const FusedOps& fused, OpKernelContext& ctx, int64_t channels, bool needs_bias,
                            Tensor* out) {
  if (!needs_bias && !fused.add && fused.activation == FusedOps::kNone) return absl::OkStatus();
  CudaContext& cuda = *ctx.device().cuda();
  const int64_t n = out->num_elements();
  return Dispatch<kCudaFloats>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    FinishElements<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
        Elements<T>(out), needs_bias ? Elements<T>(ctx.input(2)) : nullptr,
        fused.add ? Elements<T>(ctx.input(3)) : nullptr, fused.activation, channels, n);
    return LaunchStatus("a fused op");
  });
}

namespace {

struct WindowArgs {
  int in_rows, in_cols, depth, rows, cols, row_stride, col_stride, row_dilation, col_dilation, out_rows, out_cols,
      pad_top, pad_left;
};

WindowArgs ArgsOf(const Window& w) {
  return {static_cast<int>(w.in_rows),    static_cast<int>(w.in_cols),      static_cast<int>(w.in_depth),
          static_cast<int>(w.rows),       static_cast<int>(w.cols),         static_cast<int>(w.row_stride),
          static_cast<int>(w.col_stride), static_cast<int>(w.row_dilation), static_cast<int>(w.col_dilation),
          static_cast<int>(w.out_rows),   static_cast<int>(w.out_cols),     static_cast<int>(w.pad_top),
          static_cast<int>(w.pad_left)};
}

template <typename T, bool kMax>
__global__ void PoolElements(const T* x, WindowArgs w, T* out, int64_t n) {
  using W = functor::Wide<T>;
  TFP_CUDA_LOOP(i, n) {
    const int c = static_cast<int>(i % w.depth);
    int64_t rest = i / w.depth;
    const int col = static_cast<int>(rest % w.out_cols);
    rest /= w.out_cols;
    const int row = static_cast<int>(rest % w.out_rows);
    const int64_t b = rest / w.out_rows;
    const int r0 = row * w.row_stride - w.pad_top, c0 = col * w.col_stride - w.pad_left;
    W acc = 0;
    int count = 0;
    for (int r = max(r0, 0); r < min(r0 + w.rows, w.in_rows); ++r) {
      for (int q = max(c0, 0); q < min(c0 + w.cols, w.in_cols); ++q) {
        const W v = static_cast<W>(x[((b * w.in_rows + r) * w.in_cols + q) * w.depth + c]);
        if (kMax) {
          if (count == 0 || acc < v) acc = v;
        } else {
          acc += v;
        }
        ++count;
      }
    }
    out[i] = static_cast<T>(kMax ? acc : acc / static_cast<W>(count > 0 ? count : 1));
  }
}

template <bool kMax>
class PoolCudaKernel : public OpKernel {
 public:
  explicit PoolCudaKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<PoolCudaKernel>(std::move(attrs));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) return absl::InvalidArgumentError("tensor_in must be 4-dimensional");
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x.shape(), attrs_.ksize_rows, attrs_.ksize_cols));
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({w.batch, w.out_rows, w.out_cols, w.in_depth}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    const int64_t n = out->num_elements();
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    return Dispatch<kCudaFloats>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      PoolElements<T, kMax><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(Elements<T>(ctx.input(0)), ArgsOf(w),
                                                                                Elements<T>(out), n);
      return LaunchStatus("pooling");
    });
  }

 private:
  const WindowAttrs attrs_;
};

// kPack channels at a time: neighbours in memory of the image and, with multiplier 1, of the filter.
template <typename T, int kPack>
struct alignas(sizeof(T) * kPack) Pack {
  T v[kPack];
};

template <typename T, int kPack>
__global__ void DepthwiseElements(const T* x, const T* filter, const T* bias, WindowArgs w, int multiplier,
                                  int activation, T* out, int64_t n) {
  using A = functor::Wide<T>;
  const int out_depth = w.depth * multiplier;
  TFP_CUDA_LOOP(i, n / kPack) {
    const int64_t first = i * kPack;
    const int oc = static_cast<int>(first % out_depth);
    int64_t rest = first / out_depth;
    const int col = static_cast<int>(rest % w.out_cols);
    rest /= w.out_cols;
    const int row = static_cast<int>(rest % w.out_rows);
    const int64_t b = rest / w.out_rows;
    const int c = oc / multiplier;
    A acc[kPack] = {};
    for (int fr = 0; fr < w.rows; ++fr) {
      const int r = row * w.row_stride - w.pad_top + fr * w.row_dilation;
      if (r < 0 || r >= w.in_rows) continue;
      for (int fc = 0; fc < w.cols; ++fc) {
        const int q = col * w.col_stride - w.pad_left + fc * w.col_dilation;
        if (q < 0 || q >= w.in_cols) continue;
        const T* pixel = x + ((b * w.in_rows + r) * w.in_cols + q) * w.depth + c;
        const T* taps = filter + (static_cast<int64_t>(fr) * w.cols + fc) * out_depth + oc;
        if constexpr (kPack > 1) {
          const Pack<T, kPack> p = *reinterpret_cast<const Pack<T, kPack>*>(pixel);
          const Pack<T, kPack> f = *reinterpret_cast<const Pack<T, kPack>*>(taps);
          for (int k = 0; k < kPack; ++k) acc[k] += static_cast<A>(p.v[k]) * static_cast<A>(f.v[k]);
        } else {
          acc[0] += static_cast<A>(*pixel) * static_cast<A>(*taps);
        }
      }
    }
    Pack<T, kPack> result;
    for (int k = 0; k < kPack; ++k) {
      A v = acc[k];
      if (bias != nullptr) v += static_cast<A>(bias[oc + k]);
      if (activation == FusedOps::kRelu || activation == FusedOps::kRelu6) v = v < A(0) ? A(0) : v;
      if (activation == FusedOps::kRelu6) v = A(6) < v ? A(6) : v;
      result.v[k] = static_cast<T>(v);
    }
    *reinterpret_cast<Pack<T, kPack>*>(out + first) = result;
  }
}

class DepthwiseCudaKernel : public OpKernel {
 public:
  DepthwiseCudaKernel(WindowAttrs attrs, FusedOps fused) : attrs_(std::move(attrs)), fused_(fused) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    TFP_ASSIGN_OR_RETURN(FusedOps fused, FusedOps::Of(c));
    return std::make_unique<DepthwiseCudaKernel>(std::move(attrs), fused);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape x = ctx.input(0).shape(), filter = ctx.input(1).shape();
    if (x.rank() != 4) return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.DebugString()));
    if (filter.rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("filter must be 4-dimensional: ", filter.DebugString()));
    }
    if (x.dim(3) != filter.dim(2)) {
      return absl::InvalidArgumentError(
          absl::StrCat("input and filter must have the same depth: ", x.dim(3), " vs ", filter.dim(2)));
    }
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x, filter.dim(0), filter.dim(1)));
    const int64_t multiplier = filter.dim(3), depth = x.dim(3) * multiplier;
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({w.batch, w.out_rows, w.out_cols, depth}));
    TFP_RETURN_IF_ERROR(fused_.CheckArgs(ctx, shape, depth));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    const int64_t n = out->num_elements();
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    const bool simple = !fused_.add && (fused_.activation == FusedOps::kNone || fused_.activation == FusedOps::kRelu ||
                                        fused_.activation == FusedOps::kRelu6);
    const int activation = simple ? fused_.activation : FusedOps::kNone;
    TFP_RETURN_IF_ERROR(Dispatch<kCudaFloats>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* bias = simple && fused_.bias ? Elements<T>(ctx.input(2)) : nullptr;
      const T* from = Elements<T>(ctx.input(0));
      const T* taps = Elements<T>(ctx.input(1));
      constexpr int kPack = sizeof(T) >= 8 ? 2 : 4;
      if (multiplier == 1 && depth % kPack == 0 && reinterpret_cast<uintptr_t>(from) % (kPack * sizeof(T)) == 0 &&
          reinterpret_cast<uintptr_t>(taps) % (kPack * sizeof(T)) == 0) {
        DepthwiseElements<T, kPack><<<BlocksFor(cuda, n / kPack), kThreads, 0, cuda.stream()>>>(
            from, taps, bias, ArgsOf(w), 1, activation, Elements<T>(out), n);
      } else {
        DepthwiseElements<T, 1><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
            from, taps, bias, ArgsOf(w), static_cast<int>(multiplier), activation, Elements<T>(out), n);
      }
      return LaunchStatus("DepthwiseConv2dNative");
    }));
    return simple ? absl::OkStatus() : FinishOnDevice(fused_, ctx, depth, fused_.bias, out);
  }

 private:
  const WindowAttrs attrs_;
  const FusedOps fused_;
};

template <typename T, typename U>
__global__ void NormalizeElements(const T* x, const U* scale, const U* offset, const U* mean, const U* variance,
                                  float epsilon, int64_t channels, T* out, int64_t n) {
  TFP_CUDA_LOOP(i, n) {
    const int64_t c = i % channels;
    const float factor = static_cast<float>(scale[c]) * rsqrtf(static_cast<float>(variance[c]) + epsilon);
    out[i] = static_cast<T>((static_cast<float>(x[i]) - static_cast<float>(mean[c])) * factor +
                            static_cast<float>(offset[c]));
  }
}

// Inference alone; training runs on the host.
class FusedBatchNormCudaKernel : public OpKernel {
 public:
  explicit FusedBatchNormCudaKernel(float epsilon) : epsilon_(epsilon) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool training, c.BoolAttr("is_training"));
    TFP_ASSIGN_OR_RETURN(const float epsilon, c.FloatAttr("epsilon"));
    if (training || c.StringAttr("data_format").value_or("NHWC") != "NHWC") {
      return absl::UnimplementedError(absl::StrCat("Node ", c.name(),
                                                   ": batch norm has a CUDA kernel for inference on NHWC "
                                                   "images alone. Put it on /device:CPU:0."));
    }
    return std::make_unique<FusedBatchNormCudaKernel>(epsilon);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.shape().DebugString()));
    }
    const int64_t channels = x.shape().dim(3), n = x.num_elements();
    for (int i = 1; i < 5; ++i) {
      if (ctx.input(i).shape() != TensorShape({channels})) {
        return absl::InvalidArgumentError(absl::StrCat("scale, offset, mean and variance must have ", channels,
                                                       " entries; input ", i, " has shape ",
                                                       ctx.input(i).shape().DebugString()));
      }
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    for (int i = 1; i < ctx.num_outputs(); ++i) ctx.SetOutput(i, ctx.input(i % 2 == 1 ? 3 : 4));
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    return Dispatch<MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16)>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      auto launch = [&](auto u) {
        using U = decltype(u);
        NormalizeElements<T, U><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
            Elements<T>(ctx.input(0)), Elements<U>(ctx.input(1)), Elements<U>(ctx.input(2)), Elements<U>(ctx.input(3)),
            Elements<U>(ctx.input(4)), epsilon_, channels, Elements<T>(out), n);
        return LaunchStatus("FusedBatchNorm");
      };
      return ctx.input(1).dtype() == DT_FLOAT ? launch(float()) : launch(T());
    });
  }

 private:
  const float epsilon_;
};

template <typename T>
__global__ void AddBias(const T* x, const T* bias, int64_t after, int64_t channels, T* out, int64_t n) {
  bool fault = false;
  TFP_CUDA_LOOP(i, n) out[i] = functor::Add::Apply(x[i], bias[i / after % channels], fault);
}

class BiasAddCudaKernel : public OpKernel {
 public:
  explicit BiasAddCudaKernel(bool nchw) : nchw_(nchw) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    const std::string format = c.StringAttr("data_format").value_or("NHWC");
    if (format != "NHWC" && format != "NCHW") return absl::InvalidArgumentError("Invalid data format");
    return std::make_unique<BiasAddCudaKernel>(format == "NCHW");
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape x = ctx.input(0).shape(), bias = ctx.input(1).shape();
    const int rank = x.rank();
    if (rank < 2)
      return absl::InvalidArgumentError(absl::StrCat("Input tensor must be at least 2D: ", x.DebugString()));
    if (bias.rank() != 1) return absl::InvalidArgumentError(absl::StrCat("Biases must be 1D: ", bias.DebugString()));
    const int channel = nchw_ ? std::max(1, rank - 3) : rank - 1;
    if (bias.dim(0) != x.dim(channel)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Must provide as many biases as the last dimension of the input tensor: ", bias.DebugString(),
                       " vs. ", x.DebugString()));
    }
    int64_t after = 1;
    for (int d = channel + 1; d < rank; ++d) after *= x.dim(d);
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x, 0));
    const int64_t n = out->num_elements();
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    return Dispatch<kCudaNumbers>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      AddBias<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
          Elements<T>(ctx.input(0)), Elements<T>(ctx.input(1)), after, bias.dim(0), Elements<T>(out), n);
      return LaunchStatus("BiasAdd");
    });
  }

 private:
  const bool nchw_;
};

}  // namespace

void RegisterWindowCudaKernels(KernelRegistry* registry) {
  RegisterCudaKernel<PoolCudaKernel<true>>(registry, "MaxPool", "T", kCudaFloats);
  RegisterCudaKernel<PoolCudaKernel<false>>(registry, "AvgPool", "T", kCudaFloats);
  RegisterCudaKernel<DepthwiseCudaKernel>(registry, "DepthwiseConv2dNative", "T", kCudaFloats);
  RegisterCudaKernel<DepthwiseCudaKernel>(registry, "_FusedDepthwiseConv2dNative", "T", kCudaFloats);
  constexpr DataTypeMask kNormTypes = MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16);
  for (const char* op : {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}) {
    RegisterCudaKernel<FusedBatchNormCudaKernel>(registry, op, "T", kNormTypes);
  }
  RegisterCudaKernel<BiasAddCudaKernel>(registry, "BiasAdd", "T", kCudaNumbers);
}

}  // namespace tfpersist
