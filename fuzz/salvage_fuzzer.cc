// A checkpoint whose index is lost or broken (meta graph, data, index): what salvage saves verifies and is read.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/rebuild.h"
#include "reference/checkpoint/rewrite.h"
#include "reference/checkpoint/verify.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::MetaGraphKind(), {}, fuzz::BundleIndexKind())

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> files = fuzz::SplitFiles(data, size, 3);
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/k.meta", files[0]);
  fuzz::PutFile(&fs, "d/k.data-00000-of-00001", files[1]);
  if (!files[2].empty()) fuzz::PutFile(&fs, "d/k.index", files[2]);
  const ReadOptions read = fuzz::SmallRead(&fs);
  const auto index = RebuildIndex("d/k", read);
  if (index.ok()) {
    for (const RebuiltEntry& entry : index->entries) (void)ReadRebuilt("d/k", *index, entry, read);
  }
  RewriteOptions options;
  options.read = read;
  options.write.durable = false;
  const auto report = SalvageCheckpoint("d/k", "d/s", options);
  if (!report.ok()) return 0;
  VerifyOptions verify;
  verify.read = read;
  const VerifyReport again = VerifyCheckpoint("d/s", verify);
  for (const VerifyFinding& f : again.findings) {
    if (f.severity == VerifyFinding::kError) fuzz::Fail("salvaged, and broken: " + f.key + ": " + f.text);
  }
  const auto reader = BundleReader::Open("d/s", read);
  if (!reader.ok()) fuzz::Fail("salvaged, and can't be opened");
  for (const std::string& name : report->saved) {
    DataType dtype;
    TensorShape shape;
    if (!(*reader)->LookupDtypeAndShape(name, &dtype, &shape).ok()) fuzz::Fail("saved, and not there: " + name);
  }
  for (const auto& [name, why] : report->lost) {
    for (const std::string& saved : report->saved) {
      if (name == saved) fuzz::Fail("both saved and lost: " + name);
    }
  }
  return 0;
}
