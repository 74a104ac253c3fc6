#include "reference/cli/model.h"

#include "absl/strings/str_cat.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/train/saved_model.h"

namespace tfpersist::cli {
namespace {

// A GraphDef has no saver and no collections: its reference variables are assigned from the checkpoint by name.
absl::Status RestoreByName(Graph& graph, Session& session, const std::string& prefix) {
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<CheckpointReader> reader, CheckpointReader::Open(prefix));
  const int nodes = graph.num_nodes();  // those that are added below are none of the model's
  for (int i = 0; i < nodes; ++i) {
    Node* const node = graph.node(i);
    const bool reference = node->op() == "VariableV2" || node->op() == "Variable";
    if (!reference && node->op() != "VarHandleOp") continue;
    if (!reader->HasTensor(node->name())) {
      return absl::NotFoundError(absl::StrCat("Key ", node->name(), " not found in checkpoint ", prefix,
                                              " (the graph has a variable of this name)"));
    }
    TFP_ASSIGN_OR_RETURN(const Tensor value, reader->GetTensor(node->name()));
    const Output constant = Constant(graph, value, "tfpersist_restore/value");
    TFP_RETURN_IF_ERROR(graph.TakeStatus());
    Graph::NodeSpec assign;
    assign.op = reference ? "Assign" : "AssignVariableOp";
    assign.name = "tfpersist_restore/assign";
    assign.inputs = {node->output(0), constant};
    TFP_ASSIGN_OR_RETURN(Node* const op, graph.AddNode(std::move(assign)));
    TFP_RETURN_IF_ERROR(session.Run(op));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> LoadModel(const ModelOptions& options) {
  TFP_ASSIGN_OR_RETURN(ModelFile file, ReadModel(PosixFileSystem(), options.path, options.limits));
  auto model = std::make_unique<Model>();
  GraphOptions graph;
  graph.limits = options.limits;
  model->graph = std::make_unique<Graph>(graph);
  SessionOptions session;
  session.threads = options.threads;
  session.cuda_devices = options.cuda ? 1 : 0;
  session.operation_timeout_in_ms = options.timeout_in_ms;
  session.max_bytes = options.max_bytes;
  session.allow_soft_placement = true;
  std::optional<Saver> saver;
  if (file.kind == ModelFile::kGraphDef) {
    if (options.clear_devices) {
      for (tensorflow::NodeDef& node : *file.meta->mutable_graph_def()->mutable_node()) node.clear_device();
    }
    ImportOptions import;
    import.name = "";
    TFP_RETURN_IF_ERROR(ImportGraphDef(*model->graph, std::move(*file.meta->mutable_graph_def()), import).status());
  } else {
    ImportMetaGraphOptions import;
    import.clear_devices = options.clear_devices;
    TFP_ASSIGN_OR_RETURN(saver, ImportMetaGraph(*model->graph, *file.meta, import));
  }
  model->session = std::make_unique<Session>(*model->graph, session);
  const bool saved_model = file.kind == ModelFile::kSavedModel;
  const std::string checkpoint =
      options.checkpoint.empty() && saved_model ? SavedModelVariables(file.folder) : options.checkpoint;
  if (!checkpoint.empty() && saver.has_value()) {
    TFP_RETURN_IF_ERROR(saver->Restore(*model->session, checkpoint));
  } else if (!checkpoint.empty()) {
    TFP_RETURN_IF_ERROR(RestoreByName(*model->graph, *model->session, checkpoint));
  }
  if (saved_model) {
    TFP_RETURN_IF_ERROR(InitializeSavedModel(*model->graph, *model->session, *file.meta, file.folder));
  }
  return model;
}

}  // namespace tfpersist::cli
