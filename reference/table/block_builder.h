// Builds one block (FORMAT.md 2 and 3): shares key prefixes, except at restarts.
#ifndef TFPERSIST_REFERENCE_TABLE_BLOCK_BUILDER_H_
#define TFPERSIST_REFERENCE_TABLE_BLOCK_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tfpersist {

class BlockBuilder {
 public:
  explicit BlockBuilder(int restart_interval) : restart_interval_(restart_interval) {}

  // REQUIRES: key greater than the one before.
  void Add(absl::string_view key, absl::string_view value);
  // The finished contents; the builder is empty afterwards.
  std::string Finish();

  bool empty() const { return buffer_.empty(); }
  // Size of the contents if finished now.
  size_t SizeEstimate() const { return buffer_.size() + 4 * restarts_.size() + 4; }

 private:
  const int restart_interval_;
  std::string buffer_;
  std::vector<uint32_t> restarts_ = {0};
  int since_restart_ = 0;
  std::string last_key_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_BLOCK_BUILDER_H_
