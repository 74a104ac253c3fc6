// The same restore and save in real TensorFlow, through its C API:  checkpoint_tensorflow FOLDER LIBRARY… [options of
// the benchmark]
#include "bench/common/tensorflow.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace tfpersist::bench;

constexpr int kTensors = 64, kFloats = 4 << 20;
std::string folder;
std::vector<std::string> libraries;

TensorFlow& Library() {
  static TensorFlow tf(libraries);
  return tf;
}
float Value(int i, int j) { return static_cast<float>(i) + static_cast<float>(j % 1000) / 1024.0f; }

void RestoreA(benchmark::State& state) {
  TensorFlow& tf = Library();
  tf.Import(ReadFile(folder + "/restore.pb"), static_cast<int>(state.range(0)));
  std::vector<TF_Output> outputs;
  for (int i = 0; i < kTensors; ++i) outputs.push_back(tf.output("restore", i));
  std::vector<TF_Tensor*> values(kTensors);
  const auto release = [&] {
    for (TF_Tensor* value : values) tf.Delete(value);
  };
  tf.Run({}, {}, outputs, {}, values.data());
  for (int i = 0; i < kTensors; ++i) {
    const float* v = static_cast<float*>(tf.data(values[i]));
    for (int j = 0; j < kFloats; ++j) {
      if (v[j] != Value(i, j)) {
        std::fprintf(stderr, "bench: restored values differ\n");
        std::exit(3);
      }
    }
  }
  release();
  for (auto _ : state) {
    tf.Run({}, {}, outputs, {}, values.data());
    state.PauseTiming();
    release();
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * int64_t{kTensors} * kFloats * 4);
}
BENCHMARK(RestoreA)
    ->Name("checkpoint/restore_a")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// SaveV2 of what RestoreV2 gives, less the time of RestoreV2 alone: the C API has no tensors in a session to save
// otherwise.
void RestoreAndSaveA(benchmark::State& state) {
  TensorFlow& tf = Library();
  tf.Import(ReadFile(folder + "/save.pb"), 2);
  for (auto _ : state) tf.Run({}, {}, {}, {tf.operation("save")}, nullptr);
  state.SetBytesProcessed(state.iterations() * int64_t{kTensors} * kFloats * 4);
}
BENCHMARK(RestoreAndSaveA)->Name("checkpoint/restore_and_save_a")->UseRealTime()->Unit(benchmark::kMillisecond);

// What Saver.restore runs.
void SaverRestore(benchmark::State& state, bool first) {
  TensorFlow& tf = Library();
  tf.Import(ReadFile(folder + "/saver.pb"), 2);
  TF_Tensor* const prefix = tf.StringScalar(folder + "/c");
  const TF_Output filename = tf.output("save/Const");
  TF_Operation* const restore_all = tf.operation("save/restore_all");
  const auto restore = [&] { tf.Run({filename}, {prefix}, {}, {restore_all}, nullptr); };
  if (!first) restore();
  for (auto _ : state) restore();
  TF_Tensor* value = nullptr;
  tf.Run({}, {}, {tf.output("v19999")}, {}, &value);
  if (static_cast<float*>(tf.data(value))[63] != Value(19999, 63)) {
    std::fprintf(stderr, "bench: restored values differ\n");
    std::exit(3);
  }
  tf.Delete(value);
  tf.Delete(prefix);
}
BENCHMARK_CAPTURE(SaverRestore, first, true)
    ->Name("checkpoint/saver_restore_c_first")
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
// Ten more of the same session: its first restore, which takes many seconds, is paid once again.
BENCHMARK_CAPTURE(SaverRestore, warm, false)
    ->Name("checkpoint/saver_restore_c_warm")
    ->Iterations(10)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (int i = 2; i < argc; ++i) libraries.push_back(argv[i]);
  if (libraries.empty()) {
    std::fprintf(stderr, "usage: checkpoint_tensorflow FOLDER LIBRARY...\n");
    return 2;
  }
  folder = argv[1];
  benchmark::RunSpecifiedBenchmarks();
}
