// LRN, ResizeBilinear, ResizeNearestNeighbor, SpaceToBatchND, BatchToSpaceND, Conv2DBackpropInput: what deployed image
// networks have beside convolutions. NHWC. Follows core/kernels/lrn_op.cc, resize_bilinear_op.cc,
// resize_nearest_neighbor_op.cc, spacetobatch_op.cc, batchtospace_op.cc, conv_grad_input_ops.cc.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/window.h"

namespace tfpersist {
namespace {

class LrnKernel : public OpKernel {
 public:
  LrnKernel(int64_t radius, float bias, float alpha, float beta)
      : radius_(radius), bias_(bias), alpha_(alpha), beta_(beta) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t radius, c.IntAttr("depth_radius"));
    TFP_ASSIGN_OR_RETURN(const float bias, c.FloatAttr("bias"));
    TFP_ASSIGN_OR_RETURN(const float alpha, c.FloatAttr("alpha"));
    TFP_ASSIGN_OR_RETURN(const float beta, c.FloatAttr("beta"));
    if (radius < 0 || radius > INT32_MAX) {
      return absl::InvalidArgumentError(absl::StrCat("depth_radius = ", radius, " larger than int max"));
    }
    return std::make_unique<LrnKernel>(radius, bias, alpha, beta);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) return absl::InvalidArgumentError("in must be 4-dimensional");
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    if (out->num_elements() == 0) return absl::OkStatus();
    const int64_t depth = x.shape().dim(3);
    return Dispatch<MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16)>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(ctx.input(0));
      T* to = Elements<T>(out);
      Shard(ctx, x.num_elements() / depth, depth * 30, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const T* pixel = from + row * depth;
          for (int64_t d = 0; d < depth; ++d) {
            float sum = 0;
            for (int64_t k = std::max<int64_t>(0, d - radius_); k < std::min(depth, d + radius_ + 1); ++k) {
              sum += static_cast<float>(pixel[k]) * static_cast<float>(pixel[k]);
            }
            to[row * depth + d] = static_cast<T>(static_cast<float>(pixel[d]) * std::pow(bias_ + alpha_ * sum, -beta_));
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const int64_t radius_;
  const float bias_, alpha_, beta_;
};

// Where an output line or column comes from.
struct Sample {
  int64_t low, high;
  float part;  // of the higher one
};

class ResizeKernel : public OpKernel {
 public:
  ResizeKernel(bool align_corners, bool half_pixel_centers, bool bilinear)
      : align_corners_(align_corners), half_pixel_centers_(half_pixel_centers), bilinear_(bilinear) {}
  template <bool kBilinear>
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool align_corners, c.BoolAttr("align_corners"));
    const bool half = c.BoolAttr("half_pixel_centers").value_or(false);
    if (align_corners && half) {
      return absl::InvalidArgumentError("If half_pixel_centers is True, align_corners must be False.");
    }
    return std::make_unique<ResizeKernel>(align_corners, half, kBilinear);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.shape().DebugString()));
    }
    if (ctx.input(1).shape() != TensorShape({2})) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape_t must have two elements", ctx.input(1).shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> size, IntVector(ctx.input(1), "size"));
    const int64_t batch = x.shape().dim(0), rows = x.shape().dim(1), cols = x.shape().dim(2), depth = x.shape().dim(3);
    if (size[0] <= 0 || size[1] <= 0) return absl::InvalidArgumentError("output dimensions must be positive");
    if (rows <= 0 || cols <= 0) return absl::InvalidArgumentError("input image must be of non-zero size");
    if (rows > INT32_MAX || cols > INT32_MAX)
      return absl::InvalidArgumentError("input sizes must be between 0 and max int32");
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({batch, size[0], size[1], depth}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const std::vector<Sample> ys = Samples(rows, size[0]), xs = Samples(cols, size[1]);
    if (!bilinear_) {
      return DispatchCopy(x.dtype(), [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* from = Elements<T>(x);
        T* to = Elements<T>(out);
        for (int64_t b = 0; b < batch; ++b) {
          for (const Sample& y : ys) {
            for (const Sample& c : xs) {
              to = std::copy_n(from + ((b * rows + y.low) * cols + c.low) * depth, depth, to);
            }
          }
        }
        return absl::OkStatus();
      });
    }
    return Dispatch<kRealNumberTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      float* to = Elements<float>(out);
      Shard(ctx, batch * size[0], size[1] * depth * 4, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
          const Sample& y = ys[line % size[0]];
          const T* image = from + line / size[0] * rows * cols * depth;
          const T* upper = image + y.low * cols * depth;
          const T* lower = image + y.high * cols * depth;
          float* row = to + line * size[1] * depth;
          for (const Sample& c : xs) {
            for (int64_t d = 0; d < depth; ++d) {
              const float top_left = static_cast<float>(upper[c.low * depth + d]);
              const float top_right = static_cast<float>(upper[c.high * depth + d]);
              const float bottom_left = static_cast<float>(lower[c.low * depth + d]);
              const float bottom_right = static_cast<float>(lower[c.high * depth + d]);
              const float top = top_left + (top_right - top_left) * c.part;
              const float bottom = bottom_left + (bottom_right - bottom_left) * c.part;
              *row++ = top + (bottom - top) * y.part;
            }
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  std::vector<Sample> Samples(int64_t in, int64_t out) const {
    const float scale = align_corners_ && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                                  : static_cast<float>(in) / static_cast<float>(out);
    std::vector<Sample> samples(out);
    for (int64_t i = 0; i < out; ++i) {
      Sample& s = samples[i];
      if (!bilinear_) {
        const float at = half_pixel_centers_ ? (static_cast<float>(i) + 0.5f) * scale : static_cast<float>(i) * scale;
        s.low = std::clamp<int64_t>(static_cast<int64_t>(align_corners_ ? std::round(at) : std::floor(at)), 0, in - 1);
        continue;
      }
      const float at =
          half_pixel_centers_ ? (static_cast<float>(i) + 0.5f) * scale - 0.5f : static_cast<float>(i) * scale;
      const float floor = std::floor(at);
      s.low = std::clamp<int64_t>(static_cast<int64_t>(floor), 0, in - 1);
      s.high = half_pixel_centers_ ? std::clamp<int64_t>(static_cast<int64_t>(std::ceil(at)), 0, in - 1)
                                   : std::min<int64_t>(s.low + 1, in - 1);
      s.part = at - floor;
    }
    return samples;
  }

  const bool align_corners_, half_pixel_centers_, bilinear_;
};

// kToBatch: blocks of space become entries of the batch; else the other way round. The batch counts the positions in a
// block first, then the original entries.
template <bool kToBatch>
absl::Status SpaceBatch(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  if (ctx.input(1).shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("block_shape rank should be 1 instead of ", ctx.input(1).shape().rank()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> block, IntVector(ctx.input(1), "block_shape"));
  const int m = static_cast<int>(block.size()), rank = x.shape().rank();
  if (rank < 1 + m) {
    return absl::InvalidArgumentError(absl::StrCat("input rank should be >= ", 1 + m, " instead of ", rank));
  }
  if (ctx.input(2).shape() != TensorShape({m, 2})) {
    return absl::InvalidArgumentError(absl::StrCat(kToBatch ? "paddings" : "crops", " should have shape [", m,
                                                   ", 2] instead of ", ctx.input(2).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> sides,
                       IntVector(ctx.input(2).Reshaped(TensorShape({2 * m})), kToBatch ? "paddings" : "crops"));
  int64_t positions = 1;
  for (int d = 0; d < m; ++d) {
    if (block[d] < 1) return absl::InvalidArgumentError("All values in block_shape must be positive");
    if (sides[2 * d] < 0 || sides[2 * d + 1] < 0) {
      return absl::InvalidArgumentError(absl::StrCat(kToBatch ? "Paddings" : "Crops", " must be non-negative"));
    }
    if (__builtin_mul_overflow(positions, block[d], &positions)) {
      return absl::InvalidArgumentError("Product of block sizes must be positive and fit 64 bits");
    }
  }
  std::vector<int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  if (kToBatch) {
    if (__builtin_mul_overflow(dims[0], positions, &dims[0])) {
      return absl::InvalidArgumentError("SpaceToBatchND makes a batch larger than 2^63 - 1");
    }
  } else {
    if (dims[0] % positions != 0) {
      return absl::InvalidArgumentError(absl::StrCat("Input batch dimension (", dims[0],
                                                     ") is not divisible by product of block sizes (", positions, ")"));
    }
    dims[0] /= positions;
  }
  for (int d = 0; d < m; ++d) {
    int64_t& size = dims[d + 1];
    if (kToBatch) {
      if (__builtin_add_overflow(size, sides[2 * d], &size) || __builtin_add_overflow(size, sides[2 * d + 1], &size)) {
        return absl::InvalidArgumentError("SpaceToBatchND makes a dimension larger than 2^63 - 1");
      }
      if (size % block[d] != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("padded_shape[", d, "]=", size, " is not divisible by block_shape[", d, "]=", block[d]));
      }
      size /= block[d];
    } else {
      if (__builtin_mul_overflow(size, block[d], &size) || size < sides[2 * d] ||
          size - sides[2 * d] < sides[2 * d + 1]) {
        return absl::InvalidArgumentError(absl::StrCat("cropped_shape[", d, "] must be non-negative"));
      }
      size -= sides[2 * d] + sides[2 * d + 1];
    }
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  int64_t run = 1;
  for (int d = m + 1; d < rank; ++d) run *= dims[d];
  const TensorShape& small = kToBatch ? shape : x.shape();  // the side with the larger batch
  const TensorShape& large = kToBatch ? x.shape() : shape;
  return DispatchCopy(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    const T* from = Elements<T>(x);
    if (kToBatch) std::fill_n(to, out->num_elements(), T{});
    int64_t rows = small.dim(0);
    for (int d = 0; d < m; ++d) rows *= small.dim(d + 1);
    std::vector<int64_t> at(m);
    const int64_t entries = large.dim(0);
    for (int64_t row = 0; row < rows; ++row) {
      int64_t rest = row;
      for (int d = m - 1; d >= 0; --d) {
        at[d] = rest % small.dim(d + 1);
        rest /= small.dim(d + 1);
      }
      int64_t position = rest / entries, index = rest % entries;
      bool inside = true;
      std::vector<int64_t> offset(m);
      for (int d = m - 1; d >= 0; --d) {
        offset[d] = position % block[d];
        position /= block[d];
      }
      for (int d = 0; d < m; ++d) {
        const int64_t place = at[d] * block[d] + offset[d] - sides[2 * d];
        inside = inside && place >= 0 && place < large.dim(d + 1);
        index = index * large.dim(d + 1) + place;
      }
      if (!inside) continue;
      if (kToBatch) {
        std::copy_n(from + index * run, run, to + row * run);
      } else {
        std::copy_n(from + row * run, run, to + index * run);
      }
    }
    return absl::OkStatus();
  });
}

// The image that a convolution with this filter would have taken to `out_backprop`: the gradient, and what networks
// call a transposed convolution.
class Conv2DBackpropInputKernel : public OpKernel {
 public:
  explicit Conv2DBackpropInputKernel(WindowAttrs attrs) : attrs_(std::move(attrs)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    return std::make_unique<Conv2DBackpropInputKernel>(std::move(attrs));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape& filter = ctx.input(1).shape();
    const TensorShape& grad = ctx.input(2).shape();
    if (ctx.input(0).shape() != TensorShape({4})) {
      return absl::InvalidArgumentError(absl::StrCat("Conv2DBackpropInput: input_sizes must be a vector of 4, not ",
                                                     ctx.input(0).shape().DebugString()));
    }
    if (filter.rank() != 4 || grad.rank() != 4) {
      return absl::InvalidArgumentError("Conv2DBackpropInput: filter and out_backprop must be 4-dimensional");
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, IntVector(ctx.input(0), "input_sizes"));
    for (int64_t size : sizes) {
      if (size < 0) return absl::InvalidArgumentError("Conv2DBackpropInput: input_sizes must not be negative");
    }
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(sizes));
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(shape, filter.dim(0), filter.dim(1)));
    if (filter.dim(2) != w.in_depth) {
      return absl::InvalidArgumentError("Conv2DBackpropInput: input depth must be evenly divisible by filter depth");
    }
    if (grad.dim(0) != w.batch || grad.dim(1) != w.out_rows || grad.dim(2) != w.out_cols ||
        grad.dim(3) != filter.dim(3)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Conv2DBackpropInput: Size of out_backprop doesn't match computed: "
          "actual = ",
          grad.DebugString(), ", computed = [", w.batch, ",", w.out_rows, ",", w.out_cols, ",", filter.dim(3), "]"));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return Dispatch<kFloatTypes>(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using W = functor::Wide<T>;
      const T* taps = Elements<T>(ctx.input(1));
      const T* from = Elements<T>(ctx.input(2));
      T* to = Elements<T>(out);
      const int64_t depth = filter.dim(3), line = w.in_cols * w.in_depth;
      Shard(ctx, w.batch * w.in_rows, line * w.rows * w.cols * depth, [&](int64_t begin, int64_t end) {
        std::vector<W> sums(line);
        for (int64_t i = begin; i < end; ++i) {
          const int64_t b = i / w.in_rows, row = i % w.in_rows;
          std::fill(sums.begin(), sums.end(), W(0));
          for (int64_t fr = 0; fr < w.rows; ++fr) {
            const int64_t above = row + w.pad_top - fr * w.row_dilation;
            if (above < 0 || above % w.row_stride != 0 || above / w.row_stride >= w.out_rows) continue;
            const T* grad_row = from + (b * w.out_rows + above / w.row_stride) * w.out_cols * depth;
            for (int64_t col = 0; col < w.out_cols; ++col) {
              for (int64_t fc = 0; fc < w.cols; ++fc) {
                const int64_t c = col * w.col_stride - w.pad_left + fc * w.col_dilation;
                if (c < 0 || c >= w.in_cols) continue;
                const T* g = grad_row + col * depth;
                const T* f = taps + (fr * w.cols + fc) * w.in_depth * depth;
                for (int64_t d = 0; d < w.in_depth; ++d) {
                  W sum = 0;
                  for (int64_t o = 0; o < depth; ++o) sum += static_cast<W>(g[o]) * static_cast<W>(f[d * depth + o]);
                  sums[c * w.in_depth + d] += sum;
                }
              }
            }
          }
          for (int64_t k = 0; k < line; ++k) to[i * line + k] = static_cast<T>(sums[k]);
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const WindowAttrs attrs_;
};

}  // namespace

void RegisterImageKernels(KernelRegistry* registry) {
  RegisterKernel<LrnKernel>(registry, "LRN", "T", MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16));
  constexpr DataTypeMask kImageTypes = kFloatTypes | MaskOf(DT_INT8, DT_UINT8, DT_INT16, DT_UINT16, DT_INT32, DT_INT64);
  registry->Register(
      {.op = "ResizeBilinear", .type_attr = "T", .types = kImageTypes, .factory = &ResizeKernel::Make<true>});
  registry->Register(
      {.op = "ResizeNearestNeighbor", .type_attr = "T", .types = kImageTypes, .factory = &ResizeKernel::Make<false>});
  RegisterFunction(registry, "SpaceToBatchND", SpaceBatch<true>);
  RegisterFunction(registry, "BatchToSpaceND", SpaceBatch<false>);
  RegisterKernel<Conv2DBackpropInputKernel>(registry, "Conv2DBackpropInput", "T", kFloatTypes);
}

}  // namespace tfpersist
