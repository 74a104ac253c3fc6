// The optimizer: what it makes of known patterns, and that nobody can tell the difference: random graphs with random
// feeds and fetches give the same values and the same errors with it and without.
#include "reference/runtime/optimizer.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

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

std::string OpsOf(const RunMetadata& metadata) {
  std::vector<std::string> ops;
  for (const NodeStats& s : metadata.steps) ops.push_back(s.op);
  return absl::StrJoin(ops, " ");
}

// What runs for `fetches`, and that it gives what the nodes one by one give.
std::string Optimized(GraphMaker& g, const std::vector<DirectSession::Feed>& feeds,
                      const std::vector<Output>& fetches) {
  RunMetadata metadata;
  metadata.trace = true;
  Session fast(g.graph), plain(g.graph, {.optimize = false});
  auto got = fast.Run(feeds, fetches, {}, &metadata), want = plain.Run(feeds, fetches, {});
  EXPECT_TRUE(want.ok()) << want.status();
  EXPECT_TRUE(got.ok()) << got.status();
  if (!want.ok() || !got.ok()) return "";
  for (size_t f = 0; f < want->size(); ++f) {
    EXPECT_EQ((*got)[f].shape(), (*want)[f].shape());
    for (int64_t i = 0; i < (*want)[f].num_elements(); ++i) {
      const float w = (*want)[f].flat<float>()[i], v = (*got)[f].flat<float>()[i];
      EXPECT_NEAR(v, w, 1e-4f * (1.0f + std::abs(w))) << "fetch " << f << ", element " << i;
      if (std::abs(v - w) > 1e-4f * (1.0f + std::abs(w))) return "";
    }
  }
  return OpsOf(metadata);
}

TEST(Optimizer, BatchNormGoesIntoTheFilter) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 3});
  const Output y = g.Add("Relu", {g.BatchNorm(g.Conv(x, 3, 5), 5)});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 8, 3}))}}, {y}), "_FusedConv2D");
}

TEST(Optimizer, AResidualBlockIsTwoSteps) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 4});
  const Output a = g.Add("Relu6", {g.BatchNorm(g.Conv(x, 4, 4), 4)});
  const Output y = g.Add("Relu", {g.Add("Add", {g.BatchNorm(g.Conv(a, 4, 4), 4), x})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 8, 4}))}}, {y}), "_FusedConv2D _FusedConv2D");
}

TEST(Optimizer, WhatIsConvolvedMayBeWhatIsAdded) {
  GraphMaker g;
  const Output x = g.Placeholder({2, 8, 8, 4});
  const Output a = g.Add("Relu", {g.Conv(x, 4, 4)});
  const Output y = g.Add("Add", {g.BatchNorm(g.Conv(a, 4, 4, 1), 4), a});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 8, 4}))}}, {y}), "_FusedConv2D _FusedConv2D");
}

TEST(Optimizer, ScalesAndShiftsGoIntoTheFilter) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 3});
  const Output y =
      g.Add("Sub", {g.Add("Mul", {g.Random({5}), g.Add("BiasAdd", {g.Conv(x, 3, 5), g.Random({5})})}), g.Random({5})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 8, 3}))}}, {y}), "_FusedConv2D");
}

TEST(Optimizer, ADenseLayerIsOneStep) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 40});
  const Output y = g.Add("Relu", {g.Add("BiasAdd", {g.Add("MatMul", {x, g.Random({40, 50})}), g.Random({50})})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({3, 40}))}}, {y}), "_FusedMatMul");
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({100, 40}))}}, {y}), "_FusedMatMul");
}

TEST(Optimizer, AnElementwiseChainIsOneStep) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 200});
  const Output half = Constant(g.graph, Tensor::Scalar(0.5f)), one = Constant(g.graph, Tensor::Scalar(1.0f));
  const Output cube = g.Add("Mul", {g.Add("Mul", {x, x}), x});
  const Output inner =
      g.Add("Tanh", {g.Add("Add", {x, g.Add("Mul", {Constant(g.graph, Tensor::Scalar(0.044715f)), cube})})});
  const Output y = g.Add("Mul", {x, g.Add("Mul", {half, g.Add("Add", {one, inner})})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({70, 200}), -3, 3)}}, {y}), "_FusedElementwise");
  // A norm's tail: one value for each row, one for each column.
  const Output scale = g.Placeholder({-1, 1});
  const Output z = g.Add("Add", {g.Add("Mul", {g.Add("Mul", {x, scale}), g.Random({200})}), g.Random({200})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({70, 200}))}, {scale, g.Values(TensorShape({70, 1}))}}, {z}),
            "_FusedElementwise");
}

TEST(Optimizer, WhatIsFedOrFetchedKeepsItsPlace) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 3});
  const Output conv = g.Conv(x, 3, 5), norm = g.BatchNorm(conv, 5), y = g.Add("Relu", {norm});
  const Tensor value = g.Values(TensorShape({2, 8, 8, 3}));
  EXPECT_EQ(Optimized(g, {{x, value}}, {y, norm}), "_FusedConv2D Relu");
  EXPECT_EQ(Optimized(g, {{x, value}}, {conv, y}), "Conv2D FusedBatchNorm Relu");
  EXPECT_EQ(Optimized(g, {{conv, g.Values(TensorShape({2, 8, 8, 5}))}}, {y}), "FusedBatchNorm Relu");
  EXPECT_EQ(Optimized(g, {{norm, g.Values(TensorShape({2, 8, 8, 5}))}}, {y}), "Relu");
  // A weight that is fed is no constant.
  const Output w = g.Random({3, 3, 3, 5}), read = g.Add("Identity", {w});
  const Output z = g.BatchNorm(g.Conv(x, read), 5);
  EXPECT_EQ(Optimized(g, {{x, value}}, {z}), "_FusedConv2D");
  EXPECT_EQ(Optimized(g, {{x, value}, {w, g.Values(TensorShape({3, 3, 3, 5}))}}, {z}),
            "Identity Conv2D FusedBatchNorm");
  EXPECT_EQ(Optimized(g, {{x, value}, {read, g.Values(TensorShape({3, 3, 3, 5}))}}, {z}), "Conv2D FusedBatchNorm");
}

TEST(Optimizer, ConstantsAreFolded) {
  GraphMaker g;
  const Output x = g.Placeholder({4});
  const Output sum = g.Add("Add", {g.Random({4}), g.Add("Neg", {g.Random({4})})});
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({4}))}}, {g.Add("Add", {x, sum}), sum}), "Add");
}

TEST(Optimizer, ErrorsNameTheNodes) {
  GraphMaker g;
  tensorflow::AttrValue dtype;
  dtype.set_type(tensorflow::DT_FLOAT);
  const Output x = g.Add("Placeholder", {}, {{"dtype", dtype}}), r = g.Add("Placeholder", {}, {{"dtype", dtype}});
  const Output conv = g.Conv(x, 3, 5);
  const Output y = g.Add("Relu", {g.Add("Add", {g.BatchNorm(conv, 5), r})});
  const Output sum = g.Add("Tanh", {g.Add("Mul", {g.Add("Add", {x, r}), x})});
  Session fast(g.graph), plain(g.graph, {.optimize = false});
  for (const Output& fetch : {y, sum}) {
    for (const std::vector<int64_t>& xs : {std::vector<int64_t>{1, 4, 4, 3}, {1, 4, 4, 2}, {4, 3}, {0, 4, 4, 3}}) {
      for (const std::vector<int64_t>& rs :
           {std::vector<int64_t>{1, 4, 4, 5}, {1, 4, 4, 4}, {5}, {1, 1, 5}, {}, {2, 1, 1, 1}}) {
        const std::vector<DirectSession::Feed> feeds = {{x, g.Values(*TensorShape::Create(xs))},
                                                        {r, g.Values(*TensorShape::Create(rs))}};
        auto got = fast.Run(feeds, {fetch}, {}), want = plain.Run(feeds, {fetch}, {});
        EXPECT_EQ(got.status(), want.status());
        if (got.ok() && want.ok()) EXPECT_EQ((*got)[0].shape(), (*want)[0].shape());
      }
    }
  }
}

// A graph of ten to forty nodes, of shapes that go together and some that don't.
TEST(Optimizer, RandomGraphsGiveTheSame) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    GraphMaker g(seed);
    const std::vector<std::vector<int64_t>> shapes = {{2, 6, 6, 4}, {4}, {}, {2, 6, 6, 1}, {1}};
    std::vector<Output> images = {g.Placeholder({-1, 6, 6, 4})}, any = images;
    std::vector<DirectSession::Feed> feeds = {{images[0], g.Values(TensorShape({2, 6, 6, 4}))}};
    for (int i = 0; i < 3; ++i) any.push_back(g.Random(shapes[g.Below(5)]));
    const int nodes = 10 + g.Below(30);
    for (int i = 0; i < nodes; ++i) {
      auto image = [&] { return images[g.Below(static_cast<int>(images.size()))]; };
      auto value = [&] { return any[g.Below(static_cast<int>(any.size()))]; };
      Output made;
      switch (g.Below(9)) {
        case 0:
          made = g.Conv(image(), 4, 4, 1 + 2 * g.Below(2));
          break;
        case 1:
          made = g.BatchNorm(image(), 4);
          break;
        case 2:
          made = g.Add("BiasAdd", {image(), g.Random({4})});
          break;
        case 3:
          made = g.Add(g.Below(2) ? "Relu" : "Sigmoid", {value()});
          break;
        case 4:
          made = g.Add(g.Below(2) ? "Tanh" : "Neg", {value()});
          break;
        case 5:
          made = g.Add("Identity", {value()});
          break;
        default:
          made = g.Add(std::vector<std::string>{"Add", "Sub", "Mul", "Maximum"}[g.Below(4)], {value(), value()});
      }
      any.push_back(made);
      if (made.shape().rank() == 4 && made.shape().dim(3) == 4) images.push_back(made);
    }
    std::vector<Output> fetches = {any.back()};
    for (int i = g.Below(3); i > 0; --i) fetches.push_back(any[g.Below(static_cast<int>(any.size()))]);
    if (g.Below(2)) {
      const Output fed = images[g.Below(static_cast<int>(images.size()))];
      if (!(fed == images[0])) feeds.emplace_back(fed, g.Values(TensorShape({2, 6, 6, 4})));
    }
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Optimized(g, feeds, fetches);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tfpersist
