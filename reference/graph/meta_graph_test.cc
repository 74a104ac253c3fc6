#include "reference/graph/meta_graph.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"

namespace tfpersist {
namespace {

constexpr char kMeta[] = "golden/data/tf-1.11.0/meta/";

std::unique_ptr<tensorflow::MetaGraphDef> Read(const std::string& file) {
  auto meta = ReadMetaGraph(PosixFileSystem(), file);
  EXPECT_TRUE(meta.ok()) << file << " " << meta.status();
  return meta.ok() ? *std::move(meta) : std::make_unique<tensorflow::MetaGraphDef>();
}

// Map values inside collections are compared as messages elsewhere; here bytes count.
TEST(MetaGraphTest, WhatTensorFlowWroteComesOutAgain) {
  for (const char* name : {"default", "resource", "partitioned", "sharded", "devices", "cond", "functions",
                           "moving_average", "many_dtypes", "collections_of_every_kind", "two_savers", "no_saver",
                           "no_variables", "init_op", "table", "imported_twice"}) {
    SCOPED_TRACE(name);
    auto golden = Read(std::string(kMeta) + name + ".meta");
    Graph graph;
    auto imported = ImportMetaGraphDef(graph, *golden);
    ASSERT_TRUE(imported.ok()) << imported.status();
    ExportMetaGraphOptions options;
    options.saver_def = imported->saver_def.get();
    auto again = ExportMetaGraphDef(graph, options);
    ASSERT_TRUE(again.ok()) << again.status();
    for (auto* m : {golden.get(), again->get()}) {
      m->mutable_collection_def()->erase("cond_context");     // holds maps, whose order in the bytes is nobody's
      auto& nodes = *m->mutable_graph_def()->mutable_node();  // an import orders nodes by their inputs
      std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
    }
    EXPECT_EQ((*again)->DebugString(), golden->DebugString());
  }
}

TEST(MetaGraphTest, TextAndJsonHoldTheSame) {
  char dir[] = "/tmp/meta_graph_testXXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  for (const char* name : {"default", "collections_of_every_kind", "functions", "partitioned"}) {
    auto golden = Read(std::string(kMeta) + name + ".meta");
    EXPECT_EQ(Read(std::string(kMeta) + name + ".pbtxt")->DebugString(), golden->DebugString());
    for (MetaGraphFormat format : {MetaGraphFormat::kBinary, MetaGraphFormat::kText, MetaGraphFormat::kJson}) {
      const std::string file = std::string(dir) + "/new/folder/m" + std::to_string(static_cast<int>(format));
      ASSERT_TRUE(WriteMetaGraph(PosixFileSystem(), *golden, file, format).ok());
      EXPECT_EQ(Read(file)->DebugString(), golden->DebugString());
    }
  }
}

TEST(MetaGraphTest, ExportScopeIsTensorFlows) {
  // outer/inner of a graph built as golden/make/meta.py builds it, imported whole and exported in part.
  auto golden = Read(std::string(kMeta) + "exported_scope.meta");
  Graph graph;
  auto x = graph.AddNode({.op = "NoOp", .name = "elsewhere"});
  ASSERT_TRUE(x.ok());
  auto missing = ImportMetaGraphDef(graph, *golden);
  EXPECT_EQ(missing.status().message(),
            "Graph contains unbound inputs: $unbound_inputs_outer/v/read,$unbound_inputs_x. Must provide these inputs "
            "through input_map.");
  Graph::NodeSpec spec;
  spec.op = "Placeholder";
  spec.attrs["dtype"].set_type(tensorflow::DT_FLOAT);
  auto p = graph.AddNode(std::move(spec));
  ASSERT_TRUE(p.ok());
  ImportMetaGraphDefOptions options;
  options.import_scope = "outer/inner";
  options.input_map = {{"$unbound_inputs_outer/v/read", (*p)->output(0)}, {"$unbound_inputs_x", (*p)->output(0)}};
  auto imported = ImportMetaGraphDef(graph, *golden, options);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ExportMetaGraphOptions exported;
  exported.export_scope = "outer/inner";
  auto meta = ExportMetaGraphDef(graph, exported);
  ASSERT_TRUE(meta.ok());
  ASSERT_EQ((*meta)->graph_def().node_size(), golden->graph_def().node_size());
  EXPECT_EQ((*meta)->collection_def().at("variables").DebugString(),
            golden->collection_def().at("variables").DebugString());
  EXPECT_EQ((*meta)->collection_def().at("unbound_inputs").bytes_list().value(0), "$unbound_inputs_Placeholder");
  EXPECT_EQ((*meta)->graph_def().node(1).name(), "w");
}

TEST(MetaGraphTest, ClearExtraneousSavers) {
  auto golden = Read(std::string(kMeta) + "two_savers_clear_extraneous.meta");
  auto whole = Read(std::string(kMeta) + "two_savers.meta");
  Graph graph;
  auto imported = ImportMetaGraphDef(graph, *whole);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ExportMetaGraphOptions options;
  options.saver_def = &golden->saver_def();
  options.clear_extraneous_savers = true;
  auto meta = ExportMetaGraphDef(graph, options);
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ((*meta)->DebugString(), golden->DebugString());
}

TEST(MetaGraphTest, StripDefaultAttrs) {
  auto golden = Read(std::string(kMeta) + "strip_default_attrs.meta");
  Graph graph;
  auto imported = ImportMetaGraphDef(graph, *golden);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ExportMetaGraphOptions options;
  options.saver_def = imported->saver_def.get();
  options.strip_default_attrs = true;
  auto meta = ExportMetaGraphDef(graph, options);
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ((*meta)->DebugString(), golden->DebugString());
}

TEST(MetaGraphTest, BadFilesAreRefused) {
  EXPECT_EQ(ReadMetaGraph(PosixFileSystem(), "./nope.meta").status().message(), "File ./nope.meta does not exist.");
  char dir[] = "/tmp/meta_graph_testXXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  const std::string junk = std::string(dir) + "/junk.meta";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), junk, "junk").ok());
  EXPECT_EQ(
      std::string(ReadMetaGraph(PosixFileSystem(), junk).status().message()),
      "Cannot parse file " + junk + ": 1:1 : Message type \"tensorflow.MetaGraphDef\" has no field named \"junk\"..");
  const std::string deep = std::string(dir) + "/deep.meta";
  std::string nested = "saver_def ";
  for (int i = 0; i < 100000; ++i) nested += "{ x ";
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), deep, nested).ok());
  EXPECT_FALSE(ReadMetaGraph(PosixFileSystem(), deep).ok());
}

TEST(ModelTest, KindsAreToldByContent) {
  auto meta = ReadModel(PosixFileSystem(), std::string(kMeta) + "default.meta");
  ASSERT_TRUE(meta.ok()) << meta.status();
  EXPECT_EQ(meta->kind, ModelFile::kMetaGraphDef);
  auto text = ReadModel(PosixFileSystem(), std::string(kMeta) + "default.pbtxt");
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(text->kind, ModelFile::kMetaGraphDef);
  auto graph = ReadModel(PosixFileSystem(), "golden/data/tf-1.11.0/document/combined_model.pb");
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->kind, ModelFile::kGraphDef);
  EXPECT_EQ(graph->meta->graph_def().node_size(), 5);
}

}  // namespace
}  // namespace tfpersist
