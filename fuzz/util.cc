#include "fuzz/util.h"

#include <algorithm>
#include <cstring>

#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/table/block.h"
#include "reference/table/format.h"

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
  limits.max_tensor_bytes = int64_t{64} << 20;
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

}  // namespace tfpersist::fuzz
