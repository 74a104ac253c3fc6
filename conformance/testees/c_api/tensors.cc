#include "conformance/testees/c_api/tensors.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "conformance/runner/tensor.h"

namespace tfpersist::conform {
namespace {

// By TensorFlow's number.
constexpr const char* kNames[] = {"",           "float32", "float64",   "int32",   "uint8",   "int16",
                                  "int8",       "string",  "complex64", "int64",   "bool",    "qint8",
                                  "quint8",     "qint32",  "bfloat16",  "qint16",  "quint16", "uint16",
                                  "complex128", "float16", "resource",  "variant", "uint32",  "uint64"};

// 24 bytes: the low two bits of the first are the kind (0: in place, 1: on the heap, 3: elsewhere).
struct TString {
  unsigned char bytes[24];
  size_t size() const {
    if ((bytes[0] & 3) == 0) return bytes[0] >> 2;
    size_t size;
    std::memcpy(&size, bytes, sizeof size);
    return size >> 2;
  }
  const char* data() const {
    if ((bytes[0] & 3) == 0) return reinterpret_cast<const char*>(bytes + 1);
    const char* at;
    std::memcpy(&at, bytes + 16, sizeof at);
    return at;
  }
  void Set(const std::string& value) {
    if (value.size() < 23) {
      bytes[0] = static_cast<unsigned char>(value.size() << 2);
      std::memcpy(bytes + 1, value.data(), value.size());
      bytes[1 + value.size()] = 0;
      return;
    }
    char* heap = static_cast<char*>(std::malloc(value.size() + 1));
    std::memcpy(heap, value.c_str(), value.size() + 1);
    const size_t size = value.size() << 2 | 1, capacity = value.size();
    std::memcpy(bytes, &size, 8);
    std::memcpy(bytes + 8, &capacity, 8);
    std::memcpy(bytes + 16, &heap, 8);
  }
};

std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string FloatText(double value, uint64_t bits, int width) {
  if (std::isnan(value)) return absl::StrFormat("nan:0x%0*x", width / 4, bits);
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return absl::StrFormat("%a", value);
}

double HalfToDouble(uint16_t h) {
  const double sign = (h & 0x8000) != 0 ? -1 : 1;
  const int exponent = h >> 10 & 0x1f, mantissa = h & 0x3ff;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  return exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(mantissa + 1024, exponent - 25);
}

template <typename T>
T At(const char* data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * sizeof(T), sizeof value);
  return value;
}

std::string ElementText(int dtype, const char* data, int64_t i) {
  const auto f32 = [&](int64_t k) { return FloatText(At<float>(data, k), At<uint32_t>(data, k), 32); };
  const auto f64 = [&](int64_t k) { return FloatText(At<double>(data, k), At<uint64_t>(data, k), 64); };
  switch (dtype) {
    case 1:
      return f32(i);
    case 2:
      return f64(i);
    case 3:
    case 13:
      return absl::StrCat(At<int32_t>(data, i));
    case 4:
    case 12:
      return absl::StrCat(static_cast<int>(At<uint8_t>(data, i)));
    case 5:
    case 15:
      return absl::StrCat(At<int16_t>(data, i));
    case 6:
    case 11:
      return absl::StrCat(static_cast<int>(At<int8_t>(data, i)));
    case 8:
      return absl::StrCat("(", f32(2 * i), ",", f32(2 * i + 1), ")");
    case 9:
      return absl::StrCat(At<int64_t>(data, i));
    case 10:
      return data[i] != 0 ? "true" : "false";
    case 14: {
      const uint16_t b = At<uint16_t>(data, i);
      return FloatText(std::bit_cast<float>(static_cast<uint32_t>(b) << 16), b, 16);
    }
    case 16:
    case 17:
      return absl::StrCat(At<uint16_t>(data, i));
    case 18:
      return absl::StrCat("(", f64(2 * i), ",", f64(2 * i + 1), ")");
    case 19:
      return FloatText(HalfToDouble(At<uint16_t>(data, i)), At<uint16_t>(data, i), 16);
    case 22:
      return absl::StrCat(At<uint32_t>(data, i));
    default:
      return absl::StrCat(At<uint64_t>(data, i));
  }
}

}  // namespace

int DataTypeNumber(const std::string& name) {
  for (size_t i = 1; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<int>(i);
  }
  return name == "half" ? 19 : 0;
}

absl::StatusOr<TF_Tensor*> TensorFromJson(const Api& api, const Json& json) {
  const absl::StatusOr<DecodedTensor> decoded = DecodeTensor(json, ".");
  if (!decoded.ok()) return decoded.status();
  const int dtype = DataTypeNumber(decoded->dtype);
  const int64_t n = decoded->elements();
  const int rank = static_cast<int>(decoded->shape.size());
  if (dtype == kTfString) {
    const auto string = [&](int64_t i) -> const std::string& { return decoded->strings[decoded->repeats ? 0 : i]; };
    if (api.tstrings) {
      TF_Tensor* t = api.TF_AllocateTensor(dtype, decoded->shape.data(), rank, n * sizeof(TString));
      auto* strings = static_cast<TString*>(api.TF_TensorData(t));
      if (n > 0) std::memset(strings, 0, n * sizeof(TString));
      for (int64_t i = 0; i < n; ++i) strings[i].Set(string(i));
      return t;
    }
    std::string offsets, bytes;
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t offset = bytes.size();
      offsets.append(reinterpret_cast<const char*>(&offset), sizeof offset);
      bytes += Varint(string(i).size()) + string(i);
    }
    const std::string all = offsets + bytes;
    TF_Tensor* t = api.TF_AllocateTensor(dtype, decoded->shape.data(), rank, all.size());
    if (!all.empty()) std::memcpy(api.TF_TensorData(t), all.data(), all.size());
    return t;
  }
  const size_t width = api.TF_DataTypeSize(dtype);
  if (width == 0) return absl::UnimplementedError(absl::StrCat("no tensors of ", decoded->dtype, " here"));
  TF_Tensor* t = api.TF_AllocateTensor(dtype, decoded->shape.data(), rank, n * width);
  char* data = static_cast<char*>(api.TF_TensorData(t));
  const bool complex = dtype == 8 || dtype == 18;
  const size_t part = complex ? width / 2 : width;
  for (int64_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < width / part; ++k) {
      const uint64_t bits = decoded->bits[(decoded->repeats ? 0 : i) * (width / part) + k];
      std::memcpy(data + i * width + k * part, &bits, part);
    }
  }
  return t;
}

absl::StatusOr<Json> TensorToJson(const Api& api, const TF_Tensor* t) {
  const int dtype = api.TF_TensorType(t);
  if (dtype < 1 || dtype >= static_cast<int>(std::size(kNames)) || dtype == 20 || dtype == 21) {
    return absl::UnimplementedError(absl::StrCat("a tensor of type ", dtype, " can't be shown"));
  }
  Json shape = Json::array(), values = Json::array();
  int64_t n = 1;
  for (int d = 0; d < api.TF_NumDims(t); ++d) {
    shape.push_back(api.TF_Dim(t, d));
    n *= api.TF_Dim(t, d);
  }
  const char* data = static_cast<const char*>(api.TF_TensorData(t));
  Json out = {{"dtype", kNames[dtype]}, {"shape", shape}};
  if (dtype == kTfString) {
    out["encoding"] = "hex";
    for (int64_t i = 0; i < n; ++i) {
      if (api.tstrings) {
        const TString& s = reinterpret_cast<const TString*>(data)[i];
        values.push_back(absl::BytesToHexString(absl::string_view(s.data(), s.size())));
        continue;
      }
      const char* at = data + n * 8 + At<uint64_t>(data, i);
      uint64_t size = 0;
      for (int shift = 0;; shift += 7) {
        const unsigned char c = static_cast<unsigned char>(*at++);
        size |= static_cast<uint64_t>(c & 0x7f) << shift;
        if (c < 0x80) break;
      }
      values.push_back(absl::BytesToHexString(absl::string_view(at, size)));
    }
  } else {
    for (int64_t i = 0; i < n; ++i) values.push_back(ElementText(dtype, data, i));
  }
  out["values"] = values;
  return out;
}

}  // namespace tfpersist::conform
