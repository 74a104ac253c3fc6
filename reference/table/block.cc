#include "reference/table/block.h"

#include <limits>

#include "reference/base/coding.h"

namespace tfpersist {

absl::StatusOr<Block> Block::Parse(std::string contents) {
  Block block;
  block.contents_ = std::move(contents);
  const uint64_t size = block.contents_.size();
  if (size < 4 || size > std::numeric_limits<uint32_t>::max()) return absl::DataLossError("bad block contents");
  const uint64_t restarts = DecodeFixed32(block.contents_.data() + size - 4);
  if (restarts > (size - 4) / 4) return absl::DataLossError("bad block contents");
  block.num_restarts_ = static_cast<uint32_t>(restarts);
  block.limit_ = static_cast<uint32_t>(size - 4 - 4 * restarts);
  return block;
}

uint32_t Block::Restart(uint32_t i) const { return DecodeFixed32(contents_.data() + limit_ + 4 * i); }

void Block::Iterator::Stop(bool broken) {
  valid_ = false;
  next_ = block_->limit_;
  if (broken && status_.ok()) status_ = absl::DataLossError("bad entry in block");
}

void Block::Iterator::MoveTo(uint32_t offset) {
  key_.clear();
  next_ = offset;
  valid_ = false;
  if (offset > block_->limit_) return Stop(true);
  Next();
}

void Block::Iterator::SeekToFirst() { MoveTo(block_->num_restarts_ > 0 ? block_->Restart(0) : block_->limit_); }

void Block::Iterator::Next() {
  if (next_ >= block_->limit_) return Stop(false);
  ByteReader in(block_->bytes().substr(next_, block_->limit_ - next_));
  uint32_t shared, unshared, value_size;
  absl::string_view tail;
  if (!in.ReadVarint32(&shared) || !in.ReadVarint32(&unshared) || !in.ReadVarint32(&value_size) ||
      shared > key_.size() || !in.ReadBytes(unshared, &tail) || !in.ReadBytes(value_size, &value_)) {
    return Stop(true);
  }
  key_.resize(shared);
  key_.append(tail.data(), tail.size());
  next_ = block_->limit_ - static_cast<uint32_t>(in.remaining());
  valid_ = true;
}

void Block::Iterator::Seek(absl::string_view target) {
  // The last restart whose key is before the target; restarts hold whole keys.
  uint32_t left = 0, right = block_->num_restarts_;
  while (right - left > 1) {
    const uint32_t middle = left + (right - left) / 2;
    MoveTo(block_->Restart(middle));
    if (!valid_) return Stop(true);
    (absl::string_view(key_) < target ? left : right) = middle;
  }
  if (block_->num_restarts_ == 0) return Stop(false);
  for (MoveTo(block_->Restart(left)); valid_ && absl::string_view(key_) < target;) Next();
}

}  // namespace tfpersist
