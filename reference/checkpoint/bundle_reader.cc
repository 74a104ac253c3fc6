#include "reference/checkpoint/bundle_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "reference/base/saturating.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/checkpoint/recovery.h"
#include "reference/checkpoint/slice_copy.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/checkpoint/version_check.h"
#include "reference/proto/tensor_bundle.pb.h"

namespace tfpersist {
namespace {

using tensorflow::BundleEntryProto;

// Values up to kSmallValue bytes, with at most kGap between them, are read up to kTogether at a time.
constexpr int64_t kSmallValue = 64 << 10, kGap = 4 << 10, kTogether = 256 << 10;
// Entries that are stepped over before a look-up is the shorter way: slots of optimizers that nobody asked for.
constexpr int kNear = 8;

// A part of a file that is in memory, in the file's own numbers.
class FileWindow : public RandomAccessFile {
 public:
  FileWindow(const RandomAccessFile& file, uint64_t offset, absl::string_view bytes)
      : size_(file.size()), offset_(offset), bytes_(bytes) {}
  absl::Status Read(uint64_t offset, size_t size, void* buffer) const override {
    if (offset < offset_ || offset - offset_ > bytes_.size() || size > bytes_.size() - (offset - offset_)) {
      return absl::OutOfRangeError("Read less bytes than requested");
    }
    std::memcpy(buffer, bytes_.data() + (offset - offset_), size);
    return absl::OkStatus();
  }
  uint64_t size() const override { return size_; }

 private:
  const uint64_t size_, offset_;
  const absl::string_view bytes_;
};

absl::Status CorruptIndex(const std::string& file, absl::string_view what, const absl::Status& cause) {
  return absl::DataLossError(
      absl::StrCat("Unable to read file (", file,
                   "). Perhaps the file is corrupt or was produced by a newer version of TensorFlow "
                   "with format changes (",
                   what, "): ", cause.message()));
}

absl::StatusOr<TensorShape> EntryShape(absl::string_view key, const BundleEntryProto& entry) {
  absl::StatusOr<TensorShape> shape = TensorShape::FromProto(entry.shape());
  if (!shape.ok()) {
    return absl::DataLossError(absl::StrCat("Invaid tensor shape: ", key, " ", entry.shape().ShortDebugString()));
  }
  return shape;
}

absl::StatusOr<BundleReader::Entry> EntryOf(absl::string_view key, const BundleEntryProto& proto, bool swap) {
  BundleReader::Entry entry;
  TFP_ASSIGN_OR_RETURN(entry.shape, EntryShape(key, proto));
  entry.dtype = static_cast<DataType>(static_cast<int>(proto.dtype()));
  entry.shard = proto.shard_id();
  entry.at = {proto.offset(), proto.size(), proto.crc32c(), swap};
  entry.sliced = !proto.slices().empty();
  return entry;
}

absl::StatusOr<std::vector<TensorSlice>> EntrySlices(absl::string_view key, const BundleEntryProto& entry,
                                                     const TensorShape& shape, const Limits& limits) {
  if (entry.slices_size() > limits.max_slices) {
    return absl::ResourceExhaustedError(absl::StrCat("Tensor ", key, " is stored in ", entry.slices_size(),
                                                     " slices; at most ", limits.max_slices, " (Limits::max_slices)"));
  }
  std::vector<TensorSlice> slices;
  for (const auto& proto : entry.slices()) {
    absl::StatusOr<TensorSlice> slice = TensorSlice::FromProto(proto);
    if (!slice.ok() || !slice->SliceShape(shape).ok()) {
      return absl::DataLossError(absl::StrCat("Tensor ", key, " of shape ", shape.DebugString(),
                                              " has a slice that does not fit it: ", proto.ShortDebugString()));
    }
    slices.push_back(*std::move(slice));
  }
  return slices;
}

// Slices of one tensor must not overlap; all of them are compared, as TensorFlow's TensorSliceSet does when it is
// filled.
absl::Status CheckDisjoint(const std::vector<TensorSlice>& slices, const TensorShape& shape) {
  std::vector<size_t> order(slices.size());
  std::vector<TensorSlice> boxes;
  for (size_t i = 0; i < slices.size(); ++i) {
    order[i] = i;
    boxes.push_back(slices[i].Resolved(shape));
  }
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (boxes[i].Intersect(boxes[j], nullptr) && shape.num_elements() > 0) {
        return absl::InternalError(absl::StrCat("Overlapping slices: existing slice = ", slices[j].DebugString(),
                                                ", new slice = ", slices[i].DebugString()));
      }
    }
  }
  return absl::OkStatus();
}

// Parses entry after entry into memory that is used again; cleared on the heap, a message frees what it holds.
class EntryParser {
 public:
  // Null if it can't be parsed. Valid until the next call.
  const BundleEntryProto* Parse(absl::string_view bytes) {
    if (++parsed_ % 64 == 0) arena_.Reset();
    auto* entry = google::protobuf::Arena::CreateMessage<BundleEntryProto>(&arena_);
    return entry->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? entry : nullptr;
  }

 private:
  static google::protobuf::ArenaOptions Options(char* block, size_t size) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = size;
    return options;
  }

  alignas(8) char block_[32 << 10];
  google::protobuf::Arena arena_{Options(block_, sizeof block_)};
  int parsed_ = 0;
};

}  // namespace

BundleReader::BundleReader(std::string prefix, ReadOptions options)
    : prefix_(std::move(prefix)), options_(std::move(options)) {}
BundleReader::~BundleReader() = default;

absl::StatusOr<std::unique_ptr<BundleReader>> BundleReader::Open(const std::string& prefix, ReadOptions options) {
  std::unique_ptr<BundleReader> reader(new BundleReader(prefix, std::move(options)));
  const std::string index = MetaFilename(prefix);
  // Where the folder can't be written, the checkpoint is read as it stands.
  const absl::Status recovered = RecoverInterruptedSave(prefix, reader->options_.file_system, reader->options_.limits);
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = reader->options_.file_system->OpenForRead(index);
  if (!file.ok() && !recovered.ok()) return recovered;
  if (!file.ok()) {
    const std::string hint = MemberFileHint(prefix);
    return hint.empty() ? file.status() : WithHint(file.status(), hint);
  }
  absl::StatusOr<std::unique_ptr<TableReader>> table = TableReader::Open(*std::move(file), reader->options_.limits);
  if (!table.ok()) {
    return WithHint(table.status(),
                    absl::StrCat("the file is ", index, "; take an older checkpoint, or rebuild the index"));
  }
  reader->table_ = *std::move(table);
  TFP_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

absl::Status BundleReader::ReadHeader() {
  const std::string index = MetaFilename(prefix_);
  TableReader::Iterator it(table_.get());
  it.SeekToFirst();
  if (!it.status().ok()) return CorruptIndex(index, "failed to seek to header entry", it.status());
  tensorflow::BundleHeaderProto header;
  if (it.Valid() && !header.ParseFromArray(it.value().data(), static_cast<int>(it.value().size()))) {
    return CorruptIndex(index, "unable to parse header",
                        absl::DataLossError(absl::StrCat("Entry for key ", it.key(), " not parseable.")));
  }
  // TensorFlow takes whatever comes first for the header, if only it can be parsed as one (D14).
  if (!it.Valid() || !it.key().empty()) {
    return CorruptIndex(index, "failed to seek to header entry", absl::DataLossError("the index has no header entry"));
  }
  if (header.num_shards() < 0 || header.num_shards() > options_.limits.max_shards) {
    return absl::DataLossError(absl::StrCat("The header of ", index, " says ", header.num_shards(), " shards"));
  }
  num_shards_ = header.num_shards();
  swap_ = header.endianness() == tensorflow::BundleHeaderProto::BIG;  // this library runs on little-endian machines
  return CheckVersions(header.version(), kBundleVersion, kBundleMinProducer, "Checkpoint", "checkpoint");
}

absl::Status BundleReader::Seek(absl::string_view key, TableReader::Iterator* it) const {
  it->Seek(key);
  if (!it->status().ok()) return WithHint(it->status(), absl::StrCat("the file is ", MetaFilename(prefix_)));
  if (it->Valid() && it->key() == key) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("Key ", key, " not found in checkpoint"));
}

absl::Status BundleReader::NotParseable(absl::string_view key) const {
  return WithHint(absl::DataLossError(absl::StrCat("Entry for key ", key, " not parseable.")),
                  absl::StrCat("the file is ", MetaFilename(prefix_)));
}

absl::Status BundleReader::FindEntry(absl::string_view key, BundleEntryProto* entry) const {
  TableReader::Iterator it(table_.get());
  TFP_RETURN_IF_ERROR(Seek(key, &it));
  const bool parsed = entry->ParseFromArray(it.value().data(), static_cast<int>(it.value().size()));
  return parsed ? absl::OkStatus() : NotParseable(key);
}

absl::StatusOr<BundleReader::Entry> BundleReader::FindOne(absl::string_view key) const {
  return std::move(FindAll(absl::MakeConstSpan(&key, 1)).front());
}

absl::StatusOr<std::shared_ptr<const RandomAccessFile>> BundleReader::Shard(int32_t shard) const {
  MutexLock lock(&mu_);
  std::shared_ptr<const RandomAccessFile>& file = shards_[shard];
  if (file == nullptr) {
    absl::StatusOr<std::unique_ptr<RandomAccessFile>> opened =
        options_.file_system->OpenForRead(DataFilename(prefix_, shard, num_shards_));
    if (!opened.ok()) {
      shards_.erase(shard);
      return opened.status();
    }
    file = *std::move(opened);
  }
  return file;
}

absl::StatusOr<Tensor> BundleReader::ReadWhole(absl::string_view key, const Entry& entry,
                                               const RandomAccessFile& file) const {
  absl::StatusOr<Tensor> value = ReadValueAt(file, key, entry.dtype, entry.shape, entry.at, options_.allocator,
                                             options_.limits, options_.map_files);
  if (!value.ok()) return ErrorAt(value.status(), key, entry);
  return value;
}

absl::StatusOr<Tensor> BundleReader::ReadValue(absl::string_view key, const BundleEntryProto& proto) const {
  // A shape that can't be is known before the shard is opened.
  TFP_ASSIGN_OR_RETURN(const Entry entry, EntryOf(key, proto, swap_));
  TFP_ASSIGN_OR_RETURN(std::shared_ptr<const RandomAccessFile> file, Shard(entry.shard));
  return ReadWhole(key, entry, *file);
}

absl::StatusOr<Tensor> BundleReader::ReadEntry(absl::string_view key, const Entry& entry) const {
  if (entry.sliced) return LookupSlice(key, TensorSlice(entry.shape.rank()));
  TFP_ASSIGN_OR_RETURN(std::shared_ptr<const RandomAccessFile> file, Shard(entry.shard));
  return ReadWhole(key, entry, *file);
}

bool BundleReader::IsSmall(const Entry& entry) const {
  return !entry.sliced && entry.at.offset >= 0 && entry.at.size > 0 && entry.at.size <= kSmallValue &&
         DataTypeSize(entry.dtype) > 0;
}

std::vector<absl::StatusOr<BundleReader::Entry>> BundleReader::FindAll(absl::Span<const absl::string_view> keys) const {
  std::vector<absl::StatusOr<Entry>> found;
  found.reserve(keys.size());
  TableReader::Iterator it(table_.get());
  EntryParser parser;
  for (absl::string_view key : keys) {
    // The next one is near where the names are most of the checkpoint's.
    for (int step = 0; step < kNear && it.Valid() && it.key() < key; ++step) it.Next();
    if (!it.Valid() || it.key() != key) {
      if (absl::Status missing = Seek(key, &it); !missing.ok()) {
        found.push_back(std::move(missing));
        continue;
      }
    }
    Entry& entry = found.emplace_back(Entry()).value();
    entry.at.swap = swap_;
    if (ParsePlainEntry(it.value(), &entry)) continue;
    const BundleEntryProto* const proto = parser.Parse(it.value());
    found.back() = proto != nullptr ? EntryOf(key, *proto, swap_) : NotParseable(key);
  }
  return found;
}

std::vector<absl::StatusOr<Tensor>> BundleReader::ReadAll(absl::Span<const absl::string_view> keys,
                                                          absl::Span<const Entry> entries, ThreadPool& threads,
                                                          const std::function<bool()>& cancelled) const {
  struct Task {
    size_t begin, end;  // entries; more than one lie in [from, to) of one shard
    int64_t from, to;
  };
  std::vector<Task> tasks;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& e = entries[i];
    if (!IsSmall(e) || e.at.offset > std::numeric_limits<int64_t>::max() - kTogether) {
      tasks.push_back({i, i + 1, 0, 0});
      continue;
    }
    Task* last = tasks.empty() ? nullptr : &tasks.back();
    if (last != nullptr && last->to > 0 && entries[last->begin].shard == e.shard && e.at.offset >= last->to &&
        e.at.offset - last->to <= kGap && e.at.offset + e.at.size - last->from <= kTogether) {
      last->end = i + 1;
      last->to = e.at.offset + e.at.size;
    } else {
      tasks.push_back({i, i + 1, e.at.offset, e.at.offset + e.at.size});
    }
  }
  std::vector<absl::StatusOr<Tensor>> values(entries.size(), absl::CancelledError("Nobody waits for it."));
  threads.ParallelFor(static_cast<int64_t>(tasks.size()), 1, [&](int64_t begin, int64_t end) {
    std::unique_ptr<char[]> buffer;
    for (int64_t t = begin; t < end && (!cancelled || !cancelled()); ++t) {
      const Task& task = tasks[t];
      // What can't be read together is read one by one, and fails where it fails.
      std::optional<FileWindow> window;
      if (task.end - task.begin > 1) {
        absl::StatusOr<std::shared_ptr<const RandomAccessFile>> file = Shard(entries[task.begin].shard);
        if (buffer == nullptr) buffer = std::make_unique_for_overwrite<char[]>(kTogether);
        if (file.ok() && (*file)->Read(task.from, task.to - task.from, buffer.get()).ok()) {
          window.emplace(**file, task.from, absl::string_view(buffer.get(), task.to - task.from));
        }
      }
      for (size_t i = task.begin; i < task.end; ++i) {
        values[i] = window.has_value() ? ReadWhole(keys[i], entries[i], *window) : ReadEntry(keys[i], entries[i]);
      }
    }
  });
  return values;
}

absl::StatusOr<Tensor> BundleReader::Lookup(absl::string_view key) const {
  TFP_ASSIGN_OR_RETURN(const Entry entry, FindOne(key));
  return ReadEntry(key, entry);
}

absl::Status BundleReader::ErrorAt(const absl::Status& error, absl::string_view key, const Entry& entry) const {
  return WithHint(error, absl::StrCat("reading key ", key, " from ", DataFilename(prefix_, entry.shard, num_shards_),
                                      " at byte ", entry.at.offset, "; the other tensors may be intact"));
}

absl::StatusOr<Tensor> BundleReader::LookupSlice(absl::string_view key, const TensorSlice& slice) const {
  BundleEntryProto entry;
  TFP_RETURN_IF_ERROR(FindEntry(key, &entry));
  return ReadSlices(key, entry, slice);
}

absl::StatusOr<Tensor> BundleReader::ReadSlices(absl::string_view key, const BundleEntryProto& entry,
                                                const TensorSlice& wanted) const {
  TFP_ASSIGN_OR_RETURN(TensorShape shape, EntryShape(key, entry));
  TFP_ASSIGN_OR_RETURN(TensorShape wanted_shape, wanted.SliceShape(shape));
  const DataType dtype = static_cast<DataType>(entry.dtype());
  if (entry.slices().empty()) {
    TFP_ASSIGN_OR_RETURN(Tensor whole, ReadValue(key, entry));
    if (wanted_shape == shape) return whole;
    TFP_ASSIGN_OR_RETURN(Tensor part, Tensor::Allocate(dtype, wanted_shape, options_.allocator));
    CopySlice(shape, TensorSlice(shape.rank()), whole, wanted, &part);
    return part;
  }
  TFP_ASSIGN_OR_RETURN(std::vector<TensorSlice> slices, EntrySlices(key, entry, shape, options_.limits));
  auto read = [&](const TensorSlice& slice) -> absl::StatusOr<Tensor> {
    BundleEntryProto part;
    TFP_RETURN_IF_ERROR(FindEntry(EncodeSliceKey(key, slice), &part));
    TFP_ASSIGN_OR_RETURN(TensorShape part_shape, EntryShape(key, part));
    TFP_ASSIGN_OR_RETURN(TensorShape slice_shape, slice.SliceShape(shape));
    if (part.dtype() != entry.dtype() || part_shape != slice_shape || !part.slices().empty()) {
      return absl::DataLossError(absl::StrCat("Slice ", slice.DebugString(), " of tensor ", key,
                                              " is stored as something else: ", part.ShortDebugString()));
    }
    return ReadValue(key, part);
  };
  // A slice that is stored as such is read as such, whatever the others look like.
  const TensorSlice target = wanted.Resolved(shape);
  for (const TensorSlice& slice : slices) {
    if (slice.Resolved(shape) == target) return read(slice);
  }
  TFP_RETURN_IF_ERROR(CheckDisjoint(slices, shape));
  // Which stored slices the wanted one meets; together they must cover it.
  std::vector<const TensorSlice*> met;
  int64_t covered = 0;
  for (const TensorSlice& slice : slices) {
    TensorSlice common;
    if (!slice.Resolved(shape).Intersect(target, &common)) continue;
    met.push_back(&slice);
    int64_t elements = 1;
    for (int d = 0; d < common.rank(); ++d) elements *= common.extent(d).length;
    covered += elements;
  }
  if (covered != wanted_shape.num_elements()) {
    return absl::InvalidArgumentError(absl::StrCat("Does not have sufficient slices for partitioned tensor ", key,
                                                   " to restore in slice_spec: ", wanted.DebugString()));
  }
  // Nothing is taken for the whole before its parts are known to be there.
  std::vector<Tensor> parts;
  for (const TensorSlice* slice : met) {
    TFP_ASSIGN_OR_RETURN(Tensor part, read(*slice));
    parts.push_back(std::move(part));
  }
  TFP_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(dtype, wanted_shape, options_.allocator));
  for (size_t i = 0; i < met.size(); ++i) CopySlice(shape, *met[i], parts[i], wanted, &result);
  return result;
}

absl::Status BundleReader::LookupDtypeAndShape(absl::string_view key, DataType* dtype, TensorShape* shape) const {
  TFP_ASSIGN_OR_RETURN(Entry entry, FindOne(key));
  *dtype = entry.dtype;
  *shape = std::move(entry.shape);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TensorSlice>> BundleReader::Slices(absl::string_view key) const {
  BundleEntryProto entry;
  TFP_RETURN_IF_ERROR(FindEntry(key, &entry));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, EntryShape(key, entry));
  return EntrySlices(key, entry, shape, options_.limits);
}

absl::StatusOr<bool> BundleReader::Contains(absl::string_view key) const {
  absl::StatusOr<std::string> value = table_->Get(key);
  if (value.ok()) return true;
  if (absl::IsNotFound(value.status())) return false;
  return value.status();
}

absl::StatusOr<std::vector<VariableInfo>> BundleReader::ListVariables() const {
  std::vector<VariableInfo> variables;
  variables.reserve(table_->file_size() / 32);              // an entry takes about that much
  std::map<std::string, int64_t, std::less<>> slice_bytes;  // by tensor
  TableReader::Iterator it(table_.get());
  EntryParser parser;
  for (it.SeekToFirst(); it.Valid(); it.Next()) {
    if (it.key().empty()) continue;  // the header
    BundleEntry entry;
    int num_slices = 0;
    const bool is_plain = ParsePlainEntry(it.value(), &entry);
    const BundleEntryProto* const proto = is_plain ? nullptr : parser.Parse(it.value());
    if (!is_plain && proto == nullptr) {
      return absl::DataLossError(absl::StrCat("Entry for key ", it.key(), " not parseable."));
    }
    std::string name;
    TensorSlice slice;
    if (it.key()[0] == '\0' && DecodeSliceKey(it.key(), &name, &slice)) {
      int64_t& bytes = slice_bytes[name];
      bytes = SaturatingAdd(bytes, is_plain ? entry.at.size : proto->size());
      continue;
    }
    if (!is_plain) {
      TFP_ASSIGN_OR_RETURN(entry, EntryOf(it.key(), *proto, swap_));
      num_slices = proto->slices_size();
    }
    variables.push_back(
        {std::string(it.key()), entry.dtype, std::move(entry.shape), num_slices, entry.shard, entry.at.size});
    if (static_cast<int64_t>(variables.size()) > options_.limits.max_table_entries) {
      return absl::ResourceExhaustedError("The checkpoint has more variables than Limits::max_table_entries allows");
    }
  }
  if (!it.status().ok()) return WithHint(it.status(), absl::StrCat("the file is ", MetaFilename(prefix_)));
  if (!slice_bytes.empty()) {
    for (VariableInfo& info : variables) {
      if (info.num_slices == 0) continue;
      auto found = slice_bytes.find(info.name);
      if (found != slice_bytes.end()) info.bytes = found->second;
    }
  }
  return variables;
}

absl::StatusOr<std::vector<std::string>> BundleReader::ListReadableNames() const {
  std::vector<std::string> names;
  TableReader::Iterator it(table_.get());
  for (it.SeekToFirst(); it.Valid(); it.Next()) {
    if (!it.key().empty() && it.key()[0] != '\0') names.emplace_back(it.key());
    if (static_cast<int64_t>(names.size()) > options_.limits.max_table_entries) {
      return absl::ResourceExhaustedError("The checkpoint has more variables than Limits::max_table_entries allows");
    }
  }
  return names;
}

absl::StatusOr<std::string> BundleReader::DebugString() const {
  std::string out;
  TableReader::Iterator it(table_.get());
  for (it.SeekToFirst(); it.Valid(); it.Next()) {
    if (it.key().empty()) continue;
    BundleEntryProto entry;
    if (!entry.ParseFromArray(it.value().data(), static_cast<int>(it.value().size()))) {
      return absl::DataLossError(absl::StrCat("Entry for key ", it.key(), " not parseable."));
    }
    if (entry.slices_size() > 0) continue;  // its slices are listed
    TFP_ASSIGN_OR_RETURN(TensorShape shape, EntryShape(it.key(), entry));
    absl::StrAppend(&out, it.key(), " (", DataTypeEnumName(static_cast<DataType>(static_cast<int>(entry.dtype()))),
                    ") ", shape.DebugString(), "\n");
  }
  if (!it.status().ok()) return it.status();
  return out;
}

}  // namespace tfpersist
