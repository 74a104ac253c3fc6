#include "reference/op/op_registry.h"

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/op/node_text.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {
namespace {

std::string ReadAll(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

tensorflow::OpList GoldenOps(const std::string& version) {
  tensorflow::OpList list;
  google::protobuf::TextFormat::Parser parser;
  parser.AllowUnknownField(true);
  EXPECT_TRUE(parser.ParseFromString(ReadAll("golden/data/tf-" + version + "/op_defs/op_defs.pbtxt"), &list));
  return list;
}

TEST(OpRegistryTest, EverySignatureOf1_11IsExact) {
  OpRegistry registry;
  tensorflow::OpList golden = GoldenOps("1.11.0");
  ASSERT_GT(golden.op_size(), 700);
  for (const tensorflow::OpDef& op : golden.op()) {
    auto found = registry.LookUp(op.name());
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ((*found)->since, "");
    EXPECT_EQ((*found)->def->DebugString(), op.DebugString());
  }
}

// Later versions: nothing that they accept may be unknown, unless the arguments themselves changed.
TEST(OpRegistryTest, LaterVersionsAttrsAndTypesAreKnown) {
  for (const std::string version : {"1.15.5", "2.21.0"}) {
    OpRegistry registry;
    const tensorflow::OpList golden = GoldenOps(version);
    for (const tensorflow::OpDef& op : golden.op()) {
      auto found = registry.LookUp(op.name());
      ASSERT_TRUE(found.ok()) << found.status();
      for (const auto& attr : op.attr()) {
        EXPECT_TRUE((*found)->FindAttr(attr.name()) != nullptr || (*found)->FindLaterAttr(attr.name()) != nullptr)
            << version << " " << op.name() << " " << attr.name();
      }
    }
  }
}

TEST(OpRegistryTest, RowsAreSortedAndUnique) {
  std::vector<absl::string_view> names = OpRegistry::Names();
  for (size_t i = 1; i < names.size(); ++i) EXPECT_LT(names[i - 1], names[i]);
}

TEST(OpRegistryTest, UnknownOpIsTheTextOf1_11) {
  OpRegistry registry;
  auto found = registry.LookUp("NoSuchOp");
  EXPECT_EQ(found.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(
      absl::StartsWith(found.status().message(), "Op type not registered 'NoSuchOp' in binary running on HOST."));
}

TEST(NodeTextTest, IsTensorFlowsText) {
  nlohmann::json cases = nlohmann::json::parse(ReadAll("golden/data/tf-1.11.0/node_text/node_text.json"));
  OpRegistry registry;
  int compared = 0, messages = 0;
  for (const auto& c : cases) {
    if (!c.contains("node_def")) continue;
    tensorflow::NodeDef node;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(c["node_def"].get<std::string>(), &node))
        << c["node_def"];
    if (c["from"] != "import") continue;
    EXPECT_EQ(SummarizeNodeDef(node), c["text"].get<std::string>());
    ++compared;
    auto op = registry.LookUp(node.op());
    ASSERT_TRUE(op.ok());
    const std::string message = c["message"];
    if (!absl::StartsWith(message, "NodeDef mentions attr")) continue;
    if (node.attr_size() > 1 && node.name() == "many") continue;  // which of several it names is the hash order
    DataTypeVector types;
    EXPECT_EQ(std::string(ValidateNodeDef(**op, node, &types).message()), message);
    ++messages;
  }
  EXPECT_GT(compared, 50);
  EXPECT_GT(messages, 50);
}

TEST(OpRegistryTest, InfersAttrsFromInputs) {
  OpRegistry registry;
  tensorflow::NodeDef node;
  node.set_name("c");
  node.set_op("ConcatV2");
  auto op = registry.LookUp("ConcatV2");
  ASSERT_TRUE(op.ok());
  ASSERT_TRUE(InferAttrs(**op, {MakeRefType(DT_FLOAT), DT_FLOAT, DT_INT64}, &node).ok());
  EXPECT_EQ(node.attr().at("N").i(), 2);
  EXPECT_EQ(node.attr().at("T").type(), tensorflow::DT_FLOAT);
  EXPECT_EQ(node.attr().at("Tidx").type(), tensorflow::DT_INT64);
  DataTypeVector types;
  ASSERT_TRUE(InputTypes(**op, node, &types).ok());
  EXPECT_EQ(types, (DataTypeVector{DT_FLOAT, DT_FLOAT, DT_INT64}));
}

TEST(OpRegistryTest, RefusesANumberOfTensorsThatNoNodeHas) {
  OpRegistry registry;
  tensorflow::NodeDef node;
  node.set_name("c");
  node.set_op("Pack");
  (*node.mutable_attr())["N"].set_i(int64_t{1} << 60);
  (*node.mutable_attr())["T"].set_type(tensorflow::DT_FLOAT);
  DataTypeVector types;
  EXPECT_EQ(InputTypes(**registry.LookUp("Pack"), node, &types).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tfpersist
