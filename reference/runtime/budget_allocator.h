// An allocator with an upper bound: what a session of an untrusted graph takes its memory from
// (SessionOptions::max_bytes). Buffers may outlive it. Thread-safe.
#ifndef TFPERSIST_REFERENCE_RUNTIME_BUDGET_ALLOCATOR_H_
#define TFPERSIST_REFERENCE_RUNTIME_BUDGET_ALLOCATOR_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "reference/tensor/tensor.h"

namespace tfpersist {

class BudgetAllocator : public Allocator {
 public:
  // `limit`: bytes that all living buffers may have together.
  explicit BudgetAllocator(int64_t limit) : limit_(limit) {}

  MemoryKind kind() const override { return MemoryKind::kHost; }
  // RESOURCE_EXHAUSTED beyond the limit.
  absl::StatusOr<TensorBuffer*> Allocate(size_t bytes) override;
  int64_t limit() const override { return limit_; }

 private:
  const int64_t limit_;
  std::shared_ptr<std::atomic<int64_t>> used_ = std::make_shared<std::atomic<int64_t>>(0);
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_BUDGET_ALLOCATOR_H_
