#include "reference/graph/ops.h"

#include <utility>
#include <vector>

#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

absl::StatusOr<Output> AddConst(Graph& graph, tensorflow::TensorProto proto, const std::string& name) {
  Graph::NodeSpec spec;
  spec.op = "Const";
  spec.name = name;
  spec.attrs["dtype"].set_type(proto.dtype());
  *spec.attrs["value"].mutable_tensor() = std::move(proto);
  TFP_ASSIGN_OR_RETURN(Node * node, graph.AddNode(std::move(spec)));
  return node->output(0);
}

Output Recorded(Graph& graph, absl::StatusOr<Output> output) {
  if (output.ok()) return *output;
  graph.RecordError(output.status());
  return Output();
}

}  // namespace

absl::StatusOr<Output> AddConstant(Graph& graph, const Tensor& value, const std::string& name) {
  tensorflow::TensorProto proto;
  TensorToProto(value, &proto);
  return AddConst(graph, std::move(proto), name);
}

absl::StatusOr<Output> AddConstant(Graph& graph, const Tensor& scalar, const TensorShape& shape,
                                   const std::string& name) {
  tensorflow::TensorProto proto;
  TensorToProto(scalar, &proto);
  proto.mutable_tensor_shape()->Clear();
  shape.ToProto(proto.mutable_tensor_shape());
  return AddConst(graph, std::move(proto), name);
}

absl::StatusOr<Output> AddPlaceholder(Graph& graph, DataType dtype, const PartialTensorShape& shape,
                                      const std::string& name) {
  Graph::NodeSpec spec;
  spec.op = "Placeholder";
  spec.name = name;
  spec.attrs["dtype"].set_type(static_cast<tensorflow::DataType>(dtype));
  shape.ToProto(spec.attrs["shape"].mutable_shape());
  TFP_ASSIGN_OR_RETURN(Node * node, graph.AddNode(std::move(spec)));
  return node->output(0);
}

Output Constant(Graph& graph, const Tensor& value, const std::string& name) {
  return Recorded(graph, AddConstant(graph, value, name));
}

Output Placeholder(Graph& graph, DataType dtype, const PartialTensorShape& shape, const std::string& name) {
  return Recorded(graph, AddPlaceholder(graph, dtype, shape, name));
}

Output ConstantFill(Graph& graph, const Tensor& scalar, std::initializer_list<int64_t> dims, const std::string& name) {
  absl::StatusOr<TensorShape> shape = TensorShape::Create(dims);
  if (!shape.ok()) return Recorded(graph, shape.status());
  return Recorded(graph, AddConstant(graph, scalar, *shape, name));
}

}  // namespace tfpersist
