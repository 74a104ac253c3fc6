#include "reference/train/object_based.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/proto/checkpointable_object_graph.pb.h"

namespace tfpersist {
namespace {

constexpr char kObjectGraphKey[] = "_CHECKPOINTABLE_OBJECT_GRAPH";

// Another saveable with other keys.
class Renamed : public SaveableObject {
 public:
  Renamed(std::shared_ptr<const SaveableObject> base, std::vector<SaveSpec> specs)
      : SaveableObject(base->op(), std::move(specs), base->name()), base_(std::move(base)) {}
  absl::StatusOr<Node*> Restore(absl::Span<const Output> restored,
                                absl::Span<const RestoreShape> shapes) const override {
    return base_->Restore(restored, shapes);
  }

 private:
  std::shared_ptr<const SaveableObject> base_;
};

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ObjectGraphKeys(const std::string& prefix) {
  TFP_ASSIGN_OR_RETURN(auto reader, CheckpointReader::Open(prefix));
  if (!reader->HasTensor(kObjectGraphKey))
    return absl::NotFoundError(absl::StrCat("Key ", kObjectGraphKey, " not found in checkpoint"));
  TFP_ASSIGN_OR_RETURN(Tensor bytes, reader->GetTensor(kObjectGraphKey));
  tensorflow::CheckpointableObjectGraph graph;
  if (bytes.dtype() != DT_STRING || bytes.num_elements() != 1 || !graph.ParseFromString(bytes.flat<std::string>()[0])) {
    return absl::DataLossError(absl::StrCat("The object graph of checkpoint ", prefix, " cannot be parsed."));
  }
  std::map<std::string, std::string> keys;
  for (const auto& node : graph.nodes()) {
    for (const auto& attribute : node.attributes()) keys[attribute.full_name()] = attribute.checkpoint_key();
  }
  return keys;
}

absl::StatusOr<VarList> RenamedByObjectGraph(const std::vector<std::shared_ptr<const SaveableObject>>& saveables,
                                             const std::map<std::string, std::string>& keys) {
  std::vector<VarList::Item> items;
  for (const auto& saveable : saveables) {
    std::vector<SaveSpec> specs = saveable->specs();
    for (SaveSpec& spec : specs) {
      auto key = keys.find(spec.name);
      if (key == keys.end()) {
        return absl::NotFoundError(
            absl::StrCat("Attempting to load an object-based checkpoint using variable names, but could not find ",
                         spec.name, " in the checkpoint."));
      }
      spec.name = key->second;
    }
    items.emplace_back(std::shared_ptr<const SaveableObject>(std::make_shared<Renamed>(saveable, std::move(specs))));
  }
  return VarList::List(std::move(items));
}

}  // namespace tfpersist
