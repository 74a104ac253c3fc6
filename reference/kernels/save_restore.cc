// SaveV2, RestoreV2, MergeV2Checkpoints and the names of shards. Follows core/kernels/save_restore_v2_ops.cc and
// save_restore_tensor.cc. The texts are those of C13 to C18 and D24.
#include "reference/kernels/save_restore.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/merge.h"
#include "reference/checkpoint/naming.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/restore_to_device.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {
namespace {

// Inputs 0 to 2 of SaveV2 and RestoreV2.
struct Request {
  std::string prefix;
  std::vector<std::string> names;
  std::vector<std::string> specs;  // shape_and_slices; "": the whole tensor
};

std::vector<std::string> Strings(const Tensor& t) {
  const auto values = t.flat<std::string>();
  return {values.begin(), values.begin() + t.num_elements()};
}

// `count_error` is judged after the shapes and before the two counts are compared, as TensorFlow orders them.
template <typename CountError>
absl::StatusOr<Request> ReadRequest(OpKernelContext& ctx, CountError count_error) {
  const Tensor& prefix = ctx.input(0);
  const Tensor& names = ctx.input(1);
  const Tensor& specs = ctx.input(2);
  if (prefix.num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input prefix should have a single element, got ", prefix.num_elements(), " instead."));
  }
  if (names.shape().rank() != 1 || specs.shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Input tensor_names and shape_and_slices should be an 1-D tensors, got ",
                     names.shape().DebugString(), " and ", specs.shape().DebugString(), " instead."));
  }
  TFP_RETURN_IF_ERROR(count_error(names.num_elements()));
  if (names.num_elements() != specs.num_elements()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor_names and shape_and_slices have different number of elements: ", names.num_elements(),
                     " vs. ", specs.num_elements()));
  }
  return Request{Strings(prefix)[0], Strings(names), Strings(specs)};
}

absl::Status SaveV2(OpKernelContext& ctx) {
  constexpr int kFirstTensor = 3;
  TFP_ASSIGN_OR_RETURN(const Request request, ReadRequest(ctx, [](int64_t) { return absl::OkStatus(); }));
  const int num_tensors = ctx.num_inputs() - kFirstTensor;
  if (static_cast<int64_t>(request.names.size()) != num_tensors) {
    return absl::InvalidArgumentError(
        absl::StrCat("Got ", request.names.size(), " tensor names but ", num_tensors, " tensors."));
  }
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleWriter> writer, BundleWriter::Create(request.prefix));
  for (int i = 0; i < num_tensors; ++i) {
    const Tensor& value = ctx.input(kFirstTensor + i);
    if (request.specs[i].empty()) {
      TFP_RETURN_IF_ERROR(writer->Add(request.names[i], value));
      continue;
    }
    TFP_ASSIGN_OR_RETURN(const ShapeAndSlice spec, SpecOfValue(request.specs[i], value));
    TFP_RETURN_IF_ERROR(writer->AddSlice(request.names[i], spec.shape, spec.slice, value));
  }
  return writer->Finish();
}

absl::StatusOr<Tensor> RestoreSlice(const BundleReader& reader, absl::string_view name, const TensorShape& stored,
                                    const std::string& spec) {
  TFP_ASSIGN_OR_RETURN(const ShapeAndSlice wanted, ParseShapeAndSlice(spec));
  if (wanted.shape != stored) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor_name = ", name, "; shape in shape_and_slice spec ", wanted.shape.DebugString(),
                     " does not match the shape stored in checkpoint: ", stored.DebugString()));
  }
  return reader.LookupSlice(name, wanted.slice);
}

class RestoreV2Kernel : public OpKernel {
 public:
  explicit RestoreV2Kernel(std::vector<DataType> dtypes) : dtypes_(std::move(dtypes)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(std::vector<DataType> dtypes, c.TypeListAttr("dtypes"));
    return std::make_unique<RestoreV2Kernel>(std::move(dtypes));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    auto count_error = [this](int64_t names) {
      if (names == static_cast<int64_t>(dtypes_.size())) return absl::OkStatus();
      return absl::InvalidArgumentError(
          absl::StrCat("Got ", names, " tensor names, but ", dtypes_.size(), " expected dtypes."));
    };
    TFP_ASSIGN_OR_RETURN(const Request request, ReadRequest(ctx, count_error));
    const ReadOptions options{.map_files = ctx.device().maps_checkpoints()};
    // A pattern of no index, whatever the reason, means V1 (C14).
    auto indexes = GetMatchingFiles(options.file_system, MetaFilename(request.prefix));
    if (!indexes.ok() || indexes->empty()) return RestoreFromV1(ctx, request, options);
    TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleReader> reader, BundleReader::Open(request.prefix, options));
    const std::vector<size_t> order = SortedByName(request.names);
    std::vector<absl::string_view> keys(order.size());
    for (size_t k = 0; k < order.size(); ++k) keys[k] = request.names[order[k]];
    TFP_ASSIGN_OR_RETURN(const std::vector<BundleReader::Entry> entries, FindEntries(*reader, keys, order));
    // Tensors are read side by side; the error is the one that comes first in order, as if they were not.
    std::vector<absl::StatusOr<Tensor>> values(order.size(), absl::UnknownError(""));
    std::vector<size_t> whole, parts;
    for (size_t k = 0; k < order.size(); ++k) (request.specs[order[k]].empty() ? whole : parts).push_back(k);
    RestoreWhole(ctx, *reader, keys, entries, std::move(whole), &values);
    ctx.device().threads().ParallelFor(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end && !ctx.IsCancelled(); ++i) {
        const size_t k = parts[i];
        values[k] = RestoreSlice(*reader, keys[k], entries[k].shape, request.specs[order[k]]);
      }
    });
    if (ctx.IsCancelled()) return absl::CancelledError("Session was closed.");
    for (size_t k = 0; k < order.size(); ++k) {
      if (!values[k].ok()) return values[k].status();
      if (ctx.device().cuda() != nullptr && values[k]->memory_kind() != MemoryKind::kCuda &&
          IsPlain(values[k]->dtype())) {
        TFP_ASSIGN_OR_RETURN(values[k], ctx.device().cuda()->ToDevice(*values[k]));
      }
      ctx.SetOutput(static_cast<int>(order[k]), *std::move(values[k]));
    }
    return absl::OkStatus();
  }

 private:
  // Keys are looked up in the index's order, which decides who is missed first (C13).
  static std::vector<size_t> SortedByName(const std::vector<std::string>& names) {
    std::vector<size_t> order(names.size());
    std::iota(order.begin(), order.end(), size_t{0});
    // Savers write them in order.
    if (!std::is_sorted(names.begin(), names.end())) {
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return names[a] < names[b]; });
    }
    return order;
  }

  // Every key must be there and of its dtype before a value is read; all dtypes that differ are told at once.
  absl::StatusOr<std::vector<BundleReader::Entry>> FindEntries(const BundleReader& reader,
                                                               absl::Span<const absl::string_view> keys,
                                                               const std::vector<size_t>& order) const {
    std::vector<BundleReader::Entry> entries;
    entries.reserve(keys.size());
    std::vector<std::string> mismatches;
    for (absl::StatusOr<BundleReader::Entry>& found : reader.FindAll(keys)) {
      if (!found.ok()) return found.status();
      const size_t k = entries.size();
      const DataType wanted = dtypes_[order[k]];
      if (found->dtype != wanted) {
        mismatches.push_back(absl::StrCat("tensor_name = ", keys[k], "; expected dtype ", DataTypeString(wanted),
                                          " does not equal original dtype ", DataTypeString(found->dtype)));
      }
      entries.push_back(*std::move(found));
    }
    if (!mismatches.empty()) return absl::InvalidArgumentError(absl::StrJoin(mismatches, "\n"));
    return entries;
  }

  // values[k] of the tensors at `picked`, which are wanted whole; errors stand where the values would.
  static void RestoreWhole(OpKernelContext& ctx, const BundleReader& reader, const std::vector<absl::string_view>& keys,
                           const std::vector<BundleReader::Entry>& entries, std::vector<size_t> picked,
                           std::vector<absl::StatusOr<Tensor>>* values) {
    if (ctx.device().cuda() != nullptr) picked = Upload(ctx, reader, keys, entries, picked, values);
    auto cancelled = [&] { return ctx.IsCancelled(); };
    if (picked.size() == keys.size()) {
      *values = reader.ReadAll(keys, entries, ctx.device().threads(), cancelled);
      return;
    }
    std::vector<absl::StatusOr<Tensor>> read =
        reader.ReadAll(At(keys, picked), At(entries, picked), ctx.device().threads(), cancelled);
    for (size_t i = 0; i < picked.size(); ++i) (*values)[picked[i]] = std::move(read[i]);
  }

  // The same for what goes straight to the GPU; gives back who is left.
  static std::vector<size_t> Upload(OpKernelContext& ctx, const BundleReader& reader,
                                    const std::vector<absl::string_view>& keys,
                                    const std::vector<BundleReader::Entry>& entries, const std::vector<size_t>& picked,
                                    std::vector<absl::StatusOr<Tensor>>* values) {
    std::vector<absl::StatusOr<Tensor>> uploaded(picked.size(), absl::UnknownError(""));
    const absl::Status status = RestoreToDevice(ctx, reader, At(keys, picked), At(entries, picked), &uploaded);
    std::vector<size_t> left;
    for (size_t i = 0; i < picked.size(); ++i) {
      if (!status.ok()) {
        (*values)[picked[i]] = status;
      } else if (uploaded[i].ok()) {
        (*values)[picked[i]] = std::move(uploaded[i]);
      } else {
        left.push_back(picked[i]);
      }
    }
    return left;
  }

  template <typename T>
  static std::vector<T> At(const std::vector<T>& all, const std::vector<size_t>& picked) {
    std::vector<T> some;
    some.reserve(picked.size());
    for (size_t i : picked) some.push_back(all[i]);
    return some;
  }

  absl::Status RestoreFromV1(OpKernelContext& ctx, const Request& request, const ReadOptions& options) const {
    TFP_ASSIGN_OR_RETURN(std::unique_ptr<V1Reader> reader, V1Reader::Open(request.prefix, options));
    for (size_t i = 0; i < request.names.size(); ++i) {
      TFP_ASSIGN_OR_RETURN(Tensor value,
                           RestoreV1(*reader, request.prefix, request.names[i], request.specs[i], dtypes_[i]));
      if (ctx.device().cuda() != nullptr && IsPlain(value.dtype())) {
        TFP_ASSIGN_OR_RETURN(value, ctx.device().cuda()->ToDevice(value));
      }
      ctx.SetOutput(static_cast<int>(i), std::move(value));
    }
    return absl::OkStatus();
  }

  const std::vector<DataType> dtypes_;
};

class MergeV2CheckpointsKernel : public OpKernel {
 public:
  explicit MergeV2CheckpointsKernel(bool delete_old_dirs) : delete_old_dirs_(delete_old_dirs) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(bool delete_old_dirs, c.BoolAttr("delete_old_dirs"));
    return std::make_unique<MergeV2CheckpointsKernel>(delete_old_dirs);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& prefixes = ctx.input(0);
    const Tensor& destination = ctx.input(1);
    if (prefixes.shape().rank() != 1) {
      return absl::InvalidArgumentError(absl::StrCat("Input checkpoint_prefixes should be an 1-D tensor, got ",
                                                     prefixes.shape().DebugString(), " instead."));
    }
    if (!destination.shape().IsScalar()) {
      return absl::InvalidArgumentError(absl::StrCat("Input destination_prefix should be a scalar tensor, got ",
                                                     destination.shape().DebugString(), " instead."));
    }
    return MergeBundles(Strings(prefixes), Strings(destination)[0], {.delete_old_dirs = delete_old_dirs_});
  }

 private:
  const bool delete_old_dirs_;
};

absl::Status CheckScalar(const Tensor& t, absl::string_view what) {
  if (t.shape().IsScalar()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, " must be a scalar, got shape ", t.shape().DebugString()));
}

absl::Status ShardedFilename(OpKernelContext& ctx) {
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(0), "basename"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(1), "shard"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(2), "num_shards"));
  ctx.SetOutput(
      0, Tensor::Scalar<std::string>(ShardedName(ctx.input(0).flat<std::string>()[0], ctx.input(1).flat<int32_t>()[0],
                                                 ctx.input(2).flat<int32_t>()[0])));
  return absl::OkStatus();
}

absl::Status ShardedFilespec(OpKernelContext& ctx) {
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(0), "basename"));
  TFP_RETURN_IF_ERROR(CheckScalar(ctx.input(1), "num_shards"));
  ctx.SetOutput(0, Tensor::Scalar<std::string>(absl::StrFormat(
                       "%s-\?\?\?\?\?-of-%05d", ctx.input(0).flat<std::string>()[0], ctx.input(1).flat<int32_t>()[0])));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ShapeAndSlice> SpecOfValue(const std::string& shape_and_slice, const Tensor& value) {
  TFP_ASSIGN_OR_RETURN(ShapeAndSlice spec, ParseShapeAndSlice(shape_and_slice));
  if (spec.slice_shape == value.shape()) return spec;
  return absl::InvalidArgumentError(absl::StrCat(
      "Slice in shape_and_slice specification does not match the shape of the tensor to  save: ", shape_and_slice,
      ", tensor: ", value.shape().DebugString()));
}

void RegisterSaveRestoreKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "SaveV2", SaveV2);
  RegisterKernel<RestoreV2Kernel>(registry, "RestoreV2");
  RegisterKernel<MergeV2CheckpointsKernel>(registry, "MergeV2Checkpoints");
  RegisterFunction(registry, "ShardedFilename", ShardedFilename);
  RegisterFunction(registry, "ShardedFilespec", ShardedFilespec);
}

}  // namespace tfpersist
