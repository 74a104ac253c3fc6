// Gather, GatherV2, OneHot, Pad and PadV2 on CUDA. As on TensorFlow's GPU devices an index out of range reads nothing:
// it gives zeros.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cuda_util.cuh"

namespace tfpersist {
namespace {

template <typename Word, typename Index>
__global__ void GatherElements(const Word* params, const Index* indices, Word* out, int64_t count, int64_t limit,
                               int64_t after, int64_t n) {
  TFP_CUDA_LOOP(i, n) {
    const int64_t a = i % after, k = i / after % count, b = i / after / count;
    const int64_t at = static_cast<int64_t>(indices[k]);
    out[i] = at < 0 || at >= limit ? Word{} : params[(b * limit + at) * after + a];
  }
}

absl::Status GatherAlong(OpKernelContext& ctx, int64_t wanted_axis) {
  const Tensor& params = ctx.input(0);
  const Tensor& indices = ctx.input(1);
  const TensorShape& shape = params.shape();
  const int rank = shape.rank();
  if (rank < 1) return absl::InvalidArgumentError("params must be at least 1 dimensional");
  if (wanted_axis < -rank || wanted_axis >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected axis in the range [", -rank, ", ", rank, "), but got ", wanted_axis));
  }
  const int axis = static_cast<int>(wanted_axis < 0 ? wanted_axis + rank : wanted_axis);
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().begin() + axis);
  dims.insert(dims.end(), indices.shape().dims().begin(), indices.shape().dims().end());
  dims.insert(dims.end(), shape.dims().begin() + axis + 1, shape.dims().end());
  TFP_ASSIGN_OR_RETURN(TensorShape out_shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, out_shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  int64_t after = 1;
  for (int d = axis + 1; d < rank; ++d) after *= shape.dim(d);
  const int64_t limit = shape.dim(axis), count = indices.num_elements();
  CudaContext& cuda = *ctx.device().cuda();
  int width = static_cast<int>(DataTypeSize(out->dtype()));
  while (width < 16 && after % 2 == 0) {  // wider words
    after /= 2;
    width *= 2;
  }
  const int64_t words = out->num_elements() * static_cast<int64_t>(DataTypeSize(out->dtype())) / width;
  auto launch = [&](auto word, auto index) {
    using Word = decltype(word);
    using Index = decltype(index);
    GatherElements<Word, Index><<<BlocksFor(cuda, words), kThreads, 0, cuda.stream()>>>(
        Elements<Word>(ctx.input(0)), Elements<Index>(ctx.input(1)), Elements<Word>(out), count, limit, after, words);
    return LaunchStatus("Gather");
  };
  auto by_index = [&](auto word) {
    return indices.dtype() == DT_INT32 ? launch(word, int32_t()) : launch(word, int64_t());
  };
  switch (width) {
    case 1:
      return by_index(uint8_t());
    case 2:
      return by_index(uint16_t());
    case 4:
      return by_index(uint32_t());
    case 8:
      return by_index(uint64_t());
    default:
      return by_index(uint4());
  }
}

absl::Status Gather(OpKernelContext& ctx) { return GatherAlong(ctx, 0); }
absl::Status GatherV2(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const int64_t axis, IntScalar(ctx.input(2), "axis"));
  return GatherAlong(ctx, axis);
}

// Fills a box of zeros (or of the value at `fill`), then moves the input into its place.
absl::Status Pad(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const Tensor& paddings = ctx.input(1);
  const int rank = x.shape().rank();
  if (paddings.shape().rank() != 2 || paddings.shape().dim(1) != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("paddings must be a matrix with 2 columns: ", paddings.shape().DebugString()));
  }
  if (paddings.shape().dim(0) != rank) {
    return absl::InvalidArgumentError(absl::StrCat("The first dimension of paddings must be the rank of inputs",
                                                   paddings.shape().DebugString(), " ", x.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> sides, IntVector(paddings.Reshaped(TensorShape({2 * rank})), "paddings"));
  std::vector<int64_t> dims(rank);
  for (int d = 0; d < rank; ++d) {
    if (sides[2 * d] < 0 || sides[2 * d + 1] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Paddings must be non-negative: ", sides[2 * d], " ", sides[2 * d + 1]));
    }
    if (__builtin_add_overflow(x.shape().dim(d), sides[2 * d], &dims[d]) ||
        __builtin_add_overflow(dims[d], sides[2 * d + 1], &dims[d])) {
      return absl::InvalidArgumentError(absl::StrCat("Pad makes dimension ", d, " larger than 2^63 - 1"));
    }
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  CudaContext& cuda = *ctx.device().cuda();
  const int width = static_cast<int>(DataTypeSize(x.dtype()));
  if (ctx.num_inputs() == 3) {
    if (!ctx.input(2).shape().IsScalar()) return absl::InvalidArgumentError("constant_values must be a scalar");
    TFP_RETURN_IF_ERROR(cuda.CopyBox(ctx.input(2).data(), out->data(), {{out->num_elements(), 0, 1}}, width));
  } else {
    TFP_RETURN_IF_ERROR(cuda.Zero(out->data(), out->total_bytes()));
  }
  if (x.num_elements() == 0) return absl::OkStatus();
  std::vector<CudaContext::BoxDim> box(rank);
  int64_t from = 1, to = 1, start = 0;
  for (int d = rank - 1; d >= 0; --d) {
    box[d] = {x.shape().dim(d), from, to};
    start += sides[2 * d] * to;
    from *= x.shape().dim(d);
    to *= dims[d];
  }
  return cuda.CopyBox(x.data(), static_cast<char*>(out->data()) + start * width, box, width);
}

template <typename Word, typename Index>
__global__ void OneHotElements(const Index* indices, int64_t depth, int64_t after, const Word* on, const Word* off,
                               Word* out, int64_t n) {
  const Word hot = *on, cold = *off;
  TFP_CUDA_LOOP(i, n) {
    const int64_t a = i % after, k = i / after % depth, b = i / after / depth;
    out[i] = static_cast<int64_t>(indices[b * after + a]) == k ? hot : cold;
  }
}

class OneHotCudaKernel : public OpKernel {
 public:
  explicit OneHotCudaKernel(int64_t axis) : axis_(axis) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t axis, c.IntAttr("axis"));
    return std::make_unique<OneHotCudaKernel>(axis);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& indices = ctx.input(0);
    const int rank = indices.shape().rank();
    if (axis_ < -1 || axis_ > rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected axis to be -1 or between [0, ", rank + 1, ").  But received: ", axis_));
    }
    if (!ctx.input(1).shape().IsScalar() || !ctx.input(2).shape().IsScalar() || !ctx.input(3).shape().IsScalar()) {
      return absl::InvalidArgumentError("depth, on_value and off_value must be scalars");
    }
    TFP_ASSIGN_OR_RETURN(const int64_t depth, IntScalar(ctx.input(1), "depth"));
    if (depth < 0) return absl::InvalidArgumentError(absl::StrCat("depth must be non-negative, got: ", depth));
    const int axis = axis_ == -1 ? rank : static_cast<int>(axis_);
    std::vector<int64_t> dims(indices.shape().dims().begin(), indices.shape().dims().end());
    int64_t after = 1;
    for (int d = axis; d < rank; ++d) after *= indices.shape().dim(d);
    dims.insert(dims.begin() + axis, depth);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    const int64_t n = out->num_elements();
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    auto launch = [&](auto word, auto index) {
      using Word = decltype(word);
      using Index = decltype(index);
      OneHotElements<Word, Index><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
          Elements<Index>(ctx.input(0)), depth, after, Elements<Word>(ctx.input(2)), Elements<Word>(ctx.input(3)),
          Elements<Word>(out), n);
      return LaunchStatus("OneHot");
    };
    auto by_index = [&](auto word) {
      switch (indices.dtype()) {
        case DT_UINT8:
          return launch(word, uint8_t());
        case DT_INT32:
          return launch(word, int32_t());
        default:
          return launch(word, int64_t());
      }
    };
    switch (DataTypeSize(out->dtype())) {
      case 2:
        return by_index(uint16_t());
      case 4:
        return by_index(uint32_t());
      default:
        return by_index(uint64_t());
    }
  }

 private:
  const int64_t axis_;
};

}  // namespace

void RegisterArrayCudaKernels(KernelRegistry* registry) {
  RegisterCudaFunction(registry, "Gather", Gather, "Tparams", kCudaMovable);
  RegisterCudaFunction(registry, "GatherV2", GatherV2, "Tparams", kCudaMovable, {"axis"});
  RegisterCudaFunction(registry, "Pad", Pad, "T", kCudaMovable, {"paddings"});
  RegisterCudaFunction(registry, "PadV2", Pad, "T", kCudaMovable, {"paddings"});
  RegisterCudaKernel<OneHotCudaKernel>(registry, "OneHot", "T", kFloatTypes | MaskOf(DT_INT64), {"depth"});
}

}  // namespace tfpersist
