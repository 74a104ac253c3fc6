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
  std::vector<TF_Tensor*> inputs;
  const auto load = [&] {
    tf.Import(ReadFile(problem.folder() + "/model.pb"), problem.threads());
    for (const ProblemInput& input : problem.inputs()) {
      TF_Tensor* tensor = tf.Allocate(input.ids ? kTfInt32 : kTfFloat, input.dims, input.bytes.size());
      std::memcpy(tf.data(tensor), input.bytes.data(), input.bytes.size());
      feeds.push_back(tf.output(input.name));
      inputs.push_back(tensor);
    }
    fetches = {tf.output(problem.output())};
  };
  const auto run = [&](bool check) {
    TF_Tensor* value = nullptr;
    tf.Run(feeds, inputs, fetches, {}, &value);
    const float* values = static_cast<const float*>(tf.data(value));
    const size_t count = tf.bytes(value) / sizeof(float);
    if (seconds == 0) {
      problem.Expect(values, count);
    } else if (check) {
      problem.Check(values, count);
    }
    tf.Delete(value);
  };
  if (seconds == 0) {
    load();
    run(true);
  } else {
    problem.Measure(tf.version(), load, run);
  }
}
