// import_graph_def: a GraphDef's nodes into a graph. Follows core/graph/graph_constructor.cc and
// python/framework/importer.py of TensorFlow 1.11.0 (semantics H01-H28); texts are theirs.
#ifndef TFPERSIST_REFERENCE_GRAPH_IMPORT_H_
#define TFPERSIST_REFERENCE_GRAPH_IMPORT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"

namespace tensorflow {
class GraphDef;
class OpList;
}  // namespace tensorflow

namespace tfpersist {

struct ImportOptions {
  // Scope of the new nodes: unset is "import", made unique; "" none (colliding names are made unique); "q/" exactly q.
  std::optional<std::string> name;
  std::map<std::string, Output> input_map;   // "a", "a:1", "^a" -> an existing tensor (for "^a": its node)
  std::vector<std::string> return_elements;  // "a": an operation, "a:0": a tensor
  std::vector<Node*> control_dependencies;   // of the nodes that have no inputs
  const tensorflow::OpList* producer_op_list =
      nullptr;  // what the writer knew: unknown attrs with its defaults are dropped
};

struct ImportedElement {
  Node* node = nullptr;  // an operation, or the tensor's
  int index = -1;        // -1: an operation
  Output output() const { return Output{node, index < 0 ? 0 : index}; }
  std::string name() const;  // "import/add" or "import/add:0"
};

struct ImportResult {
  std::vector<ImportedElement> elements;  // one per return_elements, in order
  std::string scope;                      // "import/", "": what stands before the names
  std::vector<Node*> nodes;               // the new nodes, in order
};

// On error no node is added, but the scope's name is used up (H22). `graph_def` is consumed.
absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, tensorflow::GraphDef&& graph_def,
                                            const ImportOptions& options = {});
absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, const tensorflow::GraphDef& graph_def,
                                            const ImportOptions& options = {});
// The same for one on an arena (ParseGraphDef), whose nodes stay there: the graph, and any tensor that lies over one of
// its constants, keep the whole of it.
absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, std::shared_ptr<tensorflow::GraphDef> graph_def,
                                            const ImportOptions& options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_IMPORT_H_
