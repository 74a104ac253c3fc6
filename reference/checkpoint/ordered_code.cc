#include "reference/checkpoint/ordered_code.h"

#include <cstdint>

namespace tfpersist {
namespace {

// A byte count, then the value's bytes, most significant first; 0 has none.
void AppendUnsigned(std::string* out, uint64_t value) {
  char bytes[8];
  int n = 0;
  for (; value != 0; value >>= 8) bytes[n++] = static_cast<char>(value);
  out->push_back(static_cast<char>(n));
  while (n > 0) out->push_back(bytes[--n]);
}

bool TakeUnsigned(absl::string_view* in, uint64_t* value) {
  if (in->empty()) return false;
  const size_t n = static_cast<uint8_t>((*in)[0]);
  if (n > 8 || in->size() < 1 + n) return false;
  *value = 0;
  for (size_t i = 1; i <= n; ++i) *value = *value << 8 | static_cast<uint8_t>((*in)[i]);
  in->remove_prefix(1 + n);
  return true;
}

void AppendString(std::string* out, absl::string_view s) {
  for (char c : s) {
    out->push_back(c);
    if (c == '\0') out->push_back('\xff');
    if (c == '\xff') out->push_back('\0');
  }
  out->append("\0\1", 2);
}

bool TakeString(absl::string_view* in, std::string* s) {
  s->clear();
  for (size_t i = 0; i + 1 < in->size(); ++i) {
    const char c = (*in)[i], next = (*in)[i + 1];
    if (c == '\0' && next == '\1') {
      in->remove_prefix(i + 2);
      return true;
    }
    if (c == '\0' || c == '\xff') {
      if (next != (c == '\0' ? '\xff' : '\0')) return false;
      ++i;
    }
    s->push_back(c);
  }
  return false;
}

// A signed value in n bytes has 7n - 1 bits and a sign; the sign bit and n - 1 more leading bits, inverted, say n.
// Bits to be flipped by the length of the encoding (two bytes from nine on).
constexpr uint8_t kHeader[11][2] = {{0, 0},    {0x80, 0}, {0xc0, 0}, {0xe0, 0},    {0xf0, 0},   {0xf8, 0},
                                    {0xfc, 0}, {0xfe, 0}, {0xff, 0}, {0xff, 0x80}, {0xff, 0xc0}};

void AppendSigned(std::string* out, int64_t value) {
  const uint64_t magnitude = value < 0 ? ~static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  int length = 1;
  while (length < 10 && (magnitude >> (7 * length - 1)) != 0) ++length;
  uint8_t bytes[10];
  const uint8_t fill = value < 0 ? 0xff : 0x00;
  for (int i = 0; i < length; ++i) {
    const int shift = 8 * (length - 1 - i);
    bytes[i] = shift >= 64 ? fill : static_cast<uint8_t>(value >> shift);
  }
  bytes[0] ^= kHeader[length][0];
  if (length > 1) bytes[1] ^= kHeader[length][1];
  out->append(reinterpret_cast<char*>(bytes), length);
}

bool TakeSigned(absl::string_view* in, int64_t* value) {
  if (in->empty()) return false;
  const uint8_t first = static_cast<uint8_t>((*in)[0]);
  const bool negative = (first & 0x80) == 0;
  auto bit = [&](int i) {  // bit i from the front, 1 while the header goes on
    const uint8_t byte = static_cast<uint8_t>((*in)[i / 8]);
    return ((byte >> (7 - i % 8)) & 1) != (negative ? 1 : 0);
  };
  int length = 0;
  while (length < 10 && (length < 8 || in->size() > 1) && bit(length)) ++length;
  if (length == 0 || in->size() < static_cast<size_t>(length)) return false;
  uint64_t result = negative ? ~uint64_t{0} : 0;
  for (int i = 0; i < length; ++i) {
    uint8_t byte = static_cast<uint8_t>((*in)[i]);
    if (i < 2) byte ^= kHeader[length][i];
    result = result << 8 | byte;
  }
  *value = static_cast<int64_t>(result);
  in->remove_prefix(length);
  return true;
}

}  // namespace

std::string EncodeSliceKey(absl::string_view name, const TensorSlice& slice) {
  std::string key;
  AppendUnsigned(&key, 0);
  AppendString(&key, name);
  AppendUnsigned(&key, slice.rank());
  for (int d = 0; d < slice.rank(); ++d) {
    AppendSigned(&key, slice.extent(d).start);
    AppendSigned(&key, slice.extent(d).length);
  }
  return key;
}

bool DecodeSliceKey(absl::string_view key, std::string* name, TensorSlice* slice) {
  const absl::string_view whole = key;
  uint64_t zero, rank;
  if (!TakeUnsigned(&key, &zero) || zero != 0 || !TakeString(&key, name) || !TakeUnsigned(&key, &rank) ||
      rank > TensorShape::kMaxRank) {
    return false;
  }
  *slice = TensorSlice(static_cast<int>(rank));
  for (int d = 0; d < slice->rank(); ++d) {
    TensorSlice::Extent e;
    if (!TakeSigned(&key, &e.start) || !TakeSigned(&key, &e.length)) return false;
    const bool full = e.length == TensorSlice::kFull;
    if (full ? e.start != 0 : e.start < 0 || e.length <= 0 || e.start > INT64_MAX - e.length) return false;
    slice->set_extent(d, e);
  }
  // Numbers have longer spellings too, which nobody writes and no lookup finds.
  return key.empty() && EncodeSliceKey(*name, *slice) == whole;
}

}  // namespace tfpersist
