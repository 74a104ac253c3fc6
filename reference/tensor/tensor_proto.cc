#include "reference/tensor/tensor_proto.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/proto/tensor.pb.h"

namespace tfpersist {
namespace {

using tensorflow::TensorProto;

absl::Status BadProto(const TensorProto& proto) {
  constexpr size_t kShown = 1000;
  std::string text = proto.DebugString();
  if (text.size() > kShown) text = absl::StrCat(text.substr(0, kShown), "...");
  return absl::InvalidArgumentError(absl::StrCat("Cannot parse tensor from proto: ", text));
}

// Fills n elements from a typed field: its values, then the last again and again; zeros if there is none.
template <typename T, typename Field, typename Convert>
void Fill(const Field& field, int64_t n, T* out, Convert convert) {
  const int64_t given = std::min<int64_t>(n, field.size());
  for (int64_t i = 0; i < given; ++i) out[i] = convert(field.Get(static_cast<int>(i)));
  const T last = given > 0 ? out[given - 1] : T{};
  for (int64_t i = given; i < n; ++i) out[i] = last;
}

template <typename T, typename Field>
void FillCast(const Field& field, int64_t n, void* out) {
  Fill(field, n, static_cast<T*>(out), [](auto v) { return static_cast<T>(v); });
}

template <typename T, typename Field>
void FillComplex(const Field& field, int64_t n, void* data) {
  auto* out = static_cast<std::complex<T>*>(data);
  const int64_t given = std::min<int64_t>(n, field.size() / 2);
  for (int64_t i = 0; i < given; ++i) {
    out[i] = {field.Get(static_cast<int>(2 * i)), field.Get(static_cast<int>(2 * i + 1))};
  }
  const std::complex<T> last = given > 0 ? out[given - 1] : std::complex<T>{};
  for (int64_t i = given; i < n; ++i) out[i] = last;
}

template <typename Field>
void FillBits16(const Field& field, int64_t n, void* data) {
  FillCast<uint16_t>(field, n, data);
}

// The bytes of a proto's tensor_content.
class ProtoBuffer : public TensorBuffer {
 public:
  explicit ProtoBuffer(std::shared_ptr<const TensorProto> proto)
      : TensorBuffer(const_cast<char*>(proto->tensor_content().data()), proto->tensor_content().size(),
                     MemoryKind::kHost),
        proto_(std::move(proto)) {}

 private:
  const std::shared_ptr<const TensorProto> proto_;
};

// `shared`: the proto where its bytes may lie under the tensor, else null.
absl::StatusOr<Tensor> FromProto(const TensorProto& proto, const Limits& limits, int depth,
                                 std::shared_ptr<const TensorProto> shared = nullptr) {
  if (depth > limits.max_nesting) return absl::InvalidArgumentError("Variants are nested too deeply in a tensor proto");
  const DataType dtype = static_cast<DataType>(proto.dtype());
  if (!IsValidType(dtype)) return BadProto(proto);
  absl::StatusOr<TensorShape> shape = TensorShape::FromProto(proto.tensor_shape());
  if (!shape.ok()) return BadProto(proto);
  const int64_t n = shape->num_elements();
  const int64_t width = DataTypeSize(dtype);
  if (!proto.tensor_content().empty()) {
    if (dtype == DT_STRING || width == 0) return BadProto(proto);
    if (static_cast<uint64_t>(n) != proto.tensor_content().size() / width ||
        proto.tensor_content().size() % width != 0) {
      return BadProto(proto);
    }
    // Small ones are not worth what they keep; a bool's bytes may have to change.
    constexpr size_t kWorthSharing = size_t{16} << 10;
    void* const content = const_cast<char*>(proto.tensor_content().data());
    if (shared != nullptr && proto.tensor_content().size() >= kWorthSharing && dtype != DT_BOOL &&
        reinterpret_cast<uintptr_t>(content) % alignof(std::max_align_t) == 0) {
      return Tensor::Wrap(dtype, *shape, new ProtoBuffer(std::move(shared)), content);
    }
    TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(dtype, *shape));
    std::memcpy(t.data(), proto.tensor_content().data(), proto.tensor_content().size());
    if (dtype == DT_BOOL) {  // any non-zero byte means true; a bool object holds 0 or 1
      auto* bytes = static_cast<uint8_t*>(t.data());
      for (int64_t i = 0; i < n; ++i) bytes[i] = bytes[i] != 0;
    }
    return t;
  }
  const int64_t element = width > 0 ? width : static_cast<int64_t>(sizeof(std::string));
  if (n > limits.max_tensor_bytes / element) {
    return absl::ResourceExhaustedError(absl::StrCat("A tensor proto of a few bytes asks for ", n, " elements of type ",
                                                     DataTypeString(dtype), "; at most ", limits.max_tensor_bytes,
                                                     " bytes are allowed (Limits)"));
  }
  TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(dtype, *shape));
  void* const out = t.data();
  switch (dtype) {
    case DT_FLOAT:
      FillCast<float>(proto.float_val(), n, out);
      break;
    case DT_DOUBLE:
      FillCast<double>(proto.double_val(), n, out);
      break;
    case DT_INT32:
    case DT_QINT32:
      FillCast<int32_t>(proto.int_val(), n, out);
      break;
    case DT_INT16:
    case DT_QINT16:
      FillCast<int16_t>(proto.int_val(), n, out);
      break;
    case DT_INT8:
    case DT_QINT8:
      FillCast<int8_t>(proto.int_val(), n, out);
      break;
    case DT_UINT8:
    case DT_QUINT8:
      FillCast<uint8_t>(proto.int_val(), n, out);
      break;
    case DT_UINT16:
    case DT_QUINT16:
      FillCast<uint16_t>(proto.int_val(), n, out);
      break;
    case DT_UINT32:
      FillCast<uint32_t>(proto.uint32_val(), n, out);
      break;
    case DT_UINT64:
      FillCast<uint64_t>(proto.uint64_val(), n, out);
      break;
    case DT_INT64:
      FillCast<int64_t>(proto.int64_val(), n, out);
      break;
    case DT_BOOL:
      FillCast<bool>(proto.bool_val(), n, out);
      break;
    case DT_HALF:
    case DT_BFLOAT16:
      FillBits16(proto.half_val(), n, out);
      break;
    case DT_COMPLEX64:
      FillComplex<float>(proto.scomplex_val(), n, out);
      break;
    case DT_COMPLEX128:
      FillComplex<double>(proto.dcomplex_val(), n, out);
      break;
    case DT_STRING:
      Fill(proto.string_val(), n, static_cast<std::string*>(out), [](const std::string& s) { return s; });
      break;
    case DT_RESOURCE:
      Fill(proto.resource_handle_val(), n, static_cast<ResourceHandle*>(out),
           [](const tensorflow::ResourceHandleProto& h) {
             return ResourceHandle{h.device(), h.container(), h.name(), h.hash_code(), h.maybe_type_name()};
           });
      break;
    case DT_VARIANT: {
      const int given = static_cast<int>(std::min<int64_t>(n, proto.variant_val_size()));
      for (int i = 0; i < given; ++i) {
        Variant& v = static_cast<Variant*>(out)[i];
        v.type_name = proto.variant_val(i).type_name();
        v.metadata = proto.variant_val(i).metadata();
        for (const TensorProto& inner : proto.variant_val(i).tensors()) {
          TFP_ASSIGN_OR_RETURN(Tensor value, FromProto(inner, limits, depth + 1));
          v.tensors.push_back(std::move(value));
        }
      }
      break;
    }
    default:
      return BadProto(proto);
  }
  return t;
}

template <typename T, typename Add>
void EachElement(const Tensor& t, Add add) {
  const T* values = static_cast<const T*>(t.data());
  for (int64_t i = 0; i < t.num_elements(); ++i) add(values[i]);
}

}  // namespace

absl::StatusOr<Tensor> TensorFromProto(const TensorProto& proto, const Limits& limits) {
  return FromProto(proto, limits, 0);
}

absl::StatusOr<Tensor> TensorOverProto(std::shared_ptr<const TensorProto> proto, const Limits& limits) {
  const TensorProto& from = *proto;
  return FromProto(from, limits, 0, std::move(proto));
}

void TensorToProtoField(const Tensor& t, TensorProto* proto) {
  proto->Clear();
  proto->set_dtype(static_cast<tensorflow::DataType>(t.dtype()));
  t.shape().ToProto(proto->mutable_tensor_shape());
  switch (t.dtype()) {
    case DT_FLOAT:
      return EachElement<float>(t, [&](float v) { proto->add_float_val(v); });
    case DT_DOUBLE:
      return EachElement<double>(t, [&](double v) { proto->add_double_val(v); });
    case DT_INT32:
    case DT_QINT32:
      return EachElement<int32_t>(t, [&](int32_t v) { proto->add_int_val(v); });
    case DT_INT16:
    case DT_QINT16:
      return EachElement<int16_t>(t, [&](int16_t v) { proto->add_int_val(v); });
    case DT_INT8:
    case DT_QINT8:
      return EachElement<int8_t>(t, [&](int8_t v) { proto->add_int_val(v); });
    case DT_UINT8:
    case DT_QUINT8:
      return EachElement<uint8_t>(t, [&](uint8_t v) { proto->add_int_val(v); });
    case DT_UINT16:
    case DT_QUINT16:
      return EachElement<uint16_t>(t, [&](uint16_t v) { proto->add_int_val(v); });
    case DT_UINT32:
      return EachElement<uint32_t>(t, [&](uint32_t v) { proto->add_uint32_val(v); });
    case DT_UINT64:
      return EachElement<uint64_t>(t, [&](uint64_t v) { proto->add_uint64_val(v); });
    case DT_INT64:
      return EachElement<int64_t>(t, [&](int64_t v) { proto->add_int64_val(v); });
    case DT_BOOL:
      return EachElement<bool>(t, [&](bool v) { proto->add_bool_val(v); });
    case DT_HALF:
    case DT_BFLOAT16:
      return EachElement<uint16_t>(t, [&](uint16_t bits) { proto->add_half_val(bits); });
    case DT_COMPLEX64:
      return EachElement<std::complex<float>>(t, [&](std::complex<float> v) {
        proto->add_scomplex_val(v.real());
        proto->add_scomplex_val(v.imag());
      });
    case DT_COMPLEX128:
      return EachElement<std::complex<double>>(t, [&](std::complex<double> v) {
        proto->add_dcomplex_val(v.real());
        proto->add_dcomplex_val(v.imag());
      });
    case DT_STRING:
      return EachElement<std::string>(t, [&](const std::string& v) { proto->add_string_val(v); });
    case DT_RESOURCE:
      return EachElement<ResourceHandle>(t, [&](const ResourceHandle& v) {
        auto* h = proto->add_resource_handle_val();
        h->set_device(v.device);
        h->set_container(v.container);
        h->set_name(v.name);
        h->set_hash_code(v.hash_code);
        h->set_maybe_type_name(v.maybe_type_name);
      });
    case DT_VARIANT:
      return EachElement<Variant>(t, [&](const Variant& v) { VariantToProto(v, proto->add_variant_val()); });
    default:
      return;
  }
}

void TensorToProto(const Tensor& t, TensorProto* proto) {
  const bool content = IsPlain(t.dtype()) && t.dtype() != DT_BOOL && t.dtype() != DT_HALF && t.num_elements() > 1;
  if (!content) return TensorToProtoField(t, proto);
  proto->Clear();
  proto->set_dtype(static_cast<tensorflow::DataType>(t.dtype()));
  t.shape().ToProto(proto->mutable_tensor_shape());
  proto->set_tensor_content(t.data(), t.total_bytes());
}

absl::StatusOr<Variant> VariantFromProto(const tensorflow::VariantTensorDataProto& proto, const Limits& limits) {
  Variant v{proto.type_name(), proto.metadata(), {}};
  for (const TensorProto& inner : proto.tensors()) {
    TFP_ASSIGN_OR_RETURN(Tensor value, FromProto(inner, limits, 1));
    v.tensors.push_back(std::move(value));
  }
  return v;
}

void VariantToProto(const Variant& variant, tensorflow::VariantTensorDataProto* proto) {
  proto->Clear();
  proto->set_type_name(variant.type_name);
  proto->set_metadata(variant.metadata);
  for (const Tensor& t : variant.tensors) TensorToProtoField(t, proto->add_tensors());
}

}  // namespace tfpersist
