// Restoring: large tensors copied, mapped and from a cold cache; ResNet-50; one tensor of 3 GiB; strings; shards;
// slices. Bits are compared before anything is timed; freeing is not timed.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/checkpoint/engine.h"

namespace tfpersist::bench {
namespace {

void CheckFloats(const Engine& engine, const Workload& w) {
  for (size_t i = 0; i < w.tensors.size(); ++i) {
    const float* const v = engine.floats(static_cast<int>(i));
    const int64_t n = w.tensors[i].elements();
    for (int64_t j = 0; j < n; ++j) {
      if (v[j] != Value(static_cast<int64_t>(i), j)) Die("restored values differ: " + w.tensors[i].name);
    }
  }
}

void CheckSlices(const Engine& engine, const Workload& w) {
  const int64_t rows = w.tensors[0].dims[0], columns = w.tensors[0].dims[1], width = columns / kReslices;
  for (int k = 0; k < kReslices; ++k) {
    const float* v = engine.floats(k);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t j = 0; j < width; ++j) {
        if (*v++ != Value(0, row * columns + k * width + j)) Die("restored slices differ");
      }
    }
  }
}

void CheckStrings(const Engine& engine, const Workload& w) {
  for (int64_t j = 0; j < w.tensors[0].elements(); ++j) {
    if (engine.text(0, j) != Text(j)) Die("restored strings differ");
  }
}

void Check(const Engine& engine, const Workload& w, bool slices) {
  if (w.strings) return CheckStrings(engine, w);
  slices ? CheckSlices(engine, w) : CheckFloats(engine, w);
}

struct Way {
  bool mapped = false, slices = false;
  bool cold = false;   // the page cache is emptied before each run
  bool first = false;  // the process' first run; bits are compared after it
};

void Restore(benchmark::State& state, Engine* engine, const Workload& w, Way way) {
  engine->Load(way.slices ? kResliceGraph : RestoreGraph(w), static_cast<int>(state.range(0)), way.mapped);
  const int outputs = way.slices ? kReslices : static_cast<int>(w.tensors.size());
  // TensorFlow's strings would be copied into another form on their way out of a session.
  const int fetches = w.strings ? 0 : outputs;
  if (!way.first) {
    engine->Restore(outputs);
    Check(*engine, w, way.slices);
    engine->Release();
  }
  double left = 0;
  const auto drop = [&] {
    for (int shard = 0; way.cold && shard < w.shards; ++shard) {
      left = std::max(left, DropFromCache(engine->folder + "/" + ShardFile(w, shard)));
    }
  };
  drop();
  for (auto _ : state) {
    engine->Restore(fetches);
    state.PauseTiming();
    if (way.first) Check(*engine, w, way.slices);
    engine->Release();
    drop();
    state.ResumeTiming();
  }
  if (!w.strings) state.SetBytesProcessed(state.iterations() * w.bytes());
  if (left > 0.1) state.SetLabel("the page cache keeps the file");
}

benchmark::internal::Benchmark* Register(Engine* engine, const std::string& name, Workload w, Way way = {}) {
  return benchmark::RegisterBenchmark(("checkpoint/" + name).c_str(),
                                      [engine, w, way](benchmark::State& state) { Restore(state, engine, w, way); })
      ->ArgName("threads")
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void RegisterRestores(Engine* engine, bool large) {
  Register(engine, "restore_a_first", LargeTensors(), {.first = true})->Arg(2)->Iterations(1);
  Register(engine, "restore_a", LargeTensors())->Arg(1)->Arg(2);
  Register(engine, "restore_a_cold", LargeTensors(), {.cold = true})->Arg(2)->Iterations(2);
  Register(engine, "restore_resnet50", Resnet50())->Arg(2);
  Register(engine, "restore_b", ManyVariables())->Arg(2)->Iterations(1);
  Register(engine, "restore_strings", MillionStrings())->Arg(2);
  Register(engine, "restore_shards", EightShards())->Arg(2);
  Register(engine, "restore_partitioned", Partitioned())->Arg(2);
  Register(engine, "restore_resliced", Partitioned(), {.slices = true})->Arg(2);
  if (large) Register(engine, "restore_one", OneTensor())->Arg(2)->Iterations(2);
  if (!engine->maps()) return;
  Register(engine, "restore_a_mapped", LargeTensors(), {.mapped = true})->Arg(1)->Arg(2);
  Register(engine, "restore_resnet50_mapped", Resnet50(), {.mapped = true})->Arg(2);
  if (large) Register(engine, "restore_one_mapped", OneTensor(), {.mapped = true})->Arg(2)->Iterations(2);
}

}  // namespace tfpersist::bench
