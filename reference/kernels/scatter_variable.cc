// What is put, or added up, at given places of variables of both kinds: Scatter{Update,Add,Sub,Mul,Div,Min,Max},
// ScatterNd{Update,Add,Sub} and their Resource forms. Follows core/kernels/scatter_op.cc, scatter_nd_op.cc,
// resource_variable_ops.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/resource_util.h"
#include "reference/kernels/scatter_util.h"

namespace tfpersist {
namespace {

struct Put {
  template <typename T>
  static T Apply(const T&, const T& b, bool&) {
    return b;
  }
};

// Calls f(TypeTag<T>()) with the C++ type that Op works on.
template <typename Op, typename F>
absl::Status DispatchFor(DataType dtype, F&& f) {
  if constexpr (std::is_same_v<Op, Put>) {
    return DispatchCopy(dtype, f);
  } else if constexpr (std::is_same_v<Op, functor::Minimum> || std::is_same_v<Op, functor::Maximum>) {
    return Dispatch<kRealNumberTypes>(dtype, f);
  } else {
    return Dispatch<kNumberTypes | MaskOf(DT_BOOL)>(dtype, f);
  }
}

// Rows of the variable. updates.shape = indices.shape + ref.shape[1:], or a scalar from 1.13 on.
struct Rows {
  static absl::Status Check(const Tensor& value, const Tensor& indices, const Tensor& updates) {
    if (value.shape().rank() < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("params must be at least 1-D, got shape ", value.shape().DebugString()));
    }
    std::vector<int64_t> wanted(indices.shape().dims().begin(), indices.shape().dims().end());
    wanted.insert(wanted.end(), value.shape().dims().begin() + 1, value.shape().dims().end());
    if (updates.shape().dims() == absl::MakeConstSpan(wanted) || updates.shape().IsScalar()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got ",
                     "updates.shape ", updates.shape().DebugString(), ", indices.shape ", indices.shape().DebugString(),
                     ", params.shape ", value.shape().DebugString()));
  }
  static absl::StatusOr<std::vector<int64_t>> Positions(const Tensor& value, const Tensor& indices) {
    TFP_ASSIGN_OR_RETURN(std::vector<int64_t> at, FlatIndices(indices, "indices"));
    const int64_t rows = value.shape().dim(0);
    for (size_t i = 0; i < at.size(); ++i) {
      if (at[i] >= 0 && at[i] < rows) continue;
      return absl::InvalidArgumentError(absl::StrCat("indices", IndexText(indices.shape(), static_cast<int64_t>(i)),
                                                     " = ", at[i], " is not in [0, ", rows, ")"));
    }
    return at;
  }
  static int64_t SliceSize(const Tensor& value, const Tensor&) {
    return value.shape().dim(0) > 0 ? value.num_elements() / value.shape().dim(0) : 0;
  }
};

// Slices at places of several dimensions. A vector of indices names rows.
struct Slices {
  static int64_t Depth(const Tensor& indices) {
    return indices.shape().rank() > 1 ? indices.shape().dim(indices.shape().rank() - 1) : 1;
  }
  static absl::Status Check(const Tensor& value, const Tensor& indices, const Tensor& updates) {
    const TensorShape &at = indices.shape(), &given = updates.shape(), &shape = value.shape();
    if (shape.rank() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("Output must be at least 1-D, got shape: ", shape.DebugString()));
    }
    if (shape.num_elements() == 0 && (at.num_elements() > 0 || given.num_elements() > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Indices and updates specified for empty output.  indices shape: ", at.DebugString()));
    }
    if (at.rank() < 1 || given.rank() < 1 || at.dim(0) != given.dim(0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("The outermost dimension of updates and indices must match. Got indices.shape ",
                       at.DebugString(), ", updates.shape ", given.DebugString()));
    }
    const int batch = std::max(1, at.rank() - 1);
    const int64_t depth = Depth(indices);
    std::vector<int64_t> wanted(at.dims().begin(), at.dims().begin() + batch);
    if (depth <= shape.rank()) wanted.insert(wanted.end(), shape.dims().begin() + depth, shape.dims().end());
    if (depth <= shape.rank() && given.dims() == absl::MakeConstSpan(wanted)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], got updates.shape: ",
        given.DebugString(), ", indices.shape: ", at.DebugString(), ", params_shape: ", shape.DebugString(),
        ", slice_dim: ", depth, ", and batch_dim: ", batch));
  }
  static absl::StatusOr<std::vector<int64_t>> Positions(const Tensor& value, const Tensor& indices) {
    if (indices.shape().rank() == 1) {
      return SlicePositions(indices.Reshaped(TensorShape({indices.num_elements(), 1})), value.shape(), "");
    }
    return SlicePositions(indices, value.shape(), "");
  }
  static int64_t SliceSize(const Tensor& value, const Tensor& indices) {
    int64_t slice = 1;
    for (int64_t d = Depth(indices); d < value.shape().rank(); ++d) slice *= value.shape().dim(static_cast<int>(d));
    return slice;
  }
};

// Inputs: variable or its handle, indices, updates.
template <typename Places, typename Op, bool kResource>
absl::Status Scatter(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(1);
  const Tensor& updates = ctx.input(2);
  std::shared_ptr<RefVariable> held;
  RefVariable* variable;
  if (kResource) {
    TFP_ASSIGN_OR_RETURN(held, LookupVariable(ctx, 0));
    variable = held.get();
  } else {
    variable = ctx.ref_input(0);
    ctx.SetRefOutput(0, variable);
  }
  if (variable->dtype != updates.dtype()) {
    return absl::InvalidArgumentError(absl::StrCat("Trying to scatter into variable with wrong dtype. Expected ",
                                                   DataTypeString(variable->dtype), " got ",
                                                   DataTypeString(updates.dtype())));
  }
  MutexLock lock(&variable->mu);
  Tensor& value = variable->value;
  if (!value.has_value()) return absl::FailedPreconditionError("Null ref for params");
  TFP_RETURN_IF_ERROR(Places::Check(value, indices, updates));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, Places::Positions(value, indices));
  const int64_t slice = Places::SliceSize(value, indices);
  const bool one_value = updates.shape().IsScalar();
  if (!value.RefCountIsOne()) {
    TFP_ASSIGN_OR_RETURN(value, value.DeepCopy());
  }
  return DispatchFor<Op>(value.dtype(), [&](auto tag) -> absl::Status {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(&value);
    const T* from = Elements<T>(updates);
    bool fault = false;
    for (size_t i = 0; i < at.size(); ++i) {
      for (int64_t k = 0; k < slice; ++k) {
        T& element = to[at[i] * slice + k];
        element = Op::Apply(element, from[one_value ? 0 : static_cast<int64_t>(i) * slice + k], fault);
      }
    }
    return fault ? absl::InvalidArgumentError("Integer division by zero") : absl::OkStatus();
  });
}

template <typename Places, typename Op>
void RegisterScatter(KernelRegistry* registry, absl::string_view op, DataTypeMask types) {
  RegisterFunction(registry, op, Scatter<Places, Op, false>, types == 0 ? "" : "T", types);
  // Of the resource forms, those of rows name the attr otherwise.
  const char* attr = std::is_same_v<Places, Rows> ? "dtype" : "T";
  RegisterFunction(registry, absl::StrCat("Resource", op), Scatter<Places, Op, true>, types == 0 ? "" : attr, types);
}

}  // namespace

void RegisterScatterVariableKernels(KernelRegistry* registry) {
  RegisterScatter<Rows, Put>(registry, "ScatterUpdate", 0);
  RegisterScatter<Rows, functor::Add>(registry, "ScatterAdd", kNumberTypes);
  RegisterScatter<Rows, functor::Sub>(registry, "ScatterSub", kNumberTypes);
  RegisterScatter<Rows, functor::Mul>(registry, "ScatterMul", kNumberTypes);
  RegisterScatter<Rows, functor::Div>(registry, "ScatterDiv", kNumberTypes);
  RegisterScatter<Rows, functor::Minimum>(registry, "ScatterMin", kRealNumberTypes);
  RegisterScatter<Rows, functor::Maximum>(registry, "ScatterMax", kRealNumberTypes);
  RegisterScatter<Slices, Put>(registry, "ScatterNdUpdate", 0);
  RegisterScatter<Slices, functor::Add>(registry, "ScatterNdAdd", kNumberTypes | MaskOf(DT_BOOL));
  RegisterScatter<Slices, functor::Sub>(registry, "ScatterNdSub", kNumberTypes);
}

}  // namespace tfpersist
