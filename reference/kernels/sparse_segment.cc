// Segments of rows that indices pick: SparseSegment{Sum,Mean,SqrtN}, the same WithNumSegments, and the gradients of the
// last two. Follows core/kernels/segment_reduction_ops.cc.
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

enum class Scale { kNone, kCount, kRoot };  // of a segment's sum

// Inputs i and i + 1: indices and segment_ids, two vectors of one size.
absl::Status CheckPair(OpKernelContext& ctx, int i) {
  if (ctx.input(i).shape().rank() != 1) return absl::InvalidArgumentError("indices should be a vector.");
  if (ctx.input(i + 1).shape().rank() != 1) return absl::InvalidArgumentError("segment_ids should be a vector.");
  if (ctx.input(i).num_elements() != ctx.input(i + 1).num_elements()) {
    return absl::InvalidArgumentError("segment_ids and indices should have same size.");
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorShape> WithRows(const TensorShape& shape, int64_t rows) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[0] = rows;
  return TensorShape::Create(dims);
}

// Ids that grow; a segment without a row is 0.
template <Scale kScale, DataTypeMask kTypes>
absl::Status SparseSegment(OpKernelContext& ctx) {
  const Tensor& data = ctx.input(0);
  const bool counted = ctx.num_inputs() > 3;
  if (counted && !ctx.input(3).shape().IsScalar()) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_segments should be a scalar, not shape ", ctx.input(3).shape().DebugString()));
  }
  TFP_RETURN_IF_ERROR(CheckPair(ctx, 1));
  if (data.shape().rank() < 1) return absl::InvalidArgumentError("data must be at least a vector");
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> indices, IntVector(ctx.input(1), "indices"));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> ids, IntVector(ctx.input(2), "segment_ids"));
  const int64_t n = static_cast<int64_t>(ids.size()), seen = n == 0 ? 0 : ids.back() + 1;
  int64_t segments = seen;
  if (counted) {
    TFP_ASSIGN_OR_RETURN(segments, IntScalar(ctx.input(3), "num_segments"));
    if (segments >= 0 && seen > segments) return absl::InvalidArgumentError("segment ids must be < num_segments");
  }
  if (segments < 0 || (n > 0 && segments == 0)) return absl::InvalidArgumentError("segment ids must be >= 0");
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, WithRows(data.shape(), segments));
  const int64_t rows = data.shape().dim(0), row = rows > 0 ? data.num_elements() / rows : 0;
  for (int64_t begin = 0; begin < n;) {
    int64_t end = begin + 1;
    while (end < n && ids[end] == ids[begin]) ++end;
    if (end < n && ids[end] < ids[begin]) return absl::InvalidArgumentError("segment ids are not increasing");
    if (ids[begin] < 0 || ids[begin] >= segments) {
      return absl::InvalidArgumentError(absl::StrCat("Segment id ", ids[begin], " out of range [0, ", segments,
                                                     "), possibly because 'segment_ids' input is not sorted."));
    }
    for (int64_t i = begin; i < end; ++i) {
      if (indices[i] < 0 || indices[i] >= rows) {
        return absl::InvalidArgumentError(
            absl::StrCat("Bad: indices[", i, "] == ", indices[i], " out of range [0, ", rows, ")"));
      }
    }
    begin = end;
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  return Dispatch<kTypes>(data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = functor::Wide<T>;
    T* to = Elements<T>(out);
    std::fill_n(to, out->num_elements(), T(0));
    std::vector<W> sums(row);
    bool fault = false;
    for (int64_t begin = 0; begin < n;) {
      std::fill(sums.begin(), sums.end(), W(0));
      int64_t end = begin;
      for (; end < n && ids[end] == ids[begin]; ++end) {
        const T* from = Elements<T>(data) + indices[end] * row;
        for (int64_t k = 0; k < row; ++k) sums[k] = functor::Add::Apply(sums[k], static_cast<W>(from[k]), fault);
      }
      if constexpr (kScale != Scale::kNone) {
        const W count = static_cast<W>(end - begin);
        for (W& sum : sums) sum /= kScale == Scale::kCount ? count : std::sqrt(count);
      }
      for (int64_t k = 0; k < row; ++k) to[ids[begin] * row + k] = static_cast<T>(sums[k]);
      begin = end;
    }
    return absl::OkStatus();
  });
}

// Inputs: gradient, indices, segment_ids, how many rows the data had.
template <Scale kScale>
absl::Status SparseSegmentGrad(OpKernelContext& ctx) {
  const Tensor& grad = ctx.input(0);
  if (!ctx.input(3).shape().IsScalar()) return absl::InvalidArgumentError("output_dim0 should be a scalar.");
  TFP_RETURN_IF_ERROR(CheckPair(ctx, 1));
  if (grad.shape().rank() < 1) return absl::InvalidArgumentError("grad must be at least a vector");
  TFP_ASSIGN_OR_RETURN(const int64_t rows, IntScalar(ctx.input(3), "output_dim0"));
  if (rows < 0) return absl::InvalidArgumentError(absl::StrCat("Dimension ", rows, " must be >= 0"));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> indices, IntVector(ctx.input(1), "indices"));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> ids, IntVector(ctx.input(2), "segment_ids"));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, WithRows(grad.shape(), rows));
  const int64_t segments = grad.shape().dim(0), row = segments > 0 ? grad.num_elements() / segments : 0;
  if (!ids.empty() && ids.back() >= segments) return absl::InvalidArgumentError("Invalid number of segments");
  std::vector<double> scale(segments, 0.0);
  for (int64_t id : ids) {
    if (id < 0 || id >= segments) {
      return absl::InvalidArgumentError(absl::StrCat("Segment id ", id, " out of range [0, ", segments, ")."));
    }
    ++scale[id];
  }
  for (double& s : scale) s = 1.0 / (kScale == Scale::kRoot ? std::sqrt(std::max(s, 1.0)) : std::max(s, 1.0));
  for (int64_t at : indices) {
    if (at < 0 || at >= rows) {
      return absl::InvalidArgumentError(absl::StrCat("Index ", at, " out of range [0, ", rows, ")."));
    }
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  return Dispatch<kFloatTypes>(grad.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    std::fill_n(to, out->num_elements(), T(0));
    for (size_t i = 0; i < ids.size(); ++i) {
      const T* from = Elements<T>(grad) + ids[i] * row;
      const T factor = static_cast<T>(scale[ids[i]]);
      for (int64_t k = 0; k < row; ++k) {
        T& sum = to[indices[i] * row + k];
        sum = static_cast<T>(sum + static_cast<T>(from[k] * factor));
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterSparseSegmentKernels(KernelRegistry* registry) {
  for (const char* suffix : {"", "WithNumSegments"}) {
    auto name = [&](const char* op) { return absl::StrCat(op, suffix); };
    RegisterFunction(registry, name("SparseSegmentSum"), SparseSegment<Scale::kNone, kRealNumberTypes>, "T",
                     kRealNumberTypes);
    RegisterFunction(registry, name("SparseSegmentMean"), SparseSegment<Scale::kCount, kFloatTypes>, "T", kFloatTypes);
    RegisterFunction(registry, name("SparseSegmentSqrtN"), SparseSegment<Scale::kRoot, kFloatTypes>, "T", kFloatTypes);
  }
  RegisterFunction(registry, "SparseSegmentMeanGrad", SparseSegmentGrad<Scale::kCount>, "T", kFloatTypes);
  RegisterFunction(registry, "SparseSegmentSqrtNGrad", SparseSegmentGrad<Scale::kRoot>, "T", kFloatTypes);
}

}  // namespace tfpersist
