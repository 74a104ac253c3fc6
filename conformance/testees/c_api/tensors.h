// The protocol's tensors to TF_Tensors and back.
#ifndef TFPERSIST_CONFORMANCE_TESTEES_C_API_TENSORS_H_
#define TFPERSIST_CONFORMANCE_TESTEES_C_API_TENSORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "conformance/runner/json.h"
#include "conformance/testees/c_api/api.h"

namespace tfpersist::conform {

// TensorFlow's number of a dtype's name ("float32"), or 0.
int DataTypeNumber(const std::string& name);

// A new tensor. Files of npy tensors lie in the working folder.
absl::StatusOr<TF_Tensor*> TensorFromJson(const Api& api, const Json& json);
// Floats as hexadecimal text, which keeps their bits. UNIMPLEMENTED for resources and variants.
absl::StatusOr<Json> TensorToJson(const Api& api, const TF_Tensor* tensor);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_TESTEES_C_API_TENSORS_H_
