// The document's add:0 on a GPU: two variables, one sum, from Session::Run to the value on the host.  cuda_session
// [RUNS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "reference/tfpersist.h"

namespace tf = tfpersist;

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 20000;
  tf::Graph graph;
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v2");
  auto result = v1 + v2;
  auto init = tf::GlobalVariablesInitializer(graph);
  tf::Session session(graph, {.cuda_devices = 1});
  if (auto s = session.Run(init); !s.ok()) {
    std::fprintf(stderr, "cuda_session: %s\n", s.ToString().c_str());
    return 3;
  }
  std::vector<double> microseconds;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto value = session.Run(result);
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    if (!value.ok() || value->flat<float>()[0] != 2.0f) {
      std::fprintf(stderr, "cuda_session: wrong value %s\n", value.status().ToString().c_str());
      return 4;
    }
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf(
      "{\"workload\": \"session_add_cuda\", \"runs\": %d, \"median_us\": %.3f, \"p10_us\": %.3f, \"p90_us\": %.3f}\n",
      runs, microseconds[runs / 2], microseconds[runs / 10], microseconds[runs * 9 / 10]);
  return 0;
}
