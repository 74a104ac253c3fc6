// Makes the checkpoints that all competitors read, and the graphs that they run:  checkpoint_prepare FOLDER [--large]
//   NAME             each workload's checkpoint (workloads.h); the one of 3 GiB with --large
//   NAME.restore.pb  RestoreV2 of all of it, node "restore"
//   NAME.save.pb     SaveV2, node "save", of placeholders "t0"... to a prefix that is fed, "prefix"
//   NAME.shapes      its tensors, a line each: name and dimensions
//   reslice.pb       RestoreV2 of other slices than those stored
//   saver.pb         a graph of the 20,000 variables and their saver
#include <cstdio>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/checkpoint/workloads.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/merge.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/tfpersist.h"

namespace {

namespace tf = tfpersist;
using namespace tfpersist::bench;

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}
template <typename T>
T Got(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

// Rows [begin, end) of the first dimension of tensor `i`.
tf::Tensor Part(const Workload& w, size_t i, int64_t begin, int64_t end) {
  std::vector<int64_t> dims = w.tensors[i].dims;
  const int64_t row = w.tensors[i].elements() / dims[0];
  dims[0] = end - begin;
  tf::Tensor tensor =
      Got(tf::Tensor::Allocate(w.strings ? tf::DT_STRING : tf::DT_FLOAT, Got(tf::TensorShape::Create(dims))));
  for (int64_t j = begin * row; j < end * row; ++j) {
    if (w.strings) {
      tensor.flat<std::string>()[j] = Text(j);
    } else {
      tensor.flat<float>()[j - begin * row] = Value(static_cast<int64_t>(i), j);
    }
  }
  return tensor;
}

void WriteShard(const Workload& w, const std::string& prefix, int shard) {
  const auto writer = Got(tf::BundleWriter::Create(prefix, {.write = {.durable = false}}));
  for (size_t i = shard; i < w.tensors.size(); i += w.shards) {
    const int64_t rows = w.tensors[i].dims[0];
    if (w.parts == 1) {
      Check(writer->Add(w.tensors[i].name, Part(w, i, 0, rows)));
      continue;
    }
    const tf::TensorShape shape = Got(tf::TensorShape::Create(w.tensors[i].dims));
    for (int part = 0; part < w.parts; ++part) {
      const int64_t begin = rows * part / w.parts, end = rows * (part + 1) / w.parts;
      const auto slice = Got(tf::TensorSlice::Parse(absl::StrCat(begin, ",", end - begin, ":-")));
      Check(writer->AddSlice(w.tensors[i].name, shape, slice, Part(w, i, begin, end)));
    }
  }
  Check(writer->Finish());
}

void Write(const std::string& folder, const Workload& w) {
  const std::string prefix = folder + "/" + w.name;
  if (w.shards == 1) return WriteShard(w, prefix, 0);
  std::vector<std::string> parts;
  for (int shard = 0; shard < w.shards; ++shard) {
    parts.push_back(absl::StrCat(prefix, ".part", shard));
    WriteShard(w, parts.back(), shard);
  }
  Check(tf::MergeBundles(parts, prefix, {.write = {.durable = false}}));
}

void WriteShapes(const std::string& folder, const Workload& w) {
  std::string lines;
  for (const TensorSpec& t : w.tensors) absl::StrAppend(&lines, t.name, " ", absl::StrJoin(t.dims, " "), "\n");
  std::ofstream(folder + "/" + w.name + ".shapes") << lines;
}

tf::Output Strings(tf::Graph& graph, const std::vector<std::string>& values, const char* name) {
  const auto shape = Got(tf::TensorShape::Create({static_cast<int64_t>(values.size())}));
  return tf::Constant(graph, tf::Tensor::Of<std::string>(shape, values), name);
}

std::vector<std::string> Names(const Workload& w) {
  std::vector<std::string> names;
  for (const TensorSpec& t : w.tensors) names.push_back(t.name);
  return names;
}

void WriteRestore(const std::string& folder, const Workload& w, const std::vector<std::string>& names,
                  const std::vector<std::string>& specs, const std::string& file) {
  tf::Graph graph;
  tf::Graph::NodeSpec spec;
  spec.op = "RestoreV2";
  spec.name = "restore";
  spec.inputs = {tf::Constant(graph, tf::Tensor::Scalar<std::string>(folder + "/" + w.name), "prefix"),
                 Strings(graph, names, "names"), Strings(graph, specs, "specs")};
  auto* const types = spec.attrs["dtypes"].mutable_list();
  for (size_t i = 0; i < names.size(); ++i) types->add_type(w.strings ? tensorflow::DT_STRING : tensorflow::DT_FLOAT);
  Got(graph.AddNode(spec));
  Check(tf::WriteGraphDef(graph.ToGraphDef(), folder + "/" + file));
}

void WriteSave(const std::string& folder, const Workload& w) {
  tf::Graph graph;
  tf::Graph::NodeSpec save;
  save.op = "SaveV2";
  save.name = "save";
  const auto placeholder = [&](const std::string& name, tensorflow::DataType dtype) {
    tf::Graph::NodeSpec spec;
    spec.op = "Placeholder";
    spec.name = name;
    spec.attrs["dtype"].set_type(dtype);
    return Got(graph.AddNode(spec))->output(0);
  };
  const std::vector<std::string> names = Names(w);
  save.inputs = {placeholder("prefix", tensorflow::DT_STRING), Strings(graph, names, "names"),
                 Strings(graph, std::vector<std::string>(names.size()), "specs")};
  for (size_t i = 0; i < names.size(); ++i) {
    save.inputs.push_back(placeholder(absl::StrCat("t", i), tensorflow::DT_FLOAT));
  }
  Got(graph.AddNode(save));
  Check(tf::WriteGraphDef(graph.ToGraphDef(), folder + "/" + SaveGraph(w)));
}

void WriteSaver(const std::string& folder, const Workload& w) {
  tf::Graph graph;
  const tf::Output zero = tf::Constant(graph, 0.0f, {w.tensors[0].dims[0]}, "zero");
  for (const TensorSpec& t : w.tensors) tf::Variable(graph, zero, t.name);
  tf::SaverOptions options;
  options.filename = folder + "/" + w.name;
  tf::Saver saver(graph, options);
  Check(graph.status());
  Check(tf::WriteGraphDef(graph.ToGraphDef(), folder + "/" + kSaverGraph));
}

}  // namespace

int main(int argc, char** argv) {
  const bool large = argc == 3 && std::strcmp(argv[2], "--large") == 0;
  if (argc != 2 && !large) {
    std::fprintf(stderr, "usage: checkpoint_prepare FOLDER [--large]\n");
    return 2;
  }
  const std::string folder = argv[1];
  std::vector<Workload> all = {LargeTensors(),   ManyVariables(), Resnet50(),
                               MillionStrings(), EightShards(),   Partitioned()};
  if (large) all.push_back(OneTensor());
  for (const Workload& w : all) {
    Write(folder, w);
    WriteShapes(folder, w);
    const std::vector<std::string> names = Names(w);
    WriteRestore(folder, w, names, std::vector<std::string>(names.size()), RestoreGraph(w));
  }
  const Workload partitioned = Partitioned();
  const std::vector<std::string> names(kReslices, partitioned.tensors[0].name);
  WriteRestore(folder, partitioned, names, ResliceSpecs(), kResliceGraph);
  WriteSave(folder, LargeTensors());
  WriteSave(folder, Resnet50());
  Write(folder, SavedVariables());
  WriteSaver(folder, SavedVariables());
}
