#include "reference/kernels/onednn_matmul.h"

#include <omp.h>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/kernels/onednn_util.h"

namespace tfpersist {
namespace {

using dnnl::memory;

constexpr size_t kMaxPrimitives = 64;  // a graph that is fed ever new shapes must not fill the memory

const dnnl::engine& Engine() {
  static const auto* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

memory::desc MatrixDesc(int64_t batch, int64_t rows, int64_t cols, bool transposed) {
  return {{batch, rows, cols},
          memory::data_type::f32,
          transposed ? memory::dims{rows * cols, 1, rows} : memory::dims{rows * cols, cols, 1}};
}

}  // namespace

struct OneDnnMatMul::Primitive {
  dnnl::matmul::primitive_desc desc;
  dnnl::matmul run;
  memory::desc plain_b;
  memory b;  // packed; empty: as it comes
  Tensor b_bytes;
};

OneDnnMatMul::OneDnnMatMul(FusedOps fused) : fused_(fused) {}
OneDnnMatMul::~OneDnnMatMul() = default;

absl::StatusOr<std::shared_ptr<const OneDnnMatMul::Primitive>> OneDnnMatMul::PrimitiveFor(OpKernelContext& ctx,
                                                                                          const Problem& p,
                                                                                          const float* b) {
  const std::array<int64_t, 5> key = {p.batch, p.m, p.k, p.n, ctx.device().threads().size()};
  MutexLock lock(&mu_);
  auto known = primitives_.find(key);
  if (known != primitives_.end()) return known->second;
  auto made = std::make_shared<Primitive>();
  made->plain_b = MatrixDesc(p.batch, p.k, p.n, p.transpose_b);
  const memory::desc any({p.batch, p.k, p.n}, memory::data_type::f32, memory::format_tag::any);
  const memory::desc a = MatrixDesc(p.batch, p.m, p.k, p.transpose_a), out = MatrixDesc(p.batch, p.m, p.n, false);
  const memory::desc& weights = p.b_is_constant ? any : made->plain_b;
  const dnnl::primitive_attr attr = PostOps(fused_);
  if (fused_.bias) {
    const memory::desc bias({1, 1, p.n}, memory::data_type::f32, memory::format_tag::abc);
    made->desc = {{a, weights, bias, out}, attr, Engine()};
  } else {
    made->desc = {{a, weights, out}, attr, Engine()};
  }
  made->run = dnnl::matmul(made->desc);
  if (made->desc.weights_desc() != made->plain_b) {
    const int64_t bytes = static_cast<int64_t>(made->desc.weights_desc().get_size());
    TFP_ASSIGN_OR_RETURN(made->b_bytes, Tensor::Allocate(DT_UINT8, TensorShape({bytes}), ctx.device().allocator()));
    memory from(made->plain_b, Engine(), const_cast<float*>(b));
    made->b = memory(made->desc.weights_desc(), Engine(), made->b_bytes.data());
    dnnl::stream stream(Engine());
    dnnl::reorder(from, made->b).execute(stream, from, made->b);
    stream.wait();
  }
  if (primitives_.size() >= kMaxPrimitives) primitives_.clear();
  primitives_[key] = made;
  return std::shared_ptr<const Primitive>(made);
}

absl::Status OneDnnMatMul::Run(OpKernelContext& ctx, const Problem& p, const float* a, const float* b,
                               const float* bias, float* out) {
  try {
    // oneDNN's threads are those of OpenMP; the session's budget is theirs.
    omp_set_num_threads(ctx.device().threads().size());
    TFP_ASSIGN_OR_RETURN(const std::shared_ptr<const Primitive> primitive, PrimitiveFor(ctx, p, b));
    std::unordered_map<int, memory> args = {
        {DNNL_ARG_SRC, memory(primitive->desc.src_desc(), Engine(), const_cast<float*>(a))},
        {DNNL_ARG_WEIGHTS, primitive->b ? primitive->b : memory(primitive->plain_b, Engine(), const_cast<float*>(b))},
        {DNNL_ARG_DST, memory(primitive->desc.dst_desc(), Engine(), out)}};
    if (bias != nullptr) {
      args[DNNL_ARG_BIAS] = memory(primitive->desc.bias_desc(), Engine(), const_cast<float*>(bias));
    }
    Tensor scratchpad;
    if (const int64_t bytes = static_cast<int64_t>(primitive->desc.scratchpad_desc().get_size()); bytes > 0) {
      TFP_ASSIGN_OR_RETURN(scratchpad, ctx.AllocateTemp(DT_UINT8, TensorShape({bytes})));
      args[DNNL_ARG_SCRATCHPAD] = memory(primitive->desc.scratchpad_desc(), Engine(), scratchpad.data());
    }
    dnnl::stream stream(Engine());
    primitive->run.execute(stream, args);
    stream.wait();
    return absl::OkStatus();
  } catch (const dnnl::error& error) {
    return absl::InternalError(absl::StrCat("oneDNN: ", error.what()));
  }
}

}  // namespace tfpersist
