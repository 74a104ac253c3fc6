// Subgraphs, training nodes and frozen graphs against what TensorFlow 1.11.0 made of the same graphs
// (golden/data/*/freeze).
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/graph/graph_io.h"
#include "reference/graph/import.h"
#include "reference/graph/meta_graph.h"
#include "reference/kernels/kernels.h"
#include "reference/proto/node_def.pb.h"
#include "reference/tensor/tensor_text.h"
#include "reference/transform/convert_variables_to_constants.h"
#include "reference/transform/extract_sub_graph.h"
#include "reference/transform/remove_training_nodes.h"

namespace tfpersist {
namespace {

using Json = nlohmann::json;
using tensorflow::GraphDef;
using tensorflow::NodeDef;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kFolder[] = "golden/data/tf-1.11.0/freeze/";

Json ReadJson(const std::string& file) { return Json::parse(std::ifstream(file)); }

GraphDef ReadBinary(const std::string& file) {
  GraphDef graph;
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in && graph.ParseFromIstream(&in)) << file;
  return graph;
}

GraphDef FromText(const std::string& text) {
  GraphDef graph;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &graph));
  return graph;
}

std::vector<std::string> Names(const GraphDef& graph) {
  std::vector<std::string> names;
  for (const NodeDef& node : graph.node()) names.push_back(node.name());
  return names;
}

std::string Unhex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

Tensor ReadTensor(const Json& j) {
  absl::StatusOr<TensorShape> shape = TensorShape::Create(j["shape"].get<std::vector<int64_t>>());
  EXPECT_TRUE(shape.ok());
  absl::StatusOr<Tensor> t = Tensor::Allocate(DataTypeFromPythonName(j["dtype"].get<std::string>()), *shape);
  EXPECT_TRUE(t.ok()) << t.status();
  const auto values = j["values"].get<std::vector<std::string>>();
  EXPECT_EQ(values.size(), static_cast<size_t>(t->num_elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    const absl::Status parsed = ParseElement(j.contains("encoding") ? Unhex(values[i]) : values[i], i, &*t);
    EXPECT_TRUE(parsed.ok()) << parsed;
  }
  return *std::move(t);
}

void ExpectSame(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.shape().DebugString(), b.shape().DebugString());
  if (a.dtype() == DT_STRING) {
    for (int64_t i = 0; i < a.num_elements(); ++i) EXPECT_EQ(a.flat<std::string>()[i], b.flat<std::string>()[i]);
  } else if (a.total_bytes() > 0) {
    EXPECT_EQ(memcmp(a.data(), b.data(), a.total_bytes()), 0);
  }
}

class LogLines : public Logger {
 public:
  void Log(LogLevel level, absl::string_view text) override {
    EXPECT_EQ(level, LogLevel::kInfo);
    lines.emplace_back(text);
  }
  std::vector<std::string> lines;
};

// ---- extract_sub_graph ----

class ExtractGolden : public testing::TestWithParam<const char*> {};

TEST_P(ExtractGolden, KeepsWhatTensorFlowKeeps) {
  const std::string folder = std::string("golden/data/") + GetParam() + "/freeze/";
  const Json cases = ReadJson(folder + "subgraphs.json");
  ASSERT_GE(cases.size(), 10u);
  for (const auto& [name, about] : cases.items()) {
    SCOPED_TRACE(name);
    const GraphDef input = ReadBinary(folder + about["input"].get<std::string>());
    auto out = ExtractSubGraph(input, about["nodes"].get<std::vector<std::string>>());
    ASSERT_TRUE(out.ok()) << out.status();
    auto kept = about["kept"].get<std::vector<std::string>>();
    if (GetParam() == std::string("tf-1.15.5")) std::erase(kept, "anchor");  // a target of colocation (F01)
    EXPECT_EQ(Names(*out), kept);
    EXPECT_EQ(out->versions().producer(), about["producer"].get<int>());
    std::vector<std::string> functions;
    for (const auto& f : out->library().function()) functions.push_back(f.signature().name());
    EXPECT_EQ(functions, about["functions"].get<std::vector<std::string>>());
    int at = 0;  // and each node is the input's
    for (const NodeDef& node : input.node()) {
      if (at == out->node_size() || node.name() != out->node(at).name()) continue;
      EXPECT_EQ(node.DebugString(), out->node(at++).DebugString());
    }
    EXPECT_EQ(at, out->node_size());
  }
}
INSTANTIATE_TEST_SUITE_P(TensorFlows, ExtractGolden, testing::Values("tf-1.11.0", "tf-1.15.5"));

TEST(ExtractSubGraphTest, Errors) {
  const GraphDef graph = FromText("node { name: 'a' op: 'NoOp' } node { name: 'n' op: 'Neg' input: 'gone:1' }");
  for (const char* name : {"x", "a:0", "^a", ""}) {
    auto out = ExtractSubGraph(graph, {"a", name});
    EXPECT_EQ(out.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(out.status().message(), std::string(name) + " is not in graph");
  }
  auto out = ExtractSubGraph(graph, {"n"});
  EXPECT_EQ(out.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(out.status().message(), "gone");
  EXPECT_EQ(NodeOf(out.status()), "n");
  EXPECT_THAT(HintOf(out.status()), HasSubstr("'gone:1'"));
  out = ExtractSubGraph(graph, {});
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->node_size(), 0);
}

TEST(ExtractSubGraphTest, ControlInputsOutputsAndCycles) {
  const GraphDef graph = FromText(
      "node { name: 'c' op: 'NoOp' } node { name: 'two' op: 'Switch' input: 'loop:1' input: 'two' }"
      "node { name: 'loop' op: 'Merge' input: 'two:1' input: '^c' } node { name: 'other' op: 'NoOp' input: '^loop' }");
  auto out = ExtractSubGraph(graph, {"loop", "loop"});
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_THAT(Names(*out), ElementsAre("c", "two", "loop"));

  // Of two nodes with one name the last counts; what stands after a colon is no part of a node's name.
  out = ExtractSubGraph(FromText("node { name: 'a' op: 'First' } node { name: 'b' op: 'NoOp' }"
                                 "node { name: 'a' op: 'Second' input: '^b' } node { name: 'c:1' op: 'X' }"),
                        {"c", "a"});
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_THAT(Names(*out), ElementsAre("b", "a", "c:1"));
  EXPECT_EQ(out->node(1).op(), "Second");
}

TEST(ExtractSubGraphTest, DeepGraph) {
  constexpr int kNodes = 300000;
  GraphDef graph;
  for (int i = 0; i < kNodes; ++i) {
    NodeDef* node = graph.add_node();
    node->set_name("n" + std::to_string(i));
    node->set_op("Identity");
    if (i > 0) node->add_input("n" + std::to_string(i - 1));
  }
  auto out = ExtractSubGraph(graph, {"n" + std::to_string(kNodes - 1)});
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->node_size(), kNodes);
  // One chain with many consumers.
  for (int i = 0; i < 1000; ++i) {
    NodeDef* node = graph.add_node();
    node->set_name("end" + std::to_string(i));
    node->set_op("Neg");
    node->add_input("n" + std::to_string(kNodes - 1 - i));
  }
  out = RemoveTrainingNodes(graph, {"n0"});
  ASSERT_TRUE(out.ok());
  ASSERT_EQ(out->node_size(), 1001);
  for (int i = 1; i < out->node_size(); ++i) EXPECT_EQ(out->node(i).input(0), "n0");
}

// ---- remove_training_nodes ----

TEST(RemoveTrainingNodesTest, Golden) {
  const Json cases = ReadJson(std::string(kFolder) + "training.json");
  ASSERT_GE(cases.size(), 4u);
  for (const auto& [name, about] : cases.items()) {
    SCOPED_TRACE(name);
    const GraphDef input = ReadBinary(std::string(kFolder) + "training_" + name + ".pb");
    std::vector<std::string> kept;
    if (!about["protected"].is_null()) kept = about["protected"].get<std::vector<std::string>>();
    auto out = RemoveTrainingNodes(input, kept);
    if (about.contains("error")) {
      EXPECT_EQ(out.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(out.status().message(), about["error"]["text"].get<std::string>());
      continue;
    }
    ASSERT_TRUE(out.ok()) << out.status();
    Json nodes = Json::array();
    for (const NodeDef& node : out->node()) {
      nodes.push_back({{"name", node.name()},
                       {"op", node.op()},
                       {"inputs", std::vector<std::string>(node.input().begin(), node.input().end())}});
      const auto original = std::find_if(input.node().begin(), input.node().end(),
                                         [&](const NodeDef& n) { return n.name() == node.name(); });
      ASSERT_NE(original, input.node().end());
      NodeDef expected = *original;
      *expected.mutable_input() = node.input();
      EXPECT_EQ(node.DebugString(), expected.DebugString());
    }
    EXPECT_EQ(nodes, about["nodes"]);
    EXPECT_FALSE(out->has_versions());
  }
}

TEST(RemoveTrainingNodesTest, IdentityCycles) {
  const std::string cycle = "node { name: 'a' op: 'Identity' input: 'b' } node { name: 'b' op: 'Identity' input: 'a' }";
  auto out = RemoveTrainingNodes(FromText(cycle));  // nobody reads it
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->node_size(), 0);
  out = RemoveTrainingNodes(FromText(cycle + "node { name: 'n' op: 'Neg' input: 'a' }"));
  EXPECT_EQ(out.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(out.status().message()), HasSubstr("cycle"));
  out = RemoveTrainingNodes(FromText("node { name: 's' op: 'Identity' input: 's' } node { name: 'n' input: '^s' }"));
  EXPECT_EQ(out.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RemoveTrainingNodesTest, InputsOfEveryForm) {
  auto out = RemoveTrainingNodes(
      FromText("node { name: 'i' op: 'Identity' input: 'split:1' } node { name: 'k' op: 'CheckNumerics' input: 'i' }"
               "node { name: 'n' op: 'Foo' input: 'i' input: 'i:0' input: 'k:0' input: 'absent' input: '^k' }"
               "node { name: 'none' op: 'Foo' } versions { producer: 27 }"));
  ASSERT_TRUE(out.ok()) << out.status();
  ASSERT_THAT(Names(*out), ElementsAre("n", "none"));
  EXPECT_THAT(out->node(0).input(), ElementsAre("split:1", "i:0", "k:0", "absent"));
  EXPECT_EQ(RemoveTrainingNodes(FromText("node { name: 'i' op: 'Identity' }")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// ---- convert_variables_to_constants ----

// A graph and a session whose variables have their initial values.
struct Model {
  explicit Model(const GraphDef& graph_def) {
    RegisterCpuKernels(&kernels);
    GraphOptions options;
    options.logger = &log;
    graph = std::make_unique<Graph>(options);
    ImportOptions import;
    import.name = "";
    status = ImportGraphDef(*graph, graph_def, import).status();
    session = std::make_unique<DirectSession>(*graph, kernels);
  }
  absl::Status Initialize() {
    std::vector<Node*> assigns;
    for (int i = 0; i < graph->num_nodes(); ++i) {
      const std::string& op = graph->node(i)->op();
      if (op == "Assign" || op == "AssignVariableOp") assigns.push_back(graph->node(i));
    }
    if (assigns.empty()) return absl::OkStatus();
    return session->Run({}, {}, assigns).status();
  }
  KernelRegistry kernels;
  LogLines log;
  std::unique_ptr<Graph> graph;
  std::unique_ptr<DirectSession> session;
  absl::Status status;
};

std::vector<std::string> AsFetches(std::vector<std::string> names) {
  for (std::string& name : names) name += ":0";
  return names;
}

// can_run: the session may lack what the graph needs; then the graph alone was compared.
void ExpectRuns(const GraphDef& frozen, const Json& about, bool can_run) {
  Model model(frozen);
  std::vector<DirectSession::NamedFeed> feeds;
  for (const auto& [name, value] : about["feeds"].items()) feeds.emplace_back(name, ReadTensor(value));
  const std::vector<std::string> fetches = AsFetches(about["outputs"]);
  absl::StatusOr<std::vector<Tensor>> values;
  if (model.status.ok()) {
    values = model.session->Run(feeds, fetches, {});
  } else {
    values = model.status;
  }
  if (about.contains("frozen_error")) {
    EXPECT_EQ(values.status().message(), about["frozen_error"]["text"].get<std::string>());
    return;
  }
  if (!can_run && !values.ok()) {
    EXPECT_TRUE(model.status.ok()) << model.status;  // it loads all the same
    return;
  }
  ASSERT_TRUE(values.ok()) << values.status();
  for (size_t i = 0; i < fetches.size(); ++i) ExpectSame((*values)[i], ReadTensor(about["frozen_values"][fetches[i]]));
}

TEST(ConvertVariablesToConstantsTest, Golden) {
  const Json cases = ReadJson(std::string(kFolder) + "cases.json");
  ASSERT_GE(cases.size(), 25u);
  for (const auto& [name, about] : cases.items()) {
    SCOPED_TRACE(name);
    const GraphDef graph_def = ReadBinary(kFolder + name + ".pb");
    Model model(graph_def);
    ASSERT_TRUE(model.status.ok()) << model.status;
    const absl::Status initialized = model.Initialize();
    ASSERT_TRUE(initialized.ok()) << initialized;
    FreezeOptions options;
    if (!about["whitelist"].is_null()) options.variable_names_whitelist = about["whitelist"];
    if (!about["blacklist"].is_null()) options.variable_names_blacklist = about["blacklist"];
    auto frozen = ConvertVariablesToConstants(*model.session, graph_def, about["outputs"], options);
    ASSERT_TRUE(frozen.ok()) << frozen.status();
    EXPECT_EQ(model.log.lines, about["log"].get<std::vector<std::string>>());
    const GraphDef expected = ReadBinary(kFolder + name + ".frozen.pb");
    EXPECT_EQ(frozen->DebugString(), expected.DebugString());
    EXPECT_EQ(SerializeDeterministically(*frozen), SerializeDeterministically(expected));
    ExpectRuns(*frozen, about, /*can_run=*/name != "while_ref" && name != "functions");
  }
}

TEST(ConvertVariablesToConstantsTest, ListsAndNothingToFreeze) {
  const GraphDef graph_def = ReadBinary(std::string(kFolder) + "ref.pb");
  Model model(graph_def);
  FreezeOptions options;
  options.variable_names_whitelist = {"layer/w:0"};  // no node's name
  auto frozen = ConvertVariablesToConstants(*model.session, graph_def, {"out"}, options);
  ASSERT_TRUE(frozen.ok()) << frozen.status();  // no run, though nothing is initialized
  auto sub = ExtractSubGraph(graph_def, {"out"});
  ASSERT_TRUE(sub.ok());
  sub->clear_versions();
  EXPECT_EQ(frozen->DebugString(), sub->DebugString());
  EXPECT_THAT(model.log.lines, ElementsAre("Froze 0 variables.", "Converted 0 variables to const ops."));
}

TEST(ConvertVariablesToConstantsTest, Errors) {
  const GraphDef graph_def = ReadBinary(std::string(kFolder) + "mixed.pb");
  Model model(graph_def);
  auto frozen = ConvertVariablesToConstants(*model.session, graph_def, {"nope"});
  EXPECT_EQ(frozen.status().message(), "nope is not in graph");
  frozen = ConvertVariablesToConstants(*model.session, graph_def, {"a/read"});
  EXPECT_EQ(frozen.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(frozen.status().message(),
            "Attempting to use uninitialized value a\n\t [[{{node _retval_a_0_0}} = _Retval[T=DT_FLOAT, index=0, "
            "_device=\"/job:localhost/replica:0/task:0/device:CPU:0\"](a)]]");

  // A handle whose graph has no Read op.
  const std::string handle =
      "node { name: 'hh' op: 'VarHandleOp' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'shape' value { "
      "shape {} } } }";
  const GraphDef bare = FromText(handle);
  Model bare_model(bare);
  ASSERT_TRUE(bare_model.status.ok()) << bare_model.status;
  frozen = ConvertVariablesToConstants(*bare_model.session, bare, {"hh"});
  EXPECT_EQ(frozen.status().message(),
            "Fetch argument 'hh/Read/ReadVariableOp:0' cannot be interpreted as a Tensor. (\"The name "
            "'hh/Read/ReadVariableOp:0' refers to a Tensor which does not exist. The operation, "
            "'hh/Read/ReadVariableOp', does not exist in the graph.\")");

  // A GraphDef that is not the session's.
  ASSERT_TRUE(model.Initialize().ok());
  GraphDef other = graph_def;
  for (NodeDef& node : *other.mutable_node()) {
    if (node.name() == "a") (*node.mutable_attr())["dtype"].set_type(tensorflow::DT_DOUBLE);
  }
  frozen = ConvertVariablesToConstants(*model.session, other, {"a"});
  EXPECT_EQ(frozen.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(frozen.status().message()), HasSubstr("'a' is float in the session but double"));
  frozen = ConvertVariablesToConstants(*model.session, FromText("node { name: 'r' op: 'ReadVariableOp' }"), {"r"});
  EXPECT_EQ(frozen.status().code(), absl::StatusCode::kInvalidArgument);
}

// ---- files ----

TEST(GraphIoTest, ThereAndBack) {
  const std::string folder = testing::TempDir() + "/transform_test_io/deep";
  const GraphDef graph_def = ReadBinary(std::string(kFolder) + "functions.pb");
  for (bool as_text : {false, true}) {
    const std::string file = folder + (as_text ? "/g.pbtxt" : "/g.pb");
    ASSERT_TRUE(WriteGraphDef(graph_def, file, as_text).ok());
    auto read = ReadGraphDef(file);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->DebugString(), graph_def.DebugString());
  }
  // Byte for byte the file that TensorFlow's graph was stored in.
  std::ifstream a(folder + "/g.pb", std::ios::binary), b(std::string(kFolder) + "functions.pb", std::ios::binary);
  EXPECT_TRUE(std::equal(std::istreambuf_iterator<char>(a), {}, std::istreambuf_iterator<char>(b), {}));
  GraphDef empty;
  empty.mutable_versions()->set_producer(27);
  ASSERT_TRUE(WriteGraphDef(empty, folder + "/empty.pb").ok());
  auto read = ReadGraphDef(folder + "/empty.pb");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->DebugString(), empty.DebugString());
  read = ReadGraphDef("golden/data/tf-1.11.0/meta/default.meta");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_GT(read->node_size(), 0);
  std::filesystem::remove_all(testing::TempDir() + "/transform_test_io");
}

TEST(GraphIoTest, Errors) {
  EXPECT_EQ(ReadGraphDef("no/such/file.pb").status().code(), absl::StatusCode::kNotFound);
  for (const char* file : {"ref.ckpt.index", "ref.ckpt.data-00000-of-00001", "cases.json"}) {
    auto read = ReadGraphDef(kFolder + std::string(file));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << file;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(file));
  }
  EXPECT_THAT(std::string(ReadGraphDef(std::string(kFolder) + "ref.ckpt.index").status().message()),
              HasSubstr("looks like a checkpoint"));
  EXPECT_FALSE(WriteGraphDef(GraphDef(), "/dev/null/g.pb").ok());
  // What cannot be replaced stays, and nothing is left beside it.
  const std::string folder = testing::TempDir() + "/transform_test_errors";
  std::filesystem::create_directories(folder + "/taken/inside");
  EXPECT_FALSE(WriteGraphDef(GraphDef(), folder + "/taken").ok());
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) left.push_back(entry.path().filename());
  EXPECT_THAT(left, ElementsAre("taken"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/taken/inside"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tfpersist
