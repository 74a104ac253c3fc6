// A model in the reference:  models_tfpersist FOLDER BATCH THREADS [SECONDS]
#include "reference/tfpersist.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "bench/models/problem.h"
#include "reference/proto/graph.pb.h"

namespace {

namespace tf = tfpersist;
using tf::bench::Die;

template <typename T>
T Value(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status().ToString());
  return *std::move(value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) Die("usage: models_tfpersist FOLDER BATCH THREADS [SECONDS]");
  const tf::bench::Problem problem(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), argc > 4 ? std::atof(argv[4]) : 1);
  tf::Graph graph;
  std::unique_ptr<tf::Session> session;
  std::vector<tf::Session::Feed> feeds;
  std::vector<tf::Output> fetches;
  const auto load = [&] {
    tf::ImportOptions import;
    import.name = "";
    Value(tf::ImportGraphDef(graph, Value(tf::ReadGraphDef(problem.folder() + "/model.pb")), import));
    session = std::make_unique<tf::Session>(graph, tf::SessionOptions{.threads = problem.threads()});
    for (const auto& input : problem.inputs()) {
      tf::Tensor value = Value(
          tf::Tensor::Allocate(input.ids ? tf::DT_INT32 : tf::DT_FLOAT, Value(tf::TensorShape::Create(input.dims))));
      std::memcpy(value.data(), input.bytes.data(), input.bytes.size());
      feeds.emplace_back(Value(graph.FindTensor(input.name + ":0")), std::move(value));
    }
    fetches = {Value(graph.FindTensor(problem.output() + ":0"))};
  };
  problem.Measure(TFPERSIST_VERSION, load, [&](bool check) {
    const std::vector<tf::Tensor> values = Value(session->Run(feeds, fetches, {}));
    if (check) problem.Check(values[0].flat<float>().data(), static_cast<size_t>(values[0].num_elements()));
  });
}
