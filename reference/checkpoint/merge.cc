#include "reference/checkpoint/merge.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/checkpoint/index_writer.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/rename_transaction.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/table/table_reader.h"

namespace tfpersist {
namespace {

using tensorflow::BundleEntryProto;
using tensorflow::BundleHeaderProto;

struct Merge {
  bool seen_first = false;
  BundleHeaderProto header;
  std::map<std::string, BundleEntryProto, std::less<>> entries;
  std::map<std::string, int> shard_of;  // by the data file's present name
  std::vector<std::string> data_files;  // in the order of their new numbers
};

// A slice key begins with a NUL, where TensorFlow's own text ends.
absl::string_view Shown(absl::string_view key) { return key.substr(0, key.find('\0')); }

absl::Status AddSliced(absl::string_view key, const BundleEntryProto& entry, Merge* merge) {
  auto [found, inserted] = merge->entries.try_emplace(std::string(key), entry);
  if (inserted) return absl::OkStatus();
  BundleEntryProto& whole = found->second;
  if (whole.slices().empty()) {
    return absl::InternalError(
        absl::StrCat("Duplicate tensor keyed by ", key, "; attempting to merge in a non-slice bundle entry"));
  }
  if (whole.dtype() != entry.dtype() || whole.shape().SerializeAsString() != entry.shape().SerializeAsString()) {
    return absl::InvalidArgumentError(absl::StrCat("Slices of tensor ", key, " disagree about the whole: ",
                                                   whole.ShortDebugString(), " vs. ", entry.ShortDebugString()));
  }
  whole.mutable_slices()->MergeFrom(entry.slices());
  return absl::OkStatus();
}

absl::Status AddBundle(const std::string& prefix, const MergeOptions& options, Merge* merge) {
  const std::string index = MetaFilename(prefix);
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, options.file_system->OpenForRead(index));
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<TableReader> table, TableReader::Open(std::move(file), options.limits));
  TableReader::Iterator it(table.get());
  it.SeekToFirst();
  TFP_RETURN_IF_ERROR(it.status());
  BundleHeaderProto header;
  if (!it.Valid() || !it.key().empty() ||
      !header.ParseFromArray(it.value().data(), static_cast<int>(it.value().size()))) {
    return absl::DataLossError(absl::StrCat("Unable to parse header of ", index));
  }
  if (!merge->seen_first) {
    merge->seen_first = true;
    merge->header = header;
  } else {
    if (header.endianness() != merge->header.endianness()) {
      return absl::InvalidArgumentError("Merging bundles with conflicting endianness; inputs corrupted?");
    }
    const std::string merged = merge->header.version().SerializeAsString();
    const std::string current = header.version().SerializeAsString();
    if (merged != current) {
      return absl::InvalidArgumentError(
          absl::StrCat("Merging bundles with different format versions: merged ", merged, " vs. curr ", current));
    }
  }
  for (it.Next(); it.Valid(); it.Next()) {
    BundleEntryProto entry;
    if (!entry.ParseFromArray(it.value().data(), static_cast<int>(it.value().size()))) {
      return absl::DataLossError(absl::StrCat("Entry for key ", it.key(), " not parseable."));
    }
    if (!entry.slices().empty()) {
      TFP_RETURN_IF_ERROR(AddSliced(it.key(), entry, merge));
      continue;
    }
    if (merge->entries.find(it.key()) != merge->entries.end()) {
      const absl::string_view shown = Shown(it.key());
      return absl::InvalidArgumentError(
          shown.size() < it.key().size()
              ? absl::StrCat("Duplicate tensor keyed by ", shown)
              : absl::StrCat("Duplicate tensor keyed by ", shown, " encountered, when merging prefix: ", prefix));
    }
    const std::string data = DataFilename(prefix, entry.shard_id(), header.num_shards());
    auto [shard, is_new] = merge->shard_of.try_emplace(data, static_cast<int>(merge->data_files.size()));
    if (is_new) merge->data_files.push_back(data);
    entry.set_shard_id(shard->second);
    merge->entries.emplace(std::string(it.key()), std::move(entry));
  }
  return it.status();
}

}  // namespace

absl::Status MergeBundles(absl::Span<const std::string> prefixes, const std::string& merged_prefix,
                          const MergeOptions& options) {
  FileSystem* const fs = options.file_system;
  Merge merge;
  for (const std::string& prefix : prefixes) TFP_RETURN_IF_ERROR(AddBundle(prefix, options, &merge));
  if (!merge.seen_first) return absl::InvalidArgumentError(absl::StrCat("Nothing to merge into ", merged_prefix));

  if (const std::string dir(Dirname(merged_prefix)); !dir.empty() && !FileExists(fs, dir)) {
    if (absl::Status made = fs->CreateDirectory(dir); !made.ok() && !absl::IsAlreadyExists(made)) return made;
  }
  // TensorFlow adds up what the sources' headers say, which counts shards that hold nothing and then are not found.
  const int num_shards = std::max(1, static_cast<int>(merge.data_files.size()));
  merge.header.set_num_shards(num_shards);
  RenameTransaction renames(fs, options.write);
  for (int i = 0; i < static_cast<int>(merge.data_files.size()); ++i) {
    renames.Add(merge.data_files[i], DataFilename(merged_prefix, i, num_shards));
  }
  const std::string index_temp = absl::StrCat(MetaFilename(merged_prefix), UniqueTempSuffix(".tempstate"));
  absl::Status written = WriteIndexFile(fs, index_temp, merge.header, merge.entries, options.write);
  if (written.ok()) {
    renames.Add(index_temp, MetaFilename(merged_prefix));
    written = renames.Commit();
  }
  if (!written.ok()) {
    fs->Delete(index_temp).IgnoreError();
    return written;
  }
  // The merged checkpoint is complete; what is left of the sources can only be in the way.
  for (const std::string& prefix : prefixes) {
    if (prefix != merged_prefix) fs->Delete(MetaFilename(prefix)).IgnoreError();
  }
  if (options.delete_old_dirs) {
    const std::string destination(Dirname(merged_prefix));
    for (const std::string& prefix : prefixes) {
      const std::string dir(Dirname(prefix));
      if (!dir.empty() && dir != destination) fs->DeleteDirectory(dir).IgnoreError();  // stays if it is not empty
    }
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
