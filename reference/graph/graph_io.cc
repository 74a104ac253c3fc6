#include "reference/graph/graph_io.h"

#include <cstdlib>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/text_format.h"
#include "reference/base/host_memory.h"
#include "reference/base/status.h"
#include "reference/graph/large_graph.h"
#include "reference/graph/meta_graph.h"
#include "reference/proto/meta_graph.pb.h"

namespace tfpersist {
namespace {

// What a file is that holds no graph; empty: nobody knows.
absl::string_view Guess(absl::string_view bytes) {
  constexpr absl::string_view kTableMagic("\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
  if (absl::EndsWith(bytes, kTableMagic)) return "a checkpoint (its variables' values, or their index), not a graph";
  if (absl::StrContains(bytes.substr(0, 200), "model_checkpoint_path:")) {
    return "a folder's \"checkpoint\" file, which names checkpoints; give the .meta beside them";
  }
  if (absl::StartsWith(bytes, "\x89HDF")) return "an HDF5 file, such as Keras writes";
  if (absl::StartsWith(bytes, "PK\x03\x04")) return "a zip archive; unpack it first";
  if (absl::StartsWith(bytes, "\x1f\x8b")) return "gzip-compressed; unpack it first";
  return "";
}

// Of an arena. First touch of 4 KiB pages, and finding them again, takes a tenth of the import of a large graph.
void* AllocateBlock(size_t bytes) {
  void* const block = AllocateHostMemory(bytes);
  if (block == nullptr) throw std::bad_alloc();  // as protobuf's own would
  return block;
}

absl::Status Explain(FileSystem* fs, const std::string& file, absl::Status status, const Limits& limits) {
  if (status.code() != absl::StatusCode::kInvalidArgument) return status;
  absl::StatusOr<std::string> bytes = ReadWholeFile(fs, file, limits.max_proto_bytes);
  const absl::string_view guess = bytes.ok() ? Guess(*bytes) : "";
  if (guess.empty()) return status;
  return WithMessage(status, absl::StrCat(status.message(), " The file looks like ", guess, "."));
}

}  // namespace

absl::StatusOr<tensorflow::GraphDef> ReadGraphDef(const std::string& file, const Limits& limits) {
  FileSystem* fs = PosixFileSystem();
  absl::StatusOr<ModelFile> model = ReadModel(fs, file, limits);
  if (!model.ok()) return Explain(fs, file, model.status(), limits);
  tensorflow::GraphDef graph_def;
  graph_def.Swap(model->meta->mutable_graph_def());
  return graph_def;
}

std::shared_ptr<tensorflow::GraphDef> ParseGraphDef(absl::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(kMaxMessageBytes)) return nullptr;
  google::protobuf::ArenaOptions options;
  options.max_block_size = 2 * kHugePage;  // blocks double up to it
  options.block_alloc = AllocateBlock;
  options.block_dealloc = [](void* block, size_t) { std::free(block); };
  const auto arena = std::make_shared<google::protobuf::Arena>(options);
  std::shared_ptr<tensorflow::GraphDef> def(arena,
                                            google::protobuf::Arena::CreateMessage<tensorflow::GraphDef>(arena.get()));
  return def->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? def : nullptr;
}

absl::Status WriteGraphDef(const tensorflow::GraphDef& graph_def, const std::string& file, bool as_text) {
  std::string bytes;
  if (as_text) {
    google::protobuf::TextFormat::PrintToString(graph_def, &bytes);
  } else {
    if (graph_def.ByteSizeLong() >= static_cast<size_t>(INT32_MAX)) {
      return absl::InvalidArgumentError("GraphDef cannot be larger than 2GB.");
    }
    bytes = SerializeDeterministically(graph_def);
  }
  FileSystem* fs = PosixFileSystem();
  if (const std::string dir(Dirname(file)); !dir.empty()) TFP_RETURN_IF_ERROR(CreateDirectories(fs, dir));
  return WriteFileAtomically(fs, file, bytes);
}

}  // namespace tfpersist
