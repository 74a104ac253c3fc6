#include "reference/checkpoint/bundle_entry.h"

#include <array>
#include <cstdint>
#include <limits>

#include "absl/types/span.h"
#include "reference/base/coding.h"

namespace tfpersist {
namespace {

// Tags of proto/tensor_bundle.proto and tensor_shape.proto: number << 3 | wire type.
constexpr char kDtype = 1 << 3, kShape = 2 << 3 | 2, kShard = 3 << 3, kOffset = 4 << 3, kSize = 5 << 3,
               kCrc = 6 << 3 | 5;
constexpr char kDim = 2 << 3 | 2, kDimSize = 1 << 3;

class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool done() const { return at_ == end_; }
  bool Take(char tag) {
    if (at_ == end_ || *at_ != tag) return false;
    ++at_;
    return true;
  }
  // Of at most `most`.
  bool Varint(uint64_t most, uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 63 && at_ < end_; shift += 7) {
      const uint64_t byte = static_cast<unsigned char>(*at_++);
      *value |= (byte & 127) << shift;
      if (byte < 128) return *value <= most;
    }
    return false;
  }
  bool Bytes(uint64_t n, absl::string_view* bytes) {
    if (n > static_cast<uint64_t>(end_ - at_)) return false;
    *bytes = absl::string_view(at_, n);
    at_ += n;
    return true;
  }

 private:
  const char* at_;
  const char* const end_;
};

constexpr uint64_t kMax64 = std::numeric_limits<int64_t>::max(), kMax32 = std::numeric_limits<int32_t>::max();

bool ParseDims(absl::string_view bytes, TensorShape* shape) {
  std::array<int64_t, 8> dims;
  size_t rank = 0;
  for (Cursor in(bytes); !in.done();) {
    uint64_t length, size = 0;
    absl::string_view dim;
    if (rank == dims.size() || !in.Take(kDim) || !in.Varint(kMax32, &length) || !in.Bytes(length, &dim)) return false;
    Cursor value(dim);
    if (value.Take(kDimSize) && !value.Varint(kMax64, &size)) return false;
    if (!value.done()) return false;
    dims[rank++] = static_cast<int64_t>(size);
  }
  absl::StatusOr<TensorShape> made = TensorShape::Create(absl::MakeConstSpan(dims.data(), rank));
  if (!made.ok()) return false;
  *shape = *std::move(made);
  return true;
}

}  // namespace

bool ParsePlainEntry(absl::string_view bytes, BundleEntry* entry) {
  Cursor in(bytes);
  uint64_t dtype = 0, length = 0, shard = 0, offset = 0, size = 0;
  absl::string_view shape, crc;
  if (in.Take(kDtype) && !in.Varint(kMax32, &dtype)) return false;
  if (in.Take(kShape) && !(in.Varint(kMax32, &length) && in.Bytes(length, &shape))) return false;
  if (in.Take(kShard) && !in.Varint(kMax32, &shard)) return false;
  if (in.Take(kOffset) && !in.Varint(kMax64, &offset)) return false;
  if (in.Take(kSize) && !in.Varint(kMax64, &size)) return false;
  if (in.Take(kCrc) && !in.Bytes(sizeof(uint32_t), &crc)) return false;
  if (!in.done() || !ParseDims(shape, &entry->shape)) return false;
  entry->dtype = static_cast<DataType>(dtype);
  entry->shard = static_cast<int>(shard);
  entry->at.offset = static_cast<int64_t>(offset);
  entry->at.size = static_cast<int64_t>(size);
  entry->at.masked_crc = crc.empty() ? 0 : DecodeFixed32(crc.data());
  entry->sliced = false;
  return true;
}

}  // namespace tfpersist
