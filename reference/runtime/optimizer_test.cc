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
#include "reference/runtime/test_graph.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

std::string OpsOf(const RunMetadata& metadata) {
  std::vector<std::string> ops;
  for (const NodeStats& s : metadata.steps) ops.push_back(s.op + (s.one_by_one ? " (one by one)" : ""));
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

TEST(Optimizer, EachChannelOfADepthwiseFilterHasItsScale) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 3});
  tensorflow::AttrValue strides, padding;
  for (int i = 0; i < 4; ++i) strides.mutable_list()->add_i(1);
  padding.set_s("SAME");
  for (const int64_t multiplier : {1, 2}) {
    const Output conv = g.Add("DepthwiseConv2dNative", {x, g.Random({3, 3, 3, multiplier})},
                              {{"strides", strides}, {"padding", padding}});
    const Output y = g.Add("Relu6", {g.BatchNorm(conv, 3 * multiplier)});
    EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 8, 3}))}}, {y}), "_FusedDepthwiseConv2dNative");
  }
}

// TensorFlow lets a node carry any attr that begins with an underscore, and heeds none.
TEST(Optimizer, AGraphsOwnAttrsScaleNoFilter) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, 8, 8, 3}), filter = g.Random({3, 3, 3, 5});
  tensorflow::AttrValue strides, padding, scales;
  for (int i = 0; i < 4; ++i) strides.mutable_list()->add_i(1);
  padding.set_s("SAME");
  for (int i = 0; i < 5; ++i) scales.mutable_list()->add_f(2);
  const Output plain = g.Add("Conv2D", {x, filter}, {{"strides", strides}, {"padding", padding}});
  const Output marked =
      g.Add("Conv2D", {x, filter}, {{"strides", strides}, {"padding", padding}, {"_filter_scales", scales}});
  Session session(g.graph);
  const std::vector<DirectSession::Feed> feeds = {{x, g.Values(TensorShape({1, 8, 8, 3}))}};
  const std::vector<Output> fetches = {plain, marked};
  const absl::StatusOr<std::vector<Tensor>> values = session.Run(feeds, fetches, {});
  ASSERT_TRUE(values.ok()) << values.status();
  for (int64_t i = 0; i < (*values)[0].num_elements(); ++i) {
    ASSERT_EQ((*values)[0].flat<float>()[i], (*values)[1].flat<float>()[i]);
  }
}

TEST(Optimizer, AFetchedConstantOutlivesItsGraph) {
  Tensor value;
  {
    auto g = std::make_unique<GraphMaker>();
    const Output large = g->Random({100, 100});  // lies where the graph has it
    Session session(g->graph);
    value = *session.Run(large);
    EXPECT_FALSE(value.RefCountIsOne());
  }
  GraphMaker same;
  const Tensor want = same.Values(TensorShape({100, 100}));
  for (int64_t i = 0; i < want.num_elements(); ++i) ASSERT_EQ(value.flat<float>()[i], want.flat<float>()[i]);
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
  // Attention's mask: one value for each column of each image. And one that goes the other way.
  const Output scores = g.Placeholder({2, 3, 40, 50});
  const Tensor values = g.Values(TensorShape({2, 3, 40, 50}));
  for (const TensorShape& shape : {TensorShape({2, 1, 1, 50}), TensorShape({3, 1, 50}), TensorShape({2, 1, 40, 1}),
                                   TensorShape({1, 3, 40, 1}), TensorShape({40, 50}), TensorShape({2, 3, 1, 1})}) {
    const Output mask = Constant(g.graph, g.Values(shape));
    const Output masked = g.Add("Add", {mask, g.Add("Mul", {scores, half})});
    EXPECT_EQ(Optimized(g, {{scores, values}}, {masked}), "_FusedElementwise") << shape.DebugString();
  }
}

TEST(Optimizer, ZerosAroundAnImageAreTheConvolutionsOwn) {
  GraphMaker g;
  const Output x = g.Placeholder({-1, -1, -1, 3});
  const Output y = g.Add("Relu", {g.BatchNorm(g.PadConv(x, 3, 5, {0, 0, 1, 2, 2, 0, 0, 0}, 2), 5)});
  const Output bare = g.PadConv(x, 3, 5, {0, 0, 1, 1, 1, 1, 0, 0}, 1);
  for (const TensorShape& shape : {TensorShape({2, 8, 9, 3}), TensorShape({1, 1, 1, 3})}) {
    EXPECT_EQ(Optimized(g, {{x, g.Values(shape)}}, {y}), "_FusedConv2D");
    EXPECT_EQ(Optimized(g, {{x, g.Values(shape)}}, {bare}), "_FusedConv2D");
  }
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 0, 9, 3}))}}, {y}), "_FusedConv2D");
  // More than a window's reach, or around batch and channels.
  const Output far = g.PadConv(x, 3, 5, {0, 0, 3, 1, 1, 1, 0, 0}, 1);
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 9, 3}))}}, {far}), "Pad Conv2D");
  const Output batch = g.PadConv(x, 3, 5, {1, 0, 1, 1, 1, 1, 0, 0}, 1);
  EXPECT_EQ(Optimized(g, {{x, g.Values(TensorShape({2, 8, 9, 3}))}}, {batch}), "Pad Conv2D");
}

TEST(Optimizer, ALayerNormIsOneStep) {
  for (const int64_t depth : {1, 7, 40, 300}) {
    GraphMaker g;
    const Output x = g.Placeholder({-1, depth}), r = g.Placeholder({-1, depth});
    const Tensor value = g.Values(TensorShape({9, depth}), -3, 5), other = g.Values(TensorShape({9, depth}));
    EXPECT_EQ(Optimized(g, {{x, value}}, {g.LayerNorm(x, depth, 1)}), "_FusedLayerNorm");
    const Output y = g.LayerNorm(g.Add("Add", {x, r}), depth, -1);
    EXPECT_EQ(Optimized(g, {{x, value}, {r, other}}, {y}), "_FusedLayerNorm");
    EXPECT_EQ(Optimized(g, {{x, value}, {r, other}}, {g.Add("Add", {y, g.LayerNorm(y, depth, -1)})}),
              "_FusedLayerNorm _FusedLayerNorm Add");
  }
  GraphMaker g;
  // What is added may repeat: positions, on either side.
  const Output words = g.Placeholder({-1, 6, 40}), positions = g.Random({6, 40});
  const Tensor text = g.Values(TensorShape({3, 6, 40}));
  EXPECT_EQ(Optimized(g, {{words, text}}, {g.LayerNorm(g.Add("Add", {words, positions}), 40, -1)}), "_FusedLayerNorm");
  EXPECT_EQ(Optimized(g, {{words, text}}, {g.LayerNorm(g.Add("Add", {positions, words}), 40, -1)}), "_FusedLayerNorm");
  const Output one_each = g.Random({3, 1, 40});
  EXPECT_EQ(Optimized(g, {{words, text}}, {g.LayerNorm(g.Add("Add", {words, one_each}), 40, -1)}),
            "Add _FusedLayerNorm");
  // One value for all is no row.
  EXPECT_EQ(Optimized(g, {{words, text}}, {g.LayerNorm(g.Add("Add", {words, g.Random({})}), 40, -1)}),
            "Add _FusedLayerNorm");
  EXPECT_EQ(Optimized(g, {{words, text}}, {g.LayerNorm(g.Add("Add", {g.Random({1, 1}), words}), 40, -1)}),
            "Add _FusedLayerNorm");
  const Output unknown = g.Placeholder({-1});
  EXPECT_EQ(Optimized(g, {{words, text}, {unknown, g.Values(TensorShape({1}))}},
                      {g.LayerNorm(g.Add("Add", {words, unknown}), 40, -1)}),
            "_FusedLayerNorm (one by one)");
  // The sum has the greater rank, whichever side it is on.
  const Output flat = g.Placeholder({6, 40});
  EXPECT_EQ(Optimized(g, {{flat, g.Values(TensorShape({6, 40}))}},
                      {g.LayerNorm(g.Add("Add", {flat, g.Random({1, 6, 40})}), 40, -1)}),
            "_FusedLayerNorm");
  const Output x = g.Placeholder({-1, 40});
  const Tensor value = g.Values(TensorShape({9, 40}));
  // Along another dimension, or where the mean is wanted too, it is none.
  EXPECT_EQ(Optimized(g, {{x, value}}, {g.LayerNorm(x, 40, 0)}).find("_FusedLayerNorm"), std::string::npos);
  Output mean;
  const Output y = g.LayerNorm(x, 40, 1, &mean);
  EXPECT_EQ(Optimized(g, {{x, value}}, {y, mean}).find("_FusedLayerNorm"), std::string::npos);
  EXPECT_EQ(Optimized(g, {{x, value}, {mean, g.Values(TensorShape({9, 1}))}}, {y}).find("_FusedLayerNorm"),
            std::string::npos);
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

std::string OpsOfRun(Session& session, const Output& fetch) {
  RunMetadata metadata;
  metadata.trace = true;
  EXPECT_TRUE(session.Run({}, {fetch}, {}, &metadata).ok());
  return OpsOf(metadata);
}

TEST(Optimizer, AVariableIsReadByItsOneReader) {
  Graph g;
  auto a = Variable(g, Constant(g, 1.0f, {2}), "a"), b = Variable(g, Constant(g, 2.0f, {2}), "b");
  const Output sum = a + b, twice = sum + a;
  Node* const init = GlobalVariablesInitializer(g);
  Session session(g), plain(g, {.optimize = false});
  // The error is the read's, and the first read's.
  const absl::Status got = session.Run(sum).status(), want = plain.Run(sum).status();
  EXPECT_EQ(got, want);
  EXPECT_NE(std::string(got.message()).find("{{node a/read}} = Identity"), std::string::npos) << got;
  ASSERT_TRUE(session.Run(init).ok());
  EXPECT_EQ(OpsOfRun(session, sum), "VariableV2 VariableV2 Add");
  EXPECT_EQ((*session.Run(sum)).flat<float>()[0], 3.0f);
  // Two readers get the same value; and so does a reader beside a writer.
  EXPECT_EQ(OpsOfRun(session, twice), "VariableV2 Identity VariableV2 Identity _FusedElementwise");
  const Output added = AssignAdd(a, Constant(g, 1.0f, {2}));
  EXPECT_NE(OpsOfRun(session, g.FindNode("b/read")->output(0) + added).find("Identity"), std::string::npos);
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
      switch (g.Below(11)) {
        case 9: {
          const int top = g.Below(3), left = g.Below(3);
          made = g.PadConv(image(), 4, 4, {0, 0, top, 2 - top, left, 2 - left, 0, 0}, 1);
          break;
        }
        case 10:
          made = g.LayerNorm(image(), 4, 3);
          break;
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
