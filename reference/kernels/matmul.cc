// MatMul, _FusedMatMul, BatchMatMul, BiasAdd. Follows core/kernels/matmul_op.cc, batch_matmul_op_impl.h, bias_op.cc.
// Large products of float32 go through oneDNN, others through Eigen; half and bfloat16 are multiplied in float and
// rounded once.
#include "Eigen/Core"
#include "absl/strings/str_cat.h"
#include "reference/kernels/broadcast.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/onednn_matmul.h"
#include "reference/kernels/window.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

constexpr DataTypeMask kMatMulTypes = kFloatTypes | kComplexTypes | MaskOf(DT_INT32, DT_INT64);

template <typename T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// out[m,n] = op(a)[m,k] op(b)[k,n]; a and b are stored row-major as they came.
template <typename T>
void Multiply(const T* a, bool transpose_a, bool conjugate_a, const T* b, bool transpose_b, bool conjugate_b, T* out,
              int64_t m, int64_t k, int64_t n) {
  if constexpr (functor::kIsInt<T>) {
    using U = functor::Wrap<T>;  // integers wrap
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        U sum = 0;
        for (int64_t l = 0; l < k; ++l) {
          sum += static_cast<U>(a[transpose_a ? l * m + i : i * k + l]) *
                 static_cast<U>(b[transpose_b ? j * k + l : l * n + j]);
        }
        out[i * n + j] = static_cast<T>(sum);
      }
    }
  } else {
    using W = functor::Wide<T>;
    Eigen::Map<const Matrix<T>> am(a, transpose_a ? k : m, transpose_a ? m : k);
    Eigen::Map<const Matrix<T>> bm(b, transpose_b ? n : k, transpose_b ? k : n);
    Eigen::Map<Matrix<T>> om(out, m, n);
    auto multiply = [&](const auto& x, const auto& y, auto& result) {
      if (transpose_a && transpose_b) {
        result.noalias() = x.transpose() * y.transpose();
      } else if (transpose_a) {
        result.noalias() = x.transpose() * y;
      } else if (transpose_b) {
        result.noalias() = x * y.transpose();
      } else {
        result.noalias() = x * y;
      }
    };
    if constexpr (!std::is_same_v<W, T>) {
      const Matrix<W> aw = am.template cast<W>(), bw = bm.template cast<W>();
      Matrix<W> result(m, n);
      multiply(aw, bw, result);
      om = result.template cast<T>();
    } else if constexpr (functor::kIsComplex<T>) {
      const Matrix<T> ac = conjugate_a ? Matrix<T>(am.conjugate()) : Matrix<T>(am);
      const Matrix<T> bc = conjugate_b ? Matrix<T>(bm.conjugate()) : Matrix<T>(bm);
      multiply(ac, bc, om);
    } else {
      multiply(am, bm, om);
    }
  }
}

class MatMulKernel : public OpKernel {
 public:
  MatMulKernel(bool transpose_a, bool transpose_b, FusedOps fused)
      : transpose_a_(transpose_a), transpose_b_(transpose_b), fused_(fused), onednn_(fused) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool a, c.BoolAttr("transpose_a"));
    TFP_ASSIGN_OR_RETURN(const bool b, c.BoolAttr("transpose_b"));
    TFP_ASSIGN_OR_RETURN(const FusedOps fused, FusedOps::Of(c));
    if (fused.add) return absl::UnimplementedError("A product takes no addend.");
    return std::make_unique<MatMulKernel>(a, b, fused);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& a = ctx.input(0);
    const Tensor& b = ctx.input(1);
    for (int i = 0; i < 2; ++i) {
      if (ctx.input(i).shape().rank() != 2) {
        return absl::InvalidArgumentError(
            absl::StrCat("In[", i, "] is not a matrix. Instead it has shape ", ctx.input(i).shape().DebugString()));
      }
    }
    const int64_t m = a.shape().dim(transpose_a_ ? 1 : 0), k = a.shape().dim(transpose_a_ ? 0 : 1);
    const int64_t n = b.shape().dim(transpose_b_ ? 0 : 1);
    if (b.shape().dim(transpose_b_ ? 1 : 0) != k) {
      return absl::InvalidArgumentError(absl::StrCat("Matrix size-incompatible: In[0]: ", a.shape().DebugString(),
                                                     ", In[1]: ", b.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({m, n}));
    TFP_RETURN_IF_ERROR(fused_.CheckArgs(ctx, shape, n));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const OneDnnMatMul::Problem problem = {1, m, k, n, transpose_a_, transpose_b_, ctx.IsConstant(1)};
    if (a.dtype() == DT_FLOAT && OneDnnMatMul::IsWorthIt(problem)) {
      return onednn_.Run(ctx, problem, Elements<float>(a), Elements<float>(b),
                         fused_.bias ? Elements<float>(ctx.input(2)) : nullptr, Elements<float>(out));
    }
    return Dispatch<kMatMulTypes>(a.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      Multiply<T>(Elements<T>(a), transpose_a_, false, Elements<T>(b), transpose_b_, false, Elements<T>(out), m, k, n);
      if constexpr (std::is_same_v<T, float>) {
        const float* bias = fused_.bias ? Elements<float>(ctx.input(2)) : nullptr;
        float* to = Elements<float>(out);
        for (int64_t i = 0; i < m * n; ++i) to[i] = fused_.Activate(bias != nullptr ? to[i] + bias[i % n] : to[i]);
      }
      return absl::OkStatus();
    });
  }

 private:
  const bool transpose_a_, transpose_b_;
  const FusedOps fused_;
  OneDnnMatMul onednn_;
};

// Matrices in the last two dimensions, all others equal or, in V2, broadcast. adj: transposed and, if complex,
// conjugated.
class BatchMatMulKernel : public OpKernel {
 public:
  BatchMatMulKernel(bool adj_x, bool adj_y, bool broadcasts) : adj_x_(adj_x), adj_y_(adj_y), broadcasts_(broadcasts) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool x, c.BoolAttr("adj_x"));
    TFP_ASSIGN_OR_RETURN(const bool y, c.BoolAttr("adj_y"));
    return std::make_unique<BatchMatMulKernel>(x, y, c.def().op() == "BatchMatMulV2");
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& y = ctx.input(1);
    TFP_ASSIGN_OR_RETURN(const Broadcast batch, BatchOf(x.shape(), y.shape()));
    std::vector<int64_t> dims(batch.shape.dims().begin(), batch.shape.dims().end());
    const int64_t batches = batch.shape.num_elements();
    const int x_rank = x.shape().rank(), y_rank = y.shape().rank();
    const int64_t m = x.shape().dim(x_rank - (adj_x_ ? 1 : 2)), k = x.shape().dim(x_rank - (adj_x_ ? 2 : 1));
    const int64_t k2 = y.shape().dim(y_rank - (adj_y_ ? 1 : 2)), n = y.shape().dim(y_rank - (adj_y_ ? 2 : 1));
    if (k != k2) {
      return absl::InvalidArgumentError(absl::StrCat("In[0] mismatch In[1] shape: ", k, " vs. ", k2, ": ",
                                                     x.shape().DebugString(), " ", y.shape().DebugString(), " ",
                                                     adj_x_ ? 1 : 0, " ", adj_y_ ? 1 : 0));
    }
    dims.push_back(m);
    dims.push_back(n);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    // Which matrices are multiplied: all in a row, but for those that are repeated.
    std::vector<int64_t> xs, ys;
    ForEachRow(batch, [&](int64_t i, int64_t j, int64_t) {
      for (int64_t r = 0; r < batch.dims.back().size; ++r) {
        xs.push_back(i + r * batch.dims.back().x_stride);
        ys.push_back(j + r * batch.dims.back().y_stride);
      }
    });
    const bool repeats = x.num_elements() != batches * m * k || y.num_elements() != batches * k * n;
    const OneDnnMatMul::Problem problem = {repeats ? 1 : batches,        m, k, n, adj_x_, adj_y_,
                                           !repeats && ctx.IsConstant(1)};
    if (x.dtype() == DT_FLOAT && OneDnnMatMul::IsWorthIt(problem)) {
      for (int64_t i = 0; i < (repeats ? batches : 1); ++i) {
        TFP_RETURN_IF_ERROR(onednn_.Run(ctx, problem, Elements<float>(x) + xs[i] * m * k,
                                        Elements<float>(y) + ys[i] * k * n, nullptr, Elements<float>(out) + i * m * n));
      }
      return absl::OkStatus();
    }
    return Dispatch<kMatMulTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      Shard(ctx, batches, m * k * n / 4 + 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          Multiply<T>(Elements<T>(x) + xs[i] * m * k, adj_x_, adj_x_, Elements<T>(y) + ys[i] * k * n, adj_y_, adj_y_,
                      Elements<T>(out) + i * m * n, m, k, n);
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  absl::StatusOr<Broadcast> BatchOf(const TensorShape& x, const TensorShape& y) const {
    const int rank = x.rank();
    if (!broadcasts_ && rank != y.rank()) {
      return absl::InvalidArgumentError(
          absl::StrCat("In[0] and In[1] has different ndims: ", x.DebugString(), " vs. ", y.DebugString()));
    }
    if (!broadcasts_ && rank < 2) {
      return absl::InvalidArgumentError(absl::StrCat("In[0] and In[1] ndims must be >= 2: ", rank));
    }
    for (int i = 0; i < 2; ++i) {
      const int r = i == 0 ? rank : y.rank();
      if (r < 2) return absl::InvalidArgumentError(absl::StrCat("In[", i, "] ndims must be >= 2: ", r));
    }
    for (int d = 0; !broadcasts_ && d < rank - 2; ++d) {
      if (x.dim(d) != y.dim(d)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "In[0].dim(", d, ") and In[1].dim(", d, ") must be the same: ", x.DebugString(), " vs ", y.DebugString()));
      }
    }
    auto batch = [](const TensorShape& s) { return TensorShape::Create(s.dims().subspan(0, s.rank() - 2)); };
    TFP_ASSIGN_OR_RETURN(const TensorShape x_batch, batch(x));
    TFP_ASSIGN_OR_RETURN(const TensorShape y_batch, batch(y));
    absl::StatusOr<Broadcast> both = Broadcast::Of(x_batch, y_batch);
    if (both.ok()) return both;
    return absl::InvalidArgumentError(absl::StrCat(
        "In[0] and In[1] must have compatible batch dimensions: ", x.DebugString(), " vs. ", y.DebugString()));
  }

  const bool adj_x_, adj_y_, broadcasts_;
  OneDnnMatMul onednn_;
};

// data_format NHWC: the bias runs along the last dimension; NCHW: along the one after the batch.
class BiasAddKernel : public OpKernel {
 public:
  explicit BiasAddKernel(bool nchw) : nchw_(nchw) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    const std::string format = c.StringAttr("data_format").value_or("NHWC");
    if (format != "NHWC" && format != "NCHW") return absl::InvalidArgumentError("Invalid data format");
    return std::make_unique<BiasAddKernel>(format == "NCHW");
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& bias = ctx.input(1);
    const int rank = x.shape().rank();
    if (rank < 2) {
      return absl::InvalidArgumentError(absl::StrCat("Input tensor must be at least 2D: ", x.shape().DebugString()));
    }
    if (bias.shape().rank() != 1) {
      return absl::InvalidArgumentError(absl::StrCat("Biases must be 1D: ", bias.shape().DebugString()));
    }
    const int channel = nchw_ ? std::max(1, rank - 3) : rank - 1;
    const int64_t channels = x.shape().dim(channel);
    if (bias.shape().dim(0) != channels) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Must provide as many biases as the last dimension of the input tensor: ", bias.shape().DebugString(),
          " vs. ", x.shape().DebugString()));
    }
    int64_t before = 1, after = 1;
    for (int d = 0; d < channel; ++d) before *= x.shape().dim(d);
    for (int d = channel + 1; d < rank; ++d) after *= x.shape().dim(d);
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), 0));
    if (out->num_elements() == 0) return absl::OkStatus();
    return Dispatch<kNumberTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      const T* b = Elements<T>(bias);
      T* to = Elements<T>(out);
      Shard(ctx, before, channels * after, [&](int64_t begin, int64_t end) {
        bool fault = false;
        int64_t i = begin * channels * after;
        for (int64_t row = begin; row < end; ++row) {
          for (int64_t c = 0; c < channels; ++c) {
            for (int64_t a = 0; a < after; ++a, ++i) to[i] = functor::Add::Apply(from[i], b[c], fault);
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const bool nchw_;
};

}  // namespace

void RegisterMatMulKernels(KernelRegistry* registry) {
  RegisterKernel<MatMulKernel>(registry, "MatMul", "T", kMatMulTypes);
  RegisterKernel<MatMulKernel>(registry, "_FusedMatMul", "T", MaskOf(DT_FLOAT));
  RegisterKernel<BatchMatMulKernel>(registry, "BatchMatMul", "T", kMatMulTypes);
  RegisterKernel<BatchMatMulKernel>(registry, "BatchMatMulV2", "T", kMatMulTypes);
  RegisterKernel<BiasAddKernel>(registry, "BiasAdd", "T", kNumberTypes);
}

}  // namespace tfpersist
