#include "reference/kernels/window.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {

absl::StatusOr<WindowAttrs> WindowAttrs::Of(const OpKernelConstruction& c) {
  WindowAttrs w;
  const std::string format = c.StringAttr("data_format").value_or("NHWC");
  if (format != "NHWC") {
    return absl::UnimplementedError(absl::StrCat(
        "The Conv2D op currently only supports the NHWC tensor format, and node ", c.name(), " asks for ", format));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> strides, c.IntListAttr("strides"));
  TFP_ASSIGN_OR_RETURN(w.padding, c.StringAttr("padding"));
  const std::vector<int64_t> dilations = c.IntListAttr("dilations").value_or(std::vector<int64_t>{1, 1, 1, 1});
  const std::vector<int64_t> ksize = c.IntListAttr("ksize").value_or(std::vector<int64_t>{1, 1, 1, 1});
  if (strides.size() != 4 || dilations.size() != 4 || ksize.size() != 4) {
    return absl::InvalidArgumentError("Sliding window strides, dilations and ksize fields must specify 4 dimensions");
  }
  if (strides[0] != 1 || strides[3] != 1 || dilations[0] != 1 || dilations[3] != 1 || ksize[0] != 1 || ksize[3] != 1) {
    return absl::UnimplementedError(
        "Current implementation does not yet support windows in the batch and depth dimensions.");
  }
  w.row_stride = strides[1];
  w.col_stride = strides[2];
  w.row_dilation = dilations[1];
  w.col_dilation = dilations[2];
  w.ksize_rows = ksize[1];
  w.ksize_cols = ksize[2];
  if (w.row_stride <= 0 || w.col_stride <= 0 || w.row_dilation <= 0 || w.col_dilation <= 0 || w.ksize_rows <= 0 ||
      w.ksize_cols <= 0) {
    return absl::InvalidArgumentError("Strides, dilations and ksize must be positive");
  }
  if (w.padding == "EXPLICIT") {
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> pads, c.IntListAttr("explicit_paddings"));
    if (pads.size() != 8) return absl::InvalidArgumentError("explicit_paddings must have 8 entries");
    for (int i = 0; i < 8; ++i) {
      if (pads[i] < 0 || pads[i] > INT32_MAX || ((i < 2 || i > 5) && pads[i] != 0)) {
        return absl::InvalidArgumentError(
            "explicit_paddings must not be negative or above 2^31, nor pad batch or depth");
      }
      if (i >= 2 && i <= 5) w.explicit_pads[i - 2] = pads[i];
    }
  } else if (w.padding != "SAME" && w.padding != "VALID") {
    return absl::InvalidArgumentError(absl::StrCat("Unknown padding ", w.padding));
  }
  return w;
}

absl::StatusOr<Window> WindowAttrs::On(const TensorShape& input, int64_t window_rows, int64_t window_cols) const {
  if (input.rank() != 4)
    return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", input.DebugString()));
  for (int d = 0; d < 4; ++d) {
    if (input.dim(d) > INT32_MAX) return absl::InvalidArgumentError("input dimensions must be below 2^31");
  }
  if (window_rows > INT32_MAX || window_cols > INT32_MAX || row_dilation > INT32_MAX || col_dilation > INT32_MAX ||
      row_stride > INT32_MAX || col_stride > INT32_MAX) {
    return absl::InvalidArgumentError("a window's sizes must be below 2^31");
  }
  Window w;
  w.batch = input.dim(0);
  w.in_rows = input.dim(1);
  w.in_cols = input.dim(2);
  w.in_depth = input.dim(3);
  w.rows = window_rows;
  w.cols = window_cols;
  w.row_stride = row_stride;
  w.col_stride = col_stride;
  w.row_dilation = row_dilation;
  w.col_dilation = col_dilation;
  auto axis = [&](int64_t in, int64_t window, int64_t stride, int64_t dilation, int64_t before, int64_t after,
                  int64_t* out, int64_t* pad_before, int64_t* pad_after) {
    const int64_t reach = (window - 1) * dilation + 1;
    if (padding == "SAME") {
      *out = (in + stride - 1) / stride;
      const int64_t pad = std::max<int64_t>(0, (*out - 1) * stride + reach - in);
      *pad_before = pad / 2;
      *pad_after = pad - pad / 2;
      return true;
    }
    *pad_before = padding == "EXPLICIT" ? before : 0;
    *pad_after = padding == "EXPLICIT" ? after : 0;
    *out = (in + *pad_before + *pad_after - reach + stride) / stride;
    return *out >= 0;
  };
  if (!axis(w.in_rows, w.rows, row_stride, row_dilation, explicit_pads[0], explicit_pads[1], &w.out_rows, &w.pad_top,
            &w.pad_bottom) ||
      !axis(w.in_cols, w.cols, col_stride, col_dilation, explicit_pads[2], explicit_pads[3], &w.out_cols, &w.pad_left,
            &w.pad_right)) {
    return absl::InvalidArgumentError(absl::StrCat("Computed output size would be negative: input ",
                                                   input.DebugString(), ", window [", window_rows, ",", window_cols,
                                                   "]"));
  }
  return w;
}

absl::StatusOr<FusedOps> FusedOps::Of(const OpKernelConstruction& c) {
  FusedOps f;
  absl::StatusOr<const tensorflow::AttrValue*> attr = c.Attr("fused_ops");
  if (!attr.ok()) return f;
  int step = 0;
  for (const std::string& op : (*attr)->list().s()) {
    if (op == "BiasAdd" && step == 0) {
      f.bias = true;
      step = 1;
    } else if ((op == "Add" || op == "AddV2") && step <= 1 && f.bias) {
      f.add = true;
      step = 2;
    } else if (step <= 2 && op == "Relu") {
      f.activation = kRelu;
      step = 3;
    } else if (step <= 2 && op == "Relu6") {
      f.activation = kRelu6;
      step = 3;
    } else if (step <= 2 && op == "Elu") {
      f.activation = kElu;
      step = 3;
    } else if (step <= 2 && op == "Tanh") {
      f.activation = kTanh;
      step = 3;
    } else if (step <= 2 && op == "Sigmoid") {
      f.activation = kSigmoid;
      step = 3;
    } else {
      return absl::UnimplementedError(absl::StrCat("Node ", c.name(), ": no kernel fuses ", op, " here"));
    }
  }
  return f;
}

absl::Status FusedOps::CheckArgs(OpKernelContext& ctx, const TensorShape& out, int64_t channels) const {
  if (bias && (ctx.num_inputs() < 3 || ctx.input(2).shape() != TensorShape({channels}))) {
    return absl::InvalidArgumentError(absl::StrCat("bias must have ", channels, " entries"));
  }
  if (add && (ctx.num_inputs() < 4 || ctx.input(3).shape() != out)) {
    return absl::InvalidArgumentError(absl::StrCat("what is added must have shape ", out.DebugString()));
  }
  return absl::OkStatus();
}

float FusedOps::Activate(float v) const {
  switch (activation) {
    case kRelu:
      return functor::Relu::Apply(v);
    case kRelu6:
      return functor::Relu6::Apply(v);
    case kElu:
      return functor::Elu::Apply(v);
    case kTanh:
      return functor::Tanh::Apply(v);
    case kSigmoid:
      return functor::Sigmoid::Apply(v);
    case kNone:
      break;
  }
  return v;
}

}  // namespace tfpersist
