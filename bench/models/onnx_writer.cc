#include "bench/models/onnx_writer.h"

#include <cstring>
#include <fstream>

namespace tfpersist::bench {
namespace {

constexpr int kFloat = 1, kInt32 = 6, kInt64 = 7;
constexpr int kIrVersion = 8, kOpset = 17;

std::string ScopeOf(const std::string& name) { return name.substr(0, name.rfind('/')); }

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// TensorFlow's SAME: what is odd goes behind.
std::vector<int64_t> SamePads(int64_t size, int64_t kernel, int64_t stride) {
  const int64_t out = (size + stride - 1) / stride;
  const int64_t total = std::max<int64_t>((out - 1) * stride + kernel - size, 0), before = total / 2;
  return {before, before, total - before, total - before};
}

}  // namespace

OnnxWriter::OnnxWriter(const tensorflow::GraphDef& frozen) {
  for (const auto& node : frozen.node()) {
    if (node.op() == "Const") frozen_[node.name()] = &node.attr().at("value").tensor();
  }
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("tfpersist");
  model_.add_opset_import()->set_version(kOpset);
  model_.mutable_graph()->set_name("model");
}

onnx::Node* OnnxWriter::Node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs) {
  onnx::Node* node = model_.mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(name);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(name);
  return node;
}

void OnnxWriter::Ints(onnx::Node* node, const char* name, const std::vector<int64_t>& values) {
  onnx::Attribute* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::Attribute::INTS);
  for (const int64_t value : values) attribute->add_ints(value);
}

void OnnxWriter::Int(onnx::Node* node, const char* name, int64_t value) {
  onnx::Attribute* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::Attribute::INT);
  attribute->set_i(value);
}

void OnnxWriter::Float(onnx::Node* node, const char* name, float value) {
  onnx::Attribute* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::Attribute::FLOAT);
  attribute->set_f(value);
}

std::string OnnxWriter::Constant(const std::string& name, int type, const std::vector<int64_t>& dims,
                                 std::string bytes) {
  if (!written_.insert(name).second) return name;
  onnx::Tensor* tensor = model_.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (const int64_t dim : dims) tensor->add_dims(dim);
  tensor->set_raw_data(std::move(bytes));
  return name;
}

std::string OnnxWriter::Scalar(const std::string& name, float value) {
  return Constant(name, kFloat, {}, Bytes<float>({value}));
}

std::string OnnxWriter::Int64s(const std::string& name, const std::vector<int64_t>& values) {
  return Constant(name, kInt64, {static_cast<int64_t>(values.size())}, Bytes(values));
}

std::string OnnxWriter::Weights(const std::string& name) {
  const tensorflow::TensorProto& tensor = *frozen_.at(name);
  std::vector<int64_t> dims;
  for (const auto& dim : tensor.tensor_shape().dim()) dims.push_back(dim.size());
  return Constant(name, kFloat, dims, tensor.tensor_content());
}

std::string OnnxWriter::Filter(const std::string& name, bool depthwise) {
  const tensorflow::TensorProto& tensor = *frozen_.at(name);
  const auto dim = [&](int i) { return static_cast<size_t>(tensor.tensor_shape().dim(i).size()); };
  const size_t area = dim(0) * dim(1), in = dim(2), out = dim(3);
  const float* from = reinterpret_cast<const float*>(tensor.tensor_content().data());
  std::vector<float> to(area * in * out);
  for (size_t a = 0; a < area; ++a) {
    for (size_t i = 0; i < in; ++i) {
      for (size_t o = 0; o < out; ++o) {
        to[depthwise ? i * area + a : (o * in + i) * area + a] = from[(a * in + i) * out + o];
      }
    }
  }
  const int64_t height = static_cast<int64_t>(dim(0)), width = static_cast<int64_t>(dim(1));
  const int64_t first = static_cast<int64_t>(depthwise ? in : out), second = static_cast<int64_t>(depthwise ? 1 : in);
  return Constant(name, kFloat, {first, second, height, width}, Bytes(to));
}

void OnnxWriter::Describe(onnx::ValueInfo* info, const Value& value, int type) {
  info->set_name(value.name);
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (const int64_t size : value.dims) {
    auto* dim = tensor->mutable_shape()->add_dim();
    if (size < 0) {
      dim->set_dim_param("batch");
    } else {
      dim->set_dim_value(size);
    }
  }
}

Value OnnxWriter::Input(const std::string& name, bool ids, const std::vector<int64_t>& dims) {
  Value described{name, dims};
  if (dims.size() == 4) described.dims = {dims[0], dims[3], dims[1], dims[2]};
  Describe(model_.mutable_graph()->add_input(), described, ids ? kInt32 : kFloat);
  return {name, dims};
}

Value OnnxWriter::Conv(const std::string& name, const Value& x, const ConvOptions& options) {
  const int64_t k = options.kernel, out = options.depthwise ? x.channels() : options.channels;
  const std::string filter =
      Filter(ScopeOf(name) + (options.depthwise ? "/depthwise_weights" : "/kernel"), options.depthwise);
  onnx::Node* node = Node("Conv", name, {x.name, filter});
  const int64_t pad = (k - 1) / 2;
  Ints(node, "kernel_shape", {k, k});
  Ints(node, "strides", {options.stride, options.stride});
  Ints(node, "pads",
       options.fixed_padding ? std::vector<int64_t>{pad, pad, pad, pad} : SamePads(x.dims[1], k, options.stride));
  Int(node, "group", options.depthwise ? out : 1);
  const int64_t size = (x.dims[1] + options.stride - 1) / options.stride;
  return {name, {-1, size, size, out}};
}

Value OnnxWriter::Bias(const std::string& name, const Value& x) {
  const std::string bias = ScopeOf(name) + "/bias";
  if (x.dims.size() == 4) {
    Node("Add", name, {x.name, Constant(bias, kFloat, {1, x.channels(), 1, 1}, frozen_.at(bias)->tensor_content())});
  } else {
    Node("Add", name, {x.name, Weights(bias)});
  }
  return {name, x.dims};
}

Value OnnxWriter::BatchNorm(const std::string& name, const Value& x, float) {
  const std::string scope = ScopeOf(name);
  onnx::Node* node = Node("BatchNormalization", name,
                          {x.name, Weights(scope + "/gamma"), Weights(scope + "/beta"), Weights(scope + "/moving_mean"),
                           Weights(scope + "/moving_variance")});
  Float(node, "epsilon", 1e-5f);
  return {name, x.dims};
}

Value OnnxWriter::Activate(const std::string& name, const Value& x, Activation activation) {
  if (activation == Activation::kRelu6) {
    Node("Clip", name, {x.name, Scalar("zero", 0), Scalar("six", 6)});
  } else {
    Node("Relu", name, {x.name});
  }
  return {name, x.dims};
}

Value OnnxWriter::MaxPool(const std::string& name, const Value& x, int kernel, int stride) {
  onnx::Node* node = Node("MaxPool", name, {x.name});
  Ints(node, "kernel_shape", {kernel, kernel});
  Ints(node, "strides", {stride, stride});
  Ints(node, "pads", SamePads(x.dims[1], kernel, stride));
  const int64_t size = (x.dims[1] + stride - 1) / stride;
  return {name, {-1, size, size, x.channels()}};
}

Value OnnxWriter::AvgPool(const std::string& name, const Value& x, int kernel) {
  onnx::Node* node = Node("AveragePool", name, {x.name});
  Ints(node, "kernel_shape", {kernel, kernel});
  Ints(node, "strides", {1, 1});
  const int64_t size = x.dims[1] - kernel + 1;
  return {name, {-1, size, size, x.channels()}};
}

Value OnnxWriter::Mean(const std::string& name, const Value& x) {
  Node("GlobalAveragePool", name + "/pool", {x.name});
  Int(Node("Flatten", name, {name + "/pool"}), "axis", 1);
  return {name, {-1, x.channels()}};
}

Value OnnxWriter::Squeeze(const std::string& name, const Value& x) {
  Int(Node("Flatten", name, {x.name}), "axis", 1);
  return {name, {-1, x.channels()}};
}

Value OnnxWriter::Dense(const std::string& name, const Value& x, int64_t width, float) {
  Node("MatMul", name + "/MatMul", {x.name, Weights(name + "/kernel")});
  return Bias(name + "/BiasAdd", {name + "/MatMul", {x.dims[0], width}});
}

Value OnnxWriter::Softmax(const std::string& name, const Value& x) {
  Int(Node("Softmax", name, {x.name}), "axis", -1);
  return {name, x.dims};
}

Value OnnxWriter::Add(const std::string& name, const Value& x, const Value& y) {
  Node("Add", name, {x.name, y.name});
  return {name, x.dims};
}

Value OnnxWriter::AddWeights(const std::string& name, const Value& x, const std::vector<int64_t>&) {
  Node("Add", name, {x.name, Weights(name + "/weights")});
  return {name, x.dims};
}

Value OnnxWriter::Embed(const std::string& name, const Value& ids, int64_t, int64_t width) {
  Node("Gather", name, {Weights(name + "/embeddings"), ids.name});
  return {name, {-1, ids.dims[1], width}};
}

Value OnnxWriter::LayerNorm(const std::string& name, const Value& x) {
  onnx::Node* node = Node("LayerNormalization", name, {x.name, Weights(name + "/gamma"), Weights(name + "/beta")});
  Int(node, "axis", -1);
  Float(node, "epsilon", 1e-12f);
  return {name, x.dims};
}

// x / sqrt(2), erf, + 1, * x, * 0.5: the order that ONNX Runtime knows as one operation.
Value OnnxWriter::Gelu(const std::string& name, const Value& x) {
  Node("Div", name + "/Div", {x.name, Scalar("sqrt_of_2", 1.41421354f)});
  Node("Erf", name + "/Erf", {name + "/Div"});
  Node("Add", name + "/Add", {name + "/Erf", Scalar("one", 1)});
  Node("Mul", name + "/Mul", {x.name, name + "/Add"});
  Node("Mul", name, {name + "/Mul", Scalar("half", 0.5f)});
  return {name, x.dims};
}

Value OnnxWriter::Scale(const std::string& name, const Value& x, float factor) {
  Node("Mul", name, {x.name, Scalar(name + "/y", factor)});
  return {name, x.dims};
}

Value OnnxWriter::MatMul(const std::string& name, const Value& x, const Value& y, bool transpose_y) {
  std::string right = y.name;
  std::vector<int64_t> dims = x.dims;
  dims.back() = transpose_y ? y.dims[y.dims.size() - 2] : y.dims.back();
  if (transpose_y) {
    right = name + "/transposed";
    Ints(Node("Transpose", right, {y.name}), "perm", {0, 1, 3, 2});
  }
  Node("MatMul", name, {x.name, right});
  return {name, dims};
}

Value OnnxWriter::Reshape(const std::string& name, const Value& x, const std::vector<int64_t>& dims) {
  Node("Reshape", name, {x.name, Int64s(name + "/shape", dims)});
  return {name, dims};
}

Value OnnxWriter::Transpose(const std::string& name, const Value& x, const std::vector<int64_t>& order) {
  Ints(Node("Transpose", name, {x.name}), "perm", order);
  std::vector<int64_t> dims;
  for (const int64_t d : order) dims.push_back(x.dims[static_cast<size_t>(d)]);
  return {name, dims};
}

Value OnnxWriter::AttentionBias(const std::string& name, const Value& mask) {
  Node("Reshape", name + "/Reshape", {mask.name, Int64s(name + "/shape", {-1, 1, 1, mask.dims[1]})});
  Int(Node("Cast", name + "/Cast", {name + "/Reshape"}), "to", kFloat);
  Node("Sub", name + "/Sub", {Scalar("one", 1), name + "/Cast"});
  Node("Mul", name, {name + "/Sub", Scalar(name + "/y", -10000)});
  return {name, {-1, 1, 1, mask.dims[1]}};
}

void OnnxWriter::Finish(const Value& output, const std::string& file) {
  Describe(model_.mutable_graph()->add_output(), output, kFloat);
  std::ofstream out(file, std::ios::binary);
  model_.SerializeToOstream(&out);
}

}  // namespace tfpersist::bench
