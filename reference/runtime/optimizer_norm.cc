// The nodes of a layer norm, as tf.contrib.layers.layer_norm and tf.nn.batch_normalization over tf.nn.moments write
// them, become one kernel:
//
//   mean = Mean(x, last)          variance = Mean(SquaredDifference(x, mean), last)
//   by = gamma * Rsqrt(variance + epsilon)          out = x * by + (beta - mean * by)
//
// with the sum that makes x, where nothing else reads it.
#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/optimizer_state.h"
#include "reference/tensor/repeating_shape.h"

namespace tfpersist {
namespace {

bool IsSum(const Node& node) { return node.op() == "Add" || node.op() == "AddV2"; }

// False only where it is known that neither repeats along the other.
bool MayRepeat(const PartialTensorShape& a, const PartialTensorShape& b) {
  return a.unknown_rank() || b.unknown_rank() || MayRepeatAlong(a.dims(), b.dims()) ||
         MayRepeatAlong(b.dims(), a.dims());
}

}  // namespace

// The mean of float32 along the last dimension, which is kept.
bool OptimizerState::IsMeanOfLast(const PlanNode& n) const {
  const tensorflow::AttrValue* keep = n.node->attr("keep_dims");
  if (n.node->op() != "Mean" || n.inputs.size() != 2 || keep == nullptr || !keep->b()) return false;
  const Tensor* axis = IsFed(n.inputs[1]) ? nullptr : ConstantOf(n.inputs[1]);
  const int rank = n.inputs[0].shape().unknown_rank() ? -1 : n.inputs[0].shape().rank();
  if (axis == nullptr || axis->num_elements() != 1 || axis->dtype() != DT_INT32) return false;
  const int32_t along = axis->flat<int32_t>()[0];
  return along == -1 || (rank > 0 && along == rank - 1);
}

// The reader of n's output among those of `op`; null unless there is exactly one, and it may join.
const PlanNode* OptimizerState::OneReader(const PlanNode& n, const char* op) const {
  const PlanNode* found = nullptr;
  auto it = readers_.find({n.node, 0});
  if (it == readers_.end()) return nullptr;
  for (const PlanNode* reader : it->second) {
    if (reader->node->op() != op) continue;
    if (found != nullptr || !MayJoin(*reader)) return nullptr;
    found = reader;
  }
  return found;
}

void OptimizerState::FuseNorms() {
  for (const PlanNode& n : part_.nodes) {
    if (n.node->op() == "Rsqrt" && MayJoin(n) && n.node->output_types()[0] == DT_FLOAT) FuseNorm(n);
  }
}

void OptimizerState::FuseNorm(const PlanNode& rsqrt) {
  auto maker = [&](const PlanNode& n, int i, auto is) -> const PlanNode* {
    const PlanNode* made = MakerOf(n.inputs[i]);
    return made != nullptr && MayJoin(*made) && Resolve(n.inputs[i]).index == 0 && is(*made) ? made : nullptr;
  };
  auto reads = [&](const PlanNode& n, size_t i, const PlanNode& from) {
    return !IsFed(n.inputs[i]) && KeyOf(Resolve(n.inputs[i])) == OutputKey{from.node, 0};
  };
  // Which input of n is not `from`'s output; -1: neither is, or both are.
  auto other = [&](const PlanNode& n, const PlanNode& from) {
    const bool first = reads(n, 0, from), second = reads(n, 1, from);
    return first == second ? -1 : first ? 1 : 0;
  };
  auto read_by = [&](const PlanNode& n, std::initializer_list<const PlanNode*> these) {
    auto it = readers_.find({n.node, 0});
    return IsHidden(n) && it != readers_.end() && it->second.size() == these.size() &&
           std::all_of(it->second.begin(), it->second.end(),
                       [&](const PlanNode* r) { return std::find(these.begin(), these.end(), r) != these.end(); });
  };
  auto same = [&](const Output& a, const Output& b) {
    return IsFed(a) == IsFed(b) && (IsFed(a) ? KeyOf(a) == KeyOf(b) : KeyOf(Resolve(a)) == KeyOf(Resolve(b)));
  };

  // Back to the moments,
  const PlanNode* plus = maker(rsqrt, 0, [](const PlanNode& n) { return IsSum(*n.node); });
  if (plus == nullptr) return;
  const PlanNode* variance = nullptr;
  const Tensor* epsilon = nullptr;
  for (int i = 0; i < 2 && variance == nullptr; ++i) {
    variance = maker(*plus, i, [&](const PlanNode& n) { return IsMeanOfLast(n); });
    epsilon = IsFed(plus->inputs[1 - i]) ? nullptr : ConstantOf(plus->inputs[1 - i]);
  }
  if (variance == nullptr || epsilon == nullptr || epsilon->shape().rank() != 0 || epsilon->dtype() != DT_FLOAT) return;
  const PlanNode* squares = maker(*variance, 0, [](const PlanNode& n) { return n.node->op() == "SquaredDifference"; });
  if (squares == nullptr) return;
  const PlanNode* mean = nullptr;
  for (int i = 0; i < 2 && mean == nullptr; ++i) {
    mean = maker(*squares, i,
                 [&](const PlanNode& n) { return IsMeanOfLast(n) && same(n.inputs[0], squares->inputs[1 - i]); });
  }
  if (mean == nullptr) return;
  const Output x = mean->inputs[0];
  // and on to the result.
  const PlanNode* by = SoleReader(rsqrt);
  if (by == nullptr || by->node->op() != "Mul" || other(*by, rsqrt) < 0) return;
  const Output gamma = by->inputs[other(*by, rsqrt)];
  const PlanNode* shifted = OneReader(*mean, "Mul");
  if (shifted == nullptr || other(*shifted, *mean) < 0 || !reads(*shifted, other(*shifted, *mean), *by)) return;
  const PlanNode* less = SoleReader(*shifted);
  if (less == nullptr || less->node->op() != "Sub" || other(*less, *shifted) != 0) return;
  const Output beta = less->inputs[0];
  const PlanNode* last = SoleReader(*less);
  if (last == nullptr || !IsSum(*last->node) || other(*last, *less) < 0) return;
  const PlanNode* scaled = maker(*last, other(*last, *less), [](const PlanNode& n) { return n.node->op() == "Mul"; });
  if (scaled == nullptr || other(*scaled, *by) < 0 || !same(scaled->inputs[other(*scaled, *by)], x)) return;
  if (!read_by(*plus, {&rsqrt}) || !read_by(*variance, {plus}) || !read_by(*squares, {variance}) ||
      !read_by(*mean, {squares, shifted}) || !read_by(*by, {shifted, scaled}) || !read_by(*scaled, {last})) {
    return;
  }
  for (const Output& o : {x, gamma, beta}) {
    if (o.dtype() != DT_FLOAT) return;
  }

  std::vector<const PlanNode*> group = {mean, squares, variance, plus, &rsqrt, by, scaled, shifted, less, last};
  FusedNodes fused;
  auto input = [&](const Output& o) { fused.inputs.push_back({IsFed(o) ? o : Resolve(o), Tensor()}); };
  const PlanNode* sum = MakerOf(x);
  const bool adds = sum != nullptr && Resolve(x).index == 0 && IsSum(*sum->node) && MayJoin(*sum) &&
                    read_by(*sum, {mean, squares, scaled}) && sum->inputs[0].dtype() == DT_FLOAT &&
                    sum->inputs[1].dtype() == DT_FLOAT && MayRepeat(sum->inputs[0].shape(), sum->inputs[1].shape());
  if (adds) {
    group.push_back(sum);
    for (const Output& o : sum->inputs) input(o);
  } else {
    input(x);
  }
  input(gamma);
  input(beta);
  std::sort(group.begin(), group.end(),
            [](const PlanNode* a, const PlanNode* b) { return a < b; });  // order of running
  for (const PlanNode* n : group) fused.nodes.push_back(n->node);
  tensorflow::NodeDef def;
  def.set_name(last->node->name());
  def.set_op("_FusedLayerNorm");
  (*def.mutable_attr())["T"].set_type(tensorflow::DT_FLOAT);
  (*def.mutable_attr())["epsilon"].set_f(epsilon->flat<float>()[0]);
  (*def.mutable_attr())["adds"].set_b(adds);
  Add(std::move(fused), def);
}

}  // namespace tfpersist
