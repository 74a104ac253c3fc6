#include "conformance/testees/c_api/api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>

namespace tfpersist::conform {

std::string Api::Load(const std::vector<std::string>& libraries) {
  // TensorFlow 2.x has other kernels, and other errors, on processors with some vectors; one answer for all machines.
  setenv("TF_ENABLE_ONEDNN_OPTS", "0", 0);
  void* handle = nullptr;
  for (const std::string& library : libraries) {
    handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL);
    if (handle == nullptr) return dlerror();
  }
  void* symbol;
#define F(name, result, arguments)                            \
  symbol = dlsym(handle, #name);                              \
  if (symbol == nullptr) symbol = dlsym(RTLD_DEFAULT, #name); \
  if (symbol == nullptr) return "the library has no " #name;  \
  std::memcpy(&name, &symbol, sizeof symbol);
  TFPERSIST_C_API(F)
#undef F
  tstrings = TF_Version()[0] == '2';
  return "";
}

}  // namespace tfpersist::conform
