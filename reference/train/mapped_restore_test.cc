// A session whose restored variables are the checkpoint's own pages: training changes no file, and saving over the
// checkpoint that is mapped writes the values that are in the session.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

// What the system says lies at an address: a file's name, or nothing.
std::string FileMappedAt(const void* address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
    const uintptr_t at = reinterpret_cast<uintptr_t>(address);
    if (begin <= at && at < end) return line.find('/') == line.npos ? "" : line.substr(line.find('/'));
  }
  return "";
}

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
  EXPECT_EQ(FileMappedAt(session.Run(v)->data()), prefix + ".data-00000-of-00001");
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
