// Freezing, GraphDefs in files and import_graph_def (PROTOCOL.md 5).
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"
#include "reference/testee/case.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using GraphDefPtr = std::shared_ptr<tensorflow::GraphDef>;

absl::StatusOr<Json> MadeGraphDef(Case& c, const Args& args, absl::StatusOr<tensorflow::GraphDef> made) {
  if (!made.ok()) return made.status();
  auto graph_def = std::make_shared<tensorflow::GraphDef>(*std::move(made));
  Json nodes = NodesToJson(*graph_def);
  c.Bind(args, std::move(graph_def));
  return nodes;
}

absl::StatusOr<Json> ConvertVariablesToConstantsVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const GraphDefPtr graph_def, c.GraphDefOf(args));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> outputs, args.Strings("output_node_names"));
  FreezeOptions options;
  TFP_ASSIGN_OR_RETURN(options.variable_names_whitelist, args.OptionalStrings("variable_names_whitelist"));
  TFP_ASSIGN_OR_RETURN(options.variable_names_blacklist, args.OptionalStrings("variable_names_blacklist"));
  std::shared_ptr<Session> session;
  if (args.Has("session")) {
    TFP_ASSIGN_OR_RETURN(session, c.Get<std::shared_ptr<Session>>(args, "session", "a session"));
  } else {
    session = std::make_shared<Session>(c.NewGraph());  // Python's None: good for graphs without variables
  }
  return MadeGraphDef(c, args, ConvertVariablesToConstants(*session, *graph_def, outputs, options));
}

absl::StatusOr<Json> ExtractSubGraphVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const GraphDefPtr graph_def, c.GraphDefOf(args));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> nodes, args.Strings("nodes"));
  return MadeGraphDef(c, args, ExtractSubGraph(*graph_def, nodes));
}

absl::StatusOr<Json> RemoveTrainingNodesVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const GraphDefPtr graph_def, c.GraphDefOf(args));
  std::vector<std::string> kept;
  if (args.Has("protected_nodes")) {
    TFP_ASSIGN_OR_RETURN(kept, args.Strings("protected_nodes"));
  }
  return MadeGraphDef(c, args, RemoveTrainingNodes(*graph_def, kept));
}

absl::StatusOr<Json> WriteGraphDefVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const GraphDefPtr graph_def, c.GraphDefOf(args));
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const bool as_text, args.Bool("as_text", false));
  TFP_RETURN_IF_ERROR(WriteGraphDef(*graph_def, file, as_text));
  return file;
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(line + 1, ":", column + 1, " : ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::StatusOr<tensorflow::GraphDef> ParseText(const std::string& text) {
  tensorflow::GraphDef graph_def;
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(text, &graph_def)) return absl::InvalidArgumentError(error.text());
  return graph_def;
}

absl::StatusOr<Json> ReadGraphDefVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const bool as_text, args.Bool("as_text", false));
  if (!as_text) return MadeGraphDef(c, args, ReadGraphDef(file));
  // The library takes either form; a caller who wants text and nothing else reads it so.
  TFP_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(PosixFileSystem(), file, Limits().max_proto_bytes));
  return MadeGraphDef(c, args, ParseText(text));
}

absl::StatusOr<Json> ParseGraphDefVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string text, args.String("text"));
  return MadeGraphDef(c, args, ParseText(text));
}

absl::StatusOr<Json> ImportGraphDefVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const GraphDefPtr graph_def, c.Get<GraphDefPtr>(args, "graph_def", "a GraphDef"));
  ImportOptions options;
  if (args.Has("name")) {
    TFP_ASSIGN_OR_RETURN(options.name, args.String("name"));
  }
  TFP_ASSIGN_OR_RETURN(options.input_map, c.InputMap(args));
  TFP_ASSIGN_OR_RETURN(const auto return_elements, args.OptionalStrings("return_elements"));
  if (return_elements) options.return_elements = *return_elements;
  TFP_ASSIGN_OR_RETURN(const ImportResult result, ImportGraphDef(c.graph(), *graph_def, options));
  if (!return_elements) return nullptr;
  ItemList items;
  Json names = Json::array();
  for (const ImportedElement& element : result.elements) {
    if (element.index < 0) {
      items.emplace_back(element.node);
    } else {
      items.emplace_back(element.output());
    }
    names.push_back(element.name());
  }
  c.Bind(args, std::move(items));
  return names;
}

constexpr Verb kVerbs[] = {
    {"convert_variables_to_constants", ConvertVariablesToConstantsVerb},
    {"extract_sub_graph", ExtractSubGraphVerb},
    {"remove_training_nodes", RemoveTrainingNodesVerb},
    {"write_graph_def", WriteGraphDefVerb},
    {"read_graph_def", ReadGraphDefVerb},
    {"parse_graph_def", ParseGraphDefVerb},
    {"import_graph_def", ImportGraphDefVerb},
};

}  // namespace

absl::Span<const Verb> FreezeVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
