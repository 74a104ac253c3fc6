// _FusedElementwise: a program of elementwise ops on float32, run over blocks that stay in the cache. The optimizer of
// plans writes it (runtime/optimizer_elementwise.cc); no graph has it.
//
// Attrs: ops, in the order of running; operands, two for each (the second -1 for an op of one argument), which count
// the inputs from 0 and go on with the results; num_inputs. The last op's result is the output, and one input has its
// shape; the others are broadcast to it. INVALID_ARGUMENT for shapes that make a larger one together, or rows too
// short, which the ops themselves may well take.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/vector_math.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

constexpr int64_t kBlock = 2048;  // elements
constexpr int64_t kMinRun = 32;   // shorter rows cost more than passes over memory do

struct Loops {
  BinaryLoop binary = nullptr;
  UnaryLoop unary = nullptr;
};

Loops LoopsOf(const std::string& op) {
  static const auto* const all = [] {
    auto* loops = new absl::flat_hash_map<std::string, Loops>();
#define TFP_ARITH(op, name, types, fault) \
  if (sizeof(fault) == 1) (*loops)[#op].binary = BinaryLoopFor<functor::name, ((types)&MaskOf(DT_FLOAT))>(DT_FLOAT);
#define TFP_UNARY(op, name, types) \
  (*loops)[#op].unary = UnaryLoopFor<functor::name, ((types)&MaskOf(DT_FLOAT))>(DT_FLOAT);
#include "reference/kernels/cwise_ops.def"
    for (auto& [name, l] : *loops) {
      if (BinaryLoop fast = VectorBinaryLoop(name)) l.binary = fast;
      if (UnaryLoop fast = VectorUnaryLoop(name)) l.unary = fast;
    }
    return loops;
  }();
  auto it = all->find(op);
  return it == all->end() ? Loops() : it->second;
}

struct Instruction {
  Loops loops;
  int x, y;     // operands
  int scratch;  // which block the result goes to; -1: the output
};

// How an input goes along the output.
class Walk {
 public:
  // INVALID_ARGUMENT where `in` can't be broadcast to `out`.
  static absl::StatusOr<Walk> Of(const TensorShape& in, const TensorShape& out) {
    Walk walk;
    const int missing = out.rank() - in.rank();
    int64_t period = 1, stride = 1;
    for (int d = out.rank() - 1; d >= 0; --d) {
      const int64_t size = d < missing ? 1 : in.dim(d - missing), all = out.dim(d);
      if (size != all && size != 1) return absl::InvalidArgumentError("Shapes that make a larger one together.");
      if (all == 1) continue;
      const int64_t by = size == all ? stride : 0;
      if (walk.axes_.empty() || (walk.axes_.back().stride == 0) != (by == 0)) {
        walk.axes_.push_back({period, all, by});
      } else {
        walk.axes_.back().size *= all;
      }
      period *= all;
      stride *= size;
    }
    return walk;
  }

  // So many elements of the output, and their multiples, are met by elements one behind the other (step 1) or by one
  // and the same (step 0).
  int64_t run() const { return axes_.empty() ? 1 : axes_[0].size; }
  int step() const { return axes_.empty() || axes_[0].stride == 0 ? 0 : 1; }
  // What element i of the output is met by.
  int64_t At(int64_t i) const {
    int64_t at = 0;
    for (size_t a = 0; a < axes_.size(); ++a) {
      const Axis& axis = axes_[a];
      if (axis.stride == 0) continue;
      const int64_t steps = a == 0 ? i : i / axis.period;
      at += (a + 1 == axes_.size() ? steps : steps % axis.size) * axis.stride;
    }
    return at;
  }

 private:
  struct Axis {
    int64_t period, size;  // in elements of the output; steps of it
    int64_t stride;        // in elements of the input; 0: broadcast
  };
  absl::InlinedVector<Axis, 4> axes_;  // from the innermost on; neighbours that go alike are one
};

class FusedElementwiseKernel : public OpKernel {
 public:
  FusedElementwiseKernel(std::vector<Instruction> program, int num_inputs, int num_scratch)
      : program_(std::move(program)), num_inputs_(num_inputs), num_scratch_(num_scratch) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const tensorflow::AttrValue* ops, c.Attr("ops"));
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> operands, c.IntListAttr("operands"));
    TFP_ASSIGN_OR_RETURN(const int64_t num_inputs, c.IntAttr("num_inputs"));
    const int count = ops->list().s_size();
    if (count == 0 || operands.size() != static_cast<size_t>(count) * 2 || num_inputs < 1 ||
        num_inputs > static_cast<int64_t>(c.input_types().size())) {
      return absl::InvalidArgumentError(absl::StrCat("Node ", c.name(), " has no well-formed program."));
    }
    std::vector<Instruction> program(count);
    std::vector<int> last_use(num_inputs + count, -1);
    for (int i = 0; i < count; ++i) {
      Instruction& in = program[i];
      in.loops = LoopsOf(ops->list().s(i));
      in.x = static_cast<int>(operands[2 * i]);
      in.y = static_cast<int>(operands[2 * i + 1]);
      const bool binary = in.y != -1;
      if (binary ? in.loops.binary == nullptr : in.loops.unary == nullptr) {
        return absl::UnimplementedError(absl::StrCat("Op ", ops->list().s(i), " can't be fused."));
      }
      for (int operand : {in.x, binary ? in.y : in.x}) {
        if (operand < 0 || operand >= num_inputs + i) {
          return absl::InvalidArgumentError(absl::StrCat("Node ", c.name(), " has no well-formed program."));
        }
        last_use[operand] = i;
      }
    }
    // Results take the place of those that nothing reads any more; a result may overwrite what it is made of.
    std::vector<int> free, place(count, -1);
    int num_scratch = 0;
    for (int i = 0; i < count; ++i) {
      for (int operand : {program[i].x, program[i].y}) {
        const int result = operand - static_cast<int>(num_inputs);
        if (result >= 0 && last_use[operand] == i && place[result] >= 0) {
          free.push_back(place[result]);
          place[result] = -1;  // x may be y
        }
      }
      if (i == count - 1) {
        program[i].scratch = -1;
        break;
      }
      if (free.empty()) free.push_back(num_scratch++);
      program[i].scratch = place[i] = free.back();
      free.pop_back();
    }
    return std::make_unique<FusedElementwiseKernel>(std::move(program), static_cast<int>(num_inputs), num_scratch);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    if (ctx.num_inputs() < num_inputs_) return absl::InvalidArgumentError("Too few inputs.");
    const TensorShape* shape = &ctx.input(0).shape();
    for (int i = 1; i < num_inputs_; ++i) {
      const TensorShape& s = ctx.input(i).shape();
      if (s.rank() > shape->rank() || (s.rank() == shape->rank() && s.num_elements() > shape->num_elements()))
        shape = &s;
    }
    absl::InlinedVector<Walk, 8> walks(num_inputs_);
    const int64_t n = shape->num_elements();
    int64_t run = n;  // so many elements in which no input starts anew or takes its next value
    int in_place = -1;
    for (int i = 0; i < num_inputs_; ++i) {
      TFP_ASSIGN_OR_RETURN(walks[i], Walk::Of(ctx.input(i).shape(), *shape));
      if (ctx.input(i).shape() == *shape && ctx.OwnsInput(i)) in_place = i;
      run = std::min(run, walks[i].run());
    }
    for (const Walk& walk : walks) {
      if (n > 0 && walk.run() % run != 0) return absl::InvalidArgumentError("Rows that don't fit.");
    }
    if (run < n && run < kMinRun) return absl::InvalidArgumentError("Rows too short.");
    const TensorShape out_shape = *shape;
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, out_shape, in_place));
    if (n == 0) return absl::OkStatus();
    const int64_t block = std::min(run, kBlock);
    const int64_t blocks_per_run = (run + block - 1) / block;
    Shard(ctx, n / run * blocks_per_run, block * static_cast<int64_t>(program_.size()) / 2 + 1,
          [&](int64_t begin, int64_t end) {
            RunBlocks(ctx, walks.data(), run, block, blocks_per_run, begin, end, static_cast<float*>(out->data()));
          });
    return absl::OkStatus();
  }

 private:
  void RunBlocks(OpKernelContext& ctx, const Walk* walks, int64_t run, int64_t block, int64_t blocks_per_run,
                 int64_t begin, int64_t end, float* out) const {
    thread_local std::vector<float> scratch;
    if (scratch.size() < static_cast<size_t>(num_scratch_ * kBlock)) scratch.resize(num_scratch_ * kBlock);
    absl::InlinedVector<const float*, 32> at(num_inputs_ + program_.size());
    absl::InlinedVector<int, 32> step(num_inputs_ + program_.size(), 1);
    for (int i = 0; i < num_inputs_; ++i) step[i] = walks[i].step();
    for (int64_t b = begin; b < end; ++b) {
      const int64_t from = b / blocks_per_run * run + b % blocks_per_run * block;
      const int64_t count = std::min(block, run - b % blocks_per_run * block);
      for (int i = 0; i < num_inputs_; ++i) {
        at[i] = static_cast<const float*>(ctx.input(i).data()) + walks[i].At(from);
      }
      for (size_t i = 0; i < program_.size(); ++i) {
        const Instruction& in = program_[i];
        float* to = in.scratch < 0 ? out + from : scratch.data() + in.scratch * kBlock;
        if (in.y < 0) {
          if (step[in.x] == 0) {
            in.loops.unary(at[in.x], to, 1);
            std::fill(to + 1, to + count, to[0]);
          } else {
            in.loops.unary(at[in.x], to, count);
          }
        } else {
          bool fault = false;
          in.loops.binary(at[in.x], step[in.x], at[in.y], step[in.y], to, count, &fault);
        }
        at[num_inputs_ + i] = to;
      }
    }
  }

  const std::vector<Instruction> program_;
  const int num_inputs_, num_scratch_;
};

}  // namespace

void RegisterFusedElementwiseKernels(KernelRegistry* registry) {
  RegisterKernel<FusedElementwiseKernel>(registry, "_FusedElementwise", "T", MaskOf(DT_FLOAT));
}

}  // namespace tfpersist
