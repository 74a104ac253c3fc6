#include "reference/kernels/onednn_matmul.h"

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
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
  std::unique_ptr<const ReadyPrimitive> run;
  memory::desc b, plain_b;  // as it is wanted, and as it comes
  Tensor packed_b;          // no value: as it comes
  bool by_gemm = false;     // oneDNN has no kernel of its own for it

  void Set(const dnnl::primitive& primitive, const memory::desc& a, const memory::desc& wanted_b,
           const memory::desc& out, const memory::desc* bias, const memory::desc& scratchpad) {
    b = wanted_b;
    std::vector<ReadyPrimitive::Argument> arguments = {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, out}};
    if (bias != nullptr) arguments.push_back({DNNL_ARG_BIAS, *bias});
    run = std::make_unique<ReadyPrimitive>(Engine(), primitive, std::move(arguments), scratchpad);
  }
};

OneDnnMatMul::OneDnnMatMul(FusedOps fused) : fused_(fused) {}
OneDnnMatMul::~OneDnnMatMul() = default;

void OneDnnMatMul::MakeMatMul(const Problem& p, Primitive* made) const {
  made->plain_b = MatrixDesc(p.batch, p.k, p.n, p.transpose_b);
  const memory::desc any({p.batch, p.k, p.n}, memory::data_type::f32, memory::format_tag::any);
  const memory::desc a = MatrixDesc(p.batch, p.m, p.k, p.transpose_a), out = MatrixDesc(p.batch, p.m, p.n, false);
  const memory::desc& weights = p.b_is_constant ? any : made->plain_b;
  const memory::desc bias({1, 1, p.n}, memory::data_type::f32, memory::format_tag::abc);
  dnnl::matmul::primitive_desc desc;
  if (fused_.bias) {
    desc = {{a, weights, bias, out}, PostOps(fused_), Engine()};
  } else {
    desc = {{a, weights, out}, PostOps(fused_), Engine()};
  }
  made->Set(dnnl::matmul(desc), a, desc.weights_desc(), out, fused_.bias ? &bias : nullptr, desc.scratchpad_desc());
  made->by_gemm = absl::StartsWith(desc.impl_info_str(), "gemm");
}

// The same as a convolution of 1 x 1 over a column of m pixels, which oneDNN compiles for the size, where its product
// goes through a general gemm: 1.4 times as fast with AVX2. False: no such kernel.
bool OneDnnMatMul::MakeConvolution(const Problem& p, Primitive* made) const {
  constexpr int64_t kFewRows = 8;  // below, gemm's kernels for vectors win
  if (p.batch != 1 || p.transpose_a || !p.b_is_constant || p.m < kFewRows) return false;
  const auto f32 = memory::data_type::f32;
  const memory::desc a({1, p.k, p.m, 1}, f32, memory::format_tag::nhwc);
  const memory::desc out({1, p.n, p.m, 1}, f32, memory::format_tag::nhwc);
  const memory::desc any({p.n, p.k, 1, 1}, f32, memory::format_tag::any);
  const memory::dims one = {1, 1}, none = {0, 0};
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const memory::desc bias({p.n}, f32, memory::format_tag::x);
  dnnl::convolution_forward::primitive_desc desc;
  try {
    if (fused_.bias) {
      desc = {{kind, algorithm, a, any, bias, out, one, none, none}, PostOps(fused_), Engine()};
    } else {
      desc = {{kind, algorithm, a, any, out, one, none, none}, PostOps(fused_), Engine()};
    }
  } catch (const dnnl::error&) {
    return false;
  }
  if (!absl::StartsWith(desc.impl_info_str(), "jit_1x1")) return false;
  made->Set(dnnl::convolution_forward(desc), a, desc.weights_desc(), out, fused_.bias ? &bias : nullptr,
            desc.scratchpad_desc());
  made->plain_b = {{p.n, p.k, 1, 1}, f32, p.transpose_b ? memory::dims{p.k, 1, 1, 1} : memory::dims{1, p.n, 1, 1}};
  return true;
}

absl::StatusOr<std::shared_ptr<const OneDnnMatMul::Primitive>> OneDnnMatMul::PrimitiveFor(OpKernelContext& ctx,
                                                                                          const Problem& p,
                                                                                          const float* b) {
  const std::array<int64_t, 5> key = {p.batch, p.m, p.k, p.n, ctx.device().threads().size()};
  MutexLock lock(&mu_);
  auto known = primitives_.find(key);
  if (known != primitives_.end()) return known->second;
  auto made = std::make_shared<Primitive>();
  MakeMatMul(p, made.get());
  if (made->by_gemm) {
    auto other = std::make_shared<Primitive>();
    if (MakeConvolution(p, other.get())) made = std::move(other);
  }
  if (made->b != made->plain_b) {
    const int64_t bytes = static_cast<int64_t>(made->b.get_size());
    TFP_ASSIGN_OR_RETURN(made->packed_b, Tensor::Allocate(DT_UINT8, TensorShape({bytes}), ctx.device().allocator()));
    memory from(made->plain_b, Engine(), const_cast<float*>(b)), to(made->b, Engine(), made->packed_b.data());
    dnnl::stream stream(Engine());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
  }
  if (primitives_.size() >= kMaxPrimitives) primitives_.clear();
  primitives_[key] = made;
  return std::shared_ptr<const Primitive>(made);
}

absl::Status OneDnnMatMul::Run(OpKernelContext& ctx, const Problem& p, const float* a, const float* b,
                               const float* bias, float* out) {
  try {
    UseOpenMpThreads(ctx.device().threads().size());
    TFP_ASSIGN_OR_RETURN(const std::shared_ptr<const Primitive> primitive, PrimitiveFor(ctx, p, b));
    absl::InlinedVector<void*, 4> data = {
        const_cast<float*>(a),
        primitive->packed_b.has_value() ? const_cast<void*>(primitive->packed_b.data()) : const_cast<float*>(b), out};
    if (bias != nullptr) data.push_back(const_cast<float*>(bias));
    return primitive->run->Execute(ctx, data);
  } catch (const dnnl::error& error) {
    return absl::InternalError(absl::StrCat("oneDNN: ", error.what()));
  }
}

}  // namespace tfpersist
