// 20,000 variables through Saver, in a session that has run nothing yet, and again in the same one.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "bench/checkpoint/engine.h"

namespace tfpersist::bench {
namespace {

void RestoreSaver(benchmark::State& state, Engine* engine, bool first) {
  // TensorFlow's first restore takes many seconds: what `first` began, the warm runs go on with.
  static bool loaded = false;
  if (first || !loaded) {
    engine->LoadSaver();
    loaded = true;
    if (!first) engine->RestoreSaver();
  }
  for (auto _ : state) engine->RestoreSaver();
  for (const int i : {0, 9999, 19999}) {
    char name[16];
    std::snprintf(name, sizeof name, "v%05d", i);
    if (engine->SavedValue(name, 63) != Value(i, 63)) Die("restored variables differ");
  }
}

}  // namespace

void RegisterSaver(Engine* engine) {
  for (const bool first : {true, false}) {
    benchmark::RegisterBenchmark(first ? "checkpoint/saver_restore_c_first" : "checkpoint/saver_restore_c_warm",
                                 [=](benchmark::State& state) { RestoreSaver(state, engine, first); })
        ->Iterations(first ? 1 : 10)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace tfpersist::bench
