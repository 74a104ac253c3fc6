// A client of the C API: nothing here but the public headers.
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tensorflow/c/c_api.h"

// The layout of 2.x, from a file of its own below.
namespace tstring_client {
TF_Tensor* Make(const std::vector<std::string>& values);
std::vector<std::string> Read(const TF_Tensor* tensor);
}  // namespace tstring_client

namespace {

const char kDocument[] = "golden/data/tf-1.11.0/document/";

std::string Slurp(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file << ": run from the source root";
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

// The graph of a MetaGraphDef (field 2), as a client without protobuf has it.
std::string GraphOf(const std::string& meta) {
  size_t at = 0;
  const auto varint = [&] {
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
      const uint8_t b = static_cast<uint8_t>(meta[at++]);
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
  };
  while (at < meta.size()) {
    const uint64_t tag = varint(), size = varint();
    if (tag >> 3 == 2) return meta.substr(at, size);
    at += size;
  }
  return "";
}

TF_Tensor* FloatTensor(const std::vector<int64_t>& dims, const std::vector<float>& values) {
  TF_Tensor* t = TF_AllocateTensor(TF_FLOAT, dims.data(), static_cast<int>(dims.size()), values.size() * sizeof(float));
  std::memcpy(TF_TensorData(t), values.data(), values.size() * sizeof(float));
  return t;
}

std::vector<float> Floats(const TF_Tensor* t) {
  const float* data = static_cast<const float*>(TF_TensorData(t));
  return {data, data + TF_TensorByteSize(t) / sizeof(float)};
}

TF_Tensor* StringTensor1x(const std::string& value) {
  TF_Status* s = TF_NewStatus();
  const size_t size = TF_StringEncodedSize(value.size());
  TF_Tensor* t = TF_AllocateTensor(TF_STRING, nullptr, 0, 8 + size);
  char* data = static_cast<char*>(TF_TensorData(t));
  std::memset(data, 0, 8);
  TF_StringEncode(value.data(), value.size(), data + 8, size, s);
  EXPECT_EQ(TF_GetCode(s), TF_OK) << TF_Message(s);
  TF_DeleteStatus(s);
  return t;
}

class CApi : public testing::Test {
 protected:
  void TearDown() override {
    TF_DeleteGraph(graph_);
    TF_DeleteStatus(s_);
  }
  void ExpectOk() { ASSERT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_); }
  void Import(const std::string& bytes, TF_ImportGraphDefOptions* options = nullptr) {
    TF_Buffer* buffer = TF_NewBufferFromString(bytes.data(), bytes.size());
    TF_ImportGraphDefOptions* plain = TF_NewImportGraphDefOptions();
    TF_GraphImportGraphDef(graph_, buffer, options != nullptr ? options : plain, s_);
    TF_DeleteImportGraphDefOptions(plain);
    TF_DeleteBuffer(buffer);
  }
  TF_Operation* Placeholder(const char* name) {
    TF_OperationDescription* d = TF_NewOperation(graph_, "Placeholder", name);
    TF_SetAttrType(d, "dtype", TF_FLOAT);
    return TF_FinishOperation(d, s_);
  }
  TF_Session* NewSession() {
    TF_SessionOptions* options = TF_NewSessionOptions();
    TF_Session* session = TF_NewSession(graph_, options, s_);
    TF_DeleteSessionOptions(options);
    return session;
  }
  std::vector<float> Fetch(TF_Session* session, const char* op) {
    const TF_Output output = {TF_GraphOperationByName(graph_, op), 0};
    TF_Tensor* value = nullptr;
    TF_SessionRun(session, nullptr, nullptr, nullptr, 0, &output, &value, 1, nullptr, 0, nullptr, s_);
    if (TF_GetCode(s_) != TF_OK) return {};
    const std::vector<float> values = Floats(value);
    TF_DeleteTensor(value);
    return values;
  }

  TF_Graph* graph_ = TF_NewGraph();
  TF_Status* s_ = TF_NewStatus();
};

TEST_F(CApi, SaysWhichVersionItIs) {
  EXPECT_EQ(std::string(TF_Version()).rfind("1.15.5", 0), 0u);
  EXPECT_EQ(TF_DataTypeSize(TF_DOUBLE), 8u);
  TF_Buffer* ops = TF_GetAllOpList();
  EXPECT_GT(ops->length, 10000u);
  TF_DeleteBuffer(ops);
}

TEST_F(CApi, BuildsAndRunsAGraph) {
  TF_Operation* x = Placeholder("x");
  ExpectOk();
  TF_OperationDescription* d = TF_NewOperation(graph_, "Const", "c");
  TF_Tensor* two = FloatTensor({2}, {1, 2});
  TF_SetAttrTensor(d, "value", two, s_);
  ExpectOk();
  TF_SetAttrType(d, "dtype", TF_FLOAT);
  TF_Operation* c = TF_FinishOperation(d, s_);
  ExpectOk();
  TF_DeleteTensor(two);
  d = TF_NewOperation(graph_, "Add", "sum");
  TF_AddInput(d, {x, 0});
  TF_AddInput(d, {c, 0});
  TF_Operation* sum = TF_FinishOperation(d, s_);
  ExpectOk();
  EXPECT_STREQ(TF_OperationName(sum), "sum");
  EXPECT_STREQ(TF_OperationOpType(sum), "Add");
  EXPECT_EQ(TF_OperationNumInputs(sum), 2);
  EXPECT_EQ(TF_OperationInput({sum, 1}).oper, c);
  EXPECT_EQ(TF_OperationOutputType({sum, 0}), TF_FLOAT);
  TF_Input consumer;
  EXPECT_EQ(TF_OperationOutputConsumers({c, 0}, &consumer, 1), 1);
  EXPECT_EQ(consumer.oper, sum);
  EXPECT_EQ(TF_GraphGetTensorNumDims(graph_, {c, 0}, s_), 1);

  TF_Session* session = NewSession();
  const TF_Output in = {x, 0}, out = {sum, 0};
  TF_Tensor* given = FloatTensor({2}, {10, 20});
  TF_Tensor* value = nullptr;
  TF_SessionRun(session, nullptr, &in, &given, 1, &out, &value, 1, nullptr, 0, nullptr, s_);
  ExpectOk();
  EXPECT_EQ(Floats(value), (std::vector<float>{11, 22}));
  TF_DeleteTensor(value);
  TF_DeleteTensor(given);
  TF_DeviceList* devices = TF_SessionListDevices(session, s_);
  ASSERT_EQ(TF_DeviceListCount(devices), 1);
  EXPECT_STREQ(TF_DeviceListType(devices, 0, s_), "CPU");
  EXPECT_EQ(TF_DeviceListName(devices, 7, s_), nullptr);
  TF_DeleteDeviceList(devices);
  TF_DeleteSession(session, s_);

  // Out and in again.
  TF_Buffer* def = TF_NewBuffer();
  TF_GraphToGraphDef(graph_, def, s_);
  ExpectOk();
  TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsSetPrefix(options, "again");
  TF_ImportGraphDefOptionsAddInputMapping(options, "x", 0, {c, 0});
  TF_ImportGraphDefOptionsAddReturnOutput(options, "sum", 0);
  TF_ImportGraphDefOptionsAddReturnOperation(options, "c");
  TF_ImportGraphDefOptionsAddControlDependency(options, sum);
  TF_ImportGraphDefResults* results = TF_GraphImportGraphDefWithResults(graph_, def, options, s_);
  ExpectOk();
  int n = 0;
  TF_Output* outputs;
  TF_Operation** operations;
  TF_ImportGraphDefResultsReturnOutputs(results, &n, &outputs);
  ASSERT_EQ(n, 1);
  EXPECT_STREQ(TF_OperationName(outputs[0].oper), "again/sum");
  EXPECT_EQ(TF_OperationInput({outputs[0].oper, 0}).oper, c);
  TF_ImportGraphDefResultsReturnOperations(results, &n, &operations);
  ASSERT_EQ(n, 1);
  EXPECT_EQ(TF_OperationNumControlInputs(operations[0]), 1);
  TF_DeleteImportGraphDefResults(results);
  TF_GraphImportGraphDef(graph_, def, options, s_);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT) << "the names are taken";
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteBuffer(def);
}

TEST_F(CApi, RestoresWhatTensorFlowSaved) {
  Import(GraphOf(Slurp(std::string(kDocument) + "model.ckpt.meta")));
  ExpectOk();
  TF_Session* session = NewSession();
  Fetch(session, "add");
  EXPECT_EQ(TF_GetCode(s_), TF_FAILED_PRECONDITION);
  EXPECT_NE(std::string(TF_Message(s_)).find("Attempting to use uninitialized value v"), std::string::npos);

  const TF_Output filename = {TF_GraphOperationByName(graph_, "save/Const"), 0};
  const TF_Operation* restore = TF_GraphOperationByName(graph_, "save/restore_all");
  const std::string prefix = std::string(kDocument) + "model.ckpt";
  for (TF_Tensor* name : {StringTensor1x(prefix), tstring_client::Make({prefix})}) {
    if (TF_NumDims(name) == 1) {  // the other client's is a vector
      TF_DeleteTensor(name);
      continue;
    }
    TF_SessionRun(session, nullptr, &filename, &name, 1, nullptr, nullptr, 0, &restore, 1, nullptr, s_);
    ExpectOk();
    TF_DeleteTensor(name);
  }
  EXPECT_EQ(Fetch(session, "add"), std::vector<float>{2});
  TF_CloseSession(session, s_);
  Fetch(session, "add");
  EXPECT_EQ(TF_GetCode(s_), TF_CANCELLED);
  TF_DeleteSession(session, s_);
}

TEST_F(CApi, RunsWhatTensorFlowFroze) {
  Import(Slurp(std::string(kDocument) + "combined_model.pb"));
  ExpectOk();
  TF_Session* session = NewSession();
  EXPECT_EQ(Fetch(session, "add"), std::vector<float>{3});
  TF_DeleteSession(session, s_);
}

TEST_F(CApi, AFetchedConstantOutlivesItsGraph) {
  const std::vector<float> values(5000, 1.5f);
  TF_Tensor* constant = FloatTensor({5000}, values);
  TF_OperationDescription* d = TF_NewOperation(graph_, "Const", "c");
  TF_SetAttrType(d, "dtype", TF_FLOAT);
  TF_SetAttrTensor(d, "value", constant, s_);
  ASSERT_NE(TF_FinishOperation(d, s_), nullptr) << TF_Message(s_);
  TF_DeleteTensor(constant);
  TF_Buffer* bytes = TF_NewBuffer();
  TF_GraphToGraphDef(graph_, bytes, s_);
  ExpectOk();
  TF_DeleteGraph(graph_);
  graph_ = TF_NewGraph();
  Import(std::string(static_cast<const char*>(bytes->data), bytes->length));
  ExpectOk();
  TF_DeleteBuffer(bytes);

  TF_Session* session = NewSession();
  const TF_Output output = {TF_GraphOperationByName(graph_, "c"), 0};
  TF_Tensor* fetched = nullptr;
  TF_SessionRun(session, nullptr, nullptr, nullptr, 0, &output, &fetched, 1, nullptr, 0, nullptr, s_);
  ExpectOk();
  TF_CloseSession(session, s_);
  TF_DeleteSession(session, s_);
  TF_DeleteGraph(graph_);
  graph_ = TF_NewGraph();
  EXPECT_EQ(Floats(fetched), values);
  TF_DeleteTensor(fetched);
}

TEST_F(CApi, StringsHaveTwoLayouts) {
  const std::vector<std::string> values = {
      "", "short", std::string(22, 'x'), std::string(23, 'y'), std::string(500, 'z'), std::string("nul\0in", 6)};
  TF_Tensor* t = tstring_client::Make(values);
  EXPECT_EQ(tstring_client::Read(t), values);
  // The same tensor for a client of 1.x.
  const char* data = static_cast<const char*>(TF_TensorData(t));
  const size_t size = TF_TensorByteSize(t), table = values.size() * 8;
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t offset;
    std::memcpy(&offset, data + 8 * i, 8);
    const char* text;
    size_t length;
    TF_StringDecode(data + table + offset, size - table - offset, &text, &length, s_);
    ExpectOk();
    EXPECT_EQ(std::string(text, length), values[i]);
  }
  EXPECT_EQ(tstring_client::Read(t), values);
  TF_DeleteTensor(t);
  const char bad[] = "\x7f short";
  const char* text;
  size_t length;
  TF_StringDecode(bad, sizeof bad, &text, &length, s_);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
}

TEST_F(CApi, ABadStringTensorIsAnErrorAndNoMore) {
  Import(GraphOf(Slurp(std::string(kDocument) + "model.ckpt.meta")));
  TF_Session* session = NewSession();
  const TF_Output filename = {TF_GraphOperationByName(graph_, "save/Const"), 0};
  for (const std::string& bytes : {std::string("abc"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8),
                                   std::string("\0\0\0\0\0\0\0\0\xff\x7f", 10)}) {
    TF_Tensor* t = TF_AllocateTensor(TF_STRING, nullptr, 0, bytes.size());
    std::memcpy(TF_TensorData(t), bytes.data(), bytes.size());
    const TF_Operation* restore = TF_GraphOperationByName(graph_, "save/restore_all");
    TF_SessionRun(session, nullptr, &filename, &t, 1, nullptr, nullptr, 0, &restore, 1, nullptr, s_);
    EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT) << TF_Message(s_);
    TF_DeleteTensor(t);
  }
  TF_DeleteSession(session, s_);
}

TEST_F(CApi, AttrsComeBackAsTheyWereSet) {
  TF_OperationDescription* d = TF_NewOperation(graph_, "Placeholder", "p");
  TF_SetAttrType(d, "dtype", TF_INT32);
  const int64_t dims[] = {3, -1};
  TF_SetAttrShape(d, "shape", dims, 2);
  const int64_t ints[] = {1, 2, 3};
  TF_SetAttrIntList(d, "_ints", ints, 3);
  TF_SetAttrString(d, "_text", "hello", 5);
  TF_SetAttrFloat(d, "_f", 0.5f);
  TF_SetAttrBool(d, "_b", 1);
  TF_Operation* p = TF_FinishOperation(d, s_);
  ExpectOk();
  TF_AttrMetadata m = TF_OperationGetAttrMetadata(p, "_ints", s_);
  EXPECT_EQ(m.list_size, 3);
  EXPECT_EQ(m.type, TF_ATTR_INT);
  int64_t back[3] = {};
  TF_OperationGetAttrIntList(p, "_ints", back, 3, s_);
  EXPECT_EQ(back[2], 3);
  m = TF_OperationGetAttrMetadata(p, "_text", s_);
  EXPECT_EQ(m.total_size, 5);
  char text[5];
  TF_OperationGetAttrString(p, "_text", text, 5, s_);
  EXPECT_EQ(std::string(text, 5), "hello");
  int64_t shape[2];
  TF_OperationGetAttrShape(p, "shape", shape, 2, s_);
  EXPECT_EQ(shape[1], -1);
  float f = 0;
  TF_OperationGetAttrFloat(p, "_f", &f, s_);
  EXPECT_EQ(f, 0.5f);
  TF_OperationGetAttrFloat(p, "_text", &f, s_);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  TF_OperationGetAttrFloat(p, "none", &f, s_);
  EXPECT_STREQ(TF_Message(s_), "Operation 'p' has no attr named 'none'.");
}

TEST_F(CApi, FaultsAreStatuses) {
  Placeholder("x");
  ExpectOk();
  EXPECT_EQ(Placeholder("x"), nullptr);
  EXPECT_STREQ(TF_Message(s_), "Duplicate node name in graph: 'x'");
  EXPECT_EQ(TF_FinishOperation(TF_NewOperation(graph_, "NoSuchOp", "n"), s_), nullptr);
  EXPECT_NE(TF_GetCode(s_), TF_OK);
  EXPECT_EQ(TF_FinishOperation(TF_NewOperation(graph_, "Placeholder", "y"), s_), nullptr);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  TF_OperationDescription* d = TF_NewOperation(graph_, "Identity", "i");
  TF_AddInput(d, {TF_GraphOperationByName(graph_, "x"), 5});
  EXPECT_EQ(TF_FinishOperation(d, s_), nullptr);
  Import("no graph");
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  TF_AddGradients(graph_, nullptr, 0, nullptr, 0, nullptr, s_, nullptr);
  EXPECT_EQ(TF_GetCode(s_), TF_UNIMPLEMENTED);
  TF_Session* session = NewSession();
  TF_SessionRun(session, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0, nullptr, 0, nullptr, s_);
  EXPECT_STREQ(TF_Message(s_), "Must specify at least one target to fetch or execute.");
  TF_DeleteSession(session, s_);
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_SetConfig(options, "\x10\x01\x0a", 3, s_);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  EXPECT_EQ(TF_LoadSessionFromSavedModel(options, nullptr, "no/such/folder", nullptr, 0, graph_, nullptr, s_), nullptr);
  EXPECT_NE(TF_GetCode(s_), TF_OK);
  TF_DeleteSessionOptions(options);
}

TEST_F(CApi, BytesThatAreNoBoolCountAsTrue) {
  const int64_t dims[] = {3};
  TF_Tensor* t = TF_AllocateTensor(TF_BOOL, dims, 1, 3);
  std::memcpy(TF_TensorData(t), "\x5f\0\x01", 3);
  TF_OperationDescription* description = TF_NewOperation(graph_, "Const", "bools");
  TF_SetAttrTensor(description, "value", t, s_);
  ASSERT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_);
  TF_SetAttrType(description, "dtype", TF_BOOL);
  TF_Operation* constant = TF_FinishOperation(description, s_);
  ASSERT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_);
  TF_DeleteTensor(t);
  TF_Tensor* read = nullptr;
  TF_OperationGetAttrTensor(constant, "value", &read, s_);
  ASSERT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_);
  EXPECT_EQ(std::string(static_cast<char*>(TF_TensorData(read)), 3), std::string("\x01\0\x01", 3));
  TF_DeleteTensor(read);
}

TEST_F(CApi, TensorsTakeMemoryOver) {
  alignas(64) static float data[16];
  int released = 0;
  const auto release = [](void*, size_t, void* arg) { ++*static_cast<int*>(arg); };
  const int64_t dims[] = {16};
  TF_Tensor* t = TF_NewTensor(TF_FLOAT, dims, 1, data, sizeof data, release, &released);
  EXPECT_EQ(TF_TensorData(t), data);
  EXPECT_EQ(released, 0);
  TF_DeleteTensor(t);
  EXPECT_EQ(released, 1);
  const int64_t fewer[] = {3};
  t = TF_NewTensor(TF_FLOAT, fewer, 1, data + 1, 12, release, &released);  // not aligned: copied
  EXPECT_EQ(released, 2);
  TF_DeleteTensor(t);
  EXPECT_EQ(TF_NewTensor(TF_FLOAT, dims, 1, data, 4, release, &released), nullptr);
  EXPECT_EQ(released, 3);
}

}  // namespace
