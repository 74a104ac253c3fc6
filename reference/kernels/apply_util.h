// What kernels that apply an optimizer's rule (apply_rules.h) do with their inputs: variables, scalars, the gradient
// and, of the sparse forms, indices after it, then scalars again.
#ifndef TFPERSIST_REFERENCE_KERNELS_APPLY_UTIL_H_
#define TFPERSIST_REFERENCE_KERNELS_APPLY_UTIL_H_

#include <algorithm>
#include <array>
#include <memory>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/apply_rules.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/resource_util.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist::apply {

inline absl::StatusOr<Flags> FlagsOf(const OpKernelConstruction& c) {
  if (c.BoolAttr("multiply_linear_by_lr").value_or(false)) {
    return absl::UnimplementedError(
        absl::StrCat("Node ", c.name(), ": ", c.def().op(), " has no kernel for multiply_linear_by_lr"));
  }
  return Flags{c.BoolAttr("use_nesterov").value_or(false), c.BoolAttr("update_slots").value_or(true)};
}

// The first kCount inputs, references or resources; `held` keeps the latter.
template <int kCount>
struct Variables {
  std::array<RefVariable*, kCount> at;
  std::array<std::shared_ptr<RefVariable>, kCount> held;
};
template <int kCount>
absl::StatusOr<Variables<kCount>> VariablesOf(OpKernelContext& ctx, bool resource, DataType dtype) {
  Variables<kCount> variables;
  for (int i = 0; i < kCount; ++i) {
    if (resource) {
      TFP_ASSIGN_OR_RETURN(variables.held[i], LookupVariable(ctx, i));
      variables.at[i] = variables.held[i].get();
    } else {
      variables.at[i] = ctx.ref_input(i);
    }
    if (variables.at[i]->dtype != dtype) {
      return absl::InvalidArgumentError(absl::StrCat("Trying to update variable with wrong dtype. Expected ",
                                                     DataTypeString(variables.at[i]->dtype), " got ",
                                                     DataTypeString(dtype)));
    }
  }
  return variables;
}

// The locks of several variables, taken in the order of their addresses.
class Locks {
 public:
  explicit Locks(absl::Span<RefVariable* const> variables) ABSL_NO_THREAD_SAFETY_ANALYSIS
      : sorted_(variables.begin(), variables.end()) {
    std::sort(sorted_.begin(), sorted_.end());
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
    for (RefVariable* v : sorted_) v->mu.Lock();
  }
  ~Locks() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (RefVariable* v : sorted_) v->mu.Unlock();
  }

 private:
  absl::InlinedVector<RefVariable*, 4> sorted_;
};

// Calls f(input) for each scalar: all inputs from the first variable's end on, but for those of [grad, grad_end).
template <typename F>
absl::Status ForEachScalar(OpKernelContext& ctx, int first, int grad, int grad_end, F f) {
  for (int i = first; i < ctx.num_inputs(); ++i) {
    if (i < grad || i >= grad_end) TFP_RETURN_IF_ERROR(f(ctx.input(i)));
  }
  return absl::OkStatus();
}

// `names`: the rule's, in errors.
inline absl::Status CheckScalars(OpKernelContext& ctx, int first, int grad, int grad_end, const char* const* names) {
  return ForEachScalar(ctx, first, grad, grad_end, [&](const Tensor& t) {
    const char* const name = *names++;
    if (t.shape().IsScalar()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a scalar: ", t.shape().DebugString()));
  });
}

template <typename T>
struct Scalars {
  T values[8] = {};
  int64_t global_step = 0;  // the one that is no T
};
// REQUIRES: CheckScalars().
template <typename T>
Scalars<T> ScalarsOf(OpKernelContext& ctx, int first, int grad, int grad_end) {
  Scalars<T> scalars;
  int count = 0;
  ForEachScalar(ctx, first, grad, grad_end, [&](const Tensor& t) {
    if (t.dtype() == DT_INT64) {
      scalars.global_step = t.scalar<int64_t>();
    } else {
      scalars.values[count++] = *Elements<T>(t);
    }
    return absl::OkStatus();
  }).IgnoreError();
  return scalars;
}

inline absl::Status Uninitialized(OpKernelContext& ctx) {
  return absl::FailedPreconditionError(absl::StrCat("Attempting to use uninitialized variables: ", ctx.node_name()));
}

}  // namespace tfpersist::apply

#endif  // TFPERSIST_REFERENCE_KERNELS_APPLY_UTIL_H_
