#include "reference/graph/graph.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/graph/graph_io.h"
#include "reference/graph/import.h"
#include "reference/graph/large_graph.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"

namespace tfpersist {
namespace {

std::string ReadAll(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<nlohmann::json> Golden(const std::string& version) {
  return nlohmann::json::parse(ReadAll("golden/data/tf-" + version + "/unique_names/unique_names.json"));
}

tensorflow::GraphDef Parse(const std::string& text) {
  tensorflow::GraphDef def;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &def));
  return def;
}

void ExpectSameNodes(const Graph& graph, const tensorflow::GraphDef& expected) {
  const tensorflow::GraphDef out = graph.ToGraphDef(/*add_shapes=*/true);
  ASSERT_EQ(out.node_size(), expected.node_size());
  std::map<std::string, std::string> want, got;
  for (const auto& n : expected.node()) want[n.name()] = n.DebugString();
  for (const auto& n : out.node()) got[n.name()] = n.DebugString();
  for (const auto& [name, text] : want) EXPECT_EQ(got[name], text);
}

// Imports a GraphDef that 1.11.0 wrote with its shapes; what comes out must be the same, shapes inferred anew.
void RoundTrip(const std::string& file, bool keep_shapes) {
  SCOPED_TRACE(file);
  tensorflow::MetaGraphDef meta;
  ASSERT_TRUE(meta.ParseFromString(ReadAll(file)));
  tensorflow::GraphDef def = meta.graph_def();
  if (!keep_shapes) {
    for (auto& node : *def.mutable_node()) node.mutable_attr()->erase("_output_shapes");
  }
  ImportOptions options;
  options.name = "";
  for (const bool on_arena : {false, true}) {
    Graph graph;
    auto imported = on_arena ? ImportGraphDef(graph, ParseGraphDef(def.SerializeAsString()), options)
                             : ImportGraphDef(graph, def, options);
    ASSERT_TRUE(imported.ok()) << imported.status();
    ExpectSameNodes(graph, meta.graph_def());
  }
}

// In whatever order the nodes stand, each is made after those that it reads: the first that can be made at each time.
TEST(ImportTest, NodesMayStandInAnyOrder) {
  for (const char* name : {"default", "cond", "while_loop", "while_loop_tensor_array", "optimizer_adam", "colocated"}) {
    SCOPED_TRACE(name);
    tensorflow::MetaGraphDef meta;
    ASSERT_TRUE(meta.ParseFromString(ReadAll(std::string("golden/data/tf-1.11.0/meta/") + name + ".meta")));
    for (uint32_t seed = 0; seed < 4; ++seed) {
      tensorflow::GraphDef def = meta.graph_def();
      std::mt19937 random(seed);
      for (int i = def.node_size() - 1; i > 0; --i) {
        def.mutable_node()->SwapElements(i, static_cast<int>(random() % static_cast<uint32_t>(i + 1)));
      }
      std::map<std::string, int> position;
      for (const auto& node : def.node()) position[node.name()] = static_cast<int>(position.size());
      Graph graph;
      ImportOptions options;
      options.name = "";
      ASSERT_TRUE(ImportGraphDef(graph, def, options).ok());
      ExpectSameNodes(graph, meta.graph_def());
      for (int id = 0; id < graph.num_nodes(); ++id) {
        const Node& node = *graph.node(id);
        EXPECT_EQ(graph.FindNode(node.name()), &node);
        bool waited = id == 0;  // for the one before it: a reader of that, or it stands behind it in the GraphDef
        if (id > 0) waited = position[graph.node(id - 1)->name()] < position[node.name()];
        for (const Output& in : node.inputs()) {
          waited |= in.node->id() == id - 1;
          if (node.op() != "Merge") EXPECT_LT(in.node->id(), id);
        }
        for (const Node* in : node.control_inputs()) {
          waited |= in->id() == id - 1;
          EXPECT_LT(in->id(), id);
        }
        EXPECT_TRUE(waited) << node.name();
      }
    }
  }
}

TEST(ImportTest, GoldenGraphsComeOutAsTheyWentIn) {
  for (const char* name :
       {"default", "resource", "partitioned", "sharded", "devices", "cond", "while_loop", "while_loop_tensor_array",
        "functions", "moving_average", "optimizer_adam", "many_dtypes", "unknown_shape", "reshape", "colocated"}) {
    if (std::string(name) == "strip_default_attrs") continue;
    RoundTrip(std::string("golden/data/tf-1.11.0/meta/") + name + ".meta", true);
  }
}

TEST(ImportTest, ShapesAreInferredAsTensorFlowDoes) {
  for (const char* name :
       {"default", "resource", "sharded", "cond", "reshape", "many_dtypes", "unknown_shape", "colocated"}) {
    RoundTrip(std::string("golden/data/tf-1.11.0/meta/") + name + ".meta", false);
  }
}

TEST(UniqueNameTest, IsPythons) {
  int compared = 0;
  for (const auto& c : Golden("1.11.0")) {
    SCOPED_TRACE(c["about"].get<std::string>());
    Graph graph;
    std::vector<std::unique_ptr<NameScope>> scopes;
    bool known = true;
    for (const auto& step : c["steps"]) {
      if (!step.contains("unique_name") || step.contains("scope")) known = false;
    }
    if (!known) continue;
    for (const auto& step : c["steps"]) {
      EXPECT_EQ(graph.UniqueName(step["unique_name"].get<std::string>(), step.value("mark", true)),
                step["gives"].get<std::string>());
      ++compared;
    }
  }
  EXPECT_GT(compared, 10);
}

TEST(ImportTest, ErrorsAreTensorFlows) {
  struct Case {
    const char *graph, *error;
  };
  const Case cases[] = {
      {"node { name: 'a' op: 'NoOp' } node { name: 'a' op: 'NoOp' }", "Node 'a' is not unique"},
      {"node { name: 'a b' op: 'NoOp' }", "Node 'a b': Node name contains invalid characters"},
      {"node { name: 'a' }", "Node 'a' does not specify an operation"},
      {"node { name: 'n' op: 'NoOp' input: '^y' }", "Node 'n': Unknown input node '^y'"},
      {"node { name: 'a' op: 'NoOp' attr { key: '_class' value { list { s: 'loc:@yy' } } } }",
       "Node 'a' expects to be colocated with unknown node 'yy'"},
      {"node { name: 'n' op: 'NoOp' attr { key: 'newa' value { i: 3 } } }",
       "NodeDef mentions attr 'newa' not in Op<name=NoOp; signature= -> >; NodeDef: {{node import/n}} = "
       "NoOp[newa=3](). (Check whether your "
       "GraphDef-interpreting binary is up to date with your GraphDef-generating binary.)."},
      {"node { name: 'a' op: 'Const' }",
       "NodeDef missing attrs 'dtype', 'value' from Op<name=Const; signature= -> output:dtype; attr=value:tensor; "
       "attr=dtype:type>; NodeDef: "
       "{{node import/a}} = Const[]()"},
      {"node { name: 'a' op: 'Placeholder' attr { key: 'dtype' value { i: 1 } } }",
       "AttrValue had value with type 'int' when 'type' expected\n\t for attr 'dtype'\n\t; NodeDef: {{node import/a}} "
       "= Placeholder[dtype=1, "
       "shape=<unknown>](); Op<name=Placeholder; signature= -> output:dtype; attr=dtype:type; "
       "attr=shape:shape,default=<unknown>>"},
      {"node { name: 'a' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } } node { name: 'n' op: "
       "'Identity' input: 'a' input: 'a' "
       "attr { key: 'T' value { type: DT_FLOAT } } }",
       "NodeDef expected inputs 'float' do not match 2 inputs specified; Op<name=Identity; signature=input:T -> "
       "output:T; attr=T:type>; NodeDef: "
       "{{node import/n}} = Identity[T=DT_FLOAT](import/a, import/a)"},
      {"node { name: 'a' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } } node { name: 'n' op: "
       "'Identity' input: 'a:1' "
       "attr { key: 'T' value { type: DT_FLOAT } } }",
       "Node 'n': Connecting to invalid output 1 of source node a which has 1 outputs"},
      {"node { name: 'a' op: 'Identity' input: 'b' attr { key: 'T' value { type: DT_FLOAT } } } node { name: 'b' op: "
       "'Identity' input: 'a' attr { key: "
       "'T' value { type: DT_FLOAT } } }",
       "2 nodes in a cycle"},
      {"versions { min_consumer: 99999 }",
       "GraphDef min consumer version 99999 above current version 27 for TensorFlow 1.11.0.  Please upgrade "
       "TensorFlow."},
      {"node { name: 'a' op: 'Placeholder' attr { key: 'dtype' value { type: DT_INT32 } } } node { name: 'd' op: "
       "'Identity' input: 'a' "
       "attr { key: 'T' value { type: DT_FLOAT } } }",
       "Input 0 of node import/d was passed int32 from import/a:0 incompatible with expected float."},
      {"node { name: 'a' op: 'NoOp' device: 'junk::dev' }", "Unknown attribute: 'junk' in 'junk::dev'"},
  };
  for (const Case& c : cases) {
    Graph graph;
    auto result = ImportGraphDef(graph, Parse(c.graph), {});
    EXPECT_EQ(std::string(result.status().message()), c.error);
    EXPECT_EQ(graph.num_nodes(), 0);
  }
}

TEST(ImportTest, BytesThatAreNoGraphDefAreNone) {
  EXPECT_EQ(ParseGraphDef("\x0a\x7f"), nullptr);
  EXPECT_NE(ParseGraphDef(""), nullptr);
}

TEST(LargeGraphTest, FieldByFieldIsTheSameGraph) {
  int graphs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("golden/data/tf-1.11.0")) {
    if (entry.path().extension() != ".pb" || entry.path().filename() == "saved_model.pb") continue;
    const std::string name = entry.path().string();
    const std::string bytes = *ReadWholeFile(PosixFileSystem(), name, int64_t{1} << 30);
    tensorflow::GraphDef whole, parts;
    if (!whole.ParseFromString(bytes) || whole.node_size() == 0) continue;
    auto file = PosixFileSystem()->OpenForRead(name);
    ASSERT_TRUE(ReadLargeGraphDef(**file, name, {}, &parts).ok()) << name;
    EXPECT_EQ(whole.ShortDebugString(), parts.ShortDebugString()) << name;
    ++graphs;
    Limits few;
    few.max_graph_nodes = whole.node_size() - 1;
    EXPECT_TRUE(absl::IsResourceExhausted(ReadLargeGraphDef(**file, name, few, &parts)));
  }
  EXPECT_GT(graphs, 0);
}

TEST(LargeGraphTest, SaysWhereItIsNone) {
  tensorflow::GraphDef graph;
  for (const char* name : {"a", "b"}) {
    graph.add_node()->set_name(name);
    graph.mutable_node(graph.node_size() - 1)->set_op("NoOp");
  }
  graph.mutable_versions()->set_producer(27);
  const std::string bytes = graph.SerializeAsString(), name = testing::TempDir() + "tfpersist_large.pb";
  int whole = 0;
  for (size_t size = 1; size < bytes.size(); ++size) {
    ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), name, bytes.substr(0, size)).ok());
    tensorflow::GraphDef read;
    const absl::Status status = ReadLargeGraphDef(**PosixFileSystem()->OpenForRead(name), name, {}, &read);
    whole += status.ok();
    if (!status.ok()) EXPECT_THAT(std::string(status.message()), testing::HasSubstr("at byte"));
  }
  EXPECT_EQ(whole, 2);  // between two fields a shorter file is a smaller graph
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), name, "\x0a\xff\xff\xff\xff\x7f").ok());
  EXPECT_THAT(std::string(ReadLargeGraphDef(**PosixFileSystem()->OpenForRead(name), name, {}, &graph).message()),
              testing::HasSubstr("more than protobuf's 2 GiB"));
}

TEST(ImportTest, NamesAreMadeUniqueWithoutPrefixAndInputsFollow) {
  Graph graph;
  const std::string text =
      "node { name: 'a' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } } node { name: 'n' op: "
      "'Identity' input: 'a' attr { key: 'T' "
      "value { type: DT_FLOAT } } }";
  ImportOptions options;
  options.name = "";
  options.return_elements = {"n:0", "a"};
  ASSERT_TRUE(ImportGraphDef(graph, Parse(text), options).ok());
  auto again = ImportGraphDef(graph, Parse(text), options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->elements[0].name(), "n_1:0");
  EXPECT_EQ(again->elements[1].name(), "a_1");
  EXPECT_EQ(graph.FindNode("n_1")->inputs()[0].name(), "a_1:0");
  auto prefixed = ImportGraphDef(graph, Parse(text), {});
  ASSERT_TRUE(prefixed.ok());
  EXPECT_EQ(prefixed->scope, "import/");
  EXPECT_EQ(ImportGraphDef(graph, Parse(text), {})->scope, "import_1/");
}

}  // namespace
}  // namespace tfpersist
