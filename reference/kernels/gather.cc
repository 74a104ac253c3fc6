// Gather, GatherV2, ResourceGather. Follows core/kernels/gather_op.cc, resource_variable_ops.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/resource_util.h"

namespace tfpersist {
namespace {

// "indices[1,2] = 5 is not in [0, 2)"
absl::Status BadIndex(const TensorShape& shape, int64_t flat, int64_t value, int64_t limit) {
  return absl::InvalidArgumentError(
      absl::StrCat("indices", IndexText(shape, flat), " = ", value, " is not in [0, ", limit, ")"));
}

absl::Status GatherAlong(OpKernelContext& ctx, const Tensor& params, const Tensor& indices, int64_t wanted_axis) {
  const TensorShape& shape = params.shape();
  const int rank = shape.rank();
  if (rank < 1) return absl::InvalidArgumentError("params must be at least 1 dimensional");
  if (wanted_axis < -rank || wanted_axis >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected axis in the range [", -rank, ", ", rank, "), but got ", wanted_axis));
  }
  const int axis = static_cast<int>(wanted_axis < 0 ? wanted_axis + rank : wanted_axis);
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> at,
                       IntVector(indices.Reshaped(TensorShape({indices.num_elements()})), "indices"));
  const int64_t limit = shape.dim(axis);
  for (size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0 || at[i] >= limit) return BadIndex(indices.shape(), static_cast<int64_t>(i), at[i], limit);
  }
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().begin() + axis);
  dims.insert(dims.end(), indices.shape().dims().begin(), indices.shape().dims().end());
  dims.insert(dims.end(), shape.dims().begin() + axis + 1, shape.dims().end());
  TFP_ASSIGN_OR_RETURN(TensorShape out_shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, out_shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  int64_t before = 1, after = 1;
  for (int d = 0; d < axis; ++d) before *= shape.dim(d);
  for (int d = axis + 1; d < rank; ++d) after *= shape.dim(d);
  return DispatchCopy(params.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    for (int64_t b = 0; b < before; ++b) {
      const T* block = Elements<T>(params) + b * limit * after;
      for (int64_t i : at) to = std::copy(block + i * after, block + (i + 1) * after, to);
    }
    return absl::OkStatus();
  });
}

absl::Status Gather(OpKernelContext& ctx) { return GatherAlong(ctx, ctx.input(0), ctx.input(1), 0); }

absl::Status GatherV2(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const int64_t axis, IntScalar(ctx.input(2), "axis"));
  return GatherAlong(ctx, ctx.input(0), ctx.input(1), axis);
}

class ResourceGatherKernel : public OpKernel {
 public:
  explicit ResourceGatherKernel(DataType dtype) : dtype_(dtype) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dtype"));
    return std::make_unique<ResourceGatherKernel>(dtype);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(std::shared_ptr<RefVariable> variable, LookupVariable(ctx, 0));
    Tensor params;
    {
      MutexLock lock(&variable->mu);
      params = variable->value;
    }
    if (params.dtype() != dtype_) {
      return absl::InvalidArgumentError(absl::StrCat("Trying to read variable with wrong dtype. Expected ",
                                                     DataTypeString(dtype_), " got ", DataTypeString(params.dtype())));
    }
    return GatherAlong(ctx, params, ctx.input(1), 0);
  }

 private:
  const DataType dtype_;
};

}  // namespace

void RegisterGatherKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Gather", Gather);
  RegisterFunction(registry, "GatherV2", GatherV2);
  RegisterKernel<ResourceGatherKernel>(registry, "ResourceGather");
}

}  // namespace tfpersist
