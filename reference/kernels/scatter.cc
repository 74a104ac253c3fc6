// What is put, or added up, at given places: ScatterNd, GatherNd, the segment sums and their kin, DynamicStitch,
// DynamicPartition. Follows core/kernels/scatter_nd_op.cc, gather_nd_op.cc, segment_reduction_ops.cc,
// dynamic_stitch_op.cc, dynamic_partition_op.cc.
#include <limits>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/scatter_util.h"

namespace tfpersist {
namespace {

int64_t Product(absl::Span<const int64_t> dims, int from, int to) {
  int64_t n = 1;
  for (int d = from; d < to; ++d) n *= dims[d];
  return n;
}

// ---- places of several dimensions ----

absl::Status GatherNd(OpKernelContext& ctx) {
  const Tensor& params = ctx.input(0);
  const Tensor& indices = ctx.input(1);
  if (params.shape().rank() < 1) return absl::InvalidArgumentError("params must be at least a vector");
  if (indices.shape().rank() < 1) return absl::InvalidArgumentError("indices must be at least a vector");
  const int64_t depth = indices.shape().dim(indices.shape().rank() - 1);
  if (depth > params.shape().rank()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "index innermost dimension length must be <= params rank; saw: ", depth, " vs. ", params.shape().rank()));
  }
  std::vector<int64_t> dims(indices.shape().dims().begin(), indices.shape().dims().end() - 1);
  dims.insert(dims.end(), params.shape().dims().begin() + depth, params.shape().dims().end());
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
  if (shape.num_elements() > 0 && params.num_elements() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Requested more than 0 entries, but params is empty.  Params shape: ", params.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> positions, SlicePositions(indices, params.shape(), "param "));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t slice = Product(params.shape().dims(), static_cast<int>(depth), params.shape().rank());
  return DispatchCopy(params.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    for (int64_t p : positions) to = std::copy_n(Elements<T>(params) + p * slice, slice, to);
    return absl::OkStatus();
  });
}

absl::Status ScatterNd(OpKernelContext& ctx) {
  const Tensor& indices = ctx.input(0);
  const Tensor& updates = ctx.input(1);
  if (ctx.input(2).shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Shape must be a vector, got shape ", ctx.input(2).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(ctx.input(2), "shape"));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
  TFP_RETURN_IF_ERROR(CheckScatterNd(indices, updates, shape));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> positions, SlicePositions(indices, shape, ""));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t slice = positions.empty() ? 0 : updates.num_elements() / static_cast<int64_t>(positions.size());
  return Dispatch<kNumberTypes | MaskOf(DT_BOOL, DT_STRING)>(updates.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    const T* from = Elements<T>(updates);
    std::fill_n(to, out->num_elements(), T{});
    bool fault = false;
    for (int64_t p : positions) {
      for (int64_t k = 0; k < slice; ++k, ++from)
        to[p * slice + k] = functor::Add::Apply(to[p * slice + k], *from, fault);
    }
    return absl::OkStatus();
  });
}

// ---- segments ----

template <typename Op, typename T>
T Neutral() {
  if constexpr (std::is_same_v<Op, functor::Mul>) {
    return T(1);
  } else if constexpr (std::is_same_v<Op, functor::Minimum>) {
    return std::numeric_limits<T>::max();
  } else if constexpr (std::is_same_v<Op, functor::Maximum>) {
    return std::numeric_limits<T>::lowest();
  } else {
    return T(0);
  }
}

// Negative ids are left out.
template <typename Op, DataTypeMask kTypes>
absl::Status UnsortedSegment(OpKernelContext& ctx) {
  const Tensor& data = ctx.input(0);
  const Tensor& ids = ctx.input(1);
  if (!ctx.input(2).shape().IsScalar()) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_segments should be a scalar, not shape ", ctx.input(2).shape().DebugString()));
  }
  if (ids.shape().rank() > data.shape().rank() ||
      data.shape().dims().subspan(0, ids.shape().rank()) != ids.shape().dims()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.shape = ", data.shape().DebugString(),
                     " does not start with segment_ids.shape = ", ids.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const int64_t segments, IntScalar(ctx.input(2), "num_segments"));
  if (segments < 0)
    return absl::InvalidArgumentError("Input num_segments == " + std::to_string(segments) + " must not be negative.");
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, FlatIndices(ids, "segment_ids"));
  std::vector<int64_t> dims = {segments};
  dims.insert(dims.end(), data.shape().dims().begin() + ids.shape().rank(), data.shape().dims().end());
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
  for (size_t i = 0; i < at.size(); ++i) {
    if (at[i] < segments) continue;
    return absl::InvalidArgumentError(absl::StrCat("segment_ids", IndexText(ids.shape(), static_cast<int64_t>(i)),
                                                   " = ", at[i], " is out of range [0, ", segments, ")"));
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t slice = out->num_elements() / segments;
  return Dispatch<kTypes>(data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    const T* from = Elements<T>(data);
    std::fill_n(to, out->num_elements(), Neutral<Op, T>());
    bool fault = false;
    for (int64_t id : at) {
      if (id >= 0) {
        for (int64_t k = 0; k < slice; ++k) to[id * slice + k] = Op::Apply(to[id * slice + k], from[k], fault);
      }
      from += slice;
    }
    return absl::OkStatus();
  });
}

enum class Mean { kNo, kYes };

// Ids that grow; a segment without a row is 0, of products 1.
template <typename Op, DataTypeMask kTypes, Mean kMean = Mean::kNo>
absl::Status SortedSegment(OpKernelContext& ctx) {
  const Tensor& data = ctx.input(0);
  const Tensor& ids = ctx.input(1);
  if (data.shape().rank() < 1) return absl::InvalidArgumentError("input must be at least rank 1");
  if (ids.shape().rank() != 1) return absl::InvalidArgumentError("segment_ids should be a vector.");
  if (ids.num_elements() != data.shape().dim(0)) {
    return absl::InvalidArgumentError("segment_ids should be the same size as dimension 0 of input.");
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, IntVector(ids, "segment_ids"));
  const int64_t segments = at.empty() ? 0 : at.back() + 1;
  if (segments < 0) return absl::InvalidArgumentError("segment ids must be >= 0");
  std::vector<int64_t> dims(data.shape().dims().begin(), data.shape().dims().end());
  dims[0] = segments;
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
  for (size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0) return absl::InvalidArgumentError("segment ids must be >= 0");
    if (i > 0 && at[i] < at[i - 1]) return absl::InvalidArgumentError("segment ids are not increasing");
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t slice = out->num_elements() / segments;
  return Dispatch<kTypes>(data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    std::fill_n(to, out->num_elements(), std::is_same_v<Op, functor::Mul> ? T(1) : T(0));
    bool fault = false;
    for (size_t begin = 0; begin < at.size();) {
      size_t end = begin + 1;
      while (end < at.size() && at[end] == at[begin]) ++end;
      for (int64_t k = 0; k < slice; ++k) {
        const T* from = Elements<T>(data) + k;
        T value = from[begin * slice];
        for (size_t r = begin + 1; r < end; ++r) value = Op::Apply(value, from[r * slice], fault);
        if (kMean == Mean::kYes) value = functor::Div::Apply(value, static_cast<T>(end - begin), fault);
        to[at[begin] * slice + k] = value;
      }
      begin = end;
    }
    return absl::OkStatus();
  });
}

// ---- dynamic ----

// N vectors of places and N tensors of what goes there; the last wins.
absl::Status DynamicStitch(OpKernelContext& ctx) {
  const int n = ctx.num_inputs() / 2;
  int64_t rows = 0;
  absl::Span<const int64_t> tail;
  std::vector<std::vector<int64_t>> places(n);
  for (int i = 0; i < n; ++i) {
    const TensorShape& at = ctx.input(i).shape();
    const TensorShape& data = ctx.input(n + i).shape();
    if (data.rank() < at.rank() || data.dims().subspan(0, at.rank()) != at.dims()) {
      return absl::InvalidArgumentError(absl::StrCat("data[", i, "].shape = ", data.DebugString(),
                                                     " does not start with indices[", i,
                                                     "].shape = ", at.DebugString()));
    }
    const absl::Span<const int64_t> rest = data.dims().subspan(at.rank());
    if (i == 0) {
      tail = rest;
    } else if (rest != tail) {
      return absl::InvalidArgumentError(
          absl::StrCat("Need data[0].shape[", ctx.input(0).shape().rank(), ":] = data[", i, "].shape[", at.rank(),
                       ":], got data[0].shape = ", ctx.input(n).shape().DebugString(), ", data[", i,
                       "].shape = ", data.DebugString(), ", indices[0].shape = ", ctx.input(0).shape().DebugString(),
                       ", indices[", i, "].shape = ", at.DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(places[i], FlatIndices(ctx.input(i), "indices"));
    for (int64_t p : places[i]) {
      if (p < 0) return absl::InvalidArgumentError(absl::StrCat("indices[", i, "] is out of range"));
      rows = std::max(rows, p + 1);
    }
  }
  std::vector<int64_t> dims = {rows};
  dims.insert(dims.end(), tail.begin(), tail.end());
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t row = out->num_elements() / rows;
  return DispatchCopy(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::fill_n(Elements<T>(out), out->num_elements(), T{});  // places that nobody names
    for (int i = 0; i < n; ++i) {
      const T* from = Elements<T>(ctx.input(n + i));
      for (int64_t p : places[i]) {
        std::copy_n(from, row, Elements<T>(out) + p * row);
        from += row;
      }
    }
    return absl::OkStatus();
  });
}

absl::Status DynamicPartition(OpKernelContext& ctx) {
  const Tensor& data = ctx.input(0);
  const Tensor& which = ctx.input(1);
  const int parts = ctx.num_outputs();
  const int rank = which.shape().rank();
  if (data.shape().rank() < rank || data.shape().dims().subspan(0, rank) != which.shape().dims()) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.shape must start with partitions.shape, got data.shape = ", data.shape().DebugString(),
                     ", partitions.shape = ", which.shape().DebugString()));
  }
  std::vector<int64_t> counts(parts, 0);
  for (int64_t i = 0; i < which.num_elements(); ++i) {
    const int32_t p = which.flat<int32_t>()[i];
    if (p < 0 || p >= parts) {
      return absl::InvalidArgumentError(
          absl::StrCat("partitions", IndexText(which.shape(), i), " = ", p, " is not in [0, ", parts, ")"));
    }
    ++counts[p];
  }
  std::vector<Tensor*> outs(parts);
  std::vector<int64_t> dims = {0};
  dims.insert(dims.end(), data.shape().dims().begin() + rank, data.shape().dims().end());
  for (int p = 0; p < parts; ++p) {
    dims[0] = counts[p];
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(outs[p], ctx.AllocateOutput(p, shape));
  }
  const int64_t row = Product(data.shape().dims(), rank, data.shape().rank());
  return DispatchCopy(data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T*> to(parts);
    for (int p = 0; p < parts; ++p) to[p] = Elements<T>(outs[p]);
    const T* from = Elements<T>(data);
    for (int64_t i = 0; i < which.num_elements(); ++i, from += row) {
      T*& next = to[which.flat<int32_t>()[i]];
      next = std::copy_n(from, row, next);
    }
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterScatterKernels(KernelRegistry* registry) {
  using functor::Add;
  using functor::Maximum;
  using functor::Minimum;
  using functor::Mul;
  RegisterFunction(registry, "GatherNd", GatherNd);
  RegisterFunction(registry, "ScatterNd", ScatterNd, "T", kNumberTypes | MaskOf(DT_BOOL, DT_STRING));
  RegisterFunction(registry, "UnsortedSegmentSum", UnsortedSegment<Add, kNumberTypes>, "T", kNumberTypes);
  RegisterFunction(registry, "UnsortedSegmentProd", UnsortedSegment<Mul, kNumberTypes>, "T", kNumberTypes);
  RegisterFunction(registry, "UnsortedSegmentMin", UnsortedSegment<Minimum, kRealNumberTypes>, "T", kRealNumberTypes);
  RegisterFunction(registry, "UnsortedSegmentMax", UnsortedSegment<Maximum, kRealNumberTypes>, "T", kRealNumberTypes);
  RegisterFunction(registry, "SegmentSum", SortedSegment<Add, kNumberTypes>, "T", kNumberTypes);
  RegisterFunction(registry, "SegmentProd", SortedSegment<Mul, kNumberTypes>, "T", kNumberTypes);
  RegisterFunction(registry, "SegmentMean", SortedSegment<Add, kNumberTypes, Mean::kYes>, "T", kNumberTypes);
  RegisterFunction(registry, "SegmentMin", SortedSegment<Minimum, kRealNumberTypes>, "T", kRealNumberTypes);
  RegisterFunction(registry, "SegmentMax", SortedSegment<Maximum, kRealNumberTypes>, "T", kRealNumberTypes);
  RegisterFunction(registry, "DynamicStitch", DynamicStitch);
  RegisterFunction(registry, "ParallelDynamicStitch", DynamicStitch);
  RegisterFunction(registry, "DynamicPartition", DynamicPartition);
}

}  // namespace tfpersist
