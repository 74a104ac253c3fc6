// A checkpoint whose index is gone, put together again from what TensorFlow 1.11.0 wrote beside it.
#include "reference/checkpoint/rebuild.h"

#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/base/status.h"
#include "reference/checkpoint/memory_file_system.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/rewrite.h"

namespace tfpersist {
namespace {

namespace fs = std::filesystem;

const char kGolden[] = "golden/data/tf-1.11.0/";

std::string Read(const std::string& file) { return *ReadWholeFile(PosixFileSystem(), file, int64_t{1} << 30); }

void Put(MemoryFileSystem* to, const std::string& file, const std::string& bytes) {
  auto out = *to->Create(file);
  ASSERT_TRUE(out->Append(bytes).ok());
  ASSERT_TRUE(out->Sync().ok() && out->Close().ok());
}

// Everything of a golden checkpoint but its index, as d/k.
void CopyWithoutIndex(const std::string& prefix, MemoryFileSystem* to) {
  for (const auto& file : fs::directory_iterator(fs::path(prefix).parent_path())) {
    const std::string path = file.path().string();
    if (PrefixOfMember(path) != prefix || absl::EndsWith(path, ".index")) continue;
    Put(to, absl::StrCat("d/k", path.substr(prefix.size())), Read(path));
  }
}

RewriteOptions In(MemoryFileSystem* files) {
  RewriteOptions options;
  options.read.file_system = files;
  return options;
}

// Values come back bit for bit wherever the meta graph sizes every tensor, in each golden checkpoint that has one.
TEST(Rebuild, FindsWhatTheIndexSaid) {
  int rebuilt = 0;
  for (const auto& file : fs::recursive_directory_iterator(kGolden)) {
    const std::string path = file.path().string();
    if (!absl::EndsWith(path, ".meta")) continue;
    const std::string prefix = path.substr(0, path.size() - 5);
    auto original = BundleReader::Open(prefix);
    if (!original.ok()) continue;
    MemoryFileSystem files;
    CopyWithoutIndex(prefix, &files);
    const auto report = SalvageCheckpoint("d/k", "d/s", In(&files));
    if (!report.ok()) continue;  // a saver that says too little, as one that was imported without its nodes
    SCOPED_TRACE(prefix);
    ReadOptions options;
    options.file_system = &files;
    auto salvaged = *BundleReader::Open("d/s", options);
    for (const auto& [name, sureness] : report->unsure) {
      if (!absl::StartsWith(sureness, "placed by order and size")) continue;
      const auto before = (*original)->Lookup(name), after = salvaged->Lookup(name);
      ASSERT_TRUE(before.ok() && after.ok()) << name << before.status() << after.status();
      EXPECT_EQ(before->dtype(), after->dtype());
      EXPECT_EQ(before->shape(), after->shape());
      EXPECT_EQ(before->SummarizeValue(1000), after->SummarizeValue(1000));
    }
    rebuilt += report->lost.empty();
  }
  EXPECT_GT(rebuilt, 3);
}

// With a byte missing, the last tensor is lost; one of several slices is lost with it, and never saved in part.
TEST(Rebuild, WhatIsSavedCanBeRead) {
  int cut = 0;
  for (const auto& file : fs::recursive_directory_iterator(kGolden)) {
    const std::string path = file.path().string();
    if (!absl::EndsWith(path, ".meta")) continue;
    const std::string prefix = path.substr(0, path.size() - 5);
    const std::string data_file = prefix + ".data-00000-of-00001";
    if (!fs::exists(data_file) || fs::file_size(data_file) == 0) continue;
    SCOPED_TRACE(prefix);
    MemoryFileSystem files;
    CopyWithoutIndex(prefix, &files);
    std::string data = Read(data_file);
    data.pop_back();
    Put(&files, "d/k.data-00000-of-00001", data);
    const auto report = SalvageCheckpoint("d/k", "d/s", In(&files));
    if (!report.ok()) continue;  // nothing is left, or the saver says too little
    EXPECT_FALSE(report->lost.empty());
    ReadOptions options;
    options.file_system = &files;
    auto salvaged = *BundleReader::Open("d/s", options);
    for (const std::string& name : report->saved) {
      EXPECT_TRUE(salvaged->Lookup(name).ok()) << name << ": " << salvaged->Lookup(name).status();
      for (const auto& [other, why] : report->lost) EXPECT_NE(name, other);
    }
    ++cut;
  }
  EXPECT_GT(cut, 0);
}

TEST(Rebuild, ABrokenIndexIsNoBetterThanNone) {
  MemoryFileSystem files;
  CopyWithoutIndex(absl::StrCat(kGolden, "document/model.ckpt"), &files);
  Put(&files, "d/k.index", "no table at all, but longer than the footer of one would have to be");
  const auto report = SalvageCheckpoint("d/k", "d/s", In(&files));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->saved, (std::vector<std::string>{"v1", "v2"}));
  EXPECT_EQ(report->unsure.size(), 2u);
}

TEST(Rebuild, AShortFileLosesItsEndAndAnOverlongOneIsDoubted) {
  for (const int change : {-2, 3}) {
    MemoryFileSystem files;
    CopyWithoutIndex(absl::StrCat(kGolden, "document/model.ckpt"), &files);
    std::string data = Read(absl::StrCat(kGolden, "document/model.ckpt.data-00000-of-00001"));
    data.resize(data.size() + change);
    Put(&files, "d/k.data-00000-of-00001", data);
    const auto report = SalvageCheckpoint("d/k", "d/s", In(&files));
    ASSERT_TRUE(report.ok()) << report.status();
    if (change < 0) {
      EXPECT_EQ(report->saved, std::vector<std::string>{"v1"});
      ASSERT_EQ(report->lost.size(), 1u);
      EXPECT_TRUE(absl::StrContains(report->lost[0].second, "the file ends before it does")) << report->lost[0].second;
    } else {
      ASSERT_EQ(report->unsure.size(), 2u);
      EXPECT_TRUE(absl::StartsWith(report->unsure[0].second, "doubtful")) << report->unsure[0].second;
    }
  }
}

TEST(Rebuild, WithoutMetaGraphTheReadersErrorStands) {
  MemoryFileSystem files;
  CopyWithoutIndex(absl::StrCat(kGolden, "document/model.ckpt"), &files);
  ASSERT_TRUE(files.Delete("d/k.meta").ok());
  const absl::Status status = SalvageCheckpoint("d/k", "d/s", In(&files)).status();
  EXPECT_EQ(status.message(), "d/k.index; No such file or directory");
  Put(&files, "d/k.meta", "\xff\xff no meta graph");
  EXPECT_TRUE(absl::StrContains(SalvageCheckpoint("d/k", "d/s", In(&files)).status().message(), "is no MetaGraphDef"));
}

}  // namespace
}  // namespace tfpersist
