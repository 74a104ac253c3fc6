#include "reference/runtime/cuda_device.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/runtime/cuda_copy.h"

namespace tfpersist {
namespace {

absl::Status ToStatus(cudaError_t error, absl::string_view what) {
  if (error == cudaSuccess) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", cudaGetErrorString(error));
  if (error == cudaErrorMemoryAllocation) return absl::ResourceExhaustedError(text);
  return absl::InternalError(text);
}

using Blocks = std::multimap<size_t, void*>;  // by size

// Blocks of memory in a few sizes, kept for later use. A block that is let go is free at once: whoever gets it next
// queues its work behind the work of the one before. While `recording`, blocks go to the recorder instead.
class BlockPool {
 public:
  BlockPool(cudaError_t (*allocate)(void**, size_t), cudaError_t (*release)(void*), const char* what)
      : allocate_(allocate), release_(release), what_(what) {}
  ~BlockPool() {
    for (auto& [size, block] : free_) release_(block);
  }

  // Up to 1 MiB in eighths of a power of two, above in steps of 2 MiB: little is lost, much fits again.
  static size_t RoundUp(size_t bytes) {
    if (bytes <= 512) return 512;
    size_t step = size_t{2} << 20;
    if (bytes < (size_t{1} << 20)) {
      step = 512;
      while (step * 16 < bytes) step *= 2;
    }
    return (bytes + step - 1) / step * step;
  }

  absl::StatusOr<void*> Get(size_t size) {
    const std::lock_guard<std::mutex> lock(mutex_);
    void* block = nullptr;
    if (recording_) block = Take(recorded_, size);
    if (block == nullptr) block = Take(free_, size);
    if (block == nullptr) {
      cudaError_t error = allocate_(&block, size);
      if (error == cudaErrorMemoryAllocation && !free_.empty() && !recording_) {
        cudaGetLastError();
        for (auto& [free_size, free_block] : free_) {
          release_(free_block);
          reserved_ -= free_size;
        }
        free_.clear();
        error = allocate_(&block, size);
      }
      if (error != cudaSuccess) {
        cudaGetLastError();  // the error is told here; the next call starts afresh
        return absl::ResourceExhaustedError(absl::StrCat("OOM when allocating ", size, " bytes of ", what_, " (",
                                                         in_use_, " in use): ", cudaGetErrorString(error)));
      }
      reserved_ += size;
      in_use_ += size;
      sizes_[block] = size;
    }
    peak_ = std::max(peak_, in_use_);
    return block;
  }

  void Put(void* block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto it = sizes_.find(block);
    const size_t size = it->second;
    in_use_ -= size;
    sizes_.erase(it);
    (recording_ ? recorded_ : free_).emplace(size, block);
  }

  void BeginRecording() {
    const std::lock_guard<std::mutex> lock(mutex_);
    recording_ = true;
  }
  Blocks EndRecording() {
    const std::lock_guard<std::mutex> lock(mutex_);
    recording_ = false;
    return std::exchange(recorded_, {});
  }
  // Recorded blocks come back.
  void Return(const Blocks& blocks) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.insert(blocks.begin(), blocks.end());
  }

  CudaDevice::MemoryStats stats() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return {static_cast<int64_t>(in_use_), static_cast<int64_t>(peak_), static_cast<int64_t>(reserved_)};
  }
  void ResetPeak() {
    const std::lock_guard<std::mutex> lock(mutex_);
    peak_ = in_use_;
  }

 private:
  void* Take(Blocks& from, size_t size) {
    auto it = from.lower_bound(size);
    if (it == from.end() || it->first > size + size / 8) return nullptr;
    void* block = it->second;
    sizes_[block] = it->first;
    in_use_ += it->first;
    from.erase(it);
    return block;
  }

  cudaError_t (*const allocate_)(void**, size_t);
  cudaError_t (*const release_)(void*);
  const char* const what_;
  mutable std::mutex mutex_;
  Blocks free_, recorded_;
  absl::flat_hash_map<void*, size_t> sizes_;
  bool recording_ = false;
  size_t in_use_ = 0, peak_ = 0, reserved_ = 0;
};

// Keeps the pool: a tensor may outlive its session.
class PoolBuffer : public TensorBuffer {
 public:
  PoolBuffer(void* data, size_t bytes, MemoryKind kind, std::shared_ptr<BlockPool> pool)
      : TensorBuffer(data, bytes, kind), pool_(std::move(pool)) {}

 private:
  ~PoolBuffer() override { pool_->Put(data()); }
  const std::shared_ptr<BlockPool> pool_;
};

class PoolAllocator : public Allocator {
 public:
  PoolAllocator(MemoryKind kind, std::shared_ptr<BlockPool> pool) : kind_(kind), pool_(std::move(pool)) {}
  MemoryKind kind() const override { return kind_; }
  absl::StatusOr<TensorBuffer*> Allocate(size_t bytes) override {
    TFP_ASSIGN_OR_RETURN(void* block, pool_->Get(BlockPool::RoundUp(bytes)));
    return new PoolBuffer(block, bytes, kind_, pool_);
  }

 private:
  const MemoryKind kind_;
  const std::shared_ptr<BlockPool> pool_;
};

class CopyLane final : public CudaContext::Lane {
 public:
  explicit CopyLane(cudaStream_t stream) : stream_(stream) {}
  ~CopyLane() override {
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
  }
  absl::Status CopyToDevice(const void* pinned, void* device, size_t bytes) override {
    return ToStatus(cudaMemcpyAsync(device, pinned, bytes, cudaMemcpyHostToDevice, stream_), "copy to the device");
  }
  absl::Status CopyToHost(const void* device, void* pinned, size_t bytes) override {
    return ToStatus(cudaMemcpyAsync(pinned, device, bytes, cudaMemcpyDeviceToHost, stream_), "copy to the host");
  }
  absl::Status Wait() override { return ToStatus(cudaStreamSynchronize(stream_), "a copy failed"); }

 private:
  const cudaStream_t stream_;
};

cudaError_t AllocatePinned(void** block, size_t size) { return cudaHostAlloc(block, size, cudaHostAllocDefault); }
cudaError_t AllocateDevice(void** block, size_t size) { return cudaMalloc(block, size); }

class Context final : public CudaContext {
 public:
  explicit Context(int ordinal)
      : ordinal_(ordinal),
        device_pool_(std::make_shared<BlockPool>(AllocateDevice, &cudaFree, "device memory")),
        pinned_pool_(std::make_shared<BlockPool>(AllocatePinned, &cudaFreeHost, "pinned host memory")),
        device_allocator_(MemoryKind::kCuda, device_pool_),
        pinned_allocator_(MemoryKind::kPinned, pinned_pool_) {}
  ~Context() override {
    if (stream_ != nullptr) cudaStreamSynchronize(stream_);
    DropLibraries();
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  absl::Status Init() {
    TFP_RETURN_IF_ERROR(ToStatus(cudaSetDevice(ordinal_), "cudaSetDevice"));
    TFP_RETURN_IF_ERROR(ToStatus(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate"));
    int major = 0, minor = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ordinal_);
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, ordinal_);
    capability_ = major * 10 + minor;
    return ToStatus(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, ordinal_),
                    "cudaDeviceGetAttribute");
  }

  CUstream_st* stream() const override { return stream_; }
  int ordinal() const override { return ordinal_; }
  int multiprocessors() const override { return multiprocessors_; }
  int compute_capability() const override { return capability_; }
  Allocator* device_allocator() override { return &device_allocator_; }
  Allocator* pinned_allocator() override { return &pinned_allocator_; }
  absl::Status CopyToDevice(const void* host, void* device, size_t bytes) override {
    return ToStatus(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_), "copy to the device");
  }
  absl::Status CopyToHost(const void* device, void* host, size_t bytes) override {
    return ToStatus(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream_), "copy to the host");
  }
  absl::Status CopyOnDevice(const void* from, void* to, size_t bytes) override {
    return ToStatus(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), "copy on the device");
  }
  absl::Status Zero(void* device, size_t bytes) override {
    return ToStatus(cudaMemsetAsync(device, 0, bytes, stream_), "memset");
  }
  absl::Status CopyBox(const void* from, void* to, absl::Span<const BoxDim> dims, int width) override {
    return CopyBoxOnDevice(*this, from, to, dims, width);
  }
  absl::StatusOr<std::unique_ptr<Lane>> NewLane() override {
    cudaStream_t stream = nullptr;
    TFP_RETURN_IF_ERROR(ToStatus(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate"));
    return std::make_unique<CopyLane>(stream);
  }
  absl::Status Synchronize() override { return ToStatus(cudaStreamSynchronize(stream_), "the device's work failed"); }
  bool capturing() const override { return capturing_; }

  BlockPool& pool() { return *device_pool_; }
  const std::shared_ptr<BlockPool>& shared_pool() { return device_pool_; }
  void set_capturing(bool on) { capturing_ = on; }

 private:
  const int ordinal_;
  cudaStream_t stream_ = nullptr;
  int multiprocessors_ = 0, capability_ = 0;
  bool capturing_ = false;
  const std::shared_ptr<BlockPool> device_pool_, pinned_pool_;
  PoolAllocator device_allocator_, pinned_allocator_;
};

class RecordedGraph : public CudaGraph {
 public:
  RecordedGraph(cudaGraph_t graph, cudaStream_t stream, std::shared_ptr<BlockPool> pool, Blocks blocks)
      : graph_(graph), stream_(stream), pool_(std::move(pool)), blocks_(std::move(blocks)) {}
  ~RecordedGraph() override {
    if (exec_ != nullptr) cudaGraphExecDestroy(exec_);
    cudaGraphDestroy(graph_);
    pool_->Return(blocks_);
  }
  absl::Status Init() { return ToStatus(cudaGraphInstantiate(&exec_, graph_, 0), "cudaGraphInstantiate"); }
  absl::Status Launch() override { return ToStatus(cudaGraphLaunch(exec_, stream_), "cudaGraphLaunch"); }

 private:
  cudaGraph_t graph_;
  cudaGraphExec_t exec_ = nullptr;
  cudaStream_t stream_;
  const std::shared_ptr<BlockPool> pool_;
  const Blocks blocks_;
};

class Impl final : public CudaDevice {
 public:
  Impl(int ordinal, ThreadPool& threads)
      : name_(absl::StrCat("/job:localhost/replica:0/task:0/device:GPU:", ordinal)),
        threads_(threads),
        context_(ordinal) {}
  absl::Status Init() { return context_.Init(); }

  const std::string& name() const override { return name_; }
  Allocator* allocator() override { return context_.device_allocator(); }
  ThreadPool& threads() override { return threads_; }
  CudaContext* cuda() override { return &context_; }

  absl::Status BeginCapture() override {
    TFP_RETURN_IF_ERROR(ToStatus(cudaStreamBeginCapture(context_.stream(), cudaStreamCaptureModeThreadLocal),
                                 "cudaStreamBeginCapture"));
    context_.pool().BeginRecording();
    context_.set_capturing(true);
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<CudaGraph>> EndCapture() override {
    cudaGraph_t graph = nullptr;
    const cudaError_t error = cudaStreamEndCapture(context_.stream(), &graph);
    context_.set_capturing(false);
    auto blocks = context_.pool().EndRecording();
    if (error != cudaSuccess || graph == nullptr) {
      cudaGetLastError();
      context_.pool().Return(blocks);
      return absl::FailedPreconditionError(absl::StrCat("no CUDA graph of this run: ", cudaGetErrorString(error)));
    }
    auto made = std::make_unique<RecordedGraph>(graph, context_.stream(), context_.shared_pool(), std::move(blocks));
    TFP_RETURN_IF_ERROR(made->Init());
    return made;
  }

  MemoryStats memory() const override { return const_cast<Context&>(context_).pool().stats(); }
  void ResetPeak() override { context_.pool().ResetPeak(); }

 private:
  const std::string name_;
  ThreadPool& threads_;
  Context context_;
};

}  // namespace

int CudaDevice::Count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return count;
}

std::string CudaDevice::Describe() {
  int runtime = 0, driver = 0;
  cudaRuntimeGetVersion(&runtime);
  cudaDriverGetVersion(&driver);
  auto dotted = [](int v) { return absl::StrCat(v / 1000, ".", v % 1000 / 10); };
  if (driver == 0) return absl::StrCat("CUDA ", dotted(runtime), ", no driver");
  std::string text = absl::StrCat("CUDA ", dotted(runtime), ", driver for ", dotted(driver));
  const int count = Count();
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    absl::StrAppend(&text, ", ", properties.name, " (", properties.totalGlobalMem >> 20, " MiB)");
  }
  return text;
}

absl::StatusOr<std::unique_ptr<CudaDevice>> CudaDevice::Create(int ordinal, ThreadPool& threads) {
  const int count = Count();
  if (ordinal >= count) {
    return absl::NotFoundError(absl::StrCat("A session on GPU ", ordinal, " was asked for, and there are ", count, " (",
                                            Describe(), "). Ask for the CPU."));
  }
  auto device = std::make_unique<Impl>(ordinal, threads);
  TFP_RETURN_IF_ERROR(device->Init());
  return device;
}

}  // namespace tfpersist
