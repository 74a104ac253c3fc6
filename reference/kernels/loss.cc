// SoftmaxCrossEntropyWithLogits, SparseSoftmaxCrossEntropyWithLogits, L2Loss. Follows core/kernels/xent_op.cc,
// sparse_xent_op.cc, l2loss_op.cc.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/kernels/broadcast.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

// One row: what is left of the logits after their maximum and the logarithm of the sum of exponentials.
template <typename T, typename W>
W Shift(const T* logits, int64_t classes, W* shifted) {
  W highest = static_cast<W>(logits[0]);
  for (int64_t c = 1; c < classes; ++c) highest = std::max(highest, static_cast<W>(logits[c]));
  W sum = 0;
  for (int64_t c = 0; c < classes; ++c) {
    shifted[c] = static_cast<W>(logits[c]) - highest;
    sum += std::exp(shifted[c]);
  }
  return sum;
}

absl::Status SoftmaxCrossEntropy(OpKernelContext& ctx) {
  const Tensor& logits = ctx.input(0);
  const Tensor& labels = ctx.input(1);
  absl::StatusOr<Broadcast> b = Broadcast::Of(logits.shape(), labels.shape());
  if (!b.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("logits and labels must be broadcastable: logits_size=", logits.shape().DebugString(),
                     " labels_size=", labels.shape().DebugString()));
  }
  if (b->shape.rank() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("logits and labels must be either 2-dimensional, or roadcasted to be 2-dimensional"));
  }
  const int64_t rows = b->shape.dim(0), classes = b->shape.dim(1);
  TFP_ASSIGN_OR_RETURN(Tensor * loss, ctx.AllocateOutput(0, TensorShape({rows})));
  TFP_ASSIGN_OR_RETURN(Tensor * backprop, ctx.AllocateOutput(1, b->shape));
  if (rows == 0) return absl::OkStatus();
  // Of a shape that is repeated: how far the next row and the next class are.
  auto steps = [&](const TensorShape& s, int64_t* row, int64_t* column) {
    const int64_t columns = s.rank() > 0 ? s.dim(s.rank() - 1) : 1;
    *column = columns == 1 && classes != 1 ? 0 : 1;
    *row = s.rank() < 2 || (s.dim(0) == 1 && rows != 1) ? 0 : columns;
  };
  int64_t logit_row, logit_column, label_row, label_column;
  steps(logits.shape(), &logit_row, &logit_column);
  steps(labels.shape(), &label_row, &label_column);
  return Dispatch<kFloatTypes>(logits.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = functor::Wide<T>;
    const T* x = Elements<T>(logits);
    const T* y = Elements<T>(labels);
    T* l = Elements<T>(loss);
    T* grad = Elements<T>(backprop);
    Shard(ctx, rows, classes * 10, [&](int64_t begin, int64_t end) {
      std::vector<T> row(classes);
      std::vector<W> shifted(classes);
      for (int64_t r = begin; r < end; ++r) {
        for (int64_t c = 0; c < classes; ++c) row[c] = x[r * logit_row + c * logit_column];
        if (classes == 0) {
          l[r] = T(0);
          continue;
        }
        const W sum = Shift(row.data(), classes, shifted.data()), log_sum = std::log(sum);
        W total = 0;
        for (int64_t c = 0; c < classes; ++c) {
          const W label = static_cast<W>(y[r * label_row + c * label_column]);
          total += label * (log_sum - shifted[c]);
          grad[r * classes + c] = static_cast<T>(std::exp(shifted[c]) / sum - label);
        }
        l[r] = static_cast<T>(total);
      }
    });
    return absl::OkStatus();
  });
}

absl::Status SparseSoftmaxCrossEntropy(OpKernelContext& ctx) {
  const Tensor& logits = ctx.input(0);
  const Tensor& labels = ctx.input(1);
  if (logits.shape().rank() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("logits must be 2-D, but got shape ", logits.shape().DebugString()));
  }
  if (labels.shape().rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("labels must be 1-D, but got shape ", labels.shape().DebugString()));
  }
  const int64_t rows = logits.shape().dim(0), classes = logits.shape().dim(1);
  if (labels.num_elements() != rows) {
    return absl::InvalidArgumentError(
        absl::StrCat("logits and labels must have the same first dimension, got logits shape ",
                     logits.shape().DebugString(), " and labels shape ", labels.shape().DebugString()));
  }
  if (classes <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Must have at least one class, but got logits shape ", logits.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> at, IntVector(labels, "labels"));
  for (int64_t label : at) {
    if (label >= 0 && label < classes) continue;
    return absl::InvalidArgumentError(absl::StrCat("Received a label value of ", label,
                                                   " which is outside the valid range of [0, ", classes,
                                                   ").  Label values: ", absl::StrJoin(at, " ")));
  }
  TFP_ASSIGN_OR_RETURN(Tensor * loss, ctx.AllocateOutput(0, labels.shape()));
  TFP_ASSIGN_OR_RETURN(Tensor * backprop, ctx.AllocateOutput(1, logits.shape()));
  return Dispatch<kFloatTypes>(logits.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = functor::Wide<T>;
    const T* x = Elements<T>(logits);
    T* l = Elements<T>(loss);
    T* grad = Elements<T>(backprop);
    Shard(ctx, rows, classes * 10, [&](int64_t begin, int64_t end) {
      std::vector<W> shifted(classes);
      for (int64_t r = begin; r < end; ++r) {
        const W sum = Shift(x + r * classes, classes, shifted.data());
        l[r] = static_cast<T>(std::log(sum) - shifted[at[r]]);
        for (int64_t c = 0; c < classes; ++c) {
          grad[r * classes + c] = static_cast<T>(std::exp(shifted[c]) / sum - (c == at[r] ? W(1) : W(0)));
        }
      }
    });
    return absl::OkStatus();
  });
}

absl::Status L2Loss(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, TensorShape({})));
  return Dispatch<kFloatTypes>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    // In double: sums of many squares, whatever their order.
    double sum = 0;
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const double v = static_cast<double>(Elements<T>(x)[i]);
      sum += v * v;
    }
    *Elements<T>(out) = static_cast<T>(sum / 2);
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterLossKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "SoftmaxCrossEntropyWithLogits", SoftmaxCrossEntropy, "T", kFloatTypes);
  RegisterFunction(registry, "SparseSoftmaxCrossEntropyWithLogits", SparseSoftmaxCrossEntropy, "T", kFloatTypes);
  RegisterFunction(registry, "L2Loss", L2Loss, "T", kFloatTypes);
}

}  // namespace tfpersist
