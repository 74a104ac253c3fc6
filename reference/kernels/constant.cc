// Const, placeholders, Fill, ZerosLike, OnesLike. Follows core/kernels/constant_op.cc.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/proto/node_def.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

class ConstKernel : public OpKernel {
 public:
  explicit ConstKernel(Tensor value) : value_(std::move(value)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const tensorflow::AttrValue* attr, c.Attr("value"));
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    // A frozen weight is not copied: it lies where the graph has it.
    const std::shared_ptr<const tensorflow::NodeDef> def = c.shared_def();
    TFP_ASSIGN_OR_RETURN(
        Tensor value,
        def == nullptr
            ? TensorFromProto(attr->tensor(), c.limits())
            : TensorOverProto(std::shared_ptr<const tensorflow::TensorProto>(def, &attr->tensor()), c.limits()));
    if (value.dtype() != dtype) {
      return absl::InvalidArgumentError(absl::StrCat("Type mismatch between value (", DataTypeString(value.dtype()),
                                                     ") and dtype (", DataTypeString(dtype), ")"));
    }
    return std::make_unique<ConstKernel>(std::move(value));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    ctx.SetOutput(0, value_);
    return absl::OkStatus();
  }
  const Tensor* ConstantValue() const override { return &value_; }

 private:
  const Tensor value_;
};

// Runs only when nobody fed it.
class PlaceholderKernel : public OpKernel {
 public:
  explicit PlaceholderKernel(std::string message) : message_(std::move(message)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    std::string message = absl::StrCat("You must feed a value for placeholder tensor '", c.name(), "' with dtype ",
                                       DataTypeString(dtype));
    absl::StatusOr<PartialTensorShape> shape = c.ShapeAttr("shape");
    if (shape.ok() && !shape->unknown_rank() && shape->rank() > 0) {
      absl::StrAppend(&message, " and shape ", shape->DebugString());
    }
    return std::make_unique<PlaceholderKernel>(std::move(message));
  }

  absl::Status Compute(OpKernelContext&) override { return absl::InvalidArgumentError(message_); }

 private:
  const std::string message_;
};

absl::Status Fill(OpKernelContext& ctx) {
  const Tensor& dims = ctx.input(0);
  const Tensor& value = ctx.input(1);
  if (dims.shape().rank() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("dims must be a vector of int32, got shape ", dims.shape().DebugString()));
  }
  if (!value.shape().IsScalar()) {
    return absl::InvalidArgumentError(absl::StrCat("value must be a scalar, got shape ", value.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, IntVector(dims, "dims"));
  TFP_ASSIGN_OR_RETURN(TensorShape shape, ShapeOfSizes(sizes));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  return DispatchCopy(value.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::fill_n(Elements<T>(out), out->num_elements(), *Elements<T>(value));
    return absl::OkStatus();
  });
}

absl::Status ZerosLike(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), x.dtype() == DT_STRING ? -1 : 0));
  // Strings come empty already.
  if (IsPlain(out->dtype())) memset(out->data(), 0, out->total_bytes());
  return absl::OkStatus();
}

absl::Status OnesLike(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), 0));
  return Dispatch<kNumberTypes | MaskOf(DT_BOOL)>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::fill_n(Elements<T>(out), out->num_elements(), T(1));
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterConstantKernels(KernelRegistry* registry) {
  RegisterKernel<ConstKernel>(registry, "Const");
  RegisterKernel<PlaceholderKernel>(registry, "Placeholder");
  RegisterKernel<PlaceholderKernel>(registry, "PlaceholderV2");
  RegisterFunction(registry, "Fill", Fill);
  RegisterFunction(registry, "ZerosLike", ZerosLike);
  RegisterFunction(registry, "OnesLike", OnesLike);
}

}  // namespace tfpersist
