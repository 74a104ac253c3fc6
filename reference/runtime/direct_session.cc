#include "reference/runtime/direct_session.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "absl/base/optimization.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/base/mutex.h"
#include "reference/base/status.h"
#include "reference/base/threads.h"
#include "reference/op/cuda_context.h"
#include "reference/runtime/budget_allocator.h"
#include "reference/runtime/construction.h"
#include "reference/runtime/cpu_device.h"
#include "reference/runtime/cuda_device.h"
#include "reference/runtime/executor.h"
#include "reference/runtime/function_call.h"
#include "reference/runtime/node_text.h"
#include "reference/runtime/placer.h"
#include "reference/runtime/plan.h"

namespace tfpersist {
namespace {

// A plan with a run state at rest, so that a warm run makes none.
struct CachedPlan {
  explicit CachedPlan(std::unique_ptr<Plan> p) : plan(std::move(p)) {}
  ~CachedPlan() { delete idle.load(); }

  std::unique_ptr<Plan> plan;
  std::vector<std::string> host_fallbacks;
  std::atomic<RunState*> idle{nullptr};
};

// "(?, 4)", "(2,)", "<unknown>": shapes as Python prints them.
std::string PythonShape(const PartialTensorShape& shape) {
  if (shape.unknown_rank()) return "<unknown>";
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", shape.dim(i) < 0 ? "?" : absl::StrCat(shape.dim(i)));
  }
  return absl::StrCat(text, shape.rank() == 1 ? ",)" : ")");
}

// "Tensor("a:0", shape=(), dtype=float32)"
std::string PythonTensor(const Output& o) {
  std::string text = absl::StrCat("Tensor(\"", o.name(), "\"");
  if (!o.shape().unknown_rank()) absl::StrAppend(&text, ", shape=", PythonShape(o.shape()));
  return absl::StrCat(text, ", dtype=", DataTypePythonName(BaseType(o.dtype())), IsRefType(o.dtype()) ? "_ref" : "",
                      ")");
}

absl::Status FetchError(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("Fetch argument ", what, " cannot be interpreted as a Tensor. (", why, ")"));
}

// A lookup's text inside a fetch error: Python shows a KeyError's text quoted (S06).
std::string NestedText(const absl::Status& status) {
  if (absl::IsNotFound(status)) return absl::StrCat("\"", status.message(), "\"");
  return std::string(status.message());
}

absl::Status FeedKeyError(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("Cannot interpret feed_dict key as Tensor: ", why));
}

}  // namespace

class DirectSession::Impl : public KernelSource {
 public:
  Impl(Graph& graph, const KernelRegistry& registry, const SessionOptions& options)
      : graph_(graph),
        registry_(registry),
        options_(options),
        threads_(options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency())),
        budget_(options.max_bytes > 0 ? std::make_unique<BudgetAllocator>(options.max_bytes) : nullptr) {
    for (int i = 0; i < std::max(1, options.cpu_devices); ++i) {
      devices_.push_back(std::make_unique<CpuDevice>(i, threads_, options.map_checkpoints,
                                                     budget_ != nullptr ? budget_.get() : HeapAllocator()));
    }
    if (options.cuda_devices > 1) {
      device_status_ = absl::UnimplementedError("A session runs on one GPU (SessionOptions::cuda_devices is 0 or 1).");
    } else if (options.cuda_devices == 1) {
      absl::StatusOr<std::unique_ptr<CudaDevice>> cuda = CudaDevice::Create(0, threads_);
      device_status_ = cuda.status();
      if (cuda.ok()) devices_.push_back(*std::move(cuda));
    }
    accelerator_ = devices_.back()->type() == DeviceType::kCuda ? devices_.back().get() : nullptr;
    placer_ = std::make_unique<Placer>(
        devices_, options.allow_soft_placement,
        [this](const Node& node, DeviceType type) { return registry_.Find(node.def(), type) != nullptr; });
  }

  absl::Status Run(absl::Span<const Feed> feeds, absl::Span<const Output> fetches, absl::Span<Node* const> targets,
                   RunMetadata* metadata, std::vector<Tensor>* fetched, absl::Span<Tensor* const> owned_feeds = {},
                   bool keep_on_device = false);

  absl::Status CheckPartialRun(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                               absl::Span<Node* const> targets) {
    TFP_RETURN_IF_ERROR(CheckOpen());
    return CheckSignature(feeds, fetches, targets).status();
  }
  absl::Status RunPart(absl::Span<const Feed> feeds, absl::Span<const Output> fetches, absl::Span<Node* const> targets,
                       const absl::flat_hash_set<const Node*>& cut, std::vector<Tensor>* fetched);

  absl::Status CheckOpen() const {
    if (ABSL_PREDICT_FALSE(closed_.load(std::memory_order_acquire))) {
      if (options_.c_api_checks) return absl::CancelledError("Session has been closed.");
      return absl::FailedPreconditionError("Attempted to use a closed Session.");
    }
    if (ABSL_PREDICT_FALSE(graph_.num_nodes() == 0)) {
      return absl::FailedPreconditionError(
          "The Session graph is empty.  Add operations to the graph before calling run().");
    }
    TFP_RETURN_IF_ERROR(device_status_);
    return graph_.status();
  }
  void Close() { closed_.store(true, std::memory_order_release); }

  // KernelSource; under mu_.
  bool HasKernel(const Node& node) const override {
    return registry_.Find(node.def(), placer_->device_of(node)->type()) != nullptr ||
           registry_.Find(node.def(), DeviceType::kCpu) != nullptr || IsFunctionCall(node);
  }
  absl::StatusOr<PlacedKernel> KernelFor(const Node& node) override;
  Device* DeviceOf(const Node& node) override { return placer_->device_of(node); }
  Device* HostDevice() override { return devices_[0].get(); }
  bool Optimizes() const override { return options_.optimize && accelerator_ == nullptr; }
  // A graph that nobody vouches for works within its deadline.
  bool FoldsConstants() const override { return options_.operation_timeout_in_ms == 0; }
  absl::StatusOr<std::unique_ptr<OpKernel>> MakeKernel(const tensorflow::NodeDef& def,
                                                       absl::Span<const DataType> input_types,
                                                       absl::Span<const DataType> output_types) override {
    return MakeHostKernel(registry_, def, input_types, output_types);
  }

 private:
  static constexpr int kInlineFeeds = 8;
  using FeedList = absl::InlinedVector<const Tensor*, kInlineFeeds>;

  bool WantedOnDevice(const Node& node) const;
  absl::StatusOr<CachedPlan*> FindPlan(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                       absl::Span<Node* const> targets);
  absl::StatusOr<RunSignature> CheckSignature(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                              absl::Span<Node* const> targets) const;
  static bool Matches(const Plan& plan, absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                      absl::Span<Node* const> targets);

  Graph& graph_;
  const KernelRegistry& registry_;
  const SessionOptions options_;
  ThreadPool threads_;
  const std::unique_ptr<BudgetAllocator> budget_;  // null: no limit
  std::vector<std::unique_ptr<Device>> devices_;
  Device* accelerator_ = nullptr;
  absl::Status device_status_;  // why there is no GPU though one was asked for
  ResourceManager resources_;
  std::atomic<bool> closed_{false};
  std::atomic<uint64_t> placed_version_{0};
  // The plans of the last two different runs: most programs repeat one, or take turns with two.
  std::atomic<CachedPlan*> last_plan_{nullptr}, plan_before_{nullptr};

  Mutex mu_;
  std::unique_ptr<Placer> placer_;
  std::vector<PlacedKernel> kernels_ ABSL_GUARDED_BY(mu_);  // by node id
  std::vector<std::unique_ptr<OpKernel>> owned_kernels_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<RunSignature, std::unique_ptr<CachedPlan>> plans_ ABSL_GUARDED_BY(mu_);
};

// A node that runs on the host although it, or what it is colocated with, was put on a GPU, or although the session has
// one and the node's numbers would lie there. Strings, resources and int32 are the host's anyway.
bool DirectSession::Impl::WantedOnDevice(const Node& node) const {
  if (absl::StrContains(node.device(), "GPU") || absl::StrContains(node.device(), "gpu")) return true;
  if (accelerator_ == nullptr || !node.device().empty() || node.num_outputs() == 0) return false;
  for (DataType t : node.output_types()) {
    if (IsPlain(BaseType(t)) && BaseType(t) != DT_INT32 && node.op() != "Const") return true;
  }
  return false;
}

absl::StatusOr<PlacedKernel> DirectSession::Impl::KernelFor(const Node& node) {
  mu_.AssertHeld();
  if (static_cast<int>(kernels_.size()) <= node.id()) kernels_.resize(graph_.num_nodes());
  PlacedKernel& placed = kernels_[node.id()];
  if (placed.kernel != nullptr) return placed;
  Device* device = placer_->device_of(node);
  // Savers put it on the CPU, as TensorFlow's has no other; here what it reads goes where it is wanted.
  if (node.op() == "RestoreV2" && accelerator_ != nullptr) device = accelerator_;
  const KernelDef* def = registry_.Find(node.def(), device->type());
  if (def == nullptr && device->type() != DeviceType::kCpu) {
    device = devices_[0].get();
    def = registry_.Find(node.def(), DeviceType::kCpu);
  }
  std::unique_ptr<OpKernel> kernel;
  if (def != nullptr) {
    NodeConstruction construction(node, device->type());
    TFP_ASSIGN_OR_RETURN(kernel, def->factory(construction));
  } else {
    FunctionBudget budget{graph_.limits().max_graph_nodes, graph_.limits().max_nesting};
    TFP_ASSIGN_OR_RETURN(kernel, MakeFunctionCall(node, registry_, device, &budget));
  }
  placed = {kernel.get(), def, device};
  owned_kernels_.push_back(std::move(kernel));
  return placed;
}

bool DirectSession::Impl::Matches(const Plan& plan, absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                  absl::Span<Node* const> targets) {
  const RunSignature& s = plan.signature();
  if (s.feeds.size() != feeds.size() || s.fetches.size() != fetches.size() || s.targets.size() != targets.size()) {
    return false;
  }
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (!(s.feeds[i] == feeds[i].first)) return false;
  }
  return std::equal(fetches.begin(), fetches.end(), s.fetches.begin()) &&
         std::equal(targets.begin(), targets.end(), s.targets.begin());
}

absl::StatusOr<RunSignature> DirectSession::Impl::CheckSignature(absl::Span<const Feed> feeds,
                                                                 absl::Span<const Output> fetches,
                                                                 absl::Span<Node* const> targets) const {
  auto in_graph = [&](const Node* node) {
    return &node->graph() == &graph_ && node->id() < graph_.num_nodes() && graph_.node(node->id()) == node;
  };
  RunSignature s;
  absl::flat_hash_set<std::pair<const Node*, int>> fed;
  for (const auto& [output, value] : feeds) {
    if (!output) return FeedKeyError("an Output that names no tensor.");
    if (!in_graph(output.node)) {
      return FeedKeyError(absl::StrCat("Tensor ", PythonTensor(output), " is not an element of this graph."));
    }
    if (output.index < 0 || output.index >= output.node->num_outputs()) {
      return FeedKeyError(absl::StrCat("Operation ", output.op_name(), " has ", output.node->num_outputs(),
                                       " outputs, none of them is output ", output.index, "."));
    }
    if (!fed.emplace(output.node, output.index).second) {
      return absl::InvalidArgumentError(absl::StrCat("Endpoint \"", output.name(), "\" fed more than once."));
    }
    s.feeds.push_back(output);
  }
  for (const Output& output : fetches) {
    if (!output) return FetchError("None", "The Output names no tensor.");
    if (!in_graph(output.node)) {
      return FetchError(absl::StrCat("<tf.Tensor '", output.name(), "'>"),
                        absl::StrCat("Tensor ", PythonTensor(output), " is not an element of this graph."));
    }
    if (output.index < 0 || output.index >= output.node->num_outputs()) {
      return FetchError(absl::StrCat("'", output.op_name(), ":", output.index, "'"),
                        absl::StrCat("\"The name '", output.op_name(), ":", output.index,
                                     "' refers to a Tensor which does not exist. The operation, '", output.op_name(),
                                     "', exists but only has ", output.node->num_outputs(), " outputs.\""));
    }
    if (options_.c_api_checks && fed.contains({output.node, output.index})) {
      return absl::InvalidArgumentError(absl::StrCat(output.name(), " is both fed and fetched."));
    }
    s.fetches.push_back(output);
  }
  for (Node* node : targets) {
    if (node == nullptr) return FetchError("None", "The target names no operation.");
    if (!in_graph(node)) {
      return FetchError(absl::StrCat("<tf.Operation '", node->name(), "' type=", node->op(), ">"),
                        absl::StrCat("Operation ", node->name(), " is not an element of this graph."));
    }
    s.targets.push_back(node);
  }
  return s;
}

absl::StatusOr<CachedPlan*> DirectSession::Impl::FindPlan(absl::Span<const Feed> feeds,
                                                          absl::Span<const Output> fetches,
                                                          absl::Span<Node* const> targets) {
  TFP_ASSIGN_OR_RETURN(RunSignature signature, CheckSignature(feeds, fetches, targets));
  MutexLock lock(&mu_);
  auto it = plans_.find(signature);
  if (it != plans_.end()) return it->second.get();
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<Plan> plan, Plan::Compile(signature, *this));
  auto cached = std::make_unique<CachedPlan>(std::move(plan));
  for (const Plan::Step& step : cached->plan->steps()) {
    if (step.device->type() == DeviceType::kCpu && WantedOnDevice(*step.node)) {
      cached->host_fallbacks.push_back(step.node->name());
    }
  }
  return plans_.emplace(std::move(signature), std::move(cached)).first->second.get();
}

absl::Status DirectSession::Impl::Run(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                      absl::Span<Node* const> targets, RunMetadata* metadata,
                                      std::vector<Tensor>* fetched, absl::Span<Tensor* const> owned_feeds,
                                      bool keep_on_device) {
  TFP_RETURN_IF_ERROR(CheckOpen());
  if (ABSL_PREDICT_FALSE(fetches.empty() && targets.empty())) {
    if (!options_.c_api_checks) return absl::OkStatus();  // S05
    return absl::InvalidArgumentError("Must specify at least one target to fetch or execute.");
  }
  if (ABSL_PREDICT_FALSE(placed_version_.load(std::memory_order_acquire) != graph_.version())) {
    MutexLock lock(&mu_);
    TFP_RETURN_IF_ERROR(placer_->PlaceNewNodes(graph_));
    placed_version_.store(graph_.version(), std::memory_order_release);
  }
  CachedPlan* cached = last_plan_.load(std::memory_order_acquire);
  if (cached == nullptr || !Matches(*cached->plan, feeds, fetches, targets)) {
    CachedPlan* const last = cached;
    cached = plan_before_.load(std::memory_order_acquire);
    if (cached == nullptr || !Matches(*cached->plan, feeds, fetches, targets)) {
      TFP_ASSIGN_OR_RETURN(cached, FindPlan(feeds, fetches, targets));
    }
    plan_before_.store(last, std::memory_order_release);
    last_plan_.store(cached, std::memory_order_release);
  }

  FeedList values(feeds.size());
  for (size_t i = 0; i < feeds.size(); ++i) {
    const auto& [output, value] = feeds[i];
    const DataType wanted = BaseType(output.dtype());
    if (ABSL_PREDICT_FALSE(value.dtype() != wanted)) {
      return absl::InvalidArgumentError(absl::StrCat("Expects arg[", i, "] to be ", DataTypeString(wanted), " but ",
                                                     value.has_value() ? DataTypeString(value.dtype()) : "nothing",
                                                     " is provided (feed of ", output.name(), ")."));
    }
    if (ABSL_PREDICT_FALSE(!output.shape().IsCompatibleWith(value.shape()))) {
      return absl::InvalidArgumentError(absl::StrCat("Cannot feed value of shape ", PythonShape(value.shape()),
                                                     " for Tensor '", output.name(), "', which has shape '",
                                                     PythonShape(output.shape()), "'"));
    }
    values[i] = &value;
  }

  RunEnvironment environment{&resources_, &closed_, nullptr, owned_feeds, keep_on_device};
  environment.accelerator = accelerator_;
  if (ABSL_PREDICT_FALSE(options_.operation_timeout_in_ms > 0)) {
    environment.deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.operation_timeout_in_ms);
  }
  if (ABSL_PREDICT_FALSE(metadata != nullptr)) {
    metadata->peak_bytes = 0;
    metadata->steps.clear();
    if (metadata->trace) environment.trace = &metadata->steps;
    metadata->host_fallbacks = cached->host_fallbacks;
    environment.peak_bytes = &metadata->peak_bytes;
    metadata->slices = 0;
    environment.slices = &metadata->slices;
  }
  std::unique_ptr<RunState> state(cached->idle.exchange(nullptr, std::memory_order_acquire));
  if (state == nullptr) state = std::make_unique<RunState>(*cached->plan);
  absl::Status status;
  if (cached->plan->accelerator() == nullptr) {
    status = state->Run(values, environment, fetched);
  } else {
    const std::lock_guard<std::mutex> turn(cached->plan->accelerator()->cuda()->mutex());
    status = state->Run(values, environment, fetched);
  }
  if (ABSL_PREDICT_FALSE(absl::IsCancelled(status)) && !closed_.load(std::memory_order_acquire)) {
    status = absl::DeadlineExceededError(absl::StrCat("Timed out waiting for operation: the run took longer than ",
                                                      options_.operation_timeout_in_ms,
                                                      " ms (SessionOptions::operation_timeout_in_ms)"));
  }
  RunState* expected = nullptr;
  if (cached->idle.compare_exchange_strong(expected, state.get(), std::memory_order_release)) state.release();
  return status;
}

absl::Status DirectSession::Impl::RunPart(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                          absl::Span<Node* const> targets, const absl::flat_hash_set<const Node*>& cut,
                                          std::vector<Tensor>* fetched) {
  TFP_RETURN_IF_ERROR(CheckOpen());
  RunSignature signature;
  FeedList values;
  for (const auto& [output, value] : feeds) {
    signature.feeds.push_back(output);
    values.push_back(&value);
  }
  signature.fetches.assign(fetches.begin(), fetches.end());
  signature.targets.assign(targets.begin(), targets.end());
  std::unique_ptr<Plan> plan;
  {
    MutexLock lock(&mu_);
    TFP_RETURN_IF_ERROR(placer_->PlaceNewNodes(graph_));
    placed_version_.store(graph_.version(), std::memory_order_release);
    TFP_ASSIGN_OR_RETURN(plan, Plan::CompileInner(std::move(signature), *this, cut, graph_.limits().max_nesting));
  }
  return RunState(*plan).Run(values, RunEnvironment{&resources_, &closed_, nullptr, {}}, fetched);
}

DirectSession::DirectSession(Graph& graph, const KernelRegistry& kernels, SessionOptions options)
    : graph_(graph), impl_(std::make_unique<Impl>(graph, kernels, options)) {}

DirectSession::~DirectSession() = default;

absl::StatusOr<std::vector<Tensor>> DirectSession::Run(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                                       absl::Span<Node* const> targets, RunMetadata* metadata) {
  std::vector<Tensor> fetched;
  TFP_RETURN_IF_ERROR(impl_->Run(feeds, fetches, targets, metadata, &fetched));
  return fetched;
}

absl::StatusOr<std::vector<Tensor>> DirectSession::RunKeepingOnDevice(absl::Span<const Feed> feeds,
                                                                      absl::Span<const Output> fetches) {
  std::vector<Tensor> fetched;
  TFP_RETURN_IF_ERROR(impl_->Run(feeds, fetches, {}, nullptr, &fetched, {}, true));
  return fetched;
}

absl::Status DirectSession::RunTakingFeeds(std::vector<Feed> feeds, absl::Span<Node* const> targets) {
  std::vector<Tensor*> owned;
  for (auto& [output, value] : feeds) owned.push_back(&value);
  std::vector<Tensor> fetched;
  return impl_->Run(feeds, {}, targets, nullptr, &fetched, owned);
}

absl::StatusOr<std::vector<Tensor>> DirectSession::Run(absl::Span<const NamedFeed> feeds,
                                                       absl::Span<const std::string> fetches,
                                                       absl::Span<const std::string> targets) {
  TFP_RETURN_IF_ERROR(impl_->CheckOpen());
  // The later of two feeds of one tensor wins, as two keys of one Python dict do (S23).
  std::vector<Feed> outputs;
  absl::flat_hash_map<std::pair<const Node*, int>, size_t> fed;
  for (const auto& [name, value] : feeds) {
    absl::StatusOr<Output> output = graph_.FindTensor(name);
    if (!output.ok()) return WithMessage(FeedKeyError(""), FeedKeyError(output.status().message()).message());
    const auto [same, is_new] = fed.emplace(std::make_pair(output->node, output->index), outputs.size());
    if (!is_new) {
      outputs[same->second].second = value;
    } else {
      outputs.emplace_back(*output, value);
    }
  }
  std::vector<Output> tensors;
  std::vector<Node*> nodes;
  std::vector<int> position(fetches.size(), -1);
  for (size_t i = 0; i < fetches.size(); ++i) {
    if (absl::StrContains(fetches[i], ':')) {
      absl::StatusOr<Output> output = graph_.FindTensor(fetches[i]);
      if (!output.ok()) return FetchError(absl::StrCat("'", fetches[i], "'"), NestedText(output.status()));
      position[i] = static_cast<int>(tensors.size());
      tensors.push_back(*output);
    } else {
      absl::StatusOr<Node*> node = graph_.FindOperation(fetches[i]);
      if (!node.ok()) return FetchError(absl::StrCat("'", fetches[i], "'"), NestedText(node.status()));
      nodes.push_back(*node);
    }
  }
  for (const std::string& target : targets) {
    absl::StatusOr<Node*> node = graph_.FindOperation(target);
    if (!node.ok()) return FetchError(absl::StrCat("'", target, "'"), NestedText(node.status()));
    nodes.push_back(*node);
  }
  std::vector<Tensor> values;
  TFP_RETURN_IF_ERROR(impl_->Run(outputs, tensors, nodes, nullptr, &values));
  std::vector<Tensor> fetched(fetches.size());
  for (size_t i = 0; i < fetches.size(); ++i) {
    if (position[i] >= 0) fetched[i] = std::move(values[position[i]]);
  }
  return fetched;
}

absl::Status DirectSession::CheckPartialRun(absl::Span<const Output> feeds, absl::Span<const Output> fetches,
                                            absl::Span<Node* const> targets) {
  std::vector<Feed> without_values;
  for (const Output& feed : feeds) without_values.emplace_back(feed, Tensor());
  return impl_->CheckPartialRun(without_values, fetches, targets);
}

absl::StatusOr<std::vector<Tensor>> DirectSession::RunPart(absl::Span<const Feed> feeds,
                                                           absl::Span<const Output> fetches,
                                                           absl::Span<Node* const> targets,
                                                           const absl::flat_hash_set<const Node*>& cut) {
  std::vector<Tensor> fetched;
  TFP_RETURN_IF_ERROR(impl_->RunPart(feeds, fetches, targets, cut, &fetched));
  return fetched;
}

absl::StatusOr<Tensor> DirectSession::Run(Output fetch) {
  std::vector<Tensor> fetched;
  TFP_RETURN_IF_ERROR(impl_->Run({}, {&fetch, 1}, {}, nullptr, &fetched));
  return std::move(fetched[0]);
}

absl::Status DirectSession::Run(Node* target) {
  std::vector<Tensor> fetched;
  return impl_->Run({}, {}, {&target, 1}, nullptr, &fetched);
}

void DirectSession::Close() { impl_->Close(); }

}  // namespace tfpersist
