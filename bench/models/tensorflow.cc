// A model in real TensorFlow, through its C API:  models_tensorflow FOLDER BATCH THREADS SECONDS LIBRARY…
// SECONDS 0: writes what it computes as the expected values.
#include "bench/common/tensorflow.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/models/problem.h"

int main(int argc, char** argv) {
  using namespace tfpersist::bench;
  if (argc < 6)
    Die("usage: models_tensorflow FOLDER BATCH THREADS SECONDS LIBRARY...  (in the order in which they load)");
  const double seconds = std::atof(argv[4]);
  const Problem problem(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), seconds);
  TensorFlow tf(std::vector<std::string>(argv + 5, argv + argc));
  std::vector<TF_Output> feeds, fetches;
  std::vector<TF_Operation*> targets, init;
  std::vector<TF_Tensor*> inputs;
  const auto load = [&] {
    const std::string model = ReadFile(problem.file());
    tf.Import(problem.trains() ? GraphDefOfMetaGraph(model) : model, problem.threads());
    if (problem.trains()) {
      targets = {tf.operation(problem.target())};
      init = {tf.operation(problem.init())};
    }
    feeds.clear();
    inputs.clear();
    for (const ProblemInput& input : problem.inputs()) {
      TF_Tensor* tensor = tf.Allocate(input.ids ? kTfInt32 : kTfFloat, input.dims, input.bytes.size());
      std::memcpy(tf.data(tensor), input.bytes.data(), input.bytes.size());
      feeds.push_back(tf.output(input.name));
      inputs.push_back(tensor);
    }
    fetches = {tf.output(problem.output())};
  };
  // From 2.x on its GELU is an approximation.
  const bool loose = tf.version()[0] == '2';
  const auto run = [&](bool check) {
    std::vector<float> got;
    if (check && problem.trains()) tf.Run({}, {}, {}, init, nullptr);
    for (int i = 0; i < (check && problem.trains() ? problem.kCheckedSteps : 1); ++i) {
      TF_Tensor* value = nullptr;
      tf.Run(feeds, inputs, fetches, targets, &value);
      const float* values = static_cast<const float*>(tf.data(value));
      if (check) got.insert(got.end(), values, values + tf.bytes(value) / sizeof(float));
      tf.Delete(value);
    }
    if (check && seconds == 0) {
      problem.Expect(got.data(), got.size());
    } else if (check) {
      problem.Check(got.data(), got.size(), loose);
    }
  };
  if (seconds == 0) {
    load();
    run(true);
  } else {
    problem.Measure(tf.version(), load, run);
  }
}
