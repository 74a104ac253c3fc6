#include "reference/checkpoint/bundle_writer.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/base/status.h"
#include "reference/checkpoint/index_writer.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/checkpoint/recovery.h"
#include "reference/checkpoint/rename_transaction.h"
#include "reference/checkpoint/version_check.h"
#include "reference/proto/tensor.pb.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {

using tensorflow::BundleEntryProto;

BundleWriter::BundleWriter(const std::string& prefix, BundleWriterOptions options)
    : prefix_(prefix), options_(options) {}

absl::StatusOr<std::unique_ptr<BundleWriter>> BundleWriter::Create(const std::string& prefix,
                                                                   BundleWriterOptions options) {
  FileSystem* const fs = options.file_system;
  if (const std::string dir(Dirname(prefix)); !dir.empty() && !FileExists(fs, dir)) {
    if (absl::Status made = fs->CreateDirectory(dir); !made.ok() && !absl::IsAlreadyExists(made)) return made;
  }
  SweepLeftovers(std::string(Dirname(prefix)), fs, {}, options.write);
  std::unique_ptr<BundleWriter> writer(new BundleWriter(prefix, options));
  const std::string unique = UniqueTempSuffix(".tempstate");
  writer->data_temp_ = absl::StrCat(DataFilename(prefix, 0, 1), unique);
  writer->index_temp_ = absl::StrCat(MetaFilename(prefix), unique);
  TFP_ASSIGN_OR_RETURN(writer->data_, fs->Create(writer->data_temp_));
  return writer;
}

BundleWriter::~BundleWriter() {
  if (closed_ && status_.ok()) return;
  data_.reset();
  options_.file_system->Delete(data_temp_).IgnoreError();  // may not be there; nothing more to be done
  options_.file_system->Delete(index_temp_).IgnoreError();
}

absl::Status BundleWriter::Append(absl::string_view bytes) {
  TFP_RETURN_IF_ERROR(data_->Append(bytes));
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status BundleWriter::WriteValue(const Tensor& value, BundleEntryProto* entry) {
  const int64_t begin = size_;
  uint32_t crc = 0;
  if (value.dtype() == DT_STRING) {
    std::string head;
    for (const std::string& s : value.flat<std::string>()) {
      PutVarint64(&head, s.size());
      if (s.size() <= std::numeric_limits<uint32_t>::max()) {
        const uint32_t hashed = static_cast<uint32_t>(s.size());
        crc = ExtendCrc32c(crc, &hashed, sizeof hashed);
      } else {
        const uint64_t hashed = s.size();
        crc = ExtendCrc32c(crc, &hashed, sizeof hashed);
      }
    }
    const uint32_t lengths_crc = MaskCrc(crc);
    crc = ExtendCrc32c(crc, &lengths_crc, sizeof lengths_crc);
    PutFixed32(&head, lengths_crc);
    TFP_RETURN_IF_ERROR(Append(head));
    std::string gathered;  // many short strings make one write
    for (const std::string& s : value.flat<std::string>()) {
      crc = ExtendCrc32c(crc, s.data(), s.size());
      if (gathered.size() + s.size() > (1 << 20)) {
        TFP_RETURN_IF_ERROR(Append(gathered));
        gathered.clear();
      }
      if (s.size() > (1 << 20)) {
        TFP_RETURN_IF_ERROR(Append(s));
      } else {
        gathered += s;
      }
    }
    TFP_RETURN_IF_ERROR(Append(gathered));
  } else if (value.dtype() == DT_VARIANT) {
    for (const Variant& v : value.flat<Variant>()) {
      tensorflow::VariantTensorDataProto proto;
      VariantToProto(v, &proto);
      const std::string bytes = proto.SerializeAsString();
      const uint64_t length = bytes.size();
      crc = ExtendCrc32c(crc, &length, sizeof length);
      crc = ExtendCrc32c(crc, bytes.data(), bytes.size());
      const uint32_t masked = MaskCrc(crc);
      crc = ExtendCrc32c(crc, &masked, sizeof masked);
      std::string out;
      PutVarint64(&out, length);
      out += bytes;
      PutFixed32(&out, masked);
      TFP_RETURN_IF_ERROR(Append(out));
    }
  } else if (IsPlain(value.dtype())) {
    const absl::string_view bytes(static_cast<const char*>(value.data()), value.total_bytes());
    crc = Crc32c(bytes);
    TFP_RETURN_IF_ERROR(Append(bytes));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("A checkpoint can't hold values of type ", DataTypeString(value.dtype())));
  }
  entry->set_offset(begin);
  entry->set_size(size_ - begin);
  entry->set_crc32c(MaskCrc(crc));
  if (const int64_t rest = size_ % options_.data_alignment; rest != 0) {
    TFP_RETURN_IF_ERROR(Append(std::string(options_.data_alignment - rest, '\0')));
  }
  return absl::OkStatus();
}

absl::Status BundleWriter::Add(absl::string_view key, const Tensor& value) {
  TFP_RETURN_IF_ERROR(status_);
  if (closed_) return absl::FailedPreconditionError("BundleWriter is closed");
  if (key.empty()) {
    return status_ = absl::InvalidArgumentError(absl::StrCat(
               "A tensor of checkpoint ", prefix_, " has an empty name; the empty key is the index's header"));
  }
  if (entries_.find(key) != entries_.end()) {
    // An encoded slice key begins with a NUL, where TensorFlow's own text ends.
    return status_ = absl::InvalidArgumentError(absl::StrCat("Adding duplicate key: ", key.substr(0, key.find('\0'))));
  }
  BundleEntryProto entry;
  entry.set_dtype(static_cast<tensorflow::DataType>(value.dtype()));
  value.shape().ToProto(entry.mutable_shape());
  if (status_ = WriteValue(value, &entry); !status_.ok()) return status_;
  entries_.emplace(std::string(key), std::move(entry));
  return absl::OkStatus();
}

absl::Status BundleWriter::AddSlice(absl::string_view full_key, const TensorShape& full_shape, const TensorSlice& slice,
                                    const Tensor& value) {
  TFP_RETURN_IF_ERROR(status_);
  TFP_ASSIGN_OR_RETURN(TensorShape shape, slice.SliceShape(full_shape));
  if (shape != value.shape()) {
    return absl::InvalidArgumentError(absl::StrCat("Slice ", slice.DebugString(), " of ", full_key, " has shape ",
                                                   shape.DebugString(), ", its value ", value.shape().DebugString()));
  }
  if (shape == full_shape) return Add(full_key, value);
  if (full_key.empty()) return Add(full_key, value);  // refused there
  BundleEntryProto meta;
  meta.set_dtype(static_cast<tensorflow::DataType>(value.dtype()));
  full_shape.ToProto(meta.mutable_shape());
  if (auto found = entries_.find(full_key); found != entries_.end()) {
    if (found->second.slices().empty()) {
      return status_ = absl::InvalidArgumentError(absl::StrCat("Adding duplicate key: ", full_key));
    }
    if (found->second.dtype() != meta.dtype() ||
        found->second.shape().SerializeAsString() != meta.shape().SerializeAsString()) {
      return status_ = absl::InvalidArgumentError(absl::StrCat(
                 "Slices of tensor ", full_key, " disagree about the whole: ", found->second.shape().ShortDebugString(),
                 " vs. ", meta.shape().ShortDebugString()));
    }
  }
  TFP_RETURN_IF_ERROR(Add(EncodeSliceKey(full_key, slice), value));
  slice.ToProto(entries_.try_emplace(std::string(full_key), std::move(meta)).first->second.add_slices());
  return absl::OkStatus();
}

absl::Status BundleWriter::WriteIndex(const std::string& file) {
  tensorflow::BundleHeaderProto header;
  header.set_num_shards(1);
  header.mutable_version()->set_producer(kBundleVersion);
  return WriteIndexFile(options_.file_system, file, header, entries_, options_.write);
}

absl::Status BundleWriter::Finish() {
  TFP_RETURN_IF_ERROR(status_);
  if (closed_) return absl::FailedPreconditionError("BundleWriter is closed");
  closed_ = true;
  if (options_.write.durable && (status_ = data_->Sync(), !status_.ok())) return status_;
  if (status_ = data_->Close(); !status_.ok()) return status_;
  if (status_ = WriteIndex(index_temp_); !status_.ok()) return status_;
  RenameTransaction renames(options_.file_system, options_.write);
  renames.Add(data_temp_, DataFilename(prefix_, 0, 1));
  renames.Add(index_temp_, MetaFilename(prefix_));
  return status_ = renames.Commit();
}

}  // namespace tfpersist
