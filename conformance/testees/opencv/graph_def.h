// GraphDefs as bytes, without protobuf: nodes are made from a case's steps or cut out of a .pb file, and a fetch gets
// the part of the graph that it needs. OpenCV's importer reads every node that it is given, so what no fetch needs must
// go.
#ifndef TFPERSIST_CONFORMANCE_TESTEES_OPENCV_GRAPH_DEF_H_
#define TFPERSIST_CONFORMANCE_TESTEES_OPENCV_GRAPH_DEF_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "conformance/runner/json.h"
#include "conformance/runner/tensor.h"

namespace tfpersist::conform {

struct GraphNode {
  std::string name, op;
  std::vector<std::string> inputs;  // as in NodeDef: "x", "x:1", "^x"
  std::string bytes;                // the serialized NodeDef
};

// The nodes of a serialized GraphDef (core/framework/graph.proto). INVALID_ARGUMENT where the bytes are no message.
absl::StatusOr<std::vector<GraphNode>> ReadGraphDef(absl::string_view bytes);

// A node from the notation of PROTOCOL.md's verb `op`. UNIMPLEMENTED names the attr that can't be written.
absl::StatusOr<GraphNode> MakeNode(const std::string& name, const std::string& op, std::vector<std::string> inputs,
                                   const Json& attrs);

// The nodes that `fetch` needs, in the graph's order, as a GraphDef. NOT_FOUND where there is no such node.
absl::StatusOr<std::string> Subgraph(const std::vector<GraphNode>& nodes, const std::string& fetch,
                                     std::vector<const GraphNode*>* kept);

// "x" of "x", "x:1" and "^x".
std::string NodeOf(absl::string_view input);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_TESTEES_OPENCV_GRAPH_DEF_H_
