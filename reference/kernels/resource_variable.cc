// Resource variables: VarHandleOp, ReadVariableOp, AssignVariableOp and their kin. Follows
// core/kernels/resource_variable_ops.cc. The error texts are S20.
#include "absl/strings/str_cat.h"
#include "reference/kernels/dense_update.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/resource_util.h"

namespace tfpersist {

absl::StatusOr<const ResourceHandle*> HandleInput(OpKernelContext& ctx, int i) {
  const Tensor& t = ctx.input(i);
  if (t.dtype() != DT_RESOURCE || t.num_elements() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("Input ", i, " must be one resource handle, not ",
                                                   DataTypeString(t.dtype()), t.shape().DebugString()));
  }
  return &t.flat<ResourceHandle>()[0];
}

// A kernel of the host can't look into device memory.
absl::Status CheckReachable(OpKernelContext& ctx, const Tensor& value, absl::string_view name) {
  if (value.memory_kind() != MemoryKind::kCuda || ctx.device().type() == DeviceType::kCuda) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("Variable ", name, " lies in device memory, and node ", ctx.node_name(),
                   " runs on the host. Put both on one device, with tf.device(\"/cpu:0\") say."));
}

absl::StatusOr<std::shared_ptr<RefVariable>> LookupVariable(OpKernelContext& ctx, int i) {
  TFP_ASSIGN_OR_RETURN(const ResourceHandle* handle, HandleInput(ctx, i));
  TFP_ASSIGN_OR_RETURN(std::shared_ptr<RefVariable> variable,
                       ctx.resources().Lookup<RefVariable>(handle->container, handle->name));
  MutexLock lock(&variable->mu);
  if (!variable->value.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat("Resource variable ", handle->name, " holds no value."));
  }
  TFP_RETURN_IF_ERROR(CheckReachable(ctx, variable->value, handle->name));
  return variable;
}

namespace {

class VarHandleKernel : public OpKernel {
 public:
  explicit VarHandleKernel(Tensor handle) : handle_(std::move(handle)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(DT_RESOURCE, {}));
    ResourceHandle& handle = t.flat<ResourceHandle>()[0];
    handle.device = "/job:localhost/replica:0/task:0/device:CPU:0";
    handle.container = c.StringAttr("container").value_or("");
    handle.name = c.StringAttr("shared_name").value_or("");
    if (handle.container.empty()) handle.container = ResourceManager::kDefaultContainer;
    if (handle.name.empty()) handle.name = c.name();
    handle.maybe_type_name = RefVariable::kTypeName;
    TFP_ASSIGN_OR_RETURN(handle.dtype, c.TypeAttr("dtype"));
    TFP_ASSIGN_OR_RETURN(handle.shape, c.ShapeAttr("shape"));
    return std::make_unique<VarHandleKernel>(std::move(t));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    ctx.SetOutput(0, handle_);
    return absl::OkStatus();
  }

 private:
  const Tensor handle_;
};

class ReadVariableKernel : public OpKernel {
 public:
  explicit ReadVariableKernel(DataType dtype) : dtype_(dtype) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    return std::make_unique<ReadVariableKernel>(dtype);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(const ResourceHandle* handle, HandleInput(ctx, 0));
    absl::StatusOr<std::shared_ptr<RefVariable>> variable =
        ctx.resources().Lookup<RefVariable>(handle->container, handle->name);
    Tensor value;
    if (variable.ok()) {
      MutexLock lock(&(*variable)->mu);
      value = (*variable)->value;
    }
    if (!value.has_value()) {
      const std::string why =
          variable.ok() ? std::string("It holds no value.") : absl::StrCat("Not found: ", variable.status().message());
      return absl::FailedPreconditionError(
          absl::StrCat("Error while reading resource variable ", handle->name, " from Container: ", handle->container,
                       ". This could mean that the variable was uninitialized. ", why));
    }
    TFP_RETURN_IF_ERROR(CheckReachable(ctx, value, handle->name));
    if (value.dtype() != dtype_) {
      return absl::InvalidArgumentError(absl::StrCat("Trying to read variable with wrong dtype. Expected ",
                                                     DataTypeString(dtype_), " got ", DataTypeString(value.dtype())));
    }
    ctx.SetOutput(0, std::move(value));
    return absl::OkStatus();
  }

 private:
  const DataType dtype_;
};

// TensorFlow 1.11.0 checks neither dtype nor shape here, so that a checkpoint of another shape is restored without a
// word and fails later (C12); this holds the value to what the handle declares.
absl::Status AssignVariable(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const ResourceHandle* handle, HandleInput(ctx, 0));
  const DataType dtype = ctx.input(1).dtype();
  const TensorShape& shape = ctx.input(1).shape();
  if (handle->dtype != DT_INVALID && handle->dtype != dtype) {
    return absl::InvalidArgumentError(absl::StrCat("Trying to assign variable with wrong dtype. Expected ",
                                                   DataTypeString(handle->dtype), " got ", DataTypeString(dtype)));
  }
  if (!handle->shape.IsCompatibleWith(shape)) {
    return absl::InvalidArgumentError(absl::StrCat("Assign requires shapes of both tensors to match. lhs shape= ",
                                                   handle->shape.DebugString(), " rhs shape= ", shape.DebugString()));
  }
  std::shared_ptr<RefVariable> variable = ctx.resources().LookupOrCreate<RefVariable>(
      handle->container, handle->name, [dtype] { return std::make_shared<RefVariable>(dtype); });
  TFP_RETURN_IF_ERROR(CheckValueType(*variable, ctx.input(1)));
  MutexLock lock(&variable->mu);
  return StoreValue(ctx, 1, &variable->value);
}

template <UpdateKind kKind>
absl::Status AssignUpdateVariable(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(std::shared_ptr<RefVariable> variable, LookupVariable(ctx, 0));
  const Tensor& value = ctx.input(1);
  TFP_RETURN_IF_ERROR(CheckValueType(*variable, value));
  MutexLock lock(&variable->mu);
  if (variable->value.shape() != value.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("Cannot update variable with shape ",
                                                   variable->value.shape().DebugString(), " using a Tensor with shape ",
                                                   value.shape().DebugString(), ", shapes must be equal."));
  }
  return UpdateValue(kKind, value, &variable->value);
}

absl::Status VarIsInitialized(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const ResourceHandle* handle, HandleInput(ctx, 0));
  auto variable = ctx.resources().Lookup<RefVariable>(handle->container, handle->name);
  bool initialized = false;
  if (variable.ok()) {
    MutexLock lock(&(*variable)->mu);
    initialized = (*variable)->value.has_value();
  }
  ctx.SetOutput(0, Tensor::Scalar<bool>(initialized));
  return absl::OkStatus();
}

class VariableShapeKernel : public OpKernel {
 public:
  explicit VariableShapeKernel(DataType out) : out_(out) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<VariableShapeKernel>(c.output_types()[0]);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(std::shared_ptr<RefVariable> variable, LookupVariable(ctx, 0));
    TensorShape shape;
    {
      MutexLock lock(&variable->mu);
      shape = variable->value.shape();
    }
    return SetShapeOutput(ctx, 0, shape, out_);
  }

 private:
  const DataType out_;
};

class DestroyKernel : public OpKernel {
 public:
  explicit DestroyKernel(bool ignore_lookup_error) : ignore_lookup_error_(ignore_lookup_error) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<DestroyKernel>(c.BoolAttr("ignore_lookup_error").value_or(true));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(const ResourceHandle* handle, HandleInput(ctx, 0));
    absl::Status status = ctx.resources().Delete<RefVariable>(handle->container, handle->name);
    return ignore_lookup_error_ ? absl::OkStatus() : status;
  }

 private:
  const bool ignore_lookup_error_;
};

}  // namespace

void RegisterResourceVariableKernels(KernelRegistry* registry) {
  RegisterKernel<VarHandleKernel>(registry, "VarHandleOp");
  RegisterKernel<ReadVariableKernel>(registry, "ReadVariableOp");
  RegisterFunction(registry, "AssignVariableOp", AssignVariable);
  RegisterFunction(registry, "AssignAddVariableOp", AssignUpdateVariable<UpdateKind::kAdd>, "dtype", kNumberTypes);
  RegisterFunction(registry, "AssignSubVariableOp", AssignUpdateVariable<UpdateKind::kSub>, "dtype", kNumberTypes);
  RegisterFunction(registry, "VarIsInitializedOp", VarIsInitialized);
  RegisterKernel<VariableShapeKernel>(registry, "VariableShape");
  RegisterKernel<DestroyKernel>(registry, "DestroyResourceOp");
}

}  // namespace tfpersist
