#include "reference/checkpoint/recovery.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/rename_transaction.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/table/table_reader.h"

namespace tfpersist {
namespace {

// Where shard i of the pending checkpoint is now.
std::string PresentName(FileSystem* fs, const std::string& data) {
  std::string pending = PendingName(data);
  return FileExists(fs, pending) ? pending : data;
}

// Every value of the pending index is in its file, with its checksum.
absl::StatusOr<int> CheckPending(const std::string& prefix, FileSystem* fs, const Limits& limits) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, fs->OpenForRead(PendingName(MetaFilename(prefix))));
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<TableReader> table, TableReader::Open(std::move(file), limits));
  TableReader::Iterator it(table.get());
  it.SeekToFirst();
  tensorflow::BundleHeaderProto header;
  if (!it.Valid() || !it.key().empty() ||
      !header.ParseFromArray(it.value().data(), static_cast<int>(it.value().size())) || header.num_shards() < 1 ||
      header.num_shards() > limits.max_shards) {
    return absl::DataLossError("the pending index has no header");
  }
  std::vector<std::unique_ptr<RandomAccessFile>> shards(header.num_shards());
  for (it.Next(); it.Valid(); it.Next()) {
    tensorflow::BundleEntryProto entry;
    if (!entry.ParseFromArray(it.value().data(), static_cast<int>(it.value().size())) || entry.shard_id() < 0 ||
        entry.shard_id() >= header.num_shards()) {
      return absl::DataLossError(absl::StrCat("Entry for key ", it.key(), " not parseable."));
    }
    if (!entry.slices().empty()) continue;  // its parts are entries of their own
    std::unique_ptr<RandomAccessFile>& shard = shards[entry.shard_id()];
    if (shard == nullptr) {
      TFP_ASSIGN_OR_RETURN(
          shard, fs->OpenForRead(PresentName(fs, DataFilename(prefix, entry.shard_id(), header.num_shards()))));
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::FromProto(entry.shape()));
    const ValueLocation at{entry.offset(), entry.size(), entry.crc32c(),
                           header.endianness() == tensorflow::BundleHeaderProto::BIG};
    TFP_RETURN_IF_ERROR(
        CheckValueAt(*shard, it.key(), static_cast<DataType>(static_cast<int>(entry.dtype())), shape, at, limits));
  }
  TFP_RETURN_IF_ERROR(it.status());
  return header.num_shards();
}

absl::Status Sync(FileSystem* fs, const std::string& prefix, WriteOptions options) {
  return options.durable ? fs->SyncDirectory(std::string(Dirname(prefix))) : absl::OkStatus();
}

absl::Status Finish(const std::string& prefix, int num_shards, FileSystem* fs, WriteOptions options) {
  for (int i = 0; i < num_shards; ++i) {
    const std::string data = DataFilename(prefix, i, num_shards);
    if (FileExists(fs, PendingName(data))) TFP_RETURN_IF_ERROR(fs->Rename(PendingName(data), data));
  }
  TFP_RETURN_IF_ERROR(Sync(fs, prefix, options));
  TFP_RETURN_IF_ERROR(fs->Rename(PendingName(MetaFilename(prefix)), MetaFilename(prefix)));
  return Sync(fs, prefix, options);
}

// The prefix's files with a pending or kept name.
absl::StatusOr<std::vector<std::string>> Leftovers(const std::string& prefix, FileSystem* fs) {
  const std::string dir(Dirname(prefix)), base(Basename(prefix));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs->List(dir));
  std::vector<std::string> found;
  for (const std::string& name : names) {
    absl::string_view file = name;
    absl::ConsumeSuffix(&file, ".old");
    if (absl::ConsumeSuffix(&file, ".tempstate") && PrefixOfMember(file) == base) found.push_back(JoinPath(dir, name));
  }
  return found;
}

// What was replaced takes its names back, and the new files go.
absl::Status RollBack(const std::string& prefix, FileSystem* fs, WriteOptions options) {
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> files, Leftovers(prefix, fs));
  for (const std::string& file : files) {
    absl::string_view target = file;
    if (absl::ConsumeSuffix(&target, ".tempstate.old")) TFP_RETURN_IF_ERROR(fs->Rename(file, std::string(target)));
  }
  TFP_RETURN_IF_ERROR(Sync(fs, prefix, options));
  for (const std::string& file : files) {
    if (absl::EndsWith(file, ".tempstate")) TFP_RETURN_IF_ERROR(fs->Delete(file));
  }
  return absl::OkStatus();
}

// Under the folder's lock.
absl::Status Recover(const std::string& prefix, FileSystem* fs, const Limits& limits, WriteOptions options) {
  if (FileExists(fs, PendingName(MetaFilename(prefix)))) {
    const absl::StatusOr<int> num_shards = CheckPending(prefix, fs, limits);
    if (num_shards.ok()) {
      TFP_RETURN_IF_ERROR(Finish(prefix, *num_shards, fs, options));
    } else {
      TFP_RETURN_IF_ERROR(RollBack(prefix, fs, options));
    }
  }
  // Without a pending index the save was not complete yet, or is done: neither kind of file is needed any more.
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> files, Leftovers(prefix, fs));
  for (const std::string& file : files) TFP_RETURN_IF_ERROR(fs->Delete(file));
  return absl::OkStatus();
}

}  // namespace

absl::Status RecoverInterruptedSave(const std::string& prefix, FileSystem* fs, const Limits& limits,
                                    WriteOptions options) {
  if (!FileExists(fs, PendingName(MetaFilename(prefix)))) return absl::OkStatus();
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<DirectoryLock> lock, fs->LockDirectory(std::string(Dirname(prefix))));
  absl::Status status = Recover(prefix, fs, limits, options);
  if (status.ok()) return status;
  return WithHint(status,
                  absl::StrCat("a save of ", prefix, " was cut off between its renames, and finishing it failed; ",
                               "make the folder writable and open the checkpoint again"));
}

void SweepLeftovers(const std::string& dir, FileSystem* fs, const Limits& limits, WriteOptions options) {
  const absl::StatusOr<std::vector<std::string>> names = fs->List(dir);
  if (!names.ok()) return;
  bool interrupted = false;
  for (const std::string& name : *names) {
    if (IsOrphanedTemp(name)) fs->Delete(JoinPath(dir, name)).IgnoreError();
    interrupted |= absl::EndsWith(name, ".tempstate") || absl::EndsWith(name, ".tempstate.old");
  }
  if (!interrupted) return;
  const absl::StatusOr<std::unique_ptr<DirectoryLock>> lock = fs->LockDirectory(dir);
  if (!lock.ok()) return;
  const absl::StatusOr<std::vector<std::string>> again = fs->List(dir);  // a save may have ended since
  if (!again.ok()) return;
  for (const std::string& name : *again) {
    absl::string_view file = name;
    absl::ConsumeSuffix(&file, ".old");
    if (!absl::ConsumeSuffix(&file, ".tempstate")) continue;
    const std::string prefix = PrefixOfMember(file);
    if (!prefix.empty()) Recover(JoinPath(dir, prefix), fs, limits, options).IgnoreError();
  }
}

}  // namespace tfpersist
