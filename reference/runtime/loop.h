// While loops: a frame of Enter, Merge, Switch, NextIteration and Exit nodes, run as one step of its plan.
//
// TensorFlow's executor tags every value with a frame and an iteration. Here the compiler takes a frame as what
// while_loop made it from: loop variables (a Merge of an Enter and a NextIteration each), a condition (LoopCond) and a
// body. Condition, body and exit are plans of their own whose feeds cut the frame's cycles, so that the executor knows
// nothing of iterations and a loop costs no more than the steps it repeats. Frames in frames are steps of the body.
// Follows python/ops/control_flow_ops.py in what a frame looks like; graph/control_flow.cc in what belongs to one.
#ifndef TFPERSIST_REFERENCE_RUNTIME_LOOP_H_
#define TFPERSIST_REFERENCE_RUNTIME_LOOP_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/runtime/plan.h"

namespace tfpersist {

// What frames are made of, but for Merge and Switch, which conditions have too.
inline bool IsLoopOp(absl::string_view op) {
  return op == "Enter" || op == "RefEnter" || op == "Exit" || op == "RefExit" || op == "NextIteration" ||
         op == "RefNextIteration" || op == "LoopCond";
}

// One frame, as far as the exits that are asked for need it.
struct Loop {
  std::string frame;
  std::vector<const Node*> exits;   // the loop step's outputs, in order
  std::vector<const Node*> enters;  // its inputs: variables and invariants alike
  std::vector<const Node*> merges;  // loop variables
  std::vector<const Node*> switches;
  const Node* loop_cond = nullptr;
};

// The loops of one plan.
class Loops {
 public:
  // Adds what lies before `exit`, an Exit node. INVALID_ARGUMENT where the frame has no condition or mixes frames.
  absl::StatusOr<Loop*> Add(const Node* exit);
  // The loop that `exit` leaves; null for any other node. Pointers stay valid.
  Loop* Find(const Node* exit) const;
  static bool IsExit(const Node& node) { return node.op() == "Exit" || node.op() == "RefExit"; }

 private:
  std::deque<Loop> loops_;
  absl::flat_hash_map<const Node*, Loop*> loop_of_;  // of a frame's own nodes
  absl::flat_hash_map<const Node*, Loop*> by_exit_;
};

// The kernel of a loop step: its inputs are the values of loop.enters, its outputs those of loop.exits. `nesting` is
// how many loops may still lie in this one; RESOURCE_EXHAUSTED below 1. UNIMPLEMENTED for frames that while_loop does
// not make.
absl::StatusOr<std::unique_ptr<OpKernel>> MakeLoopKernel(const Loop& loop, KernelSource& kernels, int nesting);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_LOOP_H_
