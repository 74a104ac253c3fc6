#include "reference/checkpoint/rebuild.h"

#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "reference/base/coding.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

using NodeMap = std::map<std::string, const tensorflow::NodeDef*, std::less<>>;

absl::string_view NodeOf(absl::string_view input) { return input.substr(0, input.rfind(':')); }

// 0: there are none.
int32_t CountShards(FileSystem* fs, const std::string& prefix) {
  const absl::StatusOr<std::vector<std::string>> names = fs->List(std::string(Dirname(prefix)));
  if (!names.ok()) return 0;
  const std::string begin = absl::StrCat(Basename(prefix), ".data-");
  for (absl::string_view name : *names) {
    const size_t of = name.rfind("-of-");
    int32_t count = 0;
    if (of != name.npos && absl::StartsWith(name, begin) && absl::SimpleAtoi(name.substr(of + 4), &count) &&
        count > 0) {
      return count;
    }
  }
  return 0;
}

absl::StatusOr<std::vector<std::string>> ConstantStrings(const NodeMap& nodes, absl::string_view input,
                                                         const Limits& limits) {
  const auto node = nodes.find(NodeOf(input));
  if (node == nodes.end() || node->second->op() != "Const" || node->second->attr().count("value") == 0) {
    return absl::FailedPreconditionError(absl::StrCat("the saver's input ", input, " is no constant"));
  }
  TFP_ASSIGN_OR_RETURN(const Tensor value, TensorFromProto(node->second->attr().at("value").tensor(), limits));
  if (value.dtype() != DT_STRING) {
    return absl::FailedPreconditionError(absl::StrCat("the saver's input ", input, " holds no strings"));
  }
  return std::vector<std::string>(value.flat<std::string>().begin(), value.flat<std::string>().end());
}

// The static shape of the variable behind a saved tensor.
std::optional<TensorShape> VariableShape(const NodeMap& nodes, absl::string_view input) {
  for (size_t steps = 0; steps < nodes.size(); ++steps) {
    const auto found = nodes.find(NodeOf(input));
    if (found == nodes.end()) return std::nullopt;
    const tensorflow::NodeDef& node = *found->second;
    if ((node.op() == "Identity" || node.op() == "ReadVariableOp") && node.input_size() > 0) {
      input = node.input(0);
      continue;
    }
    const auto shape = node.attr().find("shape");
    if (shape == node.attr().end() || !absl::StrContains(node.op(), "Var")) return std::nullopt;
    const auto partial = PartialTensorShape::FromProto(shape->second.shape());
    if (!partial.ok() || !partial->IsFullyDefined()) return std::nullopt;
    const auto full = partial->AsTensorShape();
    return full.ok() ? std::optional<TensorShape>(*full) : std::nullopt;
  }
  return std::nullopt;
}

// What one SaveV2 writes, in order; shapes that are not known are missing.
struct Planned {
  RebuiltEntry entry;
  bool has_shape = true;
};

absl::StatusOr<std::vector<Planned>> PlanOf(const NodeMap& nodes, const tensorflow::NodeDef& save, int32_t shard,
                                            const Limits& limits) {
  if (save.input_size() < 3 || save.attr().count("dtypes") == 0) {
    return absl::FailedPreconditionError(absl::StrCat(save.name(), " is no SaveV2"));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> names, ConstantStrings(nodes, save.input(1), limits));
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> specs, ConstantStrings(nodes, save.input(2), limits));
  const auto& types = save.attr().at("dtypes").list().type();
  if (names.size() != specs.size() || types.size() != static_cast<int>(names.size()) ||
      save.input_size() < static_cast<int>(names.size()) + 3) {
    return absl::FailedPreconditionError(absl::StrCat(save.name(), " has not as many names as tensors"));
  }
  std::vector<Planned> planned;
  for (size_t i = 0; i < names.size(); ++i) {
    Planned& p = planned.emplace_back();
    p.entry.name = names[i];
    p.entry.dtype = static_cast<DataType>(types[static_cast<int>(i)]);
    p.entry.shard = shard;
    if (!specs[i].empty()) {
      TFP_ASSIGN_OR_RETURN(ShapeAndSlice spec, ParseShapeAndSlice(specs[i]));
      p.entry.full_shape = spec.shape;
      p.entry.slice = spec.slice;
      p.entry.shape = spec.slice_shape;
    } else if (const auto shape = VariableShape(nodes, save.input(static_cast<int>(i) + 3)); shape.has_value()) {
      p.entry.full_shape = p.entry.shape = *shape;
      p.entry.slice = TensorSlice(shape->rank());
    } else {
      p.has_shape = false;
    }
  }
  return planned;
}

// Bytes of a dtype of fixed width; nothing for the others, and for what no file can hold.
std::optional<int64_t> FixedSize(const Planned& p) {
  const int64_t width = DataTypeSize(p.entry.dtype), n = p.entry.shape.num_elements();
  if (!p.has_shape || width <= 0 || n > INT64_MAX / width) return std::nullopt;
  return n * width;
}

absl::StatusOr<Tensor> ReadAt(const RandomAccessFile& file, const RebuiltEntry& entry, const ReadOptions& options) {
  const int64_t n = entry.shape.num_elements();
  ValueLocation at;
  at.offset = entry.offset;
  at.size = DataTypeSize(entry.dtype) > 0 ? n * static_cast<int64_t>(DataTypeSize(entry.dtype)) : n;
  at.has_crc = false;
  return ReadValueAt(file, entry.name, entry.dtype, entry.shape, at, options.allocator, options.limits);
}

// How many bytes a string tensor takes that was read.
int64_t StringSize(const Tensor& strings) {
  int64_t size = sizeof(uint32_t);
  for (const std::string& s : strings.flat<std::string>()) size += VarintLength(s.size()) + s.size();
  return size;
}

void PlaceShard(const RandomAccessFile& file, std::vector<Planned> planned, const ReadOptions& options,
                RebuiltIndex* index) {
  const int64_t file_size = static_cast<int64_t>(file.size());
  int64_t at = 0;
  size_t front = 0;
  std::string stopped;
  for (; front < planned.size(); ++front) {
    Planned& p = planned[front];
    p.entry.offset = at;
    if (const std::optional<int64_t> size = FixedSize(p); size.has_value()) {
      if (*size > file_size - at) {
        stopped = absl::StrCat("the file ends before it does, at byte ", file_size);
        break;
      }
      at += *size;
    } else if (p.has_shape && p.entry.dtype == DT_STRING) {
      const absl::StatusOr<Tensor> value = ReadAt(file, p.entry, options);
      if (!value.ok()) {
        stopped = std::string(value.status().message());
        break;
      }
      at += StringSize(*value);
    } else {
      stopped = p.has_shape ? "its stored form can't be told without the index" : "the meta graph has no shape for it";
      break;
    }
  }
  size_t back = planned.size();
  if (front == planned.size()) {
    const std::string sure = at == file_size ? "placed by order and size, which account for every byte of the file"
                                             : absl::StrCat("doubtful: the tensors of the meta graph take ", at,
                                                            " bytes, and the file has ", file_size);
    for (Planned& p : planned) p.entry.sureness = sure;
  } else {
    int64_t end = file_size;
    for (; back > front + 1; --back) {
      const std::optional<int64_t> size = FixedSize(planned[back - 1]);
      if (!size.has_value() || *size > end - at) break;
      end -= *size;
      planned[back - 1].entry.offset = end;
      planned[back - 1].entry.sureness = "placed by size from the file's end";
    }
    for (size_t i = 0; i < front; ++i) planned[i].entry.sureness = "placed by size from the file's beginning";
    for (size_t i = front; i < back; ++i) {
      index->lost.emplace_back(planned[i].entry.name,
                               i == front ? stopped
                                          : absl::StrCat("its place is not known: it follows ",
                                                         planned[front].entry.name, ", which can't be placed"));
    }
  }
  for (size_t i = 0; i < planned.size(); ++i) {
    if (i < front || i >= back) index->entries.push_back(std::move(planned[i].entry));
  }
}

}  // namespace

absl::StatusOr<RebuiltIndex> RebuildIndex(const std::string& prefix, const ReadOptions& options) {
  FileSystem* const fs = options.file_system;
  const std::string meta_file = absl::StrCat(prefix, ".meta");
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(fs, meta_file, options.limits.max_proto_bytes));
  tensorflow::MetaGraphDef meta;
  if (!meta.ParseFromString(bytes)) return absl::DataLossError(absl::StrCat(meta_file, " is no MetaGraphDef"));
  NodeMap nodes;
  for (const tensorflow::NodeDef& node : meta.graph_def().node()) nodes.emplace(node.name(), &node);
  // Beside its save tensor stand the saver's SaveV2 nodes, one per shard: "save/SaveV2", "save/SaveV2_1", ….
  const std::string& save_tensor = meta.saver_def().save_tensor_name();
  const absl::string_view scope = absl::string_view(save_tensor).substr(0, save_tensor.rfind('/') + 1);
  RebuiltIndex index;
  index.num_shards = CountShards(fs, prefix);
  if (index.num_shards == 0) return absl::NotFoundError(absl::StrCat("There is no file ", prefix, ".data-…"));
  if (index.num_shards > options.limits.max_shards) {
    return absl::DataLossError(absl::StrCat("The data files of ", prefix, " say that they are ", index.num_shards));
  }
  for (int32_t shard = 0; shard < index.num_shards; ++shard) {
    const std::string name = absl::StrCat(scope, "SaveV2", shard == 0 ? "" : absl::StrCat("_", shard));
    const auto save = nodes.find(name);
    if (save == nodes.end() || save->second->op() != "SaveV2") {
      return absl::FailedPreconditionError(absl::StrCat(meta_file, " has no SaveV2 ", name, " that wrote ",
                                                        DataFilename(prefix, shard, index.num_shards)));
    }
    TFP_ASSIGN_OR_RETURN(std::vector<Planned> planned, PlanOf(nodes, *save->second, shard, options.limits));
    const std::string data_file = DataFilename(prefix, shard, index.num_shards);
    const auto file = fs->OpenForRead(data_file);
    if (!file.ok()) {
      for (const Planned& p : planned) index.lost.emplace_back(p.entry.name, std::string(file.status().message()));
      continue;
    }
    PlaceShard(**file, std::move(planned), options, &index);
  }
  return index;
}

absl::StatusOr<Tensor> ReadRebuilt(const std::string& prefix, const RebuiltIndex& index, const RebuiltEntry& entry,
                                   const ReadOptions& options) {
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file,
                       options.file_system->OpenForRead(DataFilename(prefix, entry.shard, index.num_shards)));
  return ReadAt(*file, entry, options);
}

}  // namespace tfpersist
