// Reads a table (FORMAT.md). Opening reads the footer and the index block; data blocks are read when they are needed.
// A TableReader may be used from several threads; an iterator belongs to one.
#ifndef TFPERSIST_REFERENCE_TABLE_TABLE_READER_H_
#define TFPERSIST_REFERENCE_TABLE_TABLE_READER_H_

#include <array>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/base/mutex.h"
#include "reference/table/block.h"
#include "reference/table/format.h"

namespace tfpersist {

class TableReader {
 public:
  // DATA_LOSS "file is too short to be an sstable", "not an sstable (bad magic number)", and those of reading a block.
  static absl::StatusOr<std::unique_ptr<TableReader>> Open(std::unique_ptr<RandomAccessFile> file,
                                                           const Limits& limits);

  // Walks the table in key order. status() says whether it stopped at the end or at a broken block.
  class Iterator {
   public:
    explicit Iterator(const TableReader* table) : table_(table), index_(&table->index_) {}
    bool Valid() const { return data_ != nullptr && data_->Valid(); }
    absl::string_view key() const { return data_->key(); }
    absl::string_view value() const { return data_->value(); }
    const absl::Status& status() const { return status_; }
    void SeekToFirst();
    void Seek(absl::string_view target);
    void Next();

   private:
    void LoadBlock();    // the one that index_ is at
    void SkipToEntry();  // past blocks without entries, and away from broken ones

    const TableReader* table_;
    Block::Iterator index_;
    BlockHandle handle_;
    std::shared_ptr<const Block> block_;
    std::unique_ptr<Block::Iterator> data_;
    absl::Status status_;
  };

  // The value under exactly this key; NOT_FOUND (with an empty message) if there is none.
  absl::StatusOr<std::string> Get(absl::string_view key) const;

  uint64_t file_size() const { return file_->size(); }

 private:
  TableReader(std::unique_ptr<RandomAccessFile> file, const Limits& limits, Block index)
      : file_(std::move(file)), limits_(limits), index_(std::move(index)) {}
  absl::StatusOr<std::shared_ptr<const Block>> ReadBlock(const BlockHandle& handle) const;

  std::unique_ptr<RandomAccessFile> file_;
  Limits limits_;
  Block index_;
  mutable Mutex mu_;
  // The blocks read last, some for each of several threads: look-ups in key order, the common case, then read each
  // block once.
  static constexpr int kRecentBlocks = 8;
  struct RecentBlock {
    BlockHandle handle;
    std::shared_ptr<const Block> block;
  };
  mutable std::array<RecentBlock, kRecentBlocks> recent_ ABSL_GUARDED_BY(mu_);
  mutable unsigned next_recent_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_TABLE_READER_H_
