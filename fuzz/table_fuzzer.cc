// Any bytes as a table: opened, walked, looked into.
#include "fuzz/util.h"
#include "reference/table/table_reader.h"

using namespace tfpersist;  // NOLINT

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
    std::vector<std::string> keys;
    int entries = 0;
    for (it.SeekToFirst(); it.Valid() && entries++ < 100000; it.Next()) {
      if (keys.size() < 64) keys.emplace_back(it.key());
    }
    for (const std::string& key : keys) (void)(*table)->Get(key);
    (void)(*table)->Get("");
    (void)(*table)->Get("\xff");
  }
  return 0;
}
