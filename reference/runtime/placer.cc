#include "reference/runtime/placer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/proto/node_def.pb.h"
#include "reference/runtime/node_text.h"
#include "reference/runtime/plan.h"

namespace tfpersist {
namespace {

// A number or "*"; false: neither.
bool ParseNumber(absl::string_view text, std::optional<int>* number) {
  if (text == "*") {
    number->reset();
    return true;
  }
  int value;
  if (text.empty() || !absl::ascii_isdigit(text[0]) || !absl::SimpleAtoi(text, &value)) return false;
  *number = value;
  return true;
}

std::string CanonicalType(absl::string_view type) {
  std::string upper = absl::AsciiStrToUpper(type);
  return upper == "CPU" || upper == "GPU" ? upper : std::string(type);
}

}  // namespace

std::optional<DeviceSpec> DeviceSpec::Parse(absl::string_view text) {
  DeviceSpec spec;
  if (text.empty() || text == "/") return spec;
  if (text[0] != '/') return std::nullopt;
  for (absl::string_view part : absl::StrSplit(text.substr(1), '/')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(part, ':');
    const absl::string_view key = fields[0];
    if (key == "job" && fields.size() == 2) {
      if (fields[1] != "*") spec.job = std::string(fields[1]);
    } else if (key == "replica" && fields.size() == 2) {
      if (!ParseNumber(fields[1], &spec.replica)) return std::nullopt;
    } else if (key == "task" && fields.size() == 2) {
      if (!ParseNumber(fields[1], &spec.task)) return std::nullopt;
    } else if (key == "device" && (fields.size() == 2 || fields.size() == 3)) {
      if (fields[1] != "*") spec.type = CanonicalType(fields[1]);
      if (fields.size() == 3 && !ParseNumber(fields[2], &spec.id)) return std::nullopt;
    } else if ((absl::EqualsIgnoreCase(key, "cpu") || absl::EqualsIgnoreCase(key, "gpu")) && fields.size() == 2) {
      spec.type = CanonicalType(key);
      if (!ParseNumber(fields[1], &spec.id)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return spec;
}

bool DeviceSpec::Matches(const DeviceSpec& full) const {
  return (!job || job == full.job) && (!replica || replica == full.replica) && (!task || task == full.task) &&
         (!type || type == full.type) && (!id || id == full.id);
}

DeviceSpec DeviceSpec::MergedWith(const DeviceSpec& inner) const {
  DeviceSpec merged = *this;
  if (inner.job) merged.job = inner.job;
  if (inner.replica) merged.replica = inner.replica;
  if (inner.task) merged.task = inner.task;
  if (inner.type) merged.type = inner.type;
  if (inner.id) merged.id = inner.id;
  return merged;
}

std::string DeviceSpec::ToString() const {
  std::string text;
  if (job) absl::StrAppend(&text, "/job:", *job);
  if (replica) absl::StrAppend(&text, "/replica:", *replica);
  if (task) absl::StrAppend(&text, "/task:", *task);
  if (type) {
    absl::StrAppend(&text, "/device:", *type, ":", id ? absl::StrCat(*id) : "*");
  } else if (id) {
    absl::StrAppend(&text, "/device:*:", *id);
  }
  return text;
}

Placer::Placer(absl::Span<const std::unique_ptr<Device>> devices, bool allow_soft_placement, HasKernel has_kernel)
    : allow_soft_placement_(allow_soft_placement), has_kernel_(std::move(has_kernel)) {
  std::vector<std::string> names;
  for (const std::unique_ptr<Device>& device : devices) {
    candidates_.push_back({device.get(), DeviceSpec::Parse(device->name()).value_or(DeviceSpec())});
    names.push_back(device->name());
  }
  available_ = absl::StrJoin(names, ", ");
}

absl::Status Placer::PlaceNewNodes(const Graph& graph) {
  TFP_RETURN_IF_ERROR(status_);
  if (candidates_.back().device->type() != DeviceType::kCpu) KeepOnHost(graph, static_cast<int>(placed_.size()));
  for (int id = static_cast<int>(placed_.size()); id < graph.num_nodes(); ++id) {
    absl::StatusOr<Device*> device = Place(graph, *graph.node(id));
    if (!device.ok()) return status_ = std::move(device).status();
    placed_.push_back(*device);
  }
  return absl::OkStatus();
}

void Placer::KeepOnHost(const Graph& graph, int first) {
  const DeviceType type = candidates_.back().device->type();
  for (int id = first; id < graph.num_nodes(); ++id) {
    const Node& node = *graph.node(id);
    if (has_kernel_(node, type)) continue;
    for (size_t i = 0; i < node.inputs().size(); ++i) {
      const DataType t = node.input_types()[i];
      if (!IsRefType(t) && t != DT_RESOURCE) continue;
      // Through what hands the reference on, to the variable.
      const Node* source = node.inputs()[i].node;
      for (int steps = 0; steps < 64 && !source->inputs().empty() && IsRefType(source->input_types()[0]); ++steps) {
        host_only_.insert(source);
        source = source->inputs()[0].node;
      }
      host_only_.insert(source);
    }
  }
}

Device* Placer::DefaultFor(const Node& node) const {
  Device* const host = candidates_[0].device;
  Device* const last = candidates_.back().device;
  if (last->type() == DeviceType::kCpu || host_only_.contains(&node)) return host;
  // A variable is changed where it lies.
  for (size_t i = 0; i < node.inputs().size(); ++i) {
    const DataType t = node.input_types()[i];
    const Node* source = node.inputs()[i].node;
    if ((IsRefType(t) || t == DT_RESOURCE) && source->id() < static_cast<int>(placed_.size())) {
      return placed_[source->id()];
    }
  }
  return has_kernel_(node, last->type()) ? last : host;
}

absl::StatusOr<Device*> Placer::Place(const Graph& graph, const Node& node) {
  auto fail = [&](std::string message) {
    std::vector<std::string> inputs;
    for (const Output& in : node.inputs()) inputs.push_back(in.index == 0 ? in.op_name() : in.name());
    return AttachNode(absl::InvalidArgumentError(message), node.name(), SummarizeForError(node, inputs, node.device()));
  };
  if (node.device().empty()) {
    // With the node that it is colocated with, if that has been placed; else on the first device.
    if (const tensorflow::AttrValue* colocation = node.attr("_class"); colocation != nullptr) {
      for (const std::string& c : colocation->list().s()) {
        if (!absl::StartsWith(c, "loc:@")) continue;
        const Node* leader = graph.FindNode(absl::string_view(c).substr(5));
        if (leader == nullptr || leader == &node) continue;
        if (leader->id() < static_cast<int>(placed_.size())) return placed_[leader->id()];
        if (!leader->device().empty()) {
          const std::optional<DeviceSpec> spec = DeviceSpec::Parse(leader->device());
          for (const Candidate& c : candidates_) {
            if (spec && spec->Matches(c.spec)) return c.device;
          }
        }
      }
    }
    return DefaultFor(node);
  }
  const std::optional<DeviceSpec> spec = DeviceSpec::Parse(node.device());
  if (!spec) return fail(absl::StrCat("Malformed device specification '", node.device(), "'"));
  for (const Candidate& c : candidates_) {
    if (spec->Matches(c.spec)) return c.device;
  }
  if (allow_soft_placement_) {
    DeviceSpec soft = *spec;
    soft.type.reset();
    soft.id.reset();
    for (const Candidate& c : candidates_) {
      if (soft.Matches(c.spec)) return c.device;
    }
  }
  return fail(absl::StrCat("Cannot assign a device for operation '", node.name(),
                           "': Operation was explicitly assigned to ", node.device(), " but available devices are [ ",
                           available_, " ]. Make sure the device specification refers to a valid device."));
}

}  // namespace tfpersist
