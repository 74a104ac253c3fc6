// What the kernels that run through oneDNN share.
#ifndef TFPERSIST_REFERENCE_KERNELS_ONEDNN_UTIL_H_
#define TFPERSIST_REFERENCE_KERNELS_ONEDNN_UTIL_H_

#include <atomic>
#include <memory>
#include <vector>

#include "oneapi/dnnl/dnnl.hpp"
#include "reference/kernels/window.h"

namespace tfpersist {

// oneDNN's threads are those of OpenMP; what the calling thread starts next has so many.
void UseOpenMpThreads(int threads);

// Sum (convolutions alone), then activation; the scratchpad is the caller's, since one primitive serves several
// threads.
inline dnnl::primitive_attr PostOps(const FusedOps& fused) {
  dnnl::post_ops post;
  if (fused.add) post.append_sum(1.0f);
  switch (fused.activation) {
    case FusedOps::kRelu:
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      break;
    case FusedOps::kRelu6:
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
      break;
    case FusedOps::kElu:
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_elu, 1.0f, 0.0f);
      break;
    case FusedOps::kTanh:
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_tanh, 0.0f, 0.0f);
      break;
    case FusedOps::kSigmoid:
      post.append_eltwise(1.0f, dnnl::algorithm::eltwise_logistic, 0.0f, 0.0f);
      break;
    case FusedOps::kNone:
      break;
  }
  dnnl::primitive_attr attr;
  attr.set_post_ops(post);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// A primitive and what oneDNN wants to run it: making that anew takes longer than a small product. Thread-safe; several
// runs at once each make their own.
class ReadyPrimitive {
 public:
  struct Argument {
    int what;  // DNNL_ARG_SRC, …
    dnnl::memory::desc form;
  };
  // The scratchpad is given by Execute.
  ReadyPrimitive(const dnnl::engine& engine, dnnl::primitive primitive, std::vector<Argument> arguments,
                 const dnnl::memory::desc& scratchpad);
  ~ReadyPrimitive();

  // `data`: where each argument lies, in their order. Throws dnnl::error.
  absl::Status Execute(OpKernelContext& ctx, absl::Span<void* const> data) const;

 private:
  struct Objects;
  const dnnl::engine engine_;
  const dnnl::primitive primitive_;
  std::vector<Argument> arguments_;  // the scratchpad is the last, where there is one
  int64_t scratchpad_bytes_;
  mutable std::atomic<Objects*> idle_{nullptr};
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_ONEDNN_UTIL_H_
