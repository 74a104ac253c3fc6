// OneHot, Where, Unique, UniqueWithCounts, ListDiff, TopK, TopKV2, InvertPermutation: indices made and used. Follows
// core/kernels/one_hot_op.cc, where_op.cc, unique_op.cc, listdiff_op.cc, topk_op.cc, sequence_ops.cc.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

class OneHotKernel : public OpKernel {
 public:
  explicit OneHotKernel(int64_t axis) : axis_(axis) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t axis, c.IntAttr("axis"));
    return std::make_unique<OneHotKernel>(axis);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& indices = ctx.input(0);
    const int rank = indices.shape().rank();
    if (axis_ != -1 && (axis_ < 0 || axis_ >= rank + 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected axis to be -1 or between [0, ", rank + 1, ").  But received: ", axis_));
    }
    const char* const names[] = {"", "depth", "on_value", "off_value"};
    for (int i = 1; i < 4; ++i) {
      if (!ctx.input(i).shape().IsScalar()) {
        return absl::InvalidArgumentError(
            absl::StrCat(names[i], " must be a scalar, but got: ", ctx.input(i).shape().DebugString()));
      }
    }
    TFP_ASSIGN_OR_RETURN(const int64_t depth, IntScalar(ctx.input(1), "depth"));
    if (depth < 0) return absl::InvalidArgumentError(absl::StrCat("depth must be non-negative, got: ", depth));
    const int axis = axis_ == -1 ? rank : static_cast<int>(axis_);
    std::vector<int64_t> dims(indices.shape().dims().begin(), indices.shape().dims().end());
    int64_t before = 1, after = 1;
    for (int d = 0; d < rank; ++d) (d < axis ? before : after) *= dims[d];
    dims.insert(dims.begin() + axis, depth);
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return DispatchCopy(out->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* to = Elements<T>(out);
      std::fill_n(to, out->num_elements(), *Elements<T>(ctx.input(3)));
      return Dispatch<MaskOf(DT_UINT8, DT_INT32, DT_INT64)>(indices.dtype(), [&](auto index_tag) {
        using I = typename decltype(index_tag)::type;
        const I* at = Elements<I>(indices);
        for (int64_t b = 0; b < before; ++b) {
          for (int64_t a = 0; a < after; ++a) {
            const int64_t hot = static_cast<int64_t>(at[b * after + a]);
            if (hot >= 0 && hot < depth) to[(b * depth + hot) * after + a] = *Elements<T>(ctx.input(2));
          }
        }
        return absl::OkStatus();
      });
    });
  }

 private:
  const int64_t axis_;
};

// The coordinates of what is not zero.
absl::Status Where(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (rank == 0) return absl::InvalidArgumentError("WhereOp : Unhandled input dimensions: 0");
  std::vector<int64_t> found;
  TFP_RETURN_IF_ERROR(Dispatch<kNumberTypes | MaskOf(DT_BOOL)>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      if (Elements<T>(x)[i] != T(0)) found.push_back(i);
    }
    return absl::OkStatus();
  }));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({static_cast<int64_t>(found.size()), rank})));
  int64_t* to = out->flat<int64_t>().data();
  for (int64_t flat : found) {
    for (int d = rank - 1; d >= 0; --d) {
      to[d] = flat % x.shape().dim(d);
      flat /= x.shape().dim(d);
    }
    to += rank;
  }
  return absl::OkStatus();
}

// Values in the order of their first place, and for each element which of them it is.
class UniqueKernel : public OpKernel {
 public:
  explicit UniqueKernel(DataType index) : index_(index) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const DataType index, c.TypeAttr("out_idx"));
    return std::make_unique<UniqueKernel>(index);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 1) return absl::InvalidArgumentError("unique expects a 1D vector.");
    return Dispatch<kRealNumberTypes | MaskOf(DT_STRING, DT_BOOL)>(x.dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      // Halves by their bits: absl hashes no such type.
      using Key = std::conditional_t<sizeof(T) == 2 && !std::is_integral_v<T>, uint16_t, T>;
      const Key* keys = Elements<Key>(x);
      absl::flat_hash_map<Key, int64_t> seen;
      std::vector<int64_t> which(x.num_elements()), first, counts;
      for (int64_t i = 0; i < x.num_elements(); ++i) {
        auto [it, is_new] = seen.emplace(keys[i], static_cast<int64_t>(first.size()));
        if (is_new) {
          first.push_back(i);
          counts.push_back(0);
        }
        which[i] = it->second;
        ++counts[it->second];
      }
      TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({static_cast<int64_t>(first.size())})));
      for (size_t i = 0; i < first.size(); ++i) Elements<Key>(out)[i] = keys[first[i]];
      TFP_RETURN_IF_ERROR(SetIntVector(ctx, 1, index_, which));
      return ctx.num_outputs() > 2 ? SetIntVector(ctx, 2, index_, counts) : absl::OkStatus();
    });
  }

 private:
  const DataType index_;
};

// What is in x and not in y, and where.
class ListDiffKernel : public OpKernel {
 public:
  explicit ListDiffKernel(DataType index) : index_(index) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const DataType index, c.TypeAttr("out_idx"));
    return std::make_unique<ListDiffKernel>(index);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const char* const names[] = {"x", "y"};
    for (int i = 0; i < 2; ++i) {
      if (ctx.input(i).shape().rank() != 1)
        return absl::InvalidArgumentError(absl::StrCat(names[i], " should be a 1D vector."));
    }
    return Dispatch<kRealNumberTypes | MaskOf(DT_STRING)>(ctx.input(0).dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      using Key = std::conditional_t<sizeof(T) == 2 && !std::is_integral_v<T>, uint16_t, T>;
      const Key* x = Elements<Key>(ctx.input(0));
      const Key* y = Elements<Key>(ctx.input(1));
      const absl::flat_hash_set<Key> out_of(y, y + ctx.input(1).num_elements());
      std::vector<int64_t> kept;
      for (int64_t i = 0; i < ctx.input(0).num_elements(); ++i) {
        if (!out_of.contains(x[i])) kept.push_back(i);
      }
      TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({static_cast<int64_t>(kept.size())})));
      for (size_t i = 0; i < kept.size(); ++i) Elements<Key>(out)[i] = x[kept[i]];
      return SetIntVector(ctx, 1, index_, kept);
    });
  }

 private:
  const DataType index_;
};

// The k largest of each row, the earlier first where they are equal; sorted also where the node does not ask for it.
// TopK has k as an attr.
class TopKKernel : public OpKernel {
 public:
  explicit TopKKernel(int64_t k) : k_(k) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    return std::make_unique<TopKKernel>(c.IntAttr("k").value_or(-1));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    int64_t k = k_;
    if (ctx.num_inputs() > 1) {
      if (!ctx.input(1).shape().IsScalar()) {
        return absl::InvalidArgumentError(
            absl::StrCat("k must be scalar, got shape ", ctx.input(1).shape().DebugString()));
      }
      TFP_ASSIGN_OR_RETURN(k, IntScalar(ctx.input(1), "k"));
    }
    if (k < 0) return absl::InvalidArgumentError(absl::StrCat("Need k >= 0, got ", k));
    const int rank = x.shape().rank();
    if (rank < 1) return absl::InvalidArgumentError("input must be >= 1-D, got shape []");
    const int64_t columns = x.shape().dim(rank - 1);
    if (columns < k)
      return absl::InvalidArgumentError(
          absl::StrCat("input must have at least k columns. Had ", columns, ", needed ", k));
    std::vector<int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
    dims.back() = k;
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * values, ctx.AllocateOutput(0, shape));
    TFP_ASSIGN_OR_RETURN(Tensor * indices, ctx.AllocateOutput(1, shape));
    if (values->num_elements() == 0) return absl::OkStatus();
    return Dispatch<kRealNumberTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      int32_t* at = indices->flat<int32_t>().data();
      Shard(ctx, x.num_elements() / columns, columns * 10, [&](int64_t begin, int64_t end) {
        std::vector<int32_t> order(columns);
        for (int64_t r = begin; r < end; ++r) {
          const T* row = Elements<T>(x) + r * columns;
          std::iota(order.begin(), order.end(), 0);
          auto before = [&](int32_t a, int32_t b) { return row[b] < row[a] || (!(row[a] < row[b]) && a < b); };
          std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
          for (int64_t i = 0; i < k; ++i) {
            at[r * k + i] = order[i];
            Elements<T>(values)[r * k + i] = row[order[i]];
          }
        }
      });
      return absl::OkStatus();
    });
  }

 private:
  const int64_t k_;
};

absl::Status InvertPermutation(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  if (x.shape().rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("invert_permutation expects a 1D vector."));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, IntVector(x, "x"));
  const int64_t n = static_cast<int64_t>(at.size());
  std::vector<int64_t> inverse(n, -1);
  for (int64_t i = 0; i < n; ++i) {
    if (at[i] < 0 || at[i] >= n) return absl::InvalidArgumentError(absl::StrCat(at[i], " is not between 0 and ", n));
    if (inverse[at[i]] != -1) return absl::InvalidArgumentError(absl::StrCat(at[i], " is duplicated in the input."));
    inverse[at[i]] = i;
  }
  return SetIntVector(ctx, 0, x.dtype(), inverse);
}

}  // namespace

void RegisterIndexKernels(KernelRegistry* registry) {
  RegisterKernel<OneHotKernel>(registry, "OneHot");
  RegisterFunction(registry, "Where", Where, "T", kNumberTypes | MaskOf(DT_BOOL));
  RegisterKernel<UniqueKernel>(registry, "Unique", "T", kRealNumberTypes | MaskOf(DT_STRING, DT_BOOL));
  RegisterKernel<UniqueKernel>(registry, "UniqueWithCounts", "T", kRealNumberTypes | MaskOf(DT_STRING, DT_BOOL));
  RegisterKernel<ListDiffKernel>(registry, "ListDiff", "T", kRealNumberTypes | MaskOf(DT_STRING));
  RegisterKernel<TopKKernel>(registry, "TopK", "T", kRealNumberTypes);
  RegisterKernel<TopKKernel>(registry, "TopKV2", "T", kRealNumberTypes);
  RegisterFunction(registry, "InvertPermutation", InvertPermutation, "T", MaskOf(DT_INT32, DT_INT64));
}

}  // namespace tfpersist
