// Any bytes as a .meta file: imported with its saver, exported as binary, text and JSON, and imported again.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/graph/graph.h"
#include "reference/graph/meta_graph.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/train/saver.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::MetaGraphKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/m.meta", std::string(reinterpret_cast<const char*>(data), size));
  const auto meta = ReadMetaGraph(&fs, "d/m.meta", fuzz::SmallLimits());
  if (!meta.ok()) return 0;
  GraphOptions options;
  options.logger = fuzz::Silent();
  options.limits = fuzz::SmallLimits();
  {
    Graph graph(options);
    (void)ImportMetaGraph(graph, **meta, {.import_scope = "scope", .clear_devices = true});
  }
  Graph graph(options);
  if (!ImportMetaGraphDef(graph, **meta).ok()) return 0;
  ExportMetaGraphOptions export_options;
  export_options.strip_default_attrs = size % 2 == 0;
  const auto exported = ExportMetaGraphDef(graph, export_options);
  if (!exported.ok()) return 0;
  for (const auto format : {MetaGraphFormat::kBinary, MetaGraphFormat::kText, MetaGraphFormat::kJson}) {
    if (!WriteMetaGraph(&fs, **exported, "d/again.meta", format).ok()) continue;
    const auto again = ReadMetaGraph(&fs, "d/again.meta", fuzz::SmallLimits());
    if (format != MetaGraphFormat::kBinary) continue;  // text forms lose bytes that are no text
    if (!again.ok()) fuzz::Fail("an exported meta graph can't be read: " + std::string(again.status().message()));
    Graph second(options);
    const auto imported = ImportMetaGraphDef(second, **again);
    if (!imported.ok())
      fuzz::Fail("an exported meta graph can't be imported: " + std::string(imported.status().message()));
  }
  return 0;
}
