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

}  // namespace

const std::vector<Network>& Networks() {
  static const auto* networks = new std::vector<Network>{
      {"resnet50", ResNet50, {1, 8}, 1e-3},
  };
  return *networks;
}

}  // namespace tfpersist::bench
