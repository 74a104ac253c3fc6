// TF_Tensor: elements shared with the library's own tensors; strings in three forms.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "reference/base/coding.h"
#include "reference/base/status.h"
#include "reference/capi/internal.h"
#include "tensorflow/c/tf_tstring.h"
#undef TF_TensorData
#undef TF_TensorByteSize

namespace tfpersist::capi {
namespace {

using Form = TF_Tensor::Form;

constexpr size_t kAlignment = 64;

// Memory that a client made.
class ClientBuffer : public TensorBuffer {
 public:
  ClientBuffer(void* data, size_t size, void (*deallocator)(void*, size_t, void*), void* arg)
      : TensorBuffer(data, size, MemoryKind::kHost), deallocator_(deallocator), arg_(arg) {}

 private:
  ~ClientBuffer() override {
    if (deallocator_ != nullptr) deallocator_(data(), size(), arg_);
  }
  void (*deallocator_)(void*, size_t, void*);
  void* arg_;
};

absl::StatusOr<TensorShape> ShapeOf(const TF_Tensor* t) { return TensorShape::Create(t->dims); }

int64_t ElementsOf(const TF_Tensor* t) {
  int64_t n = 1;
  for (int64_t d : t->dims) n *= d;
  return n;
}

absl::Status Malformed() {
  return absl::InvalidArgumentError("Malformed TF_STRING tensor; its offsets and lengths do not fit its size");
}

absl::StatusOr<std::vector<std::string>> Decode(const std::string& bytes, int64_t n) {
  if (n > static_cast<int64_t>(bytes.size() / sizeof(uint64_t))) return Malformed();
  const absl::string_view strings = absl::string_view(bytes).substr(n * sizeof(uint64_t));
  std::vector<std::string> values(n);
  for (int64_t i = 0; i < n; ++i) {
    uint64_t offset;
    std::memcpy(&offset, bytes.data() + i * sizeof offset, sizeof offset);
    if (offset >= strings.size()) return Malformed();
    ByteReader in(strings.substr(offset));
    uint64_t size;
    if (!in.ReadVarint64(&size) || size > in.remaining()) return Malformed();
    values[i] = std::string(strings.substr(strings.size() - in.remaining(), size));
  }
  return values;
}

std::string Encode(absl::Span<const std::string> values) {
  std::string offsets, strings;
  for (const std::string& value : values) {
    PutFixed64(&offsets, strings.size());
    PutVarint64(&strings, value.size());
    strings += value;
  }
  return offsets + strings;
}

TF_TString* TStrings(const TF_Tensor* t) { return reinterpret_cast<TF_TString*>(t->tstrings.data()); }

void FreeTStrings(const TF_Tensor* t) {
  for (size_t i = 0; i < t->tstrings.size() / sizeof(TF_TString); ++i) TF_StringDealloc(&TStrings(t)[i]);
  t->tstrings.clear();
}

// The strings, from whichever form they are in.
absl::StatusOr<std::vector<std::string>> StringsOf(const TF_Tensor* t) {
  std::vector<std::string> values;
  switch (t->form) {
    case Form::kValue:
      if (t->value.has_value())
        return std::vector<std::string>(t->value.flat<std::string>().begin(), t->value.flat<std::string>().end());
      values.resize(ElementsOf(t));
      return values;
    case Form::kEncoded:
      return Decode(t->encoded, ElementsOf(t));
    case Form::kTStrings:
      for (size_t i = 0; i < t->tstrings.size() / sizeof(TF_TString); ++i) {
        values.emplace_back(TF_StringGetDataPointer(&TStrings(t)[i]), TF_StringGetSize(&TStrings(t)[i]));
      }
      return values;
  }
  return values;
}

void MakeEncoded(const TF_Tensor* t) {
  if (t->form == Form::kEncoded) return;
  const absl::StatusOr<std::vector<std::string>> values = StringsOf(t);
  t->encoded = values.ok() ? Encode(*values) : "";
  t->form = Form::kEncoded;
}

void MakeTStrings(const TF_Tensor* t) {
  if (t->form == Form::kTStrings) return;
  absl::StatusOr<std::vector<std::string>> values = StringsOf(t);
  if (!values.ok()) values = std::vector<std::string>(ElementsOf(t));
  FreeTStrings(t);
  t->tstrings.assign(values->size() * sizeof(TF_TString), 0);
  for (size_t i = 0; i < values->size(); ++i) TF_StringCopy(&TStrings(t)[i], (*values)[i].data(), (*values)[i].size());
  t->form = Form::kTStrings;
}

// The client's memory may hold bytes that are no bool, which the library must not read as one: a copy with 1 in their
// place.
absl::StatusOr<Tensor> WithoutBadBools(const Tensor& t) {
  const auto* const bytes = static_cast<const unsigned char*>(t.data());
  const int64_t n = t.num_elements();
  if (std::all_of(bytes, bytes + n, [](unsigned char b) { return b <= 1; })) return t;
  TFP_ASSIGN_OR_RETURN(Tensor copy, Tensor::Allocate(DT_BOOL, t.shape()));
  std::transform(bytes, bytes + n, static_cast<unsigned char*>(copy.data()),
                 [](unsigned char b) -> unsigned char { return b != 0; });
  return copy;
}

}  // namespace

absl::StatusOr<Tensor> ToTensor(const TF_Tensor* t) {
  if (t->dtype == TF_BOOL && t->value.has_value()) return WithoutBadBools(t->value);
  if (t->dtype != TF_STRING || (t->form == Form::kValue && t->value.has_value())) return t->value;
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> values, StringsOf(t));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeOf(t));
  TFP_ASSIGN_OR_RETURN(Tensor value, Tensor::Allocate(DT_STRING, shape));
  std::copy(values.begin(), values.end(), value.flat<std::string>().begin());
  return value;
}

TF_Tensor* FromTensor(Tensor value) {
  auto* t = new TF_Tensor;
  t->dtype = static_cast<TF_DataType>(value.dtype());
  for (int i = 0; i < value.shape().rank(); ++i) t->dims.push_back(value.shape().dim(i));
  t->value = std::move(value);
  return t;
}

}  // namespace tfpersist::capi

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT

TF_Tensor::~TF_Tensor() { FreeTStrings(this); }

TF_Tensor* TF_NewTensor(TF_DataType dtype, const int64_t* dims, int num_dims, void* data, size_t len,
                        void (*deallocator)(void* data, size_t len, void* arg), void* deallocator_arg) {
  const auto release = [&] {
    if (deallocator != nullptr) deallocator(data, len, deallocator_arg);
  };
  auto t = std::make_unique<TF_Tensor>();
  t->dtype = dtype;
  t->dims.assign(dims, dims + num_dims);
  const absl::StatusOr<TensorShape> shape = ShapeOf(t.get());
  const size_t width = TF_DataTypeSize(dtype);
  if (!shape.ok() || (width > 0 && static_cast<uint64_t>(shape->num_elements()) > len / width)) {
    release();
    return nullptr;
  }
  if (dtype == TF_STRING) {
    t->encoded.assign(static_cast<const char*>(data), len);
    t->form = TF_Tensor::Form::kEncoded;
    release();
    return t.release();
  }
  if (width == 0) {
    release();
    return nullptr;
  }
  const DataType type = static_cast<DataType>(dtype);
  if (reinterpret_cast<uintptr_t>(data) % kAlignment == 0 && shape->num_elements() > 0) {
    t->value = Tensor::Wrap(type, *shape, new ClientBuffer(data, len, deallocator, deallocator_arg), data);
    return t.release();
  }
  absl::StatusOr<Tensor> copy = Tensor::Allocate(type, *shape);
  if (copy.ok() && copy->total_bytes() > 0) std::memcpy(copy->data(), data, copy->total_bytes());
  release();
  if (!copy.ok()) return nullptr;
  t->value = *std::move(copy);
  return t.release();
}

TF_Tensor* TF_AllocateTensor(TF_DataType dtype, const int64_t* dims, int num_dims, size_t len) {
  auto t = std::make_unique<TF_Tensor>();
  t->dtype = dtype;
  t->dims.assign(dims, dims + num_dims);
  const absl::StatusOr<TensorShape> shape = ShapeOf(t.get());
  if (!shape.ok()) return nullptr;
  if (dtype == TF_STRING) {
    t->encoded.assign(len, '\0');
    t->form = TF_Tensor::Form::kEncoded;
    // A client of 2.x asks for the array's size, and finds empty strings there.
    if (len == static_cast<size_t>(shape->num_elements()) * sizeof(TF_TString)) {
      t->tstrings.assign(len, 0);
    }
    return t.release();
  }
  absl::StatusOr<Tensor> value = Tensor::Allocate(static_cast<DataType>(dtype), *shape);
  if (!value.ok() || len < value->total_bytes()) return nullptr;
  t->value = *std::move(value);
  return t.release();
}

TF_Tensor* TF_TensorMaybeMove(TF_Tensor* tensor) {
  if (tensor->dtype == TF_STRING || !tensor->value.RefCountIsOne()) return nullptr;
  return FromTensor(std::move(tensor->value));
}
void TF_DeleteTensor(TF_Tensor* tensor) { delete tensor; }
TF_DataType TF_TensorType(const TF_Tensor* tensor) { return tensor->dtype; }
int TF_NumDims(const TF_Tensor* tensor) { return static_cast<int>(tensor->dims.size()); }
int64_t TF_Dim(const TF_Tensor* tensor, int dim_index) { return tensor->dims[dim_index]; }
int64_t TF_TensorElementCount(const TF_Tensor* tensor) { return ElementsOf(tensor); }

size_t TF_TensorByteSize(const TF_Tensor* tensor) {
  if (tensor->dtype != TF_STRING) return tensor->value.total_bytes();
  MakeEncoded(tensor);
  return tensor->encoded.size();
}
void* TF_TensorData(const TF_Tensor* tensor) {
  if (tensor->dtype != TF_STRING) return const_cast<void*>(tensor->value.data());
  MakeEncoded(tensor);
  return tensor->encoded.data();
}
size_t TF_TensorByteSizeTString(const TF_Tensor* tensor) {
  return tensor->dtype == TF_STRING ? ElementsOf(tensor) * sizeof(TF_TString) : TF_TensorByteSize(tensor);
}
void* TF_TensorDataTString(const TF_Tensor* tensor) {
  if (tensor->dtype != TF_STRING) return TF_TensorData(tensor);
  if (!tensor->tstrings.empty()) tensor->form = TF_Tensor::Form::kTStrings;  // allocated as such
  MakeTStrings(tensor);
  return tensor->tstrings.data();
}

void TF_TensorBitcastFrom(const TF_Tensor* from, TF_DataType type, TF_Tensor* to, const int64_t* new_dims,
                          int num_new_dims, TF_Status* status) {
  Set(status, absl::OkStatus());
  const absl::StatusOr<TensorShape> shape = TensorShape::Create(absl::MakeSpan(new_dims, num_new_dims));
  const size_t width = TF_DataTypeSize(type);
  if (!shape.ok() || width == 0 || TF_DataTypeSize(from->dtype) != width ||
      shape->num_elements() != from->value.num_elements()) {
    return Set(status, absl::InvalidArgumentError(
                           absl::StrCat("A tensor of type ", DataTypeString(static_cast<DataType>(from->dtype)),
                                        " and ", ElementsOf(from), " elements can't be taken for one of type ",
                                        DataTypeString(static_cast<DataType>(type)), " and this shape")));
  }
  to->value = from->value.BitcastTo(static_cast<DataType>(type)).Reshaped(*shape);
  to->dtype = type;
  to->dims.assign(new_dims, new_dims + num_new_dims);
}

size_t TF_StringEncodedSize(size_t len) { return static_cast<size_t>(VarintLength(len)) + len; }

size_t TF_StringEncode(const char* src, size_t src_len, char* dst, size_t dst_len, TF_Status* status) {
  std::string bytes;
  PutVarint64(&bytes, src_len);
  if (bytes.size() + src_len > dst_len) {
    Set(status, absl::InvalidArgumentError(
                    absl::StrCat("dst_len ", dst_len, " is too small: ", bytes.size() + src_len, " bytes are needed")));
    return 0;
  }
  std::memcpy(dst, bytes.data(), bytes.size());
  if (src_len > 0) std::memcpy(dst + bytes.size(), src, src_len);
  Set(status, absl::OkStatus());
  return bytes.size() + src_len;
}

size_t TF_StringDecode(const char* src, size_t src_len, const char** dst, size_t* dst_len, TF_Status* status) {
  ByteReader in(absl::string_view(src, src_len));
  uint64_t size;
  if (!in.ReadVarint64(&size) || size > in.remaining()) {
    Set(status, absl::InvalidArgumentError("invalid string encoding or truncated src buffer"));
    return 0;
  }
  *dst = src + (src_len - in.remaining());
  *dst_len = size;
  Set(status, absl::OkStatus());
  return (src_len - in.remaining()) + size;
}
