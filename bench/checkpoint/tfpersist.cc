// The reference, and the machine's own limits:  checkpoint_tfpersist FOLDER [--large] [options of the benchmark]
#include "reference/tfpersist.h"

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "bench/checkpoint/engine.h"
#include "bench/checkpoint/limits.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/proto/saver.pb.h"

namespace {

namespace tf = tfpersist;
using namespace tfpersist::bench;

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

class Reference : public Engine {
 public:
  void Load(const std::string& graph, int threads, bool mapped) override {
    tf::SessionOptions options;
    options.threads = threads;
    options.map_checkpoints = mapped;
    Begin(graph, options);
  }
  bool maps() const override { return true; }

  void Restore(int fetches) override {
    std::vector<tf::Output> outputs;
    for (int i = 0; i < fetches; ++i) outputs.push_back(*graph_->FindTensor(absl::StrCat("restore:", i)));
    tf::Node* const node = graph_->FindNode("restore");
    auto values = session_->Run(absl::Span<const tf::Session::Feed>(), outputs, {{node}});
    Check(values.status());
    values_ = *std::move(values);
  }
  void Release() override { values_.clear(); }
  const float* floats(int output) const override { return values_[output].flat<float>().data(); }
  std::string text(int output, int64_t element) const override { return values_[output].flat<std::string>()[element]; }

  void Save(const Workload& workload, const std::string& prefix, bool durable) override {
    auto writer = tf::BundleWriter::Create(prefix, {.write = {.durable = durable}});
    Check(writer.status());
    for (size_t i = 0; i < values_.size(); ++i) Check((*writer)->Add(workload.tensors[i].name, values_[i]));
    Check((*writer)->Finish());
  }
  bool durable() const override { return true; }

  void LoadSaver() override {
    saver_.reset();
    tf::SessionOptions session_options;
    session_options.threads = 2;
    Begin(kSaverGraph, session_options);
    auto saver_def = std::make_shared<tensorflow::SaverDef>();
    saver_def->set_filename_tensor_name("save/Const:0");
    saver_def->set_save_tensor_name("save/control_dependency:0");
    saver_def->set_restore_op_name("save/restore_all");
    saver_def->set_version(tensorflow::SaverDef::V2);
    tf::SaverOptions options;
    options.saver_def = saver_def;
    saver_ = std::make_unique<tf::Saver>(*graph_, options);
  }
  void RestoreSaver() override { Check(saver_->Restore(*session_, folder + "/" + SavedVariables().name)); }
  float SavedValue(const std::string& variable, int element) override {
    const auto value = session_->Run(*graph_->FindTensor(variable + ":0"));
    Check(value.status());
    return value->flat<float>()[element];
  }

 private:
  void Begin(const std::string& file, const tf::SessionOptions& session_options) {
    values_.clear();
    session_.reset();
    auto def = tf::ReadGraphDef(folder + "/" + file);
    Check(def.status());
    graph_ = std::make_unique<tf::Graph>();
    tf::ImportOptions options;
    options.name = "";
    Check(tf::ImportGraphDef(*graph_, *std::move(def), options).status());
    session_ = std::make_unique<tf::Session>(*graph_, session_options);
  }

  std::unique_ptr<tf::Graph> graph_;
  std::unique_ptr<tf::Session> session_;
  std::unique_ptr<tf::Saver> saver_;
  std::vector<tf::Tensor> values_;
};

// ---- what has no counterpart in a session: opening, listing, single look-ups of b ----

std::unique_ptr<tf::BundleReader> OpenB(const std::string& folder) {
  auto reader = tf::BundleReader::Open(folder + "/b");
  Check(reader.status());
  return *std::move(reader);
}

void CheckOneOfB(const tf::BundleReader& reader, const TensorSpec& tensor, int i) {
  const auto value = reader.Lookup(tensor.name);
  if (!value.ok() || value->flat<float>()[63] != Value(i, 63)) Die("a value differs: " + tensor.name);
}

void RegisterReader(const std::string& folder) {
  const Workload b = ManyVariables();
  const int n = static_cast<int>(b.tensors.size());
  const auto add = [](const char* name, auto run) {
    benchmark::RegisterBenchmark(name, run)->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  add("checkpoint/open_and_list_b", [=](benchmark::State& state) {
    for (auto _ : state) {
      const auto variables = OpenB(folder)->ListVariables();
      if (!variables.ok() || variables->size() != b.tensors.size()) Die("not 200,000 variables");
    }
  });
  add("checkpoint/one_of_b", [=](benchmark::State& state) {
    const auto reader = OpenB(folder);
    int i = 0;
    for (auto _ : state) {
      i = (i + 104729) % n;
      CheckOneOfB(*reader, b.tensors[i], i);
    }
  });
  add("checkpoint/all_of_b", [=](benchmark::State& state) {
    std::vector<absl::string_view> names;
    for (const TensorSpec& tensor : b.tensors) names.push_back(tensor.name);
    tf::ThreadPool threads(2);
    for (auto _ : state) {
      const auto reader = OpenB(folder);
      std::vector<tf::BundleReader::Entry> entries;
      for (auto& found : reader->FindAll(names)) entries.push_back(*std::move(found));
      const auto values = reader->ReadAll(names, entries, threads);
      for (int i = 0; i < n; ++i) {
        if (!values[i].ok() || values[i]->flat<float>()[63] != Value(i, 63))
          Die("a value differs: " + b.tensors[i].name);
      }
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const bool large = argc == 3 && std::strcmp(argv[2], "--large") == 0;
  if (argc != 2 && !large) {
    std::fprintf(stderr, "usage: checkpoint_tfpersist FOLDER [--large]  (that checkpoint_prepare made)\n");
    return 2;
  }
  // What is freed goes back to the system, so that every restore writes to fresh memory.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  Reference engine;
  engine.folder = argv[1];
  RegisterSaver(&engine);
  RegisterRestores(&engine, large);
  RegisterSaves(&engine);
  RegisterReader(engine.folder);
  RegisterLimits(engine.folder);
  benchmark::RunSpecifiedBenchmarks();
}
