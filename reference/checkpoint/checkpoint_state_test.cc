#include "reference/checkpoint/checkpoint_state.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"
#include "reference/checkpoint/naming.h"

namespace tfpersist {
namespace {

class Lines : public Logger {
 public:
  void Log(LogLevel, absl::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

std::string NewFolder() {
  std::string dir = testing::TempDir() + "tfpersist_state_XXXXXX";
  return mkdtemp(dir.data());
}

std::string Slurp(const std::string& file) { return *ReadWholeFile(PosixFileSystem(), file, 1 << 20); }

TEST(CheckpointState, WritesTheDocumentsBytes) {
  const std::string dir = NewFolder();
  CheckpointStateUpdate update;
  update.save_dir = dir;
  update.model_checkpoint_path = "model2.ckpt";
  update.all_model_checkpoint_paths = {"model2.ckpt"};
  ASSERT_TRUE(UpdateCheckpointState(update).ok());
  EXPECT_EQ(Slurp(dir + "/checkpoint"), Slurp("golden/data/tf-1.11.0/document/checkpoint"));
}

TEST(CheckpointState, PathsBecomeRelativeToTheFolder) {
  const std::string dir = NewFolder();
  char before[4096];
  ASSERT_NE(getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(chdir(dir.c_str()), 0);
  ASSERT_EQ(system("mkdir s"), 0);
  CheckpointStateUpdate update;
  update.save_dir = "s";
  update.model_checkpoint_path = "s/k-2";
  update.all_model_checkpoint_paths = {"s/k-1", "s/k-2"};
  ASSERT_TRUE(UpdateCheckpointState(update).ok());
  EXPECT_EQ(
      Slurp("s/checkpoint"),
      "model_checkpoint_path: \"k-2\"\nall_model_checkpoint_paths: \"k-1\"\nall_model_checkpoint_paths: \"k-2\"\n");
  auto state = GetCheckpointState("s");
  ASSERT_TRUE(state.ok() && state->has_value());
  EXPECT_EQ((*state)->model_checkpoint_path, "s/k-2");
  Lines log;
  auto latest = LatestCheckpoint("s", "", &log);
  ASSERT_TRUE(latest.ok());
  EXPECT_FALSE(latest->has_value());
  EXPECT_EQ(log.lines, std::vector<std::string>({"Couldn't match files for checkpoint s/k-2"}));
  std::ofstream("s/k-2.index").flush();
  EXPECT_EQ(**LatestCheckpoint("s"), "s/k-2");
  ASSERT_EQ(chdir(before), 0);
}

TEST(CheckpointState, OddContents) {
  const std::string dir = NewFolder();
  EXPECT_FALSE((*GetCheckpointState(dir)).has_value());
  std::ofstream(dir + "/checkpoint") << "junk {";
  Lines log;
  EXPECT_FALSE((*GetCheckpointState(dir, "", &log)).has_value());
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(log.lines[1], dir + "/checkpoint: Checkpoint ignored");
  std::ofstream(dir + "/checkpoint").flush();
  EXPECT_EQ(GetCheckpointState(dir).status(),
            absl::InvalidArgumentError("Invalid checkpoint state loaded from " + dir));
  std::ofstream(dir + "/checkpoint") << "\xff";
  EXPECT_EQ(GetCheckpointState(dir).status().message(),
            "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
}

TEST(CheckpointState, MetaGraphNames) {
  EXPECT_EQ(MetaGraphFilename("a"), "a.meta");
  EXPECT_EQ(MetaGraphFilename("a-3"), "a-3.meta");
  EXPECT_EQ(MetaGraphFilename("a-3-of-4"), "a.meta");
  EXPECT_EQ(MetaGraphFilename("a-?"
                              "?-of-00004"),
            "a.meta");
  EXPECT_EQ(MetaGraphFilename("k", "mm"), "k.mm");
}

TEST(Naming, Members) {
  EXPECT_EQ(PrefixOfMember("d/k.index"), "d/k");
  EXPECT_EQ(PrefixOfMember("d/k.data-00000-of-00001"), "d/k");
  EXPECT_EQ(PrefixOfMember("d/k"), "");
  EXPECT_EQ(PrefixOfMember("d/k.data-x"), "");
  EXPECT_EQ(DataFilename("k", -1, 1), "k.data--0001-of-00001");
}

}  // namespace
}  // namespace tfpersist
