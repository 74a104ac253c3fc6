// A session whose restored variables are the checkpoint's own pages: training changes no file, and saving over the
// checkpoint that is mapped writes the values that are in the session.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

TEST(MappedRestoreTest, TrainsAndSavesOverWhatItMaps) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / absl::StrCat("mapped_restore_test_", getpid());
  std::filesystem::create_directories(folder);
  const std::string prefix = folder / "model.ckpt";
  const TensorShape shape({1 << 20});  // 4 MiB: mapped
  Tensor ones = *Tensor::Allocate(DT_FLOAT, shape);
  for (float& value : ones.flat<float>()) value = 1;

  Graph graph;
  const Variable v = Variable(graph, Constant(graph, ones), "v");
  const Output added = AssignAdd(v, Constant(graph, ones, "more"));
  Saver saver(graph);
  Node* const init = GlobalVariablesInitializer(graph);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  {
    Session session(graph);
    ASSERT_TRUE(session.Run(init).ok());
    ASSERT_TRUE(saver.Save(session, prefix).ok());
  }
  SessionOptions options;
  options.map_checkpoints = true;
  Session session(graph, options);
  ASSERT_TRUE(saver.Restore(session, prefix).ok());
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(session.Run(added).ok());
    ASSERT_TRUE(saver.Save(session, prefix).ok());
    Session other(graph);
    ASSERT_TRUE(saver.Restore(other, prefix).ok());
    const Tensor value = *other.Run(v);
    EXPECT_EQ(value.flat<float>()[0], round + 2);
    EXPECT_EQ(value.flat<float>()[(1 << 20) - 1], round + 2);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tfpersist
