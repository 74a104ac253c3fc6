// A save over a checkpoint that was cut off at some step of its renames, with whatever bytes in its files: what the
// next open makes of it is all old or all new, all new where all of it is sound, and no leftovers; sweeping the folder
// does the same.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/recovery.h"
#include "reference/checkpoint/rename_transaction.h"
#include "reference/checkpoint/verify.h"
#include "reference/proto/tensor_bundle.pb.h"

using namespace tfpersist;  // NOLINT

// The new index and data, the old ones, and a byte of how far the save came.
TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind(), {}, fuzz::BundleIndexKind(), {}, {})

namespace {

constexpr char kPrefix[] = "d/k";

struct Names {
  std::string index = MetaFilename(kPrefix), data = DataFilename(kPrefix, 0, 1);
};

std::string ContentOf(FileSystem* fs, const std::string& file) {
  if (!FileExists(fs, file)) return "(none)";
  const auto bytes = ReadWholeFile(fs, file, int64_t{1} << 30);
  if (!bytes.ok()) fuzz::Fail("a file that can't be read: " + file);
  return *bytes;
}

// The folder as RenameTransaction leaves it when it ends behind its step `stage`.
enum Stage { kDataPending, kIndexPending, kDataKept, kDataMoved, kIndexKept, kIndexMoved, kStages };
void PutState(MemoryFileSystem* fs, const std::vector<std::string>& files, int stage, bool was_there) {
  const Names names;
  const auto put = [&](const std::string& name, int i) { fuzz::PutFile(fs, name, files[i]); };
  const bool data_moved = stage >= kDataMoved, index_moved = stage >= kIndexMoved;
  put(data_moved ? names.data : PendingName(names.data), 1);
  if (index_moved) {
    put(names.index, 0);
  } else if (stage >= kIndexPending) {
    put(PendingName(names.index), 0);
  }
  if (!was_there) return;
  if (!data_moved) put(names.data, 3);
  if (stage >= kDataKept) put(KeptName(names.data), 3);
  if (!index_moved) put(names.index, 2);
  if (stage >= kIndexKept) put(KeptName(names.index), 2);
}

bool HasLeftovers(FileSystem* fs) {
  const std::vector<std::string> names = *fs->List("d");
  for (const std::string& name : names) {
    if (name.find(".tempstate") != name.npos) return true;
  }
  return false;
}

// An index of several shards, or none, is about other files than the one that lies here.
bool NamesTheData(const std::string& index) {
  const auto entries = fuzz::TableEntries(index);
  tensorflow::BundleHeaderProto header;
  return entries.has_value() && !entries->empty() && (*entries)[0].first.empty() &&
         header.ParseFromString((*entries)[0].second) && header.num_shards() == 1;
}

// Every value can be read.
bool IsSound(const std::string& index, const std::string& data) {
  const Names names;
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, names.index, index);
  fuzz::PutFile(&fs, names.data, data);
  VerifyOptions verify;
  verify.read = fuzz::SmallRead(&fs);
  return VerifyCheckpoint(kPrefix, verify).ok();
}

void Check(const std::vector<std::string>& files, int stage, bool was_there) {
  const Names names;
  const Limits limits = fuzz::SmallLimits();
  const std::string old_index = was_there ? files[2] : "(none)", old_data = was_there ? files[3] : "(none)";
  MemoryFileSystem fs;
  PutState(&fs, files, stage, was_there);
  const absl::Status status = RecoverInterruptedSave(kPrefix, &fs, limits);
  if (!status.ok()) fuzz::Fail("recovery failed: " + status.ToString());
  const std::string index = ContentOf(&fs, names.index), data = ContentOf(&fs, names.data);
  const bool is_new = index == files[0] && (data == files[1] || !NamesTheData(index));
  const bool is_old = index == old_index && data == old_data;
  const bool pending = stage >= kIndexPending && stage < kIndexMoved;
  // Before the pending index there is nothing to decide; without an old checkpoint its data may stay alone.
  if (!is_new && !is_old && !(index == "(none)" && !was_there)) fuzz::Fail("neither the old nor the new checkpoint");
  if (pending && HasLeftovers(&fs)) fuzz::Fail("leftovers");
  if (pending && !is_new && IsSound(files[0], files[1])) fuzz::Fail("a sound new checkpoint was given up");
  if (stage == kDataPending && !is_old) fuzz::Fail("a save without an index replaced the old checkpoint");

  MemoryFileSystem swept;
  PutState(&swept, files, stage, was_there);
  SweepLeftovers("d", &swept, limits);
  if (HasLeftovers(&swept)) fuzz::Fail("leftovers after a sweep");
  if (ContentOf(&swept, names.index) != index || ContentOf(&swept, names.data) != data) {
    fuzz::Fail("a sweep leaves another checkpoint");
  }
  // And whoever opens it does it first.
  MemoryFileSystem opened;
  PutState(&opened, files, stage, was_there);
  (void)BundleReader::Open(kPrefix, fuzz::SmallRead(&opened));
  if (ContentOf(&opened, names.index) != index || ContentOf(&opened, names.data) != data) {
    fuzz::Fail("opening leaves another checkpoint");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 5);
  const uint8_t how = files[4].empty() ? 0 : static_cast<uint8_t>(files[4][0]);
  for (const bool repaired : {false, true}) {
    if (repaired) fuzz::RepairBundle(&files[0], &files[1]);
    Check(files, (how & 0x7f) % kStages, (how & 0x80) == 0);
  }
  return 0;
}
