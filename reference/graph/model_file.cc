// Files that hold graphs: binary, text and JSON, told apart by content.
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/util/json_util.h"
#include "reference/base/status.h"
#include "reference/graph/large_graph.h"
#include "reference/graph/meta_graph.h"
#include "reference/graph/names.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saved_model.pb.h"

namespace tfpersist {
namespace {

using tensorflow::GraphDef;
using tensorflow::MetaGraphDef;
using tensorflow::SavedModel;

constexpr int kTextRecursion = 100;
constexpr int64_t kLargeFile = 1 << 20;
constexpr int kObjectGraphDef = 7;  // of a MetaGraphDef: the objects of TensorFlow 2.x, kept as they are

// The first error of a text parse, as TensorFlow's Python shows it: "1:1 : …".
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!text_.empty()) return;
    // The parser stands behind an unknown field's name when it complains; Python names where it begins.
    constexpr absl::string_view kNoField = "has no field named \"";
    if (const size_t at = message.find(kNoField.data()); at != message.npos) {
      const size_t name = message.find('"', at + kNoField.size()) - at - kNoField.size();
      if (static_cast<size_t>(column) >= name) column -= static_cast<int>(name);
    }
    text_ = absl::StrCat(line + 1, ":", column + 1, " : ", message);
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool ParseText(const std::string& bytes, google::protobuf::Message* message, std::string* error) {
  google::protobuf::TextFormat::Parser parser;
  FirstError first;
  parser.RecordErrorsTo(&first);
  parser.SetRecursionLimit(kTextRecursion);
  bool ok = parser.ParseFromString(bytes, message);
  if (error != nullptr) *error = first.text();
  // Escapes in text can make strings that no binary file may have; Python's parser refuses them, C++'s does not.
  if (ok && !message->ParseFromString(message->SerializeAsString())) {
    ok = false;
    if (error != nullptr) *error = "it holds an escaped string that is not UTF-8";
  }
  return ok;
}

bool LooksLikeJson(absl::string_view bytes) {
  bytes = absl::StripLeadingAsciiWhitespace(bytes);
  return absl::StartsWith(bytes, "{") &&
         (absl::StrContains(bytes.substr(0, 200), '"') || absl::StripAsciiWhitespace(bytes) == "{}");
}

bool ParseJson(const std::string& bytes, google::protobuf::Message* message, std::string* error) {
  auto status = google::protobuf::util::JsonStringToMessage(bytes, message);
  if (!status.ok()) *error = std::string(status.message());
  return status.ok();
}

// A binary file that was opened and saved as text: each byte that is no UTF-8 has become EF BF BD.
bool WasReencoded(absl::string_view bytes) {
  return absl::StrContains(bytes, "\xef\xbf\xbd") &&
         (absl::StrContains(bytes, '\x12') || absl::StrContains(bytes, '\0'));
}

absl::Status CannotParse(const std::string& file, const std::string& bytes, const std::string& error) {
  if (WasReencoded(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot parse file ", file, ": ", error,
                     ". The file holds EF BF BD sequences: it was a binary file that some program re-encoded as UTF-8 "
                     "text, which loses bytes. Take the original file."));
  }
  return absl::InvalidArgumentError(absl::StrCat("Cannot parse file ", file, ": ", error, "."));
}

// Binary bytes parse as almost any message; nodes with names and ops, and nothing unknown, tell which one it is.
bool IsPlausible(const GraphDef& graph) {
  if (!graph.GetReflection()->GetUnknownFields(graph).empty()) return false;
  if (graph.node_size() == 0) {  // an empty graph says at least who wrote it
    const auto& versions = graph.versions();
    return versions.producer() > 0 && versions.GetReflection()->GetUnknownFields(versions).empty();
  }
  for (const auto& node : graph.node()) {
    if (node.op().empty() || node.name().empty()) return false;
  }
  return true;
}
bool IsPlausible(const MetaGraphDef& meta) {
  const google::protobuf::UnknownFieldSet& unknown = meta.GetReflection()->GetUnknownFields(meta);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() != kObjectGraphDef) return false;
  }
  return (IsPlausible(meta.graph_def()) ||
          (meta.has_graph_def() && meta.graph_def().node_size() == 0 && meta.has_meta_info_def()));
}

// A file's bytes for protobuf, which then holds no second copy of a frozen graph's weights.
class FileInput : public google::protobuf::io::CopyingInputStream {
 public:
  explicit FileInput(const RandomAccessFile& file) : file_(file) {}
  int Read(void* buffer, int size) override {
    const uint64_t n = std::min<uint64_t>(size, file_.size() - position_);
    status_ = file_.Read(position_, n, buffer);
    if (!status_.ok()) return -1;
    position_ += n;
    return static_cast<int>(n);
  }
  const absl::Status& status() const { return status_; }

 private:
  const RandomAccessFile& file_;
  uint64_t position_ = 0;
  absl::Status status_;
};

// False: it holds no binary message of this kind.
absl::StatusOr<bool> ParseFile(FileSystem* fs, const std::string& file, google::protobuf::MessageLite* message) {
  constexpr int kAtOnce = 1 << 20;
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> in, fs->OpenForRead(file));
  FileInput input(*in);
  google::protobuf::io::CopyingInputStreamAdaptor stream(&input, kAtOnce);
  const bool parsed = message->ParseFromZeroCopyStream(&stream);
  TFP_RETURN_IF_ERROR(input.status());
  return parsed;
}

absl::StatusOr<std::string> ReadFile(FileSystem* fs, const std::string& file, const Limits& limits) {
  if (!FileExists(fs, file)) return absl::NotFoundError(absl::StrCat("File ", file, " does not exist."));
  return ReadWholeFile(fs, file, std::min<int64_t>(limits.max_proto_bytes, INT32_MAX));
}

absl::StatusOr<std::unique_ptr<MetaGraphDef>> PickGraph(SavedModel& model, const std::string& path,
                                                        const std::vector<std::string>& tags) {
  std::vector<std::string> wanted = tags;
  if (wanted.empty() && model.meta_graphs_size() > 1) wanted = {"serve"};
  for (MetaGraphDef& meta : *model.mutable_meta_graphs()) {
    const auto& have = meta.meta_info_def().tags();
    bool all = true;
    for (const std::string& tag : wanted) all &= std::find(have.begin(), have.end(), tag) != have.end();
    if (!all || (!tags.empty() && static_cast<size_t>(have.size()) != tags.size())) continue;
    auto picked = std::make_unique<MetaGraphDef>();
    picked->Swap(&meta);
    return picked;
  }
  return absl::NotFoundError(absl::StrCat("The SavedModel ", path, " has no graph with the tags asked for; it has ",
                                          model.meta_graphs_size(), " graphs."));
}

}  // namespace

std::string SerializeDeterministically(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<MetaGraphDef>> ReadMetaGraph(FileSystem* fs, const std::string& file,
                                                            const Limits& limits) {
  TFP_ASSIGN_OR_RETURN(std::string bytes, ReadFile(fs, file, limits));
  google::protobuf::LogSilencer silencer;  // a wrong guess is no error
  auto meta = std::make_unique<MetaGraphDef>();
  if (!LooksLikeJson(bytes) && meta->ParseFromString(bytes)) return meta;
  meta->Clear();
  std::string error;
  if (LooksLikeJson(bytes) ? ParseJson(bytes, meta.get(), &error) : ParseText(bytes, meta.get(), &error)) return meta;
  return CannotParse(file, bytes, error);
}

absl::Status WriteMetaGraph(FileSystem* fs, const MetaGraphDef& meta, const std::string& file, MetaGraphFormat format) {
  std::string bytes;
  if (format == MetaGraphFormat::kBinary) {
    if (meta.ByteSizeLong() >= static_cast<size_t>(INT32_MAX))
      return absl::InvalidArgumentError("GraphDef cannot be larger than 2GB.");
    bytes = SerializeDeterministically(meta);
  } else if (format == MetaGraphFormat::kText) {
    google::protobuf::TextFormat::PrintToString(meta, &bytes);
  } else {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.preserve_proto_field_names = true;
    auto status = google::protobuf::util::MessageToJsonString(meta, &bytes, options);
    if (!status.ok())
      return absl::InvalidArgumentError(
          absl::StrCat("Cannot write ", file, " as JSON: ", std::string(status.message())));
  }
  if (const std::string dir(Dirname(file)); !dir.empty()) TFP_RETURN_IF_ERROR(CreateDirectories(fs, dir));
  return WriteFileAtomically(fs, file, bytes);
}

absl::StatusOr<ModelFile> ReadModel(FileSystem* fs, const std::string& path, const Limits& limits,
                                    const std::vector<std::string>& tags) {
  ModelFile model;
  std::string file = path;
  if (absl::StatusOr<FileStat> stat = fs->Stat(path); stat.ok() && stat->is_directory) {
    file = JoinPath(path, "saved_model.pb");
    if (!FileExists(fs, file)) file = JoinPath(path, "saved_model.pbtxt");
    model.folder = path;
  }
  const absl::StatusOr<FileStat> stat = fs->Stat(file);
  const int64_t size = stat.ok() ? static_cast<int64_t>(stat->size) : 0;
  if (size > kMaxMessageBytes && limits.max_proto_bytes > kMaxMessageBytes) {
    TFP_ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> in, fs->OpenForRead(file));
    model.meta = std::make_unique<MetaGraphDef>();
    model.kind = ModelFile::kGraphDef;
    TFP_RETURN_IF_ERROR(ReadLargeGraphDef(*in, file, limits, model.meta->mutable_graph_def()));
    return model;
  }
  google::protobuf::LogSilencer silencer;  // a wrong guess is no error
  auto meta = std::make_unique<MetaGraphDef>();
  // Of large files most are frozen graphs.
  const bool large = size >= kLargeFile && size <= std::min(limits.max_proto_bytes, kMaxMessageBytes);
  if (large) {
    TFP_ASSIGN_OR_RETURN(const bool parsed, ParseFile(fs, file, meta->mutable_graph_def()));
    if (parsed && IsPlausible(meta->graph_def())) {
      model.meta = std::move(meta);
      model.kind = ModelFile::kGraphDef;
      return model;
    }
    meta->Clear();
  }
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(fs, file, limits));
  auto finish = [&](ModelFile::Kind kind) {
    model.kind = kind;
    return std::move(model);
  };
  SavedModel saved;
  auto saved_model = [&]() -> absl::StatusOr<ModelFile> {
    if (model.folder.empty()) model.folder = std::string(Dirname(file));
    TFP_ASSIGN_OR_RETURN(model.meta, PickGraph(saved, path, tags));
    return finish(ModelFile::kSavedModel);
  };
  std::string error;
  if (LooksLikeJson(bytes)) {
    if (ParseJson(bytes, meta->mutable_graph_def(), &error)) {
      model.meta = std::move(meta);
      return finish(ModelFile::kGraphDef);
    }
    meta->Clear();
    if (ParseJson(bytes, meta.get(), &error)) {
      model.meta = std::move(meta);
      return finish(ModelFile::kMetaGraphDef);
    }
    if (ParseJson(bytes, &saved, &error)) return saved_model();
    return CannotParse(file, bytes, error);
  }
  if (!large && meta->mutable_graph_def()->ParseFromString(bytes) &&
      (IsPlausible(meta->graph_def()) || bytes.empty())) {
    model.meta = std::move(meta);
    return finish(ModelFile::kGraphDef);
  }
  meta->Clear();
  if (meta->ParseFromString(bytes) && IsPlausible(*meta)) {
    model.meta = std::move(meta);
    return finish(ModelFile::kMetaGraphDef);
  }
  if (saved.ParseFromString(bytes) && saved.meta_graphs_size() > 0 && IsPlausible(saved.meta_graphs(0)))
    return saved_model();
  meta->Clear();
  saved.Clear();
  if (ParseText(bytes, meta->mutable_graph_def(), &error)) {
    model.meta = std::move(meta);
    return finish(ModelFile::kGraphDef);
  }
  std::string other;
  meta->Clear();
  if (ParseText(bytes, meta.get(), &other)) {
    model.meta = std::move(meta);
    return finish(ModelFile::kMetaGraphDef);
  }
  if (ParseText(bytes, &saved, &other)) return saved_model();
  return CannotParse(file, bytes, error);
}

}  // namespace tfpersist
