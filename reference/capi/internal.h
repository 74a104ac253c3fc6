// What stands behind the C API's opaque types. Operations are the graph's own nodes, and a TF_Output has an Output's
// layout, so that the way of a run from C to the session copies nothing but pointers.
#ifndef TFPERSIST_REFERENCE_CAPI_INTERNAL_H_
#define TFPERSIST_REFERENCE_CAPI_INTERNAL_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "reference/runtime/partial_run.h"
#include "reference/tfpersist.h"
#include "tensorflow/c/c_api.h"

namespace google::protobuf {
class MessageLite;
}

namespace tensorflow {
class FunctionDef;
}

struct TF_Status {
  TF_Code code = TF_OK;
  std::string message;
};

// A string tensor keeps its elements in the form in which they were last written; the other forms are made on demand.
struct TF_Tensor {
  tfpersist::Tensor value;  // of any dtype; strings: none until a run or an attr needs them
  TF_DataType dtype = TF_FLOAT;
  std::vector<int64_t> dims;
  mutable std::string encoded;         // strings as TensorFlow 1.x lays them out
  mutable std::vector<char> tstrings;  // and as 2.x does: TF_TString, owned
  enum class Form : uint8_t { kValue, kEncoded, kTStrings };
  mutable Form form = Form::kValue;  // which of them the client may have written to

  TF_Tensor() = default;
  TF_Tensor(const TF_Tensor&) = delete;
  ~TF_Tensor();
};

struct TF_SessionOptions {
  tfpersist::SessionOptions options;
  std::string target;
};

struct TF_Graph {
  TF_Graph();
  tfpersist::Graph graph;
  std::mutex mu;  // of making nodes
};

struct TF_OperationDescription {
  TF_Graph* graph;
  tfpersist::Graph::NodeSpec spec;
};

struct TF_ImportGraphDefOptions {
  tfpersist::ImportOptions options;
  std::string prefix, device;
  bool uniquify_names = false, uniquify_prefix = false;
  std::vector<std::string> outputs, operations;  // asked for, "a:0" and "a"
};

struct TF_ImportGraphDefResults {
  std::vector<TF_Output> outputs;
  std::vector<TF_Operation*> operations;
};

struct TF_Session {
  TF_Session(TF_Graph* graph, const tfpersist::SessionOptions& options)
      : graph(graph), session(graph->graph, options) {}
  TF_Graph* graph;
  tfpersist::Session session;
  int cpu_devices = 1;

  struct Partial {
    explicit Partial(std::unique_ptr<tfpersist::PartialRun> r) : run(std::move(r)) {}
    std::mutex mu;  // of the run's parts
    std::unique_ptr<tfpersist::PartialRun> run;
  };
  std::mutex partial_mu;                                         // of the two below
  std::map<std::string, std::shared_ptr<Partial>> partial_runs;  // by handle
  int64_t partial_runs_made = 0;
};

struct TF_Function {
  std::unique_ptr<tensorflow::FunctionDef> def;
  TF_Function();
  ~TF_Function();
};

struct TF_DeviceList {
  std::vector<std::string> names;
};

namespace tfpersist::capi {

void Set(TF_Status* status, const absl::Status& from);
// Sets OK and the value, or the error.
template <typename T>
bool Take(TF_Status* status, absl::StatusOr<T> from, T* value) {
  Set(status, from.status());
  if (from.ok()) *value = *std::move(from);
  return from.ok();
}

inline Node* ToNode(const TF_Operation* op) { return reinterpret_cast<Node*>(const_cast<TF_Operation*>(op)); }
inline TF_Operation* FromNode(Node* node) { return reinterpret_cast<TF_Operation*>(node); }
inline Output ToOutput(TF_Output output) { return {ToNode(output.oper), output.index}; }
inline TF_Output FromOutput(const Output& output) { return {FromNode(output.node), output.index}; }

void SetBuffer(const google::protobuf::MessageLite& message, TF_Buffer* buffer);

// The value of a tensor as the library has it, shared where that can be. INVALID_ARGUMENT for strings that are laid out
// wrong.
absl::StatusOr<Tensor> ToTensor(const TF_Tensor* tensor);
TF_Tensor* FromTensor(Tensor value);

}  // namespace tfpersist::capi

#endif  // TFPERSIST_REFERENCE_CAPI_INTERNAL_H_
