// How much memory saving, restoring and verifying take beyond the tensors: at most 32 MiB, held by RLIMIT_AS.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/verify.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

constexpr int kVariables = 8;
constexpr int64_t kFloats = 4 << 20;  // 16 MiB each
constexpr int64_t kTensors = kVariables * kFloats * 4;
constexpr int64_t kAllowed = 32 << 20;

class Silent : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

// From now on this process may take so many bytes of address space more than it has.
void AllowMore(int64_t bytes) {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t limit = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + bytes);
  const rlimit both{limit, limit};
  if (setrlimit(RLIMIT_AS, &both) != 0) _exit(3);
}

// True if `body` comes through in a process of its own.
bool Survives(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(3);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Model {
  Model() : graph({.logger = &silent}) {
    const Output zeros = Constant(graph, 0.0f, {1});
    for (int i = 0; i < kVariables; ++i) {
      VariableOptions options;
      options.validate_shape = false;  // the initial value is not the point, and would be as large again
      Variable(graph, zeros, absl::StrCat("v", i), options);
    }
    saver = std::make_unique<Saver>(graph);
    session = std::make_unique<Session>(graph, SessionOptions{.threads = 1});
  }
  Silent silent;
  Graph graph;
  std::unique_ptr<Saver> saver;
  std::unique_ptr<Session> session;
};

class PeakMemoryTest : public testing::Test {
 protected:
  PeakMemoryTest() : folder_(std::filesystem::temp_directory_path() / absl::StrCat("peak_memory_test_", getpid())) {
    std::filesystem::create_directories(folder_);
    prefix_ = folder_ / "k";
    auto writer = *BundleWriter::Create(prefix_, {.write = {.durable = false}});
    Tensor value = *Tensor::Allocate(DT_FLOAT, *TensorShape::Create({kFloats}));
    for (float& v : value.flat<float>()) v = 1;
    for (int i = 0; i < kVariables; ++i) EXPECT_TRUE(writer->Add(absl::StrCat("v", i), value).ok());
    EXPECT_TRUE(writer->Finish().ok());
  }
  ~PeakMemoryTest() override { std::filesystem::remove_all(folder_); }

  bool Restores(int64_t bytes) {
    return Survives([&] {
      Model model;
      AllowMore(bytes);
      return model.saver->Restore(*model.session, prefix_).ok();
    });
  }

  std::filesystem::path folder_;
  std::string prefix_;
};

TEST_F(PeakMemoryTest, Restore) {
  EXPECT_TRUE(Restores(kTensors + kAllowed));
  EXPECT_FALSE(Restores(kTensors / 2));  // or the limit holds nothing
}

TEST_F(PeakMemoryTest, Save) {
  EXPECT_TRUE(Survives([&] {
    Model model;
    if (!model.saver->Restore(*model.session, prefix_).ok()) return false;
    AllowMore(kAllowed);
    return model.saver->Save(*model.session, (folder_ / "l").string()).ok();
  }));
}

TEST_F(PeakMemoryTest, Verify) {
  EXPECT_TRUE(Survives([&] {
    AllowMore(kAllowed);
    return VerifyCheckpoint(prefix_).ok();
  }));
}

}  // namespace
}  // namespace tfpersist
