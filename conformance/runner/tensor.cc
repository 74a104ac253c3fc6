#include "conformance/runner/tensor.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "conformance/runner/files.h"
#include "conformance/runner/npy.h"

namespace tfpersist::conform {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 28;

enum class Kind { kFloat, kComplex, kSigned, kUnsigned, kBool, kString };
struct Type {
  const char* name;
  Kind kind;
  int bits;      // of one component
  int exponent;  // bits of a float's exponent
};
constexpr Type kTypes[] = {
    {"float16", Kind::kFloat, 16, 5},    {"bfloat16", Kind::kFloat, 16, 8},    {"float32", Kind::kFloat, 32, 8},
    {"float64", Kind::kFloat, 64, 11},   {"complex64", Kind::kComplex, 32, 8}, {"complex128", Kind::kComplex, 64, 11},
    {"int8", Kind::kSigned, 8, 0},       {"int16", Kind::kSigned, 16, 0},      {"int32", Kind::kSigned, 32, 0},
    {"int64", Kind::kSigned, 64, 0},     {"uint8", Kind::kUnsigned, 8, 0},     {"uint16", Kind::kUnsigned, 16, 0},
    {"uint32", Kind::kUnsigned, 32, 0},  {"uint64", Kind::kUnsigned, 64, 0},   {"qint8", Kind::kSigned, 8, 0},
    {"qint16", Kind::kSigned, 16, 0},    {"qint32", Kind::kSigned, 32, 0},     {"quint8", Kind::kUnsigned, 8, 0},
    {"quint16", Kind::kUnsigned, 16, 0}, {"bool", Kind::kBool, 8, 0},          {"string", Kind::kString, 0, 0},
};

const Type* FindType(absl::string_view name) {
  for (const Type& type : kTypes) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

int MantissaBits(const Type& type) { return type.bits - 1 - type.exponent; }

// Rounds a double to a float of 16 bits, to nearest, ties to even.
uint64_t NarrowBits(double value, const Type& type) {
  const int mantissa = MantissaBits(type);
  const int bias = (1 << (type.exponent - 1)) - 1;
  const uint64_t sign = std::signbit(value) ? uint64_t{1} << (type.bits - 1) : 0;
  const double magnitude = std::fabs(value);
  const uint64_t infinity = ((uint64_t{1} << type.exponent) - 1) << mantissa;
  if (std::isinf(magnitude)) return sign | infinity;
  if (magnitude == 0) return sign;
  int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  // nearbyint rounds ties to even in the default mode; a carry moves into the exponent by itself.
  const double steps = std::nearbyint(std::ldexp(magnitude, mantissa - exponent));
  const uint64_t units = static_cast<uint64_t>(steps);
  const uint64_t bits =
      exponent == 1 - bias ? units
                           : (static_cast<uint64_t>(exponent + bias) << mantissa) + (units - (uint64_t{1} << mantissa));
  return sign | std::min(bits, infinity);
}

double ToDouble(uint64_t bits, const Type& type) {
  if (type.bits == 64) return std::bit_cast<double>(bits);
  if (type.bits == 32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
  if (type.exponent == 8) return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 10 & 0x1f);
  const int mantissa = static_cast<int>(bits & 0x3ff);
  if (exponent == 31)
    return mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  return exponent == 0 ? sign * std::ldexp(mantissa, -24) : sign * std::ldexp(mantissa + 1024, exponent - 25);
}

bool IsNan(uint64_t bits, const Type& type) {
  const uint64_t infinity = ((uint64_t{1} << type.exponent) - 1) << MantissaBits(type);
  return (bits & ~(uint64_t{1} << (type.bits - 1))) > infinity;
}

bool ParseFloat(const std::string& text, const Type& type, uint64_t& bits) {
  if (text == "nan") {
    bits = ((uint64_t{1} << (type.exponent + 1)) - 1) << (MantissaBits(type) - 1);
    return true;
  }
  if (text.rfind("nan:0x", 0) == 0) {
    const auto [end, error] = std::from_chars(text.data() + 6, text.data() + text.size(), bits, 16);
    return error == std::errc() && end == text.data() + text.size() && (type.bits == 64 || bits >> type.bits == 0) &&
           IsNan(bits, type);
  }
  if (text.empty() || absl::ascii_isspace(static_cast<unsigned char>(text[0])) || text.find_first_of("nN(") == 0)
    return false;
  char* end = nullptr;
  if (type.bits == 32) {
    bits = std::bit_cast<uint32_t>(std::strtof(text.c_str(), &end));
  } else {
    const double value = std::strtod(text.c_str(), &end);
    bits = type.bits == 64 ? std::bit_cast<uint64_t>(value) : NarrowBits(value, type);
  }
  return end == text.c_str() + text.size() && !IsNan(bits, type);
}

bool ParseElement(const std::string& text, const Type& type, std::vector<uint64_t>& out) {
  uint64_t bits = 0;
  switch (type.kind) {
    case Kind::kFloat:
      if (!ParseFloat(text, type, bits)) return false;
      break;
    case Kind::kComplex: {
      const size_t comma = text.find(',');
      if (text.size() < 5 || text.front() != '(' || text.back() != ')' || comma == std::string::npos) return false;
      uint64_t re = 0;
      if (!ParseFloat(text.substr(1, comma - 1), type, re) ||
          !ParseFloat(text.substr(comma + 1, text.size() - comma - 2), type, bits))
        return false;
      out.push_back(re);
      break;
    }
    case Kind::kSigned: {
      int64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      const int64_t top = static_cast<int64_t>((uint64_t{1} << (type.bits - 1)) - 1);
      if (error != std::errc() || end != text.data() + text.size() || value > top || value < -top - 1) return false;
      bits = static_cast<uint64_t>(value);
      break;
    }
    case Kind::kUnsigned: {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
      if (error != std::errc() || end != text.data() + text.size() || (type.bits < 64 && bits >> type.bits != 0))
        return false;
      break;
    }
    case Kind::kBool:
      if (text != "true" && text != "false") return false;
      bits = text == "true";
      break;
    case Kind::kString:
      return false;
  }
  out.push_back(bits);
  return true;
}

std::string Show(const DecodedTensor& tensor, const Type& type, int64_t element) {
  const size_t i = tensor.repeats ? 0 : static_cast<size_t>(element);
  const auto number = [&type](uint64_t bits) {
    if (type.kind == Kind::kSigned) return absl::StrCat(static_cast<int64_t>(bits));
    if (type.kind == Kind::kUnsigned) return absl::StrCat(bits);
    if (type.kind == Kind::kBool) return std::string(bits != 0 ? "true" : "false");
    char text[40];
    // The shortest text that gives the same value in the type's own width.
    const auto end = type.bits == 64
                         ? std::to_chars(text, text + sizeof(text), std::bit_cast<double>(bits)).ptr
                         : std::to_chars(text, text + sizeof(text), static_cast<float>(ToDouble(bits, type))).ptr;
    char hex[24];
    std::snprintf(hex, sizeof(hex), "0x%0*llx", type.bits / 4, static_cast<unsigned long long>(bits));
    return absl::StrCat(std::string(text, end), " (", hex, ")");
  };
  if (type.kind == Kind::kString) return absl::StrCat("\"", absl::CHexEscape(tensor.strings[i].substr(0, 80)), "\"");
  if (type.kind == Kind::kComplex)
    return absl::StrCat("(", number(tensor.bits[2 * i]), ", ", number(tensor.bits[2 * i + 1]), ")");
  return number(tensor.bits[i]);
}

// Where a float stands among all floats of its type, so that neighbours differ by one; -0 and 0 are the same place.
__int128 Rank(uint64_t bits, const Type& type) {
  const uint64_t sign = uint64_t{1} << (type.bits - 1);
  return (bits & sign) != 0 ? -static_cast<__int128>(bits & ~sign) : static_cast<__int128>(bits);
}

bool Near(uint64_t expected, uint64_t got, const Type& type, const Tolerance& tolerance) {
  if (expected == got) return true;
  if (tolerance.exact()) return false;
  if (IsNan(expected, type) || IsNan(got, type)) return IsNan(expected, type) && IsNan(got, type);
  const double e = ToDouble(expected, type), g = ToDouble(got, type);
  if (std::isinf(e) || std::isinf(g)) return e == g;
  const __int128 difference = Rank(expected, type) - Rank(got, type);
  const double apart = static_cast<double>(difference < 0 ? -difference : difference);
  const bool near = (tolerance.ulp && apart <= *tolerance.ulp) ||
                    ((tolerance.rel || tolerance.abs) &&
                     std::fabs(e - g) <= tolerance.abs.value_or(0) + tolerance.rel.value_or(0) * std::fabs(e));
  if (near && tolerance.largest_ulp != nullptr) *tolerance.largest_ulp = std::max(*tolerance.largest_ulp, apart);
  return near;
}

std::string Index(const std::vector<int64_t>& shape, int64_t flat) {
  std::vector<int64_t> at(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    at[d] = flat % shape[d];
    flat /= shape[d];
  }
  return absl::StrCat("[", absl::StrJoin(at, ","), "]");
}

absl::StatusOr<std::vector<int64_t>> ShapeOf(const Json& json) {
  if (!json.is_array()) return absl::InvalidArgumentError("a tensor's shape is a list of sizes");
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (const Json& size : json) {
    if (!size.is_number_integer() || size.get<int64_t>() < 0)
      return absl::InvalidArgumentError(absl::StrCat("no size: ", Dump(size)));
    shape.push_back(size.get<int64_t>());
    if (shape.back() != 0 && elements > kMaxElements / shape.back())
      return absl::InvalidArgumentError("a tensor of too many elements");
    elements *= shape.back();
  }
  return shape;
}

// TensorFlow's Python hands quantized values out as the integers that they are stored as.
absl::string_view StoredAs(absl::string_view dtype) {
  absl::ConsumePrefix(&dtype, "q");
  return dtype;
}

}  // namespace

int64_t DecodedTensor::elements() const {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  return n;
}

bool IsTensor(const Json& json) {
  return json.is_object() && (json.contains("npy") || (json.contains("dtype") && json.contains("values")));
}

absl::StatusOr<DecodedTensor> DecodeTensor(const Json& json, const std::filesystem::path& folder) {
  if (json.contains("npy")) {
    const std::string name = StringOr(json, "npy");
    if (!StaysInside(name))
      return absl::InvalidArgumentError(absl::StrCat("npy: \"", name, "\" leaves the scratch folder"));
    absl::StatusOr<std::string> bytes = ReadFile(folder / name);
    if (!bytes.ok()) return bytes.status();
    return DecodeNpy(*bytes, StringOr(json, "dtype"));
  }
  DecodedTensor tensor;
  tensor.dtype = StringOr(json, "dtype");
  if (tensor.dtype == "half") tensor.dtype = "float16";
  const Type* type = FindType(tensor.dtype);
  if (type == nullptr) return absl::InvalidArgumentError(absl::StrCat("no dtype \"", tensor.dtype, "\""));
  if (!json.contains("shape")) return absl::InvalidArgumentError("a tensor without shape");
  absl::StatusOr<std::vector<int64_t>> shape = ShapeOf(json["shape"]);
  if (!shape.ok()) return shape.status();
  tensor.shape = *std::move(shape);
  const Json& values = json["values"];
  if (!values.is_array()) return absl::InvalidArgumentError("a tensor's values are a list of strings");
  const bool hex = StringOr(json, "encoding") == "hex";
  for (const Json& value : values) {
    if (!value.is_string())
      return absl::InvalidArgumentError(absl::StrCat("a tensor's values are strings, not ", Dump(value)));
    const std::string text = value.get<std::string>();
    if (type->kind == Kind::kString) {
      absl::StatusOr<std::string> bytes = hex ? FromHex(text) : text;
      if (!bytes.ok()) return bytes.status();
      tensor.strings.push_back(*std::move(bytes));
    } else if (!ParseElement(text, *type, tensor.bits)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no ", tensor.dtype));
    }
  }
  const auto count = static_cast<int64_t>(values.size());
  if (count != tensor.elements() && count != 1) {
    return absl::InvalidArgumentError(absl::StrCat(count, " values for ", tensor.elements(), " elements"));
  }
  tensor.repeats = count == 1 && tensor.elements() != 1;
  return tensor;
}

std::string CompareTensors(const DecodedTensor& expected, const DecodedTensor& got, const Tolerance& tolerance) {
  if (StoredAs(expected.dtype) != StoredAs(got.dtype)) {
    return absl::StrCat("expected dtype ", expected.dtype, ", got ", got.dtype);
  }
  if (expected.shape != got.shape) {
    return absl::StrCat("expected shape [", absl::StrJoin(expected.shape, ","), "], got [",
                        absl::StrJoin(got.shape, ","), "]");
  }
  const Type* type = FindType(expected.dtype);
  if (type == nullptr) return absl::StrCat("no dtype ", expected.dtype);
  const int64_t n = expected.elements();
  int64_t differ = 0, first = -1;
  const int parts = type->kind == Kind::kComplex ? 2 : 1;
  for (int64_t i = 0; i < n; ++i) {
    const size_t e = expected.repeats ? 0 : static_cast<size_t>(i), g = got.repeats ? 0 : static_cast<size_t>(i);
    bool same = true;
    if (type->kind == Kind::kString) {
      same = expected.strings[e] == got.strings[g];
    } else {
      for (int part = 0; part < parts; ++part) {
        const uint64_t a = expected.bits[e * parts + part], b = got.bits[g * parts + part];
        same = same && (type->exponent > 0 ? Near(a, b, *type, tolerance) : a == b);
      }
    }
    if (same) continue;
    if (first < 0) first = i;
    ++differ;
  }
  if (differ == 0) return "";
  return absl::StrCat("element ", Index(expected.shape, first), ": expected ", Show(expected, *type, first), ", got ",
                      Show(got, *type, first), n > 1 ? absl::StrCat(" (", differ, " of ", n, " elements differ)") : "");
}

}  // namespace tfpersist::conform
