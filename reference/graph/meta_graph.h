// MetaGraphDef: a graph with its collections and its saver, in and out, as binary, text or JSON.
//
// Follows python/framework/meta_graph.py of TensorFlow 1.11.0 (semantics M01-M24). JSON is protobuf's own mapping with
// the proto's field names; TensorFlow has none. What is read is told apart by content, never by the file's name.
#ifndef TFPERSIST_REFERENCE_GRAPH_META_GRAPH_H_
#define TFPERSIST_REFERENCE_GRAPH_META_GRAPH_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/graph/graph.h"
#include "reference/graph/import.h"

namespace google::protobuf {
class MessageLite;
}
namespace tensorflow {
class MetaGraphDef;
class SaverDef;
}  // namespace tensorflow

namespace tfpersist {

enum class MetaGraphFormat { kBinary, kText, kJson };

struct ExportMetaGraphOptions {
  const tensorflow::SaverDef* saver_def = nullptr;
  std::string export_scope;  // only nodes and items whose name begins so; the scope is taken off (M18)
  bool clear_devices = false;
  bool strip_default_attrs = false;      // M04
  bool clear_extraneous_savers = false;  // nodes of other savers are left out (M19)
  bool include_collections = true;
};
// INVALID_ARGUMENT "Op X is used by the graph, but is not registered" (M02). Warnings of dropped collections go to the
// graph's logger (M07).
absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> ExportMetaGraphDef(
    const Graph& graph, const ExportMetaGraphOptions& options = {});

struct ImportMetaGraphDefOptions {
  std::string import_scope;
  bool clear_devices = false;
  std::map<std::string, Output> input_map;  // also for "$unbound_inputs_x" (M17)
  std::vector<std::string> return_elements;
};
struct ImportedMetaGraph {
  ImportResult nodes;
  std::string scope;                                // prepended to every name: "sc", "sc_1", ""
  std::unique_ptr<tensorflow::SaverDef> saver_def;  // null: none; names have the scope
};
// Adds the nodes and the collections.
absl::StatusOr<ImportedMetaGraph> ImportMetaGraphDef(Graph& graph, const tensorflow::MetaGraphDef& meta,
                                                     const ImportMetaGraphDefOptions& options = {});
// The same; the graph is taken out of `meta`.
absl::StatusOr<ImportedMetaGraph> ImportMetaGraphDef(Graph& graph, tensorflow::MetaGraphDef&& meta,
                                                     const ImportMetaGraphDefOptions& options = {});

// A .meta file. NOT_FOUND "File F does not exist."; INVALID_ARGUMENT "Cannot parse file F: 1:1 : …" (M08). An empty
// file is an empty MetaGraphDef.
absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> ReadMetaGraph(FileSystem* fs, const std::string& file,
                                                                        const Limits& limits = {});
// Makes the folder (M09).
absl::Status WriteMetaGraph(FileSystem* fs, const tensorflow::MetaGraphDef& meta, const std::string& file,
                            MetaGraphFormat format = MetaGraphFormat::kBinary);

// Any file that holds a graph: a GraphDef, a MetaGraphDef or a SavedModel, binary, text or JSON, or a SavedModel's
// folder.
struct ModelFile {
  enum Kind { kGraphDef, kMetaGraphDef, kSavedModel };
  Kind kind = kGraphDef;
  std::unique_ptr<tensorflow::MetaGraphDef> meta;  // a GraphDef stands in its graph_def
  std::string folder;                              // a SavedModel's folder: variables are in folder/variables/variables
};
// `tags`: which of a SavedModel's graphs; empty: "serve", or the only one.
absl::StatusOr<ModelFile> ReadModel(FileSystem* fs, const std::string& path, const Limits& limits = {},
                                    const std::vector<std::string>& tags = {});

// The bytes of any message with maps in key order, so that one value has one form.
std::string SerializeDeterministically(const google::protobuf::MessageLite& message);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_META_GRAPH_H_
