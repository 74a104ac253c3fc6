#include "fuzz/util.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/table/block.h"
#include "reference/table/format.h"
#include "reference/table/table_builder.h"
#include "reference/table/table_reader.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist::fuzz {
namespace {

void RepairBlock(std::string* bytes, const BlockHandle& handle) {
  if (handle.offset > bytes->size() || handle.size > bytes->size() - handle.offset ||
      bytes->size() - handle.offset - handle.size < kBlockTrailerSize) {
    return;
  }
  const uint32_t crc = MaskCrc(Crc32c(bytes->data() + handle.offset, handle.size + 1));
  std::string fixed;
  PutFixed32(&fixed, crc);
  std::memcpy(&(*bytes)[handle.offset + handle.size + 1], fixed.data(), fixed.size());
}

}  // namespace

Limits SmallLimits() {
  Limits limits;
  limits.max_tensor_bytes = int64_t{16} << 20;
  limits.max_block_bytes = int64_t{16} << 20;
  limits.max_table_entries = 1 << 18;
  limits.max_proto_bytes = int64_t{16} << 20;
  limits.max_graph_nodes = 1 << 14;
  limits.max_shards = 64;
  limits.max_slices = 256;
  return limits;
}

void RepairTable(std::string* bytes) {
  if (bytes->size() < kFooterSize) return;
  const absl::StatusOr<Footer> footer = Footer::Decode(absl::string_view(*bytes).substr(bytes->size() - kFooterSize));
  if (!footer.ok()) return;
  RepairBlock(bytes, footer->metaindex);
  if (footer->index.offset < bytes->size() && footer->index.size < bytes->size() - footer->index.offset) {
    absl::StatusOr<Block> index = Block::Parse(bytes->substr(footer->index.offset, footer->index.size));
    if (index.ok()) {
      Block::Iterator it(&*index);
      int blocks = 0;
      for (it.SeekToFirst(); it.Valid() && blocks++ < 1000; it.Next()) {
        ByteReader value(it.value());
        BlockHandle handle;
        if (handle.DecodeFrom(&value)) RepairBlock(bytes, handle);
      }
    }
  }
  RepairBlock(bytes, footer->index);
}

ReadOptions SmallRead(FileSystem* fs) {
  ReadOptions options;
  options.file_system = fs;
  options.limits = SmallLimits();
  return options;
}

Logger* Silent() {
  class SilentLogger : public Logger {
    void Log(LogLevel, absl::string_view) override {}
  };
  static SilentLogger silent;
  return &silent;
}

std::optional<Entries> TableEntries(const std::string& bytes) {
  MemoryFileSystem fs;
  PutFile(&fs, "d/t", bytes);
  auto table = TableReader::Open(*fs.OpenForRead("d/t"), SmallLimits());
  if (!table.ok()) return std::nullopt;
  Entries entries;
  TableReader::Iterator it(table->get());
  for (it.SeekToFirst(); it.Valid() && entries.size() < 4096; it.Next()) {
    entries.emplace_back(std::string(it.key()), std::string(it.value()));
  }
  if (!it.status().ok()) return std::nullopt;
  return entries;
}

std::string BuildTable(const Entries& entries, size_t block_size, bool compressed) {
  std::string bytes;
  TableOptions options;
  options.block_size = block_size;
  if (compressed) options.compression = BlockType::kSnappy;
  TableBuilder builder(
      [&bytes](absl::string_view piece) {
        bytes.append(piece.data(), piece.size());
        return absl::OkStatus();
      },
      options);
  for (const auto& [key, value] : entries) builder.Add(key, value).IgnoreError();
  builder.Finish().IgnoreError();
  return bytes;
}

namespace {

// The checksum of a value's bytes as a bundle's entry has it; the one behind strings' lengths is made right in place.
uint32_t ValueCrc(const tensorflow::BundleEntryProto& entry, char* bytes, size_t size) {
  if (entry.dtype() != tensorflow::DT_STRING) return Crc32c(bytes, size);
  int64_t n = 1;
  for (const auto& dim : entry.shape().dim()) {
    if (dim.size() < 0 || (dim.size() > 0 && n > 65536 / dim.size())) return 0;
    n *= dim.size();
  }
  ByteReader in(absl::string_view(bytes, size));
  uint32_t crc = 0;
  for (int64_t i = 0; i < n; ++i) {
    uint64_t length;
    if (!in.ReadVarint64(&length)) return 0;
    const uint32_t narrow = static_cast<uint32_t>(length);
    crc = length > narrow ? ExtendCrc32c(crc, &length, 8) : ExtendCrc32c(crc, &narrow, 4);
  }
  if (in.remaining() < 4) return 0;
  std::string lengths_crc;
  PutFixed32(&lengths_crc, MaskCrc(crc));
  char* const behind = bytes + size - in.remaining();
  std::memcpy(behind, lengths_crc.data(), 4);
  crc = ExtendCrc32c(crc, lengths_crc.data(), 4);
  return ExtendCrc32c(crc, behind + 4, in.remaining() - 4);
}

}  // namespace

void RepairBundle(std::string* index, std::string* data) {
  RepairTable(index);
  std::optional<Entries> entries = TableEntries(*index);
  if (!entries.has_value()) return;
  bool changed = false;
  for (auto& [key, value] : *entries) {
    tensorflow::BundleEntryProto entry;
    if (key.empty() || !entry.ParseFromString(value) || entry.slices_size() > 0) continue;
    const uint64_t offset = static_cast<uint64_t>(entry.offset()), size = static_cast<uint64_t>(entry.size());
    if (offset > data->size() || size > data->size() - offset) continue;
    const uint32_t crc = MaskCrc(ValueCrc(entry, &(*data)[offset], size));
    if (crc == entry.crc32c()) continue;
    entry.set_crc32c(crc);
    value = entry.SerializeAsString();
    changed = true;
  }
  if (changed) *index = BuildTable(*entries);
}

void PutFile(MemoryFileSystem* fs, const std::string& name, const std::string& bytes) {
  auto file = fs->Create(name);
  if (file.ok()) (*file)->Append(bytes).IgnoreError();
}

std::vector<std::string> SplitFiles(const uint8_t* data, size_t size, size_t count) {
  std::vector<std::string> files;
  while (files.size() + 1 < count && size >= 4) {
    uint32_t length;
    std::memcpy(&length, data, 4);
    data += 4;
    size -= 4;
    const size_t taken = std::min<size_t>(length, size);
    files.emplace_back(reinterpret_cast<const char*>(data), taken);
    data += taken;
    size -= taken;
  }
  files.emplace_back(reinterpret_cast<const char*>(data), size);
  files.resize(count);
  return files;
}

std::string JoinFiles(const std::vector<std::string>& files) {
  std::string out;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i + 1 < files.size()) PutFixed32(&out, static_cast<uint32_t>(files[i].size()));
    out += files[i];
  }
  return out;
}

bool SameBits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DT_STRING) return a.flat<std::string>() == b.flat<std::string>();
  if (!IsPlain(a.dtype())) return a.SummarizeValue(1000) == b.SummarizeValue(1000);
  return a.total_bytes() == 0 || std::memcmp(a.data(), b.data(), a.total_bytes()) == 0;
}

void Fail(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

uint8_t Bytes::Byte() {
  if (size_ == 0) return 0;
  --size_;
  return *data_++;
}

uint32_t Bytes::Word() {
  uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word |= uint32_t{Byte()} << (8 * i);
  return word;
}

std::string Bytes::Take(size_t n) {
  n = std::min(n, size_);
  std::string taken(reinterpret_cast<const char*>(data_), n);
  data_ += n;
  size_ -= n;
  return taken;
}

Tensor AnyTensor(Bytes* in, bool plain_only) {
  static constexpr DataType kTypes[] = {DT_FLOAT,  DT_DOUBLE,  DT_INT32,     DT_UINT8,      DT_INT16,  DT_INT8,
                                        DT_INT64,  DT_BOOL,    DT_COMPLEX64, DT_COMPLEX128, DT_HALF,   DT_BFLOAT16,
                                        DT_UINT16, DT_UINT32,  DT_UINT64,    DT_QINT8,      DT_QUINT8, DT_QINT16,
                                        DT_QINT32, DT_QUINT16, DT_STRING};
  const int types = static_cast<int>(sizeof kTypes / sizeof kTypes[0]) - plain_only;
  const DataType dtype = kTypes[in->Byte() % types];
  std::vector<int64_t> dims(in->Byte() % 4);
  for (int64_t& dim : dims) dim = in->Byte() % 7;
  Tensor t = *Tensor::Allocate(dtype, *TensorShape::Create(dims));
  if (dtype == DT_STRING) {
    for (std::string& s : t.flat<std::string>()) s = in->Text();
    return t;
  }
  std::string bytes = in->Take(t.total_bytes());
  bytes.resize(t.total_bytes());
  if (dtype == DT_BOOL) {
    for (char& c : bytes) c &= 1;
  }
  if (!bytes.empty()) std::memcpy(t.data(), bytes.data(), bytes.size());
  return t;
}

bool TouchesFiles(const tensorflow::GraphDef& graph) {
  const auto touches = [](const std::string& op) {
    return absl::StartsWith(op, "Save") || absl::StartsWith(op, "Restore") ||
           absl::StrContains(op, "Merge") != (op == "Merge" || op == "RefMerge") || absl::StrContains(op, "File");
  };
  for (const auto& node : graph.node()) {
    if (touches(node.op())) return true;
  }
  for (const auto& function : graph.library().function()) {
    for (const auto& node : function.node_def()) {
      if (touches(node.op())) return true;
    }
  }
  return false;
}

bool HasLargeConstants(const tensorflow::GraphDef& graph, int64_t most) {
  const auto large = [most](const tensorflow::TensorProto& tensor) {
    int64_t n = 1;
    for (const auto& dim : tensor.tensor_shape().dim()) {
      if (dim.size() < 0) return false;  // the library refuses it
      if (dim.size() > 0 && n > most / dim.size()) return true;
      n *= dim.size();
    }
    return n > most;
  };
  const auto any = [&](const auto& nodes) {
    for (const auto& node : nodes) {
      for (const auto& [name, value] : node.attr()) {
        if (large(value.tensor())) return true;
        for (const auto& tensor : value.list().tensor()) {
          if (large(tensor)) return true;
        }
      }
    }
    return false;
  };
  if (any(graph.node())) return true;
  for (const auto& function : graph.library().function()) {
    if (any(function.node_def())) return true;
  }
  return false;
}

}  // namespace tfpersist::fuzz
