// Sparse tensors (indices, values, dense shape): SparseToDense, SparseReshape, SparseReorder, SparseFillEmptyRows,
// SparseTensorDenseAdd. Follows core/kernels/sparse_to_dense_op.cc, reshape_util.cc, sparse_reorder_op.cc,
// sparse_fill_empty_rows_op.cc, sparse_tensor_dense_add_op.cc.
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

using Dims = std::vector<int64_t>;

absl::Status NotOfRank(absl::string_view what, absl::string_view rank, const Tensor& t) {
  return absl::InvalidArgumentError(
      absl::StrCat("Input ", what, " should be a ", rank, " but received shape ", t.shape().DebugString()));
}

// Row-major places of the index rows, -1 for one that is outside. `shape` has as many dimensions as a row.
std::vector<int64_t> Places(const Dims& indices, const TensorShape& shape, int64_t rows) {
  const int rank = shape.rank();
  std::vector<int64_t> places(rows);
  for (int64_t i = 0; i < rows; ++i) {
    int64_t place = 0;
    for (int d = 0; d < rank; ++d) {
      const int64_t at = indices[i * rank + d];
      if (at < 0 || at >= shape.dim(d)) {
        place = -1;
        break;
      }
      place = place * shape.dim(d) + at;
    }
    places[i] = place;
  }
  return places;
}

absl::StatusOr<Dims> Flat(const Tensor& t, absl::string_view what) {
  return IntVector(t.Reshaped(TensorShape({t.num_elements()})), what);
}

class SparseToDenseKernel : public OpKernel {
 public:
  explicit SparseToDenseKernel(bool validate) : validate_(validate) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool validate, c.BoolAttr("validate_indices"));
    return std::make_unique<SparseToDenseKernel>(validate);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape& at = ctx.input(0).shape();
    const TensorShape& wanted = ctx.input(1).shape();
    const Tensor& values = ctx.input(2);
    if (at.rank() > 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("sparse_indices should be a scalar, vector, or matrix, got shape ", at.DebugString()));
    }
    const int64_t rows = at.rank() > 0 ? at.dim(0) : 1, rank = at.rank() > 1 ? at.dim(1) : 1;
    if (wanted.rank() > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("output_shape should be a vector, got shape ", wanted.DebugString()));
    }
    if (wanted.num_elements() != rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("output_shape has incorrect number of elements: ", wanted.num_elements(), " should be: ", rank));
    }
    const bool one_value = values.shape().IsScalar();
    if (!one_value && values.shape() != TensorShape({rows})) {
      return absl::InvalidArgumentError(absl::StrCat("sparse_values has incorrect shape ", values.shape().DebugString(),
                                                     ", should be [] or [", rows, "]"));
    }
    if (!ctx.input(3).shape().IsScalar()) return absl::InvalidArgumentError("default_value should be a scalar.");
    TFP_ASSIGN_OR_RETURN(const Dims dims, Flat(ctx.input(1), "output_shape"));
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
    TFP_ASSIGN_OR_RETURN(const Dims indices, Flat(ctx.input(0), "sparse_indices"));
    const std::vector<int64_t> places = Places(indices, shape, rows);
    for (int64_t i = 0; i < rows; ++i) {
      const bool bounded = places[i] >= 0;
      if (bounded && (!validate_ || i == 0 || places[i - 1] < places[i])) continue;
      if (!validate_) {
        return absl::InvalidArgumentError(
            absl::StrCat("Indices are not valid (out of bounds).  Shape: ", shape.DebugString()));
      }
      const absl::Span<const int64_t> row = absl::MakeConstSpan(indices).subspan(i * rank, rank);
      return absl::InvalidArgumentError(
          absl::StrCat("indices[", i, "] = [", absl::StrJoin(row, ","), "] is ",
                       !bounded ? absl::StrCat("out of bounds: need 0 <= index < [", absl::StrJoin(dims, ","), "]")
                       : places[i - 1] == places[i] ? "repeated"
                                                    : "out of order"));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    return DispatchCopy(values.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* to = Elements<T>(out);
      std::fill_n(to, out->num_elements(), *Elements<T>(ctx.input(3)));
      const T* from = Elements<T>(values);
      for (int64_t i = 0; i < rows; ++i) to[places[i]] = from[one_value ? 0 : i];
      return absl::OkStatus();
    });
  }

 private:
  const bool validate_;
};

absl::Status SparseReshape(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(0);
  if (indices.shape().rank() != 2) return NotOfRank("indices", "matrix", indices);
  if (ctx.input(1).shape().rank() != 1) return NotOfRank("shape", "vector", ctx.input(1));
  if (ctx.input(2).shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Target shape should be a vector but received shape ", ctx.input(2).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const Dims from, IntVector(ctx.input(1), "shape"));
  TFP_ASSIGN_OR_RETURN(Dims to, IntVector(ctx.input(2), "new_shape"));
  const int64_t rows = indices.shape().dim(0), rank = static_cast<int64_t>(from.size());
  if (indices.shape().dim(1) != rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input tensor rank must match input shape length: ", indices.shape().dim(1), " vs ", rank));
  }
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(from));
  const int64_t size = shape.num_elements();
  int64_t product = 1;
  int unknown = -1;
  for (int d = 0; d < static_cast<int>(to.size()); ++d) {
    if (to[d] == -1) {
      if (unknown >= 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("only one output dimension may be -1, not both ", unknown, " and ", d));
      }
      unknown = d;
    } else if (to[d] < 0) {
      return absl::InvalidArgumentError(absl::StrCat("size ", d, " must be non-negative, not ", to[d]));
    } else if (__builtin_mul_overflow(product, to[d], &product)) {
      return absl::InvalidArgumentError(absl::StrCat("new_shape [", absl::StrJoin(to, ","), "] is too large"));
    }
  }
  if (unknown >= 0) {
    if (product == 0) {
      return absl::InvalidArgumentError(
          "reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are "
          "non-zero");
    }
    to[unknown] = size / product;
    if (product * to[unknown] != size) {
      return absl::InvalidArgumentError(absl::StrCat("Input to reshape is a SparseTensor with ", size,
                                                     " dense values, but the requested shape requires a multiple of ",
                                                     product));
    }
    product = size;
  }
  if (product != size) {
    return absl::InvalidArgumentError(absl::StrCat("Input to reshape is a tensor with ", size,
                                                   " dense values, but the requested shape has ", product));
  }
  const int64_t new_rank = static_cast<int64_t>(to.size());
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({rows, new_rank})));
  TFP_ASSIGN_OR_RETURN(Tensor * out_shape, ctx.AllocateOutput(1, TensorShape({new_rank})));
  std::copy(to.begin(), to.end(), Elements<int64_t>(out_shape));
  const Dims at(Elements<int64_t>(indices), Elements<int64_t>(indices) + indices.num_elements());
  const std::vector<int64_t> places = Places(at, shape, rows);
  for (int64_t i = 0; i < rows; ++i) {
    int64_t rest = places[i];
    if (rest < 0) {
      return absl::InvalidArgumentError(absl::StrCat("indices row ", i, " is outside of shape ", shape.DebugString()));
    }
    for (int64_t d = new_rank - 1; d >= 0; --d) {
      Elements<int64_t>(out)[i * new_rank + d] = rest % to[d];
      rest /= to[d];
    }
  }
  return absl::OkStatus();
}

absl::Status SparseReorder(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(0);
  const Tensor& values = ctx.input(1);
  if (indices.shape().rank() != 2) return NotOfRank("indices", "matrix", indices);
  if (values.shape().rank() != 1) return NotOfRank("values", "vector", values);
  if (ctx.input(2).shape().rank() != 1) return NotOfRank("shape", "vector", ctx.input(2));
  const int64_t rows = indices.shape().dim(0), rank = indices.shape().dim(1);
  if (values.num_elements() != rows) {
    return absl::InvalidArgumentError(
        absl::StrCat("indices and values rows (indexing dimension) must match. (indices = ", rows,
                     ", values = ", values.num_elements(), ")"));
  }
  if (ctx.input(2).num_elements() != rank) {
    return absl::InvalidArgumentError("Order length must be SparseTensor rank.");
  }
  const int64_t* at = Elements<int64_t>(indices);
  std::vector<int64_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::lexicographical_compare(at + a * rank, at + (a + 1) * rank, at + b * rank, at + (b + 1) * rank);
  });
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, indices.shape()));
  TFP_ASSIGN_OR_RETURN(Tensor * out_values, ctx.AllocateOutput(1, values.shape()));
  for (int64_t i = 0; i < rows; ++i) std::copy_n(at + order[i] * rank, rank, Elements<int64_t>(out) + i * rank);
  return DispatchCopy(values.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < rows; ++i) Elements<T>(out_values)[i] = Elements<T>(values)[order[i]];
    return absl::OkStatus();
  });
}

// A row without a value takes the default at its column 0. Rows come out sorted; within one, the order stays.
absl::Status SparseFillEmptyRows(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(0);
  const Tensor& values = ctx.input(1);
  auto saw = [&](const char* what, int i) {
    return absl::InvalidArgumentError(absl::StrCat(what, ", saw: ", ctx.input(i).shape().DebugString()));
  };
  if (ctx.input(2).shape().rank() != 1) return saw("dense_shape must be a vector", 2);
  if (indices.shape().rank() != 2) return saw("indices must be a matrix", 0);
  if (values.shape().rank() != 1) return saw("values must be a vector", 1);
  if (!ctx.input(3).shape().IsScalar()) return saw("default_value must be a scalar", 3);
  const int64_t n = indices.shape().dim(0), rank = indices.shape().dim(1);
  if (rank < 1 || ctx.input(2).num_elements() != rank) {
    return absl::InvalidArgumentError(absl::StrCat("Length of dense_shape (", ctx.input(2).num_elements(),
                                                   ") must be the number of columns of indices (", rank, ")"));
  }
  if (values.num_elements() != n) {
    return absl::InvalidArgumentError(absl::StrCat("Length of `values` (", values.num_elements(),
                                                   ") must match the first dimension of `indices` (", n, ")."));
  }
  const int64_t rows = Elements<int64_t>(ctx.input(2))[0];
  if (rows < 0) return absl::InvalidArgumentError(absl::StrCat("Dimension ", rows, " must be >= 0"));
  if (rows >= std::numeric_limits<int64_t>::max() - n) {
    return absl::InvalidArgumentError(absl::StrCat("dense_shape[0] = ", rows, " is too large"));
  }
  if (rows == 0 && n != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = ", n));
  }
  const int64_t* at = Elements<int64_t>(indices);
  TFP_ASSIGN_OR_RETURN(Tensor * empty, ctx.AllocateOutput(2, TensorShape({rows})));
  TFP_ASSIGN_OR_RETURN(Tensor * back, ctx.AllocateOutput(3, TensorShape({n})));
  TFP_ASSIGN_OR_RETURN(Tensor starts_room, ctx.AllocateTemp(DT_INT64, TensorShape({rows + 1})));
  int64_t* starts = Elements<int64_t>(&starts_room);
  std::fill_n(starts, rows + 1, 0);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t row = at[i * rank];
    if (row < 0 || row >= rows) {
      return absl::InvalidArgumentError(absl::StrCat("indices(", i, ", 0) is invalid: ", row, " >= ", rows));
    }
    ++starts[row + 1];
  }
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t count = starts[r + 1];
    Elements<bool>(empty)[r] = count == 0;
    starts[r + 1] = starts[r] + std::max<int64_t>(1, count);
  }
  const int64_t total = starts[rows];
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({total, rank})));
  TFP_ASSIGN_OR_RETURN(Tensor * out_values, ctx.AllocateOutput(1, TensorShape({total})));
  return DispatchCopy(values.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    int64_t* to = Elements<int64_t>(out);
    for (int64_t r = 0; r < rows; ++r) {
      if (!Elements<bool>(*empty)[r]) continue;
      std::fill_n(to + starts[r] * rank, rank, 0);
      to[starts[r] * rank] = r;
      Elements<T>(out_values)[starts[r]] = *Elements<T>(ctx.input(3));
    }
    for (int64_t i = 0; i < n; ++i) {
      const int64_t place = starts[at[i * rank]]++;
      std::copy_n(at + i * rank, rank, to + place * rank);
      Elements<T>(out_values)[place] = Elements<T>(values)[i];
      Elements<int64_t>(back)[i] = place;
    }
    return absl::OkStatus();
  });
}

absl::Status SparseTensorDenseAdd(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(0);
  const Tensor& values = ctx.input(1);
  const Tensor& dense = ctx.input(3);
  auto wrong = [&](const char* what, const char* rank, const Tensor& t) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input ", what, " should be a ", rank, " but received shape: ", t.shape().DebugString()));
  };
  if (indices.shape().rank() != 2) return wrong("a_indices", "matrix", indices);
  if (values.shape().rank() != 1 || ctx.input(2).shape().rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Inputs a_values and a_shape should be vectors but received shapes: ", values.shape().DebugString(), " and ",
        ctx.input(2).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const Dims dims, IntVector(ctx.input(2), "a_shape"));
  if (static_cast<int>(dims.size()) != dense.shape().rank()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Two operands have different ranks; received: ", dims.size(), " and ", dense.shape().rank()));
  }
  for (int d = 0; d < dense.shape().rank(); ++d) {
    if (dims[d] == dense.shape().dim(d)) continue;
    return absl::InvalidArgumentError(absl::StrCat("Dimension ", d,
                                                   " does not equal (no broadcasting is supported): sparse side ",
                                                   dims[d], " vs dense side ", dense.shape().dim(d)));
  }
  const int64_t rows = indices.shape().dim(0), rank = static_cast<int64_t>(dims.size());
  if (values.num_elements() != rows || indices.shape().dim(1) != rank) {
    return absl::InvalidArgumentError(absl::StrCat("a_indices ", indices.shape().DebugString(), " and a_values ",
                                                   values.shape().DebugString(), " do not fit a_shape of ", rank,
                                                   " dimensions"));
  }
  TFP_ASSIGN_OR_RETURN(const Dims at, Flat(indices, "a_indices"));
  const std::vector<int64_t> places = Places(at, dense.shape(), rows);
  for (int64_t i = 0; i < rows; ++i) {
    if (places[i] >= 0) continue;
    int64_t d = 0;
    while (at[i * rank + d] >= 0 && at[i * rank + d] < dims[d]) ++d;
    return absl::InvalidArgumentError(absl::StrCat("Sparse tensor has some invalid index on dimension ", d,
                                                   "; dense tensor shape: ", dense.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, dense.shape(), 3));
  return Dispatch<kNumberTypes>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    if (to != Elements<T>(ctx.input(3))) std::copy_n(Elements<T>(ctx.input(3)), out->num_elements(), to);
    bool fault = false;
    for (int64_t i = 0; i < rows; ++i) {
      to[places[i]] = functor::Add::Apply(to[places[i]], Elements<T>(values)[i], fault);
    }
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterSparseKernels(KernelRegistry* registry) {
  RegisterKernel<SparseToDenseKernel>(registry, "SparseToDense");
  RegisterFunction(registry, "SparseReshape", SparseReshape);
  RegisterFunction(registry, "SparseReorder", SparseReorder);
  RegisterFunction(registry, "SparseFillEmptyRows", SparseFillEmptyRows);
  RegisterFunction(registry, "SparseTensorDenseAdd", SparseTensorDenseAdd, "T", kNumberTypes);
}

}  // namespace tfpersist
