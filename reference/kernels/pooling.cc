// MaxPool, AvgPool and FusedBatchNorm on NHWC images. Follows core/kernels/maxpooling_op.cc,
// avgpooling_op.cc, fused_batch_norm_op.cc.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/vector_math.h"
#include "reference/kernels/window.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

template <bool kMax, DataTypeMask kTypes>
class PoolKernel : public OpKernel {
 public:
  explicit PoolKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<PoolKernel>(std::move(attrs));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) return absl::InvalidArgumentError("tensor_in must be 4-dimensional");
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x.shape(), attrs_.ksize_rows, attrs_.ksize_cols));
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({w.batch, w.out_rows, w.out_cols, w.in_depth}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return Dispatch<kTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using W = functor::Wide<T>;
      const T* from = Elements<T>(ctx.input(0));
      T* to = Elements<T>(out);
      const int64_t depth = w.in_depth;
      Shard(ctx, w.batch * w.out_rows, w.out_cols * depth * w.rows * w.cols, [&](int64_t begin, int64_t end) {
        std::vector<W> acc(depth);
        std::vector<const T*> pixels;
        for (int64_t line = begin; line < end; ++line) {
          const int64_t b = line / w.out_rows, r0 = line % w.out_rows * w.row_stride - w.pad_top;
          for (int64_t col = 0; col < w.out_cols; ++col) {
            const int64_t c0 = col * w.col_stride - w.pad_left;
            const int64_t r_end = std::min(r0 + w.rows, w.in_rows), c_end = std::min(c0 + w.cols, w.in_cols);
            pixels.clear();
            for (int64_t r = std::max<int64_t>(r0, 0); r < r_end; ++r) {
              for (int64_t c = std::max<int64_t>(c0, 0); c < c_end; ++c) {
                pixels.push_back(from + ((b * w.in_rows + r) * w.in_cols + c) * depth);
              }
            }
            T* const result = to + (line * w.out_cols + col) * depth;
            if (pixels.empty()) {
              std::fill_n(result, depth, kMax ? std::numeric_limits<T>::lowest() : T(0));
              continue;
            }
            if constexpr (std::is_same_v<T, float>) {
              (kMax ? MaxPixels : SumPixels)(pixels.data(), static_cast<int64_t>(pixels.size()), depth, result);
              if (!kMax) Divide(result, depth, static_cast<float>(pixels.size()));
              continue;
            }
            for (int64_t d = 0; d < depth; ++d) acc[d] = static_cast<W>(pixels[0][d]);
            for (size_t p = 1; p < pixels.size(); ++p) {
              for (int64_t d = 0; d < depth; ++d) {
                const W v = static_cast<W>(pixels[p][d]);
                acc[d] = kMax ? std::max(acc[d], v) : acc[d] + v;
              }
            }
            if (!kMax) Divide(acc.data(), depth, static_cast<W>(pixels.size()));
            for (int64_t d = 0; d < depth; ++d) result[d] = static_cast<T>(acc[d]);
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  template <typename W>
  static void Divide(W* values, int64_t n, W by) {
    for (int64_t i = 0; i < n; ++i) values[i] = values[i] / by;
  }

  const WindowAttrs attrs_;
};

// In training the batch's own statistics take the place of inputs 3 and 4, which are empty then.
class FusedBatchNormKernel : public OpKernel {
 public:
  FusedBatchNormKernel(float epsilon, bool training) : epsilon_(epsilon), training_(training) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool training, c.BoolAttr("is_training"));
    TFP_ASSIGN_OR_RETURN(const float epsilon, c.FloatAttr("epsilon"));
    if (c.StringAttr("data_format").value_or("NHWC") != "NHWC") {
      return absl::UnimplementedError(
          absl::StrCat("Node ", c.name(), ": ", c.def().op(), " has a kernel for NHWC images alone"));
    }
    return std::make_unique<FusedBatchNormKernel>(epsilon, training);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.shape().DebugString()));
    }
    const int64_t channels = x.shape().dim(3);
    for (int i = 1; i < (training_ ? 3 : 5); ++i) {
      if (ctx.input(i).shape() != TensorShape({channels})) {
        return absl::InvalidArgumentError(absl::StrCat("scale, offset, mean and variance must have ", channels,
                                                       " entries; input ", i, " has shape ",
                                                       ctx.input(i).shape().DebugString()));
      }
      if (ctx.input(i).dtype() != DT_FLOAT) return NoKernelForType(ctx.input(i).dtype());
    }
    Tensor mean = ctx.input(3), variance = ctx.input(4), unbiased = variance;
    if (training_) TFP_RETURN_IF_ERROR(BatchStatistics(x, &mean, &variance, &unbiased));
    std::vector<float> factor(channels), shift(channels);
    for (int64_t c = 0; c < channels; ++c) {
      factor[c] = ctx.input(1).flat<float>()[c] / std::sqrt(variance.flat<float>()[c] + epsilon_);
      shift[c] = ctx.input(2).flat<float>()[c];
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), 0));
    for (int i = 1; i < ctx.num_outputs(); ++i) {
      // 1.x hands the statistics on, as batch_mean and as reserve space.
      ctx.SetOutput(i, i == 1 || i == 3 ? mean : i == 2 ? unbiased : i == 4 ? variance : Tensor::Of<float>({0}, {}));
    }
    if (out->num_elements() == 0) return absl::OkStatus();
    return Dispatch<MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16)>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(ctx.input(0));
      T* to = Elements<T>(out);
      const float* m = mean.flat<float>().data();
      Shard(ctx, out->num_elements() / channels, channels, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          for (int64_t c = 0; c < channels; ++c) {
            const int64_t i = row * channels + c;
            to[i] = static_cast<T>((static_cast<float>(from[i]) - m[c]) * factor[c] + shift[c]);
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  static absl::Status BatchStatistics(const Tensor& x, Tensor* mean, Tensor* variance, Tensor* unbiased) {
    const int64_t channels = x.shape().dim(3), rows = channels > 0 ? x.num_elements() / channels : 0;
    for (Tensor* t : {mean, variance, unbiased}) {
      TFP_ASSIGN_OR_RETURN(*t, Tensor::Allocate(DT_FLOAT, TensorShape({channels})));
    }
    return Dispatch<MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16)>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      std::vector<double> sums(channels, 0), squares(channels, 0);
      for (int64_t i = 0; i < rows * channels; ++i) sums[i % channels] += static_cast<float>(Elements<T>(x)[i]);
      for (int64_t c = 0; c < channels; ++c)
        Elements<float>(mean)[c] = static_cast<float>(sums[c] / static_cast<double>(rows));
      for (int64_t i = 0; i < rows * channels; ++i) {
        const double d = static_cast<float>(Elements<T>(x)[i]) - Elements<float>(*mean)[i % channels];
        squares[i % channels] += d * d;
      }
      for (int64_t c = 0; c < channels; ++c) {
        Elements<float>(variance)[c] = static_cast<float>(squares[c] / static_cast<double>(rows));
        Elements<float>(unbiased)[c] = static_cast<float>(squares[c] / static_cast<double>(rows > 1 ? rows - 1 : 1));
      }
      return absl::OkStatus();
    });
  }

  const float epsilon_;
  const bool training_;
};

}  // namespace

void RegisterPoolingKernels(KernelRegistry* registry) {
  constexpr DataTypeMask kMaxTypes = kFloatTypes | MaskOf(DT_INT8, DT_INT16, DT_INT32, DT_INT64, DT_UINT8, DT_UINT16);
  RegisterKernel<PoolKernel<true, kMaxTypes>>(registry, "MaxPool", "T", kMaxTypes);
  RegisterKernel<PoolKernel<false, kFloatTypes>>(registry, "AvgPool", "T", kFloatTypes);
  for (const char* op : {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"}) {
    RegisterKernel<FusedBatchNormKernel>(registry, op, "T", MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16));
  }
}

}  // namespace tfpersist
