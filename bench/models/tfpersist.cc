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
  if (!value.ok()) tf::bench::CannotRun(value.status().ToString());
  return *std::move(value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) Die("usage: models_tfpersist FOLDER BATCH THREADS [SECONDS]");
  const tf::bench::Problem problem(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), argc > 4 ? std::atof(argv[4]) : 1);
  std::unique_ptr<tf::Graph> graph;
  std::unique_ptr<tf::Session> session;
  std::vector<tf::Session::Feed> feeds;
  std::vector<tf::Output> fetches;
  std::vector<tf::Node*> targets, init;
  const auto load = [&] {
    session.reset();
    graph = std::make_unique<tf::Graph>();
    feeds.clear();
    if (problem.trains()) {
      Value(tf::ImportMetaGraph(*graph, problem.file()));
      targets = {Value(graph->FindOperation(problem.target()))};
      init = {Value(graph->FindOperation(problem.init()))};
    } else {
      tf::ImportOptions import;
      import.name = "";
      Value(tf::ImportGraphDef(*graph, Value(tf::ReadGraphDef(problem.file())), import));
    }
    session = std::make_unique<tf::Session>(*graph, tf::SessionOptions{.threads = problem.threads()});
    for (const auto& input : problem.inputs()) {
      tf::Tensor value = Value(
          tf::Tensor::Allocate(input.ids ? tf::DT_INT32 : tf::DT_FLOAT, Value(tf::TensorShape::Create(input.dims))));
      std::memcpy(value.data(), input.bytes.data(), input.bytes.size());
      feeds.emplace_back(Value(graph->FindTensor(input.name + ":0")), std::move(value));
    }
    fetches = {Value(graph->FindTensor(problem.output() + ":0"))};
  };
  const auto run = [&] { return Value(session->Run(feeds, fetches, targets))[0]; };
  problem.Measure(TFPERSIST_VERSION, load, [&](bool check) {
    if (!check) {
      run();
    } else if (problem.trains()) {
      Value(session->Run({}, {}, init));
      std::vector<float> losses;
      for (int i = 0; i < problem.kCheckedSteps; ++i) losses.push_back(run().scalar<float>());
      problem.Check(losses.data(), losses.size());
    } else {
      const tf::Tensor value = run();
      problem.Check(value.flat<float>().data(), static_cast<size_t>(value.num_elements()));
    }
  });
}
