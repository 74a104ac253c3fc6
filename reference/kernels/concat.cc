// ConcatV2, Concat, Pack, Unpack, Split, SplitV. Follows core/kernels/concat_op.cc, pack_op.cc, unpack_op.cc,
// split_op.cc, split_v_op.cc. All of them move blocks of elements: a tensor is seen as [before, axis, after].
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/strided_copy.h"

namespace tfpersist {
namespace {

// The product of dims [from, to).
int64_t Product(const TensorShape& shape, int from, int to) {
  int64_t n = 1;
  for (int d = from; d < to; ++d) n *= shape.dim(d);
  return n;
}

// Inputs [first, last) joined along `axis`, which each of them has.
absl::Status Join(OpKernelContext& ctx, int first, int last, int64_t wanted_axis) {
  const TensorShape& shape = ctx.input(first).shape();
  const int rank = shape.rank();
  if (rank == 0) {
    return absl::InvalidArgumentError(absl::StrCat("ConcatOp : Expected concatenating dimensions in the range [", -rank,
                                                   ", ", rank, "), but got ", wanted_axis));
  }
  if (wanted_axis < -rank || wanted_axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat("ConcatOp : Expected concatenating dimensions in the range [", -rank,
                                                   ", ", rank, "), but got ", wanted_axis));
  }
  const int axis = static_cast<int>(wanted_axis < 0 ? wanted_axis + rank : wanted_axis);
  int64_t total = 0;
  for (int i = first; i < last; ++i) {
    const TensorShape& s = ctx.input(i).shape();
    if (s.rank() != rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("ConcatOp : Ranks of all input tensors should match: shape[0] = ", shape.DebugString(),
                       " vs. shape[", i - first, "] = ", s.DebugString()));
    }
    for (int d = 0; d < rank; ++d) {
      if (d != axis && s.dim(d) != shape.dim(d)) {
        return absl::InvalidArgumentError(
            absl::StrCat("ConcatOp : Dimensions of inputs should match: shape[0] = ", shape.DebugString(),
                         " vs. shape[", i - first, "] = ", s.DebugString()));
      }
    }
    if (__builtin_add_overflow(total, s.dim(axis), &total)) {
      return absl::InvalidArgumentError("ConcatOp : The joined dimension has more than 2^63 - 1 entries");
    }
  }
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[axis] = total;
  TFP_ASSIGN_OR_RETURN(TensorShape joined, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, joined));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t before = Product(shape, 0, axis);
  const int64_t after = Product(shape, axis + 1, rank);
  int64_t start = 0;
  for (int i = first; i < last; ++i) {
    const int64_t n = ctx.input(i).shape().dim(axis) * after;
    TFP_RETURN_IF_ERROR(CopyRuns(ctx, ctx.input(i), {before, n, 0, n, start, total * after}, out));
    start += n;
  }
  return absl::OkStatus();
}

absl::Status ConcatV2(OpKernelContext& ctx) {
  const int n = ctx.num_inputs() - 1;
  TFP_ASSIGN_OR_RETURN(const int64_t axis, IntScalar(ctx.input(n), "concat_dim"));
  return Join(ctx, 0, n, axis);
}

absl::Status Concat(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const int64_t axis, IntScalar(ctx.input(0), "concat_dim"));
  return Join(ctx, 1, ctx.num_inputs(), axis);
}

// A kernel with attr `axis`.
template <absl::Status (*kFunction)(OpKernelContext&, int64_t)>
class AxisKernel : public OpKernel {
 public:
  explicit AxisKernel(int64_t axis) : axis_(axis) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t axis, c.IntAttr("axis"));
    return std::make_unique<AxisKernel>(axis);
  }
  absl::Status Compute(OpKernelContext& ctx) override { return kFunction(ctx, axis_); }

 private:
  const int64_t axis_;
};

absl::Status Pack(OpKernelContext& ctx, int64_t wanted_axis) {
  const TensorShape& shape = ctx.input(0).shape();
  const int rank = shape.rank() + 1;
  if (wanted_axis < -rank || wanted_axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat("axis = ", wanted_axis, " not in [", -rank, ", ", rank, ")"));
  }
  const int axis = static_cast<int>(wanted_axis < 0 ? wanted_axis + rank : wanted_axis);
  const int count = ctx.num_inputs();
  for (int i = 1; i < count; ++i) {
    if (ctx.input(i).shape() != shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("Shapes of all inputs must match: values[0].shape = ", shape.DebugString(), " != values[", i,
                       "].shape = ", ctx.input(i).shape().DebugString()));
    }
  }
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims.insert(dims.begin() + axis, count);
  TFP_ASSIGN_OR_RETURN(TensorShape packed, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, packed));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t before = Product(shape, 0, axis);
  const int64_t after = Product(shape, axis, shape.rank());
  for (int i = 0; i < count; ++i) {
    TFP_RETURN_IF_ERROR(CopyRuns(ctx, ctx.input(i), {before, after, 0, after, i * after, count * after}, out));
  }
  return absl::OkStatus();
}

// Cuts x along `axis` into the outputs, sizes[i] entries each; `drop_axis`: each has one entry and loses the dimension.
absl::Status Cut(OpKernelContext& ctx, const Tensor& x, int axis, const std::vector<int64_t>& sizes, bool drop_axis) {
  const TensorShape& shape = x.shape();
  const int64_t before = Product(shape, 0, axis);
  const int64_t after = Product(shape, axis + 1, shape.rank());
  int64_t start = 0;
  for (int i = 0; i < static_cast<int>(sizes.size()); ++i) {
    std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
    if (drop_axis) {
      dims.erase(dims.begin() + axis);
    } else {
      dims[axis] = sizes[i];
    }
    TFP_ASSIGN_OR_RETURN(TensorShape part, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(i, part));
    if (out->num_elements() > 0) {
      const int64_t run = sizes[i] * after;
      TFP_RETURN_IF_ERROR(CopyRuns(ctx, x, {before, run, start * after, shape.dim(axis) * after, 0, run}, out));
    }
    start += sizes[i];
  }
  return absl::OkStatus();
}

absl::Status Unpack(OpKernelContext& ctx, int64_t wanted_axis) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (wanted_axis < -rank || wanted_axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat("axis = ", wanted_axis, " not in [", -rank, ", ", rank, ")"));
  }
  const int axis = static_cast<int>(wanted_axis < 0 ? wanted_axis + rank : wanted_axis);
  if (x.shape().dim(axis) != ctx.num_outputs()) {
    return absl::InvalidArgumentError(absl::StrCat("Input shape axis ", axis, " must equal ", ctx.num_outputs(),
                                                   ", got shape ", x.shape().DebugString()));
  }
  return Cut(ctx, x, axis, std::vector<int64_t>(ctx.num_outputs(), 1), true);
}

absl::StatusOr<int> SplitAxis(const Tensor& axis_input, const Tensor& x) {
  TFP_ASSIGN_OR_RETURN(const int64_t axis, IntScalar(axis_input, "split_dim"));
  const int rank = x.shape().rank();
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("-input rank(-", rank, ") <= split_dim < input rank (", rank, "), but got ", axis));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

absl::Status Split(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(1);
  TFP_ASSIGN_OR_RETURN(const int axis, SplitAxis(ctx.input(0), x));
  const int count = ctx.num_outputs();
  if (x.shape().dim(axis) % count != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Number of ways to split should evenly divide the split dimension, but got split_dim ", axis,
                     " (size = ", x.shape().dim(axis), ") and num_split ", count));
  }
  return Cut(ctx, x, axis, std::vector<int64_t>(count, x.shape().dim(axis) / count), false);
}

absl::Status SplitV(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, IntVector(ctx.input(1), "size_splits"));
  TFP_ASSIGN_OR_RETURN(const int axis, SplitAxis(ctx.input(2), x));
  if (static_cast<int>(sizes.size()) != ctx.num_outputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Length of size_splits (", sizes.size(), ") must be num_split (", ctx.num_outputs(), ")"));
  }
  const int64_t size = x.shape().dim(axis);
  int64_t known = 0;
  int unknown = -1;
  for (int i = 0; i < static_cast<int>(sizes.size()); ++i) {
    if (sizes[i] == -1 && unknown < 0) {
      unknown = i;
    } else if (sizes[i] < 0 || sizes[i] > size - known) {
      return absl::InvalidArgumentError(
          absl::StrCat("size_splits must sum to the dimension of value along split dimension (", size, "); entry ", i,
                       " is ", sizes[i]));
    } else {
      known += sizes[i];
    }
  }
  if (unknown >= 0) {
    sizes[unknown] = size - known;
  } else if (known != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("Determined shape must either match input shape along split_dim exactly if fully specified, or be "
                     "less than the size of the input along split_dim if not fully specified.  Got: ",
                     known));
  }
  return Cut(ctx, x, axis, sizes, false);
}

}  // namespace

void RegisterConcatKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "ConcatV2", ConcatV2);
  RegisterFunction(registry, "Concat", Concat);
  RegisterKernel<AxisKernel<Pack>>(registry, "Pack");
  RegisterKernel<AxisKernel<Unpack>>(registry, "Unpack");
  RegisterFunction(registry, "Split", Split);
  RegisterFunction(registry, "SplitV", SplitV);
}

}  // namespace tfpersist
