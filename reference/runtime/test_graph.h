// Graphs for tests of what runs them: nodes with seeded constants.
#ifndef TFPERSIST_REFERENCE_RUNTIME_TEST_GRAPH_H_
#define TFPERSIST_REFERENCE_RUNTIME_TEST_GRAPH_H_

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/tfpersist.h"

namespace tfpersist {

class GraphMaker {
 public:
  explicit GraphMaker(unsigned seed = 1) : random_(seed) {}

  Graph graph;

  Output Add(const std::string& op, std::vector<Output> inputs, std::map<std::string, tensorflow::AttrValue> attrs = {},
             std::vector<Node*> controls = {}) {
    absl::StatusOr<Node*> node = graph.AddNode(
        {op, absl::StrCat("n", graph.num_nodes()), std::move(inputs), std::move(controls), std::move(attrs), "", {}});
    EXPECT_TRUE(node.ok()) << op << ": " << node.status();
    return (*node)->output(0);
  }
  Output Placeholder(std::vector<int64_t> dims) {
    tensorflow::AttrValue dtype, shape;
    dtype.set_type(tensorflow::DT_FLOAT);
    for (int64_t d : dims) shape.mutable_shape()->add_dim()->set_size(d);
    return Add("Placeholder", {}, {{"dtype", dtype}, {"shape", shape}});
  }
  Output Random(std::vector<int64_t> dims, float low = -1, float high = 1) {
    return Constant(graph, Values(*TensorShape::Create(dims), low, high));
  }
  Tensor Values(const TensorShape& shape, float low = -1, float high = 1) {
    Tensor t = *Tensor::Allocate(DT_FLOAT, shape);
    std::uniform_real_distribution<float> value(low, high);
    for (float& v : t.flat<float>()) v = value(random_);
    return t;
  }
  Output Conv(Output x, int64_t in, int64_t out, int64_t size = 3) { return Conv(x, Random({size, size, in, out})); }
  Output Conv(Output x, Output filter) {
    tensorflow::AttrValue strides, padding;
    for (int i = 0; i < 4; ++i) strides.mutable_list()->add_i(1);
    padding.set_s("SAME");
    return Add("Conv2D", {x, filter}, {{"strides", strides}, {"padding", padding}});
  }
  Output Ints(std::vector<int32_t> values, std::vector<int64_t> dims) {
    Tensor t = *Tensor::Allocate(DT_INT32, *TensorShape::Create(dims));
    std::copy(values.begin(), values.end(), t.flat<int32_t>().begin());
    return Constant(graph, t);
  }
  // Zeros around the image, then a convolution without padding of its own.
  Output PadConv(Output x, int64_t in, int64_t out, std::vector<int32_t> pads, int stride) {
    tensorflow::AttrValue strides, padding;
    for (int s : {1, stride, stride, 1}) strides.mutable_list()->add_i(s);
    padding.set_s("VALID");
    return Add("Conv2D", {Add("Pad", {x, Ints(pads, {4, 2})}), Random({3, 3, in, out})},
               {{"strides", strides}, {"padding", padding}});
  }
  Output Mean(Output x, int axis) {
    tensorflow::AttrValue keep;
    keep.set_b(true);
    return Add("Mean", {x, Ints({axis}, {1})}, {{"keep_dims", keep}});
  }
  // As tf.contrib.layers.layer_norm has it.
  Output LayerNorm(Output x, int64_t depth, int axis, Output* moment = nullptr) {
    const Output mean = Mean(x, axis);
    const Output variance = Mean(Add("SquaredDifference", {x, Add("StopGradient", {mean})}), axis);
    const Output rsqrt = Add("Rsqrt", {Add("Add", {variance, Constant(graph, Tensor::Scalar(1e-3f))})});
    const Output by = Add("Mul", {rsqrt, Random({depth}, 0.5f, 1.5f)});
    const Output scaled = Add("Mul", {x, by});
    if (moment != nullptr) *moment = mean;
    return Add("Add", {scaled, Add("Sub", {Random({depth}), Add("Mul", {mean, by})})});
  }
  Output BatchNorm(Output x, int64_t channels) {
    tensorflow::AttrValue training;
    training.set_b(false);
    return Add("FusedBatchNorm",
               {x, Random({channels}), Random({channels}), Random({channels}), Random({channels}, 0.5f, 2.0f)},
               {{"is_training", training}});
  }
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

 private:
  std::mt19937 random_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_TEST_GRAPH_H_
