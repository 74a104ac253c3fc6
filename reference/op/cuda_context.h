// What CUDA kernels see of their device: a stream, memory that lives as long as the work on it, and the handles of
// NVIDIA's libraries. No CUDA header is needed to read this one, so that the layers above know no toolkit.
//
// All work of a session on one device goes to stream(), in the order of the calls: memory that is let go may be used
// again at once by what is queued later. Thread rules: runs of one device take turns (mutex()); the rest is
// thread-safe.
#ifndef TFPERSIST_REFERENCE_OP_CUDA_CONTEXT_H_
#define TFPERSIST_REFERENCE_OP_CUDA_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <typeindex>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "reference/tensor/tensor.h"

struct CUstream_st;  // cudaStream_t

namespace tfpersist {

class CudaContext {
 public:
  virtual ~CudaContext() = default;

  virtual CUstream_st* stream() const = 0;
  virtual int ordinal() const = 0;
  virtual int multiprocessors() const = 0;
  virtual int compute_capability() const = 0;  // 90 for 9.0
  virtual Allocator* device_allocator() = 0;
  virtual Allocator* pinned_allocator() = 0;  // host memory that copies run from without a stop

  // Queued copies. From pageable host memory the call returns when the source may be changed.
  virtual absl::Status CopyToDevice(const void* host, void* device, size_t bytes) = 0;
  virtual absl::Status CopyToHost(const void* device, void* host, size_t bytes) = 0;
  virtual absl::Status CopyOnDevice(const void* from, void* to, size_t bytes) = 0;
  virtual absl::Status Zero(void* device, size_t bytes) = 0;
  // Moves a box of elements of `width` bytes (1, 2, 4, 8 or 16), element by element of its dimensions, outermost first.
  // At most kMaxBoxDims of them once neighbours that run on are folded; UNIMPLEMENTED beyond.
  struct BoxDim {
    int64_t size;
    int64_t from_stride, to_stride;  // in elements; may be negative or 0
  };
  static constexpr int kMaxBoxDims = 8;
  virtual absl::Status CopyBox(const void* from, void* to, absl::Span<const BoxDim> dims, int width) = 0;
  // Copies beside the stream's work: for bulk transfers out of pinned memory. Made once, used again.
  class Lane {
   public:
    virtual ~Lane() = default;
    virtual absl::Status CopyToDevice(const void* pinned, void* device, size_t bytes) = 0;
    virtual absl::Status CopyToHost(const void* device, void* pinned, size_t bytes) = 0;
    virtual absl::Status Wait() = 0;  // for this lane's copies
  };
  virtual absl::StatusOr<std::unique_ptr<Lane>> NewLane() = 0;
  // Waits for all queued work. INTERNAL with CUDA's text if some of it failed.
  virtual absl::Status Synchronize() = 0;
  virtual bool capturing() const = 0;  // the stream records a graph: nothing may wait

  // A value on the device of a value on the host, and the other way round; to the host waits for the copy.
  absl::StatusOr<Tensor> ToDevice(const Tensor& host) {
    absl::StatusOr<Tensor> t = Tensor::Allocate(host.dtype(), host.shape(), device_allocator());
    if (!t.ok() || host.total_bytes() == 0) return t;
    absl::Status s = CopyToDevice(host.data(), t->data(), host.total_bytes());
    return s.ok() ? t : absl::StatusOr<Tensor>(s);
  }
  absl::StatusOr<Tensor> ToHost(const Tensor& device, Allocator* allocator = HeapAllocator()) {
    absl::StatusOr<Tensor> t = Tensor::Allocate(device.dtype(), device.shape(), allocator);
    if (!t.ok() || device.total_bytes() == 0) return t;
    absl::Status s = CopyToHost(device.data(), t->data(), device.total_bytes());
    if (s.ok()) s.Update(Synchronize());
    return s.ok() ? t : absl::StatusOr<Tensor>(s);
  }

  // One run at a time puts work on the stream.
  std::mutex& mutex() { return mutex_; }

  // The one T of this device (a library's handle, a cache of its plans), made by T(CudaContext&) at first use.
  template <typename T>
  T& Library() {
    const std::lock_guard<std::mutex> lock(libraries_mutex_);
    std::shared_ptr<void>& slot = libraries_[std::type_index(typeid(T))];
    if (slot == nullptr) slot = std::make_shared<T>(*this);
    return *static_cast<T*>(slot.get());
  }

 protected:
  // For the destructor of a subclass: libraries go while the device still stands.
  void DropLibraries() { libraries_.clear(); }

 private:
  std::mutex mutex_;
  std::mutex libraries_mutex_;
  absl::flat_hash_map<std::type_index, std::shared_ptr<void>> libraries_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_CUDA_CONTEXT_H_
