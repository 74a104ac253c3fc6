// Real TensorFlow, through its C API:  checkpoint_tensorflow FOLDER [--large] LIBRARY… [options of the benchmark]
#include "bench/common/tensorflow.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "bench/checkpoint/engine.h"

namespace {

using namespace tfpersist::bench;

class Peer : public Engine {
 public:
  explicit Peer(const std::vector<std::string>& libraries) : tf_(libraries) {}

  void Load(const std::string& graph, int threads, bool) override {
    Release();
    saves_.clear();
    tf_.Import(ReadFile(folder + "/" + graph), threads);
  }
  bool maps() const override { return false; }

  void Restore(int fetches) override {
    std::vector<TF_Output> outputs;
    for (int i = 0; i < fetches; ++i) outputs.push_back(tf_.output("restore", i));
    values_.resize(outputs.size());
    tf_.Run({}, {}, outputs, {tf_.operation("restore")}, values_.data());
  }
  void Release() override {
    for (TF_Tensor* value : values_) tf_.Delete(value);
    values_.clear();
  }
  const float* floats(int output) const override { return static_cast<const float*>(tf_.data(values_[output])); }
  std::string text(int output, int64_t element) const override {
    return tf_.Text(values_[output], MillionStrings().tensors[0].elements(), element);
  }

  void Save(const Workload& workload, const std::string& prefix, bool) override {
    if (saves_ != workload.name) {
      tf_.Import(ReadFile(folder + "/" + SaveGraph(workload)), 2);
      saves_ = workload.name;
    }
    TF_Tensor* const name = tf_.StringScalar(prefix);
    std::vector<TF_Output> feeds = {tf_.output("prefix")};
    std::vector<TF_Tensor*> values = {name};
    for (size_t i = 0; i < values_.size(); ++i) {
      feeds.push_back(tf_.output("t" + std::to_string(i)));
      values.push_back(values_[i]);
    }
    tf_.Run(feeds, values, {}, {tf_.operation("save")}, nullptr);
    tf_.Delete(name);
  }
  bool durable() const override { return false; }

  void LoadSaver() override { Load(kSaverGraph, 2, false); }
  void RestoreSaver() override {
    TF_Tensor* const prefix = tf_.StringScalar(folder + "/" + SavedVariables().name);
    tf_.Run({tf_.output("save/Const")}, {prefix}, {}, {tf_.operation("save/restore_all")}, nullptr);
    tf_.Delete(prefix);
  }
  float SavedValue(const std::string& variable, int element) override {
    TF_Tensor* value = nullptr;
    tf_.Run({}, {}, {tf_.output(variable)}, {}, &value);
    const float found = static_cast<const float*>(tf_.data(value))[element];
    tf_.Delete(value);
    return found;
  }

 private:
  TensorFlow tf_;
  std::vector<TF_Tensor*> values_;
  std::string saves_;  // the workload whose save graph is loaded
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const bool large = argc > 2 && std::strcmp(argv[2], "--large") == 0;
  const std::vector<std::string> libraries(argv + std::min(argc, large ? 3 : 2), argv + argc);
  if (libraries.empty()) {
    std::fprintf(stderr, "usage: checkpoint_tensorflow FOLDER [--large] LIBRARY...\n");
    return 2;
  }
  const auto engine = std::make_unique<Peer>(libraries);
  engine->folder = argv[1];
  RegisterSaver(engine.get());
  RegisterRestores(engine.get(), large);
  RegisterSaves(engine.get());
  benchmark::RunSpecifiedBenchmarks();
}
