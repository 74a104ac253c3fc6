// This table reader against leveldb's: every entry that it gives, leveldb gives too. It may give less: it refuses some
// tables that leveldb takes (a restart behind the block's end).
#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>

#include <memory>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/table/table_reader.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind())

namespace {

class MemoryFile : public leveldb::RandomAccessFile {
 public:
  explicit MemoryFile(const std::string& bytes) : bytes_(bytes) {}
  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice* result, char* scratch) const override {
    if (offset > bytes_.size()) return leveldb::Status::IOError("behind the end");
    n = std::min<size_t>(n, bytes_.size() - offset);
    std::memcpy(scratch, bytes_.data() + offset, n);
    *result = leveldb::Slice(scratch, n);
    return leveldb::Status::OK();
  }

 private:
  const std::string& bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::RepairTable(&bytes);
  // leveldb allocates what a handle asks for (its issue 1318), so that only what this reader takes is given to it.
  const auto entries = fuzz::TableEntries(bytes);
  if (!entries.has_value() || entries->size() >= 4096) return 0;
  const MemoryFile file(bytes);
  leveldb::Options options;
  options.paranoid_checks = true;
  leveldb::Table* opened = nullptr;
  const leveldb::Status status = leveldb::Table::Open(options, const_cast<MemoryFile*>(&file), bytes.size(), &opened);
  if (!status.ok()) fuzz::Fail("leveldb does not open it: " + status.ToString());
  const std::unique_ptr<leveldb::Table> table(opened);
  leveldb::ReadOptions read;
  read.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> it(table->NewIterator(read));
  size_t i = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
    if (i >= entries->size()) fuzz::Fail("leveldb has more entries");
    if (it->key().ToString() != (*entries)[i].first || it->value().ToString() != (*entries)[i].second) {
      fuzz::Fail("leveldb has another entry");
    }
  }
  if (!it->status().ok()) fuzz::Fail("leveldb stops: " + it->status().ToString());
  if (i != entries->size()) fuzz::Fail("leveldb has fewer entries");
  // Look-ups, where keys are in order.
  for (size_t k = 1; k < entries->size(); ++k) {
    if ((*entries)[k - 1].first >= (*entries)[k].first) return 0;
  }
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/t", bytes);
  const auto ours = TableReader::Open(*fs.OpenForRead("d/t"), fuzz::SmallLimits());
  for (size_t k = 0; k < entries->size() && k < 32; ++k) {
    const std::string& key = (*entries)[k].first;
    // A fresh one each time: a used iterator begins where it stands, which leads elsewhere where restarts are out of
    // order.
    const std::unique_ptr<leveldb::Iterator> look(table->NewIterator(read));
    look->Seek(key);
    const bool theirs = look->Valid() && look->key().ToString() == key;
    if ((*ours)->Get(key).ok() != theirs) fuzz::Fail("a look-up finds it in one of two");
  }
  return 0;
}
