// The kernel of a step that stands for several nodes (optimizer.h).
//
// A fused kernel checks less kindly than the nodes do: where it refuses its inputs, before it has written anything, the
// nodes themselves run one after the other, and give the error, or the value, that they give.
#ifndef TFPERSIST_REFERENCE_RUNTIME_FUSED_KERNEL_H_
#define TFPERSIST_REFERENCE_RUNTIME_FUSED_KERNEL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/graph/graph.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

class FusedKernel : public OpKernel {
 public:
  struct Source {
    int node;   // index among the nodes; -1: the step's input `index`
    int index;  // which output
  };
  struct Original {
    const Node* node;
    OpKernel* kernel;  // the session's
    std::vector<Source> inputs;
  };

  // `op`: what the fused kernel is one of. `text`: a node as errors show it.
  FusedKernel(std::string op, std::unique_ptr<OpKernel> fused, std::vector<Original> originals,
              std::function<std::string(const Node&)> text)
      : op_(std::move(op)), fused_(std::move(fused)), originals_(std::move(originals)), text_(std::move(text)) {}

  absl::Status Compute(OpKernelContext& ctx) override;

  const std::string& op() const { return op_; }
  // How often the nodes had to run themselves.
  int64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  std::vector<std::string> NodeNames() const;

 private:
  absl::Status RunOriginals(OpKernelContext& ctx) const;

  const std::string op_;
  const std::unique_ptr<OpKernel> fused_;
  const std::vector<Original> originals_;
  const std::function<std::string(const Node&)> text_;
  std::atomic<int64_t> refused_{0};
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_FUSED_KERNEL_H_
