// What optimizers do to variables: Apply{GradientDescent,Momentum,Adam,Adagrad,RMSProp} and their Resource forms.
// Follows core/kernels/training_ops.cc in the order of its arithmetic.
//
// One variable's lock is held at a time (see variable.cc); a slot that was updated is read from there on as it is then.
#include <cmath>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/resource_util.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

// The arithmetic of one op. `s` are its scalars in the op's order, `slots` the slots' new values.
struct GradientDescent {
  static constexpr int kSlots = 0, kScalarsBefore = 1;
  static constexpr const char* kScalars[] = {"alpha"};
  static constexpr const char* kGradName = "delta";
  template <typename T>
  static void Variable(const T* s, bool, T* v, T* const*, const T* g, int64_t n) {
    const T rate = s[0];
    for (int64_t i = 0; i < n; ++i) v[i] = static_cast<T>(v[i] - static_cast<T>(g[i] * rate));
  }
};

struct Momentum {
  static constexpr int kSlots = 1, kScalarsBefore = 1;
  static constexpr const char* kScalars[] = {"lr", "momentum"};
  static constexpr const char* kGradName = "grad";
  template <typename T>
  static void Slot(int, const T* s, T* accum, const T* g, int64_t n) {
    for (int64_t i = 0; i < n; ++i) accum[i] = static_cast<T>(static_cast<T>(accum[i] * s[1]) + g[i]);
  }
  template <typename T>
  static void Variable(const T* s, bool nesterov, T* v, T* const* slots, const T* g, int64_t n) {
    const T rate = s[0], momentum = s[1];
    for (int64_t i = 0; i < n; ++i) {
      if (nesterov) {
        v[i] = static_cast<T>(v[i] - static_cast<T>(static_cast<T>(g[i] * rate) +
                                                    static_cast<T>(static_cast<T>(slots[0][i] * momentum) * rate)));
      } else {
        v[i] = static_cast<T>(v[i] - static_cast<T>(slots[0][i] * rate));
      }
    }
  }
};

struct Adam {
  static constexpr int kSlots = 2, kScalarsBefore = 6;
  static constexpr const char* kScalars[] = {"beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"};
  static constexpr const char* kGradName = "grad";
  template <typename T>
  static void Slot(int slot, const T* s, T* m, const T* g, int64_t n) {
    const T rest = static_cast<T>(T(1) - s[slot == 0 ? 3 : 4]);
    for (int64_t i = 0; i < n; ++i) {
      const T target = slot == 0 ? g[i] : static_cast<T>(g[i] * g[i]);
      m[i] = static_cast<T>(m[i] + static_cast<T>(static_cast<T>(target - m[i]) * rest));
    }
  }
  template <typename T>
  static void Variable(const T* s, bool nesterov, T* v, T* const* slots, const T* g, int64_t n) {
    using std::sqrt;
    const T alpha = static_cast<T>(static_cast<T>(s[2] * static_cast<T>(sqrt(static_cast<T>(T(1) - s[1])))) /
                                   static_cast<T>(T(1) - s[0]));
    const T beta1 = s[3], epsilon = s[5];
    for (int64_t i = 0; i < n; ++i) {
      T m = slots[0][i];
      if (nesterov) m = static_cast<T>(static_cast<T>(g[i] * static_cast<T>(T(1) - beta1)) + static_cast<T>(beta1 * m));
      v[i] = static_cast<T>(v[i] - static_cast<T>(static_cast<T>(m * alpha) /
                                                  static_cast<T>(static_cast<T>(sqrt(slots[1][i])) + epsilon)));
    }
  }
};

struct Adagrad {
  static constexpr int kSlots = 1, kScalarsBefore = 1;
  static constexpr const char* kScalars[] = {"lr"};
  static constexpr const char* kGradName = "grad";
  template <typename T>
  static void Slot(int, const T*, T* accum, const T* g, int64_t n) {
    for (int64_t i = 0; i < n; ++i) accum[i] = static_cast<T>(accum[i] + static_cast<T>(g[i] * g[i]));
  }
  template <typename T>
  static void Variable(const T* s, bool, T* v, T* const* slots, const T* g, int64_t n) {
    using std::sqrt;
    for (int64_t i = 0; i < n; ++i) {
      const T root = static_cast<T>(T(1) / static_cast<T>(sqrt(slots[0][i])));
      v[i] = static_cast<T>(v[i] - static_cast<T>(static_cast<T>(g[i] * s[0]) * root));
    }
  }
};

struct RmsProp {  // slots ms and mom
  static constexpr int kSlots = 2, kScalarsBefore = 4;
  static constexpr const char* kScalars[] = {"lr", "rho", "momentum", "epsilon"};
  static constexpr const char* kGradName = "grad";
  template <typename T>
  static void Slot(int slot, const T* s, T* ms, const T* g, int64_t n) {
    if (slot != 0) return;  // mom needs ms: see Variable
    const T rest = static_cast<T>(T(1) - s[1]);
    for (int64_t i = 0; i < n; ++i) {
      ms[i] = static_cast<T>(ms[i] + static_cast<T>(static_cast<T>(static_cast<T>(g[i] * g[i]) - ms[i]) * rest));
    }
  }
  template <typename T>
  static void Mom(const T* s, const T* ms, T* mom, const T* g, int64_t n) {
    using std::sqrt;
    for (int64_t i = 0; i < n; ++i) {
      mom[i] = static_cast<T>(
          static_cast<T>(mom[i] * s[2]) +
          static_cast<T>(static_cast<T>(g[i] * s[0]) / static_cast<T>(sqrt(static_cast<T>(s[3] + ms[i])))));
    }
  }
  template <typename T>
  static void Variable(const T*, bool, T* v, T* const* slots, const T*, int64_t n) {
    for (int64_t i = 0; i < n; ++i) v[i] = static_cast<T>(v[i] - slots[1][i]);
  }
};

template <typename Rule>
class ApplyKernel : public OpKernel {
 public:
  ApplyKernel(bool resource, bool flag, bool exclusive) : resource_(resource), flag_(flag), exclusive_(exclusive) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<ApplyKernel>(
        absl::StartsWith(c.def().op(), "Resource"),
        c.BoolAttr("use_nesterov").value_or(c.BoolAttr("update_slots").value_or(false)),
        c.BoolAttr("use_locking").value_or(false));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    constexpr int kVariables = 1 + Rule::kSlots;
    constexpr int kGrad = kVariables + Rule::kScalarsBefore;
    const Tensor& grad = ctx.input(kGrad);
    // A whole update at a time, where the node asks for that; no mutex that Abseil would order with the variables'.
    static std::mutex whole_updates;
    std::unique_lock<std::mutex> exclusive(whole_updates, std::defer_lock);
    if (exclusive_) exclusive.lock();

    std::shared_ptr<RefVariable> held[kVariables];
    RefVariable* variables[kVariables];
    for (int i = 0; i < kVariables; ++i) {
      if (resource_) {
        TFP_ASSIGN_OR_RETURN(held[i], LookupVariable(ctx, i));
        variables[i] = held[i].get();
      } else {
        variables[i] = ctx.ref_input(i);
      }
      if (variables[i]->dtype != grad.dtype()) {
        return absl::InvalidArgumentError(absl::StrCat("Trying to update variable with wrong dtype. Expected ",
                                                       DataTypeString(variables[i]->dtype), " got ",
                                                       DataTypeString(grad.dtype())));
      }
    }
    for (int i = kVariables, name = 0; i < ctx.num_inputs(); ++i) {
      if (i == kGrad) continue;
      if (!ctx.input(i).shape().IsScalar()) {
        return absl::InvalidArgumentError(
            absl::StrCat(Rule::kScalars[name], " is not a scalar: ", ctx.input(i).shape().DebugString()));
      }
      ++name;
    }
    return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      T scalars[8] = {};
      int count = 0;
      for (int i = kVariables; i < ctx.num_inputs(); ++i) {
        if (i != kGrad) scalars[count++] = *Elements<T>(ctx.input(i));
      }
      const T* g = Elements<T>(grad);
      const int64_t n = grad.num_elements();
      Tensor slots[Rule::kSlots + 1];
      T* slot_values[Rule::kSlots + 1] = {};
      if constexpr (Rule::kSlots > 0) {
        for (int slot = 0; slot < Rule::kSlots; ++slot) {
          TFP_RETURN_IF_ERROR(Update<T>(
              ctx, variables[1 + slot], grad,
              [&](T* values) {
                if constexpr (std::is_same_v<Rule, RmsProp>) {
                  if (slot == 1) return Rule::Mom(scalars, slot_values[0], values, g, n);
                }
                // Adagrad may leave its accumulator as it is.
                if (std::is_same_v<Rule, Adagrad> && !flag_) return;
                Rule::Slot(slot, scalars, values, g, n);
              },
              &slots[slot]));
          slot_values[slot] = Elements<T>(&slots[slot]);
        }
      }
      Tensor updated;
      TFP_RETURN_IF_ERROR(Update<T>(
          ctx, variables[0], grad, [&](T* values) { Rule::Variable(scalars, flag_, values, slot_values, g, n); },
          &updated));
      if (!resource_) ctx.SetRefOutput(0, variables[0]);
      return absl::OkStatus();
    });
  }

 private:
  // Calls f with room that holds the variable's value and that nobody else reads; *now is what it holds afterwards.
  template <typename T, typename F>
  static absl::Status Update(OpKernelContext& ctx, RefVariable* variable, const Tensor& grad, F f, Tensor* now) {
    absl::MutexLock lock(&variable->mu);
    Tensor& value = variable->value;
    if (!value.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("Attempting to use uninitialized variables: ", ctx.node_name()));
    }
    if (value.shape() != grad.shape()) {
      return absl::InvalidArgumentError(absl::StrCat("var and ", Rule::kGradName, " do not have the same shape",
                                                     value.shape().DebugString(), " ", grad.shape().DebugString()));
    }
    if (!value.RefCountIsOne()) {
      TFP_ASSIGN_OR_RETURN(value, value.DeepCopy());
    }
    f(Elements<T>(&value));
    *now = value;
    return absl::OkStatus();
  }
  const bool resource_, flag_, exclusive_;
};

template <typename Rule>
void RegisterApply(KernelRegistry* registry, absl::string_view name) {
  RegisterKernel<ApplyKernel<Rule>>(registry, absl::StrCat("Apply", name), "T", kFloatTypes);
  RegisterKernel<ApplyKernel<Rule>>(registry, absl::StrCat("ResourceApply", name), "T", kFloatTypes);
}

}  // namespace

void RegisterApplyKernels(KernelRegistry* registry) {
  RegisterApply<GradientDescent>(registry, "GradientDescent");
  RegisterApply<Momentum>(registry, "Momentum");
  RegisterApply<Adam>(registry, "Adam");
  RegisterApply<Adagrad>(registry, "Adagrad");
  RegisterApply<RmsProp>(registry, "RMSProp");
}

}  // namespace tfpersist
