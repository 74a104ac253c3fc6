#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/base/threads.h"

namespace tfpersist {
namespace {

using testing::ElementsAre;

std::string NewFolder() {
  std::string dir = testing::TempDir() + "tfpersist_base_XXXXXX";
  return mkdtemp(dir.data());
}

TEST(Crc32c, CheckValueAndMask) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);  // RFC 3720, B.4
  EXPECT_EQ(MaskCrc(0xe3069283u), 0xc78ab0e5u);
  EXPECT_EQ(UnmaskCrc(MaskCrc(0x12345678u)), 0x12345678u);
  EXPECT_EQ(ExtendCrc32c(Crc32c("1234"), "56789", 5), Crc32c("123456789"));
}

TEST(Coding, RoundTripAndTruncation) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 32, ~uint64_t{0}}) {
    std::string bytes;
    PutVarint64(&bytes, value);
    EXPECT_EQ(static_cast<int>(bytes.size()), VarintLength(value));
    uint64_t read;
    ByteReader whole(bytes);
    ASSERT_TRUE(whole.ReadVarint64(&read));
    EXPECT_EQ(read, value);
    EXPECT_TRUE(whole.empty());
    ByteReader cut(absl::string_view(bytes).substr(0, bytes.size() - 1));
    EXPECT_FALSE(cut.ReadVarint64(&read));
  }
  uint32_t narrow;
  std::string wide;
  PutVarint64(&wide, uint64_t{1} << 32);
  EXPECT_FALSE(ByteReader(wide).ReadVarint32(&narrow));
  uint64_t read;
  EXPECT_FALSE(ByteReader(std::string(11, '\xff')).ReadVarint64(&read));
}

TEST(Files, AtomicFileAppearsWholeOrNotAtAll) {
  const std::string dir = NewFolder();
  FileSystem* const fs = PosixFileSystem();
  ASSERT_TRUE(WriteFileAtomically(fs, dir + "/a", "old").ok());
  {
    auto file = AtomicFile::Create(fs, dir + "/a", {});
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append("new").ok());
  }
  EXPECT_EQ(*ReadWholeFile(fs, dir + "/a", 100), "old");
  EXPECT_THAT(*fs->List(dir), ElementsAre("a"));
  ASSERT_TRUE(WriteFileAtomically(fs, dir + "/a", "new").ok());
  EXPECT_EQ(*ReadWholeFile(fs, dir + "/a", 100), "new");
  EXPECT_EQ(ReadWholeFile(fs, dir + "/a", 2).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Files, ErrorsAreTensorFlows) {
  const std::string dir = NewFolder();
  EXPECT_EQ(PosixFileSystem()->OpenForRead(dir + "/x").status(),
            absl::NotFoundError(dir + "/x; No such file or directory"));
  EXPECT_EQ(PosixFileSystem()->OpenForRead(dir).status(), absl::FailedPreconditionError(dir + "; Is a directory"));
}

TEST(Files, MatchingFiles) {
  const std::string dir = NewFolder();
  FileSystem* const fs = PosixFileSystem();
  for (const char* name : {"k.index", "k.data-00000-of-00001", "m"}) {
    ASSERT_TRUE(WriteFileAtomically(fs, JoinPath(dir, name), "").ok());
  }
  EXPECT_THAT(*GetMatchingFiles(fs, dir + "/k.data-*-of-0000?"), ElementsAre(dir + "/k.data-00000-of-00001"));
  EXPECT_THAT(*GetMatchingFiles(fs, dir + "/m"), ElementsAre(dir + "/m"));
  EXPECT_THAT(*GetMatchingFiles(fs, dir + "/n"), ElementsAre());
  EXPECT_EQ(GetMatchingFiles(fs, dir + "/no/n*").status().code(), absl::StatusCode::kNotFound);
}

TEST(Paths, AsPythonHasThem) {
  EXPECT_EQ(Dirname("a/b"), "a");
  EXPECT_EQ(Dirname("b"), "");
  EXPECT_EQ(Dirname("/b"), "/");
  EXPECT_EQ(Dirname("a//b"), "a");
  EXPECT_EQ(Basename("a/"), "");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

TEST(ThreadPool, CoversEveryItemOnce) {
  ThreadPool pool(4);
  for (int64_t total : {0, 1, 7, 1000}) {
    std::vector<std::atomic<int>> seen(total);
    pool.ParallelFor(total, 3, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[i];
      pool.ParallelFor(2, 1, [](int64_t, int64_t) {});  // nested: runs here
    });
    for (const auto& count : seen) EXPECT_EQ(count, 1);
  }
}

TEST(Status, KeepsTheNode) {
  absl::Status status = WithNode(absl::NotFoundError("x"), "save/RestoreV2");
  EXPECT_EQ(NodeOf(WithMessage(status, "y")), "save/RestoreV2");
  EXPECT_EQ(NodeOf(absl::OkStatus()), "");
}

}  // namespace
TEST(Crc32c, OfPartsJoined) {
  std::string bytes(100000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  for (size_t cut : {size_t{0}, size_t{1}, size_t{4096}, size_t{65537}, bytes.size()}) {
    const uint32_t a = Crc32c(bytes.data(), cut), b = Crc32c(bytes.data() + cut, bytes.size() - cut);
    EXPECT_EQ(ConcatCrc32c(a, b, bytes.size() - cut), Crc32c(bytes)) << cut;
  }
}

}  // namespace tfpersist
