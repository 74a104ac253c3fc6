#include "reference/checkpoint/v1_writer.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "reference/base/coding.h"
#include "reference/base/status.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/checkpoint/version_check.h"
#include "reference/proto/saved_tensor_slice.pb.h"
#include "reference/table/table_builder.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace {

// bfloat16 and the wide unsigned integers came to TensorFlow after V1.
constexpr DataTypeMask kV1Types = kAllTypes & ~MaskOf(DT_BFLOAT16, DT_UINT32, DT_UINT64, DT_RESOURCE, DT_VARIANT);

// The most that a serialized slice may take, estimated as TensorFlow does before it serializes (E20).
constexpr int64_t kMaxSliceBytes = int64_t{1} << 31;

}  // namespace

V1Writer::V1Writer(std::string file, BundleWriterOptions options)
    : file_(std::move(file)), options_(options), meta_(std::make_unique<tensorflow::SavedTensorSlices>()) {
  meta_->mutable_meta()->mutable_versions()->set_producer(kV1Version);
}
V1Writer::~V1Writer() = default;

absl::Status V1Writer::Add(const std::string& name, const TensorShape& full_shape, const TensorSlice& slice,
                           const Tensor& value) {
  if (!MaskHas(kV1Types, value.dtype())) {
    return absl::UnimplementedError(
        absl::StrCat("Saving data type ", DataTypeString(value.dtype()), " not yet supported"));
  }
  if (FirstBadUtf8(name) != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("The name ", absl::CHexEscape(name), " is not UTF-8, and a V1 checkpoint with it can't be read"));
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, slice.SliceShape(full_shape));
  if (shape != value.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("Slice ", slice.DebugString(), " of ", name, " has shape ",
                                                   shape.DebugString(), ", its value ", value.shape().DebugString()));
  }
  auto [found, is_new] = index_.try_emplace(name, meta_->meta().tensor_size());
  if (is_new) {
    auto* tensor = meta_->mutable_meta()->add_tensor();
    tensor->set_name(name);
    tensor->set_type(static_cast<tensorflow::DataType>(value.dtype()));
    full_shape.ToProto(tensor->mutable_shape());
  }
  auto* tensor = meta_->mutable_meta()->mutable_tensor(found->second);
  TFP_ASSIGN_OR_RETURN(TensorShape known, TensorShape::FromProto(tensor->shape()));
  if (known != full_shape || tensor->type() != static_cast<int>(value.dtype())) {
    return absl::InternalError(absl::StrCat("Mismatching shapes or types of tensor ", name, ": existing ",
                                            known.DebugString(), ", new ", full_shape.DebugString()));
  }
  const int64_t estimate = value.dtype() == DT_STRING ? 0 : static_cast<int64_t>(value.total_bytes());
  if (estimate > kMaxSliceBytes - 1024) {
    return absl::InvalidArgumentError(
        absl::StrCat("Tensor slice is too large to serialize (conservative estimate: ", estimate, " bytes)"));
  }
  tensorflow::SavedTensorSlices saved;
  auto* data = saved.mutable_data();
  data->set_name(name);
  slice.ToProto(data->mutable_slice());
  tensorflow::TensorProto proto;
  TensorToProtoField(value, &proto);
  proto.clear_dtype();  // the metadata says it
  proto.clear_tensor_shape();
  *data->mutable_data() = std::move(proto);
  if (!values_.try_emplace(EncodeSliceKey(name, slice), saved.SerializeAsString()).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("Adding duplicate slice ", slice.DebugString(), " of tensor ", name));
  }
  slice.ToProto(tensor->add_slice());
  return absl::OkStatus();
}

absl::Status V1Writer::Finish() {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> out,
                       AtomicFile::Create(options_.file_system, file_, options_.write, ".tempstate"));
  TableBuilder table([&](absl::string_view bytes) { return out->Append(bytes); });
  TFP_RETURN_IF_ERROR(table.Add("", meta_->SerializeAsString()));
  for (const auto& [key, value] : values_) TFP_RETURN_IF_ERROR(table.Add(key, value));
  TFP_RETURN_IF_ERROR(table.Finish());
  return out->Commit();
}

}  // namespace tfpersist
