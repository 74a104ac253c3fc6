// Shapes of what networks are made of. Follows core/ops/nn_ops.cc, image_ops.cc.
#include "reference/graph/shape_function.h"

namespace tfpersist::shape_function {
namespace {

absl::Status BiasAddShape(Context& c) {
  const Shape in = c.in(0);
  if (in.unknown_rank()) return absl::OkStatus();
  Dims dims(in.dims().begin(), in.dims().end());
  Shape bias;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 1, &bias));
  if (!dims.empty()) {
    const size_t at = c.StringAttr("data_format") == "NCHW" && dims.size() >= 3 ? dims.size() - 3 : dims.size() - 1;
    TFP_RETURN_IF_ERROR(MergeDim(c, dims[at], bias.dim(0), &dims[at]));
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

int64_t WindowedSize(const Context& c, int64_t in, int64_t filter, int64_t stride, int64_t dilation) {
  if (in < 0 || filter < 0 || stride <= 0) return -1;
  if (c.StringAttr("padding") == "SAME") return in / stride + (in % stride != 0 ? 1 : 0);
  const __int128 effective = static_cast<__int128>(filter - 1) * dilation + 1;  // any attr, any dimension
  const __int128 size = (in - effective + stride) / stride;
  return in < effective || size > INT64_MAX ? -1 : static_cast<int64_t>(size);
}

absl::Status Conv2DShape(Context& c) {
  Shape in, filter;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 4, &in));
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 4, &filter));
  const bool nchw = c.StringAttr("data_format") == "NCHW";
  const int h = nchw ? 2 : 1, w = nchw ? 3 : 2, ch = nchw ? 1 : 3;
  const bool depthwise = c.node.op() == "DepthwiseConv2dNative";
  int64_t depth;
  TFP_RETURN_IF_ERROR(MergeDim(c, in.dim(ch), filter.dim(2), &depth));
  Dims dims(4);
  dims[0] = in.dim(0);
  for (int i : {0, 1}) {
    const int at = i == 0 ? h : w;
    const int64_t dilation = ListAttr(c, "dilations", at, 1);
    if (dilation <= 0 || dilation > INT32_MAX || filter.dim(i) > INT32_MAX)
      return c.Fail("Dilation rates should be larger than 0");
    dims[at] = WindowedSize(c, in.dim(at), filter.dim(i), ListAttr(c, "strides", at, 1), dilation);
  }
  dims[ch] = !depthwise ? filter.dim(3)
             : depth >= 0 && filter.dim(3) >= 0 && depth <= INT32_MAX && filter.dim(3) <= INT32_MAX
                 ? depth * filter.dim(3)
                 : -1;
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

// Of V3's sixth output nothing is known.
absl::Status FusedBatchNormShape(Context& c) {
  Shape in;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 4, &in));
  const int ch = c.StringAttr("data_format") == "NCHW" ? 1 : 3;
  Dims dims(in.dims().begin(), in.dims().end());
  const int vectors = c.BoolAttr("is_training") ? 2 : 4;  // scale, offset; mean, variance
  for (int i = 1; i <= vectors; ++i) {
    Shape vector;
    TFP_RETURN_IF_ERROR(WithRank(c, c.in(i), 1, &vector));
    TFP_RETURN_IF_ERROR(MergeDim(c, dims[ch], vector.dim(0), &dims[ch]));
  }
  c.out[0] = Of(dims);
  for (size_t i = 1; i < std::min<size_t>(c.out.size(), 5); ++i) c.out[i] = Of({dims[ch]});
  return absl::OkStatus();
}

absl::Status PoolShape(Context& c) {
  Shape in;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 4, &in));
  const bool nchw = c.StringAttr("data_format") == "NCHW";
  Dims dims(in.dims().begin(), in.dims().end());
  for (int i : {nchw ? 2 : 1, nchw ? 3 : 2})
    dims[i] = WindowedSize(c, in.dim(i), ListAttr(c, "ksize", i, 1), ListAttr(c, "strides", i, 1), 1);
  for (Shape& s : c.out) s = Of(dims);
  return absl::OkStatus();
}

constexpr Row kRows[] = {
    {Unchanged, "LogSoftmax LRN Softmax AdjustContrastv2 AdjustHue AdjustSaturation HSVToRGB RGBToHSV"},
    {Scalars, "L2Loss"},
    {BiasAddShape, "BiasAdd"},
    {Conv2DShape, "Conv2D DepthwiseConv2dNative"},
    {FusedBatchNormShape, "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3"},
    {PoolShape, "MaxPool AvgPool"},
};

}  // namespace

absl::Span<const Row> NnRows() { return kRows; }

}  // namespace tfpersist::shape_function
