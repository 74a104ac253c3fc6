// The page of the benchmarks: results of bench/run and bench/run_all as data for reports/templates/bench.mustache.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_BENCH_REPORT_H_
#define TFPERSIST_CONFORMANCE_RUNNER_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "conformance/runner/json.h"
#include "conformance/runner/plot.h"

namespace tfpersist::conform {

// `results` in the order of the page's columns of machines; what two machines measured of one workload (one without a
// GPU, one with) stands side by side. Members that an older result lacks are left out.
PlotData BenchPage(const std::vector<Json>& results);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_BENCH_REPORT_H_
