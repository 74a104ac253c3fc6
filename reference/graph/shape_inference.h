// What is known about a node's output shapes before it runs: one function per op, in the tables of
// shape_inference_{array,math,nn,state}.cc; an op without one has unknown shapes. Follows
// core/framework/common_shape_fns.cc and the ops' own shape functions.
#ifndef TFPERSIST_REFERENCE_GRAPH_SHAPE_INFERENCE_H_
#define TFPERSIST_REFERENCE_GRAPH_SHAPE_INFERENCE_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "reference/graph/graph.h"
#include "reference/tensor/tensor_shape.h"

namespace tfpersist {

// One shape per output. `node` has its op, attrs, inputs and dtypes. INVALID_ARGUMENT with TensorFlow 1.11.0's text,
// for instance "Dimensions must be equal, but are 3 and 2 for 'm' (op: 'MatMul') with input shapes: [2,3], [2,4]."
// (H26).
absl::Status InferShapes(const Node& node, ShapeVector* shapes);

// What two shapes that must be equal say together. INVALID_ARGUMENT "Dimension 0 in both shapes must be equal, but are
// 2 and 3. Shapes are [2] and [3]."
absl::StatusOr<PartialTensorShape> MergeShapes(const PartialTensorShape& a, const PartialTensorShape& b);

// The value of a small integer vector or scalar as far as the graph tells it; INT64_MIN for an element that
// it doesn't tell. Nothing: not even the number of elements is known.
std::optional<std::vector<int64_t>> KnownIntegers(const Output& output);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_SHAPE_INFERENCE_H_
