// The document's graph in real TensorFlow, through its C API:  session_tensorflow LIBRARY… [benchmark's own options]
#include "bench/common/tensorflow.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace tfpersist::bench;

const char kModel[] = "golden/data/tf-1.11.0/document/model.ckpt";
std::vector<std::string> libraries;

void Run(benchmark::State& state) {
  static TensorFlow tf(libraries);
  tf.Import(GraphDefOfMetaGraph(ReadFile(std::string(kModel) + ".meta")), static_cast<int>(state.range(0)));
  TF_Tensor* prefix = tf.StringScalar(kModel);
  tf.Run({tf.output("save/Const")}, {prefix}, {}, {tf.operation("save/restore_all")}, nullptr);
  const std::vector<TF_Output> add = {tf.output("add")};
  const auto check = [&] {
    TF_Tensor* value = nullptr;
    tf.Run({}, {}, add, {}, &value);
    if (tf.bytes(value) != sizeof(float) || *static_cast<float*>(tf.data(value)) != 2.0f) {
      std::fprintf(stderr, "bench: add:0 is not [2.]\n");
      std::exit(3);
    }
    tf.Delete(value);
  };
  check();
  for (auto _ : state) {
    TF_Tensor* value = nullptr;
    tf.Run({}, {}, add, {}, &value);
    tf.Delete(value);
  }
  check();
  state.SetLabel(tf.version());
}
BENCHMARK(Run)->Name("session/add")->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (int i = 1; i < argc; ++i) libraries.push_back(argv[i]);
  if (libraries.empty()) {
    std::fprintf(stderr, "usage: session_tensorflow LIBRARY...  (in the order in which they load)\n");
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
}
