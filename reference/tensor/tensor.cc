#include "reference/tensor/tensor.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "reference/base/host_memory.h"
#include "reference/base/status.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

class HeapBuffer : public TensorBuffer {
 public:
  HeapBuffer(void* data, size_t size) : TensorBuffer(data, size, MemoryKind::kHost) {}

 private:
  ~HeapBuffer() override { std::free(data()); }
};

// Data in the same piece of the heap. AddressSanitizer sees behind the end of others only.
class SmallBuffer : public TensorBuffer {
 public:
#ifdef __SANITIZE_ADDRESS__
  static constexpr size_t kLimit = 0;
#else
  static constexpr size_t kLimit = 4096;
#endif
  // Null: no memory.
  static SmallBuffer* New(size_t bytes) {
    char* const memory = static_cast<char*>(std::malloc(sizeof(SmallBuffer) + kHostAlignment - 1 + bytes));
    if (memory == nullptr) return nullptr;
    const uintptr_t data = reinterpret_cast<uintptr_t>(memory) + sizeof(SmallBuffer) + kHostAlignment - 1;
    return new (memory) SmallBuffer(reinterpret_cast<void*>(data / kHostAlignment * kHostAlignment), bytes);
  }
  static void operator delete(void* memory) { std::free(memory); }

 private:
  static void* operator new(size_t, void* memory) { return memory; }
  SmallBuffer(void* data, size_t size) : TensorBuffer(data, size, MemoryKind::kHost) {}
  ~SmallBuffer() override = default;
};

class HeapAllocatorImpl : public Allocator {
 public:
  MemoryKind kind() const override { return MemoryKind::kHost; }
  absl::StatusOr<TensorBuffer*> Allocate(size_t bytes) override {
    if (bytes < SmallBuffer::kLimit) {
      SmallBuffer* const buffer = SmallBuffer::New(bytes);
      if (buffer == nullptr) return OutOfMemory(bytes);
      return buffer;
    }
    void* const data = AllocateHostMemory(bytes);
    if (data == nullptr) return OutOfMemory(bytes);
    return new HeapBuffer(data, bytes);
  }

 private:
  static absl::Status OutOfMemory(size_t bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("OOM when allocating ", bytes, " bytes for a tensor"));
  }
};

// Elements that are objects: made and destroyed with the buffer.
template <typename T>
class ObjectBuffer : public TensorBuffer {
 public:
  // Takes over `memory`, of n objects' size.
  ObjectBuffer(TensorBuffer* memory, size_t n)
      : TensorBuffer(memory->data(), n * sizeof(T), MemoryKind::kHost), memory_(memory), n_(n) {
    std::uninitialized_value_construct_n(static_cast<T*>(data()), n);
  }

 private:
  ~ObjectBuffer() override {
    std::destroy_n(static_cast<T*>(data()), n_);
    memory_->Unref();
  }
  TensorBuffer* const memory_;
  const size_t n_;
};

template <typename T>
absl::StatusOr<TensorBuffer*> AllocateObjects(int64_t n, Allocator* allocator) {
  if (static_cast<uint64_t>(n) > PTRDIFF_MAX / sizeof(T)) {
    return absl::ResourceExhaustedError(absl::StrCat("OOM when allocating a tensor of ", n, " elements"));
  }
  if (allocator->kind() != MemoryKind::kHost) allocator = HeapAllocator();
  TFP_ASSIGN_OR_RETURN(TensorBuffer * memory, allocator->Allocate(n * sizeof(T)));
  return new ObjectBuffer<T>(memory, n);
}

template <typename T>
void CopyObjects(const Tensor& from, Tensor* to) {
  std::copy(from.flat<T>().begin(), from.flat<T>().end(), to->flat<T>().begin());
}

}  // namespace

Allocator* HeapAllocator() {
  static HeapAllocatorImpl allocator;  // no state
  return &allocator;
}

absl::StatusOr<Tensor> Tensor::Allocate(DataType dtype, const TensorShape& shape, Allocator* allocator) {
  Tensor t;
  const int64_t n = shape.num_elements();
  TensorBuffer* buffer;
  if (const size_t width = DataTypeSize(dtype); width > 0) {
    if (static_cast<uint64_t>(n) > PTRDIFF_MAX / width) {
      return absl::ResourceExhaustedError(absl::StrCat("OOM when allocating tensor with shape ", shape.DebugString(),
                                                       " and type ", DataTypeString(dtype)));
    }
    TFP_ASSIGN_OR_RETURN(buffer, allocator->Allocate(n * width));
  } else if (dtype == DT_STRING) {
    TFP_ASSIGN_OR_RETURN(buffer, AllocateObjects<std::string>(n, allocator));
  } else if (dtype == DT_RESOURCE) {
    TFP_ASSIGN_OR_RETURN(buffer, AllocateObjects<ResourceHandle>(n, allocator));
  } else if (dtype == DT_VARIANT) {
    TFP_ASSIGN_OR_RETURN(buffer, AllocateObjects<Variant>(n, allocator));
  } else {
    return absl::InvalidArgumentError(absl::StrCat("There are no tensors of type ", DataTypeString(dtype)));
  }
  t.dtype_ = dtype;
  t.shape_ = shape;
  t.buffer_ = buffer;
  t.data_ = buffer->data();
  return t;
}

Tensor Tensor::Wrap(DataType dtype, const TensorShape& shape, TensorBuffer* buffer, void* data) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = shape;
  t.buffer_ = buffer;
  t.data_ = data;
  return t;
}

size_t Tensor::total_bytes() const {
  switch (dtype_) {
    case DT_STRING:
      return num_elements() * sizeof(std::string);
    case DT_RESOURCE:
      return num_elements() * sizeof(ResourceHandle);
    case DT_VARIANT:
      return num_elements() * sizeof(Variant);
    default:
      return dtype_ == DT_INVALID ? 0 : num_elements() * DataTypeSize(dtype_);
  }
}

Tensor Tensor::Reshaped(const TensorShape& shape) const {
  Tensor t(*this);
  t.shape_ = shape;
  return t;
}

Tensor Tensor::BitcastTo(DataType dtype) const {
  Tensor t(*this);
  t.dtype_ = dtype;
  return t;
}

absl::StatusOr<Tensor> Tensor::DeepCopy() const {
  if (!has_value()) return Tensor();
  TFP_ASSIGN_OR_RETURN(Tensor copy, Allocate(dtype_, shape_));
  switch (dtype_) {
    case DT_STRING:
      CopyObjects<std::string>(*this, &copy);
      break;
    case DT_RESOURCE:
      CopyObjects<ResourceHandle>(*this, &copy);
      break;
    case DT_VARIANT:
      CopyObjects<Variant>(*this, &copy);
      break;
    default:
      if (total_bytes() > 0) std::memcpy(copy.data_, data_, total_bytes());
  }
  return copy;
}

std::string Tensor::SummarizeValue(int64_t max_entries) const { return SummarizeTensorValue(*this, max_entries); }

std::string Tensor::DebugString() const {
  return absl::StrCat("Tensor<type: ", DataTypeString(dtype_), " shape: ", shape_.DebugString(),
                      " values: ", SummarizeValue(3), ">");
}

}  // namespace tfpersist
