// A SavedModel's folder (saved_model.pb, variables.index, variables.data): loaded, restored, initialized, as
// `tfpersist run` does. The files are real ones, in a folder of this process.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/cli/model.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saved_model.pb.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR({fuzz::FileKind::kMessage, &tensorflow::SavedModel::default_instance()}, fuzz::BundleIndexKind(),
                       {})

namespace {

// Removed when the program ends.
struct Folder {
  Folder() {
    const char* const memory = std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::getenv("TMPDIR");
    std::string name = std::string(memory != nullptr ? memory : "/tmp") + "/tfpersist-fuzz-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) fuzz::Fail("no folder");
    path = name;
    std::filesystem::create_directories(path + "/variables");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

void Write(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<int64_t>(bytes.size()));
}

// Some other node may be named as the one that restores.
bool MayRun(const ModelFile& model) {
  tensorflow::GraphDef graph = model.meta->graph_def();
  for (int i = 0; i < graph.node_size(); ++i) {
    if (graph.node(i).op() == "RestoreV2") graph.mutable_node(i)->set_op("NoOp");
    // A saver's own; nothing runs them here unless the model says that they restore.
    const std::string& op = graph.node(i).op();
    if (op == "SaveV2" || op == "MergeV2Checkpoints") {
      const std::string& name = graph.node(i).name();
      const auto& saver = model.meta->saver_def();
      if (saver.restore_op_name().find("restore") == std::string::npos || name.find("restore") != std::string::npos) {
        return false;
      }
      graph.mutable_node(i)->set_op("NoOp");
    }
  }
  return !fuzz::TouchesFiles(graph) && !fuzz::HasLargeConstants(graph, 1 << 18);
}

// True if `name`'s run reaches a node that writes files.
bool Writes(const tensorflow::MetaGraphDef& meta, const std::string& name, int depth = 0) {
  if (depth > 32) return true;
  for (const auto& node : meta.graph_def().node()) {
    if (node.name() != name) continue;
    if (node.op() == "SaveV2" || node.op() == "MergeV2Checkpoints") return true;
    for (std::string input : node.input()) {
      if (!input.empty() && input[0] == '^') input.erase(0, 1);
      if (Writes(meta, input.substr(0, input.find(':')), depth + 1)) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 3);
  fuzz::RepairBundle(&files[1], &files[2]);
  const bool text = !files[0].empty() && files[0][0] == '#';
  std::filesystem::remove(folder.path + "/saved_model.pb");
  Write(folder.path + (text ? "/saved_model.pbtxt" : "/saved_model.pb"), files[0]);
  Write(folder.path + "/variables/variables.index", files[1]);
  Write(folder.path + "/variables/variables.data-00000-of-00001", files[2]);
  const auto model = ReadModel(PosixFileSystem(), folder.path, fuzz::SmallLimits());
  if (!model.ok() || model->meta->graph_def().node_size() > 256 || !MayRun(*model)) return 0;
  if (Writes(*model->meta, model->meta->saver_def().restore_op_name())) return 0;
  for (const auto& [key, collection] : model->meta->collection_def()) {
    for (const std::string& op : collection.node_list().value()) {
      if (Writes(*model->meta, op)) return 0;
    }
  }
  cli::ModelOptions options;
  options.path = folder.path;
  options.threads = 1;
  options.limits = fuzz::SmallLimits();
  options.timeout_in_ms = 100;
  options.max_bytes = 4 << 20;
  (void)cli::LoadModel(options);
  return 0;
}
