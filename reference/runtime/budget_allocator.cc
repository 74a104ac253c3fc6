#include "reference/runtime/budget_allocator.h"

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

class BudgetBuffer : public TensorBuffer {
 public:
  BudgetBuffer(TensorBuffer* memory, std::shared_ptr<std::atomic<int64_t>> used)
      : TensorBuffer(memory->data(), memory->size(), MemoryKind::kHost), memory_(memory), used_(std::move(used)) {}

 private:
  ~BudgetBuffer() override {
    used_->fetch_sub(static_cast<int64_t>(size()), std::memory_order_relaxed);
    memory_->Unref();
  }
  TensorBuffer* const memory_;
  const std::shared_ptr<std::atomic<int64_t>> used_;
};

}  // namespace

absl::StatusOr<TensorBuffer*> BudgetAllocator::Allocate(size_t bytes) {
  const auto too_much = [&](int64_t used) {
    return absl::ResourceExhaustedError(absl::StrCat("OOM when allocating ", bytes, " bytes for a tensor: ", used,
                                                     " of ", limit_, " are in use (SessionOptions::max_bytes)"));
  };
  if (bytes > static_cast<uint64_t>(limit_)) return too_much(used_->load(std::memory_order_relaxed));
  const int64_t wanted = static_cast<int64_t>(bytes);
  const int64_t before = used_->fetch_add(wanted, std::memory_order_relaxed);
  absl::StatusOr<TensorBuffer*> memory = before > limit_ - wanted ? too_much(before) : HeapAllocator()->Allocate(bytes);
  if (!memory.ok()) {
    used_->fetch_sub(wanted, std::memory_order_relaxed);
    return memory.status();
  }
  return new BudgetBuffer(*memory, used_);
}

}  // namespace tfpersist
