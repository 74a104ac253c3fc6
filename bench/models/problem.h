// A model of models_build, as every competitor takes it: its inputs, what must come out, and how it is timed.
//
// A program is called as  PROGRAM FOLDER BATCH THREADS [SECONDS] …  and prints what Google Benchmark's JSON would hold:
// the median run, loading with the first run, and the most memory that the process had. It ends with an error where a
// value is wrong.
#ifndef TFPERSIST_BENCH_MODELS_PROBLEM_H_
#define TFPERSIST_BENCH_MODELS_PROBLEM_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tfpersist::bench {

struct ProblemInput {
  std::string name;
  bool ids;                   // int32, else float32
  std::vector<int64_t> dims;  // with the batch
  std::string bytes;
};

class Problem {
 public:
  // Ends the program where the files are not as models_build writes them.
  Problem(const std::string& folder, int batch, int threads, double seconds);

  const std::string& folder() const { return folder_; }
  int batch() const { return batch_; }
  int threads() const { return threads_; }
  const std::string& output() const { return output_; }
  const std::vector<ProblemInput>& inputs() const { return inputs_; }

  // Ends the program where `values` differs from what TensorFlow computed (expected.bin) by more than the tolerance.
  void Check(const float* values, size_t count) const;
  // Keeps what is right, in expected.bin. REQUIRES: the largest batch.
  void Expect(const float* values, size_t count) const;

  // `load` makes the model ready, `run` runs it once and checks its result if it is told so. Prints the measurements.
  void Measure(const std::string& version, const std::function<void()>& load,
               const std::function<void(bool check)>& run) const;

 private:
  std::string folder_, name_, output_;
  int batch_, threads_;
  double seconds_, tolerance_;
  std::vector<ProblemInput> inputs_;
  std::vector<float> expected_;  // of this batch; empty: not known yet
};

[[noreturn]] void Die(const std::string& what);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_PROBLEM_H_
