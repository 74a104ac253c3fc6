// Saves beside training: what is written is what the variables held when the save was asked for, in the files and with
// the bytes of a plain save.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

constexpr int kFloats = 100000;

class AsyncSaveTest : public testing::Test {
 protected:
  AsyncSaveTest()
      : folder_(std::filesystem::temp_directory_path() / absl::StrCat("async_save_test_", getpid(), "_", ++count_)) {
    std::filesystem::create_directories(folder_);
    Tensor zeros = *Tensor::Allocate(DT_FLOAT, {kFloats});
    for (float& value : zeros.flat<float>()) value = 0;
    Tensor ones = *zeros.DeepCopy();
    for (float& value : ones.flat<float>()) value = 1;
    VariableOptions resource;
    resource.use_resource = true;
    const Variable a = Variable(graph_, Constant(graph_, zeros), "a");
    const Variable b = Variable(graph_, Constant(graph_, zeros), "b", resource);
    more_ = {AssignAdd(a, ones).node, AssignAdd(b, ones).node};
    init_ = GlobalVariablesInitializer(graph_);
  }
  ~AsyncSaveTest() override { std::filesystem::remove_all(folder_); }

  static std::string Bytes(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream s;
    s << in.rdbuf();
    return s.str();
  }
  static std::pair<float, float> Saved(const std::string& prefix) {
    auto reader = *CheckpointReader::Open(prefix);
    return {reader->GetTensor("a")->flat<float>()[kFloats - 1], reader->GetTensor("b")->flat<float>()[0]};
  }

  static int count_;
  std::filesystem::path folder_;
  Graph graph_;
  std::vector<Node*> more_;
  Node* init_;
};
int AsyncSaveTest::count_ = 0;

TEST_F(AsyncSaveTest, SavesTheValuesOfTheMomentWhileTrainingGoesOn) {
  Saver saver(graph_);
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  Session session(graph_);
  ASSERT_TRUE(session.Run(init_).ok());
  std::vector<PendingSave> saves;
  for (int64_t step = 0; step < 4; ++step) {
    for (Node* op : more_) ASSERT_TRUE(session.Run(op).ok());
    SaveOptions options;
    options.global_step = step;
    auto pending = saver.SaveAsync(session, (folder_ / "k").string(), options);
    ASSERT_TRUE(pending.ok()) << pending.status();
    EXPECT_GE(pending->seconds_waited(), 0);
    saves.push_back(*pending);
    for (int i = 0; i < 5; ++i) {
      for (Node* op : more_) ASSERT_TRUE(session.Run(op).ok());
    }
  }
  for (size_t step = 0; step < saves.size(); ++step) {
    const auto prefix = saves[step].Wait();
    ASSERT_TRUE(prefix.ok()) << prefix.status();
    EXPECT_EQ(*prefix, absl::StrCat((folder_ / "k-").string(), step));
    const float expected = static_cast<float>(step * 6 + 1);
    EXPECT_EQ(Saved(*prefix), std::make_pair(expected, expected));
  }
  EXPECT_EQ(saver.last_checkpoints().size(), 4u);
  EXPECT_EQ(**LatestCheckpoint(folder_.string()), (folder_ / "k-3").string());
}

TEST_F(AsyncSaveTest, WritesTheBytesOfAPlainSave) {
  SaverOptions sharded;
  sharded.sharded = true;
  for (SaverOptions& options : std::vector<SaverOptions>{SaverOptions(), sharded}) {
    Graph& graph = graph_;
    Saver saver(graph, options);
    Session session(graph);
    ASSERT_TRUE(session.Run(init_).ok());
    const std::string plain = (folder_ / "plain").string(), async = (folder_ / "async").string();
    ASSERT_TRUE(saver.Save(session, plain).ok());
    auto pending = saver.SaveAsync(session, async);
    ASSERT_TRUE(pending.ok()) << pending.status();
    ASSERT_TRUE(pending->Wait().ok()) << pending->Wait().status();
    for (const char* suffix : {".index", ".data-00000-of-00001", ".meta"}) {
      EXPECT_EQ(Bytes(plain + suffix), Bytes(async + suffix)) << suffix;
      EXPECT_FALSE(Bytes(plain + suffix).empty());
    }
  }
}

TEST_F(AsyncSaveTest, FailsAsAPlainSaveDoes) {
  Saver saver(graph_);
  Session session(graph_);
  EXPECT_EQ(saver.SaveAsync(session, (folder_ / "k").string()).status().code(),
            absl::StatusCode::kFailedPrecondition);  // uninitialized
  ASSERT_TRUE(session.Run(init_).ok());
  std::ofstream(folder_ / "file") << "no folder";
  const std::string nowhere = (folder_ / "file/k").string();
  auto pending = saver.SaveAsync(session, nowhere);
  ASSERT_TRUE(pending.ok()) << pending.status();
  EXPECT_FALSE(pending->Wait().ok());
  EXPECT_EQ(pending->Wait().status(), saver.Save(session, nowhere).status());
  EXPECT_TRUE(saver.last_checkpoints().empty());
}

TEST_F(AsyncSaveTest, TheNextCallAndTheDestructorWait) {
  Session session(graph_);
  {
    Saver saver(graph_);
    ASSERT_TRUE(session.Run(init_).ok());
    ASSERT_TRUE(saver.SaveAsync(session, (folder_ / "k").string()).ok());
    EXPECT_TRUE(saver.Restore(session, (folder_ / "k").string()).ok());
    ASSERT_TRUE(saver.SaveAsync(session, (folder_ / "l").string()).ok());
  }
  EXPECT_EQ(Saved((folder_ / "l").string()), std::make_pair(0.0f, 0.0f));
}

}  // namespace
}  // namespace tfpersist
