#include "reference/checkpoint/value_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/base/mapped_range.h"
#include "reference/base/status.h"
#include "reference/proto/tensor.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {

absl::Status CheckValueCrc(const ValueLocation& at, uint32_t actual) {
  const uint32_t stored = UnmaskCrc(at.masked_crc);
  if (!at.has_crc || stored == actual) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("Checksum does not match: stored ", stored, " vs. calculated on the restored bytes ", actual));
}

namespace {

// Read and checksummed in one go while it is in the cache.
constexpr size_t kChunk = 256 << 10;
// Below this a copy is cheaper than a mapping, of which a process may have some 65,000.
constexpr int64_t kMapFrom = 1 << 20;

absl::Status TooShort() { return absl::OutOfRangeError("Read less bytes than requested"); }

template <typename T>
T SwapBytes(T value) {
  auto* bytes = reinterpret_cast<char*>(&value);
  std::reverse(bytes, bytes + sizeof value);
  return value;
}

void SwapTensor(Tensor* t) {
  const bool complex = t->dtype() == DT_COMPLEX64 || t->dtype() == DT_COMPLEX128;
  const size_t width = DataTypeSize(t->dtype()) / (complex ? 2 : 1);
  auto* bytes = static_cast<char*>(t->data());
  if (width > 1) {
    for (size_t i = 0; i < t->total_bytes(); i += width) std::reverse(bytes + i, bytes + i + width);
  }
}

// Takes varints and bytes off a file from an offset on, through a buffer, and never past the file's end.
class BufferedReader {
 public:
  BufferedReader(const RandomAccessFile& file, uint64_t offset) : file_(file), next_(offset) {}

  uint64_t remaining() const { return (buffer_.size() - at_) + (file_.size() - next_); }

  absl::Status ReadVarint64(uint64_t* value) {
    for (size_t have = buffer_.size() - at_;;) {
      ByteReader in(absl::string_view(buffer_).substr(at_));
      if (in.ReadVarint64(value)) {
        at_ = buffer_.size() - in.remaining();
        return absl::OkStatus();
      }
      TFP_RETURN_IF_ERROR(Refill());
      if (buffer_.size() - at_ == have)
        return have >= 10 ? absl::DataLossError("Stored data is corrupted: a length has more than 64 bits")
                          : TooShort();
      have = buffer_.size() - at_;
    }
  }

  absl::Status Read(size_t size, void* out) {
    auto* to = static_cast<char*>(out);
    const size_t buffered = std::min(size, buffer_.size() - at_);
    if (buffered > 0) std::memcpy(to, buffer_.data() + at_, buffered);
    at_ += buffered;
    if (size == buffered) return absl::OkStatus();
    if (size - buffered > file_.size() - next_) return TooShort();
    if (size - buffered >= kChunk) {
      TFP_RETURN_IF_ERROR(file_.Read(next_, size - buffered, to + buffered));
      next_ += size - buffered;
      return absl::OkStatus();
    }
    TFP_RETURN_IF_ERROR(Refill());
    return Read(size - buffered, to + buffered);
  }

 private:
  absl::Status Refill() {
    buffer_.erase(0, at_);
    at_ = 0;
    const size_t kept = buffer_.size();
    const size_t more = static_cast<size_t>(std::min<uint64_t>(kChunk, file_.size() - next_));
    buffer_.resize(kept + more);
    TFP_RETURN_IF_ERROR(file_.Read(next_, more, &buffer_[kept]));
    next_ += more;
    return absl::OkStatus();
  }

  const RandomAccessFile& file_;
  uint64_t next_;  // in the file: what the buffer does not hold yet
  std::string buffer_;
  size_t at_ = 0;
};

absl::StatusOr<Tensor> ReadPlain(const RandomAccessFile& file, DataType dtype, const TensorShape& shape,
                                 const ValueLocation& at, Allocator* allocator) {
  TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(dtype, shape, allocator));
  auto* out = static_cast<char*>(t.data());
  uint32_t crc = 0;
  for (size_t done = 0; done < t.total_bytes();) {
    const size_t n = std::min(kChunk, t.total_bytes() - done);
    TFP_RETURN_IF_ERROR(file.Read(at.offset + done, n, out + done));
    crc = ExtendCrc32c(crc, out + done, n);
    done += n;
  }
  TFP_RETURN_IF_ERROR(CheckValueCrc(at, crc));
  if (at.swap) SwapTensor(&t);
  if (dtype == DT_BOOL) {  // bytes other than 0 and 1 are no bool
    for (int64_t i = 0; i < t.num_elements(); ++i) out[i] = out[i] != 0;
  }
  return t;
}

class MappedBuffer : public TensorBuffer {
 public:
  explicit MappedBuffer(std::unique_ptr<MappedRange> range)
      : TensorBuffer(range->data(), range->size(), MemoryKind::kHost), range_(std::move(range)) {}

 private:
  ~MappedBuffer() override = default;
  std::unique_ptr<MappedRange> range_;
};

bool CanMap(const RandomAccessFile& file, DataType dtype, const ValueLocation& at, const Allocator& allocator) {
  // Bytes of bools may have to be changed; what kernels read must lie at a multiple of its size.
  return at.size >= kMapFrom && !at.swap && dtype != DT_BOOL && at.offset % DataTypeSize(dtype) == 0 &&
         file.descriptor() >= 0 && allocator.kind() == MemoryKind::kHost;
}

// Each call maps anew: tensors share no page that one of them could write to.
absl::StatusOr<Tensor> MapPlain(std::unique_ptr<MappedRange> range, DataType dtype, const TensorShape& shape,
                                const ValueLocation& at) {
  TFP_ASSIGN_OR_RETURN(const uint32_t crc, range->Crc32c());
  TFP_RETURN_IF_ERROR(CheckValueCrc(at, crc));
  void* const data = range->data();
  return Tensor::Wrap(dtype, shape, new MappedBuffer(std::move(range)), data);
}

// The lengths before n strings' bytes, and their own checksum. `each` sees every length; `crc` goes on from here, and
// `bytes` is what follows.
template <typename F>
absl::Status ReadLengths(BufferedReader& in, int64_t n, bool swap, uint32_t* crc, uint64_t* bytes, F each) {
  *bytes = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint64_t length;
    TFP_RETURN_IF_ERROR(in.ReadVarint64(&length));
    if (length <= std::numeric_limits<uint32_t>::max()) {
      const uint32_t narrow = static_cast<uint32_t>(length);
      const uint32_t hashed = swap ? SwapBytes(narrow) : narrow;
      *crc = ExtendCrc32c(*crc, &hashed, sizeof hashed);
    } else {
      const uint64_t hashed = swap ? SwapBytes(length) : length;
      *crc = ExtendCrc32c(*crc, &hashed, sizeof hashed);
    }
    *bytes =
        length > std::numeric_limits<uint64_t>::max() - *bytes ? std::numeric_limits<uint64_t>::max() : *bytes + length;
    each(i, length);
  }
  uint32_t stored;
  TFP_RETURN_IF_ERROR(in.Read(sizeof stored, &stored));
  const uint32_t expected = UnmaskCrc(swap ? SwapBytes(stored) : stored);
  if (expected != *crc) {
    return absl::DataLossError(
        absl::StrFormat("The length checksum does not match: expected %08u but actual is %08u", expected, *crc));
  }
  *crc = ExtendCrc32c(*crc, &stored, sizeof stored);
  return *bytes > in.remaining() ? TooShort() : absl::OkStatus();
}

absl::StatusOr<Tensor> ReadStrings(const RandomAccessFile& file, const TensorShape& shape, const ValueLocation& at) {
  const int64_t n = shape.num_elements();
  BufferedReader in(file, at.offset);
  // A length takes a byte at least, and then there is the checksum: before that many elements are made.
  if (in.remaining() < static_cast<uint64_t>(n)) return TooShort();
  std::vector<uint64_t> lengths(n);
  uint32_t crc = 0;
  uint64_t bytes;
  TFP_RETURN_IF_ERROR(
      ReadLengths(in, n, at.swap, &crc, &bytes, [&](int64_t i, uint64_t length) { lengths[i] = length; }));
  TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(DT_STRING, shape));
  auto strings = t.flat<std::string>();
  for (int64_t i = 0; i < n; ++i) {
    strings[i].resize(lengths[i]);
    TFP_RETURN_IF_ERROR(in.Read(lengths[i], &strings[i][0]));
    crc = ExtendCrc32c(crc, strings[i].data(), strings[i].size());
  }
  TFP_RETURN_IF_ERROR(CheckValueCrc(at, crc));
  return t;
}

absl::StatusOr<Tensor> ReadVariants(const RandomAccessFile& file, const TensorShape& shape, const ValueLocation& at,
                                    const Limits& limits) {
  const int64_t n = shape.num_elements();
  BufferedReader in(file, at.offset);
  if (in.remaining() / 5 < static_cast<uint64_t>(n)) return TooShort();  // a length byte and a checksum each
  TFP_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(DT_VARIANT, shape));
  uint32_t crc = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint64_t length;
    TFP_RETURN_IF_ERROR(in.ReadVarint64(&length));
    if (length > in.remaining()) return TooShort();
    if (length > static_cast<uint64_t>(limits.max_proto_bytes)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("A variant of ", length, " bytes is over the limit (Limits::max_proto_bytes)"));
    }
    crc = ExtendCrc32c(crc, &length, sizeof length);
    std::string bytes(length, '\0');
    TFP_RETURN_IF_ERROR(in.Read(length, &bytes[0]));
    crc = ExtendCrc32c(crc, bytes.data(), bytes.size());
    uint32_t stored;
    TFP_RETURN_IF_ERROR(in.Read(sizeof stored, &stored));
    if (UnmaskCrc(stored) != crc) {
      return absl::DataLossError(absl::StrCat("The checksum after Variant ", i,
                                              " does not match. Expected: ", UnmaskCrc(stored), " Actual: ", crc));
    }
    crc = ExtendCrc32c(crc, &stored, sizeof stored);
    tensorflow::VariantTensorDataProto proto;
    if (!proto.ParseFromString(bytes))
      return absl::DataLossError("Unable to parse proto from tensor (a stored variant)");
    TFP_ASSIGN_OR_RETURN(t.flat<Variant>()[i], VariantFromProto(proto, limits));
  }
  TFP_RETURN_IF_ERROR(CheckValueCrc(at, crc));
  return t;
}

}  // namespace

absl::Status CheckValueLocation(const RandomAccessFile& file, absl::string_view key, DataType dtype,
                                const TensorShape& shape, const ValueLocation& at) {
  const int64_t n = shape.num_elements();
  const int64_t width = DataTypeSize(dtype);
  if (width > 0 && (n > std::numeric_limits<int64_t>::max() / width || at.size != n * width)) {
    return absl::DataLossError(absl::StrCat("Invalid size in bundle entry: key ", key, "; stored size ", at.size,
                                            "; expected size ", static_cast<uint64_t>(n) * width));
  }
  if (dtype == DT_STRING && at.size < n) {
    return absl::DataLossError(absl::StrCat("Invalid size in bundle entry: key ", key, "; stored size ", at.size,
                                            "; expected size is at least ", n));
  }
  if (at.offset < 0) {
    return absl::InvalidArgumentError(absl::StrCat("Seeking to a negative position: ", at.offset));
  }
  const uint64_t offset = static_cast<uint64_t>(at.offset);
  if (offset > file.size() || (width > 0 && static_cast<uint64_t>(at.size) > file.size() - offset)) return TooShort();
  if (width > 0 || dtype == DT_STRING || dtype == DT_VARIANT) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("The entry for key ", key, " has dtype ", DataTypeString(dtype),
                                          ", of which a checkpoint holds no values"));
}

absl::StatusOr<Tensor> ReadValueAt(const RandomAccessFile& file, absl::string_view key, DataType dtype,
                                   const TensorShape& shape, const ValueLocation& at, Allocator* allocator,
                                   const Limits& limits, bool map_file) {
  TFP_RETURN_IF_ERROR(CheckValueLocation(file, key, dtype, shape, at));
  if (map_file && DataTypeSize(dtype) > 0 && CanMap(file, dtype, at, *allocator)) {
    auto range = MappedRange::Map(file, at.offset, at.size);
    if (range.ok()) return MapPlain(*std::move(range), dtype, shape, at);
  }
  if (DataTypeSize(dtype) > 0) return ReadPlain(file, dtype, shape, at, allocator);
  if (dtype == DT_STRING) return ReadStrings(file, shape, at);
  return ReadVariants(file, shape, at, limits);
}

absl::Status CheckValueAt(const RandomAccessFile& file, absl::string_view key, DataType dtype, const TensorShape& shape,
                          const ValueLocation& at, const Limits& limits) {
  TFP_RETURN_IF_ERROR(CheckValueLocation(file, key, dtype, shape, at));
  if (dtype == DT_VARIANT) return ReadVariants(file, shape, at, limits).status();
  BufferedReader in(file, at.offset);
  uint32_t crc = 0;
  uint64_t left = at.size;
  if (dtype == DT_STRING)
    TFP_RETURN_IF_ERROR(ReadLengths(in, shape.num_elements(), at.swap, &crc, &left, [](int64_t, uint64_t) {}));
  std::string piece;
  while (left > 0) {
    piece.resize(static_cast<size_t>(std::min<uint64_t>(left, kChunk)));
    TFP_RETURN_IF_ERROR(in.Read(piece.size(), &piece[0]));
    crc = ExtendCrc32c(crc, piece.data(), piece.size());
    left -= piece.size();
  }
  TFP_RETURN_IF_ERROR(CheckValueCrc(at, crc));
  return absl::OkStatus();
}

}  // namespace tfpersist
