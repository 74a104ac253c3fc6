#include "reference/checkpoint/v1_reader.h"

#include "absl/strings/str_cat.h"
#include "reference/base/saturating.h"
#include "reference/base/status.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/checkpoint/slice_copy.h"
#include "reference/checkpoint/version_check.h"
#include "reference/proto/saved_tensor_slice.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

absl::Status OpenError(const std::string& file, const absl::Status& cause) {
  absl::Status status = absl::DataLossError(absl::StrCat(
      "Unable to open table file ", file, ": ", CodeNameInMessage(cause.code()), ": ", cause.message(),
      ": perhaps your file is in a different file format and you need to use a different restore operator?"));
  const std::string hint = MemberFileHint(file);
  return hint.empty() ? status : WithHint(status, hint);
}

// How many values a typed field must hold: one an element, two for complex.
bool HasAllValues(const tensorflow::TensorProto& proto, DataType dtype, int64_t elements) {
  switch (dtype) {
    case DT_FLOAT:
      return proto.float_val_size() == elements;
    case DT_DOUBLE:
      return proto.double_val_size() == elements;
    case DT_INT32:
    case DT_UINT8:
    case DT_INT16:
    case DT_INT8:
    case DT_UINT16:
    case DT_QINT8:
    case DT_QUINT8:
    case DT_QINT16:
    case DT_QUINT16:
    case DT_QINT32:
      return proto.int_val_size() == elements;
    case DT_INT64:
      return proto.int64_val_size() == elements;
    case DT_BOOL:
      return proto.bool_val_size() == elements;
    case DT_STRING:
      return proto.string_val_size() == elements;
    case DT_COMPLEX64:
      return proto.scomplex_val_size() == 2 * elements;
    case DT_COMPLEX128:
      return proto.dcomplex_val_size() == 2 * elements;
    case DT_HALF:
    case DT_BFLOAT16:
      return proto.half_val_size() == elements;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<V1Reader>> V1Reader::Open(const std::string& pattern, ReadOptions options) {
  absl::StatusOr<std::vector<std::string>> files = GetMatchingFiles(options.file_system, pattern);
  if (!files.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Unsuccessful TensorSliceReader constructor: Failed to get matching files on ", pattern, ": ",
                     CodeNameInMessage(files.status().code()), ": ", files.status().message()));
  }
  if (files->empty()) {
    return absl::NotFoundError(
        absl::StrCat("Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ", pattern));
  }
  std::unique_ptr<V1Reader> reader(new V1Reader());
  reader->options_ = std::move(options);
  for (const std::string& file : *files) TFP_RETURN_IF_ERROR(reader->AddFile(file));
  return reader;
}

absl::Status V1Reader::AddFile(const std::string& file) {
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> opened = options_.file_system->OpenForRead(file);
  if (!opened.ok()) return OpenError(file, opened.status());
  absl::StatusOr<std::unique_ptr<TableReader>> table = TableReader::Open(*std::move(opened), options_.limits);
  if (!table.ok()) return OpenError(file, table.status());
  absl::StatusOr<std::string> bytes = (*table)->Get("");
  tensorflow::SavedTensorSlices saved;
  if (!bytes.ok()) {
    absl::Status status = absl::InternalError(
        absl::StrCat("Failed to find the saved tensor slices at the beginning of the checkpoint file: ", file));
    return absl::IsNotFound(bytes.status()) ? status : WithHint(status, bytes.status().message());
  }
  if (!saved.ParseFromString(*bytes)) {
    return absl::InternalError(absl::StrCat("Failed to parse the saved tensor slices of ", file));
  }
  TFP_RETURN_IF_ERROR(CheckVersions(saved.meta().versions(), kV1Version, kV1MinProducer, "Checkpoint", "checkpoint"));
  const int number = static_cast<int>(tables_.size());
  tables_.push_back(*std::move(table));
  names_.push_back(file);
  for (const auto& meta : saved.meta().tensor()) {
    absl::StatusOr<TensorShape> shape = TensorShape::FromProto(meta.shape());
    const DataType dtype = static_cast<DataType>(static_cast<int>(meta.type()));
    if (!shape.ok() || !IsValidType(dtype)) {
      return WithHint(absl::DataLossError(absl::StrCat("Invalid metadata of tensor ", meta.name(), " in ", file, ": ",
                                                       meta.ShortDebugString().substr(0, 200))),
                      "take an older checkpoint");
    }
    auto [found, inserted] = variables_.try_emplace(meta.name());
    Variable& variable = found->second;
    if (inserted) {
      variable.dtype = dtype;
      variable.shape = *shape;
    } else if (variable.shape != *shape) {
      return absl::InternalError(absl::StrCat("Incompatible tensor shapes detected for tensor ", meta.name(),
                                              ": existing = ", variable.shape.DebugString(),
                                              ", new = ", shape->DebugString()));
    } else if (variable.dtype != dtype) {
      return absl::InternalError(absl::StrCat("Incompatible tensor types detected for tensor ", meta.name(),
                                              ": existing = ", DataTypeEnumName(variable.dtype),
                                              ", new = ", DataTypeEnumName(dtype)));
    }
    for (const auto& proto : meta.slice()) {
      absl::StatusOr<TensorSlice> slice = TensorSlice::FromProto(proto);
      if (!slice.ok() || !slice->SliceShape(*shape).ok()) {
        return absl::DataLossError(absl::StrCat("Tensor ", meta.name(), " in ", file,
                                                " has a slice that does not fit shape ", shape->DebugString(), ": ",
                                                proto.ShortDebugString()));
      }
      if (static_cast<int>(variable.slices.size()) >= options_.limits.max_slices) {
        return absl::ResourceExhaustedError(
            absl::StrCat("Tensor ", meta.name(), " has more slices than Limits::max_slices"));
      }
      for (const TensorSlice& other : variable.slices) {
        if (shape->num_elements() > 0 && slice->Resolved(*shape).Intersect(other.Resolved(*shape), nullptr)) {
          return absl::InternalError(absl::StrCat("Overlapping slices: existing slice = ", other.DebugString(),
                                                  ", new slice = ", slice->DebugString()));
        }
      }
      variable.slices.push_back(*std::move(slice));
      variable.files.push_back(number);
    }
  }
  return absl::OkStatus();
}

const V1Reader::Variable* V1Reader::Find(absl::string_view name) const {
  auto found = variables_.find(std::string(name));
  return found == variables_.end() ? nullptr : &found->second;
}

absl::StatusOr<Tensor> V1Reader::ReadSlice(absl::string_view name, const Variable& variable, size_t i) const {
  const TensorSlice& slice = variable.slices[i];
  const std::string& file = names_[variable.files[i]];
  TFP_ASSIGN_OR_RETURN(TensorShape shape, slice.SliceShape(variable.shape));
  absl::StatusOr<std::string> bytes = tables_[variable.files[i]]->Get(EncodeSliceKey(name, slice));
  if (!bytes.ok()) {
    if (!absl::IsNotFound(bytes.status())) return WithHint(bytes.status(), absl::StrCat("the file is ", file));
    return absl::DataLossError(
        absl::StrCat("Slice ", slice.DebugString(), " of tensor ", name, " is listed but not stored in ", file));
  }
  tensorflow::SavedTensorSlices saved;
  if (!saved.ParseFromString(*bytes) || !HasAllValues(saved.data().data(), variable.dtype, shape.num_elements())) {
    return absl::DataLossError(absl::StrCat("The values of slice ", slice.DebugString(), " of tensor ", name, " in ",
                                            file, " do not make a tensor of type ", DataTypeString(variable.dtype),
                                            " and shape ", shape.DebugString()));
  }
  tensorflow::TensorProto& proto = *saved.mutable_data()->mutable_data();
  proto.set_dtype(static_cast<tensorflow::DataType>(variable.dtype));
  shape.ToProto(proto.mutable_tensor_shape());
  proto.clear_tensor_content();
  return TensorFromProto(proto, options_.limits);
}

absl::StatusOr<Tensor> V1Reader::LookupSlice(absl::string_view name, const TensorSlice& wanted) const {
  const Variable* const variable = Find(name);
  if (variable == nullptr) return absl::NotFoundError(absl::StrCat(name, " not found in checkpoint file"));
  TFP_ASSIGN_OR_RETURN(TensorShape wanted_shape, wanted.SliceShape(variable->shape));
  const TensorSlice target = wanted.Resolved(variable->shape);
  std::vector<size_t> met;
  int64_t covered = 0;
  for (size_t i = 0; i < variable->slices.size(); ++i) {
    TensorSlice common;
    if (!variable->slices[i].Resolved(variable->shape).Intersect(target, &common)) continue;
    met.push_back(i);
    int64_t elements = 1;
    for (int d = 0; d < common.rank(); ++d) elements *= common.extent(d).length;
    covered = SaturatingAdd(covered, elements);
  }
  if (covered != wanted_shape.num_elements()) {
    return absl::InvalidArgumentError(absl::StrCat("Does not have sufficient slices for partitioned tensor ", name,
                                                   " to restore in slice_spec: ", wanted.DebugString()));
  }
  std::vector<Tensor> parts;
  for (size_t i : met) {
    TFP_ASSIGN_OR_RETURN(Tensor part, ReadSlice(name, *variable, i));
    if (met.size() == 1 && variable->slices[i].Resolved(variable->shape) == target) return part;
    parts.push_back(std::move(part));
  }
  TFP_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(variable->dtype, wanted_shape, options_.allocator));
  for (size_t k = 0; k < met.size(); ++k)
    CopySlice(variable->shape, variable->slices[met[k]], parts[k], wanted, &result);
  return result;
}

absl::StatusOr<Tensor> V1Reader::Lookup(absl::string_view name) const {
  const Variable* const variable = Find(name);
  if (variable == nullptr) return absl::NotFoundError(absl::StrCat(name, " not found in checkpoint file"));
  return LookupSlice(name, TensorSlice(variable->shape.rank()));
}

std::string V1Reader::DebugString() const {
  std::string out;
  for (const auto& [name, variable] : variables_) {
    absl::StrAppend(&out, name, " (", DataTypeEnumName(variable.dtype), ") ", variable.shape.DebugString());
    const size_t n = variable.slices.size();
    if (n > 1 || (n == 1 && !variable.slices[0].IsFull())) absl::StrAppend(&out, ", ", n, " slices");
    out += '\n';
  }
  return out;
}

}  // namespace tfpersist
