// Any bytes as a V1 checkpoint: every tensor read.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/v1_reader.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::V1TableKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool repaired : {false, true}) {
    if (repaired) fuzz::RepairTable(&bytes);
    MemoryFileSystem fs;
    fuzz::PutFile(&fs, "d/k", bytes);
    auto reader = V1Reader::Open("d/k", fuzz::SmallRead(&fs));
    if (!reader.ok()) continue;
    (void)(*reader)->DebugString();
    int read = 0;
    for (const auto& [name, variable] : (*reader)->variables()) {
      if (read++ >= 64) break;
      (void)(*reader)->Lookup(name);
      for (const TensorSlice& slice : variable.slices) (void)(*reader)->LookupSlice(name, slice);
    }
  }
  return 0;
}
