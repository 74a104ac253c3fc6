// Four files as a checkpoint (index, data, meta graph, state): listed, every tensor read, sliced, verified, salvaged;
// what was salvaged must be whole, and what is read twice must be the same.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/checkpoint/rewrite.h"
#include "reference/checkpoint/verify.h"
#include "reference/proto/tensor_bundle.pb.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind(), {}, fuzz::MetaGraphKind(), {})

namespace {

// What is parsed without protobuf is what protobuf parses.
void CheckEntries(const std::string& index) {
  const auto entries = fuzz::TableEntries(index);
  if (!entries.has_value()) return;
  for (const auto& [key, bytes] : *entries) {
    BundleEntry entry;
    if (!ParsePlainEntry(bytes, &entry)) continue;
    tensorflow::BundleEntryProto proto;
    if (!proto.ParseFromString(bytes)) fuzz::Fail("a plain entry that is none: " + key);
    const auto shape = TensorShape::FromProto(proto.shape());
    if (!shape.ok() || *shape != entry.shape || proto.dtype() != static_cast<int>(entry.dtype) ||
        proto.shard_id() != entry.shard || proto.offset() != entry.at.offset || proto.size() != entry.at.size ||
        proto.crc32c() != entry.at.masked_crc || proto.slices_size() > 0 || entry.sliced) {
      fuzz::Fail("a plain entry of another meaning: " + key);
    }
  }
}

// Many at once are what they are one by one, errors too.
void CheckReadAll(const BundleReader& reader, std::vector<std::string> names) {
  static ThreadPool threads(1);
  if (names.size() > 64) names.resize(64);
  // Where keys are out of order, which of two of one name is found depends on the way.
  if (std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) != names.end()) return;
  const std::vector<absl::string_view> keys(names.begin(), names.end());
  std::vector<absl::string_view> found;
  std::vector<BundleReader::Entry> entries;
  const auto all = reader.FindAll(keys);
  for (size_t i = 0; i < keys.size(); ++i) {
    DataType dtype;
    TensorShape shape;
    const absl::Status one = reader.LookupDtypeAndShape(keys[i], &dtype, &shape);
    // Not the other way round: restarts that are wrong hide keys from a look-up that a walk meets.
    if (one.ok() && !all[i].ok()) fuzz::Fail("not found with others: " + names[i]);
    if (!one.ok()) continue;
    found.push_back(keys[i]);
    entries.push_back(*all[i]);
  }
  const auto values = reader.ReadAll(found, entries, threads);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto value = reader.Lookup(found[i]);
    if (value.status() != values[i].status()) fuzz::Fail("another error: " + value.status().ToString());
    if (value.ok() && !fuzz::SameBits(*value, *values[i])) fuzz::Fail("another value: " + std::string(found[i]));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 4);
  for (const bool repaired : {false, true}) {
    if (repaired) fuzz::RepairBundle(&files[0], &files[1]);
    CheckEntries(files[0]);
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
      if (names.ok()) CheckReadAll(**reader, *names);
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
