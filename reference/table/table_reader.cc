#include "reference/table/table_reader.h"

#include "reference/base/status.h"

namespace tfpersist {

absl::StatusOr<std::unique_ptr<TableReader>> TableReader::Open(std::unique_ptr<RandomAccessFile> file,
                                                               const Limits& limits) {
  if (file->size() < kFooterSize) return absl::DataLossError("file is too short to be an sstable");
  char bytes[kFooterSize];
  TFP_RETURN_IF_ERROR(file->Read(file->size() - kFooterSize, kFooterSize, bytes));
  TFP_ASSIGN_OR_RETURN(Footer footer, Footer::Decode(absl::string_view(bytes, kFooterSize)));
  TFP_ASSIGN_OR_RETURN(std::string contents, ReadBlockContents(*file, footer.index, limits));
  TFP_ASSIGN_OR_RETURN(Block index, Block::Parse(std::move(contents)));
  return std::unique_ptr<TableReader>(new TableReader(std::move(file), limits, std::move(index)));
}

absl::StatusOr<std::shared_ptr<const Block>> TableReader::ReadBlock(const BlockHandle& handle) const {
  {
    MutexLock lock(&mu_);
    for (const RecentBlock& recent : recent_) {
      if (recent.block != nullptr && recent.handle.offset == handle.offset && recent.handle.size == handle.size) {
        return recent.block;
      }
    }
  }
  TFP_ASSIGN_OR_RETURN(std::string contents, ReadBlockContents(*file_, handle, limits_));
  TFP_ASSIGN_OR_RETURN(Block block, Block::Parse(std::move(contents)));
  auto shared = std::make_shared<const Block>(std::move(block));
  MutexLock lock(&mu_);
  recent_[next_recent_++ % kRecentBlocks] = {handle, shared};
  return shared;
}

absl::StatusOr<std::string> TableReader::Get(absl::string_view key) const {
  Iterator it(this);
  it.Seek(key);
  if (!it.status().ok()) return it.status();
  if (!it.Valid() || it.key() != key) return absl::NotFoundError("");
  return std::string(it.value());
}

void TableReader::Iterator::LoadBlock() {
  data_.reset();
  if (!index_.Valid()) {
    if (!index_.status().ok()) status_ = index_.status();
    return;
  }
  ByteReader in(index_.value());
  if (!handle_.DecodeFrom(&in)) {
    status_ = absl::DataLossError("bad block handle");
    return;
  }
  absl::StatusOr<std::shared_ptr<const Block>> block = table_->ReadBlock(handle_);
  if (!block.ok()) {
    status_ = block.status();
    return;
  }
  block_ = *std::move(block);
  data_ = std::make_unique<Block::Iterator>(block_.get());
}

void TableReader::Iterator::SkipToEntry() {
  while (status_.ok() && data_ != nullptr && !data_->Valid()) {
    if (!data_->status().ok()) {
      status_ = data_->status();
      data_.reset();
      return;
    }
    index_.Next();
    LoadBlock();
    if (data_ != nullptr) data_->SeekToFirst();
  }
}

void TableReader::Iterator::SeekToFirst() {
  status_ = absl::OkStatus();
  index_.SeekToFirst();
  LoadBlock();
  if (data_ != nullptr) data_->SeekToFirst();
  SkipToEntry();
}

void TableReader::Iterator::Seek(absl::string_view target) {
  status_ = absl::OkStatus();
  index_.Seek(target);
  LoadBlock();
  if (data_ != nullptr) data_->Seek(target);
  SkipToEntry();
}

void TableReader::Iterator::Next() {
  data_->Next();
  SkipToEntry();
}

}  // namespace tfpersist
