// Shape, ShapeN, Size, Rank, Reshape, ExpandDims, Squeeze. Follows core/kernels/shape_ops.h,
// reshape_op.h.
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/resource_util.h"

namespace tfpersist {

absl::Status SetShapeOutput(OpKernelContext& ctx, int i, const TensorShape& shape, DataType dtype) {
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(i, TensorShape({shape.rank()})));
  for (int d = 0; d < shape.rank(); ++d) {
    if (dtype == DT_INT64) {
      out->flat<int64_t>()[d] = shape.dim(d);
    } else {
      if (shape.dim(d) > std::numeric_limits<int32_t>::max()) {
        return absl::InvalidArgumentError(absl::StrCat("Shape output is 32-bit but dim ", d, " is ", shape.dim(d)));
      }
      out->flat<int32_t>()[d] = static_cast<int32_t>(shape.dim(d));
    }
  }
  return absl::OkStatus();
}

namespace {

// Kernels whose output dtype is an attr (out_type) keep it.
template <absl::Status (*kFunction)(OpKernelContext&, DataType)>
class OutTypeKernel : public OpKernel {
 public:
  explicit OutTypeKernel(DataType out) : out_(out) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<OutTypeKernel>(c.output_types()[0]);
  }
  absl::Status Compute(OpKernelContext& ctx) override { return kFunction(ctx, out_); }

 private:
  const DataType out_;
};

absl::Status Shape(OpKernelContext& ctx, DataType out) {
  for (int i = 0; i < ctx.num_inputs(); ++i) {
    TFP_RETURN_IF_ERROR(SetShapeOutput(ctx, i, ctx.input(i).shape(), out));
  }
  return absl::OkStatus();
}

absl::Status Size(OpKernelContext& ctx, DataType out) {
  const int64_t n = ctx.input(0).num_elements();
  if (out == DT_INT64) {
    ctx.SetOutput(0, Tensor::Scalar<int64_t>(n));
    return absl::OkStatus();
  }
  if (n > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError("Number of elements was larger than representable by 32-bit output type");
  }
  ctx.SetOutput(0, Tensor::Scalar<int32_t>(static_cast<int32_t>(n)));
  return absl::OkStatus();
}

absl::Status Rank(OpKernelContext& ctx) {
  ctx.SetOutput(0, Tensor::Scalar<int32_t>(ctx.input(0).shape().rank()));
  return absl::OkStatus();
}

absl::Status Reshape(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const Tensor& sizes = ctx.input(1);
  if (sizes.shape().rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("sizes input must be 1-D, not ", sizes.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> dims, IntVector(sizes, "sizes"));
  int unknown = -1;
  int64_t product = 1;
  for (int d = 0; d < static_cast<int>(dims.size()); ++d) {
    if (dims[d] == -1) {
      if (unknown >= 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("Only one input size may be -1, not both ", unknown, " and ", d));
      }
      unknown = d;
    } else if (dims[d] < 0) {
      return absl::InvalidArgumentError(absl::StrCat("Size ", d, " must be non-negative, not ", dims[d]));
    } else if (__builtin_mul_overflow(product, dims[d], &product)) {
      return absl::InvalidArgumentError(absl::StrCat("Shape [", absl::StrJoin(dims, ","), "] has too many elements"));
    }
  }
  if (unknown >= 0) {
    if (product == 0) {
      return absl::InvalidArgumentError(
          "Reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are "
          "non-zero");
    }
    const int64_t missing = x.num_elements() / product;
    if (product * missing != x.num_elements()) {
      return absl::InvalidArgumentError(absl::StrCat("Input to reshape is a tensor with ", x.num_elements(),
                                                     " values, but the requested shape requires a multiple of ",
                                                     product));
    }
    dims[unknown] = missing;
    product *= missing;
  }
  if (product != x.num_elements()) {
    return absl::InvalidArgumentError(absl::StrCat("Input to reshape is a tensor with ", x.num_elements(),
                                                   " values, but the requested shape has ", product));
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
  ctx.SetOutput(0, x.Reshaped(shape));
  return absl::OkStatus();
}

absl::Status ExpandDims(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  if (ctx.input(1).num_elements() != 1) {
    return absl::InvalidArgumentError("'dim' must be a tensor with a single value");
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> axis, IntVector(ctx.input(1).Reshaped({1}), "dim"));
  const int rank = x.shape().rank();
  if (axis[0] < -1 - rank || axis[0] > rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Tried to expand dim index ", axis[0], " for tensor with ", rank, " dimensions."));
  }
  std::vector<int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  dims.insert(dims.begin() + (axis[0] < 0 ? axis[0] + rank + 1 : axis[0]), 1);
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
  ctx.SetOutput(0, x.Reshaped(shape));
  return absl::OkStatus();
}

class SqueezeKernel : public OpKernel {
 public:
  explicit SqueezeKernel(std::vector<int64_t> squeeze) : squeeze_(std::move(squeeze)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<SqueezeKernel>(c.IntListAttr("squeeze_dims").value_or(std::vector<int64_t>()));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const int rank = x.shape().rank();
    std::vector<bool> squeezed(rank, squeeze_.empty());
    for (int64_t d : squeeze_) {
      if (d < -rank || d >= rank) {
        return absl::InvalidArgumentError(
            absl::StrCat("Tried to squeeze dim index ", d, " for tensor with ", rank, " dimensions."));
      }
      squeezed[d < 0 ? d + rank : d] = true;
    }
    std::vector<int64_t> dims;
    for (int d = 0; d < rank; ++d) {
      if (squeezed[d] && x.shape().dim(d) == 1) continue;
      if (squeezed[d] && !squeeze_.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("Can not squeeze dim[", d, "], expected a dimension of 1, got ", x.shape().dim(d)));
      }
      dims.push_back(x.shape().dim(d));
    }
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
    ctx.SetOutput(0, x.Reshaped(shape));
    return absl::OkStatus();
  }

 private:
  const std::vector<int64_t> squeeze_;
};

}  // namespace

void RegisterShapeKernels(KernelRegistry* registry) {
  RegisterKernel<OutTypeKernel<Shape>>(registry, "Shape");
  RegisterKernel<OutTypeKernel<Shape>>(registry, "ShapeN");
  RegisterKernel<OutTypeKernel<Size>>(registry, "Size");
  RegisterFunction(registry, "Rank", Rank);
  RegisterFunction(registry, "Reshape", Reshape);
  RegisterFunction(registry, "ExpandDims", ExpandDims);
  RegisterKernel<SqueezeKernel>(registry, "Squeeze");
}

}  // namespace tfpersist
