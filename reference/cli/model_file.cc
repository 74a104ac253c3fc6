#include "reference/cli/model_file.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saved_model.pb.h"

namespace tfpersist::cli {
namespace {

using google::protobuf::Message;

class Quiet : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
};

bool ParseText(const std::string& bytes, Message* message) {
  google::protobuf::TextFormat::Parser parser;
  Quiet quiet;
  parser.RecordErrorsTo(&quiet);
  parser.SetRecursionLimit(Limits().max_nesting);
  return parser.ParseFromString(bytes, message);
}

// True if the bytes are such a message and have no field that it does not know: the kinds share their wire format.
bool ParseBinary(const std::string& bytes, Message* message) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetRecursionLimit(Limits().max_nesting);
  return message->ParseFromCodedStream(&in) && in.ConsumedEntireMessage() &&
         message->GetReflection()->GetUnknownFields(*message).empty();
}

bool LooksLikeGraph(const tensorflow::GraphDef& graph) {
  for (const tensorflow::NodeDef& node : graph.node()) {
    if (node.name().empty() || node.op().empty()) return false;
  }
  return graph.node_size() > 0 || graph.has_versions() || graph.library().function_size() > 0;
}

bool LooksLikeText(const std::string& bytes) {
  return bytes.substr(0, 4096).find_first_of(std::string("\0\1\2\3\4\5\6\7\x8\xe\xf\x10\x11\x12", 14)) ==
         std::string::npos;
}

absl::Status NotAModel(const std::string& path, const std::string& bytes) {
  std::string hint = "it is neither a GraphDef (.pb, .pbtxt), a MetaGraphDef (.meta) nor a SavedModel folder";
  constexpr char kTableMagic[] = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";
  if (bytes.empty()) hint = "the file is empty";
  if (absl::EndsWith(bytes, absl::string_view(kTableMagic, 8))) {
    hint = "it is a checkpoint's table, not a graph; give the graph's file (.meta) and this checkpoint with --checkpoint";
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": not a model: ", hint));
}

absl::StatusOr<ModelFile> ParseModel(const std::string& path, const std::string& bytes) {
  ModelFile model;
  model.meta = std::make_unique<tensorflow::MetaGraphDef>();
  const bool text = LooksLikeText(bytes);
  const auto parse = [&](Message* m) { return text ? ParseText(bytes, m) : ParseBinary(bytes, m); };
  tensorflow::GraphDef graph;
  if (!bytes.empty() && parse(&graph) && LooksLikeGraph(graph)) {
    *model.meta->mutable_graph_def() = std::move(graph);
    return model;
  }
  model.kind = ModelFile::Kind::kMetaGraphDef;
  if (!bytes.empty() && parse(model.meta.get()) && LooksLikeGraph(model.meta->graph_def())) return model;
  tensorflow::SavedModel saved;
  if (!bytes.empty() && parse(&saved) && saved.meta_graphs_size() > 0) {
    model.kind = ModelFile::Kind::kSavedModel;
    // The graph that serving takes; else the first.
    int chosen = 0;
    for (int i = saved.meta_graphs_size() - 1; i >= 0; --i) {
      for (const std::string& tag : saved.meta_graphs(i).meta_info_def().tags()) {
        if (tag == "serve") chosen = i;
      }
    }
    model.meta->Swap(saved.mutable_meta_graphs(chosen));
    const std::string folder(Dirname(path));
    const std::string prefix = JoinPath(folder, "variables/variables");
    if (FileExists(PosixFileSystem(), prefix + ".index")) model.checkpoint = prefix;
    return model;
  }
  return NotAModel(path, bytes);
}

}  // namespace

absl::StatusOr<ModelFile> ReadModelFile(const std::string& path) {
  FileSystem* fs = PosixFileSystem();
  std::string file = path;
  absl::StatusOr<FileStat> stat = fs->Stat(path);
  if (!stat.ok()) return absl::NotFoundError(absl::StrCat("no model at ", path, ": ", stat.status().message()));
  if (stat->is_directory) {
    file = JoinPath(path, "saved_model.pb");
    if (!FileExists(fs, file)) file = JoinPath(path, "saved_model.pbtxt");
    if (!FileExists(fs, file)) {
      return absl::NotFoundError(absl::StrCat(
          path, ": a folder without saved_model.pb; give a SavedModel folder, or a graph's file (.pb, .pbtxt, .meta)"));
    }
  }
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(fs, file, Limits().max_proto_bytes));
  return ParseModel(file, bytes);
}

}  // namespace tfpersist::cli
