#include "reference/train/saver_builder.h"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/proto/saver.pb.h"
#include "reference/train/nodes.h"

namespace tfpersist {
namespace {

using Saveables = std::vector<std::shared_ptr<const SaveableObject>>;

// The CPU of the task that `device` is on: any device type there is replaced.
std::string OnCpu0(const std::string& device) {
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(device, '/', absl::SkipEmpty())) {
    if (!absl::StartsWith(part, "device:")) parts.push_back(absl::StrCat("/", part));
  }
  return absl::StrCat(absl::StrJoin(parts, ""), "/device:CPU:0");
}

// 32 random hex digits, for temporary names that two processes must not share.
std::string RandomHex() {
  std::random_device random;
  std::string hex;
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&hex, "%08x", random());
  return hex;
}

class Builder {
 public:
  Builder(Graph& graph, const SaverBuilderOptions& options) : graph_(graph), options_(options) {}

  absl::StatusOr<std::unique_ptr<tensorflow::SaverDef>> Build(const Saveables& saveables) {
    NameScope scope(graph_, options_.name.empty() ? "save" : options_.name);
    TFP_ASSIGN_OR_RETURN(
        Output filename,
        AddConstant(graph_, Tensor::Scalar(options_.filename.empty() ? std::string("model") : options_.filename),
                    "Const"));
    Output save;
    Node* restore = nullptr;
    if (options_.sharded) {
      TFP_ASSIGN_OR_RETURN(auto shards, ByDevice(saveables));
      if (options_.v1) {
        TFP_ASSIGN_OR_RETURN(save, ShardedSaveV1(filename, shards));
      } else {
        TFP_ASSIGN_OR_RETURN(save, ShardedSave(filename, shards));
      }
      TFP_ASSIGN_OR_RETURN(restore, ShardedRestore(filename, shards));
    } else {
      TFP_ASSIGN_OR_RETURN(save, Save(filename, saveables));
      TFP_ASSIGN_OR_RETURN(restore, Restore(filename, saveables, "restore_all"));
    }
    auto def = std::make_unique<tensorflow::SaverDef>();
    def->set_filename_tensor_name(filename.name());
    def->set_save_tensor_name(save.name());
    def->set_restore_op_name(restore->name());
    def->set_sharded(options_.sharded);
    def->set_version(options_.v1 ? tensorflow::SaverDef::V1 : tensorflow::SaverDef::V2);
    return def;
  }

 private:
  using Shards = std::map<std::string, Saveables>;  // by canonical device

  absl::StatusOr<Shards> ByDevice(const Saveables& saveables) {
    Shards shards;
    for (const auto& saveable : saveables) {
      std::set<std::string> devices;
      for (const SaveSpec& spec : saveable->specs()) {
        TFP_ASSIGN_OR_RETURN(Output tensor, spec.tensor());
        devices.insert(tensor.node->device());
      }
      if (devices.size() != 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("All tensors of a saveable object must be on the same device: ", saveable->name()));
      }
      shards[*devices.begin()].push_back(saveable);
    }
    return shards;
  }

  absl::StatusOr<Node*> SaveOp(Output filename, const Saveables& saveables) {
    std::vector<std::string> names, slices;
    std::vector<Output> tensors;
    for (const auto& saveable : saveables) {
      for (const SaveSpec& spec : saveable->specs()) {
        names.push_back(spec.name);
        slices.push_back(spec.slice_spec);
        TFP_ASSIGN_OR_RETURN(Output tensor, spec.tensor());
        tensors.push_back(tensor);
      }
    }
    NameScope scope(graph_, options_.v1 ? "save" : "SaveV2");
    TFP_ASSIGN_OR_RETURN(Output names_node, ConstStrings(graph_, names, "tensor_names"));
    TFP_ASSIGN_OR_RETURN(Output slices_node,
                         ConstStrings(graph_, slices, options_.v1 ? "shapes_and_slices" : "shape_and_slices"));
    std::vector<Output> inputs = {filename, names_node, slices_node};
    inputs.insert(inputs.end(), tensors.begin(), tensors.end());
    std::vector<DataType> dtypes;
    for (Output t : tensors) dtypes.push_back(BaseType(t.dtype()));
    return AddOp(graph_, options_.v1 ? "SaveSlices" : "SaveV2", scope.scope(), std::move(inputs),
                 {Attr::Types(options_.v1 ? "T" : "dtypes", std::move(dtypes))});
  }

  // The save op, and the file name as it is once that has run.
  absl::StatusOr<Output> Save(Output filename, const Saveables& saveables) {
    TFP_ASSIGN_OR_RETURN(Node * save, SaveOp(filename, saveables));
    NameScope scope(graph_, "control_dependency");
    ColocateScope at(graph_, filename.node);
    ControlDependencies after(graph_, {&save, 1});
    return AddOpOutput(graph_, "Identity", scope.scope(), {filename});
  }

  absl::StatusOr<Output> ShardedFilename(Output filename, int shard, Output num_shards) {
    NameScope scope(graph_, "ShardedFilename");
    TFP_ASSIGN_OR_RETURN(Output shard_node, AddConstant(graph_, Tensor::Scalar<int32_t>(shard), "shard"));
    return AddOpOutput(graph_, "ShardedFilename", scope.scope(), {filename, shard_node, num_shards});
  }

  absl::StatusOr<Output> ShardedSave(Output prefix, const Shards& shards) {
    Output temp;
    {
      NameScope scope(graph_, "StringJoin");
      TFP_ASSIGN_OR_RETURN(
          Output suffix, AddConstant(graph_, Tensor::Scalar(absl::StrCat("_temp_", RandomHex(), "/part")), "inputs_1"));
      TFP_ASSIGN_OR_RETURN(
          temp, AddOpOutput(graph_, "StringJoin", scope.scope(), {prefix, suffix}, {Attr::String("separator", "")}));
    }
    TFP_ASSIGN_OR_RETURN(Output num_shards, AddConstant(graph_, Tensor::Scalar<int32_t>(shards.size()), "num_shards"));
    std::vector<Output> prefixes;
    std::vector<Node*> saves;
    std::string last_device;
    for (const auto& [device, saveables] : shards) {
      last_device = OnCpu0(device);
      DeviceScope on(graph_, last_device);
      TFP_ASSIGN_OR_RETURN(Output name, ShardedFilename(temp, static_cast<int>(prefixes.size()), num_shards));
      prefixes.push_back(name);
      TFP_ASSIGN_OR_RETURN(Output saved, Save(name, saveables));
      saves.push_back(saved.node);
    }
    ControlDependencies after(graph_, saves);
    DeviceScope on(graph_, last_device);
    Node* merge = nullptr;
    {
      NameScope scope(graph_, "MergeV2Checkpoints");
      TFP_ASSIGN_OR_RETURN(Output pack,
                           AddOpOutput(graph_, "Pack", "checkpoint_prefixes", prefixes, {Attr::Int("axis", 0)}));
      TFP_ASSIGN_OR_RETURN(merge, AddOp(graph_, "MergeV2Checkpoints", scope.scope(), {pack, prefix},
                                        {Attr::Bool("delete_old_dirs", true)}));
    }
    ControlDependencies merged(graph_, {&merge, 1});
    return AddOpOutput(graph_, "Identity", "Identity", {prefix});
  }

  absl::StatusOr<Output> ShardedSaveV1(Output filename, const Shards& shards) {
    TFP_ASSIGN_OR_RETURN(Output num_shards, AddConstant(graph_, Tensor::Scalar<int32_t>(shards.size()), "num_shards"));
    std::vector<Node*> saves;
    for (const auto& [device, saveables] : shards) {
      DeviceScope on(graph_, device);
      TFP_ASSIGN_OR_RETURN(Output name, ShardedFilename(filename, static_cast<int>(saves.size()), num_shards));
      TFP_ASSIGN_OR_RETURN(Output saved, Save(name, saveables));
      saves.push_back(saved.node);
    }
    ControlDependencies after(graph_, saves);
    return AddOpOutput(graph_, "ShardedFilespec", "ShardedFilespec", {filename, num_shards});
  }

  // A RestoreV2 of these specs. Consts and op stand in the scope and on the device that are open.
  absl::Status RestoreOp(Output filename, const std::vector<const SaveSpec*>& specs, std::vector<Output>* tensors) {
    std::vector<std::string> names, slices;
    std::vector<DataType> dtypes;
    for (const SaveSpec* spec : specs) {
      names.push_back(spec->name);
      slices.push_back(spec->slice_spec);
      dtypes.push_back(spec->dtype);
    }
    NameScope scope(graph_, "RestoreV2");
    TFP_ASSIGN_OR_RETURN(Output names_node, ConstStrings(graph_, names, "tensor_names"));
    TFP_ASSIGN_OR_RETURN(Output slices_node, ConstStrings(graph_, slices, "shape_and_slices"));
    TFP_ASSIGN_OR_RETURN(Node * restore, AddOp(graph_, "RestoreV2", scope.scope(), {filename, names_node, slices_node},
                                               {Attr::Types("dtypes", std::move(dtypes))}));
    for (size_t i = 0; i < specs.size(); ++i) tensors->push_back(restore->output(static_cast<int>(i)));
    return absl::OkStatus();
  }

  absl::StatusOr<Node*> Restore(Output filename, const Saveables& saveables, const std::string& name) {
    std::vector<Output> tensors;
    if (options_.bulk_restore) {
      std::vector<const SaveSpec*> specs;
      for (const auto& saveable : saveables) {
        for (const SaveSpec& spec : saveable->specs()) specs.push_back(&spec);
      }
      DeviceScope on(graph_, "/device:CPU:0");
      TFP_RETURN_IF_ERROR(RestoreOp(filename, specs, &tensors));
    } else {
      for (const auto& saveable : saveables) {
        std::optional<DeviceScope> on;
        if (saveable->device().empty()) {
          on.emplace(graph_, nullptr);
        } else {
          on.emplace(graph_, OnCpu0(saveable->device()));
        }
        for (const SaveSpec& spec : saveable->specs()) TFP_RETURN_IF_ERROR(RestoreOp(filename, {&spec}, &tensors));
      }
    }
    std::vector<Node*> assigns;
    size_t next = 0;
    for (const auto& saveable : saveables) {
      std::vector<RestoreShape> shapes;
      if (options_.reshape) {
        for (const SaveSpec& spec : saveable->specs()) {
          TFP_ASSIGN_OR_RETURN(Output tensor, spec.tensor());
          if (tensor.shape().IsFullyDefined()) {
            TFP_ASSIGN_OR_RETURN(TensorShape shape, tensor.shape().AsTensorShape());
            shapes.push_back(shape);
          } else {
            TFP_ASSIGN_OR_RETURN(Output shape,
                                 AddOpOutput(graph_, "Shape", "Shape", {tensor}, {Attr::Type("out_type", DT_INT32)}));
            shapes.push_back(shape);
          }
        }
      }
      TFP_ASSIGN_OR_RETURN(Node * assign,
                           saveable->Restore(absl::MakeSpan(tensors).subspan(next, saveable->specs().size()), shapes));
      next += saveable->specs().size();
      assigns.push_back(assign);
    }
    return Group(graph_, assigns, name);
  }

  absl::StatusOr<Node*> ShardedRestore(Output filename, const Shards& shards) {
    std::vector<Node*> restores;
    for (const auto& [device, saveables] : shards) {
      DeviceScope on(graph_, device);
      TFP_ASSIGN_OR_RETURN(Node * restore, Restore(filename, saveables, "restore_shard"));
      restores.push_back(restore);
    }
    return Group(graph_, restores, "restore_all");
  }

  Graph& graph_;
  const SaverBuilderOptions& options_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<tensorflow::SaverDef>> BuildSaver(Graph& graph, const Saveables& saveables,
                                                                 const SaverBuilderOptions& options) {
  return Builder(graph, options).Build(saveables);
}

}  // namespace tfpersist
