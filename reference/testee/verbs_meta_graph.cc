// Meta graphs (PROTOCOL.md 5): exported, read, imported.
#include <algorithm>
#include <array>

#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/proto/variable.pb.h"
#include "reference/testee/case.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using MetaGraphPtr = std::shared_ptr<const tensorflow::MetaGraphDef>;

template <typename Proto>
Json ParsedToJson(const std::string& bytes) {
  Proto proto;
  return proto.ParseFromString(bytes) ? MessageToJson(proto) : BytesToJson(bytes);
}

Json CollectionToJson(const std::string& name, const tensorflow::CollectionDef& collection) {
  constexpr std::array kVariables = {kGlobalVariables, kTrainableVariables,     kLocalVariables,
                                     kModelVariables,  kMovingAverageVariables, kMetricVariables};
  Json items = Json::array();
  for (const std::string& node : collection.node_list().value()) items.push_back(node);
  for (const std::string& bytes : collection.bytes_list().value()) {
    if (std::find(kVariables.begin(), kVariables.end(), name) != kVariables.end()) {
      items.push_back(ParsedToJson<tensorflow::VariableDef>(bytes));
    } else if (name == kSavers) {
      items.push_back(ParsedToJson<tensorflow::SaverDef>(bytes));
    } else {
      items.push_back(BytesToJson(bytes));
    }
  }
  for (int64_t number : collection.int64_list().value()) items.push_back(number);
  for (float number : collection.float_list().value()) items.push_back(FloatToJson(number));
  for (const auto& any : collection.any_list().value()) items.push_back(any.type_url());
  return items;
}

Json Summary(const tensorflow::MetaGraphDef& meta) {
  Json ops = Json::array();
  for (const auto& op : meta.meta_info_def().stripped_op_list().op()) ops.push_back(op.name());
  Json collections = Json::object();
  for (const auto& [name, collection] : meta.collection_def()) collections[name] = CollectionToJson(name, collection);
  return {{"tensorflow_version", meta.meta_info_def().tensorflow_version()},
          {"stripped_default_attrs", meta.meta_info_def().stripped_default_attrs()},
          {"ops", std::move(ops)},
          {"nodes", NodesToJson(meta.graph_def())},
          {"versions", MessageToJson(meta.graph_def().versions())},
          {"saver_def", meta.has_saver_def() ? SaverDefToJson(meta.saver_def()) : Json()},
          {"collections", std::move(collections)}};
}

absl::StatusOr<Json> ExportMetaGraphVerb(Case& c, const Args& args) {
  SaverExportOptions options;
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file", ""));
  TFP_ASSIGN_OR_RETURN(const bool as_text, args.Bool("as_text", false));
  TFP_ASSIGN_OR_RETURN(const std::string format, args.String("format", as_text ? "text" : "binary"));
  if (format == "text") {
    options.format = MetaGraphFormat::kText;
  } else if (format == "json") {
    options.format = MetaGraphFormat::kJson;
  } else if (format != "binary") {
    return BadArgument("format", "binary, text or json", args.Get("format"));
  }
  TFP_ASSIGN_OR_RETURN(options.clear_devices, args.Bool("clear_devices", false));
  TFP_ASSIGN_OR_RETURN(options.export_scope, args.String("export_scope", ""));
  TFP_ASSIGN_OR_RETURN(options.strip_default_attrs, args.Bool("strip_default_attrs", false));
  TFP_ASSIGN_OR_RETURN(options.clear_extraneous_savers, args.Bool("clear_extraneous_savers", false));
  std::unique_ptr<tensorflow::MetaGraphDef> made;
  if (args.Has("saver")) {
    TFP_ASSIGN_OR_RETURN(const auto saver, c.Get<std::shared_ptr<Saver>>(args, "saver", "a saver"));
    TFP_ASSIGN_OR_RETURN(made, saver->ExportMetaGraph(file, options));
  } else {
    TFP_ASSIGN_OR_RETURN(made, ExportMetaGraph(c.graph(), file, options));
  }
  Json summary = Summary(*made);
  c.Bind(args, MetaGraphPtr(std::move(made)));
  return summary;
}

absl::StatusOr<Json> MetaGraphVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const auto meta, ReadMetaGraph(PosixFileSystem(), file));
  c.Bind(args, std::make_shared<tensorflow::GraphDef>(meta->graph_def()));
  return Summary(*meta);
}

absl::StatusOr<Json> ImportMetaGraphVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  ImportMetaGraphOptions options;
  TFP_ASSIGN_OR_RETURN(options.clear_devices, args.Bool("clear_devices", false));
  TFP_ASSIGN_OR_RETURN(options.import_scope, args.String("import_scope", ""));
  TFP_ASSIGN_OR_RETURN(options.input_map, c.InputMap(args));
  options.clock = c.Clock();
  TFP_ASSIGN_OR_RETURN(std::optional<Saver> made, ImportMetaGraph(c.graph(), file, options));
  if (!made) return nullptr;
  auto saver = std::make_shared<Saver>(*std::move(made));
  Json saver_def = saver->saver_def() == nullptr ? Json() : SaverDefToJson(*saver->saver_def());
  c.Bind(args, std::move(saver));
  return saver_def;
}

constexpr Verb kVerbs[] = {
    {"export_meta_graph", ExportMetaGraphVerb},
    {"meta_graph", MetaGraphVerb},
    {"import_meta_graph", ImportMetaGraphVerb},
};

}  // namespace

absl::Span<const Verb> MetaGraphVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
