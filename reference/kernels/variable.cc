// Reference variables: VariableV2, Assign and its kin. Follows core/kernels/variable_ops.cc, assign_op.h,
// dense_update_ops.cc.
//
// A write goes in place only while nobody else holds the buffer, so a value once read never changes under its reader.
#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/dense_update.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

class VariableKernel : public OpKernel {
 public:
  VariableKernel(DataType dtype, TensorShape shape, std::string container, std::string name)
      : dtype_(dtype), shape_(std::move(shape)), container_(std::move(container)), name_(std::move(name)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    TFP_ASSIGN_OR_RETURN(PartialTensorShape partial, c.ShapeAttr("shape"));
    TensorShape shape;  // of unknown rank: of rank 0 until there is a value
    if (!partial.unknown_rank()) {
      if (!partial.IsFullyDefined()) {
        return absl::InvalidArgumentError(absl::StrCat("Shape ", partial.DebugString(), " is not fully defined"));
      }
      TFP_ASSIGN_OR_RETURN(shape, partial.AsTensorShape());
    }
    std::string container = c.StringAttr("container").value_or("");
    std::string name = c.StringAttr("shared_name").value_or("");
    if (container.empty()) container = ResourceManager::kDefaultContainer;
    if (name.empty()) name = c.name();
    return std::make_unique<VariableKernel>(dtype, std::move(shape), std::move(container), std::move(name));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    RefVariable* variable = cached_.load(std::memory_order_acquire);
    if (variable == nullptr) {
      TFP_ASSIGN_OR_RETURN(variable, Find(ctx.resources()));
    }
    ctx.SetRefOutput(0, variable);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<RefVariable*> Find(ResourceManager& resources) {
    // No lock is taken while another is held: Abseil's deadlock detector keeps every such pair, in time that grows with
    // their number, and a graph has thousands of variables.
    Tensor empty;  // a variable without elements has its value from the start, as in TensorFlow
    if (shape_.rank() > 0 && shape_.num_elements() == 0) {
      TFP_ASSIGN_OR_RETURN(empty, Tensor::Allocate(dtype_, shape_));
    }
    auto variable = resources.LookupOrCreate<RefVariable>(
        container_, name_, [&] { return std::make_shared<RefVariable>(dtype_, shape_, std::move(empty)); });
    if (variable->dtype != dtype_) {
      return absl::InvalidArgumentError(absl::StrCat("Variable ", container_, "/", name_, " holds ",
                                                     DataTypeString(variable->dtype), ", and this node asks for ",
                                                     DataTypeString(dtype_), " under the same shared_name."));
    }
    MutexLock lock(&mu_);
    if (variable_ == nullptr) variable_ = std::move(variable);
    cached_.store(variable_.get(), std::memory_order_release);
    return variable_.get();
  }

  const DataType dtype_;
  const TensorShape shape_;
  const std::string container_, name_;
  std::atomic<RefVariable*> cached_{nullptr};
  Mutex mu_;
  std::shared_ptr<RefVariable> variable_ ABSL_GUARDED_BY(mu_);
};

class AssignKernel : public OpKernel {
 public:
  explicit AssignKernel(bool validate_shape) : validate_shape_(validate_shape) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<AssignKernel>(c.BoolAttr("validate_shape").value_or(true));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    RefVariable* variable = ctx.ref_input(0);
    const Tensor& value = ctx.input(1);
    TFP_RETURN_IF_ERROR(CheckValueType(*variable, value));
    ctx.SetRefOutput(0, variable);
    MutexLock lock(&variable->mu);
    Tensor& old = variable->value;
    const TensorShape& expected = old.has_value() ? old.shape() : variable->initial_shape;
    if (validate_shape_ && expected != value.shape()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Assign requires shapes of both tensors to match. lhs shape= ", expected.DebugString(),
                       " rhs shape= ", value.shape().DebugString()));
    }
    return StoreValue(ctx, 1, &old);
  }

 private:
  const bool validate_shape_;
};

template <UpdateKind kKind>
absl::Status AssignUpdate(OpKernelContext& ctx) {
  RefVariable* variable = ctx.ref_input(0);
  const Tensor& value = ctx.input(1);
  TFP_RETURN_IF_ERROR(CheckValueType(*variable, value));
  ctx.SetRefOutput(0, variable);
  MutexLock lock(&variable->mu);
  Tensor& old = variable->value;
  if (old.shape() != value.shape()) {
    return absl::InvalidArgumentError("Parameters and update must be the same size");
  }
  return UpdateValue(kKind, value, &old);
}

absl::Status IsVariableInitialized(OpKernelContext& ctx) {
  RefVariable* variable = ctx.ref_input(0);
  bool initialized;
  {
    MutexLock lock(&variable->mu);
    initialized = variable->value.has_value();
  }
  ctx.SetOutput(0, Tensor::Scalar<bool>(initialized));
  return absl::OkStatus();
}

}  // namespace

void RegisterVariableKernels(KernelRegistry* registry) {
  RegisterKernel<VariableKernel>(registry, "VariableV2");
  RegisterKernel<VariableKernel>(registry, "Variable");
  RegisterKernel<AssignKernel>(registry, "Assign");
  RegisterFunction(registry, "AssignAdd", AssignUpdate<UpdateKind::kAdd>, "T", kNumberTypes);
  RegisterFunction(registry, "AssignSub", AssignUpdate<UpdateKind::kSub>, "T", kNumberTypes);
  RegisterFunction(registry, "IsVariableInitialized", IsVariableInitialized);
}

}  // namespace tfpersist
