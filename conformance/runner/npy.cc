#include "conformance/runner/npy.h"

#include <charconv>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tfpersist::conform {
namespace {

struct Form {
  const char* descr;
  const char* dtype;
  size_t size;  // of one component
  int parts;
  bool is_signed;
};
constexpr Form kForms[] = {
    {"<f2", "float16", 2, 1, false},   {"<f4", "float32", 4, 1, false},     {"<f8", "float64", 8, 1, false},
    {"<c8", "complex64", 4, 2, false}, {"<c16", "complex128", 8, 2, false}, {"|i1", "int8", 1, 1, true},
    {"<i2", "int16", 2, 1, true},      {"<i4", "int32", 4, 1, true},        {"<i8", "int64", 8, 1, true},
    {"|u1", "uint8", 1, 1, false},     {"<u2", "uint16", 2, 1, false},      {"<u4", "uint32", 4, 1, false},
    {"<u8", "uint64", 8, 1, false},    {"|b1", "bool", 1, 1, false},
};

uint64_t ReadLittle(absl::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

// The text after `'key': ` in the header's dictionary.
absl::string_view After(absl::string_view header, absl::string_view key) {
  const size_t at = header.find(absl::StrCat("'", absl::string_view(key.data(), key.size()), "':"));
  if (at == absl::string_view::npos) return {};
  absl::string_view rest = header.substr(at + key.size() + 3);
  while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  return rest;
}

}  // namespace

absl::StatusOr<DecodedTensor> DecodeNpy(absl::string_view bytes, absl::string_view dtype) {
  if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY") return absl::InvalidArgumentError("not an .npy file");
  const bool wide = bytes[6] > 1;
  const size_t start = wide ? 12 : 10;
  const uint64_t length = ReadLittle(bytes, 8, wide ? 4 : 2);
  if (length > bytes.size() - start) return absl::InvalidArgumentError(".npy: the header ends early");
  const absl::string_view header = bytes.substr(start, length);
  const absl::string_view data = bytes.substr(start + length);
  absl::string_view descr = After(header, "descr"), shape = After(header, "shape");
  if (descr.size() < 2 || shape.empty() || shape[0] != '(')
    return absl::InvalidArgumentError(".npy: no descr or no shape in the header");
  descr = descr.substr(1, descr.find('\'', 1) - 1);
  DecodedTensor tensor;
  uint64_t elements = 1;
  const size_t close = shape.find(')');
  if (close == absl::string_view::npos) return absl::InvalidArgumentError(".npy: the shape doesn't end");
  for (size_t i = 1; i < close;) {
    int64_t size = 0;
    const auto [end, error] = std::from_chars(shape.data() + i, shape.data() + close, size);
    if (error != std::errc()) {
      ++i;
      continue;
    }
    i = static_cast<size_t>(end - shape.data());
    if (size < 0 || (size > 0 && elements > (uint64_t{1} << 40) / static_cast<uint64_t>(size)))
      return absl::InvalidArgumentError(".npy: a shape that can't be");
    elements *= static_cast<uint64_t>(size);
    tensor.shape.push_back(size);
  }
  if (tensor.shape.size() > 1 && After(header, "fortran_order").substr(0, 4) == "True")
    return absl::InvalidArgumentError(".npy: Fortran order is not read");
  if (descr.substr(0, 2) == "|S") {
    uint64_t width = 0;
    std::from_chars(descr.data() + 2, descr.data() + descr.size(), width);
    if (width > data.size() || (width != 0 ? data.size() / width < elements : elements > bytes.size()))
      return absl::InvalidArgumentError(".npy: the data ends early");
    tensor.dtype = "string";
    for (uint64_t i = 0; i < elements; ++i) {
      absl::string_view one = data.substr(i * width, width);
      while (!one.empty() && one.back() == '\0') one.remove_suffix(1);
      tensor.strings.emplace_back(one);
    }
    return tensor;
  }
  for (const Form& form : kForms) {
    if (descr != form.descr) continue;
    const size_t width = form.size * form.parts;
    if (data.size() / width < elements) return absl::InvalidArgumentError(".npy: the data ends early");
    tensor.dtype = dtype.empty() ? std::string(form.dtype) : std::string(dtype);
    tensor.bits.reserve(elements * form.parts);
    for (uint64_t i = 0; i < elements * form.parts; ++i) {
      uint64_t value = ReadLittle(data, i * form.size, form.size);
      if (form.is_signed && form.size < 8 && (value >> (8 * form.size - 1)) != 0)
        value |= ~uint64_t{0} << (8 * form.size);
      tensor.bits.push_back(value);
    }
    return tensor;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(".npy: no reader for ", absl::string_view(descr.data(), descr.size())));
}

}  // namespace tfpersist::conform
