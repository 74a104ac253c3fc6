#include "reference/graph/meta_graph.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/graph/names.h"
#include "reference/graph/scope_text.h"
#include "reference/op/op_registry.h"
#include "reference/proto/control_flow.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/proto/variable.pb.h"

namespace tfpersist {

using tensorflow::CollectionDef;
using tensorflow::GraphDef;
using tensorflow::MetaGraphDef;
using tensorflow::NodeDef;

namespace {

constexpr char kVersion[] = "1.11.0";  // whose format and behaviour the file has
constexpr char kGitVersion[] = "v1.11.0-0-gc19e29306c";
constexpr char kUnboundPrefix[] = "$unbound_inputs_";
constexpr char kUnboundInputs[] = "unbound_inputs";

bool IsVariableCollection(absl::string_view key) {
  for (absl::string_view k :
       {kGlobalVariables, kLocalVariables, kModelVariables, kTrainableVariables, kMovingAverageVariables}) {
    if (key == k) return true;
  }
  return false;
}
bool IsProtoCollection(absl::string_view key) {
  return IsVariableCollection(key) || key == kSavers || key == "queue_runners" || key == "cond_context" ||
         key == "while_context";
}

// An empty message of the type that a collection's items have; null: unknown to this library.
std::unique_ptr<google::protobuf::Message> ProtoOf(absl::string_view key) {
  if (IsVariableCollection(key)) return std::make_unique<tensorflow::VariableDef>();
  if (key == kSavers) return std::make_unique<tensorflow::SaverDef>();
  if (key == "cond_context") return std::make_unique<tensorflow::CondContextDef>();
  if (key == "while_context") return std::make_unique<tensorflow::WhileContextDef>();
  return nullptr;
}

absl::string_view ScopeOf(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == name.npos ? "" : name.substr(0, slash);
}

bool IsSaveOrRestore(absl::string_view op) {
  for (absl::string_view o : {"SaveV2", "Save", "SaveSlice", "SaveSlices", "LegacySave", "LegacySaveSlice", "RestoreV2",
                              "Restore", "RestoreSlice", "LegacyRestore", "LegacyRestoreSlice"}) {
    if (op == o) return true;
  }
  return false;
}

// Scopes ("save_1/") of the savers that saver_def does not name.
std::vector<std::string> ExtraneousScopes(const GraphDef& graph, const tensorflow::SaverDef* saver_def) {
  std::set<std::string> names, scopes;
  for (const NodeDef& node : graph.node()) {
    if (IsSaveOrRestore(node.op())) names.insert(node.name());
  }
  for (const std::string& name : names) {
    const std::string scope(ScopeOf(name));
    if (!names.count(scope)) scopes.insert(scope + "/");
  }
  if (saver_def != nullptr) {
    scopes.erase(absl::StrCat(ScopeOf(ParseInputName(saver_def->save_tensor_name()).node), "/"));
    scopes.erase(absl::StrCat(ScopeOf(ParseInputName(saver_def->restore_op_name()).node), "/"));
  }
  return {scopes.begin(), scopes.end()};
}

class Exporter {
 public:
  Exporter(const Graph& graph, const ExportMetaGraphOptions& options) : graph_(graph), options_(options) {}

  absl::StatusOr<std::unique_ptr<MetaGraphDef>> Run() {
    auto meta = std::make_unique<MetaGraphDef>();
    GraphDef all = graph_.ToGraphDef(/*add_shapes=*/true);
    if (options_.clear_extraneous_savers) excluded_ = ExtraneousScopes(all, options_.saver_def);
    GraphDef& out = *meta->mutable_graph_def();
    if (options_.export_scope.empty() && excluded_.empty() && !options_.clear_devices) {
      out = std::move(all);
    } else {
      for (NodeDef& node : *all.mutable_node()) {
        if (!Includes(node.name())) continue;
        ScopeNode(node);
        out.add_node()->Swap(&node);
      }
      *out.mutable_versions() = all.versions();
      *out.mutable_library() = all.library();  // there even when empty, as TensorFlow has it on this path
    }
    if (out.ByteSizeLong() >= static_cast<size_t>(INT32_MAX))
      return absl::InvalidArgumentError("GraphDef cannot be larger than 2GB.");
    auto& info = *meta->mutable_meta_info_def();
    info.set_tensorflow_version(kVersion);
    info.set_tensorflow_git_version(kGitVersion);
    TFP_RETURN_IF_ERROR(AddOps(out, *info.mutable_stripped_op_list()));
    if (options_.strip_default_attrs) {
      StripDefaults(out, info.stripped_op_list());
      info.set_stripped_default_attrs(true);
    }
    if (options_.saver_def != nullptr) *meta->mutable_saver_def() = *options_.saver_def;
    if (options_.include_collections) AddCollections(*meta);
    return meta;
  }

 private:
  bool Includes(absl::string_view name) const {
    for (const std::string& scope : excluded_) {
      if (absl::StartsWith(name, scope)) return false;
    }
    return absl::StartsWith(name, kUnboundPrefix) || absl::StartsWith(name, options_.export_scope);
  }
  std::string Strip(absl::string_view name) const { return StripScope(name, options_.export_scope); }

  void ScopeNode(NodeDef& node) {
    const std::string& scope = options_.export_scope;
    if (options_.clear_devices) node.clear_device();
    if (scope.empty()) return;
    node.set_name(Strip(node.name()));
    for (std::string& input : *node.mutable_input()) {
      absl::string_view plain = input;
      const bool control = absl::ConsumePrefix(&plain, "^");
      if (absl::StartsWith(plain, scope)) {
        input = Strip(input);
      } else {
        input = absl::StrCat(control ? "^" : "", kUnboundPrefix, plain);
        unbound_.push_back(input);
      }
    }
    auto& attrs = *node.mutable_attr();
    if (auto it = attrs.find("_class"); it != attrs.end()) {
      tensorflow::AttrValue kept;
      kept.mutable_list();
      for (const std::string& s : it->second.list().s()) {
        const size_t at = s.find('@');
        if (at != s.npos && absl::StartsWith(s.substr(at + 1), scope)) kept.mutable_list()->add_s(Strip(s));
      }
      it->second = kept;
    }
    if (node.op() == "Enter" || node.op() == "RefEnter") {
      if (auto it = attrs.find("frame_name"); it != attrs.end() && absl::StartsWith(it->second.s(), scope))
        it->second.set_s(Strip(it->second.s()));
    }
  }

  absl::Status AddOps(const GraphDef& graph, tensorflow::OpList& list) const {
    std::set<std::string> functions, used;
    for (const auto& f : graph.library().function()) functions.insert(f.signature().name());
    for (const NodeDef& node : graph.node()) used.insert(node.op());
    // Functions count when something calls them.
    std::vector<std::string> open(used.begin(), used.end());
    std::map<std::string, const tensorflow::FunctionDef*> by_name;
    for (const auto& f : graph.library().function()) by_name[f.signature().name()] = &f;
    while (!open.empty()) {
      const std::string name = open.back();
      open.pop_back();
      auto it = by_name.find(name);
      if (it == by_name.end()) continue;
      for (const NodeDef& node : it->second->node_def()) {
        if (used.insert(node.op()).second) open.push_back(node.op());
      }
    }
    for (const std::string& op : used) {
      if (functions.count(op)) continue;
      auto signature = graph_.ops().LookUp(op);
      if (!signature.ok())
        return absl::InvalidArgumentError(absl::StrCat("Op ", op, " is used by the graph, but is not registered"));
      *list.add_op() = *(*signature)->def;
    }
    return absl::OkStatus();
  }

  void StripDefaults(GraphDef& graph, const tensorflow::OpList& ops) const {
    std::map<std::string, const tensorflow::OpDef*> by_name;
    for (const auto& op : ops.op()) by_name[op.name()] = &op;
    auto strip = [&](NodeDef& node) {
      auto it = by_name.find(node.op());
      if (it == by_name.end()) return;
      for (const auto& attr : it->second->attr()) {
        auto value = node.attr().find(attr.name());
        if (value != node.attr().end() && IsDefault(attr, value->second)) node.mutable_attr()->erase(attr.name());
      }
    };
    for (NodeDef& node : *graph.mutable_node()) strip(node);
    if (!graph.has_library()) return;
    for (auto& f : *graph.mutable_library()->mutable_function()) {
      for (NodeDef& node : *f.mutable_node_def()) strip(node);
    }
  }

  // The name by which an item is taken into a scope; null: it has none and is always taken.
  static const std::string* NameOf(const CollectionItem& item, std::string* buffer) {
    if (const auto* node = std::get_if<NodeName>(&item)) return &node->name;
    if (const auto* text = std::get_if<std::string>(&item)) return text;
    if (const auto* variable = std::get_if<VariableBytes>(&item)) {
      tensorflow::VariableDef def;
      if (!def.ParseFromString(variable->def)) return nullptr;
      *buffer = def.variable_name();
      return buffer;
    }
    return nullptr;
  }

  void AddCollections(MetaGraphDef& meta) {
    for (const auto& [key, items] : graph_.collections()) {
      if (key == kUnboundInputs && !options_.export_scope.empty()) continue;
      std::vector<const CollectionItem*> kept;
      for (const CollectionItem& item : items) {
        std::string buffer;
        const std::string* name = NameOf(item, &buffer);
        if (name == nullptr || Includes(*name)) kept.push_back(&item);
      }
      if (options_.clear_extraneous_savers && key == kSavers) {
        CollectionDef def;
        def.mutable_bytes_list();
        if (options_.saver_def != nullptr)
          def.mutable_bytes_list()->add_value(SerializeDeterministically(*options_.saver_def));
        (*meta.mutable_collection_def())[key] = def;
        continue;
      }
      if (kept.empty()) continue;
      CollectionDef def;
      const std::string problem = IsProtoCollection(key) ? FillProtos(key, kept, def) : Fill(kept, def);
      if (problem.empty()) {
        (*meta.mutable_collection_def())[key] = def;
      } else {
        graph_.logger()->Log(LogLevel::kWarning, absl::StrCat("Issue encountered when serializing ", key,
                                                              ".\nType is unsupported, or the types of the items don't "
                                                              "match field type in CollectionDef. Note this is a "
                                                              "warning and probably safe to ignore.\n",
                                                              problem));
      }
    }
    if (!unbound_.empty()) {
      auto& list = *(*meta.mutable_collection_def())[kUnboundInputs].mutable_bytes_list();
      for (const std::string& name : unbound_) list.add_value(name);
    }
  }

  std::string FillProtos(const std::string& key, const std::vector<const CollectionItem*>& items,
                         CollectionDef& def) const {
    auto& list = *def.mutable_bytes_list();
    for (const CollectionItem* item : items) {
      const auto* variable = std::get_if<VariableBytes>(item);
      const auto* proto = std::get_if<ProtoBytes>(item);
      if (variable == nullptr && proto == nullptr) return "'Tensor' object has no attribute 'to_proto'";
      const std::string& bytes = variable != nullptr ? variable->def : proto->bytes;
      std::unique_ptr<google::protobuf::Message> message = options_.export_scope.empty() ? nullptr : ProtoOf(key);
      if (message == nullptr || !message->ParseFromString(bytes)) {
        list.add_value(bytes);
        continue;
      }
      if (key == kSavers || key == "cond_context" || key == "while_context") {
        if (!InScope(key, *message)) continue;
      }
      RewriteStrings(message.get(), [&](const std::string& s) { return Strip(s); });
      list.add_value(SerializeDeterministically(*message));
    }
    return "";
  }

  // to_proto gives nothing for an object outside the scope.
  bool InScope(absl::string_view key, const google::protobuf::Message& message) const {
    auto in = [&](const std::string& s) { return absl::StartsWith(s, options_.export_scope); };
    if (key == kSavers) {
      const auto& s = static_cast<const tensorflow::SaverDef&>(message);
      return in(s.filename_tensor_name()) && in(s.save_tensor_name()) && in(s.restore_op_name());
    }
    if (key == "cond_context") return in(static_cast<const tensorflow::CondContextDef&>(message).context_name());
    return in(static_cast<const tensorflow::WhileContextDef&>(message).context_name());
  }

  // The first item decides the kind (M05).
  std::string Fill(const std::vector<const CollectionItem*>& items, CollectionDef& def) const {
    const CollectionItem& first = *items[0];
    const bool nodes = std::holds_alternative<NodeName>(first) || std::holds_alternative<VariableBytes>(first);
    for (const CollectionItem* item : items) {
      if (nodes) {
        if (const auto* node = std::get_if<NodeName>(item)) {
          def.mutable_node_list()->add_value(Strip(node->name));
        } else if (const auto* variable = std::get_if<VariableBytes>(item)) {
          tensorflow::VariableDef v;
          if (!v.ParseFromString(variable->def)) return "Error parsing message";
          def.mutable_node_list()->add_value(Strip(v.variable_name()));
        } else {
          return "object has no attribute 'name'";
        }
      } else if (item->index() != first.index()) {
        return "the items are not all of one type";
      } else if (const auto* text = std::get_if<std::string>(item)) {
        def.mutable_bytes_list()->add_value(*text);
      } else if (const auto* proto = std::get_if<ProtoBytes>(item)) {
        def.mutable_bytes_list()->add_value(proto->bytes);
      } else if (const auto* number = std::get_if<int64_t>(item)) {
        def.mutable_int64_list()->add_value(*number);
      } else if (const auto* real = std::get_if<float>(item)) {
        def.mutable_float_list()->add_value(*real);
      } else if (const auto* any = std::get_if<AnyBytes>(item)) {
        if (!def.mutable_any_list()->add_value()->ParseFromString(any->any)) return "Error parsing message";
      }
    }
    return "";
  }

  const Graph& graph_;
  const ExportMetaGraphOptions& options_;
  std::vector<std::string> excluded_, unbound_;
};

// The item's node exists; texts S15, S16.
absl::Status CheckNodeName(const Graph& graph, const std::string& name) {
  return absl::StrContains(name, ':') ? graph.FindTensor(name).status() : graph.FindOperation(name).status();
}

// "1.9" or later, or nothing said: `trainable` was written by the exporter (M15).
bool VersionSetsTrainable(absl::string_view version) {
  if (version.empty()) return true;
  std::vector<absl::string_view> parts = absl::StrSplit(version, '.');
  int major = 0, minor = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &major) || !absl::SimpleAtoi(parts[1], &minor)) return true;
  return major > 1 || (major == 1 && minor >= 9);
}

absl::Status ImportProtoCollection(Graph& graph, const MetaGraphDef& meta, const std::string& key,
                                   const CollectionDef& def, const std::string& scope) {
  for (const std::string& bytes : def.bytes_list().value()) {
    std::string made = bytes;
    if (std::unique_ptr<google::protobuf::Message> message = ProtoOf(key); message != nullptr) {
      if (!message->ParseFromString(bytes)) {
        return absl::InvalidArgumentError(absl::StrCat("Error parsing message with type '", message->GetTypeName(),
                                                       "' in the collection ", key, "."));
      }
      if (!scope.empty()) RewriteStrings(message.get(), [&](const std::string& s) { return PrependScope(s, scope); });
      if (IsVariableCollection(key)) {
        auto& variable = static_cast<tensorflow::VariableDef&>(*message);
        TFP_RETURN_IF_ERROR(CheckNodeName(graph, variable.variable_name()));
        if (!VersionSetsTrainable(meta.meta_info_def().tensorflow_version())) {
          auto trainable = meta.collection_def().find(kTrainableVariables);
          variable.set_trainable(trainable != meta.collection_def().end() &&
                                 std::find(trainable->second.bytes_list().value().begin(),
                                           trainable->second.bytes_list().value().end(),
                                           bytes) != trainable->second.bytes_list().value().end());
        }
      }
      made = SerializeDeterministically(*message);
    }
    if (IsVariableCollection(key)) {
      graph.collections()[key].push_back(VariableBytes{std::move(made)});
    } else {
      graph.collections()[key].push_back(ProtoBytes{std::move(made)});
    }
  }
  return absl::OkStatus();
}

absl::Status ImportCollection(Graph& graph, const MetaGraphDef& meta, const std::string& key, const CollectionDef& def,
                              const std::string& scope) {
  if (def.kind_case() == CollectionDef::kBytesList && IsProtoCollection(key))
    return ImportProtoCollection(graph, meta, key, def, scope);
  std::vector<CollectionItem>& items = graph.collections()[key];
  switch (def.kind_case()) {
    case CollectionDef::kNodeList:
      for (const std::string& value : def.node_list().value()) {
        std::string name = PrependScope(value, scope);
        TFP_RETURN_IF_ERROR(CheckNodeName(graph, name));
        items.push_back(NodeName{std::move(name)});
      }
      break;
    case CollectionDef::kBytesList:
      for (const std::string& value : def.bytes_list().value()) items.push_back(PrependScope(value, scope));
      break;
    case CollectionDef::kInt64List:
      for (int64_t value : def.int64_list().value()) items.push_back(value);
      break;
    case CollectionDef::kFloatList:
      for (float value : def.float_list().value()) items.push_back(value);
      break;
    case CollectionDef::kAnyList:
      for (const auto& value : def.any_list().value()) items.push_back(AnyBytes{value.SerializeAsString()});
      break;
    case CollectionDef::KIND_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetaGraphDef>> ExportMetaGraphDef(const Graph& graph,
                                                                 const ExportMetaGraphOptions& options) {
  return Exporter(graph, options).Run();
}

namespace {

// `graph_def` is the one of `meta`, which holds the rest.
absl::StatusOr<ImportedMetaGraph> Import(Graph& graph, GraphDef graph_def, const MetaGraphDef& meta,
                                         const ImportMetaGraphDefOptions& options) {
  if (auto it = meta.collection_def().find(kUnboundInputs); it != meta.collection_def().end()) {
    std::vector<std::string> wanted(it->second.bytes_list().value().begin(), it->second.bytes_list().value().end());
    wanted.insert(wanted.end(), it->second.node_list().value().begin(), it->second.node_list().value().end());
    std::vector<std::string> sorted = wanted, given, missing;
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, output] : options.input_map) given.push_back(name);
    for (const std::string& name : wanted) {
      if (!options.input_map.count(name)) missing.push_back(name);
    }
    if (!wanted.empty() && sorted != given) {
      return absl::InvalidArgumentError(absl::StrCat("Graph contains unbound inputs: ", absl::StrJoin(missing, ","),
                                                     ". Must provide these inputs through input_map."));
    }
  }
  ImportedMetaGraph result;
  result.scope = graph.UniqueName(options.import_scope, /*mark_as_used=*/false);
  if (options.clear_devices) {
    for (NodeDef& node : *graph_def.mutable_node()) node.clear_device();
  }
  ImportOptions import;
  import.name = options.import_scope.empty() ? result.scope : options.import_scope;
  import.input_map = options.input_map;
  import.return_elements = options.return_elements;
  if (meta.meta_info_def().has_stripped_op_list()) import.producer_op_list = &meta.meta_info_def().stripped_op_list();
  TFP_ASSIGN_OR_RETURN(result.nodes, ImportGraphDef(graph, std::move(graph_def), import));

  std::vector<std::string> keys;
  for (const auto& [key, def] : meta.collection_def()) keys.push_back(key);
  std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
    return std::make_pair(a != kTrainableVariables, a) < std::make_pair(b != kTrainableVariables, b);
  });
  for (const std::string& key : keys) {
    const CollectionDef& def = meta.collection_def().at(key);
    if (key == kUnboundInputs) continue;
    if (def.kind_case() == CollectionDef::KIND_NOT_SET) {
      graph.logger()->Log(LogLevel::kError,
                          absl::StrCat("Cannot identify data type for collection ", key, ". Skipping."));
      continue;
    }
    TFP_RETURN_IF_ERROR(ImportCollection(graph, meta, key, def, result.scope));
  }
  if (meta.has_saver_def()) {
    result.saver_def = std::make_unique<tensorflow::SaverDef>(meta.saver_def());
    if (!result.scope.empty())
      RewriteStrings(result.saver_def.get(), [&](const std::string& s) { return PrependScope(s, result.scope); });
  }
  return result;
}

}  // namespace

absl::StatusOr<ImportedMetaGraph> ImportMetaGraphDef(Graph& graph, const MetaGraphDef& meta,
                                                     const ImportMetaGraphDefOptions& options) {
  return Import(graph, meta.graph_def(), meta, options);
}

absl::StatusOr<ImportedMetaGraph> ImportMetaGraphDef(Graph& graph, MetaGraphDef&& meta,
                                                     const ImportMetaGraphDefOptions& options) {
  return Import(graph, std::move(*meta.mutable_graph_def()), meta, options);
}

}  // namespace tfpersist
