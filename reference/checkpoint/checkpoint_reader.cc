#include "reference/checkpoint/checkpoint_reader.h"

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"

namespace tfpersist {

absl::StatusOr<std::unique_ptr<CheckpointReader>> CheckpointReader::Open(const std::string& prefix,
                                                                         ReadOptions options) {
  std::unique_ptr<CheckpointReader> reader(new CheckpointReader());
  absl::StatusOr<std::vector<std::string>> index = GetMatchingFiles(options.file_system, MetaFilename(prefix));
  if (index.ok() && !index->empty()) {
    TFP_ASSIGN_OR_RETURN(reader->bundle_, BundleReader::Open(prefix, options));
    TFP_ASSIGN_OR_RETURN(std::vector<VariableInfo> variables, reader->bundle_->ListVariables());
    for (VariableInfo& info : variables) {
      reader->dtypes_[info.name] = info.dtype;
      reader->shapes_[info.name] = std::move(info.shape);
    }
    TFP_ASSIGN_OR_RETURN(reader->debug_string_, reader->bundle_->DebugString());
    return reader;
  }
  absl::StatusOr<std::unique_ptr<V1Reader>> v1 = V1Reader::Open(prefix, options);
  if (!v1.ok()) return v1.status();
  reader->v1_ = *std::move(v1);
  if (const std::string hint = MemberFileHint(prefix); !hint.empty() && reader->v1_->variables().empty()) {
    return absl::InvalidArgumentError(hint);
  }
  for (const auto& [name, variable] : reader->v1_->variables()) {
    reader->dtypes_[name] = variable.dtype;
    reader->shapes_[name] = variable.shape;
  }
  reader->debug_string_ = reader->v1_->DebugString();
  return reader;
}

bool CheckpointReader::HasTensor(absl::string_view name) const {
  if (bundle_ == nullptr) return v1_->Find(name) != nullptr;
  absl::StatusOr<bool> found = bundle_->Contains(name);
  return found.ok() && *found;
}

absl::StatusOr<Tensor> CheckpointReader::GetTensor(absl::string_view name) const {
  if (bundle_ != nullptr) return bundle_->Lookup(name);
  const V1Reader::Variable* const variable = v1_->Find(name);
  if (variable != nullptr && variable->slices.size() > 1) {
    return absl::UnimplementedError("Sliced checkpoints are not supported");
  }
  return v1_->Lookup(name);
}

}  // namespace tfpersist
