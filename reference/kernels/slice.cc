// Slice and StridedSlice. Follows core/kernels/slice_op.cc, core/util/strided_slice_op.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/strided_copy.h"

namespace tfpersist {
namespace {

// Strides, in elements, of a row-major tensor.
std::vector<int64_t> StridesOf(const TensorShape& shape) {
  std::vector<int64_t> strides(shape.rank(), 1);
  for (int d = shape.rank() - 2; d >= 0; --d) strides[d] = strides[d + 1] * shape.dim(d + 1);
  return strides;
}

absl::Status Slice(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (ctx.input(1).shape() != TensorShape({rank}) || ctx.input(2).shape() != TensorShape({rank})) {
    return absl::InvalidArgumentError(absl::StrCat("Expected begin and size arguments to be 1-D tensors of size ", rank,
                                                   ", but got shapes ", ctx.input(1).shape().DebugString(), " and ",
                                                   ctx.input(2).shape().DebugString(), " instead."));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> begin, IntVector(ctx.input(1), "begin"));
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> size, IntVector(ctx.input(2), "size"));
  const std::vector<int64_t> strides = StridesOf(x.shape());
  absl::InlinedVector<StridedDim, 8> dims;
  int64_t offset = 0;
  for (int d = 0; d < rank; ++d) {
    const int64_t n = x.shape().dim(d);
    if (size[d] == -1) size[d] = n - begin[d];
    if (n == 0 ? (begin[d] != 0 || size[d] != 0) : (begin[d] < 0 || begin[d] > n)) {
      return absl::InvalidArgumentError(
          n == 0 ? absl::StrCat("Expected begin[", d, "] == 0 (got ", begin[d], ") and size[", d, "] == 0 (got ",
                                size[d], ") when input.dim_size(", d, ") == 0")
                 : absl::StrCat("Expected begin[", d, "] in [0, ", n, "], but got ", begin[d]));
    }
    if (size[d] < 0 || size[d] > n - begin[d]) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected size[", d, "] in [0, ", n - begin[d], "], but got ", size[d]));
    }
    dims.push_back({size[d], strides[d]});
    offset += begin[d] * strides[d];
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(size));
  if (shape == x.shape()) {
    ctx.SetOutput(0, x);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  return CopyBox(ctx, x, offset, dims, out);
}

struct SliceMasks {
  int64_t begin, end, ellipsis, new_axis, shrink_axis;
};

// What a spec takes of a tensor.
struct SliceSpec {
  absl::InlinedVector<StridedDim, 8> box;  // one per dimension
  int64_t offset = 0;
  std::vector<int64_t> out_dims;
};

absl::StatusOr<SliceMasks> MasksOf(const OpKernelConstruction& c) {
  SliceMasks m;
  TFP_ASSIGN_OR_RETURN(m.begin, c.IntAttr("begin_mask"));
  TFP_ASSIGN_OR_RETURN(m.end, c.IntAttr("end_mask"));
  TFP_ASSIGN_OR_RETURN(m.ellipsis, c.IntAttr("ellipsis_mask"));
  TFP_ASSIGN_OR_RETURN(m.new_axis, c.IntAttr("new_axis_mask"));
  TFP_ASSIGN_OR_RETURN(m.shrink_axis, c.IntAttr("shrink_axis_mask"));
  if ((m.ellipsis & (m.ellipsis - 1)) != 0) {
    return absl::InvalidArgumentError("Multiple ellipses in slice spec not allowed");
  }
  return m;
}

// Inputs 1 to 3 are begin, end and strides.
absl::Status Resolve(OpKernelContext& ctx, const TensorShape& shape, const SliceMasks& masks, SliceSpec* spec) {
  for (int i = 1; i < 4; ++i) {
    if (ctx.input(i).shape().rank() != 1 || ctx.input(i).shape() != ctx.input(1).shape()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Expected begin, end, and strides to be 1D equal size tensors, but got shapes ",
                       ctx.input(1).shape().DebugString(), ", ", ctx.input(2).shape().DebugString(), ", and ",
                       ctx.input(3).shape().DebugString(), " instead."));
    }
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> begin, IntVector(ctx.input(1), "begin"));
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> end, IntVector(ctx.input(2), "end"));
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> stride, IntVector(ctx.input(3), "strides"));
  const int entries = static_cast<int>(begin.size());
  if (entries > 32) return absl::InvalidArgumentError("A slice spec of more than 32 entries is not allowed");
  auto has = [](int64_t mask, int i) { return ((mask >> i) & 1) != 0; };

  const std::vector<int64_t> strides = StridesOf(shape);
  int taking = 0;  // entries that take a dimension of x
  bool ellipsis_seen = false;
  for (int i = 0; i < entries; ++i) {
    ellipsis_seen = ellipsis_seen || has(masks.ellipsis, i);
    if (!has(masks.ellipsis, i) && !has(masks.new_axis, i)) ++taking;
  }
  if (taking > shape.rank()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Index out of range using input dim ", shape.rank(), "; input has only ", shape.rank(), " dims"));
  }
  int dim = 0;
  auto take_all = [&](int count) {
    for (; count > 0; --count, ++dim) {
      spec->box.push_back({shape.dim(dim), strides[dim]});
      spec->out_dims.push_back(shape.dim(dim));
    }
  };
  for (int i = 0; i < entries; ++i) {
    if (has(masks.ellipsis, i)) {
      take_all(shape.rank() - taking);
      continue;
    }
    if (has(masks.new_axis, i)) {
      spec->out_dims.push_back(1);
      continue;
    }
    const int64_t n = shape.dim(dim);
    const int64_t s = stride[i];
    if (s == 0) return absl::InvalidArgumentError(absl::StrCat("strides[", i, "] must be non-zero"));
    if (has(masks.shrink_axis, i)) {
      if (s < 0) {
        return absl::InvalidArgumentError("only stride 1 allowed on non-range indexing.");
      }
      const int64_t at = begin[i] < 0 ? begin[i] + n : begin[i];
      if (at < 0 || at >= n) {
        return absl::InvalidArgumentError(
            absl::StrCat("slice index ", begin[i], " of dimension ", dim, " out of bounds."));
      }
      spec->offset += at * strides[dim];
      spec->box.push_back({1, strides[dim]});
      ++dim;
      continue;
    }
    // The valid range of positions; a negative step may stop before the first.
    const int64_t low = s > 0 ? 0 : -1, high = s > 0 ? n : n - 1;
    auto clip = [&](int64_t v) { return std::clamp(v < 0 ? (v < -n ? low : v + n) : v, low, high); };
    const int64_t from = has(masks.begin, i) ? (s > 0 ? low : high) : clip(begin[i]);
    const int64_t to = has(masks.end, i) ? (s > 0 ? high : low) : clip(end[i]);
    const int64_t span = to - from;
    int64_t count = 0;
    if (span != 0 && (span < 0) == (s < 0)) {
      // |s| may be 2^63; one step is then all there is.
      const uint64_t step = s < 0 ? ~static_cast<uint64_t>(s) + 1 : static_cast<uint64_t>(s);
      const uint64_t width = static_cast<uint64_t>(span < 0 ? -span : span);
      count = static_cast<int64_t>((width - 1) / step + 1);
    }
    spec->offset += from * strides[dim];
    spec->box.push_back({count, count > 1 ? s * strides[dim] : 0});
    spec->out_dims.push_back(count);
    ++dim;
  }
  take_all(shape.rank() - dim);
  return absl::OkStatus();
}

class StridedSliceKernel : public OpKernel {
 public:
  explicit StridedSliceKernel(SliceMasks masks) : masks_(masks) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const SliceMasks masks, MasksOf(c));
    return std::make_unique<StridedSliceKernel>(masks);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    SliceSpec spec;
    TFP_RETURN_IF_ERROR(Resolve(ctx, x.shape(), masks_, &spec));
    TFP_ASSIGN_OR_RETURN(TensorShape out_shape, TensorShape::Create(spec.out_dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, out_shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return CopyBox(ctx, x, spec.offset, spec.box, out);
  }

 private:
  const SliceMasks masks_;
};

// Inputs: the sliced tensor's shape, begin, end, strides, and the gradient, which goes where the slice came from.
class StridedSliceGradKernel : public OpKernel {
 public:
  explicit StridedSliceGradKernel(SliceMasks masks) : masks_(masks) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const SliceMasks masks, MasksOf(c));
    return std::make_unique<StridedSliceGradKernel>(masks);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    if (ctx.input(0).shape().rank() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape must be 1-D, got shape.shape = ", ctx.input(0).shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(ctx.input(0), "shape"));
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
    SliceSpec spec;
    TFP_RETURN_IF_ERROR(Resolve(ctx, shape, masks_, &spec));
    TFP_ASSIGN_OR_RETURN(const TensorShape taken, TensorShape::Create(spec.out_dims));
    const Tensor& grad = ctx.input(4);
    if (grad.shape() != taken) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape of dy was ", grad.shape().DebugString(), " instead of ", taken.DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return DispatchCopy(grad.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* to = Elements<T>(out);
      std::fill_n(to, out->num_elements(), T{});
      if (grad.num_elements() == 0) return absl::OkStatus();
      to += spec.offset;
      const T* from = Elements<T>(grad);
      const int rank = static_cast<int>(spec.box.size());
      std::vector<int64_t> index(rank, 0);
      for (int64_t i = 0; i < grad.num_elements(); ++i) {
        *to = from[i];
        for (int d = rank - 1; d >= 0; --d) {
          to += spec.box[d].stride;
          if (++index[d] < spec.box[d].size) break;
          to -= spec.box[d].stride * index[d];
          index[d] = 0;
        }
      }
      return absl::OkStatus();
    });
  }

 private:
  const SliceMasks masks_;
};

}  // namespace

void RegisterSliceKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Slice", Slice);
  RegisterKernel<StridedSliceKernel>(registry, "StridedSlice");
  RegisterKernel<StridedSliceGradKernel>(registry, "StridedSliceGrad");
}

}  // namespace tfpersist
