// Writes a table, byte for byte as TensorFlow does (FORMAT.md). Not thread-safe.
#ifndef TFPERSIST_REFERENCE_TABLE_TABLE_BUILDER_H_
#define TFPERSIST_REFERENCE_TABLE_TABLE_BUILDER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "reference/table/block_builder.h"
#include "reference/table/format.h"

namespace tfpersist {

struct TableOptions {
  size_t block_size = kTableBlockSize;
  BlockType compression = BlockType::kPlain;  // a compressed block is kept only if it saves 12.5 %
};

class TableBuilder {
 public:
  using Sink = std::function<absl::Status(absl::string_view)>;

  // Bytes go to `sink` in order.
  explicit TableBuilder(Sink sink, TableOptions options = {});
  // INVALID_ARGUMENT unless the key is greater than all before.
  absl::Status Add(absl::string_view key, absl::string_view value);
  // Writes what is left, the index and the footer. Nothing may be added afterwards.
  absl::Status Finish();

 private:
  absl::Status Flush();
  absl::Status WriteBlock(std::string contents, BlockHandle* handle);

  Sink sink_;
  TableOptions options_;
  BlockBuilder data_{16}, index_{1};
  std::string last_key_;
  bool any_ = false;
  // A finished block's index entry waits for the next key, to find the shortest separator.
  bool pending_ = false;
  BlockHandle pending_handle_;
  uint64_t offset_ = 0;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_TABLE_BUILDER_H_
