// Any bytes as a GraphDef, MetaGraphDef or SavedModel: imported, exported, imported again.
#include <cstdlib>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/graph/graph.h"
#include "reference/graph/import.h"
#include "reference/graph/meta_graph.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::GraphKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/m", std::string(reinterpret_cast<const char*>(data), size));
  auto model = ReadModel(&fs, "d/m", fuzz::SmallLimits());
  if (!model.ok()) return 0;
  GraphOptions options;
  options.logger = fuzz::Silent();
  options.limits = fuzz::SmallLimits();
  Graph graph(options);
  ImportOptions import;
  import.name = "";
  if (!ImportGraphDef(graph, model->meta->graph_def(), import).ok()) return 0;
  (void)ImportMetaGraphDef(graph, *model->meta, {.import_scope = "again"});
  Graph second(options);
  // What a graph gives out it takes.
  if (!ImportGraphDef(second, graph.ToGraphDef(), import).ok() && graph.num_nodes() < 1000) abort();
  return 0;
}
