#include "reference/runtime/function_call.h"

#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/graph/function_body.h"
#include "reference/runtime/construction.h"
#include "reference/runtime/executor.h"
#include "reference/runtime/plan.h"

namespace tfpersist {
namespace {

// The kernels of one body, all on one device.
class BodyKernels : public KernelSource {
 public:
  BodyKernels(const KernelRegistry& registry, Device* device, FunctionBudget* budget)
      : registry_(registry), device_(device), budget_(budget) {}

  bool HasKernel(const Node& node) const override {
    return registry_.Find(node.def(), device_->type()) != nullptr || IsFunctionCall(node);
  }
  Device* DeviceOf(const Node&) override { return device_; }
  Device* HostDevice() override { return device_; }
  absl::StatusOr<std::unique_ptr<OpKernel>> MakeKernel(const tensorflow::NodeDef& def,
                                                       absl::Span<const DataType> input_types,
                                                       absl::Span<const DataType> output_types) override {
    return MakeHostKernel(registry_, def, input_types, output_types);
  }
  absl::StatusOr<PlacedKernel> KernelFor(const Node& node) override {
    const KernelDef* def = registry_.Find(node.def(), device_->type());
    std::unique_ptr<OpKernel> kernel;
    if (def != nullptr) {
      NodeConstruction construction(node, device_->type());
      TFP_ASSIGN_OR_RETURN(kernel, def->factory(construction));
    } else {
      TFP_ASSIGN_OR_RETURN(kernel, MakeFunctionCall(node, registry_, device_, budget_));
    }
    PlacedKernel placed{kernel.get(), def, device_};
    owned_.push_back(std::move(kernel));
    return placed;
  }

 private:
  const KernelRegistry& registry_;
  Device* const device_;
  FunctionBudget* const budget_;  // while the kernel is made
  std::vector<std::unique_ptr<OpKernel>> owned_;
};

class FunctionCallKernel : public OpKernel {
 public:
  FunctionCallKernel(std::unique_ptr<Graph> graph, std::unique_ptr<BodyKernels> kernels, std::unique_ptr<Plan> plan)
      : graph_(std::move(graph)), kernels_(std::move(kernels)), plan_(std::move(plan)) {}
  ~FunctionCallKernel() override { delete idle_.load(); }

  absl::Status Compute(OpKernelContext& ctx) override {
    std::vector<const Tensor*> feeds;
    for (int i = 0; i < ctx.num_inputs(); ++i) feeds.push_back(&ctx.input(i));
    std::unique_ptr<RunState> state(idle_.exchange(nullptr, std::memory_order_acquire));
    if (state == nullptr) state = std::make_unique<RunState>(*plan_);
    std::vector<Tensor> results;
    RunEnvironment environment{&ctx.resources()};
    environment.outer = &ctx;
    TFP_RETURN_IF_ERROR(state->Run(feeds, environment, &results));
    for (size_t i = 0; i < results.size(); ++i) ctx.SetOutput(static_cast<int>(i), std::move(results[i]));
    RunState* expected = nullptr;
    if (idle_.compare_exchange_strong(expected, state.get(), std::memory_order_release)) state.release();
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Graph> graph_;
  const std::unique_ptr<BodyKernels> kernels_;
  const std::unique_ptr<Plan> plan_;
  std::atomic<RunState*> idle_{nullptr};
};

}  // namespace

bool IsFunctionCall(const Node& node) { return !CalledFunction(node).empty(); }

absl::StatusOr<std::unique_ptr<OpKernel>> MakeFunctionCall(const Node& node, const KernelRegistry& registry,
                                                           Device* device, FunctionBudget* budget) {
  const std::string name = CalledFunction(node);
  if (budget->depth <= 0) {
    return absl::ResourceExhaustedError(absl::StrCat("Function ", name,
                                                     " calls itself, or functions are nested deeper than ",
                                                     node.graph().limits().max_nesting, " (Limits::max_nesting)."));
  }
  TFP_ASSIGN_OR_RETURN(FunctionBody body, InstantiateFunction(node));
  budget->nodes -= body.graph->num_nodes();
  if (budget->nodes < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("The functions called through ", name, " have more nodes than ",
                                                     node.graph().limits().max_graph_nodes,
                                                     " (Limits::max_graph_nodes)."));
  }
  if (body.args.size() != node.inputs().size() || body.rets.size() != node.output_types().size()) {
    return absl::InvalidArgumentError(absl::StrCat("Function ", name, " takes ", body.args.size(), " and returns ",
                                                   body.rets.size(), " tensors; node ", node.name(), " has ",
                                                   node.inputs().size(), " and ", node.output_types().size(), "."));
  }
  for (size_t i = 0; i < body.args.size(); ++i) {
    if (body.args[i].dtype() != BaseType(node.input_types()[i])) {
      return absl::InvalidArgumentError(absl::StrCat("Function ", name, " takes ", DataTypeString(body.args[i].dtype()),
                                                     " as argument ", i, "; node ", node.name(), " gives ",
                                                     DataTypeString(node.input_types()[i]), "."));
    }
  }
  for (size_t i = 0; i < body.rets.size(); ++i) {
    if (BaseType(body.rets[i].dtype()) != node.output_types()[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("Function ", name, " returns ", DataTypeString(body.rets[i].dtype()), " as result ", i,
                       "; node ", node.name(), " has ", DataTypeString(node.output_types()[i]), "."));
    }
  }
  auto kernels = std::make_unique<BodyKernels>(registry, device, budget);
  --budget->depth;
  absl::StatusOr<std::unique_ptr<Plan>> plan =
      Plan::Compile({std::move(body.args), std::move(body.rets), std::move(body.targets)}, *kernels);
  ++budget->depth;
  if (!plan.ok()) return plan.status();
  return std::make_unique<FunctionCallKernel>(std::move(body.graph), std::move(kernels), *std::move(plan));
}

}  // namespace tfpersist
