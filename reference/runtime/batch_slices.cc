#include "reference/runtime/batch_slices.h"

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/fused_kernel.h"

namespace tfpersist {
namespace {

constexpr int kFewest = 3;  // steps that are worth dividing a batch for

// What a slice's largest value may take, unless one image takes more: a part of the last cache, which what stands
// beside it and the weights share. Measured with 16 MiB of cache: two images of MobileNet v2 (4.8 MB each) at a time
// are a tenth slower than one.
constexpr int64_t kCacheBytes = 4 << 20;

bool IsOneOf(absl::string_view op, std::initializer_list<absl::string_view> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

bool IsNhwc(const Node& node) {
  const tensorflow::AttrValue* format = node.attr("data_format");
  return format == nullptr || format->s().empty() || format->s() == "NHWC";
}

// The window of a pool stays within one image.
bool IsOneOfBatch(const Node& node, const char* attr) {
  const tensorflow::AttrValue* sizes = node.attr(attr);
  return sizes != nullptr && sizes->list().i_size() == 4 && sizes->list().i(0) == 1;
}

// Goes through a plan's steps and remembers the longest part.
class Finder {
 public:
  explicit Finder(const Plan& plan) : plan_(plan) {
    for (const Plan::Constant& c : plan.constants()) constants_[c.slot] = &c.value;
  }

  std::unique_ptr<const BatchSlices> Find() {
    std::unique_ptr<BatchSlices> best;
    for (int s = 0; s < num_steps();) {
      std::unique_ptr<BatchSlices> part = From(s);
      s = std::max(part->end, s + 1);
      const int length = part->end - part->first;
      if (length < kFewest || part->images.empty()) continue;
      if (best == nullptr || length > best->end - best->first) best = std::move(part);
    }
    if (best != nullptr) FindOutputs(best.get());
    return best == nullptr || best->outputs.empty() ? nullptr : std::move(best);
  }

 private:
  int num_steps() const { return static_cast<int>(plan_.steps().size()); }

  std::unique_ptr<BatchSlices> From(int first) {
    auto part = std::make_unique<BatchSlices>();
    part->first = part->end = first;
    made_.clear();
    images_.clear();
    shared_.clear();
    while (part->end < num_steps() && Take(plan_.steps()[part->end], part.get())) ++part->end;
    part->images.assign(images_.begin(), images_.end());
    part->shared.assign(shared_.begin(), shared_.end());
    return part;
  }

  // Once, for the part that was chosen: it goes through all steps behind it.
  void FindOutputs(BatchSlices* part) const {
    absl::flat_hash_set<int32_t> read;
    for (int s = part->end; s < num_steps(); ++s) {
      const Plan::Step& step = plan_.steps()[s];
      for (int i = 0; i < step.num_inputs; ++i) read.insert(plan_.inputs()[step.first_input + i].slot);
    }
    for (const Plan::Fetch& fetch : plan_.fetches()) read.insert(fetch.slot);
    for (int s = part->first; s < part->end; ++s) {
      const int32_t slot = plan_.steps()[s].first_output;
      if (read.contains(slot)) part->outputs.push_back(slot);
    }
  }

  // The step treats each image by itself, and what it reads is of this part, image by image, or the same for all.
  bool Take(const Plan::Step& step, BatchSlices* part) {
    const bool fused = step.kind == Plan::StepKind::kFused;
    // Of fused nodes the first output alone is read.
    if ((!fused && (step.kind != Plan::StepKind::kPlain || step.num_outputs != 1)) || step.on_device ||
        !step.plain_inputs || step.node->output_types()[0] != DT_FLOAT) {
      return false;
    }
    const PartialTensorShape& shape = step.node->output_shape(0);
    if (shape.rank() != 4) return false;
    int64_t bytes = sizeof(float);
    for (int d = 1; d < 4; ++d) {
      if (shape.dim(d) <= 0 || __builtin_mul_overflow(bytes, shape.dim(d), &bytes)) return false;
    }
    const std::string& op = fused ? static_cast<const FusedKernel*>(step.kernel)->op() : step.node->op();
    const bool convolution =
        IsOneOf(op, {"_FusedConv2D", "_FusedDepthwiseConv2dNative", "Conv2D", "DepthwiseConv2dNative"});
    const bool pool = IsOneOf(op, {"MaxPool", "AvgPool"});
    const bool elementwise = IsOneOf(op, {"_FusedElementwise", "Add", "AddV2", "Mul", "Sub", "BiasAdd", "Relu", "Relu6",
                                          "Elu", "Tanh", "Sigmoid", "LRN"});
    if (!convolution && !pool && !elementwise) return false;
    if (!fused && !IsNhwc(*step.node)) return false;
    if (pool && (!IsOneOfBatch(*step.node, "ksize") || !IsOneOfBatch(*step.node, "strides"))) return false;

    std::vector<int32_t> images, shared;  // that are new to the part
    for (int i = 0; i < step.num_inputs; ++i) {
      const int32_t slot = plan_.inputs()[step.first_input + i].slot;
      if (made_.contains(slot)) {
        if (convolution && (i == 1 || i == 2)) return false;
        continue;
      }
      if (const auto constant = constants_.find(slot); constant != constants_.end()) {
        // One that has as many dimensions could be of the whole batch.
        if (!convolution && constant->second->shape().rank() >= 4) return false;
        if (convolution && i == 0) return false;
        continue;
      }
      if (convolution && i == 1) return false;  // such a filter is packed anew each time
      const bool image = i == 0 || (convolution && fused && i == 3);
      if (elementwise && !image) return false;  // of whichever shape
      (image ? images : shared).push_back(slot);
    }
    for (const int32_t slot : images) {
      if (shared_.contains(slot) || std::find(shared.begin(), shared.end(), slot) != shared.end()) return false;
    }
    for (const int32_t slot : shared) {
      if (images_.contains(slot)) return false;
    }
    images_.insert(images.begin(), images.end());
    shared_.insert(shared.begin(), shared.end());
    made_.insert(step.first_output);
    part->image_bytes = std::max(part->image_bytes, bytes);
    return true;
  }

  const Plan& plan_;
  absl::flat_hash_map<int32_t, const Tensor*> constants_;
  absl::flat_hash_set<int32_t> made_, images_, shared_;
};

// Memory that belongs to another tensor.
class PartBuffer : public TensorBuffer {
 public:
  PartBuffer(Tensor of, void* data, size_t bytes) : TensorBuffer(data, bytes, MemoryKind::kHost), of_(std::move(of)) {}

 private:
  const Tensor of_;
};

absl::StatusOr<TensorShape> WithBatch(const TensorShape& shape, int64_t batch) {
  absl::InlinedVector<int64_t, 4> dims(shape.dims().begin(), shape.dims().end());
  dims[0] = batch;
  return TensorShape::Create(dims);
}

bool SameButForBatch(const TensorShape& a, const TensorShape& b) {
  return a.rank() == b.rank() && a.dims().subspan(1) == b.dims().subspan(1);
}

// Images [begin, begin + count) of a batch, over the same memory. REQUIRES: nobody writes to it.
Tensor Slice(const Tensor& batch, int64_t begin, int64_t count) {
  const size_t image = batch.total_bytes() / batch.shape().dim(0);
  char* const data = static_cast<char*>(const_cast<void*>(batch.data())) + begin * image;
  return Tensor::Wrap(batch.dtype(), *WithBatch(batch.shape(), count), new PartBuffer(batch, data, count * image),
                      data);
}

}  // namespace

std::unique_ptr<const BatchSlices> BatchSlices::Find(const Plan& plan) {
  if (plan.may_be_dead() || plan.accelerator() != nullptr) return nullptr;
  return Finder(plan).Find();
}

SlicedRun::SlicedRun(const Plan& plan)
    : part_(*plan.batch_slices()),
      images_(std::max<int64_t>(1, kCacheBytes / part_.image_bytes)),
      allocator_(plan.steps()[part_.first].device->allocator()),
      slice_(plan, /*whole=*/false) {}

absl::StatusOr<SlicedRun::Done> SlicedRun::Run(RunState& state, const RunEnvironment& environment) {
  int64_t batch = -1;
  for (const int32_t slot : part_.images) {
    const Tensor& image = state.value(slot);
    if (!image.has_value() || image.dtype() != DT_FLOAT || image.shape().rank() != 4) return Done{};
    if (batch < 0) batch = image.shape().dim(0);
    if (image.shape().dim(0) != batch || image.num_elements() == 0) return Done{};
  }
  if (batch <= images_) return Done{};

  RunEnvironment inner = environment;
  inner.owned_feeds = {};
  Done done;
  int64_t slice_peak = 0;
  if (environment.peak_bytes != nullptr) inner.peak_bytes = &slice_peak;
  std::vector<Tensor> outputs(part_.outputs.size());
  for (int64_t begin = 0; begin < batch; begin += images_) {
    const absl::Status status = RunSlice(state, inner, begin, std::min(images_, batch - begin), batch, &outputs);
    if (absl::IsCancelled(status)) return status;
    if (!status.ok()) return Done{};
    ++done.slices;
    done.peak_bytes = std::max(done.peak_bytes, slice_peak);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (environment.peak_bytes != nullptr) done.peak_bytes += static_cast<int64_t>(outputs[i].total_bytes());
    state.value(part_.outputs[i]) = std::move(outputs[i]);
  }
  return done;
}

absl::Status SlicedRun::RunSlice(const RunState& whole, const RunEnvironment& environment, int64_t begin, int64_t count,
                                 int64_t batch, std::vector<Tensor>* outputs) {
  // A second reference each, so that no kernel takes the whole's memory for its own.
  absl::InlinedVector<Tensor, 4> held;
  for (const int32_t slot : part_.images) {
    held.push_back(Slice(whole.value(slot), begin, count));
    slice_.value(slot) = held.back();
  }
  for (const int32_t slot : part_.shared) slice_.value(slot) = whole.value(slot);
  absl::Status status = slice_.RunPart(part_.first, part_.end, environment);
  for (size_t i = 0; i < outputs->size() && status.ok(); ++i) {
    status = Collect(slice_.value(part_.outputs[i]), begin, count, batch, &(*outputs)[i]);
  }
  for (const std::vector<int32_t>* slots : {&part_.images, &part_.shared, &part_.outputs}) {
    for (const int32_t slot : *slots) slice_.value(slot) = Tensor();
  }
  return status;
}

absl::Status SlicedRun::Collect(const Tensor& part, int64_t begin, int64_t count, int64_t batch, Tensor* all) const {
  if (!part.has_value() || part.shape().rank() < 1 || part.shape().dim(0) != count) {
    return absl::InternalError("A slice of a batch has another number of images.");
  }
  if (!all->has_value()) {
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, WithBatch(part.shape(), batch));
    TFP_ASSIGN_OR_RETURN(*all, Tensor::Allocate(part.dtype(), shape, allocator_));
  }
  if (!SameButForBatch(part.shape(), all->shape())) return absl::InternalError("Slices of a batch differ in shape.");
  const size_t image = part.total_bytes() / count;
  std::memcpy(static_cast<char*>(all->data()) + begin * image, part.data(), part.total_bytes());
  return absl::OkStatus();
}

}  // namespace tfpersist
