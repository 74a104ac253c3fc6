// Writes the bench's models:  models_build FOLDER [MODEL…]     (from the source root)
//                              models_build FOLDER many_nodes     only FOLDER/many_nodes.pb
//
// Into FOLDER/MODEL: model.pb and model.onnx or, of a training step, model.meta as golden/ has it, INPUT.bin for the
// largest batch, and model.json, which says what they are. Weights and inputs are seeded, nothing is downloaded.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bench/models/graph_writer.h"
#include "bench/models/networks.h"
#include "bench/models/numbers.h"
#include "bench/models/onnx_writer.h"
#include "nlohmann/json.hpp"

namespace {

using namespace tfpersist::bench;  // NOLINT
using Json = nlohmann::ordered_json;

// Text of 128 tokens of which the last ones are padding; an image otherwise.
std::string InputBytes(const std::string& name, bool ids, const std::vector<int64_t>& dims, int batch) {
  int64_t each = 1;
  for (size_t d = 1; d < dims.size(); ++d) each *= dims[d];
  Numbers numbers(name);
  std::string bytes;
  if (!ids) {
    const std::vector<float> values = numbers.Normals(each * batch, 1);
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  for (int64_t i = 0; i < each * batch; ++i) {
    const int32_t value = name == "input_mask" ? i % each < each - 16 : static_cast<int32_t>(numbers.Next() % 30522);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

void Write(const Network& network, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  GraphWriter frozen;
  frozen.Finish(network.build(frozen), folder / "model.pb");
  {
    OnnxWriter onnx(frozen.graph());
    onnx.Finish(network.build(onnx), folder / "model.onnx");
  }
  Json model = {{"name", network.name},           {"file", "model.pb"}, {"batches", network.batches},
                {"tolerance", network.tolerance}, {"output", "output"}, {"inputs", Json::array()}};
  for (const auto& node : frozen.graph().node()) {
    if (node.op() != "Placeholder") continue;
    const bool ids = node.attr().at("dtype").type() != 1;
    std::vector<int64_t> dims;
    for (const auto& dim : node.attr().at("shape").shape().dim()) dims.push_back(dim.size());
    std::ofstream(folder / (node.name() + ".bin"), std::ios::binary)
        << InputBytes(node.name(), ids, dims, network.batches.back());
    model["inputs"].push_back({{"name", node.name()}, {"dtype", ids ? "int32" : "float32"}, {"dims", dims}});
  }
  std::ofstream(folder / "model.json") << model.dump(1) << "\n";
}

// golden/make/training.py says what the graphs are and how they are fed.
void WriteTraining(const std::string& name, const std::string& optimizer, const std::filesystem::path& folder) {
  constexpr int kBatch = 64, kWidth = 784;
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file("golden/data/tf-1.11.0/training/" + optimizer + ".meta", folder / "model.meta",
                             std::filesystem::copy_options::overwrite_existing);
  std::ofstream x(folder / "x.bin", std::ios::binary), labels(folder / "labels.bin", std::ios::binary);
  for (int i = 0; i < kBatch * kWidth; ++i) {
    const float value = static_cast<float>(i * 7 % 100) / 100;
    x.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  for (int32_t i = 0; i < kBatch; ++i) {
    const int32_t value = i % 10;
    labels.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  const Json model = {{"name", name},
                      {"file", "model.meta"},
                      {"batches", {kBatch}},
                      // TensorFlow's own losses under Adam differ by 7e-4 between one thread and two.
                      {"tolerance", std::string(optimizer) == "adam" ? 1e-3 : 1e-4},
                      {"output", "loss"},
                      {"init", "init"},
                      {"target", "train"},
                      {"inputs",
                       {{{"name", "x"}, {"dtype", "float32"}, {"dims", {-1, kWidth}}},
                        {{"name", "labels"}, {"dtype", "int32"}, {"dims", {-1}}}}}};
  std::ofstream(folder / "model.json") << model.dump(1) << "\n";
}

// 100,000 nodes as generated graphs have them: constants, reads, sums and products in a hundred scopes.
void WriteManyNodes(const std::filesystem::path& file) {
  constexpr int kNodes = 100000;
  tensorflow::GraphDef graph;
  graph.mutable_versions()->set_producer(26);
  const auto name = [](int i) {
    return "layer_" + std::to_string(i == kNodes - 1 ? 0 : i / 1000) + "/node_" + std::to_string(i);
  };
  for (int i = 0; i < kNodes; ++i) {
    auto* node = graph.add_node();
    node->set_name(name(i));
    if (i % 4 == 0) {
      node->set_op("Const");
      (*node->mutable_attr())["dtype"].set_type(tensorflow::DT_FLOAT);
      auto* tensor = (*node->mutable_attr())["value"].mutable_tensor();
      tensor->set_dtype(tensorflow::DT_FLOAT);
      tensor->mutable_tensor_shape()->add_dim()->set_size(1);
      tensor->add_float_val(static_cast<float>(i));
      continue;
    }
    node->set_op(i % 4 == 1 ? "Identity" : i % 4 == 2 ? "Add" : "Mul");
    node->add_input(name(i - 1));
    if (i % 4 > 1) node->add_input(name(i > 100 ? i - 98 : 0));
    (*node->mutable_attr())["T"].set_type(tensorflow::DT_FLOAT);
  }
  std::ofstream out(file, std::ios::binary);
  graph.SerializeToOstream(&out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: models_build FOLDER [MODEL...]\n");
    return 2;
  }
  const auto wanted = [&](const std::string& name) {
    bool found = argc == 2;
    for (int i = 2; i < argc; ++i) found |= argv[i] == name;
    return found;
  };
  const std::filesystem::path folder = argv[1];
  if (argc > 2 && std::string(argv[2]) == "many_nodes") {
    std::filesystem::create_directories(folder);
    WriteManyNodes(folder / "many_nodes.pb");
    return 0;
  }
  for (const Network& network : Networks()) {
    if (wanted(network.name)) Write(network, folder / network.name);
  }
  for (const char* optimizer : {"sgd", "momentum", "adam"}) {
    const std::string name = std::string("mlp_") + optimizer;
    if (wanted(name)) WriteTraining(name, optimizer, folder / name);
  }
}
