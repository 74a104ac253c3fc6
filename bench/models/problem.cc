#include "bench/models/problem.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "nlohmann/json.hpp"

namespace tfpersist::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kWarmUps = 3, kLeastRuns = 5;

std::string Read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

double Milliseconds(const std::function<void()>& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double PeakMiB() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}

void CannotRun(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(4);
}

Problem::Problem(const std::string& folder, int batch, int threads, double seconds)
    : folder_(folder), batch_(batch), threads_(threads), seconds_(seconds) {
  const Json model = Json::parse(Read(folder + "/model.json"), nullptr, false);
  if (!model.is_object() || !model.contains("file")) Die(folder + " holds no model of models_build");
  name_ = model["name"];
  file_ = model["file"];
  output_ = model["output"];
  init_ = model.value("init", "");
  target_ = model.value("target", "");
  tolerance_ = model["tolerance"];
  for (const Json& input : model["inputs"]) {
    ProblemInput one{input["name"], input["dtype"] == "int32", input["dims"], ""};
    one.dims[0] = batch;
    size_t bytes = 4;
    for (const int64_t dim : one.dims) bytes *= static_cast<size_t>(dim);
    one.bytes = Read(folder + "/" + one.name + ".bin").substr(0, bytes);
    if (one.bytes.size() != bytes) Die(one.name + ": not so many inputs");
    inputs_.push_back(std::move(one));
  }
  const std::string expected = Read(folder + "/expected.bin");
  const size_t count = expected.size() / sizeof(float);
  expected_.resize(trains() ? count : count / model["batches"].back().get<size_t>() * static_cast<size_t>(batch));
  std::memcpy(expected_.data(), expected.data(), expected_.size() * sizeof(float));
}

void Problem::Check(const float* values, size_t count, bool loose) const {
  if (count != expected_.size()) {
    Die(name_ + ": " + std::to_string(count) + " values, expected " + std::to_string(expected_.size()));
  }
  double most = 0, apart = 0;
  for (size_t i = 0; i < count; ++i) {
    most = std::max(most, std::fabs(static_cast<double>(expected_[i])));
    const double difference = std::fabs(static_cast<double>(values[i]) - expected_[i]);
    if (!std::isnan(apart) && !(difference <= apart)) apart = difference;  // a NaN stays
  }
  if (!(apart <= tolerance_ * (loose ? 10 : 1) * most)) {
    Die(name_ + ": values differ by " + std::to_string(apart) + ", the largest is " + std::to_string(most));
  }
}

void Problem::Expect(const float* values, size_t count) const {
  std::ofstream(folder_ + "/expected.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(count * sizeof(float)));
}

void Problem::Measure(const std::string& version, const std::function<void()>& load,
                      const std::function<void(bool check)>& run) const {
  const double first = Milliseconds([&] {
    load();
    run(true);
  });
  for (int i = 0; i < kWarmUps; ++i) run(false);
  std::vector<double> times;
  for (double sum = 0; sum < 1e3 * seconds_ || times.size() < kLeastRuns; sum += times.back()) {
    times.push_back(Milliseconds([&] { run(false); }));
  }
  const double peak = PeakMiB();
  if (trains()) load();  // a session's random numbers go on: only a new one starts as the first did
  run(true);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  const std::string name =
      "models/" + name_ + "/batch:" + std::to_string(batch_) + "/threads:" + std::to_string(threads_);
  const auto row = [&](const std::string& what, double value, const char* unit) {
    return Json{{"name", what}, {"real_time", value}, {"time_unit", unit}};
  };
  std::printf("%s\n", Json{{"context", {{"version", version}, {"runs", times.size()}}},
                           {"benchmarks",
                            {row(name, times[times.size() / 2], "ms"), row(name + "/first", first, "ms"),
                             row(name + "/memory", peak, "MiB")}}}
                          .dump(1)
                          .c_str());
}

}  // namespace tfpersist::bench
