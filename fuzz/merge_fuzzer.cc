// Two checkpoints (index, data, index, data) merged: what could be read before can be read afterwards, as it was.
#include <map>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/merge.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind(), {}, fuzz::BundleIndexKind(), {})

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 4);
  for (const bool repaired : {false, true}) {
    MemoryFileSystem fs;
    std::map<std::string, Tensor> before;
    std::map<std::string, int> seen;
    bool sliced = false;
    for (int i = 0; i < 2; ++i) {
      if (repaired) fuzz::RepairBundle(&files[2 * i], &files[2 * i + 1]);
      const std::string prefix = "d/part" + std::to_string(i);
      fuzz::PutFile(&fs, prefix + ".index", files[2 * i]);
      fuzz::PutFile(&fs, prefix + ".data-00000-of-00001", files[2 * i + 1]);
      const auto reader = BundleReader::Open(prefix, fuzz::SmallRead(&fs));
      if (!reader.ok()) continue;
      const auto names = (*reader)->ListReadableNames();
      if (!names.ok() || names->size() > 64) continue;
      for (const std::string& name : *names) {
        ++seen[name];
        const auto slices = (*reader)->Slices(name);
        sliced |= !slices.ok() || !slices->empty();
        const auto value = (*reader)->Lookup(name);
        if (value.ok()) before.emplace(name, *value);
      }
    }
    const std::string parts[] = {"d/part0", "d/part1"};
    MergeOptions options;
    options.file_system = &fs;
    options.limits = fuzz::SmallLimits();
    options.write.durable = false;
    if (!MergeBundles(parts, "d/m", options).ok()) {
      // The sources are as they were.
      for (int i = 0; i < 2; ++i) {
        const auto kept = ReadWholeFile(&fs, parts[i] + ".index", 1 << 30);
        if (!kept.ok() || *kept != files[2 * i]) fuzz::Fail("a merge that failed took an index away");
      }
      continue;
    }
    const auto merged = BundleReader::Open("d/m", fuzz::SmallRead(&fs));
    if (!merged.ok()) {
      if (!before.empty()) fuzz::Fail("merged, and can't be opened: " + merged.status().ToString());
      continue;
    }
    for (const auto& [name, value] : before) {
      if (seen[name] != 1 || sliced) continue;
      const auto after = (*merged)->Lookup(name);
      if (!after.ok()) fuzz::Fail("lost by merging: " + name + ": " + after.status().ToString());
      if (!fuzz::SameBits(*after, value)) fuzz::Fail("changed by merging: " + name);
    }
  }
  return 0;
}
