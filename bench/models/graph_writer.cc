#include "bench/models/graph_writer.h"

#include <cmath>
#include <fstream>

#include "bench/models/numbers.h"

namespace tfpersist::bench {
namespace {

constexpr int kFloat = 1, kInt32 = 3;

int64_t Product(const std::vector<int64_t>& dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) product *= dim;
  return product;
}

void SetInts(tensorflow::NodeDef* node, const char* attr, std::initializer_list<int64_t> values) {
  auto* list = (*node->mutable_attr())[attr].mutable_list();
  for (const int64_t value : values) list->add_i(value);
}

void SetString(tensorflow::NodeDef* node, const char* attr, const char* value) {
  (*node->mutable_attr())[attr].set_s(value);
}

void SetBool(tensorflow::NodeDef* node, const char* attr, bool value) { (*node->mutable_attr())[attr].set_b(value); }

// "scope/Op" -> "scope": where TensorFlow's layers keep their variables.
std::string ScopeOf(const std::string& name) { return name.substr(0, name.rfind('/')); }

}  // namespace

GraphWriter::GraphWriter() { graph_.mutable_versions()->set_producer(26); }

tensorflow::NodeDef* GraphWriter::Node(const std::string& op, const std::string& name,
                                       const std::vector<std::string>& inputs, const Types& types) {
  tensorflow::NodeDef* node = graph_.add_node();
  node->set_op(op);
  node->set_name(name);
  for (const std::string& input : inputs) node->add_input(input);
  for (const auto& [attr, dtype] : types) {
    (*node->mutable_attr())[attr].set_type(static_cast<tensorflow::DataType>(dtype));
  }
  return node;
}

std::string GraphWriter::Const(const std::string& name, int dtype, const std::vector<int64_t>& dims, const void* data,
                               size_t bytes) {
  tensorflow::NodeDef* node = Node("Const", name, {}, {{"dtype", dtype}});
  tensorflow::TensorProto* tensor = (*node->mutable_attr())["value"].mutable_tensor();
  tensor->set_dtype(static_cast<tensorflow::DataType>(dtype));
  for (const int64_t dim : dims) tensor->mutable_tensor_shape()->add_dim()->set_size(dim);
  if (!dims.empty()) tensor->mutable_tensor_shape();
  tensor->set_tensor_content(std::string(static_cast<const char*>(data), bytes));
  return name;
}

std::string GraphWriter::Floats(const std::string& name, const std::vector<int64_t>& dims,
                                const std::vector<float>& values) {
  return Const(name, kFloat, dims, values.data(), values.size() * sizeof(float));
}

std::string GraphWriter::Scalar(const std::string& name, float value) { return Floats(name, {}, {value}); }

std::string GraphWriter::Ints(const std::string& name, const std::vector<int64_t>& values) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  return Const(name, kInt32, {static_cast<int64_t>(narrow.size())}, narrow.data(), narrow.size() * sizeof(int32_t));
}

std::string GraphWriter::Int(const std::string& name, int32_t value) {
  return Const(name, kInt32, {}, &value, sizeof value);
}

std::string GraphWriter::Variable(const std::string& name, const std::vector<int64_t>& dims, float scale, float mean) {
  Floats(name, dims, Numbers(name).Normals(Product(dims), scale, mean));
  return Node("Identity", name + "/read", {name})->name();
}

Value GraphWriter::Input(const std::string& name, bool ids, const std::vector<int64_t>& dims) {
  auto* node = Node("Placeholder", name, {}, {{"dtype", ids ? kInt32 : kFloat}});
  for (const int64_t dim : dims) (*node->mutable_attr())["shape"].mutable_shape()->add_dim()->set_size(dim);
  return {name, dims};
}

Value GraphWriter::Conv(const std::string& name, const Value& x, const ConvOptions& options) {
  const int64_t in = x.channels(), out = options.depthwise ? in : options.channels;
  const int k = options.kernel;
  const float scale = std::sqrt(2.0f / static_cast<float>(k * k * (options.depthwise ? 1 : in)));
  std::string input = x.name;
  const bool pad = options.fixed_padding && k > 1;
  if (pad) {
    const int32_t before = (k - 1) / 2, after = k - 1 - before;
    const int32_t paddings[] = {0, 0, before, after, before, after, 0, 0};
    const std::string pads = Const(ScopeOf(name) + "/Pad/paddings", kInt32, {4, 2}, paddings, sizeof paddings);
    input = Node("Pad", ScopeOf(name) + "/Pad", {input, pads}, {{"T", kFloat}, {"Tpaddings", kInt32}})->name();
  }
  const std::string filter = Variable(ScopeOf(name) + (options.depthwise ? "/depthwise_weights" : "/kernel"),
                                      {k, k, in, options.depthwise ? 1 : out}, scale);
  auto* node = Node(options.depthwise ? "DepthwiseConv2dNative" : "Conv2D", name, {input, filter});
  SetInts(node, "strides", {1, options.stride, options.stride, 1});
  SetInts(node, "dilations", {1, 1, 1, 1});
  SetString(node, "padding", pad || options.fixed_padding ? "VALID" : "SAME");
  SetString(node, "data_format", "NHWC");
  if (!options.depthwise) SetBool(node, "use_cudnn_on_gpu", true);
  const int64_t size = (x.dims[1] + options.stride - 1) / options.stride;
  return {name, {-1, size, size, out}};
}

Value GraphWriter::Bias(const std::string& name, const Value& x) {
  auto* node = Node("BiasAdd", name, {x.name, Variable(ScopeOf(name) + "/bias", {x.channels()}, 0.1f)});
  SetString(node, "data_format", "NHWC");
  return {name, x.dims};
}

Value GraphWriter::BatchNorm(const std::string& name, const Value& x, float gamma) {
  const std::string scope = ScopeOf(name);
  const std::vector<int64_t> channels = {x.channels()};
  const std::string scale = Variable(scope + "/gamma", channels, 0.1f * gamma, gamma);
  const std::string offset = Variable(scope + "/beta", channels, 0.1f);
  const std::string mean = Variable(scope + "/moving_mean", channels, 0.1f);
  const std::string variance = Variable(scope + "/moving_variance", channels, 0.2f, 1.5f);
  auto* node = Node("FusedBatchNorm", name, {x.name, scale, offset, mean, variance});
  (*node->mutable_attr())["epsilon"].set_f(1e-5f);
  SetString(node, "data_format", "NHWC");
  SetBool(node, "is_training", false);
  return {name, x.dims};
}

Value GraphWriter::Activate(const std::string& name, const Value& x, Activation activation) {
  Node(activation == Activation::kRelu6 ? "Relu6" : "Relu", name, {x.name});
  return {name, x.dims};
}

Value GraphWriter::Pool(const char* op, const std::string& name, const Value& x, int kernel, int stride,
                        const char* padding) {
  auto* node = Node(op, name, {x.name});
  SetInts(node, "ksize", {1, kernel, kernel, 1});
  SetInts(node, "strides", {1, stride, stride, 1});
  SetString(node, "padding", padding);
  SetString(node, "data_format", "NHWC");
  const int64_t size = padding[0] == 'S' ? (x.dims[1] + stride - 1) / stride : (x.dims[1] - kernel) / stride + 1;
  return {name, {-1, size, size, x.channels()}};
}

Value GraphWriter::MaxPool(const std::string& name, const Value& x, int kernel, int stride) {
  return Pool("MaxPool", name, x, kernel, stride, "SAME");
}

Value GraphWriter::AvgPool(const std::string& name, const Value& x, int kernel) {
  return Pool("AvgPool", name, x, kernel, 1, "VALID");
}

Value GraphWriter::Mean(const std::string& name, const Value& x) {
  auto* node =
      Node("Mean", name, {x.name, Ints(name + "/reduction_indices", {1, 2})}, {{"T", kFloat}, {"Tidx", kInt32}});
  SetBool(node, "keep_dims", false);
  return {name, {-1, x.channels()}};
}

Value GraphWriter::Squeeze(const std::string& name, const Value& x) {
  SetInts(Node("Squeeze", name, {x.name}), "squeeze_dims", {1, 2});
  return {name, {-1, x.channels()}};
}

Value GraphWriter::Dense(const std::string& name, const Value& x, int64_t width, float scale) {
  const std::string kernel = Variable(name + "/kernel", {x.channels(), width}, scale);
  auto* node = Node("MatMul", name + "/MatMul", {x.name, kernel});
  SetBool(node, "transpose_a", false);
  SetBool(node, "transpose_b", false);
  return Bias(name + "/BiasAdd", {name + "/MatMul", {x.dims[0], width}});
}

Value GraphWriter::Softmax(const std::string& name, const Value& x) {
  Node("Softmax", name, {x.name});
  return {name, x.dims};
}

Value GraphWriter::Add(const std::string& name, const Value& x, const Value& y) {
  Node("Add", name, {x.name, y.name});
  return {name, x.dims};
}

Value GraphWriter::AddWeights(const std::string& name, const Value& x, const std::vector<int64_t>& dims) {
  Node("Add", name, {x.name, Variable(name + "/weights", dims, 0.1f)});
  return {name, x.dims};
}

Value GraphWriter::Embed(const std::string& name, const Value& ids, int64_t rows, int64_t width) {
  const std::string table = Variable(name + "/embeddings", {rows, width}, 0.5f);
  Node("GatherV2", name, {table, ids.name, Int(name + "/axis", 0)},
       {{"Tparams", kFloat}, {"Tindices", kInt32}, {"Taxis", kInt32}});
  return {name, {-1, ids.dims[1], width}};
}

// As tf.contrib.layers.layer_norm writes it.
Value GraphWriter::LayerNorm(const std::string& name, const Value& x) {
  const std::string gamma = Variable(name + "/gamma", {x.channels()}, 0.1f, 1);
  const std::string beta = Variable(name + "/beta", {x.channels()}, 0.1f);
  const std::string in = name + "/moments/", out = name + "/batchnorm/";
  const auto mean = [&](const std::string& mean_name, const std::string& of) {
    auto* node =
        Node("Mean", mean_name, {of, Ints(mean_name + "/reduction_indices", {static_cast<int64_t>(x.dims.size()) - 1})},
             {{"T", kFloat}, {"Tidx", kInt32}});
    SetBool(node, "keep_dims", true);
  };
  mean(in + "mean", x.name);
  Node("StopGradient", in + "StopGradient", {in + "mean"});
  Node("SquaredDifference", in + "SquaredDifference", {x.name, in + "StopGradient"});
  mean(in + "variance", in + "SquaredDifference");
  Node("Add", out + "add", {in + "variance", Scalar(out + "add/y", 1e-12f)});
  Node("Rsqrt", out + "Rsqrt", {out + "add"});
  Node("Mul", out + "mul", {out + "Rsqrt", gamma});
  Node("Mul", out + "mul_1", {x.name, out + "mul"});
  Node("Mul", out + "mul_2", {in + "mean", out + "mul"});
  Node("Sub", out + "sub", {beta, out + "mul_2"});
  Node("Add", name, {out + "mul_1", out + "sub"});
  return {name, x.dims};
}

// As BERT's first release has it: input * 0.5 * (1 + erf(input / sqrt(2))).
Value GraphWriter::Gelu(const std::string& name, const Value& x) {
  Node("RealDiv", name + "/truediv", {x.name, Scalar(name + "/Sqrt", 1.41421354f)});
  Node("Erf", name + "/Erf", {name + "/truediv"});
  Node("Add", name + "/add", {Scalar(name + "/add/x", 1), name + "/Erf"});
  Node("Mul", name + "/mul", {Scalar(name + "/mul/x", 0.5f), name + "/add"});
  Node("Mul", name, {x.name, name + "/mul"});
  return {name, x.dims};
}

Value GraphWriter::Scale(const std::string& name, const Value& x, float factor) {
  Node("Mul", name, {x.name, Scalar(name + "/y", factor)});
  return {name, x.dims};
}

Value GraphWriter::MatMul(const std::string& name, const Value& x, const Value& y, bool transpose_y) {
  auto* node = Node("BatchMatMul", name, {x.name, y.name});
  SetBool(node, "adj_x", false);
  SetBool(node, "adj_y", transpose_y);
  std::vector<int64_t> dims = x.dims;
  dims.back() = transpose_y ? y.dims[y.dims.size() - 2] : y.dims.back();
  return {name, dims};
}

Value GraphWriter::Reshape(const std::string& name, const Value& x, const std::vector<int64_t>& dims) {
  Node("Reshape", name, {x.name, Ints(name + "/shape", dims)}, {{"T", kFloat}, {"Tshape", kInt32}});
  return {name, dims};
}

Value GraphWriter::Transpose(const std::string& name, const Value& x, const std::vector<int64_t>& order) {
  Node("Transpose", name, {x.name, Ints(name + "/perm", order)}, {{"T", kFloat}, {"Tperm", kInt32}});
  std::vector<int64_t> dims;
  for (const int64_t d : order) dims.push_back(x.dims[static_cast<size_t>(d)]);
  return {name, dims};
}

Value GraphWriter::AttentionBias(const std::string& name, const Value& mask) {
  Node("Reshape", name + "/Reshape", {mask.name, Ints(name + "/Reshape/shape", {-1, 1, 1, mask.dims[1]})},
       {{"T", kInt32}, {"Tshape", kInt32}});
  Node("Cast", name + "/Cast", {name + "/Reshape"}, {{"SrcT", kInt32}, {"DstT", kFloat}});
  Node("Sub", name + "/sub", {Scalar(name + "/sub/x", 1), name + "/Cast"});
  Node("Mul", name, {name + "/sub", Scalar(name + "/mul/y", -10000)});
  return {name, {-1, 1, 1, mask.dims[1]}};
}

void GraphWriter::Finish(const Value&, const std::string& file) {
  std::ofstream out(file, std::ios::binary);
  graph_.SerializeToOstream(&out);
}

}  // namespace tfpersist::bench
