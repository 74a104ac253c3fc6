// One block's entries, in order (FORMAT.md 2 and 3).
#ifndef TFPERSIST_REFERENCE_TABLE_BLOCK_H_
#define TFPERSIST_REFERENCE_TABLE_BLOCK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist {

// A block that several threads may read.
class Block {
 public:
  // DATA_LOSS "bad block contents" if the restart array does not fit.
  static absl::StatusOr<Block> Parse(std::string contents);
  Block(Block&&) noexcept;
  Block& operator=(Block&&) noexcept;
  ~Block();

  // Walks a block; the block outlives it. Stops with status() DATA_LOSS "bad entry in block" at a broken entry, and
  // where keys share so much with those before them that all together they are far larger than the block.
  class Iterator {
   public:
    explicit Iterator(const Block* block) : block_(block), next_(block->limit_) {}
    bool Valid() const { return valid_; }
    absl::string_view key() const { return key_; }
    absl::string_view value() const { return value_; }
    const absl::Status& status() const { return status_; }
    void SeekToFirst();
    void Seek(absl::string_view target);  // the first entry at or after target
    void Next();

   private:
    void MoveTo(uint32_t offset);
    void SeekFar(uint32_t restart, absl::string_view target);
    void Stop(bool broken);

    const Block* block_;
    uint32_t next_;  // offset of the entry after the current one
    bool valid_ = false;
    uint64_t expanded_ = 0;  // bytes of the keys since MoveTo
    std::string key_;
    absl::string_view value_;
    absl::Status status_;
  };

 private:
  friend class Iterator;
  struct Skips;
  Block();
  absl::string_view bytes() const { return contents_; }
  uint32_t Restart(uint32_t i) const;

  std::string contents_;
  uint32_t limit_ = 0;  // where the restart array begins
  uint32_t num_restarts_ = 0;
  std::unique_ptr<Skips> skips_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_BLOCK_H_
