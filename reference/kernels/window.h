// What convolutions, pooling and fused products share on every device: the window's geometry, and what is fused behind
// a product.
#ifndef TFPERSIST_REFERENCE_KERNELS_WINDOW_H_
#define TFPERSIST_REFERENCE_KERNELS_WINDOW_H_

#include <string>

#include "absl/status/statusor.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// A window that slides over an NHWC image. Sizes in pixels; padding on the right and below follows from the rest.
struct Window {
  int64_t batch = 0, in_rows = 0, in_cols = 0, in_depth = 0;
  int64_t rows = 0, cols = 0;  // of the window
  int64_t row_stride = 1, col_stride = 1, row_dilation = 1, col_dilation = 1;
  int64_t out_rows = 0, out_cols = 0;
  int64_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
};

// The attrs strides (or ksize), padding, dilations and data_format of a node; UNIMPLEMENTED for NCHW.
struct WindowAttrs {
  int64_t row_stride = 1, col_stride = 1, row_dilation = 1, col_dilation = 1;
  int64_t ksize_rows = 0, ksize_cols = 0;   // of pooling
  std::string padding;                      // "SAME", "VALID", "EXPLICIT"
  int64_t explicit_pads[4] = {0, 0, 0, 0};  // top, bottom, left, right

  static absl::StatusOr<WindowAttrs> Of(const OpKernelConstruction& c);
  // INVALID_ARGUMENT where the window does not fit.
  absl::StatusOr<Window> On(const TensorShape& input, int64_t window_rows, int64_t window_cols) const;
};

// What grappler's remapper, and ours, put behind a convolution or a product: attr fused_ops of _FusedConv2D and its
// kin.
struct FusedOps {
  enum Activation { kNone, kRelu, kRelu6, kElu, kTanh, kSigmoid };
  bool bias = false, add = false;
  Activation activation = kNone;

  // None for a node without the attr; UNIMPLEMENTED for a combination that has no kernel.
  static absl::StatusOr<FusedOps> Of(const OpKernelConstruction& c);
  // The bias is input 2, the addend the input after it: their shapes.
  absl::Status CheckArgs(OpKernelContext& ctx, const TensorShape& out, int64_t channels) const;
  float Activate(float v) const;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_WINDOW_H_
