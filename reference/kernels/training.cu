// Updates of variables in device memory: AssignAdd, AssignSub, ApplyGradientDescent, ApplyMomentum, ApplyAdam. In place
// where nobody else holds the buffer. Follows core/kernels/training_ops.cc.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cuda_util.cuh"
#include "reference/kernels/dense_update.h"

namespace tfpersist {
namespace {

// The variable of input i with room to write, and its lock held for as long as this lives.
class Locked {
 public:
  Locked(OpKernelContext& ctx, int i) : variable_(ctx.ref_input(i)), lock_(&variable_->mu) {
    variable_->mu.AssertHeld();
    if (!variable_->value.has_value()) {
      status_ = absl::FailedPreconditionError("Attempting to use uninitialized variables: " + ctx.node_name());
    } else if (!variable_->value.RefCountIsOne()) {
      absl::StatusOr<Tensor> copy =
          Tensor::Allocate(variable_->value.dtype(), variable_->value.shape(), ctx.device().allocator());
      status_ = copy.status();
      if (status_.ok() && copy->total_bytes() > 0) {
        status_ = ctx.device().cuda()->CopyOnDevice(variable_->value.data(), copy->data(), copy->total_bytes());
      }
      if (status_.ok()) variable_->value = *std::move(copy);
    }
  }
  const absl::Status& status() const { return status_; }
  Tensor& value() ABSL_NO_THREAD_SAFETY_ANALYSIS { return variable_->value; }
  RefVariable* variable() const { return variable_; }

 private:
  RefVariable* const variable_;
  MutexLock lock_;
  absl::Status status_;
};

absl::Status SameShape(const Tensor& variable, const Tensor& other, absl::string_view what) {
  if (variable.shape() == other.shape()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("var and ", what, " do not have the same shape",
                                                 variable.shape().DebugString(), " ", other.shape().DebugString()));
}

absl::Status Scalars(OpKernelContext& ctx, int first, int last) {
  for (int i = first; i < last; ++i) {
    if (!ctx.input(i).shape().IsScalar()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " is not a scalar: ", ctx.input(i).shape().DebugString()));
    }
  }
  return absl::OkStatus();
}

template <typename F>
absl::Status ForFloats(OpKernelContext& ctx, const Tensor& t, F f) {
  if (t.num_elements() == 0) return absl::OkStatus();
  return Dispatch<kCudaNumbers>(t.dtype(), [&](auto tag) {
    f(tag);
    return LaunchStatus("a variable's update");
  });
}

template <typename F, typename T>
__global__ void UpdateElements(T* variable, const T* delta, int64_t n) {
  bool fault = false;
  TFP_CUDA_LOOP(i, n) variable[i] = F::Apply(variable[i], delta[i], fault);
}

template <typename F>
absl::Status AssignUpdate(OpKernelContext& ctx) {
  const Tensor& delta = ctx.input(1);
  Locked locked(ctx, 0);
  TFP_RETURN_IF_ERROR(locked.status());
  TFP_RETURN_IF_ERROR(CheckValueType(*locked.variable(), delta));
  ctx.SetRefOutput(0, locked.variable());
  Tensor& value = locked.value();
  if (value.shape() != delta.shape()) {
    return absl::InvalidArgumentError("Parameters and update must be the same size");
  }
  CudaContext& cuda = *ctx.device().cuda();
  return ForFloats(ctx, value, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = value.num_elements();
    UpdateElements<F, T>
        <<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(Elements<T>(&value), Elements<T>(delta), n);
  });
}

template <typename T>
__global__ void DescendElements(T* variable, const T* alpha, const T* delta, int64_t n) {
  using W = functor::Wide<T>;
  const W rate = static_cast<W>(*alpha);
  TFP_CUDA_LOOP(i, n) {
    variable[i] =
        static_cast<T>(static_cast<W>(variable[i]) - static_cast<W>(static_cast<T>(rate * static_cast<W>(delta[i]))));
  }
}

absl::Status ApplyGradientDescent(OpKernelContext& ctx) {
  TFP_RETURN_IF_ERROR(Scalars(ctx, 1, 2));
  Locked locked(ctx, 0);
  TFP_RETURN_IF_ERROR(locked.status());
  TFP_RETURN_IF_ERROR(SameShape(locked.value(), ctx.input(2), "delta"));
  ctx.SetRefOutput(0, locked.variable());
  CudaContext& cuda = *ctx.device().cuda();
  Tensor& value = locked.value();
  return ForFloats(ctx, value, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = value.num_elements();
    DescendElements<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
        Elements<T>(&value), Elements<T>(ctx.input(1)), Elements<T>(ctx.input(2)), n);
  });
}

template <typename T>
__global__ void MomentumElements(T* variable, T* accum, const T* lr, const T* grad, const T* momentum, bool nesterov,
                                 int64_t n) {
  using W = functor::Wide<T>;
  const W rate = static_cast<W>(*lr), m = static_cast<W>(*momentum);
  TFP_CUDA_LOOP(i, n) {
    const W g = static_cast<W>(grad[i]);
    const W a = static_cast<W>(accum[i]) * m + g;
    accum[i] = static_cast<T>(a);
    const W step = nesterov ? g * rate + a * m * rate : a * rate;
    variable[i] = static_cast<T>(static_cast<W>(variable[i]) - step);
  }
}

class ApplyMomentumKernel : public OpKernel {
 public:
  explicit ApplyMomentumKernel(bool nesterov) : nesterov_(nesterov) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<ApplyMomentumKernel>(c.BoolAttr("use_nesterov").value_or(false));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_RETURN_IF_ERROR(Scalars(ctx, 2, 3));
    TFP_RETURN_IF_ERROR(Scalars(ctx, 4, 5));
    if (ctx.ref_input(0) == ctx.ref_input(1)) return absl::InvalidArgumentError("var and accum are one variable");
    Locked var(ctx, 0), accum(ctx, 1);
    TFP_RETURN_IF_ERROR(var.status());
    TFP_RETURN_IF_ERROR(accum.status());
    TFP_RETURN_IF_ERROR(SameShape(var.value(), accum.value(), "accum"));
    TFP_RETURN_IF_ERROR(SameShape(var.value(), ctx.input(3), "grad"));
    ctx.SetRefOutput(0, var.variable());
    CudaContext& cuda = *ctx.device().cuda();
    return ForFloats(ctx, var.value(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const int64_t n = var.value().num_elements();
      MomentumElements<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
          Elements<T>(&var.value()), Elements<T>(&accum.value()), Elements<T>(ctx.input(2)), Elements<T>(ctx.input(3)),
          Elements<T>(ctx.input(4)), nesterov_, n);
    });
  }

 private:
  const bool nesterov_;
};

template <typename T>
__global__ void AdamElements(T* variable, T* m, T* v, const T* beta1_power, const T* beta2_power, const T* lr,
                             const T* beta1, const T* beta2, const T* epsilon, const T* grad, bool nesterov,
                             int64_t n) {
  using W = functor::Wide<T>;
  const W b1 = static_cast<W>(*beta1), b2 = static_cast<W>(*beta2), e = static_cast<W>(*epsilon);
  const W alpha =
      static_cast<W>(*lr) * sqrt(W(1) - static_cast<W>(*beta2_power)) / (W(1) - static_cast<W>(*beta1_power));
  TFP_CUDA_LOOP(i, n) {
    const W g = static_cast<W>(grad[i]);
    const W mi = static_cast<W>(m[i]) + (g - static_cast<W>(m[i])) * (W(1) - b1);
    const W vi = static_cast<W>(v[i]) + (g * g - static_cast<W>(v[i])) * (W(1) - b2);
    m[i] = static_cast<T>(mi);
    v[i] = static_cast<T>(vi);
    const W step = nesterov ? (g * (W(1) - b1) + b1 * mi) * alpha / (sqrt(vi) + e) : mi * alpha / (sqrt(vi) + e);
    variable[i] = static_cast<T>(static_cast<W>(variable[i]) - step);
  }
}

class ApplyAdamKernel : public OpKernel {
 public:
  explicit ApplyAdamKernel(bool nesterov) : nesterov_(nesterov) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<ApplyAdamKernel>(c.BoolAttr("use_nesterov").value_or(false));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_RETURN_IF_ERROR(Scalars(ctx, 3, 9));
    if (ctx.ref_input(0) == ctx.ref_input(1) || ctx.ref_input(0) == ctx.ref_input(2) ||
        ctx.ref_input(1) == ctx.ref_input(2)) {
      return absl::InvalidArgumentError("var, m and v must be three variables");
    }
    Locked var(ctx, 0), m(ctx, 1), v(ctx, 2);
    for (Locked* locked : {&var, &m, &v}) TFP_RETURN_IF_ERROR(locked->status());
    TFP_RETURN_IF_ERROR(SameShape(var.value(), m.value(), "m"));
    TFP_RETURN_IF_ERROR(SameShape(var.value(), v.value(), "v"));
    TFP_RETURN_IF_ERROR(SameShape(var.value(), ctx.input(9), "grad"));
    ctx.SetRefOutput(0, var.variable());
    CudaContext& cuda = *ctx.device().cuda();
    return ForFloats(ctx, var.value(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const int64_t n = var.value().num_elements();
      AdamElements<T><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
          Elements<T>(&var.value()), Elements<T>(&m.value()), Elements<T>(&v.value()), Elements<T>(ctx.input(3)),
          Elements<T>(ctx.input(4)), Elements<T>(ctx.input(5)), Elements<T>(ctx.input(6)), Elements<T>(ctx.input(7)),
          Elements<T>(ctx.input(8)), Elements<T>(ctx.input(9)), nesterov_, n);
    });
  }

 private:
  const bool nesterov_;
};

}  // namespace

void RegisterTrainingCudaKernels(KernelRegistry* registry) {
  RegisterCudaFunction(registry, "AssignAdd", AssignUpdate<functor::Add>, "T", kCudaNumbers);
  RegisterCudaFunction(registry, "AssignSub", AssignUpdate<functor::Sub>, "T", kCudaNumbers);
  RegisterCudaFunction(registry, "ApplyGradientDescent", ApplyGradientDescent, "T", kCudaFloats);
  RegisterCudaKernel<ApplyMomentumKernel>(registry, "ApplyMomentum", "T", kCudaFloats);
  RegisterCudaKernel<ApplyAdamKernel>(registry, "ApplyAdam", "T", kCudaFloats);
}

}  // namespace tfpersist
