#include "reference/runtime/function_call.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "reference/graph/import.h"
#include "reference/proto/function.pb.h"
#include "reference/proto/graph.pb.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

constexpr char kCall[] = R"(
  node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
         attr { key: "shape" value { shape { unknown_rank: true } } } }
  node { name: "y" op: "f" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
)";

constexpr char kDouble[] = R"(
  library { function {
    signature { name: "f" input_arg { name: "a" type_attr: "T" } output_arg { name: "b" type_attr: "T" }
                attr { name: "T" type: "type" } }
    node_def { name: "sum" op: "Add" input: "a" input: "a" attr { key: "T" value { placeholder: "T" } } }
    ret { key: "b" value: "sum:z:0" } } }
)";

absl::StatusOr<std::vector<Tensor>> RunCall(const std::string& text) {
  tensorflow::GraphDef def;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &def));
  GraphOptions options;
  Graph graph(options);
  ImportOptions import;
  import.name = "";
  absl::StatusOr<ImportResult> imported = ImportGraphDef(graph, std::move(def), import);
  if (!imported.ok()) return imported.status();
  Session session(graph);
  const std::vector<Session::NamedFeed> feeds = {{"x:0", Tensor::Scalar<float>(1.5f)}};
  const std::vector<std::string> fetches = {"y:0"};
  return session.Run(feeds, fetches, {});
}

TEST(FunctionCall, RunsTheBodyWithTheCallsAttrs) {
  const auto values = RunCall(std::string(kCall) + kDouble);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ((*values)[0].flat<float>()[0], 3.0f);
}

TEST(FunctionCall, FunctionsCallFunctions) {
  const auto values = RunCall(std::string(kCall) + R"(
    library { function {
      signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT }
                  attr { name: "T" type: "type" } }
      node_def { name: "twice" op: "g" input: "a" }
      node_def { name: "again" op: "g" input: "twice:r:0" }
      ret { key: "b" value: "again:r:0" } }
    function {
      signature { name: "g" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "r" type: DT_FLOAT } }
      node_def { name: "sum" op: "Add" input: "a" input: "a" attr { key: "T" value { type: DT_FLOAT } } }
      ret { key: "r" value: "sum:z:0" } } }
  )");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ((*values)[0].flat<float>()[0], 6.0f);
}

TEST(FunctionCall, AFunctionThatCallsItselfIsRefused) {
  const auto values = RunCall(std::string(kCall) + R"(
    library { function {
      signature { name: "f" input_arg { name: "a" type_attr: "T" } output_arg { name: "b" type_attr: "T" }
                  attr { name: "T" type: "type" } }
      node_def { name: "again" op: "f" input: "a" attr { key: "T" value { placeholder: "T" } } }
      ret { key: "b" value: "again:b:0" } } }
  )");
  EXPECT_EQ(values.status().code(), absl::StatusCode::kResourceExhausted) << values.status();
}

TEST(FunctionCall, FaultsOfADefinitionAreNamed) {
  for (const char* ret : {"", R"(ret { key: "b" value: "nothing:z:0" })", R"(ret { key: "b" value: "sum:q:0" })"}) {
    const auto values = RunCall(std::string(kCall) + R"(
      library { function {
        signature { name: "f" input_arg { name: "a" type_attr: "T" } output_arg { name: "b" type_attr: "T" }
                    attr { name: "T" type: "type" } }
        node_def { name: "sum" op: "Add" input: "a" input: "a" attr { key: "T" value { placeholder: "T" } } } )" +
                                std::string(ret) + "} }");
    EXPECT_EQ(values.status().code(), absl::StatusCode::kInvalidArgument) << values.status();
    EXPECT_NE(std::string(values.status().message()).find("Function f"), std::string::npos) << values.status();
  }
}

}  // namespace
}  // namespace tfpersist
