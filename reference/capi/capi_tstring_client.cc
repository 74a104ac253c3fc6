// The part of the test that speaks 2.x's string layout.
#include <string>
#include <vector>

#include "tensorflow/c/tf_tstring.h"

namespace tstring_client {

TF_Tensor* Make(const std::vector<std::string>& values) {
  const int64_t dims[] = {static_cast<int64_t>(values.size())};
  TF_Tensor* t = TF_AllocateTensor(TF_STRING, dims, 1, values.size() * sizeof(TF_TString));
  auto* strings = static_cast<TF_TString*>(TF_TensorData(t));
  for (size_t i = 0; i < values.size(); ++i) {
    TF_StringInit(&strings[i]);
    TF_StringCopy(&strings[i], values[i].data(), values[i].size());
  }
  return t;
}

std::vector<std::string> Read(const TF_Tensor* tensor) {
  const auto* strings = static_cast<const TF_TString*>(TF_TensorData(tensor));
  std::vector<std::string> values;
  for (size_t i = 0; i < TF_TensorByteSize(tensor) / sizeof(TF_TString); ++i) {
    values.emplace_back(TF_StringGetDataPointer(&strings[i]), TF_StringGetSize(&strings[i]));
  }
  return values;
}

}  // namespace tstring_client
