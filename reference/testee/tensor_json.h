// Tensors as the protocol's JSON (PROTOCOL.md 4): values as text, large ones as .npy files beside the case's files.
#ifndef TFPERSIST_REFERENCE_TESTEE_TENSOR_JSON_H_
#define TFPERSIST_REFERENCE_TESTEE_TENSOR_JSON_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "reference/tensor/tensor.h"
#include "reference/testee/args.h"

namespace tfpersist::testee {

bool IsUtf8(absl::string_view bytes);
absl::StatusOr<std::string> FromHex(const std::string& hex, absl::string_view where);
absl::StatusOr<DataType> DataTypeFromJson(const Json& json, absl::string_view where);

absl::StatusOr<Tensor> TensorFromJson(const Json& json, absl::string_view where);

// `new_file` names a file for a tensor above 4 KiB; without one every tensor is written out.
using NewFile = std::function<std::string()>;
absl::StatusOr<Json> TensorToJson(const Tensor& tensor, const NewFile& new_file = nullptr);

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_TENSOR_JSON_H_
