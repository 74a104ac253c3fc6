// Batches that go through a network in slices: the same values, shapes and errors as in one piece.
#include "reference/runtime/batch_slices.h"

#include <chrono>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "reference/runtime/test_graph.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

// The values in between have 4 MiB an image, so that a slice is one.
constexpr int64_t kSide = 64, kChannels = 256;

struct Network {
  GraphMaker g;
  Output x, wide, pooled, y;

  Network() {
    x = g.Placeholder({-1, kSide, kSide, 2});
    wide = g.Add("Relu", {g.BatchNorm(g.Conv(x, 2, kChannels, 1), kChannels)});
    const Output narrow = g.BatchNorm(g.Conv(wide, kChannels, 3, 1), 3);
    const Output residual = g.Add("Relu", {g.Add("Add", {g.BatchNorm(g.Conv(narrow, 3, 3), 3), narrow})});
    pooled = Pool(residual, 1);
    y = g.Add("Tanh", {g.Add("Mul", {pooled, g.Random({3})})});
  }
  Output Pool(Output in, int batch) {
    tensorflow::AttrValue sizes, padding;
    for (int s : {batch, 2, 2, 1}) sizes.mutable_list()->add_i(s);
    padding.set_s("VALID");
    return g.Add("MaxPool", {in}, {{"ksize", sizes}, {"strides", sizes}, {"padding", padding}});
  }
  Tensor Images(int64_t n) { return g.Values(TensorShape({n, kSide, kSide, 2})); }
};

// What the nodes give one by one; returns the number of slices.
int64_t Same(const GraphMaker& g, Session& fast, const std::vector<DirectSession::Feed>& feeds,
             const std::vector<Output>& fetches) {
  Session plain(const_cast<Graph&>(g.graph), {.threads = 1, .optimize = false});
  RunMetadata metadata, whole;
  const auto got = fast.Run(feeds, fetches, {}, &metadata), want = plain.Run(feeds, fetches, {}, &whole);
  EXPECT_EQ(got.status(), want.status());
  if (!got.ok() || !want.ok()) return metadata.slices;
  EXPECT_GT(metadata.peak_bytes, 0);
  if (metadata.slices > 0) EXPECT_LT(metadata.peak_bytes, whole.peak_bytes);
  for (size_t f = 0; f < fetches.size(); ++f) {
    EXPECT_EQ((*got)[f].shape(), (*want)[f].shape());
    for (int64_t i = 0; i < (*want)[f].num_elements(); ++i) {
      const float w = (*want)[f].flat<float>()[i], v = (*got)[f].flat<float>()[i];
      EXPECT_NEAR(v, w, 1e-4f * (1.0f + std::abs(w))) << "fetch " << f << ", element " << i;
      if (std::abs(v - w) > 1e-4f * (1.0f + std::abs(w))) return -1;
    }
  }
  return metadata.slices;
}

TEST(BatchSlices, GiveWhatTheWholeGives) {
  Network n;
  for (const int threads : {1, 3}) {
    SCOPED_TRACE(threads);
    Session session(n.g.graph, {.threads = threads});
    for (const int64_t batch : {1, 2, 5, 8, 7}) {
      SCOPED_TRACE(batch);
      EXPECT_EQ(Same(n.g, session, {{n.x, n.Images(batch)}}, {n.y}), batch == 1 ? 0 : batch);
    }
  }
}

TEST(BatchSlices, WhatIsFetchedInBetweenIsWhole) {
  Network n;
  Session session(n.g.graph, {.threads = 2});
  EXPECT_EQ(Same(n.g, session, {{n.x, n.Images(8)}}, {n.wide, n.y, n.pooled}), 8);
  // Fed in between, the rest alone goes in slices: its values are small, and so the slices are of many images.
  EXPECT_EQ(Same(n.g, session, {{n.wide, n.g.Values(TensorShape({8, kSide, kSide, kChannels}))}}, {n.y}), 0);
}

TEST(BatchSlices, TracedRunsShowTheSteps) {
  Network n;
  Session session(n.g.graph, {.threads = 1});
  RunMetadata metadata;
  metadata.trace = true;
  ASSERT_TRUE(session.Run({{n.x, n.Images(8)}}, {n.y}, {}, &metadata).ok());
  EXPECT_EQ(metadata.slices, 0);
  EXPECT_GT(metadata.steps.size(), 3u);
}

TEST(BatchSlices, ErrorsAreThoseOfTheWhole) {
  Network n;
  tensorflow::AttrValue dtype;
  dtype.set_type(tensorflow::DT_FLOAT);
  const Output other = n.g.Placeholder({-1, kSide, kSide, 3});
  const Output sum = n.g.Add("Relu", {n.g.Add("Add", {n.g.BatchNorm(n.g.Conv(n.wide, kChannels, 3, 1), 3), other})});
  const Output end = n.Pool(n.g.BatchNorm(n.g.Conv(sum, 3, 3), 3), 1);
  Session session(n.g.graph, {.threads = 2});
  const auto others = [&](int64_t batch) { return n.g.Values(TensorShape({batch, kSide, kSide, 3})); };
  EXPECT_GT(Same(n.g, session, {{n.x, n.Images(8)}, {other, others(8)}}, {end}), 0);
  EXPECT_EQ(Same(n.g, session, {{n.x, n.Images(8)}, {other, others(1)}}, {end}), 0);  // it is broadcast
  EXPECT_EQ(Same(n.g, session, {{n.x, n.Images(8)}, {other, others(3)}}, {end}), 0);  // an error
  EXPECT_EQ(Same(n.g, session, {{n.x, n.Images(0)}, {other, others(0)}}, {end}), 0);
  EXPECT_GT(Same(n.g, session, {{n.x, n.Images(8)}, {other, others(8)}}, {end}), 0);
}

// Looking for a part must not go through all the steps for each of them: a Saver's restore has 40,000.
TEST(BatchSlices, APlanOfManyStepsIsMadeInTime) {
  GraphMaker g;
  tensorflow::AttrValue dtype;
  dtype.set_type(tensorflow::DT_INT32);
  const Output x = g.Add("Placeholder", {}, {{"dtype", dtype}});
  Output y = x;
  for (int i = 0; i < 30000; ++i) y = g.Add("Neg", {y});
  Session session(g.graph, {.threads = 1});
  const auto begin = std::chrono::steady_clock::now();
  const auto got = session.Run({{x, Tensor::Scalar<int32_t>(7)}}, {y}, {});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ((*got)[0].scalar<int32_t>(), 7);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(BatchSlices, AWindowOverTheBatchIsNone) {
  Network n;
  const Output over = n.Pool(n.wide, 2);
  const Output y = n.g.Conv(n.g.Conv(n.g.Conv(over, kChannels, 3, 1), 3, 3), 3, 3);
  Session session(n.g.graph, {.threads = 1});
  // TensorFlow has no such pool either; whatever it says, both say it.
  Same(n.g, session, {{n.x, n.Images(8)}}, {y});
}

}  // namespace
}  // namespace tfpersist
