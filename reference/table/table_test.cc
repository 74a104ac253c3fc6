#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/base/coding.h"
#include "reference/base/file.h"
#include "reference/table/table_builder.h"
#include "reference/table/table_reader.h"

namespace tfpersist {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

class MemoryFile : public RandomAccessFile {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::Status Read(uint64_t offset, size_t size, void* buffer) const override {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return absl::OutOfRangeError("past the end");
    memcpy(buffer, bytes_.data() + offset, size);
    return absl::OkStatus();
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

absl::StatusOr<Entries> ReadAll(const std::string& bytes) {
  auto table = TableReader::Open(std::make_unique<MemoryFile>(bytes), Limits());
  if (!table.ok()) return table.status();
  Entries entries;
  TableReader::Iterator it(table->get());
  for (it.SeekToFirst(); it.Valid(); it.Next()) entries.emplace_back(it.key(), it.value());
  if (!it.status().ok()) return it.status();
  return entries;
}

std::string Write(const Entries& entries, TableOptions options = {}) {
  std::string bytes;
  TableBuilder builder(
      [&](absl::string_view part) {
        bytes.append(part.data(), part.size());
        return absl::OkStatus();
      },
      options);
  for (const auto& [key, value] : entries) EXPECT_TRUE(builder.Add(key, value).ok());
  EXPECT_TRUE(builder.Finish().ok());
  return bytes;
}

std::vector<std::string> GoldenTables() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("golden/data")) {
    const std::string file = entry.path().string();
    const bool v1 =
        absl::StrContains(file, "/v1/") && absl::StrContains(file, ".ckpt") && !absl::StrContains(file, ".meta");
    if ((absl::EndsWith(file, ".index") || v1) && entry.is_regular_file() && !absl::StrContains(file, "/by_hand/")) {
      files.push_back(file);
    }
  }
  return files;
}

// What TensorFlow wrote, read and written again, is the same bytes: blocks, restarts, separators, checksums.
TEST(Table, WritesTensorFlowsBytes) {
  const std::vector<std::string> files = GoldenTables();
  ASSERT_GE(files.size(), 50u) << "run from the source root";
  for (const std::string& file : files) {
    const std::string bytes = *ReadWholeFile(PosixFileSystem(), file, 1 << 28);
    const auto entries = ReadAll(bytes);
    ASSERT_TRUE(entries.ok()) << file << ": " << entries.status();
    EXPECT_TRUE(Write(*entries) == bytes) << file;
  }
}

TEST(Table, FindsEveryKeyAndNoOther) {
  Entries entries;
  for (int i = 0; i < 20000; ++i) entries.emplace_back(absl::StrCat("key", 100000 + 2 * i), std::string(i % 50, 'v'));
  for (BlockType compression : {BlockType::kPlain, BlockType::kSnappy}) {
    const std::string bytes = Write(entries, {.block_size = 4096, .compression = compression});
    EXPECT_EQ(*ReadAll(bytes), entries);
    auto table = TableReader::Open(std::make_unique<MemoryFile>(bytes), Limits());
    ASSERT_TRUE(table.ok());
    for (const auto& [key, value] : entries) ASSERT_EQ(*(*table)->Get(key), value);
    EXPECT_TRUE(absl::IsNotFound((*table)->Get("key100001").status()));
    EXPECT_TRUE(absl::IsNotFound((*table)->Get("").status()));
    EXPECT_TRUE(absl::IsNotFound((*table)->Get("l").status()));
  }
}

TEST(Table, RefusesKeysOutOfOrder) {
  TableBuilder builder([](absl::string_view) { return absl::OkStatus(); });
  EXPECT_TRUE(builder.Add("b", "").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(builder.Add("b", "")));
  EXPECT_TRUE(absl::IsInvalidArgument(builder.Add("a", "")));
}

TEST(Table, ErrorsAreTensorFlows) {
  EXPECT_EQ(ReadAll("").status(), absl::DataLossError("file is too short to be an sstable"));
  EXPECT_EQ(ReadAll(std::string(100, 'x')).status(), absl::DataLossError("not an sstable (bad magic number)"));
}

// A broken table is an error, or (where no checksum covers a byte, as in the footer's padding) reads the same.
TEST(Table, NoFlipOrTruncationChangesAValue) {
  const std::string bytes =
      *ReadWholeFile(PosixFileSystem(), "golden/data/tf-1.11.0/document/model.ckpt.index", 1 << 20);
  const Entries entries = *ReadAll(bytes);
  int errors = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto read = ReadAll(bad);
      if (!read.ok()) {
        ++errors;
      } else {
        EXPECT_EQ(*read, entries) << "byte " << at << " bit " << bit;
      }
    }
    EXPECT_FALSE(ReadAll(bytes.substr(0, at)).ok()) << at;
  }
  EXPECT_GT(errors, static_cast<int>(bytes.size()) * 5);
}

// Past the checksums: every contents of a block that a program might craft ends in entries or a status.
TEST(Block, SurvivesAnyContents) {
  Entries entries = {{"", "head"}, {"abc", "1"}, {"abd", "2"}, {"b", "3"}};
  BlockBuilder builder(2);
  for (const auto& [key, value] : entries) builder.Add(key, value);
  const std::string good = builder.Finish();
  for (size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bad = good;
      bad[at] = static_cast<char>(value);
      auto block = Block::Parse(bad);
      if (!block.ok()) continue;
      Block::Iterator it(&*block);
      int steps = 0;
      for (it.SeekToFirst(); it.Valid(); it.Next()) ASSERT_LT(++steps, 100);
      it.Seek("abd");
      it.Seek("zzz");
    }
  }
  for (size_t size = 0; size < good.size(); ++size) {
    auto block = Block::Parse(good.substr(0, size));
    if (block.ok()) Block::Iterator(&*block).SeekToFirst();
  }
}

// One restart for 100,000 entries: a look-up of each would walk five thousand million of them (campaign,
// bundle/sparse_restarts).
TEST(Block, FindsKeysFarFromARestart) {
  constexpr int kKeys = 100000;
  BlockBuilder builder(kKeys);
  const auto key = [](int i) { return absl::StrCat("k", absl::Dec(2 * i, absl::kZeroPad8)); };
  for (int i = 0; i < kKeys; ++i) builder.Add(key(i), absl::StrCat(i));
  auto block = Block::Parse(builder.Finish());
  ASSERT_TRUE(block.ok());
  for (int i = 0; i < kKeys; ++i) {
    const int at = static_cast<int>(int64_t{i} * 7919 % kKeys);
    Block::Iterator it(&*block);
    it.Seek(key(at));
    ASSERT_TRUE(it.Valid() && it.key() == key(at) && it.value() == absl::StrCat(at));
    it.Seek(key(at) + "x");
    ASSERT_EQ(it.Valid(), at + 1 < kKeys);
    if (it.Valid()) ASSERT_EQ(it.key(), key(at + 1));
  }
}

// Keys out of order: the first one at or after the target, as a walk from the restart finds it.
TEST(Block, FindsTheFirstOfKeysOutOfOrder) {
  constexpr int kKeys = 1000;
  std::string contents;
  std::vector<std::string> keys;
  for (int i = 0; i < kKeys; ++i) {
    keys.push_back(absl::StrCat(absl::Dec(int64_t{i} * 7919 % 10007, absl::kZeroPad5)));
    contents += absl::StrCat(absl::string_view("\0\5\0", 3), keys.back());
  }
  contents.append("\0\0\0\0\1\0\0\0", 8);
  auto block = Block::Parse(contents);
  ASSERT_TRUE(block.ok());
  for (int round = 0; round < 2; ++round) {  // with the skips that the first one made
    for (int i = 0; i < 10007; i += 7) {
      const std::string target = absl::StrCat(absl::Dec(i, absl::kZeroPad5));
      Block::Iterator it(&*block);
      it.Seek(target);
      const auto wanted = std::find_if(keys.begin(), keys.end(), [&](const std::string& k) { return k >= target; });
      ASSERT_EQ(it.Valid(), wanted != keys.end());
      if (it.Valid()) ASSERT_EQ(it.key(), *wanted);
    }
  }
}

// 100,000 keys that each repeat half a megabyte of the first: 50 GB of keys in a block of 1 MB.
TEST(Block, RefusesKeysFarLargerThanItself) {
  constexpr int kLong = 1 << 19;
  std::string contents = std::string("\0", 1);
  PutVarint32(&contents, kLong);
  contents += std::string("\0", 1) + std::string(kLong, 'k');
  for (int i = 0; i < 100000; ++i) {
    PutVarint32(&contents, kLong);
    contents.append("\1\0x", 3);
  }
  contents.append("\0\0\0\0\1\0\0\0", 8);
  auto block = Block::Parse(contents);
  ASSERT_TRUE(block.ok());
  Block::Iterator it(&*block);
  int64_t bytes = 0;
  for (it.SeekToFirst(); it.Valid(); it.Next()) bytes += static_cast<int64_t>(it.key().size());
  EXPECT_EQ(it.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_LT(bytes, 100 << 20);
}

}  // namespace
}  // namespace tfpersist
