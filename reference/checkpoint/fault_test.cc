// The n-th call of a merge, a rename or a salvage fails, for every n: what was there stays, or the new one is complete,
// and the error names file and cause. Saves are in crash_test.cc.
#include <cstring>
#include <functional>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "reference/base/status.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/memory_file_system.h"
#include "reference/checkpoint/merge.h"
#include "reference/checkpoint/rewrite.h"

namespace tfpersist {
namespace {

absl::Status Write(FileSystem* fs, const std::string& prefix, const std::vector<std::string>& names, float value) {
  TFP_ASSIGN_OR_RETURN(auto writer, BundleWriter::Create(prefix, {.file_system = fs}));
  for (const std::string& name : names) TFP_RETURN_IF_ERROR(writer->Add(name, Tensor::Scalar<float>(value)));
  return writer->Finish();
}

// The value that all tensors of these names have; 0 if one can't be read or two differ.
float ValueOf(FileSystem* fs, const std::string& prefix, const std::vector<std::string>& names) {
  const auto reader = BundleReader::Open(prefix, {.file_system = fs});
  if (!reader.ok()) return 0;
  float value = 0;
  for (const std::string& name : names) {
    const auto tensor = (*reader)->Lookup(name);
    if (!tensor.ok() || (value != 0 && tensor->flat<float>()[0] != value)) return 0;
    value = tensor->flat<float>()[0];
  }
  return value;
}

RewriteOptions In(FileSystem* fs) {
  RewriteOptions options;
  options.read.file_system = fs;
  return options;
}

// Sources of value 2, and an older checkpoint of value 1 where the result goes.
struct Work {
  const char* name;
  std::function<absl::Status(FileSystem*)> prepare;
  std::function<absl::Status(FileSystem*)> run;
  std::string out;
  std::vector<std::string> out_names;
  std::function<bool(FileSystem*)> sources_intact;  // after a failure
};

std::vector<Work> AllWork() {
  const auto two_parts = [](FileSystem* fs) {
    TFP_RETURN_IF_ERROR(Write(fs, "d/part-0", {"a"}, 2));
    TFP_RETURN_IF_ERROR(Write(fs, "d/part-1", {"b"}, 2));
    return Write(fs, "d/out", {"a", "b"}, 1);
  };
  const auto one = [](FileSystem* fs) {
    TFP_RETURN_IF_ERROR(Write(fs, "d/in", {"a", "b"}, 2));
    return Write(fs, "d/out", {"a", "b"}, 1);
  };
  const auto source = [](FileSystem* fs) { return ValueOf(fs, "d/in", {"a", "b"}) == 2; };
  return {
      {"merge",
       two_parts,
       [](FileSystem* fs) {
         const std::string parts[] = {"d/part-0", "d/part-1"};
         return MergeBundles(parts, "d/out", {.file_system = fs});
       },
       "d/out",
       {"a", "b"},
       [](FileSystem* fs) { return ValueOf(fs, "d/part-0", {"a"}) == 2 && ValueOf(fs, "d/part-1", {"b"}) == 2; }},
      {"rename",
       one,
       [](FileSystem* fs) { return RenameCheckpoint("d/in", "d/out", {}, In(fs)); },
       "d/out",
       {"a", "b"},
       source},
      {"rename_in_place",
       [](FileSystem* fs) {
         return Write(fs, "d/out", {"a", "b"}, 1);
       },
       [](FileSystem* fs) {
         return RenameCheckpoint("d/out", "d/out", {.names = {{"a", "c"}}}, In(fs));
       },
       "d/out",
       {"b"},
       [](FileSystem*) { return true; }},
      {"salvage",
       one,
       [](FileSystem* fs) {
         const auto report = SalvageCheckpoint("d/in", "d/out", In(fs));
         if (!report.ok()) return report.status();
         // A file that could not be opened costs its tensors, and the report says so.
         return report->lost.empty() ? absl::OkStatus() : absl::DataLossError(report->lost[0].second);
       },
       "d/out",
       {},
       source},
  };
}

class Fault : public testing::TestWithParam<int> {};

TEST_P(Fault, AFailingCallTakesNothingAway) {
  const Work work = AllWork()[GetParam()];
  for (const int error : {ENOSPC, EIO, EDQUOT, EACCES}) {
    for (const bool short_write : {false, true}) {
      int failures = 0;
      bool done = false;
      for (int n = 0; !done; ++n) {
        ASSERT_LT(n, 300);
        SCOPED_TRACE(absl::StrCat(work.name, ": call ", n, " fails with ", std::strerror(error)));
        MemoryFileSystem fs;
        ASSERT_TRUE(work.prepare(&fs).ok());
        fs.calls = 0;
        fs.fail_at = n;
        fs.error = error;
        fs.short_write = short_write;
        const absl::Status status = work.run(&fs);
        done = fs.calls <= n;
        fs.fail_at = -1;
        if (!status.ok()) {
          ++failures;
          EXPECT_TRUE(absl::StrContains(status.message(), "d")) << status;
          EXPECT_TRUE(absl::StrContains(status.message(), std::strerror(error))) << status;
        }
        // The old one whole, or the new one.
        const auto reader = BundleReader::Open(work.out, {.file_system = &fs});
        ASSERT_TRUE(reader.ok()) << reader.status();
        const auto names = (*reader)->ListReadableNames();
        ASSERT_TRUE(names.ok());
        EXPECT_NE(ValueOf(&fs, work.out, *names), 0);
        if (!work.out_names.empty()) EXPECT_NE(ValueOf(&fs, work.out, work.out_names), 0);
        // A merge whose last sync failed has moved its sources to where they belong.
        const bool finished = std::string(work.name) == "merge" && ValueOf(&fs, "d/out", {"a", "b"}) == 2;
        if (!status.ok() && !finished) EXPECT_TRUE(work.sources_intact(&fs));
        const std::vector<std::string> left = *fs.List("d");
        for (const std::string& name : left) {
          EXPECT_FALSE(absl::StrContains(name, ".tempstate-")) << "left behind: " << name;
        }
      }
      EXPECT_GT(failures, 5);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Work, Fault, testing::Range(0, 4),
                         [](const auto& info) { return AllWork()[info.param].name; });

// A missing shard loses the tensors that lie in it, and no others.
TEST(Salvage, AMissingShardLosesItsTensorsAlone) {
  MemoryFileSystem fs;
  ASSERT_TRUE(Write(&fs, "d/part-0", {"a", "b"}, 2).ok());
  ASSERT_TRUE(Write(&fs, "d/part-1", {"c"}, 2).ok());
  ASSERT_TRUE(Write(&fs, "d/part-2", {"x", "y"}, 2).ok());
  const std::string parts[] = {"d/part-0", "d/part-1", "d/part-2"};
  ASSERT_TRUE(MergeBundles(parts, "d/k", {.file_system = &fs}).ok());
  ASSERT_TRUE(fs.Delete("d/k.data-00001-of-00003").ok());
  const auto report = SalvageCheckpoint("d/k", "d/s", In(&fs));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->saved, (std::vector<std::string>{"a", "b", "x", "y"}));
  ASSERT_EQ(report->lost.size(), 1u);
  EXPECT_EQ(report->lost[0].first, "c");
  EXPECT_TRUE(absl::StrContains(report->lost[0].second, "d/k.data-00001-of-00003")) << report->lost[0].second;
  EXPECT_EQ(ValueOf(&fs, "d/s", {"a", "b", "x", "y"}), 2);
}

}  // namespace
}  // namespace tfpersist
