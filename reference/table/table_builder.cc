#include "reference/table/table_builder.h"

#include <snappy.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

// A key in [start, limit), as short as can be.
void ShortestSeparator(std::string* start, absl::string_view limit) {
  const size_t most = std::min(start->size(), limit.size());
  size_t at = 0;
  while (at < most && (*start)[at] == limit[at]) ++at;
  if (at >= most) return;  // one is a prefix of the other
  const uint8_t byte = static_cast<uint8_t>((*start)[at]);
  if (byte < 0xff && byte + 1 < static_cast<uint8_t>(limit[at])) {
    (*start)[at] = static_cast<char>(byte + 1);
    start->resize(at + 1);
  }
}

// A short key at or after this one.
void ShortSuccessor(std::string* key) {
  for (size_t i = 0; i < key->size(); ++i) {
    if (static_cast<uint8_t>((*key)[i]) != 0xff) {
      (*key)[i] = static_cast<char>((*key)[i] + 1);
      key->resize(i + 1);
      return;
    }
  }
}

}  // namespace

TableBuilder::TableBuilder(Sink sink, TableOptions options) : sink_(std::move(sink)), options_(options) {}

absl::Status TableBuilder::WriteBlock(std::string contents, BlockHandle* handle) {
  BlockType type = BlockType::kPlain;
  if (options_.compression == BlockType::kSnappy) {
    std::string compressed;
    snappy::Compress(contents.data(), contents.size(), &compressed);
    if (compressed.size() < contents.size() - contents.size() / 8) {
      contents = std::move(compressed);
      type = BlockType::kSnappy;
    }
  }
  handle->offset = offset_;
  handle->size = contents.size();
  std::string bytes;
  AppendBlock(contents, type, &bytes);
  offset_ += bytes.size();
  return sink_(bytes);
}

absl::Status TableBuilder::Flush() {
  if (data_.empty()) return absl::OkStatus();
  TFP_RETURN_IF_ERROR(WriteBlock(data_.Finish(), &pending_handle_));
  pending_ = true;
  return absl::OkStatus();
}

absl::Status TableBuilder::Add(absl::string_view key, absl::string_view value) {
  if (any_ && key <= absl::string_view(last_key_)) {
    return absl::InvalidArgumentError(absl::StrCat("Table keys must increase: \"", absl::CEscape(key), "\" after \"",
                                                   absl::CEscape(last_key_), "\""));
  }
  if (key.size() + value.size() >= 2 * options_.block_size) TFP_RETURN_IF_ERROR(Flush());
  if (pending_) {
    ShortestSeparator(&last_key_, key);
    std::string handle;
    pending_handle_.EncodeTo(&handle);
    index_.Add(last_key_, handle);
    pending_ = false;
  }
  last_key_.assign(key.data(), key.size());
  any_ = true;
  data_.Add(key, value);
  return data_.SizeEstimate() >= options_.block_size ? Flush() : absl::OkStatus();
}

absl::Status TableBuilder::Finish() {
  TFP_RETURN_IF_ERROR(Flush());
  Footer footer;
  TFP_RETURN_IF_ERROR(WriteBlock(BlockBuilder(16).Finish(), &footer.metaindex));
  if (pending_) {
    ShortSuccessor(&last_key_);
    std::string handle;
    pending_handle_.EncodeTo(&handle);
    index_.Add(last_key_, handle);
  }
  TFP_RETURN_IF_ERROR(WriteBlock(index_.Finish(), &footer.index));
  return sink_(footer.Encode());
}

}  // namespace tfpersist
