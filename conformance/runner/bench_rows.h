// One row of a benchmark's result: what was measured of which implementation, read from its name.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_BENCH_ROWS_H_
#define TFPERSIST_CONFORMANCE_RUNNER_BENCH_ROWS_H_

#include <string>

#include "absl/strings/match.h"
#include "conformance/runner/json.h"

namespace tfpersist::conform {

inline constexpr char kOurImplementation[] = "tfpersist";

// "models/resnet50_fused/batch:8/device:cuda/dtype:float16/first", one implementation's.
struct BenchRow {
  const Json* json = nullptr;  // outlives the row
  size_t source = 0;           // which result
  std::string task, name, unit, workload, device = "cpu", dtype = "float32";
  std::string part;     // "first": loading and the first run; "memory"; empty: a warm run
  std::string variant;  // "fused"
  int batch = 0, threads = 0;
  double median = 0, min = 0, max = 0;

  bool gpu() const { return device != "cpu"; }
  bool IsModel() const { return absl::StartsWith(workload, "models/"); }
};

BenchRow ParseBenchRow(const Json& json, size_t source);

// "ResNet-50"; the last words of one that nobody named.
std::string WorkloadName(const std::string& workload);
// 0: no time.
double MillisecondsIn(const std::string& unit);
std::string ValueText(double value, const std::string& unit);
std::string ThreadsText(int threads);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_BENCH_ROWS_H_
