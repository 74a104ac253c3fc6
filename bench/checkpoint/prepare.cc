// Makes the checkpoints that both competitors read, and the graphs that they run:  checkpoint_prepare FOLDER
//   a    64 tensors of 16 MiB of float32        b    200,000 variables of 64 floats
//   c    20,000 variables of 64 floats          saver.pb   a graph of those variables and their saver
//   restore.pb    RestoreV2 of all of a         save.pb    the same, and SaveV2 of its outputs to FOLDER/out/a
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/tfpersist.h"

namespace {

namespace tf = tfpersist;

constexpr int kTensors = 64, kFloats = 4 << 20, kVariables = 200000, kVariableFloats = 64, kSaved = 20000;

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "bench: %s\n", status.ToString().c_str());
  std::exit(3);
}
void Check(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

// Element j of tensor i: what the readers check.
float Value(int i, int j) { return static_cast<float>(i) + static_cast<float>(j % 1000) / 1024.0f; }

void Write(const std::string& prefix, int tensors, int floats, const char* format) {
  auto writer = tf::BundleWriter::Create(prefix, {.write = {.durable = false}});
  if (!writer.ok()) Die(writer.status());
  for (int i = 0; i < tensors; ++i) {
    auto tensor = tf::Tensor::Allocate(tf::DT_FLOAT, *tf::TensorShape::Create({floats}));
    if (!tensor.ok()) Die(tensor.status());
    auto values = tensor->flat<float>();
    for (int j = 0; j < floats; ++j) values[j] = Value(i, j);
    Check((*writer)->Add(absl::StrFormat(*absl::ParsedFormat<'d'>::New(format), i), *tensor));
  }
  Check((*writer)->Finish());
}

tf::Output Strings(tf::Graph& graph, const std::vector<std::string>& values, const char* name) {
  return tf::Constant(
      graph, tf::Tensor::Of<std::string>(*tf::TensorShape::Create({static_cast<int64_t>(values.size())}), values),
      name);
}

void WriteGraph(const std::string& folder, bool save) {
  tf::Graph graph;
  std::vector<std::string> names;
  for (int i = 0; i < kTensors; ++i) names.push_back(absl::StrFormat("t%02d", i));
  const std::vector<std::string> specs(kTensors);
  tf::Graph::NodeSpec spec;
  spec.op = "RestoreV2";
  spec.name = "restore";
  spec.inputs = {tf::Constant(graph, tf::Tensor::Scalar<std::string>(folder + "/a"), "prefix"),
                 Strings(graph, names, "names"), Strings(graph, specs, "specs")};
  for (int i = 0; i < kTensors; ++i) spec.attrs["dtypes"].mutable_list()->add_type(tensorflow::DT_FLOAT);
  auto restore = graph.AddNode(spec);
  if (!restore.ok()) Die(restore.status());
  if (save) {
    tf::Graph::NodeSpec out;
    out.op = "SaveV2";
    out.name = "save";
    out.inputs = {tf::Constant(graph, tf::Tensor::Scalar<std::string>(folder + "/out/a"), "out"), spec.inputs[1],
                  spec.inputs[2]};
    for (int i = 0; i < kTensors; ++i) out.inputs.push_back((*restore)->output(i));
    auto made = graph.AddNode(out);
    if (!made.ok()) Die(made.status());
  }
  Check(tf::WriteGraphDef(graph.ToGraphDef(), folder + (save ? "/save.pb" : "/restore.pb")));
}

void WriteSaverGraph(const std::string& folder) {
  tf::Graph graph;
  const tf::Output zero = tf::Constant(graph, 0.0f, {kVariableFloats}, "zero");
  for (int i = 0; i < kSaved; ++i) tf::Variable(graph, zero, absl::StrFormat("v%05d", i));
  tf::SaverOptions options;
  options.filename = folder + "/c";
  tf::Saver saver(graph, options);
  Check(graph.status());
  Check(tf::WriteGraphDef(graph.ToGraphDef(), folder + "/saver.pb"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: checkpoint_prepare FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  Write(folder + "/a", kTensors, kFloats, "t%02d");
  Write(folder + "/b", kVariables, kVariableFloats, "layer_%06d/weights");
  Write(folder + "/c", kSaved, kVariableFloats, "v%05d");
  WriteSaverGraph(folder);
  WriteGraph(folder, false);
  WriteGraph(folder, true);
}
