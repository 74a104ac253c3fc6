// A model as the GraphDef that TensorFlow 1.11 would have frozen: variables are constants with an Identity "read"
// behind them, batch norm is a node of its own, and no attr is younger than 1.11.
#ifndef TFPERSIST_BENCH_MODELS_GRAPH_WRITER_H_
#define TFPERSIST_BENCH_MODELS_GRAPH_WRITER_H_

#include <string>
#include <utility>
#include <vector>

#include "bench/models/model_writer.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist::bench {

class GraphWriter : public ModelWriter {
 public:
  GraphWriter();

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

  const tensorflow::GraphDef& graph() const { return graph_; }

 private:
  using Types = std::vector<std::pair<const char*, int>>;
  tensorflow::NodeDef* Node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs,
                            const Types& types = {{"T", 1}});
  std::string Const(const std::string& name, int dtype, const std::vector<int64_t>& dims, const void* data,
                    size_t bytes);
  std::string Floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values);
  std::string Scalar(const std::string& name, float value);
  std::string Ints(const std::string& name, const std::vector<int64_t>& values);
  std::string Int(const std::string& name, int32_t value);
  // A frozen variable of seeded numbers; the name of its read.
  std::string Variable(const std::string& name, const std::vector<int64_t>& dims, float scale, float mean = 0);
  Value Pool(const char* op, const std::string& name, const Value& x, int kernel, int stride, const char* padding);

  tensorflow::GraphDef graph_;
};

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_GRAPH_WRITER_H_
