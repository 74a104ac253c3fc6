// TF_Graph, making operations, importing and exporting graphs.
#include "reference/base/status.h"
#include "reference/capi/internal.h"
#include "reference/graph/graph_io.h"
#include "reference/op/op_registry.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/function.pb.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/tensor/tensor_proto.h"

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT
using tensorflow::AttrValue;

namespace {

class NoLogger : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

GraphOptions QuietGraph() {
  static NoLogger* const logger = new NoLogger;  // stateless; a library prints nothing on its own
  GraphOptions options;
  options.logger = logger;
  return options;
}

AttrValue& Attr(TF_OperationDescription* desc, const char* name) { return desc->spec.attrs[name]; }

void SetShape(const int64_t* dims, int num_dims, tensorflow::TensorShapeProto* proto) {
  if (num_dims < 0) return proto->set_unknown_rank(true);
  for (int i = 0; i < num_dims; ++i) proto->add_dim()->set_size(dims[i]);
}

template <typename Message>
bool Parse(const void* proto, size_t size, Message* message, const char* what, TF_Status* status) {
  if (message->ParseFromArray(proto, static_cast<int>(size))) {
    Set(status, absl::OkStatus());
    return true;
  }
  Set(status, absl::InvalidArgumentError(absl::StrCat("Unparseable ", what)));
  return false;
}

absl::Status CheckOutput(const TF_Output& output) {
  if (output.oper != nullptr && output.index >= 0 && output.index < ToNode(output.oper)->num_outputs()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("output ", output.index, " of ",
                                                 output.oper == nullptr ? "no operation" : ToNode(output.oper)->name(),
                                                 " does not exist"));
}

}  // namespace

TF_Graph::TF_Graph() : graph(QuietGraph()) {}

TF_Graph* TF_NewGraph(void) { return new TF_Graph; }
void TF_DeleteGraph(TF_Graph* graph) { delete graph; }

void TF_GraphSetTensorShape(TF_Graph*, TF_Output output, const int64_t* dims, const int num_dims, TF_Status* status) {
  if (absl::Status s = CheckOutput(output); !s.ok()) return Set(status, s);
  const PartialTensorShape known = ToOutput(output).shape();
  const PartialTensorShape given =
      num_dims < 0 ? PartialTensorShape() : PartialTensorShape(absl::MakeSpan(dims, static_cast<size_t>(num_dims)));
  // What inference found stays; a shape that contradicts it is an error, as in TensorFlow.
  if (!known.unknown_rank() && !given.unknown_rank() && known.rank() != given.rank()) {
    return Set(status, absl::InvalidArgumentError(
                           absl::StrCat("Shapes must be equal rank, but are ", known.rank(), " and ", given.rank())));
  }
  for (int i = 0; !known.unknown_rank() && !given.unknown_rank() && i < known.rank(); ++i) {
    if (known.dim(i) >= 0 && given.dim(i) >= 0 && known.dim(i) != given.dim(i)) {
      return Set(status,
                 absl::InvalidArgumentError(absl::StrCat("Dimension ", i, " in both shapes must be equal, but are ",
                                                         known.dim(i), " and ", given.dim(i))));
    }
  }
  Set(status, absl::OkStatus());
}

int TF_GraphGetTensorNumDims(TF_Graph*, TF_Output output, TF_Status* status) {
  Set(status, CheckOutput(output));
  return status->code == TF_OK ? ToOutput(output).shape().rank() : -1;
}

void TF_GraphGetTensorShape(TF_Graph*, TF_Output output, int64_t* dims, int num_dims, TF_Status* status) {
  if (absl::Status s = CheckOutput(output); !s.ok()) return Set(status, s);
  const PartialTensorShape& shape = ToOutput(output).shape();
  if (shape.rank() != num_dims) {
    return Set(status, absl::InvalidArgumentError(
                           absl::StrCat("Expected rank is ", num_dims, " but actual rank is ", shape.rank())));
  }
  for (int i = 0; i < num_dims; ++i) dims[i] = shape.dim(i);
  Set(status, absl::OkStatus());
}

TF_Operation* TF_GraphOperationByName(TF_Graph* graph, const char* oper_name) {
  return FromNode(graph->graph.FindNode(oper_name));
}

TF_Operation* TF_GraphNextOperation(TF_Graph* graph, size_t* pos) {
  if (*pos >= static_cast<size_t>(graph->graph.num_nodes())) return nullptr;
  return FromNode(graph->graph.node(static_cast<int>((*pos)++)));
}

void TF_GraphToGraphDef(TF_Graph* graph, TF_Buffer* output_graph_def, TF_Status* status) {
  std::lock_guard<std::mutex> lock(graph->mu);
  SetBuffer(graph->graph.ToGraphDef(), output_graph_def);
  Set(status, absl::OkStatus());
}

void TF_GraphGetOpDef(TF_Graph* graph, const char* op_name, TF_Buffer* output_op_def, TF_Status* status) {
  const OpSignature* op = nullptr;
  if (Take(status, graph->graph.LookUpOp(op_name), &op)) SetBuffer(*op->def, output_op_def);
}

void TF_GraphVersions(TF_Graph* graph, TF_Buffer* output_version_def, TF_Status* status) {
  tensorflow::VersionDef versions;
  versions.set_producer(graph->graph.producer_version());
  SetBuffer(versions, output_version_def);
  Set(status, absl::OkStatus());
}

// ---- making an operation ----

TF_OperationDescription* TF_NewOperation(TF_Graph* graph, const char* op_type, const char* oper_name) {
  auto* desc = new TF_OperationDescription{graph, {}};
  desc->spec.op = op_type;
  desc->spec.name = oper_name;
  return desc;
}
void TF_SetDevice(TF_OperationDescription* desc, const char* device) { desc->spec.device = device; }
void TF_AddInput(TF_OperationDescription* desc, TF_Output input) { desc->spec.inputs.push_back(ToOutput(input)); }
void TF_AddInputList(TF_OperationDescription* desc, const TF_Output* inputs, int num_inputs) {
  for (int i = 0; i < num_inputs; ++i) desc->spec.inputs.push_back(ToOutput(inputs[i]));
}
void TF_AddControlInput(TF_OperationDescription* desc, TF_Operation* input) {
  desc->spec.control_inputs.push_back(ToNode(input));
}
void TF_ColocateWith(TF_OperationDescription* desc, TF_Operation* op) {
  desc->spec.colocate_with.push_back(ToNode(op)->name());
}
void TF_SetAttrString(TF_OperationDescription* desc, const char* attr_name, const void* value, size_t length) {
  Attr(desc, attr_name).set_s(value, length);
}
void TF_SetAttrStringList(TF_OperationDescription* desc, const char* attr_name, const void* const* values,
                          const size_t* lengths, int num_values) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_values; ++i) list->add_s(values[i], lengths[i]);
}
void TF_SetAttrInt(TF_OperationDescription* desc, const char* attr_name, int64_t value) {
  Attr(desc, attr_name).set_i(value);
}
void TF_SetAttrIntList(TF_OperationDescription* desc, const char* attr_name, const int64_t* values, int num_values) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_values; ++i) list->add_i(values[i]);
}
void TF_SetAttrFloat(TF_OperationDescription* desc, const char* attr_name, float value) {
  Attr(desc, attr_name).set_f(value);
}
void TF_SetAttrFloatList(TF_OperationDescription* desc, const char* attr_name, const float* values, int num_values) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_values; ++i) list->add_f(values[i]);
}
void TF_SetAttrBool(TF_OperationDescription* desc, const char* attr_name, unsigned char value) {
  Attr(desc, attr_name).set_b(value != 0);
}
void TF_SetAttrBoolList(TF_OperationDescription* desc, const char* attr_name, const unsigned char* values,
                        int num_values) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_values; ++i) list->add_b(values[i] != 0);
}
void TF_SetAttrType(TF_OperationDescription* desc, const char* attr_name, TF_DataType value) {
  Attr(desc, attr_name).set_type(static_cast<tensorflow::DataType>(value));
}
void TF_SetAttrTypeList(TF_OperationDescription* desc, const char* attr_name, const TF_DataType* values,
                        int num_values) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_values; ++i) list->add_type(static_cast<tensorflow::DataType>(values[i]));
}
void TF_SetAttrPlaceholder(TF_OperationDescription* desc, const char* attr_name, const char* placeholder) {
  Attr(desc, attr_name).set_placeholder(placeholder);
}
void TF_SetAttrFuncName(TF_OperationDescription* desc, const char* attr_name, const char* value, size_t length) {
  Attr(desc, attr_name).mutable_func()->set_name(value, length);
}
void TF_SetAttrShape(TF_OperationDescription* desc, const char* attr_name, const int64_t* dims, int num_dims) {
  SetShape(dims, num_dims, Attr(desc, attr_name).mutable_shape());
}
void TF_SetAttrShapeList(TF_OperationDescription* desc, const char* attr_name, const int64_t* const* dims,
                         const int* num_dims, int num_shapes) {
  auto* list = Attr(desc, attr_name).mutable_list();
  for (int i = 0; i < num_shapes; ++i) SetShape(dims[i], num_dims[i], list->add_shape());
}
void TF_SetAttrTensorShapeProto(TF_OperationDescription* desc, const char* attr_name, const void* proto,
                                size_t proto_len, TF_Status* status) {
  Parse(proto, proto_len, Attr(desc, attr_name).mutable_shape(), "TensorShapeProto", status);
}
void TF_SetAttrTensorShapeProtoList(TF_OperationDescription* desc, const char* attr_name, const void* const* protos,
                                    const size_t* proto_lens, int num_shapes, TF_Status* status) {
  auto* list = Attr(desc, attr_name).mutable_list();
  Set(status, absl::OkStatus());
  for (int i = 0; i < num_shapes; ++i) {
    if (!Parse(protos[i], proto_lens[i], list->add_shape(), "TensorShapeProto", status)) return;
  }
}
void TF_SetAttrTensor(TF_OperationDescription* desc, const char* attr_name, TF_Tensor* value, TF_Status* status) {
  Tensor tensor;
  if (Take(status, ToTensor(value), &tensor)) TensorToProto(tensor, Attr(desc, attr_name).mutable_tensor());
}
void TF_SetAttrTensorList(TF_OperationDescription* desc, const char* attr_name, TF_Tensor* const* values,
                          int num_values, TF_Status* status) {
  auto* list = Attr(desc, attr_name).mutable_list();
  Set(status, absl::OkStatus());
  for (int i = 0; i < num_values; ++i) {
    Tensor tensor;
    if (!Take(status, ToTensor(values[i]), &tensor)) return;
    TensorToProto(tensor, list->add_tensor());
  }
}
void TF_SetAttrValueProto(TF_OperationDescription* desc, const char* attr_name, const void* proto, size_t proto_len,
                          TF_Status* status) {
  Parse(proto, proto_len, &Attr(desc, attr_name), "AttrValue proto", status);
}

TF_Operation* TF_FinishOperation(TF_OperationDescription* desc, TF_Status* status) {
  const std::unique_ptr<TF_OperationDescription> owned(desc);
  std::lock_guard<std::mutex> lock(desc->graph->mu);
  Graph& graph = desc->graph->graph;
  const std::string name = desc->spec.name;
  if (graph.FindNode(name) != nullptr) {
    Set(status, absl::InvalidArgumentError(absl::StrCat("Duplicate node name in graph: '", name, "'")));
    return nullptr;
  }
  for (const Output& input : desc->spec.inputs) {
    if (absl::Status s = CheckOutput(FromOutput(input)); !s.ok()) return Set(status, s), nullptr;
  }
  desc->spec.name = name + "/";  // exactly this name
  Node* node = nullptr;
  return Take(status, graph.AddNode(std::move(desc->spec)), &node) ? FromNode(node) : nullptr;
}

// ---- import ----

TF_ImportGraphDefOptions* TF_NewImportGraphDefOptions(void) { return new TF_ImportGraphDefOptions; }
void TF_DeleteImportGraphDefOptions(TF_ImportGraphDefOptions* opts) { delete opts; }
void TF_ImportGraphDefOptionsSetPrefix(TF_ImportGraphDefOptions* opts, const char* prefix) { opts->prefix = prefix; }
void TF_ImportGraphDefOptionsSetDefaultDevice(TF_ImportGraphDefOptions* opts, const char* device) {
  opts->device = device;
}
void TF_ImportGraphDefOptionsSetUniquifyNames(TF_ImportGraphDefOptions* opts, unsigned char uniquify_names) {
  opts->uniquify_names = uniquify_names != 0;
}
void TF_ImportGraphDefOptionsSetUniquifyPrefix(TF_ImportGraphDefOptions* opts, unsigned char uniquify_prefix) {
  opts->uniquify_prefix = uniquify_prefix != 0;
}
void TF_ImportGraphDefOptionsAddInputMapping(TF_ImportGraphDefOptions* opts, const char* src_name, int src_index,
                                             TF_Output dst) {
  opts->options.input_map[src_index < 0 ? absl::StrCat("^", src_name) : absl::StrCat(src_name, ":", src_index)] =
      ToOutput(dst);
}
void TF_ImportGraphDefOptionsRemapControlDependency(TF_ImportGraphDefOptions* opts, const char* src_name,
                                                    TF_Operation* dst) {
  opts->options.input_map[absl::StrCat("^", src_name)] = Output{ToNode(dst), 0};
}
void TF_ImportGraphDefOptionsAddControlDependency(TF_ImportGraphDefOptions* opts, TF_Operation* oper) {
  opts->options.control_dependencies.push_back(ToNode(oper));
}
void TF_ImportGraphDefOptionsAddReturnOutput(TF_ImportGraphDefOptions* opts, const char* oper_name, int index) {
  opts->outputs.push_back(absl::StrCat(oper_name, ":", index));
}
int TF_ImportGraphDefOptionsNumReturnOutputs(const TF_ImportGraphDefOptions* opts) {
  return static_cast<int>(opts->outputs.size());
}
void TF_ImportGraphDefOptionsAddReturnOperation(TF_ImportGraphDefOptions* opts, const char* oper_name) {
  opts->operations.push_back(oper_name);
}
int TF_ImportGraphDefOptionsNumReturnOperations(const TF_ImportGraphDefOptions* opts) {
  return static_cast<int>(opts->operations.size());
}

TF_ImportGraphDefResults* TF_GraphImportGraphDefWithResults(TF_Graph* graph, const TF_Buffer* graph_def,
                                                            const TF_ImportGraphDefOptions* options,
                                                            TF_Status* status) {
  std::shared_ptr<tensorflow::GraphDef> def =
      ParseGraphDef({static_cast<const char*>(graph_def->data), graph_def->length});
  if (def == nullptr) {
    Set(status, absl::InvalidArgumentError("Unparseable GraphDef"));
    return nullptr;
  }
  Set(status, absl::OkStatus());
  std::lock_guard<std::mutex> lock(graph->mu);
  ImportOptions import = options->options;
  std::string prefix = options->prefix;
  while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  import.name = prefix.empty() || options->uniquify_prefix ? prefix : prefix + "/";
  if (!options->uniquify_names) {
    for (const auto& node : def->node()) {
      const std::string name = prefix.empty() ? node.name() : absl::StrCat(prefix, "/", node.name());
      if (options->uniquify_prefix || graph->graph.FindNode(name) == nullptr) continue;
      Set(status, absl::InvalidArgumentError(absl::StrCat("Node name '", name, "' already exists in the Graph")));
      return nullptr;
    }
  }
  if (!options->device.empty()) {
    for (auto& node : *def->mutable_node()) {
      if (node.device().empty()) node.set_device(options->device);
    }
  }
  import.return_elements = options->outputs;
  import.return_elements.insert(import.return_elements.end(), options->operations.begin(), options->operations.end());
  ImportResult imported;
  if (!Take(status, ImportGraphDef(graph->graph, std::move(def), import), &imported)) return nullptr;
  auto* results = new TF_ImportGraphDefResults;
  for (size_t i = 0; i < imported.elements.size(); ++i) {
    if (i < options->outputs.size()) {
      results->outputs.push_back(FromOutput(imported.elements[i].output()));
    } else {
      results->operations.push_back(FromNode(imported.elements[i].node));
    }
  }
  return results;
}

void TF_ImportGraphDefResultsReturnOutputs(TF_ImportGraphDefResults* results, int* num_outputs, TF_Output** outputs) {
  *num_outputs = static_cast<int>(results->outputs.size());
  *outputs = results->outputs.data();
}
void TF_ImportGraphDefResultsReturnOperations(TF_ImportGraphDefResults* results, int* num_opers,
                                              TF_Operation*** opers) {
  *num_opers = static_cast<int>(results->operations.size());
  *opers = results->operations.data();
}
// A mapping that nothing uses is an error of the import here, so that none is left.
void TF_ImportGraphDefResultsMissingUnusedInputMappings(TF_ImportGraphDefResults*, int* num, const char*** src_names,
                                                        int** src_indexes) {
  *num = 0;
  *src_names = nullptr;
  *src_indexes = nullptr;
}
void TF_DeleteImportGraphDefResults(TF_ImportGraphDefResults* results) { delete results; }

void TF_GraphImportGraphDefWithReturnOutputs(TF_Graph* graph, const TF_Buffer* graph_def,
                                             const TF_ImportGraphDefOptions* options, TF_Output* return_outputs,
                                             int num_return_outputs, TF_Status* status) {
  if (num_return_outputs != static_cast<int>(options->outputs.size())) {
    return Set(status, absl::InvalidArgumentError(absl::StrCat("Expected 'num_return_outputs' to be ",
                                                               options->outputs.size(), ", got ", num_return_outputs)));
  }
  TF_ImportGraphDefResults* results = TF_GraphImportGraphDefWithResults(graph, graph_def, options, status);
  if (results == nullptr) return;
  std::copy(results->outputs.begin(), results->outputs.end(), return_outputs);
  delete results;
}

void TF_GraphImportGraphDef(TF_Graph* graph, const TF_Buffer* graph_def, const TF_ImportGraphDefOptions* options,
                            TF_Status* status) {
  delete TF_GraphImportGraphDefWithResults(graph, graph_def, options, status);
}
