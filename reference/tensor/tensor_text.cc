#include "reference/tensor/tensor_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

template <typename T>
struct BitsOf;
template <>
struct BitsOf<float> {
  using type = uint32_t;
  static constexpr uint32_t kQuietNan = 0x7fc00000u;
};
template <>
struct BitsOf<double> {
  using type = uint64_t;
  static constexpr uint64_t kQuietNan = 0x7ff8000000000000u;
};
template <>
struct BitsOf<half> {
  using type = uint16_t;
  static constexpr uint16_t kQuietNan = 0x7e00;
};
template <>
struct BitsOf<bfloat16> {
  using type = uint16_t;
  static constexpr uint16_t kQuietNan = 0x7fc0;
};

template <typename T>
typename BitsOf<T>::type ToBits(T value) {
  typename BitsOf<T>::type bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

template <typename T>
std::string Shortest(T value) {
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, result.ptr);
}

// For the 16-bit types: as few digits as give the same bits.
template <typename T>
std::string ShortestNarrow(T value) {
  const float wide = static_cast<float>(value);
  if (std::isinf(wide)) return wide > 0 ? "inf" : "-inf";
  for (int digits = 1; digits < 9; ++digits) {
    std::string text = absl::StrFormat("%.*g", digits, wide);
    float read;
    if (absl::SimpleAtof(text, &read) && ToBits(static_cast<T>(read)) == ToBits(value)) return text;
  }
  return Shortest(wide);
}

std::string Decimal(float v) { return Shortest(v); }
std::string Decimal(double v) { return Shortest(v); }
std::string Decimal(half v) { return ShortestNarrow(v); }
std::string Decimal(bfloat16 v) { return ShortestNarrow(v); }

template <typename T>
std::string FormatFloat(T value) {
  const auto bits = ToBits(value);
  if (std::isnan(static_cast<double>(value))) {
    return bits == BitsOf<T>::kQuietNan ? "nan" : absl::StrFormat("nan:0x%0*x", int{sizeof bits} * 2, bits);
  }
  return Decimal(value);
}

template <typename T>
bool ParseFloat(absl::string_view text, T* value) {
  using Bits = typename BitsOf<T>::type;
  if (absl::ConsumePrefix(&text, "nan:0x")) {
    Bits bits = 0;
    const auto r = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    if (r.ec != std::errc() || r.ptr != text.data() + text.size()) return false;
    std::memcpy(static_cast<void*>(value), &bits, sizeof bits);
    return true;
  }
  if (text == "nan") {
    const Bits bits = BitsOf<T>::kQuietNan;
    std::memcpy(static_cast<void*>(value), &bits, sizeof bits);
    return true;
  }
  // from_chars knows no sign before hex digits and no leading '+'.
  const bool negative = absl::ConsumePrefix(&text, "-");
  const bool hex = absl::ConsumePrefix(&text, "0x");
  using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
  Wide wide = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), wide,
                                 hex ? std::chars_format::hex : std::chars_format::general);
  if (text.empty() || r.ec != std::errc() || r.ptr != text.data() + text.size()) return false;
  *value = static_cast<T>(negative ? -wide : wide);
  return true;
}

template <typename T>
bool ParseInt(absl::string_view text, T* value) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), *value);
  return !text.empty() && r.ec == std::errc() && r.ptr == text.data() + text.size();
}

template <typename T>
std::string FormatComplex(std::complex<T> v) {
  return absl::StrCat("(", FormatFloat(v.real()), ",", FormatFloat(v.imag()), ")");
}

template <typename T>
bool ParseComplex(absl::string_view text, std::complex<T>* value) {
  if (!absl::ConsumePrefix(&text, "(") || !absl::ConsumeSuffix(&text, ")")) return false;
  const size_t comma = text.find(',');
  if (comma == absl::string_view::npos) return false;
  T re, im;
  if (!ParseFloat(text.substr(0, comma), &re) || !ParseFloat(text.substr(comma + 1), &im)) return false;
  *value = {re, im};
  return true;
}

// Calls f with a value of the C++ type that holds elements of `dtype`; quantized types as their integers.
template <typename F>
auto VisitElement(DataType dtype, F&& f) {
  switch (dtype) {
    case DT_FLOAT:
      return f(float{});
    case DT_DOUBLE:
      return f(double{});
    case DT_INT32:
    case DT_QINT32:
      return f(int32_t{});
    case DT_UINT8:
    case DT_QUINT8:
      return f(uint8_t{});
    case DT_INT16:
    case DT_QINT16:
      return f(int16_t{});
    case DT_INT8:
    case DT_QINT8:
      return f(int8_t{});
    case DT_COMPLEX64:
      return f(std::complex<float>{});
    case DT_INT64:
      return f(int64_t{});
    case DT_BOOL:
      return f(bool{});
    case DT_BFLOAT16:
      return f(bfloat16{});
    case DT_UINT16:
    case DT_QUINT16:
      return f(uint16_t{});
    case DT_COMPLEX128:
      return f(std::complex<double>{});
    case DT_HALF:
      return f(half{});
    case DT_UINT32:
      return f(uint32_t{});
    case DT_UINT64:
      return f(uint64_t{});
    default:
      return f(std::string{});
  }
}

template <typename T>
inline constexpr bool kIsFloat =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;
template <typename T>
inline constexpr bool kIsComplex = std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

template <typename T>
const T& At(const Tensor& t, int64_t i) {
  return static_cast<const T*>(t.data())[i];
}

bool HasText(DataType dtype) { return IsPlain(dtype) || dtype == DT_STRING; }

// ---- numpy ----

constexpr int kPrecision = 8;        // numpy's default: fractional digits of arrays
constexpr int64_t kCutAbove = 1000;  // elements
constexpr int64_t kEdgeItems = 3;
constexpr size_t kLineWidth = 75;

// "1." for 1, "0.25", "1.e-07": numpy's form of a shortest decimal.
std::string NumpyFloat(std::string text, bool scalar) {
  if (absl::StrContains(text, "n")) return text;  // nan, inf
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (!absl::StrContains(mantissa, ".")) mantissa += scalar && e == std::string::npos ? ".0" : scalar ? "" : ".";
  return e == std::string::npos ? mantissa : mantissa + text.substr(e);
}

template <typename T>
std::string Positional(T value, int precision) {
  char buffer[512];
  const auto r = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  std::string text(buffer, r.ptr);
  if (const size_t dot = text.find('.');
      precision >= 0 && dot != std::string::npos && text.size() - dot - 1 > size_t(precision)) {
    text = absl::StrFormat("%.*f", precision, static_cast<double>(value));
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

template <typename T>
std::string NumpyScalarFloat(T value) {
  using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const Wide wide = static_cast<Wide>(value);
  const double magnitude = std::fabs(static_cast<double>(wide));
  if (!std::isfinite(magnitude)) return std::isnan(magnitude) ? "nan" : wide > 0 ? "inf" : "-inf";
  if (magnitude != 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    std::string text = Decimal(value);
    if (!absl::StrContains(text, "e")) {
      char buffer[64];
      text.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, wide, std::chars_format::scientific).ptr);
    }
    return NumpyFloat(text, true);
  }
  std::string text = std::is_same_v<T, Wide> ? Positional(wide, -1) : Decimal(value);
  return NumpyFloat(text, true);
}

std::string PythonBytes(absl::string_view s) {
  const bool quotes = absl::StrContains(s, "'") && !absl::StrContains(s, "\"");
  std::string out = quotes ? "b\"" : "b'";
  for (unsigned char c : s) {
    if (c == '\\' || (c == '\'' && !quotes)) {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c < 32 || c >= 127) {
      absl::StrAppendFormat(&out, "\\x%02x", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + (quotes ? "\"" : "'");
}

// The elements that are shown: all, or the edges of each dimension.
bool IsShown(int64_t index, int64_t size, bool cut) {
  return !cut || size <= 2 * kEdgeItems || index < kEdgeItems || index >= size - kEdgeItems;
}

class NumpyArrayPrinter {
 public:
  explicit NumpyArrayPrinter(const Tensor& t) : t_(t), cut_(t.num_elements() > kCutAbove) {}

  std::string Print() {
    texts_.clear();
    Collect(0, 0);
    Align();
    next_ = 0;
    std::string out;
    Emit(0, &out);
    return out;
  }

 private:
  void Collect(int dim, int64_t index) {
    const int64_t size = t_.shape().dim(dim);
    for (int64_t i = 0; i < size; ++i) {
      if (!IsShown(i, size, cut_)) continue;
      if (dim + 1 < t_.shape().rank()) {
        Collect(dim + 1, index * size + i);
      } else {
        shown_.push_back(index * size + i);
      }
    }
  }

  template <typename T>
  void FloatTexts() {
    double largest = 0, smallest = std::numeric_limits<double>::infinity();
    for (int64_t i : shown_) {
      const double v = std::fabs(static_cast<double>(At<T>(t_, i)));
      if (v != 0 && std::isfinite(v)) {
        largest = std::max(largest, v);
        smallest = std::min(smallest, v);
      }
    }
    const bool scientific = largest >= 1e8 || (largest > 0 && (smallest < 1e-4 || largest / smallest > 1000));
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
    for (int64_t i : shown_) {
      const Wide v = static_cast<Wide>(At<T>(t_, i));
      std::string text;
      if (!std::isfinite(v)) {
        text = std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
      } else if (scientific) {
        char buffer[64];
        text.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr);
        if (text.find('e') > size_t{kPrecision} + 2 + (v < 0)) text = absl::StrFormat("%.*e", kPrecision, v);
        text = NumpyFloat(text, false);
      } else {
        text = NumpyFloat(std::is_same_v<T, Wide> ? Positional(v, kPrecision) : Decimal(At<T>(t_, i)), false);
      }
      texts_.push_back(std::move(text));
    }
  }

  void Align() {
    VisitElement(t_.dtype(), [&](auto example) {
      using T = decltype(example);
      if constexpr (kIsFloat<T>) {
        FloatTexts<T>();
      } else {
        for (int64_t i : shown_) {
          if constexpr (std::is_same_v<T, bool>) {
            texts_.push_back(At<bool>(t_, i) ? "True" : "False");
          } else if constexpr (std::is_same_v<T, std::string>) {
            texts_.push_back(PythonBytes(At<std::string>(t_, i)));
          } else if constexpr (kIsComplex<T>) {
            const T v = At<T>(t_, i);
            std::string im = NumpyFloat(Decimal(v.imag()), false);
            texts_.push_back(
                absl::StrCat(NumpyFloat(Decimal(v.real()), false), absl::StartsWith(im, "-") ? "" : "+", im, "j"));
          } else {
            texts_.push_back(absl::StrCat(At<T>(t_, i)));
          }
        }
      }
      if constexpr (kIsFloat<T>) AlignFractions();
    });
    if (t_.dtype() == DT_STRING) return;
    size_t width = 0;
    for (const std::string& text : texts_) width = std::max(width, text.size());
    for (std::string& text : texts_) text.insert(0, width - text.size(), ' ');
  }

  // Points under points: fractions are filled up with spaces (zeros before an exponent).
  void AlignFractions() {
    size_t fraction = 0;
    auto length = [](const std::string& text) {
      const size_t dot = text.find('.');
      return dot == std::string::npos ? size_t{0} : std::min(text.find('e'), text.size()) - dot - 1;
    };
    for (const std::string& text : texts_) fraction = std::max(fraction, length(text));
    for (std::string& text : texts_) {
      if (text.find('.') == std::string::npos) continue;
      const size_t e = text.find('e');
      const size_t missing = fraction - length(text);
      text.insert(std::min(e, text.size()), missing, e == std::string::npos ? ' ' : '0');
    }
  }

  void Emit(int dim, std::string* out) {
    const int rank = t_.shape().rank();
    const int64_t size = t_.shape().dim(dim);
    *out += '[';
    bool first = true;
    for (int64_t i = 0; i < size; ++i) {
      std::string item;
      const bool shown = IsShown(i, size, cut_);
      if (!shown) {
        item = "...";
        i = size - kEdgeItems - 1;
      }
      if (dim + 1 == rank) {
        if (shown) item = texts_[next_++];
        const size_t line_start = out->rfind('\n') == std::string::npos ? 0 : out->rfind('\n') + 1;
        if (!first) {
          if (out->size() - line_start + 1 + item.size() >= kLineWidth) {
            *out += '\n';
            out->append(dim + 1, ' ');
          } else {
            *out += ' ';
          }
        }
        *out += item;
      } else {
        if (!first) {
          out->append(rank - dim - 1, '\n');
          out->append(dim + 1, ' ');
        }
        if (shown) {
          Emit(dim + 1, out);
        } else {
          *out += item;
        }
      }
      first = false;
    }
    *out += ']';
  }

  const Tensor& t_;
  const bool cut_;
  std::vector<int64_t> shown_;
  std::vector<std::string> texts_;
  size_t next_ = 0;
};

// ---- TensorFlow's summaries ----

// Six digits if they read back as the same value, else nine: "0.1", "123456792", "1e-07".
std::string SummaryFloat(float value) {
  if (std::isnan(value)) return "nan";
  std::string text = absl::StrFormat("%.6g", value);
  float read;
  return absl::SimpleAtof(text, &read) && read == value ? text : absl::StrFormat("%.9g", value);
}

// 1.11.0 has no text for bfloat16 and complex values.
std::string SummaryText(const Tensor& t, int64_t i) {
  return VisitElement(t.dtype(), [&](auto example) -> std::string {
    using T = decltype(example);
    if constexpr (kIsComplex<T> || std::is_same_v<T, bfloat16>) {
      return "?";
    } else if constexpr (std::is_same_v<T, double>) {
      return ShortestDecimal(At<T>(t, i));
    } else if constexpr (kIsFloat<T>) {
      return SummaryFloat(static_cast<float>(At<T>(t, i)));
    } else if constexpr (std::is_same_v<T, bool>) {
      return At<bool>(t, i) ? "1" : "0";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return absl::CEscape(At<std::string>(t, i));
    } else {
      return absl::StrCat(At<T>(t, i));
    }
  });
}

void SummarizeDim(const Tensor& t, int dim, int64_t limit, int64_t* index, std::string* out) {
  if (*index >= limit) return;
  const int64_t size = t.shape().dim(dim);
  if (dim + 1 == t.shape().rank()) {
    for (int64_t i = 0; i < size; ++i) {
      if (*index >= limit) {
        if (dim != 0) absl::StrAppend(out, "...");
        return;
      }
      absl::StrAppend(out, i > 0 ? " " : "", SummaryText(t, (*index)++));
    }
    return;
  }
  for (int64_t i = 0; i < size && *index < limit; ++i) {
    absl::StrAppend(out, "[");
    SummarizeDim(t, dim + 1, limit, index, out);
    absl::StrAppend(out, "]");
  }
}

}  // namespace

std::string ShortestDecimal(float value) {
  // TensorFlow prints as many digits as needed, %g-like: "1e-07", "3", "0.1".
  if (std::isnan(value)) return "nan";
  for (int digits : {6, 7, 8, 9}) {
    std::string text = absl::StrFormat("%.*g", digits, value);
    float read;
    if (absl::SimpleAtof(text, &read) && (read == value)) return text;
  }
  return absl::StrFormat("%.9g", value);
}

std::string ShortestDecimal(double value) {
  if (std::isnan(value)) return "nan";
  for (int digits : {15, 16, 17}) {
    std::string text = absl::StrFormat("%.*g", digits, value);
    double read;
    if (absl::SimpleAtod(text, &read) && read == value) return text;
  }
  return absl::StrFormat("%.17g", value);
}

std::string FormatElement(const Tensor& tensor, int64_t i) {
  return VisitElement(tensor.dtype(), [&](auto example) -> std::string {
    using T = decltype(example);
    if constexpr (kIsFloat<T>) {
      return FormatFloat(At<T>(tensor, i));
    } else if constexpr (kIsComplex<T>) {
      return FormatComplex(At<T>(tensor, i));
    } else if constexpr (std::is_same_v<T, bool>) {
      return At<bool>(tensor, i) ? "true" : "false";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return tensor.dtype() == DT_STRING ? At<std::string>(tensor, i) : std::string();
    } else {
      return absl::StrCat(At<T>(tensor, i));
    }
  });
}

absl::Status ParseElement(absl::string_view text, int64_t i, Tensor* tensor) {
  const bool parsed = HasText(tensor->dtype()) && VisitElement(tensor->dtype(), [&](auto example) {
                        using T = decltype(example);
                        T& value = static_cast<T*>(tensor->data())[i];
                        if constexpr (kIsFloat<T>) {
                          return ParseFloat(text, &value);
                        } else if constexpr (kIsComplex<T>) {
                          return ParseComplex(text, &value);
                        } else if constexpr (std::is_same_v<T, bool>) {
                          value = text == "true";
                          return text == "true" || text == "false";
                        } else if constexpr (std::is_same_v<T, std::string>) {
                          value = std::string(text);
                          return true;
                        } else {
                          return ParseInt(text, &value);
                        }
                      });
  if (parsed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CEscape(text), "\" is no value of type ", DataTypePythonName(tensor->dtype())));
}

std::string FormatLikeNumpy(const Tensor& tensor) {
  if (!HasText(tensor.dtype())) return absl::StrCat("<", DataTypeString(tensor.dtype()), ">");
  if (!tensor.shape().IsScalar()) return tensor.num_elements() == 0 ? "[]" : NumpyArrayPrinter(tensor).Print();
  return VisitElement(tensor.dtype(), [&](auto example) -> std::string {
    using T = decltype(example);
    const T& v = At<T>(tensor, 0);
    if constexpr (kIsFloat<T>) {
      return NumpyScalarFloat(v);
    } else if constexpr (std::is_same_v<T, bool>) {
      return v ? "True" : "False";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return PythonBytes(v);
    } else if constexpr (kIsComplex<T>) {
      std::string im = Decimal(v.imag());
      return absl::StrCat("(", Decimal(v.real()), absl::StartsWith(im, "-") ? "" : "+", im, "j)");
    } else {
      return absl::StrCat(v);
    }
  });
}

std::string SummarizeTensorValue(const Tensor& tensor, int64_t max_entries) {
  if (!HasText(tensor.dtype())) return "";
  const int64_t n = tensor.num_elements();
  const int64_t limit = std::min(max_entries, n);
  std::string out;
  if (tensor.shape().IsScalar()) {
    if (limit > 0) out = SummaryText(tensor, 0);
  } else if (n > 0) {
    int64_t index = 0;
    SummarizeDim(tensor, 0, limit, &index, &out);
  }
  if (n > limit) absl::StrAppend(&out, "...");
  return out;
}

}  // namespace tfpersist
