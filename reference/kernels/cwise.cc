#include "reference/kernels/cwise.h"

#include <atomic>

#include "reference/kernels/broadcast.h"

namespace tfpersist {
namespace {

constexpr int64_t kCost = 1;  // nanoseconds an element, roughly

class BinaryKernel : public OpKernel {
 public:
  BinaryKernel(BinaryLoop loop, size_t in_size, size_t out_size, const char* fault_text)
      : loop_(loop), in_size_(in_size), out_size_(out_size), fault_text_(fault_text) {}

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    const Tensor& y = ctx.input(1);
    bool fault = false;
    if (x.shape() == y.shape()) {
      TFP_ASSIGN_OR_RETURN(Tensor * out, Allocate(ctx, x.shape(), true, true));
      RunFlat(ctx, x.data(), 1, y.data(), 1, out->data(), out->num_elements(), &fault);
      return fault ? absl::InvalidArgumentError(fault_text_) : absl::OkStatus();
    }
    TFP_ASSIGN_OR_RETURN(Broadcast b, Broadcast::Of(x.shape(), y.shape()));
    TFP_ASSIGN_OR_RETURN(Tensor * out, Allocate(ctx, b.shape, x.shape() == b.shape, y.shape() == b.shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    const char* xs = static_cast<const char*>(x.data());
    const char* ys = static_cast<const char*>(y.data());
    char* outs = static_cast<char*>(out->data());
    const Broadcast::Dim& row = b.dims.back();
    if (b.dims.size() == 1) {
      RunFlat(ctx, xs, static_cast<int>(row.x_stride), ys, static_cast<int>(row.y_stride), outs, row.size, &fault);
    } else {
      ForEachRow(b, [&](int64_t i, int64_t j, int64_t o) {
        loop_(xs + i * in_size_, static_cast<int>(row.x_stride), ys + j * in_size_, static_cast<int>(row.y_stride),
              outs + o * out_size_, row.size, &fault);
      });
    }
    return fault ? absl::InvalidArgumentError(fault_text_) : absl::OkStatus();
  }

 private:
  absl::StatusOr<Tensor*> Allocate(OpKernelContext& ctx, const TensorShape& shape, bool like_x, bool like_y) {
    if (in_size_ == out_size_ && like_x && ctx.OwnsInput(0)) return ctx.AllocateOutput(0, shape, 0);
    return ctx.AllocateOutput(0, shape, in_size_ == out_size_ && like_y ? 1 : -1);
  }

  // An unpacked row in which each argument goes on or is repeated: safe to cut anywhere.
  void RunFlat(OpKernelContext& ctx, const void* x, int x_step, const void* y, int y_step, void* out, int64_t n,
               bool* fault) {
    if (n < 32768) return loop_(x, x_step, y, y_step, out, n, fault);
    std::atomic<bool> any_fault{false};
    Shard(ctx, n, kCost, [&](int64_t begin, int64_t end) {
      bool bad = false;
      loop_(static_cast<const char*>(x) + (x_step ? begin * in_size_ : 0), x_step,
            static_cast<const char*>(y) + (y_step ? begin * in_size_ : 0), y_step,
            static_cast<char*>(out) + begin * out_size_, end - begin, &bad);
      if (bad) any_fault.store(true, std::memory_order_relaxed);
    });
    if (any_fault.load()) *fault = true;
  }

  const BinaryLoop loop_;
  const size_t in_size_, out_size_;
  const char* const fault_text_;
};

class UnaryKernel : public OpKernel {
 public:
  UnaryKernel(UnaryLoop loop, size_t in_size, size_t out_size) : loop_(loop), in_size_(in_size), out_size_(out_size) {}

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), in_size_ == out_size_ ? 0 : -1));
    const int64_t n = x.num_elements();
    const char* from = static_cast<const char*>(ctx.input(0).data());
    char* to = static_cast<char*>(out->data());
    if (n < 8192) {
      loop_(from, to, n);
    } else {
      Shard(ctx, n, kCost,
            [&](int64_t begin, int64_t end) { loop_(from + begin * in_size_, to + begin * out_size_, end - begin); });
    }
    return absl::OkStatus();
  }

 private:
  const UnaryLoop loop_;
  const size_t in_size_, out_size_;
};

size_t ElementSize(DataType t) { return t == DT_STRING ? sizeof(std::string) : DataTypeSize(BaseType(t)); }

}  // namespace

void RegisterBinary(KernelRegistry* registry, const char* op, DataTypeMask types, BinaryLoop (*find)(DataType),
                    const char* fault_text) {
  // The logical ops have no attr: bool is all they take.
  registry->Register(
      {.op = op,
       .type_attr = types == MaskOf(DT_BOOL) ? "" : "T",
       .types = types,
       .factory = [find, fault_text](OpKernelConstruction& c) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
         const DataType in = BaseType(c.input_types()[0]);
         BinaryLoop loop = find(in);
         if (loop == nullptr) return NoKernelForType(in);
         return std::make_unique<BinaryKernel>(loop, ElementSize(in), ElementSize(c.output_types()[0]), fault_text);
       }});
}

void RegisterUnary(KernelRegistry* registry, const char* op, DataTypeMask types, UnaryLoop (*find)(DataType)) {
  registry->Register({.op = op,
                      .type_attr = types == MaskOf(DT_BOOL) ? "" : "T",
                      .types = types,
                      .factory = [find](OpKernelConstruction& c) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
                        const DataType in = BaseType(c.input_types()[0]);
                        UnaryLoop loop = find(in);
                        if (loop == nullptr) return NoKernelForType(in);
                        return std::make_unique<UnaryKernel>(loop, ElementSize(in), ElementSize(c.output_types()[0]));
                      }});
}

}  // namespace tfpersist
