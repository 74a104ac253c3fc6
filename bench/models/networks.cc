#include "bench/models/networks.h"

namespace tfpersist::bench {
namespace {

// Conv2D, FusedBatchNorm and the activation as nodes of their own. `gamma`: small where residual branches end, so that
// the activations of a deep network stay in range.
Value ConvBn(ModelWriter& w, const std::string& name, const Value& x, const ConvOptions& options, Activation activation,
             float gamma = 1) {
  const Value y =
      w.BatchNorm(name + "/batch_normalization/FusedBatchNorm", w.Conv(name + "/Conv2D", x, options), gamma);
  return activation == Activation::kNone ? y : w.Activate(name + "/activation", y, activation);
}

// Version 1.5: the stride is the 3x3 convolution's. As official/resnet writes it: fixed padding before strided
// convolutions.
Value ResNet50(ModelWriter& w) {
  Value x = w.Input("input", false, {-1, 224, 224, 3});
  x = ConvBn(w, "resnet_model/conv1", x, {.kernel = 7, .channels = 64, .stride = 2, .fixed_padding = true},
             Activation::kRelu);
  x = w.MaxPool("resnet_model/max_pooling2d/MaxPool", x, 3, 2);
  const struct {
    int64_t channels;
    int blocks, stride;
  } groups[] = {{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}};
  int count = 0;
  for (const auto& group : groups) {
    for (int i = 0; i < group.blocks; ++i) {
      const std::string name = "resnet_model/block_" + std::to_string(++count);
      const int stride = i == 0 ? group.stride : 1;
      const Value shortcut =
          i > 0 ? x
                : ConvBn(w, name + "/shortcut", x,
                         {.channels = 4 * group.channels, .stride = stride, .fixed_padding = stride > 1},
                         Activation::kNone);
      Value y = ConvBn(w, name + "/conv1", x, {.channels = group.channels}, Activation::kRelu);
      y = ConvBn(w, name + "/conv2", y,
                 {.kernel = 3, .channels = group.channels, .stride = stride, .fixed_padding = stride > 1},
                 Activation::kRelu);
      y = ConvBn(w, name + "/conv3", y, {.channels = 4 * group.channels}, Activation::kNone, 0.3f);
      x = w.Activate(name + "/Relu", w.Add(name + "/add", y, shortcut), Activation::kRelu);
    }
  }
  x = w.Dense("resnet_model/dense", w.Mean("resnet_model/reduce_mean", x), 1000, 0.05f);
  return w.Softmax("output", x);
}

// As slim writes both MobileNets: SAME padding everywhere, Relu6, a 1x1 convolution with bias for the classes.
Value Classes(ModelWriter& w, const std::string& scope, const Value& x, int64_t classes) {
  Value y = w.AvgPool(scope + "/Logits/AvgPool", x, 7);
  y = w.Conv(scope + "/Logits/Conv2d_1c_1x1/Conv2D", y, {.channels = classes});
  y = w.Bias(scope + "/Logits/Conv2d_1c_1x1/BiasAdd", y);
  return w.Softmax("output", w.Squeeze(scope + "/Logits/Squeeze", y));
}

Value MobileNetV1(ModelWriter& w) {
  const std::string scope = "MobilenetV1/MobilenetV1";
  Value x = w.Input("input", false, {-1, 224, 224, 3});
  x = ConvBn(w, scope + "/Conv2d_0", x, {.kernel = 3, .channels = 32, .stride = 2}, Activation::kRelu6);
  const struct {
    int64_t channels;
    int stride;
  } blocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  int count = 0;
  for (const auto& block : blocks) {
    const std::string name = scope + "/Conv2d_" + std::to_string(++count);
    x = ConvBn(w, name + "_depthwise", x, {.kernel = 3, .stride = block.stride, .depthwise = true}, Activation::kRelu6);
    x = ConvBn(w, name + "_pointwise", x, {.channels = block.channels}, Activation::kRelu6);
  }
  return Classes(w, "MobilenetV1", x, 1001);
}

Value MobileNetV2(ModelWriter& w) {
  const std::string scope = "MobilenetV2";
  Value x = w.Input("input", false, {-1, 224, 224, 3});
  x = ConvBn(w, scope + "/Conv", x, {.kernel = 3, .channels = 32, .stride = 2}, Activation::kRelu6);
  const struct {
    int64_t expansion, channels;
    int blocks, stride;
  } groups[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  int count = 0;
  for (const auto& group : groups) {
    for (int i = 0; i < group.blocks; ++i) {
      const std::string name = scope + "/expanded_conv_" + std::to_string(count++);
      const int stride = i == 0 ? group.stride : 1;
      Value y = x;
      if (group.expansion > 1) {
        y = ConvBn(w, name + "/expand", x, {.channels = group.expansion * x.channels()}, Activation::kRelu6);
      }
      y = ConvBn(w, name + "/depthwise", y, {.kernel = 3, .stride = stride, .depthwise = true}, Activation::kRelu6);
      y = ConvBn(w, name + "/project", y, {.channels = group.channels}, Activation::kNone);
      x = stride == 1 && x.channels() == group.channels ? w.Add(name + "/add", y, x) : y;
    }
  }
  x = ConvBn(w, scope + "/Conv_1", x, {.channels = 1280}, Activation::kRelu6);
  return Classes(w, scope, x, 1001);
}

// BERT's encoder as its first release has it, without the token types: word and position embeddings, then blocks.
template <int kLayers, int kWidth>
Value Bert(ModelWriter& w) {
  constexpr int64_t kLength = 128, kHeadWidth = 64, kHeads = kWidth / kHeadWidth;
  constexpr float kInitial = 0.05f;
  const Value ids = w.Input("input_ids", true, {-1, kLength});
  const Value mask = w.Input("input_mask", true, {-1, kLength});
  Value x = w.Embed("bert/embeddings/word_embeddings", ids, 30522, kWidth);
  x = w.AddWeights("bert/embeddings/position_embeddings", x, {1, kLength, kWidth});
  x = w.LayerNorm("bert/embeddings/LayerNorm", x);
  x = w.Reshape("bert/encoder/Reshape", x, {-1, kWidth});
  const Value bias = w.AttentionBias("bert/encoder/mask", mask);
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string name = "bert/encoder/layer_" + std::to_string(layer);
    const auto heads = [&](const std::string& part) {
      Value y = w.Dense(name + "/attention/self/" + part, x, kWidth, kInitial);
      y = w.Reshape(name + "/attention/self/" + part + "/Reshape", y, {-1, kLength, kHeads, kHeadWidth});
      return w.Transpose(name + "/attention/self/" + part + "/transpose", y, {0, 2, 1, 3});
    };
    const Value query = heads("query"), key = heads("key"), value = heads("value");
    Value y = w.MatMul(name + "/attention/self/MatMul", query, key, true);
    y = w.Scale(name + "/attention/self/Mul", y, 0.125f);
    y = w.Softmax(name + "/attention/self/Softmax", w.Add(name + "/attention/self/add", y, bias));
    y = w.MatMul(name + "/attention/self/MatMul_1", y, value, false);
    y = w.Transpose(name + "/attention/self/transpose_3", y, {0, 2, 1, 3});
    y = w.Reshape(name + "/attention/self/Reshape_3", y, {-1, kWidth});
    y = w.Dense(name + "/attention/output/dense", y, kWidth, kInitial);
    x = w.LayerNorm(name + "/attention/output/LayerNorm", w.Add(name + "/attention/output/add", y, x));
    y = w.Dense(name + "/intermediate/dense", x, 4 * kWidth, kInitial);
    y = w.Gelu(name + "/intermediate/gelu", y);
    y = w.Dense(name + "/output/dense", y, kWidth, kInitial);
    x = w.LayerNorm(name + "/output/LayerNorm", w.Add(name + "/output/add", y, x));
  }
  return w.Reshape("output", x, {-1, kLength, kWidth});
}

Value Mlp(ModelWriter& w) {
  Value x = w.Input("input", false, {-1, 784});
  for (const char* name : {"dense", "dense_1"}) {
    x = w.Activate(std::string(name) + "/Relu", w.Dense(name, x, 512, 0.06f), Activation::kRelu);
  }
  return w.Softmax("output", w.Dense("dense_2", x, 10, 0.1f));
}

}  // namespace

const std::vector<Network>& Networks() {
  static const auto* networks = new std::vector<Network>{
      {"resnet50", ResNet50, {1, 8}, 1e-4},        {"mobilenet_v1", MobileNetV1, {1, 8}, 1e-4},
      {"mobilenet_v2", MobileNetV2, {1, 8}, 1e-4}, {"bert_mini", Bert<4, 256>, {1, 8}, 1e-4},
      {"bert_base", Bert<12, 768>, {1}, 1e-4},     {"mlp", Mlp, {1, 64}, 1e-4},
  };
  return *networks;
}

}  // namespace tfpersist::bench
