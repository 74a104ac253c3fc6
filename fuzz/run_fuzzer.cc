// A GraphDef that is imported and run under limits: every output of its first nodes, placeholders fed.
#include <chrono>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/tfpersist.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::GraphKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/m", std::string(reinterpret_cast<const char*>(data), size));
  const auto model = ReadModel(&fs, "d/m", fuzz::SmallLimits());
  if (!model.ok() || fuzz::TouchesFiles(model->meta->graph_def())) return 0;
  GraphOptions options;
  options.logger = fuzz::Silent();
  options.limits = fuzz::SmallLimits();
  options.limits.max_tensor_bytes = 1 << 20;
  options.limits.max_graph_nodes = 256;
  Graph graph(options);
  ImportOptions import;
  import.name = "";
  if (!ImportGraphDef(graph, model->meta->graph_def(), import).ok()) return 0;
  SessionOptions limits;
  limits.threads = 1;
  limits.allow_soft_placement = true;
  limits.operation_timeout_in_ms = 50;
  limits.max_bytes = 1 << 20;
  Session session(graph, limits);
  std::vector<Session::Feed> feeds;
  for (int i = 0; i < graph.num_nodes(); ++i) {
    Node* const node = graph.node(i);
    if (node->op() != "Placeholder" || node->num_outputs() != 1) continue;
    std::vector<int64_t> dims;
    const PartialTensorShape& shape = node->output_shape(0);
    for (int d = 0; !shape.unknown_rank() && d < shape.rank(); ++d) dims.push_back(shape.dim(d) < 0 ? 2 : shape.dim(d));
    const auto full = TensorShape::Create(dims);
    if (!full.ok() || full->num_elements() > 1 << 16) continue;
    auto value = Tensor::Allocate(BaseType(node->output_types()[0]), *full);
    if (!value.ok()) continue;
    if (IsPlain(value->dtype()) && value->total_bytes() > 0) memset(value->data(), 1, value->total_bytes());
    feeds.emplace_back(node->output(0), *value);
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < graph.num_nodes() && i < 64; ++i) {
    if (std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(300)) break;
    Node* const node = graph.node(i);
    std::vector<Output> outputs;
    for (int o = 0; o < node->num_outputs() && o < 8; ++o) outputs.push_back(node->output(o));
    const auto values = session.Run(feeds, outputs, absl::MakeConstSpan(&node, 1));
    if (!values.ok()) continue;
    for (const Tensor& value : *values) (void)value.SummarizeValue(10);
  }
  return 0;
}
