// One process, two implementations of one API:  capi_coexist LIBTFPERSIST first|last|deep LIBRARY…
// Loads real TensorFlow's libraries and libtfpersist.so (before them, after them, or after them with RTLD_DEEPBIND),
// then runs a graph in each by turns and has each parse what the other serialized. Exit 0: both answer rightly.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace {

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "capi_coexist: %s\n", what.c_str());
  std::exit(1);
}

struct Api {
  void* library;
  const char* name;
  template <typename F>
  F* Get(const char* function, F*) const {
    void* symbol = dlsym(library, function);
    if (symbol == nullptr) symbol = dlsym(RTLD_DEFAULT, function);
    if (symbol == nullptr) Die(std::string(name) + " has no " + function);
    F* typed;
    std::memcpy(&typed, &symbol, sizeof typed);
    return typed;
  }
#define API(f) Get(#f, static_cast<decltype(&::f)>(nullptr))
  void Check(TF_Status* s, const char* what) const {
    if (API(TF_GetCode)(s) != TF_OK) Die(std::string(name) + ": " + what + ": " + API(TF_Message)(s));
  }

  // "c" = 20.5, "sum" = c + c; the graph as bytes.
  std::string Build() const {
    TF_Status* s = API(TF_NewStatus)();
    TF_Graph* graph = API(TF_NewGraph)();
    TF_Tensor* value = API(TF_AllocateTensor)(TF_FLOAT, nullptr, 0, sizeof(float));
    *static_cast<float*>(API(TF_TensorData)(value)) = 20.5f;
    TF_OperationDescription* d = API(TF_NewOperation)(graph, "Const", "c");
    API(TF_SetAttrTensor)(d, "value", value, s);
    API(TF_SetAttrType)(d, "dtype", TF_FLOAT);
    TF_Operation* c = API(TF_FinishOperation)(d, s);
    Check(s, "Const");
    d = API(TF_NewOperation)(graph, "Add", "sum");
    API(TF_AddInput)(d, TF_Output{c, 0});
    API(TF_AddInput)(d, TF_Output{c, 0});
    API(TF_FinishOperation)(d, s);
    Check(s, "Add");
    TF_Buffer* buffer = API(TF_NewBuffer)();
    API(TF_GraphToGraphDef)(graph, buffer, s);
    Check(s, "TF_GraphToGraphDef");
    const std::string bytes(static_cast<const char*>(buffer->data), buffer->length);
    API(TF_DeleteBuffer)(buffer);
    API(TF_DeleteTensor)(value);
    API(TF_DeleteGraph)(graph);
    API(TF_DeleteStatus)(s);
    return bytes;
  }

  void Run(const std::string& bytes) const {
    TF_Status* s = API(TF_NewStatus)();
    TF_Graph* graph = API(TF_NewGraph)();
    TF_Buffer* buffer = API(TF_NewBufferFromString)(bytes.data(), bytes.size());
    TF_ImportGraphDefOptions* options = API(TF_NewImportGraphDefOptions)();
    API(TF_GraphImportGraphDef)(graph, buffer, options, s);
    Check(s, "TF_GraphImportGraphDef");
    TF_SessionOptions* session_options = API(TF_NewSessionOptions)();
    TF_Session* session = API(TF_NewSession)(graph, session_options, s);
    Check(s, "TF_NewSession");
    const TF_Output sum = {API(TF_GraphOperationByName)(graph, "sum"), 0};
    TF_Tensor* value = nullptr;
    API(TF_SessionRun)(session, nullptr, nullptr, nullptr, 0, &sum, &value, 1, nullptr, 0, nullptr, s);
    Check(s, "TF_SessionRun");
    if (*static_cast<float*>(API(TF_TensorData)(value)) != 41.0f) Die(std::string(name) + ": sum is not 41");
    // An error of its own, through its own status.
    API(TF_SessionRun)(session, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0, nullptr, 0, nullptr, s);
    if (API(TF_GetCode)(s) != TF_INVALID_ARGUMENT) Die(std::string(name) + ": an empty run is no error");
    API(TF_DeleteTensor)(value);
    API(TF_DeleteSession)(session, s);
    API(TF_DeleteSessionOptions)(session_options);
    API(TF_DeleteImportGraphDefOptions)(options);
    API(TF_DeleteBuffer)(buffer);
    API(TF_DeleteGraph)(graph);
    API(TF_DeleteStatus)(s);
  }
};

void* Load(const char* path, int flags) {
  void* library = dlopen(path, flags);
  if (library == nullptr) Die(std::string("can't load ") + path + ": " + dlerror());
  return library;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) Die("usage: capi_coexist LIBTFPERSIST first|last|deep LIBRARY...");
  const std::string order = argv[2];
  Api ours{nullptr, "tfpersist"}, theirs{nullptr, "TensorFlow"};
  if (order == "first") ours.library = Load(argv[1], RTLD_NOW | RTLD_LOCAL);
  for (int i = 3; i < argc; ++i) theirs.library = Load(argv[i], RTLD_LAZY | RTLD_GLOBAL);
  if (order != "first") ours.library = Load(argv[1], RTLD_NOW | RTLD_LOCAL | (order == "deep" ? RTLD_DEEPBIND : 0));
  const char* version = ours.API(TF_Version)();
  if (std::strstr(version, "tfpersist") == nullptr || std::strstr(theirs.API(TF_Version)(), "tfpersist") != nullptr) {
    Die("one of the two answers for both");
  }
  for (int i = 0; i < 3; ++i) {
    const std::string a = ours.Build(), b = theirs.Build();
    ours.Run(b);
    theirs.Run(a);
    ours.Run(a);
    theirs.Run(b);
  }
  std::printf("%s and TensorFlow %s in one process, tfpersist %s\n", version, theirs.API(TF_Version)(), order.c_str());
  return 0;
}
