// Tensor: a dtype, a shape, and a reference-counted buffer on some device. Copying a Tensor shares the buffer.
//
// Follows TensorFlow's core/framework/tensor.h. A Tensor is a value: const use from several threads is safe, and so is
// copying; writing through data() needs sole ownership (see RefCountIsOne). Elements are row-major. Strings are
// std::string objects, resources ResourceHandle, variants Variant; all others plain bytes in host order.
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/tensor/tensor_shape.h"
#include "reference/tensor/types.h"

namespace tfpersist {

// Where a buffer lives. kPinned is host memory that a device can copy from asynchronously.
enum class MemoryKind : uint8_t { kHost, kPinned, kCuda };

// Memory under one or more tensors. Subclasses own it in their way: heap, private file mapping, device pool, a caller.
class TensorBuffer {
 public:
  TensorBuffer(void* data, size_t size, MemoryKind kind) : data_(data), size_(size), kind_(kind) {}
  TensorBuffer(const TensorBuffer&) = delete;
  TensorBuffer& operator=(const TensorBuffer&) = delete;

  void* data() const { return data_; }
  size_t size() const { return size_; }  // bytes
  MemoryKind kind() const { return kind_; }

  void Ref() const { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() const {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  bool RefCountIsOne() const { return refs_.load(std::memory_order_acquire) == 1; }

 protected:
  virtual ~TensorBuffer() = default;

 private:
  mutable std::atomic<int> refs_{1};
  void* data_;
  size_t size_;
  MemoryKind kind_;
};

// Gives memory for tensors. Implementations: the heap (aligned to 64 bytes; huge pages for large sizes), the CUDA pool.
// Thread-safe.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual MemoryKind kind() const = 0;
  // A new buffer of `bytes` bytes with one reference, uninitialized. RESOURCE_EXHAUSTED if it can't be had.
  virtual absl::StatusOr<TensorBuffer*> Allocate(size_t bytes) = 0;
  // The most bytes that may be had in all, where somebody set a limit. What lies outside of buffers, such as strings'
  // characters, is held to it by whoever makes it.
  virtual int64_t limit() const { return INT64_MAX; }
};

// The heap; stateless.
Allocator* HeapAllocator();

class Tensor {
 public:
  Tensor() = default;  // DT_INVALID: no value
  Tensor(const Tensor& o) : dtype_(o.dtype_), shape_(o.shape_), buffer_(o.buffer_), data_(o.data_) {
    if (buffer_ != nullptr) buffer_->Ref();
  }
  Tensor(Tensor&& o) noexcept
      : dtype_(std::exchange(o.dtype_, DT_INVALID)),
        shape_(std::move(o.shape_)),
        buffer_(std::exchange(o.buffer_, nullptr)),
        data_(std::exchange(o.data_, nullptr)) {}
  Tensor& operator=(Tensor o) noexcept {
    swap(o);
    return *this;
  }
  ~Tensor() {
    if (buffer_ != nullptr) buffer_->Unref();
  }
  void swap(Tensor& o) noexcept {
    std::swap(dtype_, o.dtype_);
    std::swap(shape_, o.shape_);
    std::swap(buffer_, o.buffer_);
    std::swap(data_, o.data_);
  }

  // A new tensor. Plain dtypes are uninitialized; strings are empty, resources and variants null.
  // RESOURCE_EXHAUSTED if memory can't be had; INVALID_ARGUMENT for a dtype without elements.
  static absl::StatusOr<Tensor> Allocate(DataType dtype, const TensorShape& shape,
                                         Allocator* allocator = HeapAllocator());
  // A tensor over memory that somebody else made; takes over the caller's reference on `buffer`.
  // REQUIRES: plain dtype; [data, data + bytes) lies in the buffer.
  static Tensor Wrap(DataType dtype, const TensorShape& shape, TensorBuffer* buffer, void* data);

  // For values that the program knows: Tensor::Of<float>({2}, {1, 2}). REQUIRES: as many values as elements.
  template <typename T>
  static Tensor Of(const TensorShape& shape, absl::Span<const T> values);
  template <typename T>
  static Tensor Of(const TensorShape& shape, std::initializer_list<T> values) {
    return Of<T>(shape, absl::Span<const T>(values.begin(), values.size()));
  }
  template <typename T>
  static Tensor Scalar(T value) {
    return Of<T>({}, absl::Span<const T>(&value, 1));
  }

  DataType dtype() const { return dtype_; }
  const TensorShape& shape() const { return shape_; }
  int64_t num_elements() const { return shape_.num_elements(); }
  // Bytes of the elements (strings: the std::string objects only).
  size_t total_bytes() const;
  bool has_value() const { return dtype_ != DT_INVALID; }
  MemoryKind memory_kind() const { return buffer_ ? buffer_->kind() : MemoryKind::kHost; }

  // The elements. REQUIRES: host memory (flat), dtype == DataTypeOf<T> (flat).
  const void* data() const { return data_; }
  void* data() { return data_; }
  template <typename T>
  absl::Span<const T> flat() const {
    return absl::Span<const T>(static_cast<const T*>(data_), static_cast<size_t>(num_elements()));
  }
  template <typename T>
  absl::Span<T> flat() {
    return absl::Span<T>(static_cast<T*>(data_), static_cast<size_t>(num_elements()));
  }
  template <typename T>
  const T& scalar() const {
    return *static_cast<const T*>(data_);
  }

  // The same elements under another shape. REQUIRES: as many elements.
  Tensor Reshaped(const TensorShape& shape) const;
  // The same bytes as another plain dtype of the same width (quantized and integer types, say).
  Tensor BitcastTo(DataType dtype) const;
  // A copy with a buffer of its own.
  absl::StatusOr<Tensor> DeepCopy() const;
  bool SharesBufferWith(const Tensor& o) const { return buffer_ != nullptr && buffer_ == o.buffer_; }
  bool RefCountIsOne() const { return buffer_ == nullptr || buffer_->RefCountIsOne(); }

  // The first `max_entries` values as TensorFlow prints them in messages: "1 2 3...", nested brackets from rank 2.
  std::string SummarizeValue(int64_t max_entries) const;
  std::string DebugString() const;  // "Tensor<type: float shape: [9] values: 3 3 3...>"

 private:
  DataType dtype_ = DT_INVALID;
  TensorShape shape_;
  TensorBuffer* buffer_ = nullptr;  // null: no elements
  void* data_ = nullptr;
};

// A resource's address: what a VarHandleOp gives. Follows core/framework/resource_handle.h.
struct ResourceHandle {
  std::string device;
  std::string container;
  std::string name;
  uint64_t hash_code = 0;
  std::string maybe_type_name;
  // What VarHandleOp declares, so that an assignment can be checked.
  DataType dtype = DT_INVALID;
  PartialTensorShape shape;
};

// A variant's value in its portable form (VariantTensorDataProto): what a checkpoint can hold.
struct Variant {
  std::string type_name;
  std::string metadata;
  std::vector<Tensor> tensors;
};

}  // namespace tfpersist

#include "reference/tensor/tensor_inl.h"

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_H_
