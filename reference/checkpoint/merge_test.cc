#include "reference/checkpoint/merge.h"

#include <cstdlib>
#include <filesystem>

#include "gtest/gtest.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

class MergeTest : public testing::Test {
 protected:
  MergeTest() {
    std::string dir = testing::TempDir() + "tfpersist_merge_XXXXXX";
    dir_ = mkdtemp(dir.data());
  }
  void Write(const std::string& prefix, const std::string& key, float value) {
    auto writer = *BundleWriter::Create(dir_ + prefix);
    if (!key.empty()) ASSERT_TRUE(writer->Add(key, Tensor::Scalar(value)).ok());
    ASSERT_TRUE(writer->Finish().ok());
  }
  std::string Value(const std::string& prefix, const std::string& key) {
    auto reader = BundleReader::Open(dir_ + prefix);
    if (!reader.ok()) return reader.status().ToString();
    auto t = (*reader)->Lookup(key);
    return t.ok() ? FormatLikeNumpy(*t) : t.status().ToString();
  }
  std::string dir_;
};

TEST_F(MergeTest, MovesShardsAndRemovesSources) {
  Write("/t1/p", "a", 1);
  Write("/t2/p", "b", 2);
  ASSERT_TRUE(MergeBundles({dir_ + "/t1/p", dir_ + "/t2/p"}, dir_ + "/new/k", {.delete_old_dirs = true}).ok());
  EXPECT_EQ(Value("/new/k", "a"), "1.0");
  EXPECT_EQ(Value("/new/k", "b"), "2.0");
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/t1"));
  EXPECT_EQ(PosixFileSystem()->List(dir_ + "/new")->size(), 3u);
}

TEST_F(MergeTest, AnEmptySourceDoesNotBreakTheResult) {
  Write("/t1/p", "a", 1);
  Write("/t2/p", "", 0);
  ASSERT_TRUE(MergeBundles({dir_ + "/t1/p", dir_ + "/t2/p"}, dir_ + "/k").ok());
  EXPECT_EQ(Value("/k", "a"), "1.0");
}

TEST_F(MergeTest, DuplicatesLeaveTheSources) {
  Write("/t1/p", "a", 1);
  Write("/t2/p", "a", 2);
  EXPECT_EQ(
      MergeBundles({dir_ + "/t1/p", dir_ + "/t2/p"}, dir_ + "/k"),
      absl::InvalidArgumentError("Duplicate tensor keyed by a encountered, when merging prefix: " + dir_ + "/t2/p"));
  EXPECT_EQ(Value("/t1/p", "a"), "1.0");
  EXPECT_EQ(Value("/t2/p", "a"), "2.0");
}

TEST_F(MergeTest, AMissingSourceIsNamed) {
  Write("/t1/p", "a", 1);
  EXPECT_EQ(MergeBundles({dir_ + "/t1/p", dir_ + "/nope"}, dir_ + "/k"),
            absl::NotFoundError(dir_ + "/nope.index; No such file or directory"));
  EXPECT_EQ(Value("/t1/p", "a"), "1.0");
}

TEST_F(MergeTest, AFailedRenameUndoesTheOthers) {
  Write("/t1/p", "a", 1);
  Write("/t2/p", "b", 2);
  std::filesystem::create_directory(dir_ + "/k.index");
  EXPECT_FALSE(MergeBundles({dir_ + "/t1/p", dir_ + "/t2/p"}, dir_ + "/k").ok());
  EXPECT_EQ(Value("/t1/p", "a"), "1.0");
  EXPECT_EQ(Value("/t2/p", "b"), "2.0");
  EXPECT_EQ(PosixFileSystem()->List(dir_)->size(), 3u);
}

}  // namespace
}  // namespace tfpersist
