#include "reference/graph/large_graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "reference/base/coding.h"
#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist {
namespace {

// Tags of proto/graph.proto: number << 3 | wire type.
constexpr uint32_t kNode = 1 << 3 | 2, kLibrary = 2 << 3 | 2, kVersion = 3 << 3, kVersions = 4 << 3 | 2;

// Takes fields off a file; small ones come several to a read.
class FieldReader {
 public:
  explicit FieldReader(const RandomAccessFile& file) : file_(file) {}

  uint64_t position() const { return position_; }
  bool done() const { return position_ == file_.size(); }

  // False: the file ends, or it is no varint.
  absl::StatusOr<bool> Varint(uint64_t* value) {
    constexpr uint64_t kLongest = 10;
    TFP_ASSIGN_OR_RETURN(const absl::string_view bytes, Look(std::min(kLongest, file_.size() - position_)));
    ByteReader in(bytes);
    if (!in.ReadVarint64(value)) return false;
    position_ += bytes.size() - in.remaining();
    return true;
  }

  // Valid until the next call. REQUIRES: that many are left.
  absl::StatusOr<absl::string_view> Bytes(uint64_t n) {
    TFP_ASSIGN_OR_RETURN(const absl::string_view bytes, Look(n));
    position_ += n;
    return bytes;
  }
  uint64_t left() const { return file_.size() - position_; }

 private:
  static constexpr uint64_t kAtOnce = 1 << 20;

  absl::StatusOr<absl::string_view> Look(uint64_t n) {
    if (position_ < begin_ || position_ + n > begin_ + buffer_.size()) {
      const uint64_t size = std::min(std::max(n, kAtOnce), left());
      // What a large node took is given back before the next is read.
      if (size < buffer_.capacity() / 2) buffer_ = std::string();
      buffer_.resize(size);
      begin_ = position_;
      TFP_RETURN_IF_ERROR(file_.Read(position_, size, buffer_.data()));
    }
    return absl::string_view(buffer_).substr(position_ - begin_, n);
  }

  const RandomAccessFile& file_;
  uint64_t position_ = 0, begin_ = 0;
  std::string buffer_;  // the file's bytes from begin_ on
};

}  // namespace

absl::Status ReadLargeGraphDef(const RandomAccessFile& file, const std::string& name, const Limits& limits,
                               tensorflow::GraphDef* graph) {
  FieldReader in(file);
  while (!in.done()) {
    const uint64_t at = in.position();
    auto no_graph = [&](absl::string_view why) {
      return absl::InvalidArgumentError(absl::StrCat("Cannot parse file ", name, ": at byte ", at, " ", why,
                                                     "; a file of more than 2 GiB must be a binary GraphDef."));
    };
    uint64_t tag = 0, length = 0;
    TFP_ASSIGN_OR_RETURN(const bool has_tag, in.Varint(&tag));
    if (!has_tag || (tag != kNode && tag != kLibrary && tag != kVersion && tag != kVersions)) {
      return no_graph("there is no field of a GraphDef");
    }
    TFP_ASSIGN_OR_RETURN(const bool has_length, in.Varint(&length));
    if (!has_length) return no_graph("a field has no value");
    if (tag == kVersion) {
      graph->set_version(static_cast<int32_t>(length));
      continue;
    }
    if (length > static_cast<uint64_t>(kMaxMessageBytes)) {
      return no_graph(absl::StrCat("a field has ", length, " bytes, more than protobuf's 2 GiB"));
    }
    if (length > in.left()) return no_graph(absl::StrCat("a field has ", length, " bytes, more than are left"));
    TFP_ASSIGN_OR_RETURN(const absl::string_view bytes, in.Bytes(length));
    const int size = static_cast<int>(length);
    if (tag == kNode) {
      if (graph->node_size() >= limits.max_graph_nodes) {
        return absl::ResourceExhaustedError(absl::StrCat("The GraphDef in ", name, " has more than ",
                                                         limits.max_graph_nodes, " nodes (Limits::max_graph_nodes)"));
      }
      tensorflow::NodeDef* const node = graph->add_node();
      if (!node->ParseFromArray(bytes.data(), size) || node->name().empty() || node->op().empty()) {
        return no_graph("there is a node that can't be parsed");
      }
    } else {
      // As protobuf merges a field that comes again.
      google::protobuf::MessageLite* part = nullptr;
      if (tag == kLibrary) {
        part = graph->mutable_library();
      } else {
        part = graph->mutable_versions();
      }
      if (!part->MergeFromString(std::string(bytes))) return no_graph("there is a field that can't be parsed");
    }
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
