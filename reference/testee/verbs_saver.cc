// Saver (PROTOCOL.md 5): building, saving, restoring, and what it remembers.
#include "reference/base/status.h"
#include "reference/proto/saver.pb.h"
#include "reference/testee/case.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using SaverPtr = std::shared_ptr<Saver>;
using SessionPtr = std::shared_ptr<Session>;

absl::StatusOr<SaverPtr> SaverOf(Case& c, const Args& args) { return c.Get<SaverPtr>(args, "saver", "a saver"); }

absl::StatusOr<VarList::Item> ReadVarListItem(Case& c, const Json& json) {
  if (json.is_array()) {
    VarList::Slices slices;
    for (const Json& part : json) {
      TFP_ASSIGN_OR_RETURN(VarList::Item item, ReadVarListItem(c, part));
      if (const auto* variable = std::get_if<Variable>(&item)) {
        slices.emplace_back(*variable);
      } else if (const auto* output = std::get_if<Output>(&item)) {
        slices.emplace_back(*output);
      } else {
        return BadArgument("var_list", "a list of variables", json);
      }
    }
    return slices;
  }
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(json));
  if (handle != nullptr) {
    if (const auto* variable = std::get_if<Variable>(handle)) return *variable;
    if (const auto* partitioned = std::get_if<PartitionedVariable>(handle)) return *partitioned;
  }
  TFP_ASSIGN_OR_RETURN(const Case::Element element, c.GraphElement(c.graph(), json, "var_list"));
  if (const auto* output = std::get_if<Output>(&element)) return *output;
  return BadArgument("var_list", "variables", json);
}

absl::StatusOr<VarList> ReadVarList(Case& c, const Json& json) {
  if (json.is_null()) return VarList();
  if (json.is_array()) {
    std::vector<VarList::Item> items;
    for (const Json& item : json) {
      TFP_ASSIGN_OR_RETURN(items.emplace_back(), ReadVarListItem(c, item));
    }
    return VarList::List(std::move(items));
  }
  std::vector<std::pair<std::string, VarList::Item>> map;
  if (json.is_object()) {
    for (const auto& [key, item] : json.items()) {
      TFP_ASSIGN_OR_RETURN(VarList::Item value, ReadVarListItem(c, item));
      map.emplace_back(key, std::move(value));
    }
    return VarList::Map(std::move(map));
  }
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(json));
  if (handle != nullptr) {
    if (const auto* variables = std::get_if<VariableMap>(handle)) return VarList(*variables);
    if (const auto* list = std::get_if<ItemList>(handle)) {
      std::vector<VarList::Item> items;
      for (const Item& item : *list) {
        if (const auto* variable = std::get_if<Variable>(&item)) {
          items.emplace_back(*variable);
        } else if (const auto* output = std::get_if<Output>(&item)) {
          items.emplace_back(*output);
        }
      }
      return VarList::List(std::move(items));
    }
  }
  return BadArgument("var_list", "a list or a map of variables", json);
}

absl::StatusOr<Json> SaverVerb(Case& c, const Args& args) {
  SaverOptions options;
  TFP_ASSIGN_OR_RETURN(options.var_list, ReadVarList(c, args.Get("var_list")));
  TFP_ASSIGN_OR_RETURN(options.reshape, args.Bool("reshape", false));
  TFP_ASSIGN_OR_RETURN(options.sharded, args.Bool("sharded", false));
  if (args.Given("max_to_keep")) {
    options.max_to_keep = std::nullopt;
    if (args.Has("max_to_keep")) {
      TFP_ASSIGN_OR_RETURN(const int64_t keep, args.Int("max_to_keep"));
      options.max_to_keep = static_cast<int32_t>(keep);
    }
  }
  TFP_ASSIGN_OR_RETURN(options.keep_checkpoint_every_n_hours, args.Double("keep_checkpoint_every_n_hours", 10000.0));
  TFP_ASSIGN_OR_RETURN(options.name, args.String("name", ""));
  TFP_ASSIGN_OR_RETURN(options.restore_sequentially, args.Bool("restore_sequentially", false));
  if (args.Has("saver_def")) {
    auto saver_def = c.Get<std::shared_ptr<const tensorflow::SaverDef>>(args, "saver_def", "a SaverDef");
    if (absl::IsInvalidArgument(saver_def.status())) {
      return absl::InvalidArgumentError(
          absl::StrCat("saver_def must be a saver_pb2.SaverDef: ", saver_def.status().message()));
    }
    if (!saver_def.ok()) return saver_def.status();
    options.saver_def = *std::move(saver_def);
  }
  TFP_ASSIGN_OR_RETURN(options.defer_build, args.Bool("defer_build", false));
  TFP_ASSIGN_OR_RETURN(options.allow_empty, args.Bool("allow_empty", false));
  TFP_ASSIGN_OR_RETURN(const int64_t version, args.Int("write_version", 2));
  options.write_version = static_cast<int>(version);
  TFP_ASSIGN_OR_RETURN(options.pad_step_number, args.Bool("pad_step_number", false));
  TFP_ASSIGN_OR_RETURN(options.save_relative_paths, args.Bool("save_relative_paths", false));
  TFP_ASSIGN_OR_RETURN(options.filename, args.String("filename", ""));
  options.clock = c.Clock();
  TFP_ASSIGN_OR_RETURN(Saver saver, Saver::Create(c.graph(), std::move(options)));
  c.Bind(args, std::make_shared<Saver>(std::move(saver)));
  return nullptr;
}

absl::StatusOr<Json> SaverBuildVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  TFP_RETURN_IF_ERROR(saver->Build());
  return nullptr;
}

absl::StatusOr<Json> SaverDefVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  std::shared_ptr<const tensorflow::SaverDef> copy;
  if (args.Has("export_scope")) {
    TFP_ASSIGN_OR_RETURN(const std::string scope, args.String("export_scope"));
    copy = saver->ToProto(scope);
  } else if (saver->saver_def() != nullptr) {
    copy = std::make_shared<const tensorflow::SaverDef>(*saver->saver_def());
  }
  if (copy == nullptr) return nullptr;
  Json json = SaverDefToJson(*copy);
  c.Bind(args, std::move(copy));
  return json;
}

absl::StatusOr<Json> SaveVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  TFP_ASSIGN_OR_RETURN(const SessionPtr session, c.Get<SessionPtr>(args, "session", "a session"));
  TFP_ASSIGN_OR_RETURN(const std::string prefix, args.String("prefix"));
  SaveOptions options;
  const Json& step = args.Get("global_step");
  if (step.is_number()) {
    TFP_ASSIGN_OR_RETURN(options.global_step, AsInt(step, "global_step"));
  } else if (!step.is_null()) {
    TFP_ASSIGN_OR_RETURN(const Case::Element element, c.GraphElement(session->graph(), step, "global_step"));
    if (!std::holds_alternative<Output>(element)) return BadArgument("global_step", "a number or a tensor", step);
    options.global_step = std::get<Output>(element);
  }
  TFP_ASSIGN_OR_RETURN(options.latest_filename, args.String("latest_filename", ""));
  TFP_ASSIGN_OR_RETURN(options.meta_graph_suffix, args.String("meta_graph_suffix", "meta"));
  TFP_ASSIGN_OR_RETURN(options.write_meta_graph, args.Bool("write_meta_graph", true));
  TFP_ASSIGN_OR_RETURN(options.write_state, args.Bool("write_state", true));
  TFP_ASSIGN_OR_RETURN(options.strip_default_attrs, args.Bool("strip_default_attrs", false));
  TFP_ASSIGN_OR_RETURN(const std::string path, saver->Save(*session, prefix, options));
  return path.empty() ? Json() : Json(path);
}

absl::StatusOr<Json> RestoreVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  TFP_ASSIGN_OR_RETURN(const SessionPtr session, c.Get<SessionPtr>(args, "session", "a session"));
  std::string prefix;
  if (args.Has("prefix")) {
    TFP_ASSIGN_OR_RETURN(prefix, args.String("prefix"));
  }
  TFP_RETURN_IF_ERROR(saver->Restore(
      *session, args.Has("prefix") ? std::optional<absl::string_view>(prefix) : std::optional<absl::string_view>()));
  return nullptr;
}

absl::StatusOr<Json> LastCheckpointsVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  return saver->last_checkpoints();
}

absl::StatusOr<Json> SetLastCheckpointsVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> paths, args.Strings("paths"));
  saver->set_last_checkpoints(paths);
  return nullptr;
}

absl::StatusOr<Json> SetLastCheckpointsWithTimeVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  const Json& paths = args.Get("paths");
  if (!paths.is_array()) return BadArgument("paths", "a list of [path, seconds]", paths);
  std::vector<std::pair<std::string, double>> given;
  for (const Json& pair : paths) {
    if (!pair.is_array() || pair.size() != 2) return BadArgument("paths", "a list of [path, seconds]", paths);
    TFP_ASSIGN_OR_RETURN(const std::string path, AsString(pair[0], "paths"));
    TFP_ASSIGN_OR_RETURN(const double seconds, AsDouble(pair[1], "paths"));
    given.emplace_back(path, seconds);
  }
  saver->set_last_checkpoints_with_time(given);
  return nullptr;
}

absl::StatusOr<Json> RecoverLastCheckpointsVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SaverPtr saver, SaverOf(c, args));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> paths, args.Strings("paths"));
  TFP_RETURN_IF_ERROR(saver->RecoverLastCheckpoints(paths));
  return nullptr;
}

absl::StatusOr<Json> ClockVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const double hours, args.Double("advance_hours"));
  c.AdvanceClock(hours);
  return nullptr;
}

constexpr Verb kVerbs[] = {
    {"saver", SaverVerb},
    {"saver_build", SaverBuildVerb},
    {"saver_def", SaverDefVerb},
    {"save", SaveVerb},
    {"restore", RestoreVerb},
    {"last_checkpoints", LastCheckpointsVerb},
    {"set_last_checkpoints", SetLastCheckpointsVerb},
    {"set_last_checkpoints_with_time", SetLastCheckpointsWithTimeVerb},
    {"recover_last_checkpoints", RecoverLastCheckpointsVerb},
    {"clock", ClockVerb},
};

}  // namespace

absl::Span<const Verb> SaverVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
