// Conv2D, DepthwiseConv2dNative and their fused forms on the CPU, NHWC. float32 goes through oneDNN, with bias, addend
// and Relu as its post-ops; a constant filter is packed once. Other dtypes take plain loops, summed in the wide type
// and rounded once. Follows core/kernels/conv_ops.cc and depthwise_conv_op.cc.
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "reference/base/mutex.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/onednn_util.h"
#include "reference/kernels/window.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

constexpr DataTypeMask kConvTypes = kFloatTypes;
// What each channel of a constant filter is multiplied by: our optimizer's (a batch norm, say). Without an underscore,
// which any node of a graph may carry.
constexpr absl::string_view kFilterScales = "filter_scales";

// One convolution for one input shape.
struct Primitive {
  dnnl::memory::desc filter_form;
  std::unique_ptr<const ReadyPrimitive> run;
  Tensor filter;  // packed; no value: as it comes, or packed anew each time
};

class ConvKernel : public OpKernel {
 public:
  ConvKernel(WindowAttrs attrs, FusedOps fused, bool depthwise, std::vector<float> scales)
      : attrs_(std::move(attrs)),
        fused_(fused),
        depthwise_(depthwise),
        scales_(std::move(scales)),
        engine_(dnnl::engine::kind::cpu, 0) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    TFP_ASSIGN_OR_RETURN(FusedOps fused, FusedOps::Of(c));
    std::vector<float> scales;
    if (const auto attr = c.Attr(kFilterScales); attr.ok()) {
      scales.assign((*attr)->list().f().begin(), (*attr)->list().f().end());
    }
    return std::make_unique<ConvKernel>(std::move(attrs), fused, absl::StrContains(c.def().op(), "Depthwise"),
                                        std::move(scales));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape& x = ctx.input(0).shape();
    const TensorShape& filter = ctx.input(1).shape();
    if (x.rank() != 4) return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.DebugString()));
    if (filter.rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("filter must be 4-dimensional: ", filter.DebugString()));
    }
    for (int d = 0; d < 4; ++d) {
      if (filter.dim(d) > INT32_MAX) return absl::InvalidArgumentError("filter too large");
    }
    if (x.dim(3) != filter.dim(2)) {
      return absl::InvalidArgumentError(
          absl::StrCat("input and filter must have the same depth: ", x.dim(3), " vs ", filter.dim(2)));
    }
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x, filter.dim(0), filter.dim(1)));
    const int64_t depth = depthwise_ ? filter.dim(2) * filter.dim(3) : filter.dim(3);
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create({w.batch, w.out_rows, w.out_cols, depth}));
    TFP_RETURN_IF_ERROR(fused_.CheckArgs(ctx, shape, depth));
    if (!scales_.empty() && static_cast<int64_t>(scales_.size()) != depth) {
      return absl::InvalidArgumentError(absl::StrCat("there must be ", depth, " scales of the filter"));
    }
    // What is added may be where the result goes.
    const bool in_place = fused_.add && ctx.OwnsInput(3) && ctx.input(3).data() != ctx.input(0).data();
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape, in_place ? 3 : -1));
    if (out->num_elements() == 0) return absl::OkStatus();
    if (out->dtype() == DT_FLOAT && ctx.input(0).num_elements() > 0 && w.rows > 0 && w.cols > 0) {
      if (fused_.add && out->data() != ctx.input(3).data()) {
        std::memcpy(out->data(), ctx.input(3).data(), out->total_bytes());
      }
      return RunOneDnn(ctx, w, depth, out);
    }
    return Dispatch<kConvTypes>(out->dtype(), [&](auto tag) {
      RunPlain<typename decltype(tag)::type>(ctx, w, depth, out);
      return absl::OkStatus();
    });
  }

 private:
  absl::Status RunOneDnn(OpKernelContext& ctx, const Window& w, int64_t depth, Tensor* out) {
    using dnnl::memory;
    try {
      TFP_ASSIGN_OR_RETURN(const std::shared_ptr<const Primitive> primitive, PrimitiveFor(ctx, w, depth));
      UseOpenMpThreads(ctx.device().threads().size());
      void* filter = const_cast<void*>(primitive->filter.has_value() ? primitive->filter.data() : ctx.input(1).data());
      Tensor packed;
      if (!primitive->filter.has_value() && IsPacked(primitive->filter_form, PlainFilter(w, depth))) {
        TFP_ASSIGN_OR_RETURN(packed, ctx.AllocateTemp(DT_UINT8, PackedShape(primitive->filter_form)));
        PackFilter(ctx, PlainFilter(w, depth), primitive->filter_form, packed.data());
        filter = packed.data();
      }
      absl::InlinedVector<void*, 4> data = {const_cast<void*>(ctx.input(0).data()), filter, out->data()};
      if (fused_.bias) data.push_back(const_cast<void*>(ctx.input(2).data()));
      return primitive->run->Execute(ctx, data);
    } catch (const dnnl::error& error) {
      return absl::InternalError(absl::StrCat("oneDNN: ", error.what()));
    }
  }

  // TensorFlow's [rows, cols, in, out], or [rows, cols, channels, multiplier].
  dnnl::memory::desc PlainFilter(const Window& w, int64_t depth) const {
    using dnnl::memory;
    if (depthwise_) {
      return {{w.in_depth, depth / w.in_depth, 1, w.rows, w.cols}, memory::data_type::f32, memory::format_tag::hwigo};
    }
    return {{depth, w.in_depth, w.rows, w.cols}, memory::data_type::f32, memory::format_tag::hwio};
  }

  // The primitive wants another filter than the one that comes.
  bool IsPacked(const dnnl::memory::desc& wanted, const dnnl::memory::desc& plain) const {
    return !scales_.empty() || wanted != plain;
  }
  static TensorShape PackedShape(const dnnl::memory::desc& form) {
    return TensorShape({static_cast<int64_t>(form.get_size())});
  }

  // Scaled on the way to its packed form, a filter is held once.
  void PackFilter(OpKernelContext& ctx, const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted,
                  void* packed) const {
    dnnl::primitive_attr attr;
    if (!scales_.empty()) attr.set_output_scales(depthwise_ ? 0b11 : 0b1, scales_);  // groups and channels of each
    dnnl::memory from(plain, engine_, const_cast<void*>(ctx.input(1).data())), to(wanted, engine_, packed);
    dnnl::stream stream(engine_);
    dnnl::reorder(from, to, attr).execute(stream, from, to);
    stream.wait();
  }

  absl::StatusOr<std::shared_ptr<const Primitive>> PrimitiveFor(OpKernelContext& ctx, const Window& w, int64_t depth) {
    using dnnl::memory;
    const Key key = {w.batch, w.in_rows, w.in_cols, w.in_depth, w.rows, w.cols, depth, ctx.device().threads().size()};
    MutexLock lock(&mu_);
    auto known = primitives_.find(key);
    if (known != primitives_.end()) return known->second;
    UseOpenMpThreads(ctx.device().threads().size());
    const auto f32 = memory::data_type::f32;
    const memory::desc src({w.batch, w.in_depth, w.in_rows, w.in_cols}, f32, memory::format_tag::nhwc);
    const memory::desc dst({w.batch, depth, w.out_rows, w.out_cols}, f32, memory::format_tag::nhwc);
    const memory::desc plain = PlainFilter(w, depth);
    const memory::desc any(plain.dims(), f32, memory::format_tag::any);
    const memory::dims strides = {w.row_stride, w.col_stride}, dilates = {w.row_dilation - 1, w.col_dilation - 1},
                       before = {w.pad_top, w.pad_left}, after = {w.pad_bottom, w.pad_right};
    const dnnl::primitive_attr attr = PostOps(fused_);
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto algorithm = dnnl::algorithm::convolution_direct;
    dnnl::convolution_forward::primitive_desc desc;
    const memory::desc bias({depth}, f32, memory::format_tag::x);
    if (fused_.bias) {
      desc = {{kind, algorithm, src, any, bias, dst, strides, dilates, before, after}, attr, engine_};
    } else {
      desc = {{kind, algorithm, src, any, dst, strides, dilates, before, after}, attr, engine_};
    }
    auto made = std::make_shared<Primitive>();
    made->filter_form = desc.weights_desc();
    std::vector<ReadyPrimitive::Argument> arguments = {
        {DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, made->filter_form}, {DNNL_ARG_DST, dst}};
    if (fused_.bias) arguments.push_back({DNNL_ARG_BIAS, bias});
    made->run = std::make_unique<ReadyPrimitive>(engine_, dnnl::convolution_forward(desc), std::move(arguments),
                                                 desc.scratchpad_desc());
    if (ctx.IsConstant(1) && IsPacked(made->filter_form, plain)) {
      TFP_ASSIGN_OR_RETURN(made->filter, Tensor::Allocate(DT_UINT8, PackedShape(made->filter_form)));
      PackFilter(ctx, plain, made->filter_form, made->filter.data());
    }
    // A graph that is fed ever new shapes must not fill the memory.
    if (primitives_.size() >= kMaxPrimitives) primitives_.clear();
    primitives_[key] = made;
    return std::shared_ptr<const Primitive>(made);
  }

  template <typename T>
  void RunPlain(OpKernelContext& ctx, const Window& w, int64_t depth, Tensor* out) const {
    using W = functor::Wide<T>;
    const T* x = Elements<T>(ctx.input(0));
    const T* filter = Elements<T>(ctx.input(1));
    const T* bias = fused_.bias ? Elements<T>(ctx.input(2)) : nullptr;
    const T* addend = fused_.add ? Elements<T>(ctx.input(3)) : nullptr;
    T* to = Elements<T>(out);
    const int64_t multiplier = depthwise_ ? depth / std::max<int64_t>(1, w.in_depth) : 0;
    const int64_t cost = w.rows * w.cols * (depthwise_ ? 1 : w.in_depth) * depth * w.out_cols;
    Shard(ctx, w.batch * w.out_rows, cost, [&](int64_t begin, int64_t end) {
      std::vector<W> sums(depth);
      for (int64_t line = begin; line < end; ++line) {
        const int64_t b = line / w.out_rows, row = line % w.out_rows;
        for (int64_t col = 0; col < w.out_cols; ++col) {
          std::fill(sums.begin(), sums.end(), W(0));
          for (int64_t fr = 0; fr < w.rows; ++fr) {
            const int64_t r = row * w.row_stride - w.pad_top + fr * w.row_dilation;
            if (r < 0 || r >= w.in_rows) continue;
            for (int64_t fc = 0; fc < w.cols; ++fc) {
              const int64_t c = col * w.col_stride - w.pad_left + fc * w.col_dilation;
              if (c < 0 || c >= w.in_cols) continue;
              const T* pixel = x + ((b * w.in_rows + r) * w.in_cols + c) * w.in_depth;
              const T* taps = filter + (fr * w.cols + fc) * (depthwise_ ? depth : w.in_depth * depth);
              if (depthwise_) {
                for (int64_t d = 0; d < depth; ++d) {
                  sums[d] += static_cast<W>(pixel[d / multiplier]) * static_cast<W>(taps[d]);
                }
              } else {
                for (int64_t i = 0; i < w.in_depth; ++i) {
                  const W v = static_cast<W>(pixel[i]);
                  for (int64_t d = 0; d < depth; ++d) sums[d] += v * static_cast<W>(taps[i * depth + d]);
                }
              }
            }
          }
          const int64_t at = (line * w.out_cols + col) * depth;
          for (int64_t d = 0; d < depth; ++d) {
            T v = static_cast<T>(sums[d]);
            bool fault = false;
            if (bias) v = functor::Add::Apply(v, bias[d], fault);
            if (addend) v = functor::Add::Apply(v, addend[at + d], fault);
            if constexpr (std::is_same_v<T, double>) {
              if (fused_.activation == FusedOps::kRelu) v = functor::Relu::Apply(v);
              if (fused_.activation == FusedOps::kRelu6) v = functor::Relu6::Apply(v);
              if (fused_.activation == FusedOps::kElu) v = functor::Elu::Apply(v);
              if (fused_.activation == FusedOps::kTanh) v = functor::Tanh::Apply(v);
              if (fused_.activation == FusedOps::kSigmoid) v = functor::Sigmoid::Apply(v);
            } else {
              v = static_cast<T>(fused_.Activate(static_cast<float>(v)));
            }
            to[at + d] = v;
          }
        }
      }
    });
  }

  static constexpr size_t kMaxPrimitives = 64;
  using Key = std::array<int64_t, 8>;

  const WindowAttrs attrs_;
  const FusedOps fused_;
  const bool depthwise_;
  const std::vector<float> scales_;  // empty: none
  const dnnl::engine engine_;
  Mutex mu_;
  std::map<Key, std::shared_ptr<const Primitive>> primitives_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

void RegisterConvKernels(KernelRegistry* registry) {
  for (const char* op : {"Conv2D", "DepthwiseConv2dNative", "_FusedConv2D", "_FusedDepthwiseConv2dNative"}) {
    RegisterKernel<ConvKernel>(registry, op, "T", kConvTypes);
  }
}

}  // namespace tfpersist
