// What optimizers do to variables: Apply{GradientDescent,Momentum,Adam,…} and their Resource forms (apply_rules.h).
//
// All variables' locks are held, so that a whole update is one, whatever use_locking says.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/apply_rules.h"
#include "reference/kernels/apply_util.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/target_clones.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

template <typename Rule, typename T, size_t... kIndex>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void RunSteps(const apply::Args<T>& args, std::index_sequence<kIndex...>) {
  (Rule::template Step<T>(Rule::kSteps[kIndex], args), ...);
}
template <typename Rule, typename T>
TFP_TARGET_CLONES void RunSteps(const apply::Args<T>& args) {
  RunSteps<Rule, T>(args, std::make_index_sequence<std::size(Rule::kSteps)>());
}

template <typename Rule>
class ApplyKernel : public OpKernel {
 public:
  ApplyKernel(bool resource, apply::Flags flags) : resource_(resource), flags_(flags) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const apply::Flags flags, apply::FlagsOf(c));
    return std::make_unique<ApplyKernel>(absl::StartsWith(c.def().op(), "Resource"), flags);
  }

  absl::Status Compute(OpKernelContext& ctx) override ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Tensor& grad = ctx.input(kGrad);
    TFP_ASSIGN_OR_RETURN(const auto inputs, apply::VariablesOf<kVariables>(ctx, resource_, grad.dtype()));
    const std::array<RefVariable*, kVariables>& variables = inputs.at;
    TFP_RETURN_IF_ERROR(apply::CheckScalars(ctx, kVariables, kGrad, kGrad + 1, Rule::kScalars));
    const apply::Locks locks(variables);
    for (const RefVariable* v : variables) TFP_RETURN_IF_ERROR(Check(ctx, v->value, grad));
    for (const int written : Rule::kSteps) {
      Tensor& value = variables[written]->value;
      if (!value.RefCountIsOne()) {
        TFP_ASSIGN_OR_RETURN(value, value.DeepCopy());
      }
    }
    TFP_RETURN_IF_ERROR(Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const auto scalars = apply::ScalarsOf<T>(ctx, kVariables, kGrad, kGrad + 1);
      T* elements[kVariables];
      for (int i = 0; i < kVariables; ++i) elements[i] = Elements<T>(&variables[i]->value);
      Shard(ctx, grad.num_elements(), 2 * static_cast<int64_t>(std::size(Rule::kSteps)),
            [&](int64_t begin, int64_t end) {
              for (int64_t at = begin; at < end; at += kBlock) {
                T* here[kVariables];
                for (int i = 0; i < kVariables; ++i) here[i] = elements[i] + at;
                RunSteps<Rule, T>({scalars.values, scalars.global_step, flags_, here, Elements<T>(grad) + at,
                                   std::min(kBlock, end - at)});
              }
            });
      return absl::OkStatus();
    }));
    if (!resource_) ctx.SetRefOutput(0, variables[0]);
    return absl::OkStatus();
  }

 private:
  static constexpr int kVariables = Rule::kVariables, kGrad = kVariables + Rule::kBefore;
  // So many elements take all steps while they are in the nearest cache.
  static constexpr int64_t kBlock = 1024;

  static absl::Status Check(OpKernelContext& ctx, const Tensor& value, const Tensor& grad) {
    if (!value.has_value()) return apply::Uninitialized(ctx);
    if (value.shape() == grad.shape()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("var and ", Rule::kGrad, " do not have the same shape",
                                                   value.shape().DebugString(), " ", grad.shape().DebugString()));
  }

  const bool resource_;
  const apply::Flags flags_;
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
