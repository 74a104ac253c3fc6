// TF_Function: functions made from graphs, or from FunctionDefs, and the graphs' libraries of them; constants
// evaluated. Follows c/c_api_function.cc of 1.15.
#include <algorithm>
#include <cctype>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "reference/base/status.h"
#include "reference/capi/internal.h"
#include "reference/op/op_registry.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/function.pb.h"
#include "reference/proto/node_def.pb.h"
#include "reference/proto/op_def.pb.h"

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT
using tensorflow::FunctionDef;
using tensorflow::NodeDef;
using tensorflow::OpDef;

TF_Function::TF_Function() : def(std::make_unique<FunctionDef>()) {}
TF_Function::~TF_Function() = default;

namespace {

std::string Deterministic(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

// FNV-1a: the same in every process.
uint64_t HashOf(const std::string& bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

const FunctionDef* FindFunction(const Graph& graph, const std::string& name) {
  for (const FunctionDef& function : graph.library().function()) {
    if (function.signature().name() == name) return &function;
  }
  return nullptr;
}

class Names {
 public:
  // Lower case, digits and underscores; begins with a letter; not given before.
  std::string Normalized(std::string name) {
    for (char& c : name) {
      c = std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                                                      : '_';
    }
    const size_t letter =
        std::find_if(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; }) - name.begin();
    return Unique(letter == name.size() ? "unknown" : name.substr(letter));
  }
  std::string Unique(const std::string& name) {
    std::string unique = name;
    for (int i = 0; !used_.insert(unique).second; ++i) unique = absl::StrCat(name, "_", i);
    return unique;
  }

 private:
  std::set<std::string> used_;
};

class Maker {
 public:
  absl::StatusOr<std::unique_ptr<TF_Function>> Make(const TF_Graph* body, const char* name, bool append_hash,
                                                    int num_opers, const TF_Operation* const* opers,
                                                    absl::Span<const TF_Output> inputs,
                                                    absl::Span<const TF_Output> outputs,
                                                    const char* const* output_names, const char* description) {
    auto function = std::make_unique<TF_Function>();
    def_ = function->def.get();
    if (name == nullptr || *name == 0) return absl::InvalidArgumentError("The function has no name");
    TFP_RETURN_IF_ERROR(Inputs(inputs));
    if (num_opers >= 0) {
      for (int i = 0; i < num_opers; ++i) TFP_RETURN_IF_ERROR(Add(ToNode(opers[i])));
    } else {
      for (int i = 0; i < body->graph.num_nodes(); ++i) {
        Node* node = body->graph.node(i);
        if (input_nodes_.contains(node)) continue;
        TFP_RETURN_IF_ERROR(Add(node));
      }
    }
    for (const Node* node : nodes_) node_names_[node] = names_.Unique(node->name());
    for (const Node* node : nodes_) TFP_RETURN_IF_ERROR(Body(*node));
    TFP_RETURN_IF_ERROR(Outputs(outputs, output_names));
    if (description != nullptr) def_->mutable_signature()->set_description(description);
    def_->mutable_signature()->set_name(name);
    if (append_hash) {
      def_->mutable_signature()->set_name(
          absl::StrCat(name, "_", absl::Hex(HashOf(Deterministic(*def_)), absl::kZeroPad16)));
    }
    return function;
  }

 private:
  static absl::Status CheckExists(const TF_Output& output, const char* what) {
    if (output.oper != nullptr && output.index >= 0 && output.index < ToNode(output.oper)->num_outputs()) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("An ", what, " of the function names no tensor"));
  }

  absl::Status Add(Node* node) {
    if (!in_body_.insert(node).second) {
      return absl::InvalidArgumentError(absl::StrCat("Operation ", node->name(), " is twice in the function's body"));
    }
    nodes_.push_back(node);
    return absl::OkStatus();
  }

  absl::Status Inputs(absl::Span<const TF_Output> inputs) {
    for (const TF_Output& input : inputs) {
      TFP_RETURN_IF_ERROR(CheckExists(input, "input"));
      const Output output = ToOutput(input);
      if (IsRefType(output.dtype())) {
        return absl::InvalidArgumentError(absl::StrCat("Ref dtype ", DataTypeString(output.dtype()), " of input ",
                                                       output.name(), " can't be an argument of a function"));
      }
      const std::string name = names_.Normalized(output.op_name());
      if (!argument_.emplace(std::make_pair(output.node, output.index), name).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("TF_Output ", output.name(), " appears twice in the input list"));
      }
      input_nodes_.insert(output.node);
      OpDef::ArgDef* arg = def_->mutable_signature()->add_input_arg();
      arg->set_name(name);
      arg->set_type(static_cast<tensorflow::DataType>(output.dtype()));
    }
    return absl::OkStatus();
  }

  // An argument, or "node:arg:index".
  absl::StatusOr<std::string> Source(const Output& output) const {
    if (const auto argument = argument_.find({output.node, output.index}); argument != argument_.end()) {
      return argument->second;
    }
    const auto node = node_names_.find(output.node);
    if (node == node_names_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Tensor ", output.name(), " is neither in the function's body nor among its inputs"));
    }
    int64_t first = 0;
    for (const OpDef::ArgDef& arg : output.node->op_def().output_arg()) {
      int64_t length = 1;
      if (!arg.number_attr().empty()) {
        const auto* attr = output.node->attr(arg.number_attr());
        length = attr != nullptr ? attr->i() : 0;
      } else if (!arg.type_list_attr().empty()) {
        const auto* attr = output.node->attr(arg.type_list_attr());
        length = attr != nullptr ? attr->list().type_size() : 0;
      }
      if (output.index < first + length) return absl::StrCat(node->second, ":", arg.name(), ":", output.index - first);
      first += length;
    }
    return absl::InternalError(absl::StrCat(output.name(), " is no output of its op"));
  }

  absl::Status Body(const Node& node) {
    NodeDef* def = def_->add_node_def();
    *def = node.def();
    def->clear_input();
    def->set_name(node_names_.at(&node));
    for (const Output& input : node.inputs()) {
      TFP_ASSIGN_OR_RETURN(std::string source, Source(input));
      def->add_input(source);
    }
    for (const Node* control : node.control_inputs()) {
      const auto name = node_names_.find(control);
      if (name == node_names_.end()) {
        return absl::InvalidArgumentError(absl::StrCat("The source of control edge ", control->name(), " -> ",
                                                       node.name(), " is not in the function's body"));
      }
      def->add_input(absl::StrCat("^", name->second));
    }
    if (node.op_def().is_stateful()) def_->mutable_signature()->set_is_stateful(true);
    return absl::OkStatus();
  }

  absl::Status Outputs(absl::Span<const TF_Output> outputs, const char* const* output_names) {
    Names names;
    for (size_t i = 0; i < outputs.size(); ++i) {
      TFP_RETURN_IF_ERROR(CheckExists(outputs[i], "output"));
      const Output output = ToOutput(outputs[i]);
      const std::string name = output_names != nullptr ? output_names[i] : names.Normalized(output.op_name());
      OpDef::ArgDef* arg = def_->mutable_signature()->add_output_arg();
      arg->set_name(name);
      arg->set_type(static_cast<tensorflow::DataType>(BaseType(output.dtype())));
      TFP_ASSIGN_OR_RETURN(std::string source, Source(output));
      if (!def_->mutable_ret()->insert({name, source}).second) {
        return absl::InvalidArgumentError(absl::StrCat("Cannot have duplicate output names. Name '", name,
                                                       "' appears more than once in 'output_names' array."));
      }
    }
    return absl::OkStatus();
  }

  FunctionDef* def_ = nullptr;
  Names names_;
  absl::flat_hash_map<std::pair<const Node*, int>, std::string> argument_;
  absl::flat_hash_set<const Node*> input_nodes_, in_body_;
  std::vector<Node*> nodes_;
  absl::flat_hash_map<const Node*, std::string> node_names_;
};

absl::Status AddToLibrary(Graph& graph, const FunctionDef& def) {
  const FunctionDef* known = FindFunction(graph, def.signature().name());
  if (known == nullptr) {
    *graph.library().add_function() = def;
    return absl::OkStatus();
  }
  if (Deterministic(*known) == Deterministic(def)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Cannot add function '", def.signature().name(),
                                                 "' because a different function with the same name already exists."));
}

}  // namespace

TF_Function* TF_GraphToFunction(const TF_Graph* fn_body, const char* fn_name, unsigned char append_hash_to_fn_name,
                                int num_opers, const TF_Operation* const* opers, int ninputs, const TF_Output* inputs,
                                int noutputs, const TF_Output* outputs, const char* const* output_names,
                                const TF_FunctionOptions*, const char* description, TF_Status* status) {
  std::unique_ptr<TF_Function> function;
  Take(status,
       Maker().Make(fn_body, fn_name, append_hash_to_fn_name != 0, num_opers, opers,
                    absl::MakeSpan(inputs, static_cast<size_t>(ninputs)),
                    absl::MakeSpan(outputs, static_cast<size_t>(noutputs)), output_names, description),
       &function);
  return function.release();
}

const char* TF_FunctionName(TF_Function* func) { return func->def->signature().name().c_str(); }
void TF_DeleteFunction(TF_Function* func) { delete func; }

void TF_FunctionToFunctionDef(TF_Function* func, TF_Buffer* output_func_def, TF_Status* status) {
  if (output_func_def->data != nullptr) {
    return Set(status, absl::InvalidArgumentError("Passing non-empty output_func_def is invalid."));
  }
  SetBuffer(*func->def, output_func_def);
  Set(status, absl::OkStatus());
}

TF_Function* TF_FunctionImportFunctionDef(const void* proto, size_t proto_len, TF_Status* status) {
  auto function = std::make_unique<TF_Function>();
  if (!function->def->ParseFromArray(proto, static_cast<int>(proto_len)) || function->def->signature().name().empty()) {
    Set(status, absl::InvalidArgumentError("Invalid FunctionDef given to TF_FunctionImportFunctionDef"));
    return nullptr;
  }
  Set(status, absl::OkStatus());
  return function.release();
}

void TF_FunctionSetAttrValueProto(TF_Function* func, const char* attr_name, const void* proto, size_t proto_len,
                                  TF_Status* status) {
  tensorflow::AttrValue value;
  if (!value.ParseFromArray(proto, static_cast<int>(proto_len))) {
    return Set(status,
               absl::InvalidArgumentError("Unparseable AttrValue proto passed to TF_FunctionSetAttrValueProto"));
  }
  (*func->def->mutable_attr())[attr_name] = value;
  Set(status, absl::OkStatus());
}

void TF_FunctionGetAttrValueProto(TF_Function* func, const char* attr_name, TF_Buffer* output_attr_value,
                                  TF_Status* status) {
  const auto found = func->def->attr().find(attr_name);
  if (found == func->def->attr().end()) {
    return Set(status, absl::InvalidArgumentError(absl::StrCat("Function '", func->def->signature().name(),
                                                               "' has no attr named '", attr_name, "'.")));
  }
  SetBuffer(found->second, output_attr_value);
  Set(status, absl::OkStatus());
}

void TF_GraphCopyFunction(TF_Graph* g, const TF_Function* func, const TF_Function* grad, TF_Status* status) {
  if (func == nullptr) {
    return Set(status, absl::InvalidArgumentError("'func' argument to TF_GraphCopyFunction cannot be null"));
  }
  std::lock_guard<std::mutex> lock(g->mu);
  Graph& graph = g->graph;
  if (absl::Status s = AddToLibrary(graph, *func->def); !s.ok() || grad == nullptr) return Set(status, s);
  if (absl::Status s = AddToLibrary(graph, *grad->def); !s.ok()) return Set(status, s);
  const std::string& name = func->def->signature().name();
  const std::string& gradient = grad->def->signature().name();
  for (const auto& known : graph.library().gradient()) {
    if (known.function_name() != name) continue;
    return Set(status, known.gradient_func() == gradient
                           ? absl::OkStatus()
                           : absl::InvalidArgumentError(absl::StrCat(
                                 "Cannot assign gradient function '", gradient, "' to '", name,
                                 "' because it already has gradient function '", known.gradient_func(), "'")));
  }
  auto* entry = graph.library().add_gradient();
  entry->set_function_name(name);
  entry->set_gradient_func(gradient);
  Set(status, absl::OkStatus());
}

int TF_GraphNumFunctions(TF_Graph* g) {
  std::lock_guard<std::mutex> lock(g->mu);
  return g->graph.library().function_size();
}

int TF_GraphGetFunctions(TF_Graph* g, TF_Function** funcs, int max_func, TF_Status* status) {
  std::lock_guard<std::mutex> lock(g->mu);
  const auto& library = g->graph.library();
  const int n = std::max(0, std::min(max_func, library.function_size()));
  for (int i = 0; i < n; ++i) {
    funcs[i] = new TF_Function;
    *funcs[i]->def = library.function(i);
  }
  Set(status, absl::OkStatus());
  return n;
}

// A constant, or what constants alone decide: run in a session of its own.
unsigned char TF_TryEvaluateConstant(TF_Graph* graph, TF_Output output, TF_Tensor** result, TF_Status* status) {
  *result = nullptr;
  Set(status, absl::OkStatus());
  if (output.oper == nullptr || output.index < 0 || output.index >= ToNode(output.oper)->num_outputs()) {
    Set(status, absl::InvalidArgumentError("TF_TryEvaluateConstant: the output names no tensor"));
    return 0;
  }
  std::lock_guard<std::mutex> lock(graph->mu);
  absl::flat_hash_set<const Node*> seen;
  std::vector<const Node*> open = {ToNode(output.oper)};
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    if (node->op_def().is_stateful() || (node->inputs().empty() && node->op() != "Const")) return 0;
    for (const Output& input : node->inputs()) open.push_back(input.node);
  }
  SessionOptions options;
  options.threads = 1;
  Session session(graph->graph, options);
  absl::StatusOr<Tensor> value = session.Run(ToOutput(output));
  if (!value.ok()) return 0;  // what can't be computed is not constant
  *result = FromTensor(*std::move(value));
  return 1;
}
