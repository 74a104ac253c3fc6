// One session and one saver, from several threads at once; under TSan (ci/config/tsan.cmake) also for what no value
// shows.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

constexpr int kThreads = 4, kRounds = 200;

void InThreads(const std::function<void(int thread)>& work) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  for (std::thread& t : threads) t.join();
}

TEST(Threads, RunsOfSeveralSignaturesInOneSession) {
  Graph graph;
  const Output x = Placeholder(graph, DT_FLOAT), one = Constant(graph, Tensor::Scalar(1.0f));
  std::vector<Output> sums;
  for (int i = 0; i < 6; ++i) {
    absl::StatusOr<Node*> sum = graph.AddNode({"Add", "sum", {i == 0 ? x : sums.back(), one}, {}, {}, "", {}});
    ASSERT_TRUE(sum.ok()) << sum.status();
    sums.push_back((*sum)->output(0));
  }
  SessionOptions options;
  options.threads = 2;
  Session session(graph, options);
  std::atomic<int> wrong{0};
  InThreads([&](int t) {
    for (int i = 0; i < kRounds; ++i) {
      // Each goes through all signatures in an order of its own; one that is fed in the middle among them.
      const int which = (i * (t + 1)) % 6;
      const auto value = session.Run({{x, Tensor::Scalar(static_cast<float>(i))}}, {sums[which]}, {});
      if (!value.ok() || (*value)[0].flat<float>()[0] != static_cast<float>(i + which + 1)) ++wrong;
      const auto fed = session.Run({{sums[which], Tensor::Scalar(7.0f)}}, {sums[5]}, {});
      if (!fed.ok() || (*fed)[0].flat<float>()[0] != static_cast<float>(7 + 5 - which)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, NoAdditionIsLost) {
  for (const bool use_resource : {false, true}) {
    Graph graph;
    VariableOptions kind;
    kind.use_resource = use_resource;
    const Variable v = Variable(graph, Constant(graph, Tensor::Scalar(0.0f)), "v", kind);
    const Output more = AssignAdd(v, Tensor::Scalar(1.0f));
    Node* const init = GlobalVariablesInitializer(graph);
    ASSERT_TRUE(graph.status().ok()) << graph.status();
    Session session(graph);
    ASSERT_TRUE(session.Run(init).ok());
    InThreads([&](int) {
      for (int i = 0; i < kRounds; ++i) {
        ASSERT_TRUE(session.Run(more.node).ok());
        ASSERT_TRUE(session.Run(v.snapshot()).ok());
      }
    });
    EXPECT_EQ((*session.Run(v.snapshot())).flat<float>()[0], kThreads * kRounds) << use_resource;
  }
}

TEST(Threads, RestoresOfOneSaverBesideRuns) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / absl::StrCat("threads_test_", getpid());
  std::filesystem::create_directories(folder);
  Graph graph;
  std::vector<Variable> variables;
  for (int i = 0; i < 40; ++i) {
    Tensor value = *Tensor::Allocate(DT_FLOAT, TensorShape({i % 5 == 0 ? 100000 : 8}));
    for (float& f : value.flat<float>()) f = static_cast<float>(i);
    variables.push_back(Variable(graph, Constant(graph, value), absl::StrCat("v", i)));
  }
  Node* const init = GlobalVariablesInitializer(graph);
  Saver saver(graph);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  SessionOptions options;
  options.threads = 3;
  Session session(graph, options);
  ASSERT_TRUE(session.Run(init).ok());
  const auto prefix = saver.Save(session, (folder / "k").string());
  ASSERT_TRUE(prefix.ok()) << prefix.status();
  std::atomic<int> wrong{0};
  InThreads([&](int t) {
    for (int i = 0; i < 20; ++i) {
      if (t % 2 == 0 && !saver.Restore(session, *prefix).ok()) ++wrong;
      const int which = (i * 7 + t) % 40;
      const auto value = session.Run(variables[which].snapshot());
      if (!value.ok() || value->flat<float>()[7] != static_cast<float>(which)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tfpersist
