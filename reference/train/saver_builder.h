// The nodes of a saver: save, restore, and the SaverDef that names them. Follows BulkSaverBuilder and BaseSaverBuilder
// of training/saver.py of 1.11.0 to the node (A16-A22, A29, A34).
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVER_BUILDER_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVER_BUILDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/train/saveable.h"

namespace tensorflow {
class SaverDef;
}

namespace tfpersist {

struct SaverBuilderOptions {
  bool reshape = false;
  bool sharded = false;
  bool restore_sequentially = false;
  bool bulk_restore = true;  // one RestoreV2 for all tensors; false: one per tensor, on no device
  bool v1 = false;           // write the old format
  std::string name;          // empty: "save"
  std::string filename;      // empty: "model"
};

// Adds the nodes to `graph`. The SaverDef comes with names and `sharded` and `version` filled.
// INVALID_ARGUMENT: saveables whose tensors stand on several devices (A29). FAILED_PRECONDITION: a finalized graph.
absl::StatusOr<std::unique_ptr<tensorflow::SaverDef>> BuildSaver(
    Graph& graph, const std::vector<std::shared_ptr<const SaveableObject>>& saveables,
    const SaverBuilderOptions& options);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVER_BUILDER_H_
