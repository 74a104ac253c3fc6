// What a graph that nobody vouches for can take: SessionOptions::operation_timeout_in_ms and max_bytes.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "reference/proto/graph.pb.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

constexpr char kEndlessLoop[] = R"(
  node { name: "zero" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
         attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape {} float_val: 0 } } } }
  node { name: "enter" op: "Enter" input: "zero" attr { key: "T" value { type: DT_FLOAT } }
         attr { key: "frame_name" value { s: "f" } } }
  node { name: "merge" op: "Merge" input: "enter" input: "next" attr { key: "T" value { type: DT_FLOAT } }
         attr { key: "N" value { i: 2 } } }
  node { name: "true" op: "Const" input: "^merge" attr { key: "dtype" value { type: DT_BOOL } }
         attr { key: "value" value { tensor { dtype: DT_BOOL tensor_shape {} bool_val: true } } } }
  node { name: "cond" op: "LoopCond" input: "true" }
  node { name: "switch" op: "Switch" input: "merge" input: "cond" attr { key: "T" value { type: DT_FLOAT } } }
  node { name: "body" op: "Identity" input: "switch:1" attr { key: "T" value { type: DT_FLOAT } } }
  node { name: "next" op: "NextIteration" input: "body" attr { key: "T" value { type: DT_FLOAT } } }
  node { name: "exit" op: "Exit" input: "switch" attr { key: "T" value { type: DT_FLOAT } } }
)";

// Imports `text` into `graph`.
void Import(const std::string& text, Graph* graph) {
  tensorflow::GraphDef def;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &def));
  ImportOptions import;
  import.name = "";
  const auto imported = ImportGraphDef(*graph, std::move(def), import);
  ASSERT_TRUE(imported.ok()) << imported.status();
}

absl::StatusOr<std::vector<Tensor>> Fetch(Session& session, const std::string& name) {
  return session.Run(std::vector<Session::NamedFeed>(), {name}, {});
}

SessionOptions Limited() {
  SessionOptions options;
  options.threads = 1;
  options.operation_timeout_in_ms = 50;
  options.max_bytes = 1 << 20;
  return options;
}

TEST(RunLimits, AnEndlessLoopEndsInTime) {
  Graph graph;
  Import(kEndlessLoop, &graph);
  Session session(graph, Limited());
  const absl::Status status = Fetch(session, "exit:0").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  // The session lives on.
  EXPECT_TRUE(Fetch(session, "zero:0").ok());
}

TEST(RunLimits, MemoryIsBoundedAndGivenBack) {
  Graph graph;
  const auto dims = Placeholder(graph, DT_INT32, PartialTensorShape({1}), "dims");
  Graph::NodeSpec fill;
  fill.op = "Fill";
  fill.name = "fill";
  fill.inputs = {dims, Constant(graph, 1.0f)};
  ASSERT_TRUE(graph.AddNode(std::move(fill)).ok());
  Session session(graph, Limited());
  const auto run = [&](int32_t n) {
    return session.Run({{"dims:0", Tensor::Of<int32_t>({1}, {n})}}, {"fill:0"}, {}).status();
  };
  EXPECT_EQ(run(1 << 28).code(), absl::StatusCode::kResourceExhausted) << run(1 << 28);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run(1 << 17).ok()) << run(1 << 17);
}

TEST(RunLimits, StringsDoNotDoubleForEver) {
  std::string text = R"(node { name: "s0" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
    attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape {} string_val: "four" } } } })";
  for (int i = 0; i < 60; ++i) {
    absl::StrAppend(&text, "node { name: 's", i + 1, "' op: 'StringJoin' input: 's", i, "' input: 's", i,
                    "' attr { key: 'N' value { i: 2 } } }\n");
  }
  Graph graph;
  Import(text, &graph);
  Session session(graph, Limited());
  EXPECT_EQ(Fetch(session, "s60:0").status().code(), absl::StatusCode::kResourceExhausted);
  const auto ten = Fetch(session, "s10:0");
  ASSERT_TRUE(ten.ok()) << ten.status();
  EXPECT_EQ((*ten)[0].flat<std::string>()[0].size(), 4096u);
}

// A Const may say that one value fills a shape of any size.
TEST(RunLimits, AConstantIsHeldToTheGraphsLimits) {
  GraphOptions options;
  options.limits.max_tensor_bytes = 1 << 20;
  Graph graph(options);
  Import(R"(node { name: "c" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "value" value {
    tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1073741824 } } float_val: 1 } } } })",
         &graph);
  Session session(graph);
  const absl::Status status = Fetch(session, "c:0").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

}  // namespace
}  // namespace tfpersist
