// Partial runs and functions through the C API. The behaviour of partial runs, counts and texts included, was read off
// TensorFlow 1.11.0's.
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tensorflow/c/c_api.h"

namespace {

TF_Tensor* Scalar(float value) {
  TF_Tensor* t = TF_AllocateTensor(TF_FLOAT, nullptr, 0, sizeof value);
  std::memcpy(TF_TensorData(t), &value, sizeof value);
  return t;
}

class CApiMore : public testing::Test {
 protected:
  void TearDown() override {
    TF_DeleteGraph(graph_);
    TF_DeleteStatus(s_);
  }
  void ExpectOk() { ASSERT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_); }
  TF_Output Make(const char* op, const char* name, const std::vector<TF_Output>& inputs = {},
                 TF_Operation* control = nullptr, TF_Graph* graph = nullptr) {
    TF_OperationDescription* d = TF_NewOperation(graph != nullptr ? graph : graph_, op, name);
    for (const TF_Output& input : inputs) TF_AddInput(d, input);
    if (control != nullptr) TF_AddControlInput(d, control);
    if (std::strcmp(op, "Placeholder") == 0) TF_SetAttrType(d, "dtype", TF_FLOAT);
    if (std::strcmp(op, "VariableV2") == 0) {
      TF_SetAttrType(d, "dtype", TF_FLOAT);
      TF_SetAttrShape(d, "shape", nullptr, 0);
    }
    TF_Operation* made = TF_FinishOperation(d, s_);
    EXPECT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_);
    return {made, 0};
  }
  TF_Output Constant(const char* name, float value, TF_Graph* graph = nullptr) {
    TF_OperationDescription* d = TF_NewOperation(graph != nullptr ? graph : graph_, "Const", name);
    TF_Tensor* t = Scalar(value);
    TF_SetAttrTensor(d, "value", t, s_);
    TF_SetAttrType(d, "dtype", TF_FLOAT);
    TF_DeleteTensor(t);
    return {TF_FinishOperation(d, s_), 0};
  }
  TF_Session* NewSession(TF_Graph* graph) {
    TF_SessionOptions* options = TF_NewSessionOptions();
    TF_Session* session = TF_NewSession(graph, options, s_);
    TF_DeleteSessionOptions(options);
    return session;
  }
  float Fetch(TF_Session* session, TF_Output fetch, const std::vector<TF_Output>& feeds = {},
              const std::vector<float>& values = {}) {
    std::vector<TF_Tensor*> given;
    for (const float v : values) given.push_back(Scalar(v));
    TF_Tensor* value = nullptr;
    TF_SessionRun(session, nullptr, feeds.data(), given.data(), static_cast<int>(feeds.size()), &fetch, &value, 1,
                  nullptr, 0, nullptr, s_);
    return Take(given, value);
  }
  float Part(TF_Session* session, const char* handle, const std::vector<TF_Output>& feeds,
             const std::vector<float>& values, TF_Output fetch) {
    std::vector<TF_Tensor*> given;
    for (const float v : values) given.push_back(Scalar(v));
    TF_Tensor* value = nullptr;
    TF_SessionPRun(session, handle, feeds.data(), given.data(), static_cast<int>(feeds.size()), &fetch, &value,
                   fetch.oper != nullptr ? 1 : 0, nullptr, 0, s_);
    return Take(given, value);
  }
  static float Take(const std::vector<TF_Tensor*>& given, TF_Tensor* value) {
    for (TF_Tensor* t : given) TF_DeleteTensor(t);
    if (value == nullptr) return -1;
    const float result = *static_cast<float*>(TF_TensorData(value));
    TF_DeleteTensor(value);
    return result;
  }

  TF_Graph* graph_ = TF_NewGraph();
  TF_Status* s_ = TF_NewStatus();
};

TEST_F(CApiMore, PartialRunsRunEachOperationOnce) {
  const TF_Output a = Make("Placeholder", "a"), b = Make("Placeholder", "b"), n = Make("VariableV2", "n");
  const TF_Output one = Constant("one", 1), zero = Constant("zero", 0);
  const TF_Output init = Make("Assign", "init", {n, zero}), inc = Make("AssignAdd", "inc", {n, one});
  const TF_Output r1 = Make("Add", "r1", {a, one}, inc.oper), r2 = Make("Mul", "r2", {r1, b});
  TF_Session* session = NewSession(graph_);
  Fetch(session, init);
  ExpectOk();
  const TF_Output feeds[] = {a, b}, fetches[] = {r1, r2};
  const auto setup = [&] {
    const char* handle = nullptr;
    TF_SessionPRunSetup(session, feeds, 2, fetches, 2, nullptr, 0, &handle, s_);
    EXPECT_EQ(TF_GetCode(s_), TF_OK) << TF_Message(s_);
    return handle;
  };
  const char* handle = setup();
  EXPECT_EQ(Fetch(session, n), 1) << "what needs no feed runs at the setup";
  Part(session, handle, {a}, {1}, r2);
  EXPECT_STREQ(TF_Message(s_), "Fetch b:0 can't be computed from the feeds that have been fed so far.");
  EXPECT_EQ(Part(session, handle, {a}, {1}, r1), 2);
  ExpectOk();
  Part(session, handle, {}, {}, r1);
  EXPECT_STREQ(TF_Message(s_), "The fetch r1:0 has already been fetched.");
  Part(session, handle, {a}, {1}, {});
  EXPECT_STREQ(TF_Message(s_), "The feed a:0 has already been fed.");
  Part(session, handle, {}, {}, n);
  EXPECT_STREQ(TF_Message(s_), "The fetch n:0 was not specified in partial_run_setup.");
  Part(session, handle, {n}, {1}, r2);
  EXPECT_STREQ(TF_Message(s_), "The feed n:0 was not specified in partial_run_setup.");
  EXPECT_EQ(Part(session, handle, {b}, {17}, r2), 34);
  ExpectOk();
  EXPECT_EQ(Fetch(session, n), 1) << "inc ran once";
  Part(session, handle, {b}, {17}, r2);
  EXPECT_STREQ(TF_Message(s_), "Must run 'setup' before performing partial runs!");
  TF_DeletePRunHandle(handle);

  const char* first = setup();
  const char* second = setup();
  EXPECT_EQ(Fetch(session, n), 3);
  EXPECT_EQ(Part(session, first, {a}, {2}, r1), 3);
  EXPECT_EQ(Part(session, second, {a, b}, {4, 2}, r2), 10);
  EXPECT_EQ(Part(session, first, {b}, {5}, r2), 15) << "two runs do not mix";
  EXPECT_EQ(Part(session, second, {}, {}, r1), 5);
  ExpectOk();
  TF_DeletePRunHandle(first);
  TF_DeletePRunHandle(second);
  TF_SessionPRunSetup(session, feeds, 1, nullptr, 0, nullptr, 0, &handle, s_);
  EXPECT_STREQ(TF_Message(s_), "Must specify at least one target to fetch or execute.");
  TF_SessionPRunSetup(session, feeds, 1, feeds, 1, nullptr, 0, &handle, s_);
  EXPECT_STREQ(TF_Message(s_), "a:0 is both fed and fetched.");
  TF_DeleteSession(session, s_);
}

TEST_F(CApiMore, PartialRunsReadAVariableWhenTheyGetThere) {
  const TF_Output a = Make("Placeholder", "a"), n = Make("VariableV2", "n"), one = Constant("one", 1);
  const TF_Output init = Make("Assign", "init", {n, one});
  const TF_Output early = Make("Identity", "early", {n}), sum = Make("Add", "sum", {a, early});
  const TF_Output twice = Make("AssignAdd", "twice", {n, a}), late = Make("Identity", "late", {n}, a.oper);
  const TF_Output chained = Make("AssignAdd", "chained", {init, a});
  TF_Session* session = NewSession(graph_);
  Fetch(session, init);
  const char* handle = nullptr;
  const TF_Output fetches[] = {sum, late};
  TF_SessionPRunSetup(session, &a, 1, fetches, 2, &twice.oper, 1, &handle, s_);
  ExpectOk();
  const TF_Output two = Constant("two", 2), set = Make("Assign", "set", {n, two});
  Fetch(session, set);
  ExpectOk();
  Part(session, handle, {}, {}, late);
  EXPECT_STREQ(TF_Message(s_), "Fetch a:0 can't be computed from the feeds that have been fed so far.");
  EXPECT_EQ(Part(session, handle, {a}, {3}, sum), 4) << "early was read at the setup";
  ExpectOk();
  EXPECT_EQ(Fetch(session, n), 5) << "the target ran when its feed came";
  EXPECT_GE(Part(session, handle, {}, {}, late), 2) << "late was read after the feed, before or after the target";
  ExpectOk();
  TF_DeletePRunHandle(handle);
  TF_SessionPRunSetup(session, &a, 1, &chained, 1, nullptr, 0, &handle, s_);
  Part(session, handle, {a}, {3}, chained);
  EXPECT_EQ(TF_GetCode(s_), TF_UNIMPLEMENTED) << TF_Message(s_);
  TF_DeletePRunHandle(handle);
  TF_DeleteSession(session, s_);
}

TEST_F(CApiMore, FunctionsOutOfGraphsAreCalled) {
  TF_Graph* body = TF_NewGraph();
  const TF_Output x = Make("Placeholder", "scope/X", {}, nullptr, body), two = Constant("two", 2, body);
  const TF_Output product = Make("Mul", "product", {x, two}, nullptr, body);
  TF_Function* function =
      TF_GraphToFunction(body, "double_it", 0, -1, nullptr, 1, &x, 1, &product, nullptr, nullptr, "x * 2", s_);
  ExpectOk();
  EXPECT_STREQ(TF_FunctionName(function), "double_it");
  TF_Buffer* def = TF_NewBuffer();
  TF_FunctionToFunctionDef(function, def, s_);
  ExpectOk();
  TF_Function* again = TF_FunctionImportFunctionDef(def->data, def->length, s_);
  ExpectOk();
  const std::string bytes(static_cast<const char*>(def->data), def->length);
  EXPECT_NE(bytes.find("scope_x"), std::string::npos) << "arguments have normalized names";
  EXPECT_NE(bytes.find("product:z:0"), std::string::npos) << "results as node:output:index";

  TF_GraphCopyFunction(graph_, again, nullptr, s_);
  ExpectOk();
  TF_GraphCopyFunction(graph_, function, nullptr, s_);
  ExpectOk();  // the same once more
  EXPECT_EQ(TF_GraphNumFunctions(graph_), 1);
  const TF_Output a = Make("Placeholder", "a"), call = Make("double_it", "call", {a});
  TF_Session* session = NewSession(graph_);
  EXPECT_EQ(Fetch(session, call, {a}, {21}), 42);
  ExpectOk();
  TF_DeleteSession(session, s_);

  TF_Function* other =
      TF_GraphToFunction(body, "double_it", 0, -1, nullptr, 1, &x, 1, &two, nullptr, nullptr, nullptr, s_);
  ExpectOk();
  TF_GraphCopyFunction(graph_, other, nullptr, s_);
  EXPECT_STREQ(TF_Message(s_),
               "Cannot add function 'double_it' because a different function with the same name already exists.");
  TF_Function* hashed =
      TF_GraphToFunction(body, "double_it", 1, -1, nullptr, 1, &x, 1, &product, nullptr, nullptr, nullptr, s_);
  ExpectOk();
  EXPECT_EQ(std::string(TF_FunctionName(hashed)).size(), std::strlen("double_it_") + 16);
  TF_GraphCopyFunction(graph_, hashed, function, s_);
  ExpectOk();
  TF_Function* listed[3] = {};
  EXPECT_EQ(TF_GraphGetFunctions(graph_, listed, 3, s_), 2);
  EXPECT_STREQ(TF_FunctionName(listed[1]), TF_FunctionName(hashed));

  TF_FunctionSetAttrValueProto(function, "_mark", "\x12\x02hi", 4, s_);
  ExpectOk();
  TF_Buffer* attr = TF_NewBuffer();
  TF_FunctionGetAttrValueProto(function, "_mark", attr, s_);
  EXPECT_EQ(std::string(static_cast<const char*>(attr->data), attr->length), std::string("\x12\x02hi"));
  TF_FunctionGetAttrValueProto(function, "none", attr, s_);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  for (TF_Function* f : {function, again, other, hashed, listed[0], listed[1]}) TF_DeleteFunction(f);
  TF_DeleteBuffer(attr);
  TF_DeleteBuffer(def);

  EXPECT_EQ(TF_GraphToFunction(body, "f", 0, 1, &product.oper, 0, nullptr, 1, &product, nullptr, nullptr, nullptr, s_),
            nullptr);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  const TF_Output same[] = {x, x};
  EXPECT_EQ(TF_GraphToFunction(body, "f", 0, -1, nullptr, 2, same, 1, &product, nullptr, nullptr, nullptr, s_),
            nullptr);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  EXPECT_EQ(TF_FunctionImportFunctionDef("\x0a\x05", 2, s_), nullptr);
  EXPECT_EQ(TF_GetCode(s_), TF_INVALID_ARGUMENT);
  TF_DeleteGraph(body);
}

TEST_F(CApiMore, ConstantsAreEvaluated) {
  const TF_Output two = Constant("two", 2), three = Constant("three", 3), x = Make("Placeholder", "x");
  const TF_Output product = Make("Mul", "product", {two, three}), fed = Make("Mul", "fed", {two, x});
  TF_Tensor* value = nullptr;
  EXPECT_EQ(TF_TryEvaluateConstant(graph_, product, &value, s_), 1);
  ExpectOk();
  EXPECT_EQ(Take({}, value), 6);
  EXPECT_EQ(TF_TryEvaluateConstant(graph_, fed, &value, s_), 0);
  ExpectOk();
  EXPECT_EQ(value, nullptr);
}

}  // namespace
