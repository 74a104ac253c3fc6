// Sum, Mean, Prod, Max, Min, All, Any, ArgMax, ArgMin. Follows core/kernels/reduction_ops_common.cc, argmax_op.cc.
//
// The shape is folded to alternating kept and reduced dimensions first; sums of floats are pairwise, so that their
// error does not grow with the length.
#include "reference/kernels/reduction.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {

absl::StatusOr<FoldedReduction> FoldReduction(const TensorShape& shape, const Tensor& axes, bool keep_dims) {
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> list, IntVector(axes, "reduction_indices"));
  const int rank = shape.rank();
  std::vector<bool> reduced(rank, false);
  for (int64_t axis : list) {
    if (axis < -rank || axis >= rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid reduction dimension (", axis, " for input with ", rank, " dimension(s)"));
    }
    const int d = static_cast<int>(axis < 0 ? axis + rank : axis);
    if (reduced[d]) {
      return absl::InvalidArgumentError(
          absl::StrCat("Invalid reduction arguments: Axes contains duplicate dimension: ", d));
    }
    reduced[d] = true;
  }
  FoldedReduction f;
  std::vector<int64_t> out_dims;
  bool last = false;
  for (int d = 0; d < rank; ++d) {
    if (!reduced[d]) {
      out_dims.push_back(shape.dim(d));
    } else if (keep_dims) {
      out_dims.push_back(1);
    }
    if (shape.dim(d) == 1) continue;
    if (!f.sizes.empty() && last == reduced[d]) {
      f.sizes.back() *= shape.dim(d);
    } else {
      if (f.sizes.empty()) f.first_is_reduced = reduced[d];
      f.sizes.push_back(shape.dim(d));
    }
    last = reduced[d];
  }
  TFP_ASSIGN_OR_RETURN(f.out_shape, TensorShape::Create(out_dims));
  return f;
}

namespace {

constexpr int kLanes = 16;

// n contiguous elements, halves first: the tree that keeps float sums exact to a few ulp.
template <typename R, typename T>
typename R::template Acc<T> ReduceRun(const T* x, int64_t n) {
  using A = typename R::template Acc<T>;
  if (n <= 128) {
    A a = R::template Start<T>();
    int64_t i = 0;
    if (n >= kLanes) {
      // Side by side, as vectors have it: one after the other each addition would wait for the one before.
      A lanes[kLanes];
      for (int k = 0; k < kLanes; ++k) lanes[k] = static_cast<A>(x[k]);
      for (i = kLanes; i + kLanes <= n; i += kLanes) {
        for (int k = 0; k < kLanes; ++k) lanes[k] = R::Join(lanes[k], static_cast<A>(x[i + k]));
      }
      for (int half = kLanes / 2; half > 0; half /= 2) {
        for (int k = 0; k < half; ++k) lanes[k] = R::Join(lanes[k], lanes[k + half]);
      }
      a = lanes[0];
    }
    for (; i < n; ++i) a = R::Join(a, static_cast<A>(x[i]));
    return a;
  }
  const int64_t half_n = n / 2;
  return R::Join(ReduceRun<R, T>(x, half_n), ReduceRun<R, T>(x + half_n, n - half_n));
}

// Reduces dimensions [d, end) of the folded x starting at `x` into acc, whose kept dimensions run row-major.
template <typename R, typename T>
void ReduceInto(const T* x, const FoldedReduction& f, size_t d, bool reduced, int64_t x_block, int64_t out_block,
                typename R::template Acc<T>* acc) {
  using A = typename R::template Acc<T>;
  const int64_t n = f.sizes[d];
  const int64_t inner_x = x_block / n;
  if (d + 1 == f.sizes.size()) {
    if (reduced) {
      *acc = R::Join(*acc, ReduceRun<R, T>(x, n));
    } else {
      for (int64_t i = 0; i < n; ++i) acc[i] = R::Join(acc[i], static_cast<A>(x[i]));
    }
    return;
  }
  const int64_t inner_out = reduced ? out_block : out_block / n;
  for (int64_t i = 0; i < n; ++i) {
    ReduceInto<R, T>(x + i * inner_x, f, d + 1, !reduced, inner_x, inner_out, acc + (reduced ? 0 : i * inner_out));
  }
}

template <typename R, DataTypeMask kTypes>
class ReduceKernel : public OpKernel {
 public:
  explicit ReduceKernel(bool keep_dims) : keep_dims_(keep_dims) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool keep_dims, c.BoolAttr("keep_dims"));
    return std::make_unique<ReduceKernel>(keep_dims);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    TFP_ASSIGN_OR_RETURN(FoldedReduction f, FoldReduction(x.shape(), ctx.input(1), keep_dims_));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, f.out_shape));
    const int64_t n_out = out->num_elements();
    return Dispatch<kTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using A = typename R::template Acc<T>;
      const T* from = Elements<T>(x);
      T* to = Elements<T>(out);
      const int64_t per_out = n_out == 0 ? 0 : x.num_elements() / n_out;
      if (x.num_elements() > 0 && (f.sizes.size() == 1 || (f.sizes.size() == 2 && !f.first_is_reduced))) {
        // One run per result, or one result per element.
        const int64_t run = f.sizes.size() == 2 || f.first_is_reduced ? f.sizes.back() : 1;
        Shard(ctx, n_out, run, [&](int64_t begin, int64_t end) {
          for (int64_t o = begin; o < end; ++o) {
            to[o] = R::template Finish<T>(ReduceRun<R, T>(from + o * run, run), per_out);
          }
        });
        return absl::OkStatus();
      }
      const std::unique_ptr<A[]> acc(new A[n_out]);
      std::fill_n(acc.get(), n_out, R::template Start<T>());
      if (x.num_elements() > 0) {
        if (f.sizes.empty()) {
          acc[0] = R::Join(acc[0], static_cast<A>(from[0]));
        } else {
          ReduceInto<R, T>(from, f, 0, f.first_is_reduced, x.num_elements(), n_out, acc.get());
        }
      }
      for (int64_t o = 0; o < n_out; ++o) to[o] = R::template Finish<T>(acc[o], per_out);
      return absl::OkStatus();
    });
  }

 private:
  const bool keep_dims_;
};

template <bool kMax>
class ArgKernel : public OpKernel {
 public:
  explicit ArgKernel(DataType out) : out_(out) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<ArgKernel>(c.output_types()[0]);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (!ctx.input(1).shape().IsScalar()) {
      return absl::InvalidArgumentError(
          absl::StrCat("dim must be a scalar, but received tensor of shape: ", ctx.input(1).shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const int64_t wanted, IntScalar(ctx.input(1), "dim"));
    const int rank = x.shape().rank();
    if (wanted < -rank || wanted >= rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected dimension in the range [", -rank, ", ", rank, "), but got ", wanted));
    }
    const int axis = static_cast<int>(wanted < 0 ? wanted + rank : wanted);
    const int64_t n = x.shape().dim(axis);
    if (n == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Reduction axis ", axis, " is empty in shape ", x.shape().DebugString()));
    }
    std::vector<int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
    dims.erase(dims.begin() + axis);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    int64_t after = 1;
    for (int d = axis + 1; d < rank; ++d) after *= x.shape().dim(d);
    return Dispatch<kRealNumberTypes | MaskOf(DT_BOOL)>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      for (int64_t o = 0; o < out->num_elements(); ++o) {
        const T* column = from + (o / after) * n * after + o % after;
        int64_t best = 0;
        for (int64_t i = 1; i < n; ++i) {
          if (kMax ? column[best * after] < column[i * after] : column[i * after] < column[best * after]) best = i;
        }
        if (out_ == DT_INT32) {
          out->flat<int32_t>()[o] = static_cast<int32_t>(best);
        } else {
          out->flat<int64_t>()[o] = best;
        }
      }
      return absl::OkStatus();
    });
  }

 private:
  const DataType out_;
};

}  // namespace

void RegisterReductionKernels(KernelRegistry* registry) {
  RegisterKernel<ReduceKernel<SumReducer, kNumberTypes>>(registry, "Sum", "T", kNumberTypes);
  RegisterKernel<ReduceKernel<MeanReducer, kNumberTypes>>(registry, "Mean", "T", kNumberTypes);
  RegisterKernel<ReduceKernel<ProdReducer, kNumberTypes>>(registry, "Prod", "T", kNumberTypes);
  RegisterKernel<ReduceKernel<MaxReducer, kRealNumberTypes>>(registry, "Max", "T", kRealNumberTypes);
  RegisterKernel<ReduceKernel<MinReducer, kRealNumberTypes>>(registry, "Min", "T", kRealNumberTypes);
  RegisterKernel<ReduceKernel<AllReducer, MaskOf(DT_BOOL)>>(registry, "All");
  RegisterKernel<ReduceKernel<AnyReducer, MaskOf(DT_BOOL)>>(registry, "Any");
  RegisterKernel<ArgKernel<true>>(registry, "ArgMax", "T", kRealNumberTypes);
  RegisterKernel<ArgKernel<false>>(registry, "ArgMin", "T", kRealNumberTypes);
}

}  // namespace tfpersist
