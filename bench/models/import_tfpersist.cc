// Import of a large GraphDef into the reference:  models_import_tfpersist FILE
#include <cstdlib>
#include <memory>

#include "bench/common/tensorflow.h"
#include "bench/models/import_graph.h"
#include "reference/proto/graph.pb.h"
#include "reference/tfpersist.h"

int main(int argc, char** argv) {
  namespace tf = tfpersist;
  const std::string bytes = tf::bench::ReadFile(argc > 1 ? argv[1] : "");
  std::vector<std::unique_ptr<tf::Graph>> graphs;  // freeing is nobody's time
  tf::bench::MeasureImport(TFPERSIST_VERSION, [&] {
    graphs.push_back(std::make_unique<tf::Graph>());
    std::shared_ptr<tensorflow::GraphDef> graph_def = tf::ParseGraphDef(bytes);
    tf::ImportOptions import;
    import.name = "";
    const auto result = graph_def == nullptr ? absl::InvalidArgumentError("no GraphDef")
                                             : tf::ImportGraphDef(*graphs.back(), std::move(graph_def), import);
    if (!result.ok() || graphs.back()->num_nodes() != 100000) {
      std::fprintf(stderr, "bench: the import failed: %s\n", result.status().ToString().c_str());
      std::exit(3);
    }
  });
}
