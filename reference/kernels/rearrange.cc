// Elements in other places: ReverseV2, ReverseSequence, Roll, MirrorPad, DepthToSpace, SpaceToDepth, BroadcastTo,
// SelectV2, Bitcast; running sums and products: Cumsum, Cumprod; and what shapes of
// gradients take: BroadcastArgs, BroadcastGradientArgs, ConcatOffset. Follows core/kernels/reverse_op.cc,
// reverse_sequence_op.cc, roll_op.cc, mirror_pad_op.cc, depthtospace_op.cc, broadcast_to_op.cc, scan_ops.cc,
// bcast_ops.cc.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/kernels/broadcast.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/strided_copy.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

std::vector<int64_t> Pitches(const TensorShape& shape) {
  std::vector<int64_t> pitch(shape.rank(), 1);
  for (int d = shape.rank() - 2; d >= 0; --d) pitch[d] = pitch[d + 1] * shape.dim(d + 1);
  return pitch;
}

absl::Status ReverseV2(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (rank == 0) {
    ctx.SetOutput(0, x);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, IntVector(ctx.input(1), "'dims'"));
  std::vector<bool> reversed(rank, false);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("'axis'[", i, "] = ", axes[i], " is out of valid range [", 0, ", ", rank - 1));
    }
    if (reversed[axis]) return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " specified more than once."));
    reversed[axis] = true;
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
  if (out->num_elements() == 0) return absl::OkStatus();
  const std::vector<int64_t> pitch = Pitches(x.shape());
  absl::InlinedVector<StridedDim, 8> box;
  int64_t offset = 0;
  for (int d = 0; d < rank; ++d) {
    box.push_back({x.shape().dim(d), reversed[d] ? -pitch[d] : pitch[d]});
    if (reversed[d]) offset += (x.shape().dim(d) - 1) * pitch[d];
  }
  return CopyBox(ctx, x, offset, box, out);
}

class ReverseSequenceKernel : public OpKernel {
 public:
  ReverseSequenceKernel(int64_t seq_dim, int64_t batch_dim) : seq_dim_(seq_dim), batch_dim_(batch_dim) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t seq_dim, c.IntAttr("seq_dim"));
    TFP_ASSIGN_OR_RETURN(const int64_t batch_dim, c.IntAttr("batch_dim"));
    return std::make_unique<ReverseSequenceKernel>(seq_dim, batch_dim);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& lengths = ctx.input(1);
    const int rank = x.shape().rank();
    if (lengths.shape().rank() != 1) {
      return absl::InvalidArgumentError(absl::StrCat("seq_lens input must be 1-dim, not ", lengths.shape().rank()));
    }
    if (batch_dim_ == seq_dim_) return absl::InvalidArgumentError(absl::StrCat("batch_dim == seq_dim == ", seq_dim_));
    if (seq_dim_ < 0 || seq_dim_ >= rank)
      return absl::InvalidArgumentError(
          absl::StrCat("seq_dim must be < input rank", " ( ", seq_dim_, " vs. ", rank, ")"));
    if (batch_dim_ < 0 || batch_dim_ >= rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("batch_dim must be < input rank", " ( ", batch_dim_, " vs. ", rank, ")"));
    }
    if (lengths.num_elements() != x.shape().dim(static_cast<int>(batch_dim_))) {
      return absl::InvalidArgumentError(absl::StrCat("len(seq_lens) != input.dims(", batch_dim_, "), (",
                                                     lengths.num_elements(), " vs. ",
                                                     x.shape().dim(static_cast<int>(batch_dim_))));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> length, IntVector(lengths, "seq_lens"));
    const int64_t longest = x.shape().dim(static_cast<int>(seq_dim_));
    for (size_t i = 0; i < length.size(); ++i) {
      if (length[i] < 0) return absl::InvalidArgumentError(absl::StrCat("seq_lens(", i, ") < 0"));
      if (length[i] > longest)
        return absl::InvalidArgumentError(absl::StrCat("seq_lens(", i, ") > input.dims(", seq_dim_, ")"));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    if (out->num_elements() == 0) return absl::OkStatus();
    const std::vector<int64_t> pitch = Pitches(x.shape());
    const int64_t s_pitch = pitch[seq_dim_], b_pitch = pitch[batch_dim_],
                  b_size = x.shape().dim(static_cast<int>(batch_dim_));
    // Runs of elements that stay together lie behind both dimensions.
    const int64_t run = std::min(s_pitch, b_pitch);
    return DispatchCopy(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      T* to = Elements<T>(out);
      for (int64_t i = 0; i < x.num_elements(); i += run) {
        const int64_t at = i / s_pitch % longest, n = length[i / b_pitch % b_size];
        std::copy_n(from + (at < n ? i + (n - 1 - 2 * at) * s_pitch : i), run, to + i);
      }
      return absl::OkStatus();
    });
  }

 private:
  const int64_t seq_dim_, batch_dim_;
};

absl::Status Roll(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (rank < 1) return absl::InvalidArgumentError("input must be 1-D or higher");
  for (int i = 1; i < 3; ++i) {
    if (ctx.input(i).shape().rank() > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          i == 1 ? "shift" : "axis", " must be a scalar or a 1-D vector. Found: ", ctx.input(i).shape().DebugString()));
    }
  }
  if (ctx.input(1).shape() != ctx.input(2).shape())
    return absl::InvalidArgumentError("shift and axis must have the same size");
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> shift, IntVector(ctx.input(1), "shift"));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, IntVector(ctx.input(2), "axis"));
  std::vector<int64_t> by(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank) return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is out of range"));
    const int64_t n = std::max<int64_t>(1, x.shape().dim(static_cast<int>(axis)));
    by[axis] = (by[axis] + shift[i] % n + n) % n;
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
  if (out->num_elements() == 0) return absl::OkStatus();
  const std::vector<int64_t> pitch = Pitches(x.shape());
  return DispatchCopy(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = Elements<T>(x);
    T* to = Elements<T>(out);
    std::vector<int64_t> index(rank, 0);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      int64_t target = 0;
      for (int d = 0; d < rank; ++d) target += (index[d] + by[d]) % x.shape().dim(d) * pitch[d];
      to[target] = from[i];
      for (int d = rank - 1; d >= 0 && ++index[d] == x.shape().dim(d); --d) index[d] = 0;
    }
    return absl::OkStatus();
  });
}

// REFLECT leaves the border itself out, SYMMETRIC repeats it.
class MirrorPadKernel : public OpKernel {
 public:
  explicit MirrorPadKernel(bool reflect) : reflect_(reflect) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const std::string mode, c.StringAttr("mode"));
    return std::make_unique<MirrorPadKernel>(mode == "REFLECT");
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& paddings = ctx.input(1);
    const int rank = x.shape().rank();
    if (paddings.shape().rank() != 2 || paddings.shape().dim(1) != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("paddings must be a matrix with 2 columns: ", paddings.shape().DebugString()));
    }
    if (paddings.shape().dim(0) != rank) {
      return absl::InvalidArgumentError(absl::StrCat("The first dimension of paddings must be the rank of inputs",
                                                     paddings.shape().DebugString(), ", ", x.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> sides,
                         IntVector(paddings.Reshaped(TensorShape({2 * rank})), "paddings"));
    std::vector<int64_t> dims(rank);
    for (int d = 0; d < rank; ++d) {
      const int64_t before = sides[2 * d], after = sides[2 * d + 1], n = x.shape().dim(d);
      if (before < 0 || after < 0)
        return absl::InvalidArgumentError(absl::StrCat("paddings must be non-negative: ", before, " ", after));
      const int64_t most = reflect_ ? n - 1 : n;
      if (before > most || after > most) {
        return absl::InvalidArgumentError(
            absl::StrCat(reflect_ ? "paddings must be less than the dimension size: "
                                  : "paddings must be no greater than the dimension size: ",
                         before, ", ", after, reflect_ ? " not less than " : " greater than ", n));
      }
      dims[d] = before + n + after;
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const std::vector<int64_t> pitch = Pitches(x.shape());
    // Where each position of a dimension comes from, as an offset.
    std::vector<std::vector<int64_t>> source(rank);
    for (int d = 0; d < rank; ++d) {
      for (int64_t i = 0; i < dims[d]; ++i) {
        int64_t at = i - sides[2 * d];
        const int64_t n = x.shape().dim(d);
        if (at < 0) at = reflect_ ? -at : -at - 1;
        if (at >= n) at = reflect_ ? 2 * n - 2 - at : 2 * n - 1 - at;
        source[d].push_back(at * pitch[d]);
      }
    }
    return DispatchCopy(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      T* to = Elements<T>(out);
      std::vector<int64_t> index(rank, 0);
      for (int64_t i = 0; i < out->num_elements(); ++i) {
        int64_t at = 0;
        for (int d = 0; d < rank; ++d) at += source[d][index[d]];
        to[i] = from[at];
        for (int d = rank - 1; d >= 0 && ++index[d] == dims[d]; --d) index[d] = 0;
      }
      return absl::OkStatus();
    });
  }

 private:
  const bool reflect_;
};

// NHWC alone, as TensorFlow's CPU kernels.
template <bool kToSpace>
class DepthSpaceKernel : public OpKernel {
 public:
  explicit DepthSpaceKernel(int64_t block) : block_(block) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t block, c.IntAttr("block_size"));
    if (block <= 1 || block > INT32_MAX)
      return absl::InvalidArgumentError(absl::StrCat("Block size should be > 1, but was: ", block));
    if (c.StringAttr("data_format").value_or("NHWC") != "NHWC") {
      return absl::InvalidArgumentError("Only NHWC data_format supported on CPU. Got " + *c.StringAttr("data_format"));
    }
    return std::make_unique<DepthSpaceKernel>(block);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 4)
      return absl::InvalidArgumentError(absl::StrCat("Input rank should be: 4 instead of: ", x.shape().rank()));
    const int64_t batch = x.shape().dim(0), rows = x.shape().dim(1), cols = x.shape().dim(2), depth = x.shape().dim(3),
                  k = block_;
    if (kToSpace && depth % (k * k) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Input depth dimension ", depth, " should be divisible by: ", k * k));
    }
    if (!kToSpace && (rows % k != 0 || cols % k != 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Image width ", cols, " and height ", rows, " should be divisible by block_size: ", k));
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape,
                         kToSpace ? TensorShape::Create({batch, rows * k, cols * k, depth / (k * k)})
                                  : TensorShape::Create({batch, rows / k, cols / k, depth * k * k}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const int64_t big_rows = kToSpace ? rows * k : rows, big_cols = kToSpace ? cols * k : cols,
                  thin = kToSpace ? depth / (k * k) : depth;
    return DispatchCopy(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      T* to = Elements<T>(out);
      // (b, r, c) of the big image are block (r % k, c % k) of the deep one.
      for (int64_t b = 0; b < batch; ++b) {
        for (int64_t r = 0; r < big_rows; ++r) {
          for (int64_t c = 0; c < big_cols; ++c) {
            const int64_t big = ((b * big_rows + r) * big_cols + c) * thin;
            const int64_t deep =
                (((b * (big_rows / k) + r / k) * (big_cols / k) + c / k) * k * k + (r % k) * k + c % k) * thin;
            std::copy_n(from + (kToSpace ? deep : big), thin, to + (kToSpace ? big : deep));
          }
        }
      }
      return absl::OkStatus();
    });
  }

 private:
  const int64_t block_;
};

// x along `shape` with stride 0 where it is repeated.
absl::InlinedVector<StridedDim, 8> Spread(const TensorShape& x, const TensorShape& shape) {
  const std::vector<int64_t> pitch = Pitches(x);
  absl::InlinedVector<StridedDim, 8> box;
  for (int d = 0; d < shape.rank(); ++d) {
    const int k = d - (shape.rank() - x.rank());
    box.push_back({shape.dim(d), k < 0 || (x.dim(k) == 1 && shape.dim(d) != 1) ? 0 : pitch[k]});
  }
  return box;
}

absl::Status BroadcastTo(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  if (ctx.input(1).shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape must be a vector of {int32,int64}, got shape ", ctx.input(1).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(ctx.input(1), "shape"));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOfSizes(dims));
  if (x.shape().rank() > shape.rank()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Rank of input (", x.shape().rank(), ") must be no greater than rank of output shape (", shape.rank(), ")."));
  }
  for (int d = 0; d < x.shape().rank(); ++d) {
    const int64_t n = x.shape().dim(d), wanted = shape.dim(d + shape.rank() - x.shape().rank());
    if (n != wanted && n != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("Incompatible shapes: ", x.shape().DebugString(), " vs. ", shape.DebugString()));
    }
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  return CopyBox(ctx, x, 0, Spread(x.shape(), shape), out);
}

// Condition, then and otherwise go together as in arithmetic.
absl::Status SelectV2(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const Broadcast values, Broadcast::Of(ctx.input(1).shape(), ctx.input(2).shape()));
  TFP_ASSIGN_OR_RETURN(const Broadcast all, Broadcast::Of(ctx.input(0).shape(), values.shape));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, all.shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  const bool* condition = Elements<bool>(ctx.input(0));
  absl::InlinedVector<StridedDim, 8> box[3];
  for (int i = 0; i < 3; ++i) box[i] = Spread(ctx.input(i).shape(), all.shape);
  return DispatchCopy(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    const int rank = all.shape.rank();
    std::vector<int64_t> index(rank, 0);
    int64_t at[3] = {0, 0, 0};
    for (int64_t i = 0; i < out->num_elements(); ++i) {
      to[i] = condition[at[0]] ? Elements<T>(ctx.input(1))[at[1]] : Elements<T>(ctx.input(2))[at[2]];
      for (int d = rank - 1; d >= 0; --d) {
        for (int k = 0; k < 3; ++k) at[k] += box[k][d].stride;
        if (++index[d] < all.shape.dim(d)) break;
        for (int k = 0; k < 3; ++k) at[k] -= box[k][d].stride * index[d];
        index[d] = 0;
      }
    }
    return absl::OkStatus();
  });
}

// The same bytes as another dtype; the last dimension grows or goes where the widths differ.
class BitcastKernel : public OpKernel {
 public:
  explicit BitcastKernel(DataType type) : type_(type) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const DataType type, c.TypeAttr("type"));
    if (!IsPlain(type) || !IsPlain(c.input_types()[0])) return NoKernelForType(type);
    return std::make_unique<BitcastKernel>(type);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const int64_t in = static_cast<int64_t>(DataTypeSize(x.dtype())), to = static_cast<int64_t>(DataTypeSize(type_));
    std::vector<int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
    if (in > to) {
      dims.push_back(in / to);
    } else if (in < to) {
      if (dims.empty() || dims.back() != to / in) {
        return absl::InvalidArgumentError(absl::StrCat("Cannot bitcast from ", DataTypeString(x.dtype()), " to ",
                                                       DataTypeString(type_), ": shape ", x.shape().DebugString()));
      }
      dims.pop_back();
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->total_bytes() > 0)
      std::copy_n(static_cast<const char*>(x.data()), out->total_bytes(), static_cast<char*>(out->data()));
    return absl::OkStatus();
  }

 private:
  const DataType type_;
};

template <typename Op, int kNeutral>
class ScanKernel : public OpKernel {
 public:
  ScanKernel(bool exclusive, bool reverse) : exclusive_(exclusive), reverse_(reverse) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool exclusive, c.BoolAttr("exclusive"));
    TFP_ASSIGN_OR_RETURN(const bool reverse, c.BoolAttr("reverse"));
    return std::make_unique<ScanKernel>(exclusive, reverse);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const int rank = x.shape().rank();
    if (!ctx.input(1).shape().IsScalar()) {
      return absl::InvalidArgumentError(
          absl::StrCat("ScanOp: axis must be a scalar, not ", ctx.input(1).shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const int64_t wanted, IntScalar(ctx.input(1), "axis"));
    const int64_t axis = wanted < 0 ? wanted + rank : wanted;
    if (axis < 0 || axis >= rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("ScanOp: Expected scan axis in the range [", -rank, ", ", rank, "), but got ", wanted));
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    if (out->num_elements() == 0) return absl::OkStatus();
    const int64_t n = x.shape().dim(static_cast<int>(axis)), pitch = Pitches(x.shape())[axis];
    return Dispatch<kNumberTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = Elements<T>(x);
      T* to = Elements<T>(out);
      bool fault = false;
      for (int64_t outer = 0; outer < x.num_elements(); outer += n * pitch) {
        for (int64_t inner = outer; inner < outer + pitch; ++inner) {
          T total = T(kNeutral);
          for (int64_t k = 0; k < n; ++k) {
            const int64_t i = inner + (reverse_ ? n - 1 - k : k) * pitch;
            const T next = Op::Apply(total, from[i], fault);
            to[i] = exclusive_ ? total : next;
            total = next;
          }
        }
      }
      return absl::OkStatus();
    });
  }

 private:
  const bool exclusive_, reverse_;
};

// ---- shapes ----

// Of two shapes: the common one, or (for gradients) along which dimensions each was repeated.
template <bool kGradient>
absl::Status BroadcastShapes(OpKernelContext& ctx) {
  std::vector<int64_t> dims[2];
  for (int i = 0; i < 2; ++i) {
    if (ctx.input(i).shape().rank() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("In[", i, "] must be a vector.", ctx.input(i).shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(dims[i], IntVector(ctx.input(i), "shape"));
  }
  const int rank = static_cast<int>(std::max(dims[0].size(), dims[1].size()));
  std::vector<int64_t> common(rank), repeated[2];
  for (int d = 0; d < rank; ++d) {
    int64_t size[2];
    bool there[2];
    for (int i = 0; i < 2; ++i) {
      const int k = d - (rank - static_cast<int>(dims[i].size()));
      there[i] = k >= 0;
      size[i] = there[i] ? dims[i][k] : 1;
    }
    if (size[0] != size[1] && size[0] != 1 && size[1] != 1) {
      auto text = [](const std::vector<int64_t>& v) {
        std::string s = "[";
        for (size_t i = 0; i < v.size(); ++i) absl::StrAppend(&s, i > 0 ? "," : "", v[i]);
        return s + "]";
      };
      return absl::InvalidArgumentError(absl::StrCat("Incompatible shapes: ", text(dims[0]), " vs. ", text(dims[1])));
    }
    common[d] = size[0] == 1 ? size[1] : size[0];
    for (int i = 0; i < 2; ++i) {
      if (size[i] == 1 && (size[1 - i] != 1 || !there[i] || size[1 - i] == 1)) repeated[i].push_back(d);
    }
  }
  if (!kGradient) return SetIntVector(ctx, 0, ctx.input(0).dtype(), common);
  // Of equal shapes nothing was repeated.
  for (int i = 0; i < 2; ++i)
    TFP_RETURN_IF_ERROR(
        SetIntVector(ctx, i, ctx.input(0).dtype(), dims[0] == dims[1] ? std::vector<int64_t>() : repeated[i]));
  return absl::OkStatus();
}

absl::Status ConcatOffset(OpKernelContext& ctx) {
  if (!ctx.input(0).shape().IsScalar()) {
    return absl::InvalidArgumentError(absl::StrCat("Concat dim tensor should be a scalar integer, but got shape ",
                                                   ctx.input(0).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const int64_t wanted, IntScalar(ctx.input(0), "concat_dim"));
  const int n = ctx.num_inputs() - 1;
  std::vector<int64_t> first;
  int64_t offset = 0;
  for (int i = 0; i < n; ++i) {
    const Tensor& shape = ctx.input(1 + i);
    if (shape.shape().rank() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " should be a vector, but got shape ", shape.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(shape, "shape"));
    if (i == 0) first = dims;
    const int64_t rank = static_cast<int64_t>(first.size()), axis = wanted < 0 ? wanted + rank : wanted;
    if (axis < 0 || axis >= rank) {
      return absl::InvalidArgumentError(absl::StrCat("Concat dim is out of range: ", wanted, " vs. ", rank));
    }
    if (static_cast<int64_t>(dims.size()) != rank) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " should contain ", rank, " elements, but got ", dims.size()));
    }
    for (int64_t d = 0; d < rank; ++d) {
      if (d != axis && dims[d] != first[d]) {
        return absl::InvalidArgumentError(absl::StrCat(
            "All dimensions except ", axis, " must match. Input ", i, " has shape [", absl::StrJoin(dims, " "),
            "] and doesn't match input 0 with shape [", absl::StrJoin(first, " "), "]."));
      }
    }
    std::vector<int64_t> begin(rank, 0);
    begin[axis] = offset;
    offset += dims[axis];
    TFP_RETURN_IF_ERROR(SetIntVector(ctx, i, DT_INT32, begin));
  }
  return absl::OkStatus();
}

class CheckNumericsKernel : public OpKernel {
 public:
  explicit CheckNumericsKernel(std::string message) : message_(std::move(message)) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(std::string message, c.StringAttr("message"));
    return std::make_unique<CheckNumericsKernel>(std::move(message));
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    bool inf = false, nan = false;
    TFP_RETURN_IF_ERROR(Dispatch<kFloatTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (int64_t i = 0; i < x.num_elements(); ++i) {
        const double v = static_cast<double>(Elements<T>(x)[i]);
        inf |= std::isinf(v);
        nan |= std::isnan(v);
      }
      return absl::OkStatus();
    }));
    if (inf || nan) {
      return absl::InvalidArgumentError(absl::StrCat(message_, " : Tensor had ",
                                                     inf && nan ? "Inf and NaN"
                                                     : inf      ? "Inf"
                                                                : "NaN",
                                                     " values"));
    }
    ctx.SetOutput(0, x);
    return absl::OkStatus();
  }

 private:
  const std::string message_;
};

}  // namespace

void RegisterRearrangeKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "ReverseV2", ReverseV2);
  RegisterKernel<ReverseSequenceKernel>(registry, "ReverseSequence");
  RegisterFunction(registry, "Roll", Roll);
  RegisterKernel<MirrorPadKernel>(registry, "MirrorPad");
  RegisterKernel<DepthSpaceKernel<true>>(registry, "DepthToSpace");
  RegisterKernel<DepthSpaceKernel<false>>(registry, "SpaceToDepth");
  RegisterFunction(registry, "BroadcastTo", BroadcastTo);
  RegisterFunction(registry, "SelectV2", SelectV2);
  RegisterKernel<BitcastKernel>(registry, "Bitcast");
  RegisterKernel<ScanKernel<functor::Add, 0>>(registry, "Cumsum", "T", kNumberTypes);
  RegisterKernel<ScanKernel<functor::Mul, 1>>(registry, "Cumprod", "T", kNumberTypes);
  RegisterFunction(registry, "BroadcastArgs", BroadcastShapes<false>, "T", MaskOf(DT_INT32, DT_INT64));
  RegisterFunction(registry, "BroadcastGradientArgs", BroadcastShapes<true>, "T", MaskOf(DT_INT32, DT_INT64));
  RegisterFunction(registry, "ConcatOffset", ConcatOffset);
  RegisterKernel<CheckNumericsKernel>(registry, "CheckNumerics", "T", kFloatTypes);
}

}  // namespace tfpersist
