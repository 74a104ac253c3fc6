// Optimizers' steps on the rows that indices name: SparseApply{Momentum,Adagrad,…} and their Resource forms
// (apply_rules.h). Follows core/kernels/training_ops.cc: rows in the order of the indices, one named twice is stepped
// twice.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/apply_rules.h"
#include "reference/kernels/apply_util.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

template <typename Rule>
class SparseApplyKernel : public OpKernel {
 public:
  SparseApplyKernel(bool resource, apply::Flags flags) : resource_(resource), flags_(flags) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const apply::Flags flags, apply::FlagsOf(c));
    return std::make_unique<SparseApplyKernel>(absl::StartsWith(c.def().op(), "Resource"), flags);
  }

  // Inputs: variables, scalars, gradient, indices, scalars.
  absl::Status Compute(OpKernelContext& ctx) override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Tensor& grad = ctx.input(kGrad);
    const Tensor& indices = ctx.input(kGrad + 1);
    TFP_ASSIGN_OR_RETURN(const auto inputs, apply::VariablesOf<kVariables>(ctx, resource_, grad.dtype()));
    const std::array<RefVariable*, kVariables>& variables = inputs.at;
    const apply::Locks locks(variables);
    const TensorShape& shape = variables[0]->value.shape();
    for (RefVariable* v : variables) {
      if (!v->value.has_value()) return apply::Uninitialized(ctx);
      if (v->value.shape() != shape) {
        return absl::InvalidArgumentError(absl::StrCat("var and accum do not have the same shape", shape.DebugString(),
                                                       " ", v->value.shape().DebugString()));
      }
    }
    if (shape.rank() < 1) return absl::InvalidArgumentError("var must be at least 1 dimensional");
    TFP_RETURN_IF_ERROR(apply::CheckScalars(ctx, kVariables, kGrad, kGrad + 2, Rule::kScalars));
    if (indices.shape().rank() != 1) return absl::InvalidArgumentError("indices must be one-dimensional");
    for (int d = 1; d < shape.rank(); ++d) {
      if (grad.shape().rank() != shape.rank() || shape.dim(d) != grad.shape().dim(d)) {
        return absl::InvalidArgumentError(absl::StrCat("var and grad must match in dimension ", d));
      }
    }
    if (grad.shape().rank() != shape.rank() || grad.shape().dim(0) != indices.num_elements()) {
      return absl::InvalidArgumentError("grad must be the same size as indices in the first dimension.");
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, IntVector(indices, "indices"));
    const int64_t rows = shape.dim(0);
    for (size_t i = 0; i < at.size(); ++i) {
      if (at[i] >= 0 && at[i] < rows) continue;
      return absl::InvalidArgumentError(absl::StrCat("Index ", at[i], " at offset ", i, " in indices is out of range"));
    }
    const int64_t row = rows > 0 ? grad.num_elements() / std::max<int64_t>(1, grad.shape().dim(0)) : 0;
    for (RefVariable* v : variables) {
      if (!v->value.RefCountIsOne()) {
        TFP_ASSIGN_OR_RETURN(v->value, v->value.DeepCopy());
      }
    }
    if (!resource_) ctx.SetRefOutput(0, variables[0]);
    return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      const auto scalars = apply::ScalarsOf<T>(ctx, kVariables, kGrad, kGrad + 2);
      T* elements[kVariables];
      for (int i = 0; i < kVariables; ++i) elements[i] = Elements<T>(&variables[i]->value);
      for (size_t i = 0; i < at.size(); ++i) {
        T* here[kVariables];
        for (int k = 0; k < kVariables; ++k) here[k] = elements[k] + at[i] * row;
        const apply::Args<T> args = {scalars.values, scalars.global_step,         flags_,
                                     here,           Elements<T>(grad) + i * row, row};
        for (const int written : Rule::kSteps) Rule::template Step<T>(written, args);
      }
      return absl::OkStatus();
    });
  }

 private:
  static constexpr int kVariables = Rule::kVariables, kGrad = kVariables + Rule::kBefore;
  const bool resource_;
  const apply::Flags flags_;
};

template <typename Rule>
void RegisterSparseApply(KernelRegistry* registry, absl::string_view name) {
  RegisterKernel<SparseApplyKernel<Rule>>(registry, absl::StrCat("SparseApply", name), "T", kFloatTypes);
  RegisterKernel<SparseApplyKernel<Rule>>(registry, absl::StrCat("ResourceSparseApply", name), "T", kFloatTypes);
}

}  // namespace

void RegisterSparseApplyKernels(KernelRegistry* registry) {
  RegisterSparseApply<apply::Momentum>(registry, "Momentum");
  RegisterSparseApply<apply::Adagrad>(registry, "Adagrad");
  RegisterSparseApply<apply::AdagradV2>(registry, "AdagradV2");
  RegisterSparseApply<apply::RmsProp>(registry, "RMSProp");
  RegisterSparseApply<apply::CenteredRmsProp>(registry, "CenteredRMSProp");
  RegisterSparseApply<apply::Adadelta>(registry, "Adadelta");
  RegisterSparseApply<apply::ProximalGradientDescent>(registry, "ProximalGradientDescent");
  RegisterSparseApply<apply::ProximalAdagrad>(registry, "ProximalAdagrad");
  RegisterSparseApply<apply::AdagradDa>(registry, "AdagradDA");
  RegisterSparseApply<apply::Ftrl<false>>(registry, "Ftrl");
  RegisterSparseApply<apply::Ftrl<true>>(registry, "FtrlV2");
}

}  // namespace tfpersist
