// The document's graph in the reference: add:0 of the restored model, per Session::Run.
#include "reference/tfpersist.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

namespace {

namespace tf = tfpersist;

const char kModel[] = "golden/data/tf-1.11.0/document/model.ckpt";

class Silent : public tf::Logger {
  void Log(tf::LogLevel, absl::string_view) override {}
};

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "bench: %s\n", status.ToString().c_str());
  std::exit(3);
}

void Run(benchmark::State& state) {
  Silent silent;
  tf::GraphOptions options;
  options.logger = &silent;
  tf::Graph graph(options);
  auto saver = tf::ImportMetaGraph(graph, std::string(kModel) + ".meta");
  if (!saver.ok()) Die(saver.status());
  tf::SessionOptions session_options;
  session_options.threads = static_cast<int>(state.range(0));
  tf::Session session(graph, session_options);
  if (absl::Status s = (*saver)->Restore(session, kModel); !s.ok()) Die(s);
  const auto add = graph.FindTensor("add:0");
  if (!add.ok()) Die(add.status());
  const auto check = [&] {
    const auto value = session.Run(*add);
    if (!value.ok()) Die(value.status());
    if (value->num_elements() != 1 || value->flat<float>()[0] != 2.0f) Die(absl::InternalError("add:0 is not [2.]"));
  };
  check();
  for (auto _ : state) {
    auto value = session.Run(*add);
    benchmark::DoNotOptimize(value);
  }
  check();
}
BENCHMARK(Run)->Name("session/add")->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
