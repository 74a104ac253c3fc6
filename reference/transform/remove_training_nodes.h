// remove_training_nodes: without CheckNumerics, and with Identity nodes spliced out. Follows
// python/framework/graph_util_impl.py of TensorFlow 1.11.0.
#ifndef TFPERSIST_REFERENCE_TRANSFORM_REMOVE_TRAINING_NODES_H_
#define TFPERSIST_REFERENCE_TRANSFORM_REMOVE_TRAINING_NODES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist {

absl::StatusOr<tensorflow::GraphDef> RemoveTrainingNodes(const tensorflow::GraphDef& graph_def,
                                                         const std::vector<std::string>& protected_nodes = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRANSFORM_REMOVE_TRAINING_NODES_H_
