// Tensor <-> TensorProto, as TensorFlow 1.11.0 reads and writes it (core/framework/tensor.cc, python/framework/
// tensor_util.py; semantics T01-T10).
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_PROTO_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_PROTO_H_

#include <memory>

#include "absl/status/statusor.h"
#include "reference/base/limits.h"
#include "reference/tensor/tensor.h"

namespace tensorflow {
class TensorProto;
class VariantTensorDataProto;
}  // namespace tensorflow

namespace tfpersist {

// The tensor that a proto means: tensor_content if there is any, else the typed field, whose last value repeats. Sizes
// are checked before memory is taken. INVALID_ARGUMENT "Cannot parse tensor from proto: …" if it means none.
absl::StatusOr<Tensor> TensorFromProto(const tensorflow::TensorProto& proto, const Limits& limits = {});
// The same; a large tensor_content is not copied but lies under the tensor, which keeps the proto. REQUIRES: nobody
// changes the proto any more.
absl::StatusOr<Tensor> TensorOverProto(std::shared_ptr<const tensorflow::TensorProto> proto, const Limits& limits = {});

// As make_tensor_proto writes a numpy value: one element, strings, bools and half in the typed field, other arrays of
// several elements in tensor_content.
void TensorToProto(const Tensor& tensor, tensorflow::TensorProto* proto);
// Every value in the typed field (Tensor::AsProtoField).
void TensorToProtoField(const Tensor& tensor, tensorflow::TensorProto* proto);

absl::StatusOr<Variant> VariantFromProto(const tensorflow::VariantTensorDataProto& proto, const Limits& limits);
void VariantToProto(const Variant& variant, tensorflow::VariantTensorDataProto* proto);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_PROTO_H_
