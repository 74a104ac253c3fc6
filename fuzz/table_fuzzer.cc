// Any bytes as a table: opened, walked, looked into.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/table/table_reader.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool repaired : {false, true}) {
    if (repaired) fuzz::RepairTable(&bytes);
    MemoryFileSystem fs;
    fuzz::PutFile(&fs, "d/k.index", bytes);
    auto file = fs.OpenForRead("d/k.index");
    if (!file.ok()) return 0;
    auto table = TableReader::Open(*std::move(file), fuzz::SmallLimits());
    if (!table.ok()) continue;
    TableReader::Iterator it(table->get());
    fuzz::Entries entries;
    int walked = 0;
    bool ordered = true;
    for (it.SeekToFirst(); it.Valid() && walked++ < 100000; it.Next()) {
      if (entries.size() >= 64) continue;
      ordered &= entries.empty() || entries.back().first < it.key();
      entries.emplace_back(std::string(it.key()), std::string(it.value()));
    }
    for (const auto& [key, value] : entries) (void)(*table)->Get(key);
    (void)(*table)->Get("");
    (void)(*table)->Get("\xff");
    // What is written again is read again.
    if (!it.status().ok() || !ordered || walked != static_cast<int>(entries.size())) continue;
    const auto again = fuzz::TableEntries(fuzz::BuildTable(entries, size % 2 == 0 ? 64 : 262144, size % 3 == 0));
    if (!again.has_value() || *again != entries) fuzz::Fail("a table that was written is read as another");
  }
  return 0;
}
