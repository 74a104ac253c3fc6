// What stays when a call of a save fails, and when the process or the machine dies at any of them.
#include <functional>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/checkpoint/memory_file_system.h"
#include "reference/checkpoint/merge.h"
#include "reference/checkpoint/recovery.h"

namespace tfpersist {
namespace {

class Quiet : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

absl::Status WriteBundle(FileSystem* fs, const std::string& prefix, const std::vector<std::string>& names,
                         float value) {
  TFP_ASSIGN_OR_RETURN(auto writer, BundleWriter::Create(prefix, {.file_system = fs}));
  for (const std::string& name : names) TFP_RETURN_IF_ERROR(writer->Add(name, Tensor::Scalar<float>(value)));
  return writer->Finish();
}

absl::Status NameLatest(FileSystem* fs, const std::string& prefix) {
  Quiet quiet;
  return UpdateCheckpointState(
      {.save_dir = "d", .model_checkpoint_path = prefix, .all_model_checkpoint_paths = {prefix}}, &quiet, fs);
}

absl::Status Save(FileSystem* fs, const std::string& prefix, float value) {
  TFP_RETURN_IF_ERROR(WriteBundle(fs, prefix, {"a", "b"}, value));
  return NameLatest(fs, prefix);
}

absl::Status ShardedSave(FileSystem* fs, const std::string& prefix, float value) {
  const std::string parts[] = {prefix + "_temp/part-00000-of-00002", prefix + "_temp/part-00001-of-00002"};
  TFP_RETURN_IF_ERROR(WriteBundle(fs, parts[0], {"a"}, value));
  TFP_RETURN_IF_ERROR(WriteBundle(fs, parts[1], {"b"}, value));
  TFP_RETURN_IF_ERROR(MergeBundles(parts, prefix, {.file_system = fs, .delete_old_dirs = true}));
  return NameLatest(fs, prefix);
}

// The one value that both tensors of the latest checkpoint have; 0 if that can't be said.
float Latest(FileSystem* fs) {
  Quiet quiet;
  const auto prefix = LatestCheckpoint("d", "", &quiet, fs);
  EXPECT_TRUE(prefix.ok()) << prefix.status();
  if (!prefix.ok() || !prefix->has_value()) return 0;
  const auto reader = BundleReader::Open(**prefix, {.file_system = fs});
  EXPECT_TRUE(reader.ok()) << **prefix << ": " << reader.status();
  if (!reader.ok()) return 0;
  const auto a = (*reader)->Lookup("a"), b = (*reader)->Lookup("b");
  EXPECT_TRUE(a.ok()) << a.status();
  EXPECT_TRUE(b.ok()) << b.status();
  if (!a.ok() || !b.ok()) return 0;
  EXPECT_EQ(a->flat<float>()[0], b->flat<float>()[0]);
  return a->flat<float>()[0];
}

struct Way {
  const char* name;
  std::function<absl::Status(FileSystem*)> save;  // after a first save of 1 at d/k-1
};

std::vector<Way> Ways() {
  return {{"next", [](FileSystem* fs) { return Save(fs, "d/k-2", 2); }},
          {"again", [](FileSystem* fs) { return Save(fs, "d/k-1", 2); }},
          {"sharded", [](FileSystem* fs) { return ShardedSave(fs, "d/k-2", 2); }},
          {"sharded_again", [](FileSystem* fs) { return ShardedSave(fs, "d/k-1", 2); }}};
}

class Crash : public testing::TestWithParam<int> {
 protected:
  const Way way_ = Ways()[GetParam()];
  static std::unique_ptr<MemoryFileSystem> WithFirstSave() {
    auto fs = std::make_unique<MemoryFileSystem>();
    EXPECT_TRUE(Save(fs.get(), "d/k-1", 1).ok());
    fs->calls = 0;
    return fs;
  }
};

// Where the checkpoint is complete and only what follows it fails (its state file, the last sync), the new one stands.
TEST_P(Crash, AFailingCallLeavesTheOldOrTheNewCheckpoint) {
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    for (const bool short_write : {false, true}) {
      bool done = false;
      int n = 0, old_ones = 0;
      for (; !done; ++n) {
        ASSERT_LT(n, 300);
        SCOPED_TRACE(absl::StrCat(way_.name, ": call ", n, " fails with errno ", error));
        auto fs = WithFirstSave();
        fs->fail_at = n;
        fs->error = error;
        fs->short_write = short_write;
        const absl::Status status = way_.save(fs.get());
        done = fs->calls <= n;
        fs->fail_at = -1;
        if (status.ok()) {
          EXPECT_EQ(Latest(fs.get()), 2);  // the call was one that may fail
          continue;
        }
        const float latest = Latest(fs.get());
        EXPECT_TRUE(latest == 1 || latest == 2) << latest << ": " << status;
        old_ones += latest == 1;
        EXPECT_NE(std::string(status.message()).find("d"), std::string::npos) << status;
        // And the next save comes through.
        EXPECT_TRUE(way_.save(fs.get()).ok());
        EXPECT_EQ(Latest(fs.get()), 2);
      }
      EXPECT_GT(old_ones, 10);
    }
  }
}

TEST_P(Crash, ADeadProcessLeavesTheOldOrTheNewCheckpoint) {
  int cases = 0;
  for (int n = 0;; ++n) {
    ASSERT_LT(n, 300);
    auto fs = WithFirstSave();
    fs->die_at = n;
    way_.save(fs.get()).IgnoreError();
    if (fs->calls <= n) break;
    // The machine lives on: everything that was done stays.
    auto after = fs->AfterCrash(fs->unsynced(), 1);
    SCOPED_TRACE(absl::StrCat(way_.name, ": dead at call ", n));
    const float latest = Latest(after.get());
    EXPECT_TRUE(latest == 1 || latest == 2) << latest;
    EXPECT_TRUE(way_.save(after.get()).ok());
    EXPECT_EQ(Latest(after.get()), 2);
    ++cases;
  }
  EXPECT_GT(cases, 10);
}

TEST_P(Crash, ADeadMachineLeavesTheOldOrTheNewCheckpoint) {
  int cases = 0;
  for (int n = 0;; ++n) {
    ASSERT_LT(n, 300);
    auto fs = WithFirstSave();
    fs->die_at = n;
    way_.save(fs.get()).IgnoreError();
    for (size_t kept = 0; kept <= fs->unsynced(); ++kept) {
      for (const double bytes : {0.0, 0.5, 1.0}) {
        auto after = fs->AfterCrash(kept, bytes);
        SCOPED_TRACE(absl::StrCat(way_.name, ": dead at call ", n, ", ", kept, " of ", fs->unsynced(), " names and ",
                                  bytes, " of the bytes kept"));
        const float latest = Latest(after.get());
        EXPECT_TRUE(latest == 1 || latest == 2) << latest;
        ++cases;
      }
    }
    if (fs->calls <= n) break;
  }
  EXPECT_GT(cases, 30);
}

TEST_P(Crash, NoTemporaryFileStaysBehindTheNextSave) {
  for (int n = 0;; ++n) {
    ASSERT_LT(n, 300);
    auto fs = WithFirstSave();
    fs->die_at = n;
    way_.save(fs.get()).IgnoreError();
    if (fs->calls <= n) break;
    auto after = fs->AfterCrash(fs->unsynced(), 1);
    ASSERT_TRUE(Save(after.get(), "d/k-3", 3).ok());
    const std::vector<std::string> names = *after->List("d");
    for (const std::string& name : names) {
      // This process lives, so that its own temporary names stay; those of a rename are nobody's.
      EXPECT_FALSE(absl::EndsWith(name, ".tempstate") || absl::EndsWith(name, ".old")) << name << " at call " << n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Crash, testing::Range(0, 4), [](const auto& info) { return Ways()[info.param].name; });

TEST(Sweep, DeletesWhatDeadProcessesLeft) {
  MemoryFileSystem fs;
  const std::string own = UniqueTempSuffix(".tempstate");
  // The host's tag, and a process that can't be.
  const std::string tag = own.substr(0, own.find('.', 1));
  const std::string dead = absl::StrCat(tag, ".2147483646.0");
  for (const std::string& name : {"d/k.index" + own, "d/k.index" + dead, std::string("d/k.index.tempstate17"),
                                  std::string("d/notes.tmp"), std::string("d/x.tempstate-00000000.2147483646.0")}) {
    ASSERT_TRUE(fs.Create(name).ok());
  }
  SweepLeftovers("d", &fs);
  EXPECT_TRUE(FileExists(&fs, "d/k.index" + own));
  EXPECT_FALSE(FileExists(&fs, "d/k.index" + dead));
  EXPECT_TRUE(FileExists(&fs, "d/k.index.tempstate17"));  // TensorFlow's
  EXPECT_TRUE(FileExists(&fs, "d/notes.tmp"));
  EXPECT_TRUE(FileExists(&fs, "d/x.tempstate-00000000.2147483646.0"));  // another host's
}

}  // namespace
}  // namespace tfpersist
