#include "reference/train/golden_meta_test_util.h"

#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "reference/proto/control_flow.pb.h"
#include "reference/proto/variable.pb.h"

namespace tfpersist {
namespace {

// A node as one comparable text; the random part of a sharded saver's temporary name is blanked.
std::string Text(const tensorflow::NodeDef& node) {
  std::string text =
      absl::StrCat(node.name(), " = ", node.op(), "(", absl::StrJoin(node.input(), ", "), ") on '", node.device(), "'");
  std::map<std::string, std::string> attrs;
  for (const auto& [key, value] : node.attr()) attrs[key] = value.ShortDebugString();
  for (auto& [key, value] : attrs) {
    if (const size_t at = value.find("_temp_"); at != std::string::npos) value.replace(at, 38, "_temp_*");
    absl::StrAppend(&text, "\n    ", key, ": ", value);
  }
  return text;
}

std::string Text(const std::string& key, const tensorflow::CollectionDef& collection) {
  std::string text = key;
  if (collection.has_node_list()) absl::StrAppend(&text, " nodes ", absl::StrJoin(collection.node_list().value(), " "));
  for (const std::string& bytes : collection.bytes_list().value()) {
    tensorflow::VariableDef variable;
    tensorflow::CondContextDef cond;
    if (key == "cond_context" && cond.ParseFromString(bytes)) {
      std::map<std::string, std::string> external(cond.values_def().external_values().begin(),
                                                  cond.values_def().external_values().end());
      cond.mutable_values_def()->clear_external_values();
      absl::StrAppend(&text, "\n  ", cond.ShortDebugString(), " external ",
                      absl::StrJoin(external, " ", absl::PairFormatter("=")));
    } else if (absl::StrContains(key, "variables") && variable.ParseFromString(bytes)) {
      absl::StrAppend(&text, "\n  ", variable.ShortDebugString());
    } else {
      absl::StrAppend(&text, "\n  bytes ", absl::CEscape(bytes));
    }
  }
  return text;
}

}  // namespace

tensorflow::MetaGraphDef GoldenMeta(const std::string& name) {
  std::ifstream in(absl::StrCat("golden/data/tf-1.11.0/", name, ".meta"), std::ios::binary);
  EXPECT_TRUE(in) << name << ": run from the source root";
  tensorflow::MetaGraphDef meta;
  EXPECT_TRUE(meta.ParseFromIstream(&in)) << name;
  return meta;
}

void ExpectSameMeta(const tensorflow::MetaGraphDef& ours, const tensorflow::MetaGraphDef& theirs) {
  std::vector<std::string> our_nodes, their_nodes;
  for (const auto& n : ours.graph_def().node()) our_nodes.push_back(Text(n));
  for (const auto& n : theirs.graph_def().node()) their_nodes.push_back(Text(n));
  for (size_t i = 0; i < std::max(our_nodes.size(), their_nodes.size()); ++i) {
    ASSERT_LT(i, our_nodes.size()) << "missing: " << their_nodes[i];
    ASSERT_LT(i, their_nodes.size()) << "too many: " << our_nodes[i];
    EXPECT_EQ(our_nodes[i], their_nodes[i]) << "node " << i;
    if (our_nodes[i] != their_nodes[i]) break;
  }
  EXPECT_EQ(ours.saver_def().ShortDebugString(), theirs.saver_def().ShortDebugString());
  EXPECT_EQ(ours.has_saver_def(), theirs.has_saver_def());
  std::set<std::string> keys;
  for (const auto& [key, value] : ours.collection_def()) keys.insert(key);
  for (const auto& [key, value] : theirs.collection_def()) keys.insert(key);
  for (const std::string& key : keys) {
    auto a = ours.collection_def().find(key), b = theirs.collection_def().find(key);
    EXPECT_EQ(a == ours.collection_def().end() ? "absent" : Text(key, a->second),
              b == theirs.collection_def().end() ? "absent" : Text(key, b->second));
  }
  EXPECT_EQ(ours.meta_info_def().tensorflow_version(), theirs.meta_info_def().tensorflow_version());
  EXPECT_EQ(ours.meta_info_def().stripped_op_list().ShortDebugString(),
            theirs.meta_info_def().stripped_op_list().ShortDebugString());
  EXPECT_EQ(ours.meta_info_def().stripped_default_attrs(), theirs.meta_info_def().stripped_default_attrs());
  EXPECT_EQ(ours.graph_def().versions().ShortDebugString(), theirs.graph_def().versions().ShortDebugString());
}

}  // namespace tfpersist
