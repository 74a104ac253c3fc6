#include "reference/table/block.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "reference/base/coding.h"
#include "reference/base/mutex.h"

namespace tfpersist {

namespace {

// A writer's restarts lie 16 entries apart; who seeks further than this makes skips, as far apart again.
constexpr int kFar = 64;
// Keys of a block together, over its size: writers reach at most their distance between restarts.
constexpr uint64_t kMostExpansion = 64, kExpansionAllowed = 1 << 20;

}  // namespace

// Where a walk may begin besides at restarts. Without them, to look up every key of a block that has a single restart
// would take time that is quadratic in its size.
struct Block::Skips {
  struct Skip {
    uint32_t offset;
    std::string previous;  // the key before it, whose prefix it may share
    std::string greatest;  // of the keys from the restart up to here, whatever their order
  };
  Mutex mu;
  std::map<uint32_t, std::vector<Skip>> behind ABSL_GUARDED_BY(mu);  // by the restart's offset
  size_t bytes ABSL_GUARDED_BY(mu) = 0;
};

Block::Block() : skips_(std::make_unique<Skips>()) {}
Block::Block(Block&&) noexcept = default;
Block& Block::operator=(Block&&) noexcept = default;
Block::~Block() = default;

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
  expanded_ = 0;
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
  expanded_ += key_.size();
  if (expanded_ > kExpansionAllowed + kMostExpansion * block_->contents_.size()) return Stop(true);
  next_ = block_->limit_ - static_cast<uint32_t>(in.remaining());
  valid_ = true;
}

void Block::Iterator::Seek(absl::string_view target) {
  if (block_->num_restarts_ == 0) return Stop(false);
  // The last restart whose key is before the target; restarts hold whole keys. The middles are TensorFlow's and
  // leveldb's, so that restarts out of order lead all of us to the same entry.
  uint32_t left = 0, right = block_->num_restarts_ - 1;
  while (left < right) {
    const uint32_t middle = (left + right + 1) / 2;  // below 2^30 each
    MoveTo(block_->Restart(middle));
    if (!valid_) return Stop(true);
    if (absl::string_view(key_) < target) {
      left = middle;
    } else {
      right = middle - 1;
    }
  }
  const uint32_t restart = block_->Restart(left);
  MoveTo(restart);
  for (int steps = 0; valid_ && absl::string_view(key_) < target; ++steps) {
    if (steps == kFar) return SeekFar(restart, target);
    Next();
  }
}

void Block::Iterator::SeekFar(uint32_t restart, absl::string_view target) {
  Skips& all = *block_->skips_;
  MutexLock lock(&all.mu);
  std::vector<Skips::Skip>& skips = all.behind[restart];
  // From the last skip that has only keys before the target in front of it.
  auto skip = std::lower_bound(skips.begin(), skips.end(), target,
                               [](const Skips::Skip& s, absl::string_view t) { return s.greatest < t; });
  std::string greatest;
  const bool last = skip == skips.end();
  if (skip == skips.begin()) {
    MoveTo(restart);
  } else {
    --skip;
    key_ = skip->previous;
    greatest = skip->greatest;
    next_ = skip->offset;
    expanded_ = 0;
    Next();
  }
  for (int steps = 1; valid_ && absl::string_view(key_) < target; ++steps) {
    if (key_ > greatest) greatest = key_;
    if (last && steps % kFar == 0 && all.bytes < kExpansionAllowed + 2 * block_->contents_.size()) {
      skips.push_back({next_, key_, greatest});
      all.bytes += sizeof(Skips::Skip) + key_.size() + greatest.size();
    }
    Next();
  }
}

}  // namespace tfpersist
