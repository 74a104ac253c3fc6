// extract_sub_graph: the nodes that some nodes need. Follows python/framework/graph_util_impl.py of TensorFlow 1.11.0.
#ifndef TFPERSIST_REFERENCE_TRANSFORM_EXTRACT_SUB_GRAPH_H_
#define TFPERSIST_REFERENCE_TRANSFORM_EXTRACT_SUB_GRAPH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist {

// In the order of `graph_def`, with its library and versions. INVALID_ARGUMENT "X is not in graph".
absl::StatusOr<tensorflow::GraphDef> ExtractSubGraph(const tensorflow::GraphDef& graph_def,
                                                     const std::vector<std::string>& dest_nodes);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRANSFORM_EXTRACT_SUB_GRAPH_H_
