// A process that saves on and on is killed at a random moment: what the state file names is always whole.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "gtest/gtest.h"
#include "reference/checkpoint/verify.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

class Silent : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

// Both variables of a checkpoint have one value; each save has the next. A byte to `saved` says that the first is
// there.
[[noreturn]] void SaveForever(const std::string& dir, int saved) {
  Silent silent;
  GraphOptions options;
  options.logger = &silent;
  Graph graph(options);
  auto a = Variable(graph, Constant(graph, 0.0f, {100}), "a");
  auto b = Variable(graph, Constant(graph, 0.0f, {100}), "b");
  const Output step = Constant(graph, 1.0f, {100}, "step");
  Node* more[2];
  for (int i = 0; i < 2; ++i) {
    Graph::NodeSpec spec;
    spec.op = "AssignAdd";
    spec.inputs = {graph.FindNode(i == 0 ? "a" : "b")->output(0), step};
    more[i] = *graph.AddNode(spec);
  }
  auto init = GlobalVariablesInitializer(graph);
  SaverOptions saver_options;
  saver_options.max_to_keep = 2;
  Saver saver(graph, saver_options);
  SessionOptions session_options;
  session_options.threads = 1;
  Session session(graph, session_options);
  if (!session.Run(init).ok()) _exit(1);
  for (int64_t i = 0;; ++i) {
    for (Node* op : more) {
      if (!session.Run(op).ok()) _exit(1);
    }
    SaveOptions save;
    // Every other round over the same prefix, where two renames have to stand for one.
    if (i % 2 == 0) save.global_step = i;
    if (!saver.Save(session, dir + "/k", save).ok()) _exit(1);
    if (i == 0 && write(saved, "1", 1) != 1) _exit(1);
  }
}

TEST(Kill, WhatTheStateNamesIsWhole) {
  const char* wanted = std::getenv("TFPERSIST_KILL_ROUNDS");
  const int rounds = wanted != nullptr ? std::atoi(wanted) : 1000;
  Silent silent;
  std::mt19937 random(1);
  std::string dir = testing::TempDir() + "tfpersist_kill_XXXXXX";
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  int found = 0;
  for (int round = 0; round < rounds; ++round) {
    int saved[2];
    ASSERT_EQ(pipe(saved), 0);
    const pid_t child = fork();
    if (child == 0) SaveForever(dir, saved[1]);
    ASSERT_GT(child, 0);
    close(saved[1]);
    // Every other child has saved once before it is killed, however slow the machine; the rest may die in their first
    // save.
    std::uniform_int_distribution<int> delay(1000, 12000);
    if (round % 2 == 0) {
      char byte;
      ASSERT_EQ(read(saved[0], &byte, 1), 1) << "round " << round << ": the child ended before its first save";
      delay = std::uniform_int_distribution<int>(0, 6000);
    }
    usleep(delay(random));
    kill(child, SIGKILL);
    close(saved[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "round " << round << ": the child ended by itself";
    const auto latest = LatestCheckpoint(dir, "", &silent);
    ASSERT_TRUE(latest.ok()) << latest.status();
    if (!latest->has_value()) {
      ASSERT_EQ(found, 0) << "round " << round << ": a checkpoint was there, and is no more";
      continue;
    }
    ++found;
    const auto reader = BundleReader::Open(**latest);
    ASSERT_TRUE(reader.ok()) << "round " << round << ": " << reader.status();
    const auto a = (*reader)->Lookup("a"), b = (*reader)->Lookup("b");
    ASSERT_TRUE(a.ok() && b.ok()) << "round " << round << ": " << a.status() << b.status();
    ASSERT_EQ(a->flat<float>()[0], b->flat<float>()[99]) << "round " << round;
  }
  EXPECT_EQ(found, rounds);
  // What the killed ones left is gone after one more save.
  Graph graph;
  auto v = Variable(graph, Constant(graph, 1.0f, {1}), "v");
  auto init = GlobalVariablesInitializer(graph);
  Saver saver(graph);
  Session session(graph);
  ASSERT_TRUE(session.Run(init).ok());
  ASSERT_TRUE(saver.Save(session, dir + "/last").ok());
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    EXPECT_EQ(entry.path().string().find(".tempstate"), std::string::npos) << entry.path();
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace tfpersist
