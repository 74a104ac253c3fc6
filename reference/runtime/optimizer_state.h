// What the optimizer's passes share: what is known of each tensor, and who reads it.
#ifndef TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_STATE_H_
#define TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_STATE_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "reference/proto/node_def.pb.h"
#include "reference/runtime/optimizer.h"

namespace tfpersist {

class OptimizerState {
 public:
  OptimizerState(const PlanNodes& part, KernelSource& kernels) : part_(part), kernels_(kernels) {}

  // The passes, in this order.
  void FoldConstants();     // optimizer_fold.cc; also passes Identity nodes by
  void FindReaders();       // of what is left
  void FuseContractions();  // optimizer_contraction.cc
  void FuseNorms();         // optimizer_norm.cc
  void FuseElementwise();   // optimizer_elementwise.cc
  void PassReadsBy();       // optimizer_fold.cc; of reference variables

  Rewrites Take() { return std::move(rewrites_); }

 private:
  // What is read where `o` is asked for.
  Output Resolve(const Output& o) const {
    auto it = rewrites_.aliases.find(KeyOf(o));
    return it == rewrites_.aliases.end() ? o : it->second;
  }
  // Null: no constant.
  const Tensor* ConstantOf(const Output& o) const {
    auto it = rewrites_.constants.find(KeyOf(Resolve(o)));
    return it == rewrites_.constants.end() ? nullptr : &it->second;
  }
  bool IsFed(const Output& o) const { return part_.fed.contains(KeyOf(o)); }
  // The node may become part of another's kernel, being neither a loop nor waiting for a node nor done already.
  bool MayJoin(const PlanNode& n) const {
    return !n.waits && !n.opaque && !rewrites_.gone.contains(n.node) && !taken_.contains(n.node);
  }
  // Nobody but readers of output 0 minds when and whether the node runs.
  bool IsHidden(const PlanNode& n) const;
  bool OnlyFirstOutputIsRead(const PlanNode& n) const;
  // The one that reads output 0 of a hidden node, once; null where there is no such one.
  const PlanNode* SoleReader(const PlanNode& n) const;
  const PlanNode* MakerOf(const Output& o) const;  // null: fed

  // contraction
  void FuseContraction(const PlanNode& first);
  // norm
  bool IsMeanOfLast(const PlanNode& n) const;
  const PlanNode* OneReader(const PlanNode& n, const char* op) const;
  void FuseNorm(const PlanNode& rsqrt);
  // elementwise
  bool IsElementwise(const PlanNode& n);
  void FuseAround(const PlanNode& last);
  // `def`: what is run instead, an op with a leading underscore. Where there is no such kernel, all stays as it is.
  void Add(FusedNodes fused, const tensorflow::NodeDef& def);

  const PlanNodes& part_;
  KernelSource& kernels_;
  Rewrites rewrites_;
  absl::flat_hash_map<OutputKey, std::vector<const PlanNode*>> readers_;  // one who reads twice stands twice
  absl::flat_hash_map<const Node*, const PlanNode*> by_node_;
  absl::flat_hash_set<const Node*> taken_;  // in a fused kernel, or the last of one
  absl::flat_hash_set<OutputKey> fetched_;
  absl::flat_hash_map<std::string, bool> is_elementwise_;  // by op
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_STATE_H_
