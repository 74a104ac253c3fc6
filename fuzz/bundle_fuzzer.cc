// Four files as a checkpoint (index, data, meta graph, state): listed, every tensor read, sliced, verified, salvaged;
// what was salvaged must be whole, and what is read twice must be the same.
#include <cstdio>
#include <cstdlib>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/checkpoint/rewrite.h"
#include "reference/checkpoint/verify.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind(), {}, fuzz::MetaGraphKind(), {})

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 4);
  for (const bool repaired : {false, true}) {
    if (repaired) fuzz::RepairBundle(&files[0], &files[1]);
    MemoryFileSystem fs;
    fuzz::PutFile(&fs, "d/k.index", files[0]);
    fuzz::PutFile(&fs, "d/k.data-00000-of-00001", files[1]);
    if (!files[2].empty()) fuzz::PutFile(&fs, "d/k.meta", files[2]);
    if (!files[3].empty()) fuzz::PutFile(&fs, "d/checkpoint", files[3]);
    const ReadOptions options = fuzz::SmallRead(&fs);
    auto reader = BundleReader::Open("d/k", options);
    if (reader.ok()) {
      (void)(*reader)->ListVariables();
      (void)(*reader)->DebugString();
      const auto names = (*reader)->ListReadableNames();
      int read = 0;
      for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
        if (read++ >= 64) break;
        const auto value = (*reader)->Lookup(name);
        const auto slices = (*reader)->Slices(name);
        if (slices.ok() && !slices->empty()) (void)(*reader)->LookupSlice(name, (*slices)[0]);
        if (!value.ok() || !IsPlain(value->dtype())) continue;
        const auto again = (*reader)->Lookup(name);
        if (!again.ok() || again->SummarizeValue(100) != value->SummarizeValue(100)) abort();
      }
    }
    (void)CheckpointReader::Open("d/k", options);
    VerifyOptions verify;
    verify.read = options;
    const VerifyReport report = VerifyCheckpoint("d/k", verify);
    RewriteOptions rewrite;
    rewrite.read = options;
    rewrite.write.durable = false;
    const auto salvaged = SalvageCheckpoint("d/k", "d/s", rewrite);
    if (salvaged.ok()) {
      const VerifyReport again = VerifyCheckpoint("d/s", verify);
      for (const VerifyFinding& f : again.findings) {
        if (f.severity != VerifyFinding::kError || f.file == "d/checkpoint") continue;
        fuzz::Fail("salvaged, and broken: " + f.key + ": " + f.text);
      }
    }
    if (report.ok() && salvaged.ok() && !salvaged->lost.empty()) {
      std::fprintf(stderr, "verified, and yet lost: %s: %s\n", salvaged->lost[0].first.c_str(),
                   salvaged->lost[0].second.c_str());
      abort();
    }
  }
  return 0;
}
