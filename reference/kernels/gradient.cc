// What gradients are made of beside elementwise ops: BiasAddGrad, MaxPoolGrad, AvgPoolGrad, Conv2DBackpropFilter,
// FusedBatchNorm's gradient, LeakyRelu and its own. Follows
// core/kernels/bias_op.cc, maxpooling_op.cc, avgpooling_op.cc, conv_grad_filter_ops.cc, fused_batch_norm_op.cc.
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/window.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

class BiasAddGradKernel : public OpKernel {
 public:
  explicit BiasAddGradKernel(bool nchw) : nchw_(nchw) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<BiasAddGradKernel>(c.StringAttr("data_format").value_or("NHWC") == "NCHW");
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& grad = ctx.input(0);
    const int rank = grad.shape().rank();
    if (rank < 2) {
      return absl::InvalidArgumentError(absl::StrCat("Input tensor must be at least 2D: ", grad.shape().DebugString()));
    }
    const int channel = nchw_ ? std::max(1, rank - 3) : rank - 1;
    const int64_t channels = grad.shape().dim(channel);
    int64_t before = 1, after = 1;
    for (int d = 0; d < rank; ++d) {
      if (d != channel) (d < channel ? before : after) *= grad.shape().dim(d);
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({channels})));
    return Dispatch<kNumberTypes>(grad.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using W = functor::Wide<T>;
      std::vector<W> sums(channels, W(0));
      const T* g = Elements<T>(grad);
      bool fault = false;
      for (int64_t b = 0; b < before; ++b) {
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t a = 0; a < after; ++a, ++g) sums[c] = functor::Add::Apply(sums[c], static_cast<W>(*g), fault);
        }
      }
      for (int64_t c = 0; c < channels; ++c) Elements<T>(out)[c] = static_cast<T>(sums[c]);
      return absl::OkStatus();
    });
  }

 private:
  const bool nchw_;
};

// The rows and columns of the image under window position `at`, clipped to it.
struct Extent {
  int64_t begin, end;
  Extent(int64_t at, int64_t stride, int64_t pad, int64_t window, int64_t size)
      : begin(std::max<int64_t>(0, at * stride - pad)), end(std::min(size, at * stride - pad + window)) {}
};

// Inputs: image, pooled image, gradient. It goes to the first of the largest of each window.
class MaxPoolGradKernel : public OpKernel {
 public:
  explicit MaxPoolGradKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<MaxPoolGradKernel>(std::move(attrs));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const char* const names[] = {"tensor_in", "tensor_out", "out_backprop"};
    for (int i = 0; i < 3; ++i) {
      if (ctx.input(i).shape().rank() != 4)
        return absl::InvalidArgumentError(absl::StrCat(names[i], " must be 4-dimensional"));
    }
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x.shape(), attrs_.ksize_rows, attrs_.ksize_cols));
    const TensorShape pooled({w.batch, w.out_rows, w.out_cols, w.in_depth});
    for (int i = 1; i < 3; ++i) {
      if (ctx.input(i).shape() != pooled) {
        return absl::InvalidArgumentError(absl::StrCat("Expected ", names[i], " shape to be ", pooled.DebugString(),
                                                       ", but got ", ctx.input(i).shape().DebugString()));
      }
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    return Dispatch<kRealNumberTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* image = Elements<T>(x);
      const T* grad = Elements<T>(ctx.input(2));
      T* to = Elements<T>(out);
      std::fill_n(to, out->num_elements(), T(0));
      Shard(ctx, w.batch, w.out_rows * w.out_cols * w.in_depth * w.rows * w.cols, [&](int64_t first, int64_t last) {
        bool fault = false;
        std::vector<int64_t> best(w.in_depth);
        for (int64_t b = first; b < last; ++b) {
          for (int64_t row = 0; row < w.out_rows; ++row) {
            const Extent rows(row, w.row_stride, w.pad_top, w.rows, w.in_rows);
            for (int64_t col = 0; col < w.out_cols; ++col) {
              const Extent cols(col, w.col_stride, w.pad_left, w.cols, w.in_cols);
              std::fill(best.begin(), best.end(), int64_t{-1});
              for (int64_t r = rows.begin; r < rows.end; ++r) {
                for (int64_t c = cols.begin; c < cols.end; ++c) {
                  const int64_t at = ((b * w.in_rows + r) * w.in_cols + c) * w.in_depth;
                  for (int64_t d = 0; d < w.in_depth; ++d) {
                    if (best[d] < 0 || image[best[d]] < image[at + d]) best[d] = at + d;
                  }
                }
              }
              const T* g = grad + ((b * w.out_rows + row) * w.out_cols + col) * w.in_depth;
              for (int64_t d = 0; d < w.in_depth; ++d) {
                if (best[d] >= 0) to[best[d]] = functor::Add::Apply(to[best[d]], g[d], fault);
              }
            }
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const WindowAttrs attrs_;
};

// Inputs: the image's shape, the gradient.
class AvgPoolGradKernel : public OpKernel {
 public:
  explicit AvgPoolGradKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<AvgPoolGradKernel>(std::move(attrs));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& grad = ctx.input(1);
    if (ctx.input(0).shape().rank() != 1 || ctx.input(0).num_elements() != 4) {
      return absl::InvalidArgumentError("out_backprop must be 1-dimensional and 4 elements");
    }
    if (grad.shape().rank() != 4) return absl::InvalidArgumentError("out_backprop must be 4-dimensional");
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(ctx.input(0), "orig_input_shape"));
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(shape, attrs_.ksize_rows, attrs_.ksize_cols));
    const TensorShape pooled({w.batch, w.out_rows, w.out_cols, w.in_depth});
    if (grad.shape() != pooled) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected grad shape to be ", pooled.DebugString(), ", but got ", grad.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* g = Elements<T>(grad);
      T* to = Elements<T>(out);
      std::fill_n(to, out->num_elements(), T(0));
      Shard(ctx, w.batch, w.out_rows * w.out_cols * w.in_depth * w.rows * w.cols, [&](int64_t first, int64_t last) {
        for (int64_t b = first; b < last; ++b) {
          for (int64_t row = 0; row < w.out_rows; ++row) {
            const Extent rows(row, w.row_stride, w.pad_top, w.rows, w.in_rows);
            for (int64_t col = 0; col < w.out_cols; ++col) {
              const Extent cols(col, w.col_stride, w.pad_left, w.cols, w.in_cols);
              const T share =
                  static_cast<T>(1.0 / static_cast<double>((rows.end - rows.begin) * (cols.end - cols.begin)));
              const T* from = g + ((b * w.out_rows + row) * w.out_cols + col) * w.in_depth;
              for (int64_t r = rows.begin; r < rows.end; ++r) {
                for (int64_t c = cols.begin; c < cols.end; ++c) {
                  T* pixel = to + ((b * w.in_rows + r) * w.in_cols + c) * w.in_depth;
                  for (int64_t d = 0; d < w.in_depth; ++d)
                    pixel[d] = static_cast<T>(pixel[d] + static_cast<T>(from[d] * share));
                }
              }
            }
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const WindowAttrs attrs_;
};

// Inputs: image, the filter's shape, the gradient of the output.
class Conv2DBackpropFilterKernel : public OpKernel {
 public:
  explicit Conv2DBackpropFilterKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<Conv2DBackpropFilterKernel>(std::move(attrs));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& grad = ctx.input(2);
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(ctx.input(1), "filter_sizes"));
    if (ctx.input(1).shape().rank() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("Conv2DBackpropFilter: filter_sizes input must be 1-dim, not ", ctx.input(1).shape().rank()));
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
    if (x.shape().rank() != 4) return absl::InvalidArgumentError("Conv2DBackpropFilter: input must be 4-dimensional");
    if (shape.rank() != 4) return absl::InvalidArgumentError("Conv2DBackpropFilter: filter must be 4-dimensional");
    if (grad.shape().rank() != 4)
      return absl::InvalidArgumentError("Conv2DBackpropFilter: out_backprop must be 4-dimensional");
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x.shape(), shape.dim(0), shape.dim(1)));
    if (shape.dim(2) != w.in_depth) {
      return absl::InvalidArgumentError("Conv2DBackpropFilter: input and filter must have the same depth");
    }
    if (grad.shape() != TensorShape({w.batch, w.out_rows, w.out_cols, shape.dim(3)})) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Conv2DBackpropFilter: Size of out_backprop doesn't match computed: ", grad.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const int64_t depth = shape.dim(3);
    return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using W = functor::Wide<T>;
      // A tap of the filter at a time: sum over the pixels that it met of pixel x gradient.
      Shard(ctx, w.rows * w.cols, w.batch * w.out_rows * w.out_cols * w.in_depth * depth / 4 + 1,
            [&](int64_t first, int64_t last) {
              std::vector<W> sums(w.in_depth * depth);
              for (int64_t tap = first; tap < last; ++tap) {
                const int64_t fr = tap / w.cols * w.row_dilation - w.pad_top,
                              fc = tap % w.cols * w.col_dilation - w.pad_left;
                std::fill(sums.begin(), sums.end(), W(0));
                for (int64_t line = 0; line < w.batch * w.out_rows; ++line) {
                  const int64_t b = line / w.out_rows, r = line % w.out_rows * w.row_stride + fr;
                  if (r < 0 || r >= w.in_rows) continue;
                  for (int64_t col = 0; col < w.out_cols; ++col) {
                    const int64_t c = col * w.col_stride + fc;
                    if (c < 0 || c >= w.in_cols) continue;
                    const T* pixel = Elements<T>(x) + ((b * w.in_rows + r) * w.in_cols + c) * w.in_depth;
                    const T* g = Elements<T>(grad) + (line * w.out_cols + col) * depth;
                    for (int64_t i = 0; i < w.in_depth; ++i) {
                      const W v = static_cast<W>(pixel[i]);
                      for (int64_t o = 0; o < depth; ++o) sums[i * depth + o] += v * static_cast<W>(g[o]);
                    }
                  }
                }
                T* to = Elements<T>(out) + tap * w.in_depth * depth;
                for (int64_t i = 0; i < w.in_depth * depth; ++i) to[i] = static_cast<T>(sums[i]);
              }
            });
      return absl::OkStatus();
    });
  }

 private:
  const WindowAttrs attrs_;
};

// Inputs: gradient, image, scale, and what the forward op kept: mean and variance, or 1/sqrt(variance + epsilon) (see
// FusedBatchNormKernel). Outputs: gradients of image, scale, offset, and two that nobody uses.
class FusedBatchNormGradKernel : public OpKernel {
 public:
  FusedBatchNormGradKernel(float epsilon, bool training) : epsilon_(epsilon), training_(training) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool training, c.BoolAttr("is_training"));
    TFP_ASSIGN_OR_RETURN(const float epsilon, c.FloatAttr("epsilon"));
    if (c.StringAttr("data_format").value_or("NHWC") != "NHWC") {
      return absl::UnimplementedError(
          absl::StrCat("Node ", c.name(), ": ", c.def().op(), " has a kernel for NHWC images alone"));
    }
    return std::make_unique<FusedBatchNormGradKernel>(epsilon, training);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& dy = ctx.input(0);
    const Tensor& x = ctx.input(1);
    if (x.shape().rank() != 4)
      return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.shape().DebugString()));
    if (dy.shape() != x.shape()) return absl::InvalidArgumentError("x and y_backprop must have same shape");
    const int64_t channels = x.shape().dim(3), rows = channels > 0 ? x.num_elements() / channels : 0;
    for (int i = 2; i < 5; ++i) {
      if (ctx.input(i).shape() != TensorShape({channels}) || ctx.input(i).dtype() != DT_FLOAT) {
        return absl::InvalidArgumentError(absl::StrCat("scale and statistics must have ", channels, " entries; input ",
                                                       i, " has shape ", ctx.input(i).shape().DebugString()));
      }
    }
    TFP_ASSIGN_OR_RETURN(Tensor * dx, ctx.AllocateOutput(0, x.shape()));
    TFP_ASSIGN_OR_RETURN(Tensor * dscale, ctx.AllocateOutput(1, TensorShape({channels})));
    TFP_ASSIGN_OR_RETURN(Tensor * doffset, ctx.AllocateOutput(2, TensorShape({channels})));
    ctx.SetOutput(3, Tensor::Scalar(0.0f));
    ctx.SetOutput(4, Tensor::Scalar(0.0f));
    const float* scale = Elements<float>(ctx.input(2));
    const float* mean = Elements<float>(ctx.input(3));
    const float* variance = Elements<float>(ctx.input(4));
    return Dispatch<MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16)>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* xs = Elements<T>(x);
      const T* dys = Elements<T>(dy);
      std::vector<double> sum(channels, 0), sum_x(channels, 0);
      std::vector<float> inverse(channels);
      for (int64_t c = 0; c < channels; ++c) inverse[c] = 1.0f / std::sqrt(variance[c] + epsilon_);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < channels; ++c) {
          const float g = static_cast<float>(dys[r * channels + c]);
          sum[c] += g;
          sum_x[c] += g * (static_cast<float>(xs[r * channels + c]) - mean[c]);
        }
      }
      for (int64_t c = 0; c < channels; ++c) {
        Elements<float>(dscale)[c] = static_cast<float>(sum_x[c] * inverse[c]);
        Elements<float>(doffset)[c] = static_cast<float>(sum[c]);
      }
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t i = r * channels + c;
          float g = static_cast<float>(dys[i]);
          if (training_) {
            g -= static_cast<float>(sum[c] / static_cast<double>(rows)) +
                 (static_cast<float>(xs[i]) - mean[c]) * inverse[c] * inverse[c] *
                     static_cast<float>(sum_x[c] / static_cast<double>(rows));
          }
          Elements<T>(dx)[i] = static_cast<T>(g * scale[c] * inverse[c]);
        }
      }
      return absl::OkStatus();
    });
  }

 private:
  const float epsilon_;
  const bool training_;
};

// LeakyRelu(x), and LeakyReluGrad(gradient, x).
template <bool kGrad>
class LeakyReluKernel : public OpKernel {
 public:
  explicit LeakyReluKernel(float alpha) : alpha_(alpha) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const float alpha, c.FloatAttr("alpha"));
    return std::make_unique<LeakyReluKernel>(alpha);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(kGrad ? 1 : 0);
    if (kGrad && x.shape() != ctx.input(0).shape())
      return absl::InvalidArgumentError("Inputs to LeakyReluGrad must have the same shape");
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), 0));
    return Dispatch<kFloatTypes>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* value = Elements<T>(ctx.input(kGrad ? 1 : 0));
      const T* from = Elements<T>(ctx.input(0));
      T* to = Elements<T>(out);
      const T alpha = static_cast<T>(alpha_);
      Shard(ctx, out->num_elements(), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = value[i] > T(0) ? from[i] : static_cast<T>(from[i] * alpha);
      });
      return absl::OkStatus();
    });
  }

 private:
  const float alpha_;
};

}  // namespace

void RegisterGradientKernels(KernelRegistry* registry) {
  RegisterKernel<BiasAddGradKernel>(registry, "BiasAddGrad", "T", kNumberTypes);
  RegisterKernel<MaxPoolGradKernel>(registry, "MaxPoolGrad", "T", kRealNumberTypes);
  RegisterKernel<AvgPoolGradKernel>(registry, "AvgPoolGrad", "T", kFloatTypes);
  RegisterKernel<Conv2DBackpropFilterKernel>(registry, "Conv2DBackpropFilter", "T", kFloatTypes);
  for (const char* op : {"FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3"}) {
    RegisterKernel<FusedBatchNormGradKernel>(registry, op, "T", MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16));
  }
  RegisterKernel<LeakyReluKernel<false>>(registry, "LeakyRelu", "T", kFloatTypes);
  RegisterKernel<LeakyReluKernel<true>>(registry, "LeakyReluGrad", "T", kFloatTypes);
}

}  // namespace tfpersist
