// Saving to a memory file system, and to the disk and durable. What was saved is restored and compared.
#include <benchmark/benchmark.h>

#include "bench/checkpoint/engine.h"

namespace tfpersist::bench {
namespace {

void Save(benchmark::State& state, Engine* engine, const Workload& w, bool durable) {
  engine->Load(RestoreGraph(w), 2);
  engine->Restore(static_cast<int>(w.tensors.size()));
  const std::string prefix = engine->folder + (durable ? "/disk/" : "/out/") + w.name;
  engine->Save(w, prefix, durable);  // once untimed: on a virtual machine, fresh memory costs the host's faults too
  for (auto _ : state) engine->Save(w, prefix, durable);
  engine->Release();
  state.SetBytesProcessed(state.iterations() * w.bytes());
  // The data file is the one that was restored, byte for byte.
  const auto same = [&](const std::string& suffix) {
    return SameFiles(prefix + suffix, engine->folder + "/" + w.name + suffix);
  };
  if (!same(".data-00000-of-00001")) Die("saved values differ");
}

void Register(Engine* engine, const std::string& name, Workload w, bool durable) {
  benchmark::RegisterBenchmark(("checkpoint/" + name).c_str(),
                               [=](benchmark::State& state) { Save(state, engine, w, durable); })
      ->Iterations(3)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void RegisterSaves(Engine* engine) {
  Register(engine, "save_a_memory", LargeTensors(), false);
  Register(engine, "save_resnet50_memory", Resnet50(), false);
  if (engine->durable()) Register(engine, "save_a_disk_durable", LargeTensors(), true);
}

}  // namespace tfpersist::bench
