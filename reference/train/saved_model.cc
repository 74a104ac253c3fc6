#include "reference/train/saved_model.h"

#include <vector>

#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/proto/meta_graph.pb.h"

namespace tfpersist {
namespace {

// Signature (2.x) or collections (1.x) that name the op to run after restoring.
constexpr char kInitSignature[] = "__saved_model_init_op";
constexpr const char* kInitCollections[] = {"saved_model_main_op", "legacy_init_op"};
constexpr char kAssetsCollection[] = "saved_model_assets";

std::vector<tensorflow::AssetFileDef> AssetsOf(const tensorflow::MetaGraphDef& meta) {
  std::vector<tensorflow::AssetFileDef> assets(meta.asset_file_def().begin(), meta.asset_file_def().end());
  auto found = meta.collection_def().find(kAssetsCollection);
  if (!assets.empty() || found == meta.collection_def().end()) return assets;
  for (const auto& any : found->second.any_list().value()) {
    tensorflow::AssetFileDef asset;
    if (any.UnpackTo(&asset)) assets.push_back(std::move(asset));
  }
  return assets;
}

// Null: there is none.
absl::StatusOr<Node*> InitOp(Graph& graph, const tensorflow::MetaGraphDef& meta) {
  if (auto found = meta.signature_def().find(kInitSignature); found != meta.signature_def().end()) {
    auto output = found->second.outputs().find(kInitSignature);
    if (output != found->second.outputs().end()) {
      const std::string& name = output->second.name();
      return graph.FindOperation(name.substr(0, name.find(':')));
    }
  }
  for (const char* key : kInitCollections) {
    auto found = meta.collection_def().find(key);
    if (found == meta.collection_def().end() || found->second.node_list().value().empty()) continue;
    return graph.FindOperation(found->second.node_list().value(0));
  }
  return nullptr;
}

}  // namespace

std::string SavedModelVariables(const std::string& folder) {
  const std::string prefix = JoinPath(folder, "variables/variables");
  return FileExists(PosixFileSystem(), prefix + ".index") ? prefix : "";
}

absl::Status InitializeSavedModel(Graph& graph, DirectSession& session, const tensorflow::MetaGraphDef& meta,
                                  const std::string& folder) {
  TFP_ASSIGN_OR_RETURN(Node* const init, InitOp(graph, meta));
  if (init == nullptr) return absl::OkStatus();
  std::vector<DirectSession::Feed> feeds;
  for (const tensorflow::AssetFileDef& asset : AssetsOf(meta)) {
    TFP_ASSIGN_OR_RETURN(const Output tensor, graph.FindTensor(asset.tensor_info().name()));
    feeds.emplace_back(tensor, Tensor::Scalar<std::string>(JoinPath(JoinPath(folder, "assets"), asset.filename())));
  }
  return session.Run(feeds, {}, {init}).status();
}

}  // namespace tfpersist
