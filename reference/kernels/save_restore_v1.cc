// Save, SaveSlices, Restore and RestoreSlice: the ops of V1 checkpoints. Follows core/kernels/save_op.cc,
// restore_op.cc and save_restore_tensor.cc.
#include "absl/strings/str_cat.h"
#include "reference/checkpoint/naming.h"
#include "reference/checkpoint/v1_writer.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/save_restore.h"

namespace tfpersist {
namespace {

absl::StatusOr<std::string> OneString(const Tensor& t, absl::string_view what) {
  if (t.num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " must be a string scalar; got a tensor of ", t.num_elements(), "elements"));
  }
  return t.flat<std::string>()[0];
}

// Restore and RestoreSlice take the first of several names and slices.
absl::StatusOr<std::string> FirstString(const Tensor& t, absl::string_view what) {
  if (t.num_elements() == 0) return absl::InvalidArgumentError(absl::StrCat(what, " is empty"));
  return t.flat<std::string>()[0];
}

// Inputs: filename, tensor_names, [shapes_and_slices,] the tensors.
template <bool kSlices>
absl::Status Save(OpKernelContext& ctx) {
  constexpr int kFirstTensor = kSlices ? 3 : 2;
  TFP_ASSIGN_OR_RETURN(std::string file, OneString(ctx.input(0), "Input 0 (filename)"));
  const Tensor& names = ctx.input(1);
  const int64_t count = names.num_elements();
  if (count + kFirstTensor != ctx.num_inputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected totally ", count + kFirstTensor,
                     " inputs as input #1 (which is a string tensor of saved names) contains ", count,
                     " names, but received ", ctx.num_inputs(), " inputs"));
  }
  if (kSlices && ctx.input(2).num_elements() != count) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Expected ", count, " elements for the tensor shapes and slices but got ", ctx.input(2).num_elements()));
  }
  V1Writer writer(std::move(file));
  for (int i = 0; i < count; ++i) {
    const Tensor& value = ctx.input(kFirstTensor + i);
    TensorShape shape = value.shape();
    TensorSlice slice(shape.rank());
    if (kSlices && !ctx.input(2).flat<std::string>()[i].empty()) {
      TFP_ASSIGN_OR_RETURN(ShapeAndSlice spec, SpecOfValue(ctx.input(2).flat<std::string>()[i], value));
      shape = spec.shape;
      slice = spec.slice;
    }
    TFP_RETURN_IF_ERROR(writer.Add(names.flat<std::string>()[i], shape, slice, value));
  }
  return writer.Finish();
}

template <bool kSlice>
class RestoreKernel : public OpKernel {
 public:
  explicit RestoreKernel(DataType dtype) : dtype_(dtype) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(DataType dtype, c.TypeAttr("dt"));
    return std::make_unique<RestoreKernel>(dtype);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(const std::string pattern, OneString(ctx.input(0), "Input 0 (file_pattern)"));
    TFP_ASSIGN_OR_RETURN(const std::string name, FirstString(ctx.input(1), "Input 1 (tensor_name)"));
    std::string spec;
    if (kSlice) {
      TFP_ASSIGN_OR_RETURN(spec, FirstString(ctx.input(2), "Input 2 (shape_and_slice)"));
    }
    TFP_ASSIGN_OR_RETURN(std::unique_ptr<V1Reader> reader,
                         V1Reader::Open(pattern, {.allocator = ctx.device().allocator()}));
    TFP_ASSIGN_OR_RETURN(Tensor value, RestoreV1(*reader, pattern, name, spec, dtype_));
    ctx.SetOutput(0, std::move(value));
    return absl::OkStatus();
  }

 private:
  const DataType dtype_;
};

}  // namespace

absl::StatusOr<Tensor> RestoreV1(const V1Reader& reader, const std::string& file_pattern, const std::string& name,
                                 const std::string& shape_and_slice, DataType expected) {
  const V1Reader::Variable* const variable = reader.Find(name);
  if (variable == nullptr) {
    absl::Status status =
        absl::NotFoundError(absl::StrCat("Tensor name \"", name, "\" not found in checkpoint files ", file_pattern));
    const std::string hint = MemberFileHint(file_pattern);
    return hint.empty() ? status : WithHint(std::move(status), hint);
  }
  if (variable->dtype != expected) {
    // TensorFlow prints the type of output 0 here, whichever output it is (E18).
    return absl::InvalidArgumentError(absl::StrCat("Expected to restore a tensor of type ", DataTypeString(expected),
                                                   ", got a tensor of type ", DataTypeString(variable->dtype),
                                                   " instead: tensor_name = ", name));
  }
  TensorSlice slice(variable->shape.rank());
  if (!shape_and_slice.empty()) {
    TFP_ASSIGN_OR_RETURN(ShapeAndSlice wanted, ParseShapeAndSlice(shape_and_slice));
    if (wanted.shape != variable->shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Shape in shape_and_slice spec does not match the shape in the save file: ", wanted.shape.DebugString(),
          ", save file shape: ", variable->shape.DebugString()));
    }
    slice = wanted.slice;
  }
  absl::StatusOr<Tensor> value = reader.LookupSlice(name, slice);
  if (absl::IsInvalidArgument(value.status())) {
    return WithMessage(value.status(), absl::StrCat("Error copying slice data: ", value.status().message()));
  }
  return value;
}

void RegisterSaveRestoreV1Kernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Save", Save<false>);
  RegisterFunction(registry, "SaveSlices", Save<true>);
  RegisterKernel<RestoreKernel<false>>(registry, "Restore");
  RegisterKernel<RestoreKernel<true>>(registry, "RestoreSlice");
}

}  // namespace tfpersist
