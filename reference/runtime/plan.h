// A plan: what one Run(feeds, fetches, targets) executes, compiled once and then only read.
//
// The graph is pruned backwards from what is asked for, cut at the fed tensors (core/graph/subgraph.cc); the remaining
// nodes become steps in topological order, and every tensor between them a slot, a dense index. A run owns an array of
// slots (executor.h), so that the warm path looks nothing up. The compiler knows each slot's last use: there its buffer
// may be taken over by an output (OpKernelContext::AllocateOutput), and after it the buffer is let go.
//
// Immutable after Compile; any number of threads may run one plan at once. Kernels belong to the session (KernelSource)
// and outlive its plans.
#ifndef TFPERSIST_REFERENCE_RUNTIME_PLAN_H_
#define TFPERSIST_REFERENCE_RUNTIME_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/op/kernel_registry.h"
#include "reference/op/op_kernel.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// What is asked for. Fetches and feeds are tensors, targets operations; the order counts.
struct RunSignature {
  std::vector<Output> feeds;
  std::vector<Output> fetches;
  std::vector<Node*> targets;

  bool operator==(const RunSignature& o) const {
    return feeds == o.feeds && fetches == o.fetches && targets == o.targets;
  }
  template <typename H>
  friend H AbslHashValue(H h, const RunSignature& s) {
    for (const Output& o : s.feeds) h = H::combine(std::move(h), o.node, o.index);
    for (const Output& o : s.fetches) h = H::combine(std::move(h), o.node, o.index);
    for (const Node* n : s.targets) h = H::combine(std::move(h), n);
    return H::combine(std::move(h), s.feeds.size(), s.fetches.size(), s.targets.size());
  }
};

// A node with its kernel and device, as the session keeps them for all plans.
struct PlacedKernel {
  OpKernel* kernel = nullptr;
  const KernelDef* def = nullptr;
  Device* device = nullptr;
};

// Gives kernels to the compiler: made once per node. Thread rules: called by one thread at a time.
class KernelSource {
 public:
  virtual ~KernelSource() = default;
  // False: no device that the node may use has a kernel for it.
  virtual bool HasKernel(const Node& node) const = 0;
  virtual absl::StatusOr<PlacedKernel> KernelFor(const Node& node) = 0;
  virtual Device* DeviceOf(const Node& node) = 0;
  // Where loops and what a GPU has no kernel for run.
  virtual Device* HostDevice() = 0;
  // Whether plans are rewritten before they run (optimizer.h), and whether kernels may run for that.
  virtual bool Optimizes() const { return false; }
  virtual bool FoldsConstants() const { return false; }
  // A kernel on the host of a node that no graph has. NOT_FOUND: there is none for its op.
  virtual absl::StatusOr<std::unique_ptr<OpKernel>> MakeKernel(const tensorflow::NodeDef& def,
                                                               absl::Span<const DataType> input_types,
                                                               absl::Span<const DataType> output_types) = 0;
};

struct BatchSlices;  // batch_slices.h

class Plan {
 public:
  ~Plan();
  enum InputFlags : uint8_t {
    kLastUse = 1,      // nothing reads the slot after this step
    kRefWanted = 2,    // the kernel takes the variable itself
    kDereference = 4,  // the slot holds a variable, the kernel wants its value
    kConstBuffer = 8,  // a feed: the buffer is the caller's
    kConstValue = 16,  // a Const node's value
  };
  struct Input {
    int32_t slot;
    uint8_t flags;
  };
  // kCopy: no node's; moves a value between the host and a device.
  // kFused: stands for several nodes.
  // kVariable: a reference variable's node, which gives the same variable in every run.
  enum class StepKind : uint8_t { kPlain, kMerge, kControlTrigger, kLoop, kCopy, kFused, kVariable };
  struct Step {
    OpKernel* kernel;
    Device* device;
    const Node* node;  // of a loop: the first Exit that is asked for; of a copy: who wants it; of fused nodes: the last
    int32_t first_input, num_inputs;      // in inputs()
    int32_t first_output, num_outputs;    // slots
    int32_t first_release, num_releases;  // in releases(): slots that nothing needs any more
    int32_t first_control, num_controls;  // in controls(): steps; filled only when may_be_dead()
    StepKind kind;
    bool plain_inputs;  // no input has kRefWanted or kDereference
    bool allows_uninitialized;
    bool on_device;  // the device is no host
  };
  struct Constant {
    int32_t slot;  // holds the value in every run
    Tensor value;
  };
  struct Fetch {
    int32_t slot;  // -1: a feed, whose value is handed back
    int32_t feed;  // index of that feed
    bool dereference;
    bool last;  // the last fetch of the slot, no constant: the value may be moved out
  };

  // `signature` must have been checked: non-null nodes of one graph, existing outputs, feeds without doubles.
  static absl::StatusOr<std::unique_ptr<Plan>> Compile(RunSignature signature, KernelSource& kernels);
  // A part of a loop (loop.h): nobody waits for the nodes of `cut`, whose outputs are fed; `nesting` loops may lie in
  // it.
  static absl::StatusOr<std::unique_ptr<Plan>> CompileInner(RunSignature signature, KernelSource& kernels,
                                                            const absl::flat_hash_set<const Node*>& cut, int nesting);

  const RunSignature& signature() const { return signature_; }
  absl::Span<const Step> steps() const { return steps_; }
  const Input* inputs() const { return inputs_.data(); }
  const int32_t* releases() const { return releases_.data(); }
  const int32_t* controls() const { return controls_.data(); }
  absl::Span<const int32_t> feed_slots() const { return feed_slots_; }  // -1: nothing reads that feed
  absl::Span<const Fetch> fetches() const { return fetches_; }
  absl::Span<const Constant> constants() const { return constants_; }
  int num_slots() const { return num_slots_; }
  int max_inputs() const { return max_inputs_; }
  bool may_be_dead() const { return may_be_dead_; }

  // The device whose work a run must wait for at its end; null: all is on the host.
  Device* accelerator() const { return accelerator_; }
  bool slot_on_device(int slot) const { return accelerator_ != nullptr && slot_on_device_[slot]; }
  // Feed i is read on the host too, so that a value on the device must be fetched first.
  bool feed_on_host(int feed) const { return feed_on_host_[feed]; }
  // What the steps queue on the device depends on nothing but the shapes of the feeds, and the host reads nothing back:
  // it may be recorded once and started again as a whole.
  bool replayable() const { return replayable_; }

  // The part that a batch of images may go through a few at a time (batch_slices.h); null: none.
  const BatchSlices* batch_slices() const { return batch_slices_.get(); }

  // "{{node NAME}} = OP[attrs](inputs)" of a step, as TensorFlow 1.11.0 prints it after an error (S21, S36).
  std::string NodeText(const Step& step) const { return NodeText(*step.node, *step.device); }
  std::string NodeText(const Node& node, const Device& device) const;  // of any
  // The same for the synthetic node that hands fetch i out: "_retval_v_0_0".
  std::string RetvalText(int fetch) const;
  std::string RetvalName(int fetch) const;
  // What a step's input i reads. REQUIRES: an output of a step, no feed.
  Output SourceOf(const Step& step, int i) const;
  // A tensor's name as its consumers show it: "v", "spl:1", "_arg_a_0_0" when fed.
  std::string InputText(const Output& source) const;

 private:
  class Compiler;
  Plan();

  RunSignature signature_;
  bool inner_ = false;                                  // a part of a loop: its feeds are nodes of the frame
  std::vector<std::unique_ptr<OpKernel>> own_kernels_;  // of loops, copies, fused nodes
  std::vector<Step> steps_;
  std::vector<Input> inputs_;
  std::vector<int32_t> releases_;
  std::vector<int32_t> controls_;
  std::vector<int32_t> feed_slots_;
  std::vector<Fetch> fetches_;
  std::vector<Constant> constants_;
  int num_slots_ = 0;
  int max_inputs_ = 0;
  bool may_be_dead_ = false;
  Device* accelerator_ = nullptr;
  std::vector<uint8_t> slot_on_device_;  // by slot, where there is an accelerator
  std::vector<uint8_t> feed_on_host_;
  bool replayable_ = false;
  std::unique_ptr<const BatchSlices> batch_slices_;
};

// Adds "\n\t [[node_text]]" to a kernel's error, and the node's name.
absl::Status AttachNode(const absl::Status& status, absl::string_view node, absl::string_view node_text);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_PLAN_H_
