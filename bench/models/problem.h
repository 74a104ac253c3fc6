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
  // A GraphDef, or the MetaGraphDef of a training step.
  std::string file() const { return folder_ + "/" + file_; }
  bool trains() const { return !target_.empty(); }
  const std::string& init() const { return init_; }  // of a training step: the operation that comes before the first
  const std::string& target() const { return target_; }  // the operation that is the step
  int batch() const { return batch_; }
  int threads() const { return threads_; }
  const std::string& output() const { return output_; }
  const std::vector<ProblemInput>& inputs() const { return inputs_; }

  // Ends the program where `values` differs from what TensorFlow computed (expected.bin) by more than the tolerance.
  // `loose`: by more than ten times that, for who computes approximately on purpose.
  void Check(const float* values, size_t count, bool loose = false) const;
  // Keeps what is right, in expected.bin. REQUIRES: the largest batch.
  void Expect(const float* values, size_t count) const;

  // `load` makes the model ready, `run` runs it once. With `check` it also holds the result to Check: the output, or
  // the losses of so many training steps after a new start. Prints the measurements.
  static constexpr int kCheckedSteps = 8;
  void Measure(const std::string& version, const std::function<void()>& load,
               const std::function<void(bool check)>& run) const;

 private:
  std::string folder_, name_, file_, output_, init_, target_;
  int batch_, threads_;
  double seconds_, tolerance_;
  std::vector<ProblemInput> inputs_;
  std::vector<float> expected_;  // of this batch; empty: not known yet
};

// A wrong value, or a wrong call: exit code 3.
[[noreturn]] void Die(const std::string& what);
// This competitor can't run this model: exit code 4.
[[noreturn]] void CannotRun(const std::string& why);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_PROBLEM_H_
