// A model as an ONNX file (opset 17) for ONNX Runtime, with the weights of the frozen graph: NCHW, padding in the
// convolutions, LayerNormalization as one node, as an exporter would write it.
#ifndef TFPERSIST_BENCH_MODELS_ONNX_WRITER_H_
#define TFPERSIST_BENCH_MODELS_ONNX_WRITER_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bench/models/model_writer.h"
#include "bench/models/onnx.pb.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist::bench {

class OnnxWriter : public ModelWriter {
 public:
  // `frozen`: what GraphWriter made of the same calls; it must outlive this.
  explicit OnnxWriter(const tensorflow::GraphDef& frozen);

  Value Input(const std::string& name, bool ids, const std::vector<int64_t>& dims) override;
  Value Conv(const std::string& name, const Value& x, const ConvOptions& options) override;
  Value Bias(const std::string& name, const Value& x) override;
  Value BatchNorm(const std::string& name, const Value& x, float gamma) override;
  Value Activate(const std::string& name, const Value& x, Activation activation) override;
  Value MaxPool(const std::string& name, const Value& x, int kernel, int stride) override;
  Value AvgPool(const std::string& name, const Value& x, int kernel) override;
  Value Mean(const std::string& name, const Value& x) override;
  Value Squeeze(const std::string& name, const Value& x) override;
  Value Dense(const std::string& name, const Value& x, int64_t width, float scale) override;
  Value Softmax(const std::string& name, const Value& x) override;
  Value Add(const std::string& name, const Value& x, const Value& y) override;
  Value AddWeights(const std::string& name, const Value& x, const std::vector<int64_t>& dims) override;
  Value Embed(const std::string& name, const Value& ids, int64_t rows, int64_t width) override;
  Value LayerNorm(const std::string& name, const Value& x) override;
  Value Gelu(const std::string& name, const Value& x) override;
  Value Scale(const std::string& name, const Value& x, float factor) override;
  Value MatMul(const std::string& name, const Value& x, const Value& y, bool transpose_y) override;
  Value Reshape(const std::string& name, const Value& x, const std::vector<int64_t>& dims) override;
  Value Transpose(const std::string& name, const Value& x, const std::vector<int64_t>& order) override;
  Value AttentionBias(const std::string& name, const Value& mask) override;
  void Finish(const Value& output, const std::string& file) override;

 private:
  onnx::Node* Node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs);
  void Ints(onnx::Node* node, const char* name, const std::vector<int64_t>& values);
  void Int(onnx::Node* node, const char* name, int64_t value);
  void Float(onnx::Node* node, const char* name, float value);
  std::string Constant(const std::string& name, int type, const std::vector<int64_t>& dims, std::string bytes);
  std::string Scalar(const std::string& name, float value);
  std::string Int64s(const std::string& name, const std::vector<int64_t>& values);
  // The frozen variable as it is.
  std::string Weights(const std::string& name);
  // A filter [height, width, in, out] as [out, in, height, width]; a depthwise one [height, width, in, 1] as [in, 1,
  // height, width].
  std::string Filter(const std::string& name, bool depthwise);
  void Describe(onnx::ValueInfo* info, const Value& value, int type);

  std::map<std::string, const tensorflow::TensorProto*> frozen_;
  std::set<std::string> written_;
  onnx::Model model_;
};

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_ONNX_WRITER_H_
