#include "reference/table/block_builder.h"

#include <algorithm>

#include "reference/base/coding.h"

namespace tfpersist {

void BlockBuilder::Add(absl::string_view key, absl::string_view value) {
  size_t shared = 0;
  if (since_restart_ < restart_interval_) {
    const size_t most = std::min(last_key_.size(), key.size());
    while (shared < most && last_key_[shared] == key[shared]) ++shared;
  } else {
    restarts_.push_back(static_cast<uint32_t>(buffer_.size()));
    since_restart_ = 0;
  }
  PutVarint32(&buffer_, static_cast<uint32_t>(shared));
  PutVarint32(&buffer_, static_cast<uint32_t>(key.size() - shared));
  PutVarint32(&buffer_, static_cast<uint32_t>(value.size()));
  buffer_.append(key.data() + shared, key.size() - shared);
  buffer_.append(value.data(), value.size());
  last_key_.assign(key.data(), key.size());
  ++since_restart_;
}

std::string BlockBuilder::Finish() {
  for (uint32_t restart : restarts_) PutFixed32(&buffer_, restart);
  PutFixed32(&buffer_, static_cast<uint32_t>(restarts_.size()));
  std::string contents = std::move(buffer_);
  buffer_.clear();
  restarts_ = {0};
  since_restart_ = 0;
  last_key_.clear();
  return contents;
}

}  // namespace tfpersist
