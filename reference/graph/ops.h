// The nodes that every program begins with: tf.constant and tf.placeholder.
//
// Add…() returns errors. The short forms record them in the graph (graph.h) and return an Output that names nothing.
#ifndef TFPERSIST_REFERENCE_GRAPH_OPS_H_
#define TFPERSIST_REFERENCE_GRAPH_OPS_H_

#include <initializer_list>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// A Const with the whole of `value`.
absl::StatusOr<Output> AddConstant(Graph& graph, const Tensor& value, const std::string& name = "Const");
// A Const of `shape`, every element the one of `scalar`; stored as that one.
absl::StatusOr<Output> AddConstant(Graph& graph, const Tensor& scalar, const TensorShape& shape,
                                   const std::string& name = "Const");
absl::StatusOr<Output> AddPlaceholder(Graph& graph, DataType dtype, const PartialTensorShape& shape = {},
                                      const std::string& name = "Placeholder");

Output Constant(Graph& graph, const Tensor& value, const std::string& name = "Const");
Output Placeholder(Graph& graph, DataType dtype, const PartialTensorShape& shape = {},
                   const std::string& name = "Placeholder");
Output ConstantFill(Graph& graph, const Tensor& scalar, std::initializer_list<int64_t> shape, const std::string& name);

// tf.constant(1.0, shape=[1]): Constant(graph, 1.0f, {1}).
template <typename T, typename = std::enable_if_t<std::is_arithmetic_v<T>>>
Output Constant(Graph& graph, T value, std::initializer_list<int64_t> shape = {}, const std::string& name = "Const") {
  return ConstantFill(graph, Tensor::Scalar<T>(value), shape, name);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_OPS_H_
