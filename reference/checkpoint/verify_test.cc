#include "reference/checkpoint/verify.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/memory_file_system.h"
#include "reference/checkpoint/merge.h"
#include "reference/checkpoint/rewrite.h"

namespace tfpersist {
namespace {

const char kGolden[] = "golden/data/tf-1.11.0/";

VerifyReport Verify(const std::string& prefix, FileSystem* fs = PosixFileSystem()) {
  VerifyOptions options;
  options.read.file_system = fs;
  return VerifyCheckpoint(prefix, options);
}

bool Finds(const VerifyReport& report, absl::string_view text) {
  for (const VerifyFinding& f : report.findings) {
    if (absl::StrContains(f.text, text)) return true;
  }
  return false;
}

TEST(Verify, WhatTensorFlowWroteIsSound) {
  int checked = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kGolden)) {
    const std::string path = file.path().string();
    if (!absl::EndsWith(path, ".index") || absl::StrContains(path, "/tables/")) continue;  // those are tables alone
    const VerifyReport report = Verify(path.substr(0, path.size() - 6));
    if (!absl::StrContains(path, "/slices/overlap")) {
      for (const VerifyFinding& f : report.findings) {
        if (f.severity == VerifyFinding::kError)
          ADD_FAILURE() << path << ": " << f.file << " " << f.key << " " << f.text;
      }
    }
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

TEST(Verify, FaultySlicesAreNamed) {
  EXPECT_TRUE(Finds(Verify(std::string(kGolden) + "slices/overlap.ckpt"), "overlap"));
  EXPECT_TRUE(Finds(Verify(std::string(kGolden) + "slices/partial.ckpt"), "elements"));
}

// Two shards of two tensors each.
std::unique_ptr<MemoryFileSystem> TwoShards() {
  auto fs = std::make_unique<MemoryFileSystem>();
  for (const char* shard : {"0", "1"}) {
    auto writer = BundleWriter::Create(absl::StrCat("d/part", shard), {.file_system = fs.get()});
    EXPECT_TRUE(writer.ok());
    EXPECT_TRUE((*writer)->Add(absl::StrCat("a", shard), Tensor::Scalar<float>(1)).ok());
    EXPECT_TRUE((*writer)->Add(absl::StrCat("b", shard), Tensor::Scalar<std::string>("text")).ok());
    EXPECT_TRUE((*writer)->Finish().ok());
  }
  const std::string parts[] = {"d/part0", "d/part1"};
  EXPECT_TRUE(MergeBundles(parts, "d/k", {.file_system = fs.get()}).ok());
  return fs;
}

TEST(Verify, AMissingShardLosesItsTensorsAlone) {
  auto fs = TwoShards();
  EXPECT_TRUE(Verify("d/k", fs.get()).ok());
  ASSERT_TRUE(fs->Delete("d/k.data-00001-of-00002").ok());
  const VerifyReport report = Verify("d/k", fs.get());
  EXPECT_FALSE(report.ok());
  EXPECT_TRUE(Finds(report, "2 tensors are lost with it"));
  EXPECT_EQ(report.intact, (std::vector<std::string>{"a0", "b0"}));

  RewriteOptions options;
  options.read.file_system = fs.get();
  const auto salvaged = SalvageCheckpoint("d/k", "d/s", options);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_EQ(salvaged->saved, (std::vector<std::string>{"a0", "b0"}));
  ASSERT_EQ(salvaged->lost.size(), 2u);
  EXPECT_EQ(salvaged->lost[0].first, "a1");
  EXPECT_TRUE(Verify("d/s", fs.get()).ok());
}

TEST(Verify, EveryDataByteCounts) {
  auto fs = TwoShards();
  const std::string file = "d/k.data-00000-of-00002";
  const std::string good = *ReadWholeFile(fs.get(), file, 1000);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x40;
    ASSERT_TRUE(WriteFileAtomically(fs.get(), file, bad).ok());
    EXPECT_FALSE(Verify("d/k", fs.get()).ok()) << "byte " << i;
    ASSERT_TRUE(WriteFileAtomically(fs.get(), file, good.substr(0, i)).ok());
    EXPECT_FALSE(Verify("d/k", fs.get()).ok()) << "cut to " << i;
  }
  ASSERT_TRUE(WriteFileAtomically(fs.get(), file, good + "more").ok());
  EXPECT_TRUE(Finds(Verify("d/k", fs.get()), "4 bytes follow the last tensor"));
}

TEST(Salvage, OverlappingSlicesAreLost) {
  const std::string out = testing::TempDir() + "tfpersist_salvaged_overlap/k";
  const auto salvaged = SalvageCheckpoint(std::string(kGolden) + "slices/overlap.ckpt", out);
  if (salvaged.ok()) {
    EXPECT_FALSE(salvaged->lost.empty());
    EXPECT_TRUE(Verify(out).ok());
  } else {
    EXPECT_TRUE(absl::IsDataLoss(salvaged.status())) << salvaged.status();
  }
}

TEST(Rename, RefusesTwoOfOneName) {
  auto fs = TwoShards();
  RewriteOptions options;
  options.read.file_system = fs.get();
  EXPECT_TRUE(absl::IsInvalidArgument(RenameCheckpoint("d/k", "d/r", {.names = {{"a0", "a1"}}}, options)));
  EXPECT_TRUE(absl::IsNotFound(RenameCheckpoint("d/k", "d/r", {.names = {{"zz", "a1"}}}, options)));
  EXPECT_FALSE(FileExists(fs.get(), "d/r.index"));
  ASSERT_TRUE(RenameCheckpoint("d/k", "d/k", {.names = {{"a0", "a1"}, {"a1", "a0"}}}, options).ok());  // over itself
  EXPECT_TRUE(Verify("d/k", fs.get()).ok());
}

}  // namespace
}  // namespace tfpersist
