#include "reference/tensor/npy.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "reference/base/coding.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxHeader = size_t{1} << 20;

struct Kind {
  DataType dtype;
  const char* descr;  // without byte order
};
constexpr Kind kKinds[] = {
    {DT_FLOAT, "f4"},  {DT_DOUBLE, "f8"},    {DT_HALF, "f2"},        {DT_INT8, "i1"},   {DT_INT16, "i2"},
    {DT_INT32, "i4"},  {DT_INT64, "i8"},     {DT_UINT8, "u1"},       {DT_UINT16, "u2"}, {DT_UINT32, "u4"},
    {DT_UINT64, "u8"}, {DT_COMPLEX64, "c8"}, {DT_COMPLEX128, "c16"}, {DT_BOOL, "b1"},   {DT_BFLOAT16, "u2"},
    {DT_QINT8, "i1"},  {DT_QINT16, "i2"},    {DT_QINT32, "i4"},      {DT_QUINT8, "u1"}, {DT_QUINT16, "u2"},
};

const char* DescrOf(DataType dtype) {
  for (const Kind& k : kKinds) {
    if (k.dtype == dtype) return k.descr;
  }
  return nullptr;
}

// The text after 'key': in the header's dict, up to what ends the value.
absl::string_view HeaderValue(absl::string_view header, absl::string_view key) {
  const size_t at = header.find(absl::StrCat("'", key, "':"));
  if (at == absl::string_view::npos) return "";
  absl::string_view rest = header.substr(at + key.size() + 3);
  rest = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  if (rest.empty()) return "";
  const size_t end = rest[0] == '(' ? rest.find(')') : rest[0] == '\'' ? rest.find('\'', 1) : rest.find_first_of(",}");
  if (end == absl::string_view::npos) return "";
  return rest.substr(0, end + (rest[0] == '(' || rest[0] == '\'' ? 1 : 0));
}

void SwapEach(char* data, size_t bytes, size_t width) {
  for (size_t i = 0; i + width <= bytes; i += width) std::reverse(data + i, data + i + width);
}

// Calls f(row_major_index, position_in_file) for a Fortran-ordered array.
template <typename F>
void EachFortran(const TensorShape& shape, F f) {
  std::vector<int64_t> index(shape.rank(), 0);
  for (int64_t file = 0; file < shape.num_elements(); ++file) {
    int64_t row_major = 0;
    for (int d = 0; d < shape.rank(); ++d) row_major = row_major * shape.dim(d) + index[d];
    f(row_major, file);
    for (int d = 0; d < shape.rank() && ++index[d] == shape.dim(d); ++d) index[d] = 0;
  }
}

}  // namespace

absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes, absl::string_view name, DataType as, const Limits& limits) {
  auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a .npy file that can be read: ", why));
  };
  ByteReader in(bytes);
  absl::string_view magic, version, header;
  if (!in.ReadBytes(6, &magic) || magic != kMagic) return bad("it does not begin with numpy's magic bytes");
  if (!in.ReadBytes(2, &version) || version[0] < 1 || version[0] > 3) return bad("unknown version");
  uint32_t header_size = 0;
  if (version[0] == 1) {
    absl::string_view two;
    if (!in.ReadBytes(2, &two)) return bad("it ends within its header");
    header_size = static_cast<uint8_t>(two[0]) | static_cast<uint8_t>(two[1]) << 8;
  } else if (!in.ReadFixed32(&header_size)) {
    return bad("it ends within its header");
  }
  if (header_size > kMaxHeader || !in.ReadBytes(header_size, &header)) return bad("it ends within its header");

  absl::string_view descr = HeaderValue(header, "descr");
  if (!absl::ConsumePrefix(&descr, "'") || !absl::ConsumeSuffix(&descr, "'") || descr.size() < 2) {
    return bad("its header names no simple dtype (structured and object arrays can't be read)");
  }
  const bool fortran = HeaderValue(header, "fortran_order") == "True";
  absl::string_view dims_text = HeaderValue(header, "shape");
  if (!absl::ConsumePrefix(&dims_text, "(") || !absl::ConsumeSuffix(&dims_text, ")"))
    return bad("its header has no shape");
  std::vector<int64_t> dims;
  for (absl::string_view d : absl::StrSplit(dims_text, ',')) {
    d = absl::StripAsciiWhitespace(d);
    if (d.empty()) continue;
    int64_t value;
    if (!absl::SimpleAtoi(d, &value)) return bad("its shape is not a list of numbers");
    dims.push_back(value);
  }
  absl::StatusOr<TensorShape> shape = TensorShape::Create(dims);
  if (!shape.ok()) return bad(shape.status().message());
  const int64_t n = shape->num_elements();

  const char order = descr[0];
  const absl::string_view kind = descr.substr(1);
  DataType dtype = DT_INVALID;
  size_t width = 0;
  if (kind[0] == 'S') {
    uint64_t w;
    if (!absl::SimpleAtoi(kind.substr(1), &w) || w > in.remaining() + 1) return bad(absl::StrCat("dtype ", descr));
    dtype = DT_STRING;
    width = w;
  } else {
    for (const Kind& k : kKinds) {
      if (kind == k.descr && (as == DT_INVALID || as == k.dtype)) {
        dtype = k.dtype;
        break;
      }
    }
    for (const Kind& k : kKinds) {
      if (dtype == DT_INVALID && kind == k.descr) dtype = k.dtype;  // the caller compares it with what is wanted
    }
    width = DataTypeSize(dtype);
  }
  if (dtype == DT_INVALID) return bad(absl::StrCat("dtype ", descr, " has no counterpart among tensors"));
  if (width > 0 ? static_cast<uint64_t>(n) > in.remaining() / width : false)
    return bad("its data is shorter than its shape");
  if (n > limits.max_tensor_bytes / 32) return bad("it is larger than Limits allow");
  TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(dtype, *shape));
  const char* const data = in.rest().data();
  if (dtype == DT_STRING) {
    auto out = t.flat<std::string>();
    auto take = [&](int64_t to, int64_t from) {
      absl::string_view s(data + from * width, width);
      while (!s.empty() && s.back() == '\0') s.remove_suffix(1);
      out[to] = std::string(s);
    };
    if (fortran) {
      EachFortran(*shape, take);
    } else {
      for (int64_t i = 0; i < n; ++i) take(i, i);
    }
    return t;
  }
  auto* const out = static_cast<char*>(t.data());
  if (fortran) {
    EachFortran(*shape, [&](int64_t to, int64_t from) { std::memcpy(out + to * width, data + from * width, width); });
  } else if (n > 0) {
    std::memcpy(out, data, n * width);
  }
  if (order == '>') {
    SwapEach(out, n * width, dtype == DT_COMPLEX64 || dtype == DT_COMPLEX128 ? width / 2 : width);
  }
  if (dtype == DT_BOOL) {
    for (int64_t i = 0; i < n; ++i) out[i] = out[i] != 0;
  }
  return t;
}

absl::StatusOr<std::string> ToNpy(const Tensor& t) {
  std::string descr;
  size_t width = DataTypeSize(t.dtype());
  if (t.dtype() == DT_STRING) {
    width = 1;
    for (const std::string& s : t.flat<std::string>()) width = std::max(width, s.size());
    descr = absl::StrCat("|S", width);
  } else if (const char* kind = DescrOf(t.dtype())) {
    descr = absl::StrCat(width == 1 ? "|" : "<", kind);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("A .npy file can't hold type ", DataTypeString(t.dtype())));
  }
  std::string shape;
  for (int64_t d : t.shape().dims()) absl::StrAppend(&shape, d, ", ");
  if (t.shape().rank() > 1) shape.resize(shape.size() - 2);
  if (t.shape().rank() == 1) shape.pop_back();
  std::string header = absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", shape, "), }");
  const size_t padded = (10 + header.size() + 1 + 63) / 64 * 64;  // numpy aligns the data to 64 bytes
  header.append(padded - 10 - header.size() - 1, ' ');
  header += '\n';
  std::string out(kMagic);
  out += std::string("\x01\x00", 2);
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  if (t.dtype() == DT_STRING) {
    for (const std::string& s : t.flat<std::string>()) {
      out += s;
      out.append(width - s.size(), '\0');
    }
  } else if (t.total_bytes() > 0) {
    out.append(static_cast<const char*>(t.data()), t.total_bytes());
  }
  return out;
}

}  // namespace tfpersist
