// What a plan's compiler makes of the nodes before it makes steps of them: constants are folded, Identity nodes passed
// by, batch norms folded into the filters before them, and what follows a convolution, a product or an elementwise node
// is computed along with it.
//
// Nothing of it can be seen from outside but time and the last bits: what is fed, fetched or waited for keeps its
// place, and a fused kernel that refuses its inputs gives way to the nodes that it stands for, so that errors name them
// (fused_kernel.h). Follows core/grappler/optimizers/{constant_folding,remapper}.cc in what is fused.
#ifndef TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_H_
#define TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "reference/graph/graph.h"
#include "reference/runtime/plan.h"

namespace tfpersist {

using OutputKey = std::pair<const Node*, int>;
inline OutputKey KeyOf(const Output& o) { return {o.node, o.index}; }

// A node of the part of a graph that a plan runs.
struct PlanNode {
  const Node* node;
  std::vector<Output> inputs;  // where they are fed, see PlanNodes::fed
  bool waits = false;          // has control inputs
  bool awaited = false;        // is asked for as a target, or some node's control input
  bool opaque = false;         // stands for a loop
};

struct PlanNodes {
  std::vector<PlanNode> nodes;  // in the order of running
  absl::flat_hash_set<OutputKey> fed;
  std::vector<Output> fetches;
  bool may_be_dead = false;
};

// Nodes that one kernel computes together.
struct FusedNodes {
  struct Input {
    Output source;
    Tensor value;  // has a value: a constant that the optimizer made, instead
  };
  std::vector<const Node*> nodes;  // in the order of running; of their outputs only the last's first is read by others
  std::vector<Input> inputs;       // the kernel's own
  std::string op;                  // an internal one, with a leading underscore
  std::unique_ptr<OpKernel> kernel;
};

struct Rewrites {
  // The same value, made by another node. Of a variable's read, the variable itself: whoever has the read for its input
  // reads then. Only those may be aliases of aliases.
  absl::flat_hash_map<OutputKey, Output> aliases;
  absl::flat_hash_map<OutputKey, Tensor> constants;
  absl::flat_hash_set<const Node*> gone;               // need no step
  absl::flat_hash_map<const Node*, FusedNodes> fused;  // by the last of the nodes, whose step it is
};

// Kernels of nodes that are folded are made and run here.
Rewrites Optimize(const PlanNodes& part, KernelSource& kernels);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_OPTIMIZER_H_
