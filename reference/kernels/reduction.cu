// Sum, Mean, Prod, Max, Min, All, Any, ArgMax, ArgMin, Softmax, LogSoftmax on CUDA. A warp or a block joins the
// elements of one result; where the results run along memory, a block's columns share the work instead.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cuda_util.cuh"
#include "reference/kernels/reduction.h"

namespace tfpersist {
namespace {

// A value of any plain type from another lane.
template <typename A>
__device__ A ShuffleDown(A value, int delta) {
  if constexpr (sizeof(A) == 1) {
    const int moved = __shfl_down_sync(0xffffffffu, static_cast<int>(*reinterpret_cast<unsigned char*>(&value)), delta);
    const unsigned char byte = static_cast<unsigned char>(moved);
    return *reinterpret_cast<const A*>(&byte);
  } else if constexpr (sizeof(A) == 2) {
    const int moved =
        __shfl_down_sync(0xffffffffu, static_cast<int>(*reinterpret_cast<unsigned short*>(&value)), delta);
    const unsigned short bits = static_cast<unsigned short>(moved);
    return *reinterpret_cast<const A*>(&bits);
  } else {
    return __shfl_down_sync(0xffffffffu, value, delta);
  }
}

// One result per group of kGroup threads (32 or 256).
template <typename R, typename T, int kGroup>
__global__ void ReduceRows(const T* x, Strides kept, Strides reduced, int64_t n_out, int64_t per_out, T* out) {
  using A = typename R::template Acc<T>;
  const int lane = threadIdx.x % kGroup;
  const int64_t groups = static_cast<int64_t>(gridDim.x) * (blockDim.x / kGroup);
  for (int64_t o = blockIdx.x * static_cast<int64_t>(blockDim.x / kGroup) + threadIdx.x / kGroup; o < n_out;
       o += groups) {
    const T* from = x + kept.Offset(o);
    A acc = R::template Start<T>();
    for (int64_t i = lane; i < per_out; i += kGroup) acc = R::Join(acc, static_cast<A>(from[reduced.Offset(i)]));
    for (int delta = 16; delta > 0; delta /= 2) acc = R::Join(acc, ShuffleDown(acc, delta));
    if constexpr (kGroup > 32) {
      __shared__ unsigned char shared[kGroup / 32 * sizeof(A)];
      A* parts = reinterpret_cast<A*>(shared);
      if (lane % 32 == 0) parts[lane / 32] = acc;
      __syncthreads();
      if (lane == 0) {
        for (int w = 1; w < kGroup / 32; ++w) acc = R::Join(acc, parts[w]);
      }
      __syncthreads();
    }
    if (lane == 0) out[o] = R::template Finish<T>(acc, per_out);
  }
}

// Neighbouring results lie next to each other in x: 32 of them a block, 8 threads each.
template <typename R, typename T>
__global__ void ReduceColumns(const T* x, Strides kept, Strides reduced, int64_t n_out, int64_t per_out, T* out) {
  using A = typename R::template Acc<T>;
  __shared__ unsigned char shared[8 * 32 * sizeof(A)];
  A(*parts)[32] = reinterpret_cast<A(*)[32]>(shared);
  for (int64_t base = blockIdx.x * int64_t{32}; base < n_out; base += gridDim.x * int64_t{32}) {
    const int64_t o = base + threadIdx.x;
    A acc = R::template Start<T>();
    if (o < n_out) {
      const T* from = x + kept.Offset(o);
      for (int64_t i = threadIdx.y; i < per_out; i += 8) acc = R::Join(acc, static_cast<A>(from[reduced.Offset(i)]));
    }
    parts[threadIdx.y][threadIdx.x] = acc;
    __syncthreads();
    if (threadIdx.y == 0 && o < n_out) {
      for (int j = 1; j < 8; ++j) acc = R::Join(acc, parts[j][threadIdx.x]);
      out[o] = R::template Finish<T>(acc, per_out);
    }
    __syncthreads();
  }
}

template <typename R, DataTypeMask kTypes>
class ReduceCudaKernel : public OpKernel {
 public:
  explicit ReduceCudaKernel(bool keep_dims) : keep_dims_(keep_dims) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool keep_dims, c.BoolAttr("keep_dims"));
    return std::make_unique<ReduceCudaKernel>(keep_dims);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    TFP_ASSIGN_OR_RETURN(FoldedReduction f, FoldReduction(x.shape(), ctx.input(1), keep_dims_));
    if (f.sizes.size() > kMaxDims) {
      return absl::UnimplementedError("A reduction of more than 8 alternating dimensions; put it on /device:CPU:0");
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, f.out_shape));
    const int64_t n_out = out->num_elements();
    if (n_out == 0) return absl::OkStatus();
    Strides kept, reduced;
    int64_t stride = 1;
    for (int d = static_cast<int>(f.sizes.size()) - 1; d >= 0; --d) {
      const bool is_reduced = (d % 2 == 0) == f.first_is_reduced;
      Strides& s = is_reduced ? reduced : kept;
      // Filled from the last on; turned round below.
      s.size[s.rank] = f.sizes[d];
      s.stride[s.rank++] = stride;
      stride *= f.sizes[d];
    }
    for (Strides* s : {&kept, &reduced}) {
      std::reverse(s->size, s->size + s->rank);
      std::reverse(s->stride, s->stride + s->rank);
      if (s->rank == 0) *s = Strides{1, {1}, {0}, 0};
    }
    const int64_t per_out = x.num_elements() / n_out;
    const bool rows = f.sizes.size() <= 1 ? f.first_is_reduced : (f.sizes.size() % 2 == 1) == f.first_is_reduced;
    CudaContext& cuda = *ctx.device().cuda();
    return Dispatch<kTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(ctx.input(0));
      T* to = Elements<T>(out);
      if (!rows && n_out >= 32) {
        const int64_t blocks = std::min<int64_t>((n_out + 31) / 32, int64_t{32} * cuda.multiprocessors());
        ReduceColumns<R, T>
            <<<static_cast<unsigned>(blocks), dim3(32, 8), 0, cuda.stream()>>>(from, kept, reduced, n_out, per_out, to);
      } else if (per_out <= 1024) {
        ReduceRows<R, T, 32>
            <<<BlocksFor(cuda, n_out * 32), kThreads, 0, cuda.stream()>>>(from, kept, reduced, n_out, per_out, to);
      } else {
        ReduceRows<R, T, 256>
            <<<BlocksFor(cuda, n_out * 256), kThreads, 0, cuda.stream()>>>(from, kept, reduced, n_out, per_out, to);
      }
      return LaunchStatus("a reduction");
    });
  }

 private:
  const bool keep_dims_;
};

template <typename T, typename Index, bool kMax>
__global__ void ArgRows(const T* x, int64_t n, int64_t after, int64_t n_out, Index* out) {
  TFP_CUDA_LOOP(o, n_out) {
    const T* column = x + (o / after) * n * after + o % after;
    int64_t best = 0;
    T value = column[0];
    for (int64_t i = 1; i < n; ++i) {
      const T candidate = column[i * after];
      if (kMax ? value < candidate : candidate < value) {
        best = i;
        value = candidate;
      }
    }
    out[o] = static_cast<Index>(best);
  }
}

template <bool kMax>
absl::Status Arg(OpKernelContext& ctx) {
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
  const int64_t n_out = out->num_elements();
  if (n_out == 0) return absl::OkStatus();
  int64_t after = 1;
  for (int d = axis + 1; d < rank; ++d) after *= x.shape().dim(d);
  CudaContext& cuda = *ctx.device().cuda();
  return Dispatch<kCudaNumbers>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = Elements<T>(ctx.input(0));
    const int blocks = BlocksFor(cuda, n_out);
    if (out->dtype() == DT_INT32) {
      ArgRows<T, int32_t, kMax><<<blocks, kThreads, 0, cuda.stream()>>>(from, n, after, n_out, Elements<int32_t>(out));
    } else {
      ArgRows<T, int64_t, kMax><<<blocks, kThreads, 0, cuda.stream()>>>(from, n, after, n_out, Elements<int64_t>(out));
    }
    return LaunchStatus("ArgMax");
  });
}

template <typename W>
__device__ W JoinBlock(W value, W* parts, bool maximum) {
  for (int delta = 16; delta > 0; delta /= 2) {
    const W other = __shfl_xor_sync(0xffffffffu, value, delta);
    value = maximum ? (value < other ? other : value) : value + other;
  }
  const int warps = blockDim.x / 32;
  if (warps == 1) return value;
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  value = parts[0];
  for (int w = 1; w < warps; ++w) value = maximum ? (value < parts[w] ? parts[w] : value) : value + parts[w];
  return value;
}

// A block per row.
template <typename T, bool kLog>
__global__ void SoftmaxRows(const T* x, int64_t rows, int64_t classes, T* out) {
  using W = functor::Wide<T>;
  __shared__ W parts[32];
  for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
    const T* row = x + r * classes;
    T* result = out + r * classes;
    W highest = static_cast<W>(row[0]);
    for (int64_t i = threadIdx.x; i < classes; i += blockDim.x) {
      const W v = static_cast<W>(row[i]);
      if (highest < v || v != v) highest = v;
    }
    highest = JoinBlock(highest, parts, true);
    W sum = 0;
    for (int64_t i = threadIdx.x; i < classes; i += blockDim.x) sum += exp(static_cast<W>(row[i]) - highest);
    sum = JoinBlock(sum, parts, false);
    const W log_sum = log(sum), scale = W(1) / sum;
    for (int64_t i = threadIdx.x; i < classes; i += blockDim.x) {
      const W shifted = static_cast<W>(row[i]) - highest;
      result[i] = static_cast<T>(kLog ? shifted - log_sum : exp(shifted) * scale);
    }
    __syncthreads();
  }
}

template <bool kLog>
absl::Status Softmax(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (rank < 1) return absl::InvalidArgumentError("logits must have >= 1 dimension, got []");
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t classes = x.shape().dim(rank - 1), rows = out->num_elements() / classes;
  CudaContext& cuda = *ctx.device().cuda();
  return Dispatch<kCudaFloats>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int threads = classes <= 64 ? 32 : classes <= 512 ? 128 : 256;
    const auto blocks = static_cast<unsigned>(std::min<int64_t>(rows, int64_t{64} * cuda.multiprocessors()));
    SoftmaxRows<T, kLog>
        <<<blocks, threads, 0, cuda.stream()>>>(Elements<T>(ctx.input(0)), rows, classes, Elements<T>(out));
    return LaunchStatus("Softmax");
  });
}

template <typename R, DataTypeMask kTypes>
void RegisterReduce(KernelRegistry* registry, const char* op, const char* type_attr) {
  RegisterCudaKernel<ReduceCudaKernel<R, kTypes>>(registry, op, type_attr, kTypes, {"reduction_indices"});
}

}  // namespace

void RegisterReductionCudaKernels(KernelRegistry* registry) {
  RegisterReduce<SumReducer, kCudaNumbers>(registry, "Sum", "T");
  RegisterReduce<MeanReducer, kCudaFloats>(registry, "Mean", "T");
  RegisterReduce<ProdReducer, kCudaNumbers>(registry, "Prod", "T");
  RegisterReduce<MaxReducer, kCudaNumbers>(registry, "Max", "T");
  RegisterReduce<MinReducer, kCudaNumbers>(registry, "Min", "T");
  RegisterReduce<AllReducer, MaskOf(DT_BOOL)>(registry, "All", "");
  RegisterReduce<AnyReducer, MaskOf(DT_BOOL)>(registry, "Any", "");
  RegisterCudaFunction(registry, "ArgMax", Arg<true>, "T", kCudaNumbers, {"dimension"});
  RegisterCudaFunction(registry, "ArgMin", Arg<false>, "T", kCudaNumbers, {"dimension"});
  RegisterCudaFunction(registry, "Softmax", Softmax<false>, "T", kCudaFloats);
  RegisterCudaFunction(registry, "LogSoftmax", Softmax<true>, "T", kCudaFloats);
}

}  // namespace tfpersist
