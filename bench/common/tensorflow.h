// Real TensorFlow's C API, loaded by path: a competitor in a process of its own, without Python.
//
// A wheel's libraries want some 150 of Python's symbols at load and call none of them; `--python-symbols` of the bench
// programs names a library that defines them (bench/run makes it). Errors end the program: a benchmark has no use for
// half a competitor.
#ifndef TFPERSIST_BENCH_COMMON_TENSORFLOW_H_
#define TFPERSIST_BENCH_COMMON_TENSORFLOW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tfpersist::bench {

struct TF_Status;
struct TF_Graph;
struct TF_Session;
struct TF_Operation;
struct TF_Tensor;
struct TF_Buffer {
  const void* data;
  size_t length;
  void (*data_deallocator)(void*, size_t);
};
struct TF_Output {
  TF_Operation* oper;
  int index;
};

inline constexpr int kTfFloat = 1, kTfInt32 = 3, kTfString = 7;

class TensorFlow {
 public:
  // `libraries` in the order in which they are to be loaded.
  explicit TensorFlow(const std::vector<std::string>& libraries);

  const char* version() const { return version_(); }
  // A graph of the serialized GraphDef, and a session of it with so many threads.
  void Import(const std::string& graph_def, int threads);
  TF_Output output(const std::string& name, int index = 0) const;
  TF_Operation* operation(const std::string& name) const;
  // One string as a scalar tensor, in the layout of this version.
  TF_Tensor* StringScalar(const std::string& value) const;
  TF_Tensor* Allocate(int dtype, const std::vector<int64_t>& dims, size_t bytes) const {
    return allocate_tensor_(dtype, dims.data(), static_cast<int>(dims.size()), bytes);
  }
  void Delete(TF_Tensor* tensor) const { delete_tensor_(tensor); }
  void* data(TF_Tensor* tensor) const { return tensor_data_(tensor); }
  size_t bytes(TF_Tensor* tensor) const { return tensor_bytes_(tensor); }
  // Element `i` of `n` of a tensor of strings.
  std::string Text(TF_Tensor* tensor, int64_t n, int64_t i) const;

  // Runs; `fetched` gets one new tensor per fetch.
  void Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& values,
           const std::vector<TF_Output>& fetches, const std::vector<TF_Operation*>& targets, TF_Tensor** fetched) const;

 private:
  void Check(const char* what) const;

  const char* (*version_)();
  TF_Status* (*new_status_)();
  int (*get_code_)(const TF_Status*);
  const char* (*message_)(const TF_Status*);
  TF_Graph* (*new_graph_)();
  void* (*new_import_options_)();
  void (*import_graph_def_)(TF_Graph*, const TF_Buffer*, void*, TF_Status*);
  void* (*new_session_options_)();
  void (*set_config_)(void*, const void*, size_t, TF_Status*);
  TF_Session* (*new_session_)(TF_Graph*, void*, TF_Status*);
  TF_Operation* (*operation_by_name_)(TF_Graph*, const char*);
  TF_Tensor* (*allocate_tensor_)(int, const int64_t*, int, size_t);
  void* (*tensor_data_)(const TF_Tensor*);
  size_t (*tensor_bytes_)(const TF_Tensor*);
  void (*delete_tensor_)(TF_Tensor*);
  size_t (*string_encoded_size_)(size_t);
  size_t (*string_encode_)(const char*, size_t, char*, size_t, TF_Status*);
  size_t (*string_decode_)(const char*, size_t, const char**, size_t*, TF_Status*);
  void (*session_run_)(TF_Session*, const TF_Buffer*, const TF_Output*, TF_Tensor* const*, int, const TF_Output*,
                       TF_Tensor**, int, const TF_Operation* const*, int, TF_Buffer*, TF_Status*);
  // 2.x only
  void (*tstring_init_)(void*) = nullptr;
  void (*tstring_copy_)(void*, const char*, size_t) = nullptr;
  const char* (*tstring_data_)(const void*) = nullptr;
  size_t (*tstring_size_)(const void*) = nullptr;

  TF_Status* status_ = nullptr;
  TF_Graph* graph_ = nullptr;
  TF_Session* session_ = nullptr;
};

// The graph_def of a serialized MetaGraphDef (field 2).
std::string GraphDefOfMetaGraph(const std::string& meta_graph);
std::string ReadFile(const std::string& path);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_COMMON_TENSORFLOW_H_
