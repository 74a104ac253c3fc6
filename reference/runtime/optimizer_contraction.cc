// Conv2D, DepthwiseConv2dNative and MatMul with what stands around them: zeros around the image become the
// convolution's own padding, scales and shifts by constants (a batch norm is both) go into the filter and one bias,
// then a residual is added, then comes an activation.
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/optimizer_state.h"

namespace tfpersist {
namespace {

bool IsOneOf(const std::string& op, std::initializer_list<const char*> ops) {
  for (const char* o : ops) {
    if (op == o) return true;
  }
  return false;
}

bool IsNchw(const Node& node) {
  const tensorflow::AttrValue* format = node.attr("data_format");
  return format != nullptr && format->s() != "NHWC" && !format->s().empty();
}

bool IsActivation(const Node& node) { return IsOneOf(node.op(), {"Relu", "Relu6", "Elu", "Tanh", "Sigmoid"}); }

// One value per channel, or the same for all.
const float* PerChannel(const Tensor* t, int64_t channels, int64_t* step) {
  if (t == nullptr || t->dtype() != DT_FLOAT) return nullptr;
  const int rank = t->shape().rank();
  *step = t->num_elements() == 1 ? 0 : 1;
  // Of more dimensions it could give the result more.
  if (rank > 1 || (rank == 1 && t->num_elements() != channels)) return nullptr;
  return static_cast<const float*>(t->data());
}

// filter * scale, + shift: the affine map of each channel that has been taken in so far.
struct Affine {
  std::vector<float> scale, shift;
  bool scaled = false, shifted = false;

  explicit Affine(int64_t channels) : scale(channels, 1.0f), shift(channels, 0.0f) {}

  void Multiply(const float* by, int64_t step) {
    for (size_t c = 0; c < scale.size(); ++c) {
      scale[c] *= by[c * step];
      shift[c] *= by[c * step];
    }
    scaled = true;
  }
  void Shift(const float* by, int64_t step, float sign) {
    for (size_t c = 0; c < scale.size(); ++c) shift[c] += sign * by[c * step];
    shifted = true;
  }
};

Tensor VectorOf(const std::vector<float>& values) {
  absl::StatusOr<Tensor> t = Tensor::Allocate(DT_FLOAT, TensorShape({static_cast<int64_t>(values.size())}));
  if (!t.ok()) return Tensor();
  std::memcpy(t->data(), values.data(), t->total_bytes());
  return *std::move(t);
}

// Of Pad's constant paddings those of rows and columns: top, bottom, left, right. Nothing where they do not fit a
// window of this filter and these dilations, or where batch and channels are padded too.
std::optional<std::array<int64_t, 4>> PaddingOf(const Tensor* t, const Tensor& filter,
                                                const tensorflow::AttrValue* dilations) {
  if (t == nullptr || t->shape() != TensorShape({4, 2}) || (t->dtype() != DT_INT32 && t->dtype() != DT_INT64)) {
    return std::nullopt;
  }
  std::array<int64_t, 8> all;
  for (int i = 0; i < 8; ++i) all[i] = t->dtype() == DT_INT32 ? t->flat<int32_t>()[i] : t->flat<int64_t>()[i];
  if (all[0] != 0 || all[1] != 0 || all[6] != 0 || all[7] != 0) return std::nullopt;
  for (int i = 0; i < 4; ++i) {
    if (all[2 + i] < 0 || all[2 + i] >= filter.shape().dim(i / 2)) return std::nullopt;
  }
  for (int64_t d : dilations != nullptr ? dilations->list().i() : google::protobuf::RepeatedField<int64_t>()) {
    if (d != 1) return std::nullopt;
  }
  return std::array<int64_t, 4>{all[2], all[3], all[4], all[5]};
}

// False only where both are known and differ.
bool MayBeSameShape(const Output& a, const Output& b) { return a.shape().IsCompatibleWith(b.shape()); }

}  // namespace

void OptimizerState::FuseContractions() {
  for (const PlanNode& n : part_.nodes) {
    if (MayJoin(n) && IsOneOf(n.node->op(), {"Conv2D", "DepthwiseConv2dNative", "MatMul"})) FuseContraction(n);
  }
}

void OptimizerState::FuseContraction(const PlanNode& first) {
  const Node& contraction = *first.node;
  const bool depthwise = contraction.op() == "DepthwiseConv2dNative", product = contraction.op() == "MatMul";
  if (BaseType(contraction.output_types()[0]) != DT_FLOAT || IsNchw(contraction)) return;
  for (const Output& in : first.inputs) {
    if (IsRefType(in.dtype())) return;
  }
  const Tensor* filter = IsFed(first.inputs[1]) ? nullptr : ConstantOf(first.inputs[1]);
  int64_t channels = -1;
  if (filter != nullptr) {
    if (filter->shape().rank() != (product ? 2 : 4) || filter->num_elements() == 0) return;
    const bool transposed =
        product && contraction.attr("transpose_b") != nullptr && contraction.attr("transpose_b")->b();
    channels = depthwise    ? filter->shape().dim(2) * filter->shape().dim(3)
               : transposed ? filter->shape().dim(0)
                            : filter->shape().dim(filter->shape().rank() - 1);
  }

  FusedNodes fused;
  const PlanNode* const pad = product || filter == nullptr ? nullptr : MakerOf(first.inputs[0]);
  std::optional<std::array<int64_t, 4>> padding;
  if (pad != nullptr && pad->node->op() == "Pad" && MayJoin(*pad) && SoleReader(*pad) == &first &&
      !IsFed(pad->inputs[1]) && !IsRefType(pad->inputs[0].dtype()) && contraction.attr("padding") != nullptr &&
      contraction.attr("padding")->s() == "VALID") {
    padding = PaddingOf(ConstantOf(pad->inputs[1]), *filter, contraction.attr("dilations"));
  }
  if (padding) fused.nodes.push_back(pad->node);
  fused.nodes.push_back(&contraction);
  const PlanNode* last = &first;
  auto take = [&](const PlanNode* n) {
    fused.nodes.push_back(n->node);
    last = n;
  };
  // Which of a reader's two inputs is not the last node's output.
  auto other_input = [&](const PlanNode& reader) {
    const bool is_first = !IsFed(reader.inputs[0]) && KeyOf(Resolve(reader.inputs[0])) == OutputKey{last->node, 0};
    return reader.inputs[is_first ? 1 : 0];
  };
  auto constant = [&](const Output& o) { return IsFed(o) ? nullptr : ConstantOf(o); };

  Affine affine(std::max<int64_t>(channels, 0));
  std::optional<Output> bias;  // one that is no constant
  while (const PlanNode* next = bias ? nullptr : SoleReader(*last)) {
    const Node& node = *next->node;
    int64_t step = 0;
    const bool joins_add = IsOneOf(node.op(), {"Add", "AddV2"});
    if (channels > 0 && !product && IsOneOf(node.op(), {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})) {
      const tensorflow::AttrValue* training = node.attr("is_training");
      if (training == nullptr || training->b() || IsNchw(node) || !OnlyFirstOutputIsRead(*next)) break;
      const float* parts[4];
      bool known = KeyOf(Resolve(next->inputs[0])) == OutputKey{last->node, 0};
      for (int i = 0; i < 4 && known; ++i) {
        parts[i] = PerChannel(constant(next->inputs[1 + i]), channels, &step);
        known = parts[i] != nullptr && (step == 1 || channels == 1);
      }
      if (!known) break;
      std::vector<float> by(channels);
      const float epsilon = node.attr("epsilon") != nullptr ? node.attr("epsilon")->f() : 0.0001f;
      for (int64_t c = 0; c < channels; ++c) by[c] = parts[0][c] / std::sqrt(parts[3][c] + epsilon);
      affine.Shift(parts[2], 1, -1.0f);
      affine.Multiply(by.data(), 1);
      affine.Shift(parts[1], 1, 1.0f);
    } else if (channels > 0 && !product && node.op() == "Mul") {
      const float* by = PerChannel(constant(other_input(*next)), channels, &step);
      if (by == nullptr) break;
      affine.Multiply(by, step);
    } else if (joins_add || node.op() == "Sub" || (node.op() == "BiasAdd" && !IsNchw(node))) {
      const Output other = other_input(*next);
      const float* by = PerChannel(constant(other), channels, &step);
      const bool minuend = !IsFed(next->inputs[0]) && KeyOf(Resolve(next->inputs[0])) == OutputKey{last->node, 0};
      if (node.op() == "Sub" && !minuend) break;
      // A scalar is no bias of BiasAdd's.
      if (by != nullptr && node.op() == "BiasAdd" && step == 0 && channels != 1) break;
      if (by != nullptr && channels > 0) {
        affine.Shift(by, step, node.op() == "Sub" ? -1.0f : 1.0f);
      } else if (node.op() == "BiasAdd" && minuend && !affine.scaled && !affine.shifted && !IsRefType(other.dtype())) {
        bias = other;
      } else {
        break;
      }
    } else {
      break;
    }
    take(next);
  }

  std::optional<Output> addend;
  std::string activation;
  if (!product && (channels > 0 || bias)) {
    if (const PlanNode* next = SoleReader(*last); next != nullptr && IsOneOf(next->node->op(), {"Add", "AddV2"})) {
      const Output other = other_input(*next);
      if (!IsRefType(other.dtype()) && constant(other) == nullptr &&
          MayBeSameShape(other, Output{const_cast<Node*>(last->node), 0})) {
        addend = other;
        take(next);
      }
    }
  }
  if (const PlanNode* next = SoleReader(*last); next != nullptr && IsActivation(*next->node)) {
    activation = next->node->op();
    take(next);
  }
  // Alone it is no other kernel but for a filter that is scaled.
  if (fused.nodes.size() == 1) return;

  const bool with_bias = bias || affine.shifted || addend;
  tensorflow::NodeDef def;
  def.set_name(contraction.name());
  def.set_op(product ? "_FusedMatMul" : depthwise ? "_FusedDepthwiseConv2dNative" : "_FusedConv2D");
  for (const char* attr :
       {"T", "strides", "padding", "explicit_paddings", "data_format", "dilations", "transpose_a", "transpose_b"}) {
    if (contraction.attr(attr) != nullptr) (*def.mutable_attr())[attr] = *contraction.attr(attr);
  }
  auto* ops = (*def.mutable_attr())["fused_ops"].mutable_list();
  if (with_bias) ops->add_s("BiasAdd");
  if (addend) ops->add_s("Add");
  if (!activation.empty()) ops->add_s(activation);
  (*def.mutable_attr())["num_args"].set_i((with_bias ? 1 : 0) + (addend ? 1 : 0));

  if (padding) {
    (*def.mutable_attr())["padding"].set_s("EXPLICIT");
    auto* paddings = (*def.mutable_attr())["explicit_paddings"].mutable_list();
    paddings->clear_i();
    for (int64_t p :
         {int64_t{0}, int64_t{0}, (*padding)[0], (*padding)[1], (*padding)[2], (*padding)[3], int64_t{0}, int64_t{0}}) {
      paddings->add_i(p);
    }
  }

  const Output& image = padding ? pad->inputs[0] : first.inputs[0];
  fused.inputs.push_back({IsFed(image) ? image : Resolve(image), Tensor()});
  fused.inputs.push_back({Resolve(first.inputs[1]), Tensor()});
  if (affine.scaled) {
    auto* scales = (*def.mutable_attr())["filter_scales"].mutable_list();
    for (float scale : affine.scale) scales->add_f(scale);
  }
  if (with_bias) {
    fused.inputs.push_back({bias ? Resolve(*bias) : Output(), bias ? Tensor() : VectorOf(affine.shift)});
    if (!bias && !fused.inputs[2].value.has_value()) return;
  }
  if (addend) fused.inputs.push_back({Resolve(*addend), Tensor()});
  Add(std::move(fused), def);
}

}  // namespace tfpersist
