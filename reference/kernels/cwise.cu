// The OpKernels around the CUDA side of cwise_ops.def.
#include "reference/kernels/cwise_cuda.cuh"

namespace tfpersist {
namespace {

class UnaryCudaKernel : public OpKernel {
 public:
  UnaryCudaKernel(UnaryLauncher launch, bool same_size) : launch_(launch), same_size_(same_size) {}
  absl::Status Compute(OpKernelContext& ctx) override {
    const int64_t n = ctx.input(0).num_elements();
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, ctx.input(0).shape(), same_size_ ? 0 : -1));
    if (n == 0) return absl::OkStatus();
    launch_(*ctx.device().cuda(), ctx.input(0).data(), out->data(), n);
    return LaunchStatus("an elementwise op");
  }

 private:
  const UnaryLauncher launch_;
  const bool same_size_;
};

class BinaryCudaKernel : public OpKernel {
 public:
  BinaryCudaKernel(BinaryLauncher launch, bool same_size) : launch_(launch), same_size_(same_size) {}
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& y = ctx.input(1);
    TFP_ASSIGN_OR_RETURN(Broadcast b, Broadcast::Of(x.shape(), y.shape()));
    if (b.dims.size() > kMaxDims) {
      return absl::UnimplementedError(absl::StrCat("Broadcast between ", x.shape().DebugString(), " and ",
                                                   y.shape().DebugString(), " has more than ", kMaxDims,
                                                   " dimensions; put it on /device:CPU:0"));
    }
    int from = -1;
    if (same_size_ && x.shape() == b.shape && ctx.OwnsInput(0))
      from = 0;
    else if (same_size_ && y.shape() == b.shape)
      from = 1;
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, b.shape, from));
    const int64_t n = out->num_elements();
    if (n == 0) return absl::OkStatus();
    launch_(*ctx.device().cuda(), ctx.input(0).data(), ctx.input(1).data(), b, out->data(), n);
    return LaunchStatus("an elementwise op");
  }

 private:
  const BinaryLauncher launch_;
  const bool same_size_;
};

}  // namespace

void RegisterUnaryCuda(KernelRegistry* registry, const char* op, DataTypeMask types, UnaryLauncher (*find)(DataType)) {
  if (types == 0) return;
  registry->Register({.op = op,
                      .device = DeviceType::kCuda,
                      .type_attr = types == MaskOf(DT_BOOL) ? "" : "T",
                      .types = types,
                      .factory = [find](OpKernelConstruction& c) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
                        const DataType in = BaseType(c.input_types()[0]);
                        if (find(in) == nullptr) return NoKernelForType(in);
                        return std::make_unique<UnaryCudaKernel>(
                            find(in), DataTypeSize(in) == DataTypeSize(BaseType(c.output_types()[0])));
                      }});
}

void RegisterBinaryCuda(KernelRegistry* registry, const char* op, DataTypeMask types,
                        BinaryLauncher (*find)(DataType)) {
  if (types == 0) return;
  registry->Register({.op = op,
                      .device = DeviceType::kCuda,
                      .type_attr = types == MaskOf(DT_BOOL) ? "" : "T",
                      .types = types,
                      .factory = [find](OpKernelConstruction& c) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
                        const DataType in = BaseType(c.input_types()[0]);
                        if (find(in) == nullptr) return NoKernelForType(in);
                        return std::make_unique<BinaryCudaKernel>(
                            find(in), DataTypeSize(in) == DataTypeSize(BaseType(c.output_types()[0])));
                      }});
}

}  // namespace tfpersist
