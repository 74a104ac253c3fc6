// Savers in MetaGraphDefs: export with the graph, and back (M11-M14).
#include <utility>

#include "absl/strings/str_cat.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/graph/meta_graph.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/train/saver.h"

namespace tfpersist {
namespace {

absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> Export(const Graph& graph,
                                                                 const tensorflow::SaverDef* saver_def,
                                                                 absl::string_view filename,
                                                                 const SaverExportOptions& options) {
  ExportMetaGraphOptions exported;
  exported.saver_def = saver_def;
  exported.export_scope = options.export_scope;
  exported.clear_devices = options.clear_devices;
  exported.clear_extraneous_savers = options.clear_extraneous_savers;
  exported.strip_default_attrs = options.strip_default_attrs;
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<tensorflow::MetaGraphDef> meta, ExportMetaGraphDef(graph, exported));
  if (!filename.empty()) {
    TFP_RETURN_IF_ERROR(WriteMetaGraph(PosixFileSystem(), *meta, std::string(filename), options.format));
  }
  return meta;
}

}  // namespace

absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> Saver::ExportMetaGraph(
    absl::string_view filename, const SaverExportOptions& options) const {
  const std::unique_ptr<tensorflow::SaverDef> def = ToProto(options.export_scope);
  return Export(graph(), def.get(), filename, options);
}

absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> ExportMetaGraph(const Graph& graph,
                                                                          absl::string_view filename,
                                                                          const SaverExportOptions& options) {
  return Export(graph, nullptr, filename, options);
}

namespace {

template <typename MetaGraphDef>
absl::StatusOr<std::optional<Saver>> Import(Graph& graph, MetaGraphDef&& meta, const ImportMetaGraphOptions& options) {
  ImportMetaGraphDefOptions imported;
  imported.import_scope = options.import_scope;
  imported.clear_devices = options.clear_devices;
  imported.input_map = options.input_map;
  TFP_ASSIGN_OR_RETURN(ImportedMetaGraph result, ImportMetaGraphDef(graph, std::forward<MetaGraphDef>(meta), imported));
  SaverOptions saver;
  saver.clock = options.clock;
  if (result.saver_def != nullptr) {
    saver.saver_def = std::move(result.saver_def);
  } else if (AllSaveableVariables(graph).empty()) {
    graph.logger()->Log(LogLevel::kInfo, "Saver not created because there are no variables in the graph to restore");
    return std::optional<Saver>();
  }
  TFP_ASSIGN_OR_RETURN(Saver made, Saver::Create(graph, std::move(saver)));
  return std::optional<Saver>(std::move(made));
}

}  // namespace

absl::StatusOr<std::optional<Saver>> ImportMetaGraph(Graph& graph, const tensorflow::MetaGraphDef& meta,
                                                     const ImportMetaGraphOptions& options) {
  return Import(graph, meta, options);
}

absl::StatusOr<std::optional<Saver>> ImportMetaGraph(Graph& graph, absl::string_view filename,
                                                     const ImportMetaGraphOptions& options) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<tensorflow::MetaGraphDef> meta,
                       ReadMetaGraph(PosixFileSystem(), std::string(filename), graph.limits()));
  return Import(graph, std::move(*meta), options);
}

}  // namespace tfpersist
