// What the fuzz targets share: limits that keep an input small work, files in memory, checksums made right.
#ifndef TFPERSIST_FUZZ_UTIL_H_
#define TFPERSIST_FUZZ_UTIL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/limits.h"
#include "reference/base/logger.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/memory_file_system.h"
#include "reference/tensor/tensor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tensorflow {
class GraphDef;
}

namespace tfpersist::fuzz {

// An input under 1 MiB must not take 256 MiB.
Limits SmallLimits();
ReadOptions SmallRead(FileSystem* fs);
Logger* Silent();

// ---- tables ----

using Entries = std::vector<std::pair<std::string, std::string>>;
// Makes the checksum of every block of a table right, as far as its structure can be followed.
void RepairTable(std::string* bytes);
// The entries of a table that can be read to its end, at most 4096.
std::optional<Entries> TableEntries(const std::string& bytes);
// Keys out of order are left out.
std::string BuildTable(const Entries& entries, size_t block_size = 262144, bool compressed = false);
// RepairTable, and then the checksum of every value that lies within `data` (strings' lengths have their own, there).
void RepairBundle(std::string* index, std::string* data);

// ---- files ----

void PutFile(MemoryFileSystem* fs, const std::string& name, const std::string& bytes);

// A sequence of files in one input: each a 32-bit little-endian length and its bytes; the last takes the rest.
std::vector<std::string> SplitFiles(const uint8_t* data, size_t size, size_t count);
std::string JoinFiles(const std::vector<std::string>& files);

// ---- values ----

// Same dtype, shape and bits.
bool SameBits(const Tensor& a, const Tensor& b);
// Says what went wrong, and aborts: a finding.
[[noreturn]] void Fail(const std::string& what);

// Takes numbers and bytes off an input; zeros behind its end.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  uint8_t Byte();
  int64_t Upto(int64_t most) { return most <= 0 ? 0 : Word() % (most + 1); }  // 0 .. most
  uint32_t Word();
  std::string Take(size_t n);                           // fewer at the end
  std::string Text() { return Take(Byte()); }           // length and bytes
  std::string Blob() { return Take(Word() & 0xffff); }  // the same, longer

 private:
  const uint8_t* data_;
  size_t size_;
};

// A tensor of any dtype and a small shape.
Tensor AnyTensor(Bytes* in, bool plain_only = false);

// True if a run of the graph could write files, or read others than it was given.
bool TouchesFiles(const tensorflow::GraphDef& graph);
// True if a constant of it stands for more than `most` elements.
bool HasLargeConstants(const tensorflow::GraphDef& graph, int64_t most);

}  // namespace tfpersist::fuzz

#endif  // TFPERSIST_FUZZ_UTIL_H_
