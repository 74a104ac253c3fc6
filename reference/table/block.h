// One block's entries, in order (FORMAT.md 2 and 3).
#ifndef TFPERSIST_REFERENCE_TABLE_BLOCK_H_
#define TFPERSIST_REFERENCE_TABLE_BLOCK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist {

class Block {
 public:
  // DATA_LOSS "bad block contents" if the restart array does not fit.
  static absl::StatusOr<Block> Parse(std::string contents);

  // Walks a block; the block outlives it. Stops with status() DATA_LOSS "bad entry in block" at a broken entry.
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
    void Stop(bool broken);

    const Block* block_;
    uint32_t next_;  // offset of the entry after the current one
    bool valid_ = false;
    std::string key_;
    absl::string_view value_;
    absl::Status status_;
  };

 private:
  friend class Iterator;
  Block() = default;
  absl::string_view bytes() const { return contents_; }
  uint32_t Restart(uint32_t i) const;

  std::string contents_;
  uint32_t limit_ = 0;  // where the restart array begins
  uint32_t num_restarts_ = 0;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_BLOCK_H_
