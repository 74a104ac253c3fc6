#include "bench/common/tensorflow.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace tfpersist::bench {
namespace {

constexpr size_t kTStringSize = 24;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}

}  // namespace

TensorFlow::TensorFlow(const std::vector<std::string>& libraries) {
  void* handle = nullptr;
  for (const std::string& library : libraries) {
    handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL);
    if (handle == nullptr) Die(std::string("can't load ") + library + ": " + dlerror());
  }
  const auto load = [handle](auto* function, const char* name, bool required = true) {
    void* symbol = dlsym(handle, name);
    if (symbol == nullptr) symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == nullptr && required) Die(std::string("no symbol ") + name);
    std::memcpy(function, &symbol, sizeof symbol);
  };
  load(&version_, "TF_Version");
  load(&new_status_, "TF_NewStatus");
  load(&get_code_, "TF_GetCode");
  load(&message_, "TF_Message");
  load(&new_graph_, "TF_NewGraph");
  load(&new_import_options_, "TF_NewImportGraphDefOptions");
  load(&import_graph_def_, "TF_GraphImportGraphDef");
  load(&new_session_options_, "TF_NewSessionOptions");
  load(&set_config_, "TF_SetConfig");
  load(&new_session_, "TF_NewSession");
  load(&operation_by_name_, "TF_GraphOperationByName");
  load(&allocate_tensor_, "TF_AllocateTensor");
  load(&tensor_data_, "TF_TensorData");
  load(&tensor_bytes_, "TF_TensorByteSize");
  load(&delete_tensor_, "TF_DeleteTensor");
  load(&session_run_, "TF_SessionRun");
  if (version_()[0] == '2') {
    load(&tstring_init_, "TF_StringInit");
    load(&tstring_copy_, "TF_StringCopy");
    load(&tstring_data_, "TF_StringGetDataPointer");
    load(&tstring_size_, "TF_StringGetSize");
  } else {
    load(&string_encoded_size_, "TF_StringEncodedSize");
    load(&string_encode_, "TF_StringEncode");
    load(&string_decode_, "TF_StringDecode");
  }
  status_ = new_status_();
}

void TensorFlow::Check(const char* what) const {
  if (get_code_(status_) != 0) Die(std::string(what) + ": " + message_(status_));
}

void TensorFlow::Import(const std::string& graph_def, int threads) {
  graph_ = new_graph_();
  const TF_Buffer buffer{graph_def.data(), graph_def.size(), nullptr};
  import_graph_def_(graph_, &buffer, new_import_options_(), status_);
  Check("TF_GraphImportGraphDef");
  // ConfigProto: intra_op_parallelism_threads (2) and inter_op_parallelism_threads (5).
  const char config[] = {2 << 3, static_cast<char>(threads), 5 << 3, static_cast<char>(threads)};
  void* options = new_session_options_();
  set_config_(options, config, sizeof config, status_);
  Check("TF_SetConfig");
  session_ = new_session_(graph_, options, status_);
  Check("TF_NewSession");
}

TF_Operation* TensorFlow::operation(const std::string& name) const {
  TF_Operation* found = operation_by_name_(graph_, name.c_str());
  if (found == nullptr) Die("no operation " + name);
  return found;
}

TF_Output TensorFlow::output(const std::string& name, int index) const { return {operation(name), index}; }

TF_Tensor* TensorFlow::StringScalar(const std::string& value) const {
  if (tstring_init_ != nullptr) {
    TF_Tensor* tensor = allocate_tensor_(kTfString, nullptr, 0, kTStringSize);
    tstring_init_(tensor_data_(tensor));
    tstring_copy_(tensor_data_(tensor), value.data(), value.size());
    return tensor;
  }
  const size_t size = string_encoded_size_(value.size());
  TF_Tensor* tensor = allocate_tensor_(kTfString, nullptr, 0, sizeof(uint64_t) + size);
  char* data = static_cast<char*>(tensor_data_(tensor));
  std::memset(data, 0, sizeof(uint64_t));
  string_encode_(value.data(), value.size(), data + sizeof(uint64_t), size, status_);
  Check("TF_StringEncode");
  return tensor;
}

std::string TensorFlow::Text(TF_Tensor* tensor, int64_t n, int64_t i) const {
  const char* const data = static_cast<const char*>(tensor_data_(tensor));
  if (tstring_data_ != nullptr) {
    const char* const element = data + kTStringSize * static_cast<size_t>(i);
    return {tstring_data_(element), tstring_size_(element)};
  }
  uint64_t offset;
  std::memcpy(&offset, data + sizeof offset * static_cast<size_t>(i), sizeof offset);
  const size_t at = sizeof offset * static_cast<size_t>(n) + offset;
  const char* text = nullptr;
  size_t size = 0;
  string_decode_(data + at, tensor_bytes_(tensor) - at, &text, &size, status_);
  Check("TF_StringDecode");
  return {text, size};
}

void TensorFlow::Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& values,
                     const std::vector<TF_Output>& fetches, const std::vector<TF_Operation*>& targets,
                     TF_Tensor** fetched) const {
  session_run_(session_, nullptr, feeds.data(), values.data(), static_cast<int>(feeds.size()), fetches.data(), fetched,
               static_cast<int>(fetches.size()), targets.data(), static_cast<int>(targets.size()), nullptr, status_);
  Check("TF_SessionRun");
}

std::string GraphDefOfMetaGraph(const std::string& meta_graph) {
  size_t at = 0;
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0; at < meta_graph.size() && shift < 64; shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(meta_graph[at++]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < meta_graph.size()) {
    const uint64_t tag = varint();
    if ((tag & 7) != 2) Die("no MetaGraphDef");
    const uint64_t size = varint();
    if (size > meta_graph.size() - at) Die("no MetaGraphDef");
    if (tag >> 3 == 2) return meta_graph.substr(at, size);
    at += size;
  }
  Die("a MetaGraphDef without graph");
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) Die("can't read " + path + "; run from the source root");
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

}  // namespace tfpersist::bench
