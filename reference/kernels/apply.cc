// What optimizers do to variables: Apply{GradientDescent,Momentum,Adam,…} and their Resource forms (apply_rules.h).
//
// One variable's lock is held at a time (see variable.cc). Each step sees the others' values as they were when they
// were last looked at here, so a node is right alone and never tears a value where several run at once.
#include <mutex>

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
class ApplyKernel : public OpKernel {
 public:
  ApplyKernel(bool resource, apply::Flags flags, bool exclusive)
      : resource_(resource), flags_(flags), exclusive_(exclusive) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const apply::Flags flags, apply::FlagsOf(c));
    return std::make_unique<ApplyKernel>(absl::StartsWith(c.def().op(), "Resource"), flags,
                                         c.BoolAttr("use_locking").value_or(false));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& grad = ctx.input(kGrad);
    // A whole update at a time, where the node asks for that; no mutex that Abseil would order with the variables'.
    static std::mutex whole_updates;
    std::unique_lock<std::mutex> exclusive(whole_updates, std::defer_lock);
    if (exclusive_) exclusive.lock();

    TFP_ASSIGN_OR_RETURN(const auto inputs, apply::VariablesOf<kVariables>(ctx, resource_, grad.dtype()));
    const std::array<RefVariable*, kVariables>& variables = inputs.at;
    TFP_RETURN_IF_ERROR(apply::CheckScalars(ctx, kVariables, kGrad, kGrad + 1, Rule::kScalars));
    return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      const auto scalars = apply::ScalarsOf<T>(ctx, kVariables, kGrad, kGrad + 1);
      // Shares of all the values, from which the one that a step writes is taken back.
      Tensor values[kVariables];
      T* elements[kVariables] = {};
      for (int i = 0; i < kVariables; ++i) {
        MutexLock lock(&variables[i]->mu);
        TFP_RETURN_IF_ERROR(Check(ctx, variables[i]->value, grad));
        values[i] = variables[i]->value;
        elements[i] = Elements<T>(&values[i]);
      }
      for (const int written : Rule::kSteps) {
        RefVariable* const variable = variables[written];
        values[written] = Tensor();
        MutexLock lock(&variable->mu);
        TFP_RETURN_IF_ERROR(Check(ctx, variable->value, grad));
        if (!variable->value.RefCountIsOne()) {
          TFP_ASSIGN_OR_RETURN(variable->value, variable->value.DeepCopy());
        }
        elements[written] = Elements<T>(&variable->value);
        Shard(ctx, grad.num_elements(), 2, [&](int64_t begin, int64_t end) {
          T* at[kVariables];
          for (int i = 0; i < kVariables; ++i) at[i] = elements[i] + begin;
          Rule::template Step<T>(
              written, {scalars.values, scalars.global_step, flags_, at, Elements<T>(grad) + begin, end - begin});
        });
        values[written] = variable->value;
      }
      if (!resource_) ctx.SetRefOutput(0, variables[0]);
      return absl::OkStatus();
    });
  }

 private:
  static constexpr int kVariables = Rule::kVariables, kGrad = kVariables + Rule::kBefore;

  static absl::Status Check(OpKernelContext& ctx, const Tensor& value, const Tensor& grad) {
    if (!value.has_value()) return apply::Uninitialized(ctx);
    if (value.shape() == grad.shape()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("var and ", Rule::kGrad, " do not have the same shape",
                                                   value.shape().DebugString(), " ", grad.shape().DebugString()));
  }

  const bool resource_;
  const apply::Flags flags_;
  const bool exclusive_;
};

template <typename Rule>
void RegisterApply(KernelRegistry* registry, absl::string_view name) {
  RegisterKernel<ApplyKernel<Rule>>(registry, absl::StrCat("Apply", name), "T", kFloatTypes);
  RegisterKernel<ApplyKernel<Rule>>(registry, absl::StrCat("ResourceApply", name), "T", kFloatTypes);
}

}  // namespace

void RegisterApplyKernels(KernelRegistry* registry) {
  RegisterApply<apply::GradientDescent>(registry, "GradientDescent");
  RegisterApply<apply::Momentum>(registry, "Momentum");
  RegisterApply<apply::Adam>(registry, "Adam");
  RegisterApply<apply::Adagrad>(registry, "Adagrad");
  RegisterApply<apply::AdagradV2>(registry, "AdagradV2");
  RegisterApply<apply::RmsProp>(registry, "RMSProp");
  RegisterApply<apply::CenteredRmsProp>(registry, "CenteredRMSProp");
  RegisterApply<apply::Adadelta>(registry, "Adadelta");
  RegisterApply<apply::AdaMax>(registry, "AdaMax");
  RegisterApply<apply::SignRule<false>>(registry, "AddSign");
  RegisterApply<apply::SignRule<true>>(registry, "PowerSign");
  RegisterApply<apply::ProximalGradientDescent>(registry, "ProximalGradientDescent");
  RegisterApply<apply::ProximalAdagrad>(registry, "ProximalAdagrad");
  RegisterApply<apply::AdagradDa>(registry, "AdagradDA");
  RegisterApply<apply::Ftrl<false>>(registry, "Ftrl");
  RegisterApply<apply::Ftrl<true>>(registry, "FtrlV2");
}

}  // namespace tfpersist
