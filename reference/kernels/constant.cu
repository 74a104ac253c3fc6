// Const, Fill, ZerosLike, OnesLike, Cast, Select and AddN in device memory.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cuda_util.cuh"
#include "reference/proto/node_def.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

// Uploaded at the first run; the host's copy goes then.
class ConstCudaKernel : public OpKernel {
 public:
  explicit ConstCudaKernel(Tensor value) : value_(std::move(value)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const tensorflow::AttrValue* attr, c.Attr("value"));
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    TFP_ASSIGN_OR_RETURN(Tensor value, TensorFromProto(attr->tensor()));
    if (value.dtype() != dtype) {
      return absl::InvalidArgumentError(absl::StrCat("Type mismatch between value (", DataTypeString(value.dtype()),
                                                     ") and dtype (", DataTypeString(dtype), ")"));
    }
    return std::make_unique<ConstCudaKernel>(std::move(value));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    if (value_.memory_kind() != MemoryKind::kCuda && value_.num_elements() > 0) {
      TFP_ASSIGN_OR_RETURN(value_, ctx.device().cuda()->ToDevice(value_));
    }
    ctx.SetOutput(0, value_);
    return absl::OkStatus();
  }

 private:
  Tensor value_;  // runs of a device take turns
};

absl::Status Fill(OpKernelContext& ctx) {
  const Tensor& value = ctx.input(1);
  if (ctx.input(0).shape().rank() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("dims must be a vector of int32, got shape ", ctx.input(0).shape().DebugString()));
  }
  if (!value.shape().IsScalar()) {
    return absl::InvalidArgumentError(absl::StrCat("value must be a scalar, got shape ", value.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, IntVector(ctx.input(0), "dims"));
  for (int64_t size : sizes) {
    if (size < 0) return absl::InvalidArgumentError(absl::StrCat("Dimension ", size, " must be >= 0"));
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(sizes));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  const int64_t n = out->num_elements();
  return ctx.device().cuda()->CopyBox(ctx.input(1).data(), out->data(), {{n, 0, 1}},
                                      static_cast<int>(DataTypeSize(value.dtype())));
}

absl::Status ZerosLike(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, ctx.input(0).shape(), 0));
  return out->num_elements() == 0 ? absl::OkStatus() : ctx.device().cuda()->Zero(out->data(), out->total_bytes());
}

template <typename T>
__global__ void FillOnes(T* out, int64_t n) {
  TFP_CUDA_LOOP(i, n) out[i] = T(1);
}

absl::Status OnesLike(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, ctx.input(0).shape(), 0));
  const int64_t n = out->num_elements();
  if (n == 0) return absl::OkStatus();
  CudaContext& cuda = *ctx.device().cuda();
  return Dispatch<kCudaNumbers>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    FillOnes<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(Elements<T>(out), n);
    return LaunchStatus("OnesLike");
  });
}

template <typename From, typename To>
__global__ void CastElements(const From* in, To* out, int64_t n) {
  TFP_CUDA_LOOP(i, n) {
    if constexpr (functor::kIsSmallFloat<To>) {
      out[i] = static_cast<To>(static_cast<float>(in[i]));
    } else if constexpr (functor::kIsSmallFloat<From>) {
      out[i] = static_cast<To>(static_cast<float>(in[i]));
    } else {
      out[i] = static_cast<To>(in[i]);
    }
  }
}

constexpr DataTypeMask kCastTypes = kFloatTypes | MaskOf(DT_INT32, DT_INT64, DT_UINT8, DT_BOOL);

// Only where a float stands on one side or both are plain numbers; bool is true for all but 0.
class CastCudaKernel : public OpKernel {
 public:
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    if (!MaskHas(kCastTypes, BaseType(c.input_types()[0])) || !MaskHas(kCastTypes, BaseType(c.output_types()[0]))) {
      return NoKernelForType(BaseType(c.output_types()[0]));
    }
    return std::make_unique<CastCudaKernel>();
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    const int64_t n = x.num_elements();
    if (n == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    return Dispatch<kCastTypes>(x.dtype(), [&](auto from) {
      using From = typename decltype(from)::type;
      return Dispatch<kCastTypes>(out->dtype(), [&](auto to) {
        using To = typename decltype(to)::type;
        CastElements<From, To>
            <<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(Elements<From>(ctx.input(0)), Elements<To>(out), n);
        return LaunchStatus("Cast");
      });
    });
  }
};

// `outer` 0: cond has x's shape; else cond is a vector over rows of `outer` elements.
template <typename Word>
__global__ void SelectElements(const bool* cond, int64_t row, const Word* x, const Word* y, Word* out, int64_t n) {
  TFP_CUDA_LOOP(i, n) out[i] = cond[i / row] ? x[i] : y[i];
}

absl::Status Select(OpKernelContext& ctx) {
  const Tensor& cond = ctx.input(0);
  const Tensor& x = ctx.input(1);
  const Tensor& y = ctx.input(2);
  if (x.shape() != y.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("'then' and 'else' must have the same size.  but received: ",
                                                   x.shape().DebugString(), " vs. ", y.shape().DebugString()));
  }
  int64_t row = 1;
  if (cond.shape() != x.shape()) {
    const bool scalar = cond.shape().IsScalar();
    if (!scalar && (cond.shape().rank() != 1 || x.shape().rank() == 0 || cond.shape().dim(0) != x.shape().dim(0))) {
      return absl::InvalidArgumentError(absl::StrCat("Number of batches of 'then' must match size of 'cond', but saw: ",
                                                     x.shape().DebugString(), " vs. ", cond.shape().DebugString()));
    }
    row = std::max<int64_t>(1, cond.num_elements() == 0 ? 1 : x.num_elements() / cond.num_elements());
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
  const int64_t n = out->num_elements();
  if (n == 0) return absl::OkStatus();
  CudaContext& cuda = *ctx.device().cuda();
  auto launch = [&](auto word) {
    using Word = decltype(word);
    SelectElements<Word><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
        Elements<bool>(ctx.input(0)), row, Elements<Word>(ctx.input(1)), Elements<Word>(ctx.input(2)),
        Elements<Word>(out), n);
    return LaunchStatus("Select");
  };
  switch (DataTypeSize(out->dtype())) {
    case 1:
      return launch(uint8_t());
    case 2:
      return launch(uint16_t());
    case 4:
      return launch(uint32_t());
    case 8:
      return launch(uint2());
    default:
      return launch(uint4());
  }
}

template <typename T>
__global__ void AddTo(const T* x, const T* y, T* out, int64_t n) {
  bool fault = false;
  TFP_CUDA_LOOP(i, n) out[i] = functor::Add::Apply(x[i], y[i], fault);
}

// In the order of the inputs, as the CPU's.
absl::Status AddN(OpKernelContext& ctx) {
  const TensorShape shape = ctx.input(0).shape();
  for (int i = 1; i < ctx.num_inputs(); ++i) {
    if (ctx.input(i).shape() != shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Inputs to operation ", ctx.node_name(), " of type AddN must have the same size and shape.  Input 0: ",
          shape.DebugString(), " != input ", i, ": ", ctx.input(i).shape().DebugString()));
    }
  }
  if (ctx.num_inputs() == 1) {
    ctx.SetOutput(0, ctx.input(0));
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  const int64_t n = out->num_elements();
  if (n == 0) return absl::OkStatus();
  CudaContext& cuda = *ctx.device().cuda();
  return Dispatch<kCudaNumbers>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* sum = Elements<T>(ctx.input(0));
    for (int i = 1; i < ctx.num_inputs(); ++i) {
      AddTo<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(sum, Elements<T>(ctx.input(i)), Elements<T>(out), n);
      sum = Elements<T>(out);
    }
    return LaunchStatus("AddN");
  });
}

}  // namespace

void RegisterConstantCudaKernels(KernelRegistry* registry) {
  RegisterCudaKernel<ConstCudaKernel>(registry, "Const", "dtype", kCudaMovable);
  RegisterCudaFunction(registry, "Fill", Fill, "T", kCudaMovable, {"dims"});
  RegisterCudaFunction(registry, "ZerosLike", ZerosLike, "T", kCudaMovable);
  RegisterCudaFunction(registry, "OnesLike", OnesLike, "T", kCudaNumbers);
  RegisterCudaKernel<CastCudaKernel>(registry, "Cast", "DstT", kFloatTypes);
  RegisterCudaFunction(registry, "Select", Select, "T", kCudaMovable);
  RegisterCudaFunction(registry, "AddN", AddN, "T", kCudaNumbers);
}

}  // namespace tfpersist
