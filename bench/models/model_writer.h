// A model is written down once (networks.h), as calls of this, and comes out as a frozen TensorFlow graph
// (graph_writer.h) and as an ONNX file (onnx_writer.h) with the same weights.
//
// Images are NHWC here; an ONNX file has NCHW, which is what its runtimes want. The first dimension is the batch, and
// open.
#ifndef TFPERSIST_BENCH_MODELS_MODEL_WRITER_H_
#define TFPERSIST_BENCH_MODELS_MODEL_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tfpersist::bench {

struct Value {
  std::string name;
  std::vector<int64_t> dims;  // -1: the batch
  int64_t channels() const { return dims.back(); }
};

enum class Activation { kNone, kRelu, kRelu6 };

struct ConvOptions {
  int kernel = 1;
  int64_t channels = 0;  // of the output; a depthwise one keeps those of its input
  int stride = 1;
  bool depthwise = false;
  bool fixed_padding = false;  // (kernel - 1) / 2 on each side in a Pad node, whatever the stride; else SAME
};

class ModelWriter {
 public:
  virtual ~ModelWriter() = default;

  virtual Value Input(const std::string& name, bool ids, const std::vector<int64_t>& dims) = 0;
  // Each names its result, and what belongs to it is named below that. The last node of a model is named as its output.
  virtual Value Conv(const std::string& name, const Value& x, const ConvOptions& options) = 0;
  virtual Value Bias(const std::string& name, const Value& x) = 0;
  virtual Value BatchNorm(const std::string& name, const Value& x, float gamma) = 0;
  virtual Value Activate(const std::string& name, const Value& x, Activation activation) = 0;
  virtual Value MaxPool(const std::string& name, const Value& x, int kernel, int stride) = 0;
  virtual Value AvgPool(const std::string& name, const Value& x, int kernel) = 0;  // VALID
  virtual Value Mean(const std::string& name, const Value& x) = 0;                 // over height and width
  virtual Value Squeeze(const std::string& name, const Value& x) = 0;              // height and width of 1
  virtual Value Dense(const std::string& name, const Value& x, int64_t width, float scale) = 0;  // of a matrix
  virtual Value Softmax(const std::string& name, const Value& x) = 0;
  virtual Value Add(const std::string& name, const Value& x, const Value& y) = 0;
  virtual Value AddWeights(const std::string& name, const Value& x, const std::vector<int64_t>& dims) = 0;
  virtual Value Embed(const std::string& name, const Value& ids, int64_t rows, int64_t width) = 0;
  virtual Value LayerNorm(const std::string& name, const Value& x) = 0;
  virtual Value Gelu(const std::string& name, const Value& x) = 0;
  virtual Value Scale(const std::string& name, const Value& x, float factor) = 0;
  virtual Value MatMul(const std::string& name, const Value& x, const Value& y, bool transpose_y) = 0;
  virtual Value Reshape(const std::string& name, const Value& x, const std::vector<int64_t>& dims) = 0;
  virtual Value Transpose(const std::string& name, const Value& x, const std::vector<int64_t>& order) = 0;
  // -10000 where `mask` is 0, with two more dimensions: what attention adds to its scores.
  virtual Value AttentionBias(const std::string& name, const Value& mask) = 0;

  virtual void Finish(const Value& output, const std::string& file) = 0;
};

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_MODEL_WRITER_H_
