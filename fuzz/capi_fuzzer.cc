// A program of C API calls, made of the input's bytes. Only what the API allows a client to do: handles are live,
// lengths are those of their buffers; names, protos, shapes and string tensors are anything.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/util.h"
#include "reference/capi/internal.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/graph.pb.h"

using namespace tfpersist;  // NOLINT

namespace {

constexpr const char* kOps[] = {"Const", "Placeholder", "Identity",   "Add",    "Fill", "Reshape",  "StringJoin",
                                "Pack",  "Slice",       "VariableV2", "Assign", "Cast", "ConcatV2", "NoOp"};
constexpr const char* kAttrs[] = {"dtype", "value", "T",         "shape",  "N",
                                  "SrcT",  "DstT",  "separator", "_class", "nothing"};

class Program {
 public:
  Program(const uint8_t* data, size_t size) : in_(data, size) {}
  ~Program() {
    for (TF_Tensor* t : tensors_) TF_DeleteTensor(t);
    TF_DeleteGraph(graph_);
    TF_DeleteStatus(status_);
  }

  void Run() {
    for (int i = 0; i < 24 && !in_.empty(); ++i) {
      switch (in_.Byte() % 8) {
        case 0:
          NewTensor();
          break;
        case 1:
          Strings();
          break;
        case 2:
          Import(in_.Blob());
          break;
        case 3:
        case 4:
          NewOperation();
          break;
        case 5:
          Walk();
          break;
        case 6:
          RunSession();
          break;
        case 7:
          Again();
          break;
      }
    }
    Walk();
  }

 private:
  void NewTensor() {
    if (tensors_.size() >= 8) return;
    const auto dtype = static_cast<TF_DataType>(in_.Byte() % 26);
    std::vector<int64_t> dims(in_.Byte() % 5);
    for (int64_t& dim : dims) dim = in_.Byte() == 255 ? static_cast<int64_t>(in_.Word()) << 28 : in_.Byte() % 5;
    std::string& bytes = *bytes_.emplace_back(std::make_unique<std::string>(in_.Text()));
    TF_Tensor* t = TF_NewTensor(
        dtype, dims.data(), static_cast<int>(dims.size()), bytes.data(), bytes.size(), [](void*, size_t, void*) {},
        nullptr);
    if (t == nullptr) return;
    tensors_.push_back(t);
    (void)TF_TensorElementCount(t);
    if (TF_TensorByteSize(t) > 0) sum_ += *static_cast<const char*>(TF_TensorData(t));
    TF_Tensor* to = TF_NewTensor(
        TF_INT8, nullptr, 0, bytes.data(), 1 + bytes.size(), [](void*, size_t, void*) {}, nullptr);
    TF_TensorBitcastFrom(t, static_cast<TF_DataType>(in_.Byte() % 26), to, dims.data(), static_cast<int>(dims.size()),
                         status_);
    TF_DeleteTensor(to);
  }

  void Strings() {
    const std::string bytes = in_.Text();
    const char* text = nullptr;
    size_t length = 0;
    const size_t used = TF_StringDecode(bytes.data(), bytes.size(), &text, &length, status_);
    if (TF_GetCode(status_) == TF_OK) {
      if (used > bytes.size() || text < bytes.data() || text + length > bytes.data() + bytes.size()) {
        fuzz::Fail("a decoded string lies outside of its buffer");
      }
    }
    std::string encoded(TF_StringEncodedSize(bytes.size()), 0);
    TF_StringEncode(bytes.data(), bytes.size(), encoded.data(), encoded.size(), status_);
    if (TF_GetCode(status_) != TF_OK) fuzz::Fail("a string can't be encoded");
    TF_StringDecode(encoded.data(), encoded.size(), &text, &length, status_);
    if (TF_GetCode(status_) != TF_OK || std::string(text, length) != bytes) fuzz::Fail("a string came back changed");
  }

  void Import(const std::string& bytes) {
    tensorflow::GraphDef def;
    if (def.ParseFromString(bytes) && (fuzz::TouchesFiles(def) || fuzz::HasLargeConstants(def, 1 << 16))) return;
    TF_Buffer* buffer = TF_NewBufferFromString(bytes.data(), bytes.size());
    TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
    const std::string prefix = in_.Text();
    TF_ImportGraphDefOptionsSetPrefix(options, prefix.c_str());
    TF_ImportGraphDefOptionsSetUniquifyNames(options, in_.Byte() % 2);
    if (in_.Byte() % 2 == 0) {
      const std::string wanted = in_.Text();
      TF_ImportGraphDefOptionsAddReturnOutput(options, wanted.c_str(), in_.Byte());
      if (TF_Operation* op = AnyOperation()) TF_ImportGraphDefOptionsAddControlDependency(options, op);
      if (TF_Output o = AnyOutput(); o.oper != nullptr) {
        TF_ImportGraphDefOptionsAddInputMapping(options, wanted.c_str(), 0, o);
      }
    }
    TF_ImportGraphDefResults* results = TF_GraphImportGraphDefWithResults(graph_, buffer, options, status_);
    if (results != nullptr) TF_DeleteImportGraphDefResults(results);
    TF_DeleteImportGraphDefOptions(options);
    TF_DeleteBuffer(buffer);
  }

  TF_Operation* AnyOperation() {
    std::vector<TF_Operation*> all;
    size_t at = 0;
    while (TF_Operation* op = TF_GraphNextOperation(graph_, &at)) {
      all.push_back(op);
      if (all.size() > 256) break;
    }
    return all.empty() ? nullptr : all[in_.Word() % all.size()];
  }
  TF_Output AnyOutput() {
    TF_Operation* op = AnyOperation();
    if (op == nullptr || TF_OperationNumOutputs(op) == 0) return {nullptr, 0};
    return {op, static_cast<int>(in_.Byte() % TF_OperationNumOutputs(op))};
  }

  void NewOperation() {
    const std::string name = in_.Text();
    const uint8_t which = in_.Byte();
    const std::string op = which % 32 == 31 ? in_.Text() : kOps[which % (sizeof kOps / sizeof kOps[0])];
    TF_OperationDescription* d = TF_NewOperation(graph_, op.c_str(), name.c_str());
    for (int i = in_.Byte() % 4; i > 0; --i) {
      if (TF_Output o = AnyOutput(); o.oper != nullptr) TF_AddInput(d, o);
    }
    if (in_.Byte() % 8 == 0) {
      if (TF_Operation* other = AnyOperation()) TF_AddControlInput(d, other);
    }
    for (int i = in_.Byte() % 4; i > 0; --i) {
      const char* const attr = kAttrs[in_.Byte() % (sizeof kAttrs / sizeof kAttrs[0])];
      switch (in_.Byte() % 6) {
        case 0:
          TF_SetAttrType(d, attr, static_cast<TF_DataType>(in_.Byte() % 32));
          break;
        case 1:
          if (!tensors_.empty()) TF_SetAttrTensor(d, attr, tensors_[in_.Byte() % tensors_.size()], status_);
          break;
        case 2: {
          const int64_t dims[] = {in_.Byte() % 8 - 1, in_.Byte() % 4};
          TF_SetAttrShape(d, attr, dims, in_.Byte() % 4 - 1 > 2 ? 2 : in_.Byte() % 3 - 1);
          break;
        }
        case 3:
          TF_SetAttrInt(d, attr, in_.Byte());
          break;
        case 4: {
          const std::string s = in_.Text();
          TF_SetAttrString(d, attr, s.data(), s.size());
          break;
        }
        case 5: {
          const std::string s = in_.Text();
          tensorflow::GraphDef held;
          if ((*held.add_node()->mutable_attr())["v"].ParseFromString(s) && fuzz::HasLargeConstants(held, 1 << 16))
            break;
          TF_SetAttrValueProto(d, attr, s.data(), s.size(), status_);
          break;
        }
      }
    }
    (void)TF_FinishOperation(d, status_);
  }

  void Walk() {
    TF_Buffer* buffer = TF_NewBuffer();
    size_t at = 0;
    int seen = 0;
    while (TF_Operation* op = TF_GraphNextOperation(graph_, &at)) {
      if (++seen > 64) break;
      if (TF_GraphOperationByName(graph_, TF_OperationName(op)) != op)
        fuzz::Fail("an operation is not found by its name");
      (void)TF_OperationDevice(op);
      for (int i = 0; i < TF_OperationNumInputs(op); ++i) {
        (void)TF_OperationInput({op, i});
        (void)TF_OperationInputType({op, i});
      }
      for (int i = 0; i < TF_OperationNumOutputs(op); ++i) {
        (void)TF_OperationOutputType({op, i});
        const int n = TF_OperationOutputNumConsumers({op, i});
        std::vector<TF_Input> consumers(n);
        if (TF_OperationOutputConsumers({op, i}, consumers.data(), n) != n) fuzz::Fail("two counts of consumers");
        const int rank = TF_GraphGetTensorNumDims(graph_, {op, i}, status_);
        std::vector<int64_t> dims(rank > 0 ? rank : 0);
        if (rank >= 0) TF_GraphGetTensorShape(graph_, {op, i}, dims.data(), rank, status_);
      }
      for (const char* attr : kAttrs) {
        const TF_AttrMetadata m = TF_OperationGetAttrMetadata(op, attr, status_);
        if (TF_GetCode(status_) != TF_OK) continue;
        if (!m.is_list && m.type == TF_ATTR_STRING && m.total_size >= 0) {
          std::string s(m.total_size, 0);
          TF_OperationGetAttrString(op, attr, s.data(), s.size(), status_);
        }
        if (!m.is_list && m.type == TF_ATTR_SHAPE) {
          std::vector<int64_t> dims(m.total_size > 0 ? m.total_size : 0);
          TF_OperationGetAttrShape(op, attr, dims.data(), static_cast<int>(dims.size()), status_);
        }
        if (!m.is_list && m.type == TF_ATTR_TENSOR) {
          TF_Tensor* t = nullptr;
          TF_OperationGetAttrTensor(op, attr, &t, status_);
          if (t != nullptr) TF_DeleteTensor(t);
        }
      }
      TF_OperationToNodeDef(op, buffer, status_);
    }
    TF_DeleteBuffer(buffer);
  }

  void RunSession() {
    TF_SessionOptions* options = TF_NewSessionOptions();
    if (in_.Byte() % 4 == 0) {
      const std::string config = in_.Text();
      TF_SetConfig(options, config.data(), config.size(), status_);
    }
    options->options.threads = 1;
    options->options.cpu_devices = std::min(options->options.cpu_devices, 4);
    options->options.operation_timeout_in_ms = 50;
    options->options.max_bytes = 1 << 20;
    TF_Session* session = TF_NewSession(graph_, options, status_);
    TF_DeleteSessionOptions(options);
    if (session == nullptr) return;
    for (int i = 0; i < 4; ++i) {
      const TF_Output fetch = AnyOutput(), feed = AnyOutput();
      if (fetch.oper == nullptr) break;
      TF_Tensor* value = tensors_.empty() ? nullptr : tensors_[in_.Byte() % tensors_.size()];
      TF_Tensor* got = nullptr;
      const TF_Operation* target = AnyOperation();
      TF_SessionRun(session, nullptr, &feed, &value, value != nullptr && in_.Byte() % 2, &fetch, &got, 1, &target,
                    in_.Byte() % 2, nullptr, status_);
      if (got != nullptr) {
        if (TF_TensorByteSize(got) > 0) sum_ += *static_cast<const char*>(TF_TensorData(got));
        TF_DeleteTensor(got);
      }
    }
    TF_CloseSession(session, status_);
    TF_DeleteSession(session, status_);
  }

  // What a graph gives out it takes.
  void Again() {
    TF_Buffer* buffer = TF_NewBuffer();
    TF_GraphToGraphDef(graph_, buffer, status_);
    if (TF_GetCode(status_) == TF_OK) {
      TF_Graph* second = TF_NewGraph();
      TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
      TF_GraphImportGraphDef(second, buffer, options, status_);
      TF_DeleteImportGraphDefOptions(options);
      TF_DeleteGraph(second);
    }
    TF_DeleteBuffer(buffer);
    if (TF_Output o = AnyOutput(); o.oper != nullptr) {
      const int64_t dims[] = {static_cast<int64_t>(in_.Byte()) - 2, in_.Byte()};
      TF_GraphSetTensorShape(graph_, o, dims, in_.Byte() % 4 - 1 > 2 ? 2 : in_.Byte() % 3, status_);
    }
  }

  fuzz::Bytes in_;
  TF_Graph* const graph_ = TF_NewGraph();
  TF_Status* const status_ = TF_NewStatus();
  std::vector<std::unique_ptr<std::string>> bytes_;  // that tensors lie on
  std::vector<TF_Tensor*> tensors_;
  int sum_ = 0;  // of what was read, so that it is
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Program(data, size).Run();
  return 0;
}
