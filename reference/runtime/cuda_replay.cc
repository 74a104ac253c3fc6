#include "reference/runtime/cuda_replay.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "reference/base/status.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {

absl::Status CudaReplay::Run(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                             std::vector<Tensor>* fetched) {
  // A run that is measured step by step, or whose values stay on the device, is no run of a graph.
  const bool plain = environment.peak_bytes == nullptr && !environment.keep_on_device &&
                     environment.owned_feeds.empty() && failures_ < kMaxFailures;
  if (!plain) return state_.RunOnce(feeds, environment, fetched);
  if (!SameShapes(feeds)) {
    Forget();
    for (const Tensor* t : feeds) shapes_.push_back({t->dtype(), t->shape(), t->memory_kind() == MemoryKind::kCuda});
  }
  if (graph_ != nullptr && !SameVariables()) {
    ++failures_;
    Forget();
  }
  if (graph_ == nullptr && runs_ >= kRunsBefore) {
    if (absl::Status s = Record(feeds, environment); !s.ok()) {
      ++failures_;
      graph_.reset();
      feeds_.clear();
      fetches_.clear();
      runs_ = 0;
    }
  }
  if (graph_ != nullptr) return Replay(feeds, fetched);
  absl::Status status = state_.RunOnce(feeds, environment, fetched);
  runs_ = status.ok() ? runs_ + 1 : 0;
  return status;
}

bool CudaReplay::SameShapes(absl::Span<const Tensor* const> feeds) const {
  if (feeds.size() != shapes_.size()) return false;
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i]->dtype() != shapes_[i].dtype || feeds[i]->shape() != shapes_[i].shape ||
        (feeds[i]->memory_kind() == MemoryKind::kCuda) != shapes_[i].on_device) {
      return false;
    }
  }
  return true;
}

bool CudaReplay::SameVariables() const {
  for (const SeenVariable& seen : variables_) {
    MutexLock lock(&seen.variable->mu);
    if (seen.variable->value.data() != seen.data || seen.variable->value.shape() != seen.shape) return false;
  }
  return true;
}

void CudaReplay::Forget() {
  graph_.reset();
  feeds_.clear();
  fetches_.clear();
  variables_.clear();
  runs_ = 0;
  shapes_.clear();
}

absl::Status CudaReplay::Record(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment) {
  auto& device = static_cast<CudaDevice&>(*state_.plan_.accelerator());
  CudaContext& cuda = *device.cuda();
  feeds_.clear();
  for (const Tensor* t : feeds) {
    const bool on_device = t->memory_kind() == MemoryKind::kCuda;
    TFP_ASSIGN_OR_RETURN(Tensor kept, Tensor::Allocate(t->dtype(), t->shape(),
                                                       on_device ? cuda.device_allocator() : cuda.pinned_allocator()));
    feeds_.push_back(std::move(kept));
  }
  std::vector<const Tensor*> pinned_feeds;
  for (const Tensor& t : feeds_) pinned_feeds.push_back(&t);
  fetches_.clear();
  variables_.clear();
  std::vector<RefVariable*> seen;

  TFP_RETURN_IF_ERROR(device.BeginCapture());
  state_.seen_variables_ = &seen;
  std::vector<Tensor> fetched;
  // Nothing waits while it is recorded; values stay on the device, and are brought to the host below.
  RunEnvironment recording = environment;
  recording.keep_on_device = true;
  absl::Status status = state_.RunOnce(pinned_feeds, recording, &fetched);
  state_.seen_variables_ = nullptr;
  for (Tensor& t : fetched) {
    if (!status.ok()) break;
    if (t.memory_kind() != MemoryKind::kCuda || t.total_bytes() >= kLarge) {
      fetches_.push_back(t);
      continue;
    }
    absl::StatusOr<Tensor> host = Tensor::Allocate(t.dtype(), t.shape(), cuda.pinned_allocator());
    status = host.status();
    if (status.ok() && t.total_bytes() > 0) status = cuda.CopyToHost(t.data(), host->data(), t.total_bytes());
    if (status.ok()) fetches_.push_back(*std::move(host));
  }
  fetched.clear();
  state_.Clear();
  absl::StatusOr<std::unique_ptr<CudaGraph>> graph = device.EndCapture();
  TFP_RETURN_IF_ERROR(status);
  TFP_RETURN_IF_ERROR(graph.status());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (RefVariable* variable : seen) {
    MutexLock lock(&variable->mu);
    variables_.push_back({variable, variable->value.data(), variable->value.shape()});
  }
  graph_ = *std::move(graph);
  return absl::OkStatus();
}

void CudaReplay::Copy(const void* from, void* to, size_t bytes) const {
  if (bytes < kLarge) {
    std::memcpy(to, from, bytes);
    return;
  }
  state_.plan_.accelerator()->threads().ParallelFor(
      static_cast<int64_t>(bytes), static_cast<int64_t>(kLarge) / 4, [&](int64_t begin, int64_t end) {
        std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, end - begin);
      });
}

absl::Status CudaReplay::Replay(absl::Span<const Tensor* const> feeds, std::vector<Tensor>* fetched) {
  CudaContext& cuda = *state_.plan_.accelerator()->cuda();
  for (size_t i = 0; i < feeds.size(); ++i) {
    const size_t bytes = feeds_[i].total_bytes();
    if (bytes == 0) continue;
    if (feeds[i]->memory_kind() == MemoryKind::kCuda) {
      TFP_RETURN_IF_ERROR(cuda.CopyOnDevice(feeds[i]->data(), feeds_[i].data(), bytes));
    } else {
      Copy(feeds[i]->data(), feeds_[i].data(), bytes);
    }
  }
  TFP_RETURN_IF_ERROR(graph_->Launch());
  fetched->resize(fetches_.size());
  for (size_t i = 0; i < fetches_.size(); ++i) {
    // Large values go straight to where the caller gets them.
    const bool direct = fetches_[i].memory_kind() == MemoryKind::kCuda;
    TFP_ASSIGN_OR_RETURN((*fetched)[i], Tensor::Allocate(fetches_[i].dtype(), fetches_[i].shape(),
                                                         direct ? cuda.pinned_allocator() : HeapAllocator()));
    if (direct) {
      TFP_RETURN_IF_ERROR(cuda.CopyToHost(fetches_[i].data(), (*fetched)[i].data(), fetches_[i].total_bytes()));
    }
  }
  TFP_RETURN_IF_ERROR(cuda.Synchronize());
  for (size_t i = 0; i < fetches_.size(); ++i) {
    if (fetches_[i].total_bytes() > 0 && fetches_[i].memory_kind() != MemoryKind::kCuda) {
      std::memcpy((*fetched)[i].data(), fetches_[i].data(), fetches_[i].total_bytes());
    }
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
