#include "reference/checkpoint/verify.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "reference/base/saturating.h"
#include "reference/base/status.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/checkpoint/recovery.h"
#include "reference/checkpoint/v1_reader.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/checkpoint/version_check.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/table/table_reader.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

using tensorflow::BundleEntryProto;

class SilentLogger : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

// A key as people may read it: a slice key shows its tensor and slice.
std::string Shown(absl::string_view key) {
  std::string name;
  TensorSlice slice;
  if (!key.empty() && key[0] == '\0' && DecodeSliceKey(key, &name, &slice)) {
    return absl::StrCat(name, " (slice ", slice.DebugString(), ")");
  }
  return std::string(key);
}

class Verifier {
 public:
  Verifier(const std::string& prefix, const VerifyOptions& options)
      : prefix_(prefix), options_(options), fs_(options.read.file_system) {}

  VerifyReport Run() {
    if (const absl::Status recovered = RecoverInterruptedSave(prefix_, fs_, options_.read.limits); !recovered.ok()) {
      Add(VerifyFinding::kWarning, MetaFilename(prefix_), -1, "", HintOf(recovered));
    }
    const std::string index = MetaFilename(prefix_);
    if (!FileExists(fs_, index)) {
      VerifyV1();
      return Take();
    }
    if (ReadIndex(index)) {
      CheckSlices();
      for (int shard = 0; shard < num_shards_; ++shard) CheckShard(shard);
    }
    CheckState();
    CheckMetaGraph();
    return Take();
  }

 private:
  struct Entry {
    std::string key;
    DataType dtype;
    TensorShape shape;
    ValueLocation at;
  };

  void Add(VerifyFinding::Severity severity, std::string file, int64_t offset, absl::string_view key,
           std::string text) {
    report_.findings.push_back({severity, std::move(file), offset, Shown(key), std::move(text)});
  }
  void Error(const std::string& file, int64_t offset, absl::string_view key, std::string text) {
    Add(VerifyFinding::kError, file, offset, key, std::move(text));
  }

  VerifyReport Take() {
    std::stable_sort(report_.findings.begin(), report_.findings.end(), [](const auto& a, const auto& b) {
      return std::tie(a.file, a.offset) < std::tie(b.file, b.offset);
    });
    return std::move(report_);
  }

  void VerifyV1() {
    absl::StatusOr<std::unique_ptr<V1Reader>> reader = V1Reader::Open(prefix_, options_.read);
    if (!reader.ok()) {
      const std::string hint = MemberFileHint(prefix_);
      Error(prefix_, -1, "", hint.empty() ? std::string(reader.status().message()) : hint);
      return;
    }
    for (const auto& [name, variable] : (*reader)->variables()) {
      ++report_.variables;
      const absl::StatusOr<Tensor> value = (*reader)->Lookup(name);
      if (value.ok()) {
        report_.data_bytes += static_cast<int64_t>(value->total_bytes());
        report_.intact.push_back(name);
      } else {
        Error(prefix_, -1, name, std::string(value.status().message()));
      }
    }
  }

  // False if nothing more can be said.
  bool ReadIndex(const std::string& index) {
    absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_->OpenForRead(index);
    if (!file.ok()) return Error(index, -1, "", std::string(file.status().message())), false;
    absl::StatusOr<std::unique_ptr<TableReader>> table = TableReader::Open(*std::move(file), options_.read.limits);
    if (!table.ok()) return Error(index, -1, "", std::string(table.status().message())), false;
    TableReader::Iterator it(table->get());
    it.SeekToFirst();
    tensorflow::BundleHeaderProto header;
    if (!it.Valid() || !it.key().empty() ||
        !header.ParseFromArray(it.value().data(), static_cast<int>(it.value().size())) || header.num_shards() < 1 ||
        header.num_shards() > options_.read.limits.max_shards) {
      const absl::string_view why = it.status().ok() ? "the header entry is missing or broken" : it.status().message();
      return Error(index, -1, "", std::string(why)), false;
    }
    num_shards_ = header.num_shards();
    by_shard_.resize(num_shards_);
    const bool swap = header.endianness() == tensorflow::BundleHeaderProto::BIG;
    if (absl::Status s =
            CheckVersions(header.version(), kBundleVersion, kBundleMinProducer, "Checkpoint", "checkpoint");
        !s.ok()) {
      Error(index, -1, "", std::string(s.message()));
    }
    for (it.Next(); it.Valid(); it.Next()) {
      const absl::StatusOr<std::string> looked_up = (*table)->Get(it.key());
      if (!looked_up.ok() || *looked_up != it.value()) {
        Error(index, -1, it.key(), "is there, but a look-up misses it: the keys are out of order");
        continue;
      }
      AddEntry(index, it.key(), it.value(), swap);
    }
    if (!it.status().ok()) Error(index, -1, "", std::string(it.status().message()));
    return true;
  }

  void AddEntry(const std::string& index, absl::string_view key, absl::string_view bytes, bool swap) {
    const bool is_slice = !key.empty() && key[0] == '\0';
    if (!is_slice) ++report_.variables;
    BundleEntryProto entry;
    if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Error(index, -1, key, "its entry can't be parsed");
    }
    const DataType dtype = static_cast<DataType>(static_cast<int>(entry.dtype()));
    const absl::StatusOr<TensorShape> shape = TensorShape::FromProto(entry.shape());
    if (!shape.ok()) return Error(index, -1, key, absl::StrCat("invalid shape ", entry.shape().ShortDebugString()));
    if (!entry.slices().empty()) {
      sliced_.emplace(std::string(key), std::move(entry));
      return;
    }
    if (entry.shard_id() < 0 || entry.shard_id() >= num_shards_) {
      return Error(index, -1, key, absl::StrCat("lies in shard ", entry.shard_id(), " of ", num_shards_));
    }
    by_shard_[entry.shard_id()].push_back(
        {std::string(key), dtype, *shape, {entry.offset(), entry.size(), entry.crc32c(), swap}});
    total_bytes_ = SaturatingAdd(total_bytes_, entry.size());
  }

  // Every listed slice is there, of the right kind, and together they are the tensor.
  void CheckSlices() {
    std::map<std::string, const Entry*, std::less<>> stored;
    for (const auto& entries : by_shard_) {
      for (const Entry& entry : entries) {
        if (!entry.key.empty() && entry.key[0] == '\0') stored[entry.key] = &entry;
      }
    }
    const std::string index = MetaFilename(prefix_);
    for (const auto& [name, entry] : sliced_) {
      const TensorShape shape = *TensorShape::FromProto(entry.shape());
      int64_t covered = 0;
      std::vector<TensorSlice> seen;
      for (const auto& proto : entry.slices()) {
        const absl::StatusOr<TensorSlice> slice = TensorSlice::FromProto(proto);
        const absl::StatusOr<TensorShape> part =
            slice.ok() ? slice->SliceShape(shape) : absl::StatusOr<TensorShape>(slice.status());
        if (!part.ok()) {
          Error(index, -1, name, absl::StrCat("a slice does not fit shape ", shape.DebugString()));
          continue;
        }
        covered = SaturatingAdd(covered, part->num_elements());
        for (const TensorSlice& other : seen) {
          if (shape.num_elements() > 0 && slice->Resolved(shape).Intersect(other.Resolved(shape), nullptr)) {
            Error(index, -1, name,
                  absl::StrCat("slices ", other.DebugString(), " and ", slice->DebugString(), " overlap"));
          }
        }
        if (static_cast<int>(seen.size()) < options_.read.limits.max_slices) seen.push_back(*slice);
        auto found = stored.find(EncodeSliceKey(name, *slice));
        if (found == stored.end()) {
          Error(index, -1, name, absl::StrCat("slice ", slice->DebugString(), " is listed but not stored"));
          continue;
        }
        if (found->second->shape != *part || found->second->dtype != static_cast<int>(entry.dtype())) {
          Error(index, -1, name, absl::StrCat("slice ", slice->DebugString(), " is stored as another shape or dtype"));
        }
        stored.erase(found);
      }
      if (covered < shape.num_elements()) {
        // Shards before their merge look so, and moving averages of partitioned variables in a scope (G16).
        Add(VerifyFinding::kWarning, index, -1, name,
            absl::StrCat("its slices hold ", covered, " of ", shape.num_elements(),
                         " elements; it can't be read whole"));
      }
    }
    for (const auto& [key, entry] : stored) {
      Add(VerifyFinding::kWarning, index, -1, key, "is stored, but no tensor lists it");
    }
  }

  void CheckShard(int shard) {
    std::vector<Entry>& entries = by_shard_[shard];
    const std::string name = DataFilename(prefix_, shard, num_shards_);
    const absl::StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_->OpenForRead(name);
    if (!file.ok()) {
      if (entries.empty()) {
        Add(VerifyFinding::kWarning, name, -1, "", absl::StrCat("is missing, but nothing is stored in it"));
      } else {
        Error(name, -1, "", absl::StrCat(file.status().message(), " (", entries.size(), " tensors are lost with it)"));
      }
      return;
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.at.offset, a.key) < std::tie(b.at.offset, b.key);
    });
    int64_t end = 0;  // of what was seen so far
    std::string last;
    for (const Entry& entry : entries) {
      const int64_t begin = entry.at.offset;
      if (begin > end)
        Add(VerifyFinding::kWarning, name, end, "", absl::StrCat(begin - end, " bytes belong to no tensor"));
      if (begin < end && entry.at.size > 0) Error(name, begin, entry.key, absl::StrCat("overlaps ", Shown(last)));
      const absl::Status status =
          CheckValueAt(**file, entry.key, entry.dtype, entry.shape, entry.at, options_.read.limits);
      if (status.ok()) {
        report_.intact.push_back(entry.key);
      } else {
        Error(name, begin, entry.key, std::string(status.message()));
      }
      if (entry.at.size > 0 && begin >= 0 && entry.at.size <= INT64_MAX - begin && begin + entry.at.size > end) {
        end = begin + entry.at.size;
        last = entry.key;
      }
      report_.data_bytes = SaturatingAdd(report_.data_bytes, entry.at.size);
      if (options_.progress) options_.progress(report_.data_bytes, total_bytes_);
    }
    const int64_t size = static_cast<int64_t>((*file)->size());
    if (size > end)
      Add(VerifyFinding::kWarning, name, end, "", absl::StrCat(size - end, " bytes follow the last tensor"));
  }

  void CheckState() {
    const std::string dir(Dirname(prefix_));
    const std::string state_file = JoinPath(dir, "checkpoint");
    if (!FileExists(fs_, state_file)) return;
    SilentLogger silent;
    const auto state = GetCheckpointState(dir, "", &silent, fs_);
    if (!state.ok() || !state->has_value()) {
      return Error(state_file, -1, "", state.ok() ? "can't be parsed" : std::string(state.status().message()));
    }
    for (const std::string& path : (*state)->all_model_checkpoint_paths) {
      const absl::StatusOr<bool> exists = CheckpointExists(path, fs_);
      if (exists.ok() && *exists) continue;
      Add(path == (*state)->model_checkpoint_path ? VerifyFinding::kError : VerifyFinding::kWarning, state_file, -1, "",
          absl::StrCat("names ", path, ", which is not there"));
    }
  }

  // What the graph's own saver would ask for.
  void CheckMetaGraph() {
    const std::string meta_file = MetaGraphFilename(prefix_);
    if (!FileExists(fs_, meta_file)) return;
    const absl::StatusOr<std::string> bytes = ReadWholeFile(fs_, meta_file, options_.read.limits.max_proto_bytes);
    tensorflow::MetaGraphDef meta;
    if (!bytes.ok() || !meta.ParseFromString(*bytes)) {
      return Error(meta_file, -1, "", bytes.ok() ? "is no MetaGraphDef" : std::string(bytes.status().message()));
    }
    std::string restore_op = meta.saver_def().restore_op_name();
    const size_t slash = restore_op.rfind('/');
    if (slash == restore_op.npos) return;
    const std::string names_node = absl::StrCat(restore_op.substr(0, slash), "/RestoreV2/tensor_names");
    std::set<std::string, std::less<>> keys;
    for (const auto& entries : by_shard_) {
      for (const Entry& entry : entries) keys.insert(entry.key);
    }
    for (const auto& [key, entry] : sliced_) keys.insert(key);
    for (const auto& node : meta.graph_def().node()) {
      if (node.name() != names_node || node.attr().count("value") == 0) continue;
      const absl::StatusOr<Tensor> names = TensorFromProto(node.attr().at("value").tensor(), options_.read.limits);
      if (!names.ok() || names->dtype() != DT_STRING) return;
      for (const std::string& name : names->flat<std::string>()) {
        if (keys.count(name) == 0)
          Error(meta_file, -1, name, "the graph's saver restores it, and the checkpoint lacks it");
      }
    }
  }

  const std::string prefix_;
  const VerifyOptions& options_;
  FileSystem* const fs_;
  VerifyReport report_;
  int num_shards_ = 0;
  int64_t total_bytes_ = 0;
  std::vector<std::vector<Entry>> by_shard_;
  std::map<std::string, BundleEntryProto> sliced_;
};

}  // namespace

bool VerifyReport::ok() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const VerifyFinding& f) { return f.severity == VerifyFinding::kError; });
}

VerifyReport VerifyCheckpoint(const std::string& prefix, const VerifyOptions& options) {
  return Verifier(prefix, options).Run();
}

absl::StatusOr<std::optional<std::string>> LatestIntactCheckpoint(const std::string& dir, const VerifyOptions& options,
                                                                  Logger* logger) {
  TFP_ASSIGN_OR_RETURN(const std::optional<CheckpointStateInfo> state,
                       GetCheckpointState(dir, "", logger, options.read.file_system));
  if (!state.has_value()) return std::nullopt;
  std::vector<std::string> prefixes = {state->model_checkpoint_path};
  const std::vector<std::string>& all = state->all_model_checkpoint_paths;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    if (*it != state->model_checkpoint_path) prefixes.push_back(*it);
  }
  for (const std::string& prefix : prefixes) {
    const VerifyReport report = VerifyCheckpoint(prefix, options);
    // What the state file says of others is no fault of this one.
    const auto fault = std::find_if(report.findings.begin(), report.findings.end(), [&](const VerifyFinding& f) {
      return f.severity == VerifyFinding::kError && Basename(f.file) != "checkpoint";
    });
    if (fault == report.findings.end()) return prefix;
    logger->Log(LogLevel::kWarning,
                absl::StrCat("Checkpoint ", prefix, " is passed over: ", fault->file, ": ",
                             fault->key.empty() ? "" : absl::StrCat(fault->key, ": "), fault->text));
  }
  return std::nullopt;
}

}  // namespace tfpersist
