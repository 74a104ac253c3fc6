// Conv2D and _FusedConv2D through cuDNN's graph API, NHWC. float32 stays float32 (engines that round to TF32 are left
// out); half and bfloat16 are summed in float32. Bias, addend and Relu are part of the graph where cuDNN has an engine
// for it, else a kernel of ours follows. The fastest of the first engines that cuDNN names is taken, timed once per
// shape.
#include <cuda_runtime_api.h>
#include <cudnn_frontend.h>

#include <map>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/window_cuda.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {
namespace {

namespace fe = cudnn_frontend;

constexpr int kEnginesTried = 6;
constexpr double kBytesPerMillisecond = 1.5e9;  // of a pass over memory, a low guess for a data-centre GPU

struct ConvKey {
  DataType dtype;
  Window w;
  int64_t groups_depth, out_depth;
  bool bias, add;
  FusedOps::Activation activation;
};

std::string Text(const ConvKey& k) {
  return absl::StrCat(k.dtype, " ", k.w.batch, "x", k.w.in_rows, "x", k.w.in_cols, "x", k.w.in_depth, " ", k.w.rows,
                      "x", k.w.cols, " ", k.w.row_stride, ",", k.w.col_stride, " ", k.w.row_dilation, ",",
                      k.w.col_dilation, " ",
                      absl::StrCat(k.w.pad_top, ",", k.w.pad_bottom, ",", k.w.pad_left, ",", k.w.pad_right, " ",
                                   k.groups_depth, " ", k.out_depth, " ", k.bias, k.add, k.activation));
}

// A convolution that cuDNN can run; `fused`: with everything behind it.
struct ConvPlan {
  std::shared_ptr<fe::graph::Graph> graph;
  std::shared_ptr<fe::graph::Tensor_attributes> x, filter, bias, addend, y;
  int64_t engine = 0, workspace = 0;
  double milliseconds = 0;  // as measured when it was chosen
  bool fused = false;
};

absl::Status ToStatus(fe::error_t error) {
  if (error.is_good()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("cuDNN: ", error.get_message()));
}

class Cudnn {
 public:
  explicit Cudnn(CudaContext& cuda) : cuda_(cuda) {
    created_ = cudnnCreate(&handle_);
    if (created_ == CUDNN_STATUS_SUCCESS) cudnnSetStream(handle_, cuda.stream());
  }
  ~Cudnn() {
    plans_.clear();
    if (created_ == CUDNN_STATUS_SUCCESS) cudnnDestroy(handle_);
  }

  absl::StatusOr<const ConvPlan*> PlanFor(OpKernelContext& ctx, const ConvKey& key, const void* x, const void* filter,
                                          const void* bias, const void* addend, void* y) {
    if (created_ != CUDNN_STATUS_SUCCESS) {
      return absl::InternalError(absl::StrCat("cudnnCreate: ", cudnnGetErrorString(created_)));
    }
    std::unique_ptr<ConvPlan>& plan = plans_[Text(key)];
    if (plan != nullptr) return plan.get();
    auto made = std::make_unique<ConvPlan>();
    const bool wants = key.bias || key.add || key.activation != FusedOps::kNone;
    const bool can =
        key.activation == FusedOps::kNone || key.activation == FusedOps::kRelu || key.activation == FusedOps::kRelu6;
    absl::Status status = absl::UnimplementedError("");
    if (wants && can) {
      status = Build(key, true, made.get());
      if (status.ok()) status = Choose(ctx, x, filter, bias, addend, y, made.get());
    }
    // Some fused engines are far slower than the convolution alone and a pass over its result.
    if (!status.ok() || wants) {
      auto plain = std::make_unique<ConvPlan>();
      absl::Status built = Build(key, false, plain.get());
      if (built.ok()) built = Choose(ctx, x, filter, bias, addend, y, plain.get());
      if (!built.ok() && !status.ok()) return built;
      const double bytes = static_cast<double>(key.w.batch * key.w.out_rows * key.w.out_cols * key.out_depth) *
                           static_cast<double>(DataTypeSize(key.dtype)) * (key.add ? 3 : 2);
      const double pass = wants ? 0.003 + bytes / kBytesPerMillisecond : 0;
      if (built.ok() && (!status.ok() || plain->milliseconds + pass < made->milliseconds)) made = std::move(plain);
    }
    plan = std::move(made);
    return plan.get();
  }

  absl::Status Run(OpKernelContext& ctx, const ConvPlan& plan, const void* x, const void* filter, const void* bias,
                   const void* addend, void* y) {
    Tensor workspace;
    if (plan.workspace > 0) {
      TFP_ASSIGN_OR_RETURN(workspace, ctx.AllocateTemp(DT_UINT8, TensorShape({plan.workspace})));
    }
    auto pack = PackOf(plan, x, filter, bias, addend, y);
    return ToStatus(plan.graph->execute_plan_at_index(handle_, pack, workspace.has_value() ? workspace.data() : nullptr,
                                                      plan.engine));
  }

 private:
  using VariantPack = std::unordered_map<std::shared_ptr<fe::graph::Tensor_attributes>, void*>;

  static VariantPack PackOf(const ConvPlan& plan, const void* x, const void* filter, const void* bias,
                            const void* addend, void* y) {
    VariantPack pack = {{plan.x, const_cast<void*>(x)}, {plan.filter, const_cast<void*>(filter)}, {plan.y, y}};
    if (plan.bias) pack[plan.bias] = const_cast<void*>(bias);
    if (plan.addend) pack[plan.addend] = const_cast<void*>(addend);
    return pack;
  }

  absl::Status Build(const ConvKey& key, bool fused, ConvPlan* plan) {
    const Window& w = key.w;
    const auto type = key.dtype == DT_HALF       ? fe::DataType_t::HALF
                      : key.dtype == DT_BFLOAT16 ? fe::DataType_t::BFLOAT16
                                                 : fe::DataType_t::FLOAT;
    plan->fused = fused;
    plan->graph = std::make_shared<fe::graph::Graph>();
    fe::graph::Graph& g = *plan->graph;
    g.set_io_data_type(type)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    // Named n, c, h, w; laid out with the channels last.
    auto image = [&](const char* name, int64_t n, int64_t c, int64_t h, int64_t width) {
      return g.tensor(fe::graph::Tensor_attributes()
                          .set_name(name)
                          .set_dim({n, c, h, width})
                          .set_stride({c * h * width, 1, width * c, c})
                          .set_data_type(type));
    };
    plan->x = image("x", w.batch, w.in_depth, w.in_rows, w.in_cols);
    plan->filter = image("filter", key.out_depth, key.groups_depth, w.rows, w.cols);
    auto y = g.conv_fprop(plan->x, plan->filter,
                          fe::graph::Conv_fprop_attributes()
                              .set_pre_padding({w.pad_top, w.pad_left})
                              .set_post_padding({w.pad_bottom, w.pad_right})
                              .set_stride({w.row_stride, w.col_stride})
                              .set_dilation({w.row_dilation, w.col_dilation}));
    if (fused) {
      if (key.add) {
        plan->addend = image("addend", w.batch, key.out_depth, w.out_rows, w.out_cols);
        y = g.pointwise(y, plan->addend, fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::ADD));
      }
      if (key.bias) {
        plan->bias = image("bias", 1, key.out_depth, 1, 1);
        y = g.pointwise(y, plan->bias, fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::ADD));
      }
      if (key.activation != FusedOps::kNone) {
        auto relu = fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::RELU_FWD);
        if (key.activation == FusedOps::kRelu6) relu.set_relu_upper_clip(6.0f);
        y = g.pointwise(y, relu);
      }
    }
    y->set_output(true).set_data_type(type);
    y->set_dim({w.batch, key.out_depth, w.out_rows, w.out_cols})
        .set_stride({key.out_depth * w.out_rows * w.out_cols, 1, w.out_cols * key.out_depth, key.out_depth});
    plan->y = y;
    TFP_RETURN_IF_ERROR(ToStatus(g.validate()));
    TFP_RETURN_IF_ERROR(ToStatus(g.build_operation_graph(handle_)));
    TFP_RETURN_IF_ERROR(ToStatus(g.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK})));
    if (key.dtype == DT_FLOAT) {
      g.deselect_numeric_notes({fe::NumericalNote_t::TENSOR_CORE, fe::NumericalNote_t::DOWN_CONVERT_INPUTS});
    }
    return ToStatus(g.check_support(handle_));
  }

  absl::Status Choose(OpKernelContext& ctx, const void* x, const void* filter, const void* bias, const void* addend,
                      void* y, ConvPlan* plan) {
    fe::graph::Graph& g = *plan->graph;
    cudaEvent_t start = nullptr, end = nullptr;
    cudaEventCreate(&start);
    cudaEventCreate(&end);
    float best = -1;
    int tried = 0;
    const int64_t count = g.get_execution_plan_count();
    for (int64_t i = 0; i < count && tried < kEnginesTried; ++i) {
      if (!g.build_plan_at_index(handle_, i).is_good()) continue;
      ConvPlan candidate = *plan;
      candidate.engine = i;
      candidate.workspace = g.get_workspace_size_plan_at_index(i);
      if (candidate.workspace < 0 || candidate.workspace > (int64_t{1} << 30)) continue;
      if (!Run(ctx, candidate, x, filter, bias, addend, y).ok()) continue;
      ++tried;
      cudaEventRecord(start, cuda_.stream());
      bool ok = true;
      for (int k = 0; k < 3 && ok; ++k) ok = Run(ctx, candidate, x, filter, bias, addend, y).ok();
      cudaEventRecord(end, cuda_.stream());
      if (!ok || cudaEventSynchronize(end) != cudaSuccess) continue;
      float milliseconds = 0;
      cudaEventElapsedTime(&milliseconds, start, end);
      if (best < 0 || milliseconds < best) {
        best = milliseconds;
        plan->milliseconds = milliseconds / 3;
        plan->engine = candidate.engine;
        plan->workspace = candidate.workspace;
      }
    }
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    cudaGetLastError();
    return best >= 0 ? absl::OkStatus() : absl::UnimplementedError("cuDNN has no engine for this convolution");
  }

  CudaContext& cuda_;
  cudnnHandle_t handle_ = nullptr;
  cudnnStatus_t created_;
  std::map<std::string, std::unique_ptr<ConvPlan>> plans_;
};

class Conv2DCudaKernel : public OpKernel {
 public:
  Conv2DCudaKernel(WindowAttrs attrs, FusedOps fused) : attrs_(std::move(attrs)), fused_(fused) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(WindowAttrs attrs, WindowAttrs::Of(c));
    TFP_ASSIGN_OR_RETURN(FusedOps fused, FusedOps::Of(c));
    return std::make_unique<Conv2DCudaKernel>(std::move(attrs), fused);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape x = ctx.input(0).shape(), filter = ctx.input(1).shape();
    if (x.rank() != 4) return absl::InvalidArgumentError(absl::StrCat("input must be 4-dimensional", x.DebugString()));
    if (filter.rank() != 4) {
      return absl::InvalidArgumentError(absl::StrCat("filter must be 4-dimensional: ", filter.DebugString()));
    }
    if (filter.dim(2) == 0 || x.dim(3) % filter.dim(2) != 0 ||
        filter.dim(3) % std::max<int64_t>(1, x.dim(3) / std::max<int64_t>(1, filter.dim(2))) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input and filter must have the same depth: ", x.dim(3), " vs ", filter.dim(2)));
    }
    TFP_ASSIGN_OR_RETURN(const Window w, attrs_.On(x, filter.dim(0), filter.dim(1)));
    const int64_t depth = filter.dim(3);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({w.batch, w.out_rows, w.out_cols, depth}));
    TFP_RETURN_IF_ERROR(fused_.CheckArgs(ctx, shape, depth));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    TFP_ASSIGN_OR_RETURN(const Tensor packed, Packed(ctx));
    const void* bias = fused_.bias ? ctx.input(2).data() : nullptr;
    const void* addend = fused_.add ? ctx.input(3).data() : nullptr;
    Cudnn& cudnn = ctx.device().cuda()->Library<Cudnn>();
    const ConvKey key{out->dtype(), w, filter.dim(2), depth, fused_.bias, fused_.add, fused_.activation};
    TFP_ASSIGN_OR_RETURN(const ConvPlan* plan,
                         cudnn.PlanFor(ctx, key, ctx.input(0).data(), packed.data(), bias, addend, out->data()));
    TFP_RETURN_IF_ERROR(cudnn.Run(ctx, *plan, ctx.input(0).data(), packed.data(), bias, addend, out->data()));
    return plan->fused ? absl::OkStatus() : FinishOnDevice(fused_, ctx, depth, fused_.bias, out);
  }

 private:
  // TensorFlow's [rows, cols, in, out] as cuDNN's [out, rows, cols, in]. Of a constant it is done once.
  absl::StatusOr<Tensor> Packed(OpKernelContext& ctx) {
    const Tensor& filter = ctx.input(1);
    if (packed_.has_value() && packed_from_ == filter.data()) return packed_;
    const TensorShape& s = filter.shape();
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({s.dim(3), s.dim(0), s.dim(1), s.dim(2)}));
    TFP_ASSIGN_OR_RETURN(Tensor packed, ctx.AllocateTemp(filter.dtype(), shape));
    const int64_t inner = s.dim(0) * s.dim(1) * s.dim(2);
    TFP_RETURN_IF_ERROR(ctx.device().cuda()->CopyBox(filter.data(), packed.data(),
                                                     {{s.dim(3), 1, inner}, {inner, s.dim(3), 1}},
                                                     static_cast<int>(DataTypeSize(filter.dtype()))));
    if (ctx.IsConstant(1)) {
      packed_ = packed;
      packed_from_ = filter.data();
    }
    return packed;
  }

  const WindowAttrs attrs_;
  const FusedOps fused_;
  Tensor packed_;  // runs of a device take turns
  const void* packed_from_ = nullptr;
};

}  // namespace

void RegisterConvCudaKernels(KernelRegistry* registry) {
  for (const char* op : {"Conv2D", "_FusedConv2D"}) {
    registry->Register({.op = op,
                        .device = DeviceType::kCuda,
                        .type_attr = "T",
                        .types = MaskOf(DT_FLOAT, DT_HALF, DT_BFLOAT16),
                        .factory = &Conv2DCudaKernel::Make});
  }
}

}  // namespace tfpersist
