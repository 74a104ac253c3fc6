// A graph of many small nodes, and how long its import takes:  PROGRAM FILE …
#ifndef TFPERSIST_BENCH_MODELS_IMPORT_GRAPH_H_
#define TFPERSIST_BENCH_MODELS_IMPORT_GRAPH_H_

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace tfpersist::bench {

// Times `import` in a process that has imported nothing before, and a few times more; prints as Google Benchmark does.
inline void MeasureImport(const std::string& version, const std::function<void()>& import) {
  std::vector<double> times;
  for (int i = 0; i < 4; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    import();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  const double first = times[0];
  std::sort(times.begin(), times.end());
  std::printf(R"({"context": {"version": "%s"}, "benchmarks": [
 {"name": "models/import_100000_nodes", "real_time": %g, "time_unit": "ms"},
 {"name": "models/import_100000_nodes/first", "real_time": %g, "time_unit": "ms"}]}
)",
              version.c_str(), (times[1] + times[2]) / 2, first);
}

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_IMPORT_GRAPH_H_
