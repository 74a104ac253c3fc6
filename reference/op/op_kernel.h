// OpKernel and its context: what one kernel sees of the runtime. Kernels and runtime meet only here and in the
// KernelRegistry that is handed to a session. Follows core/framework/op_kernel.h in its terms.
//
// A kernel is made once per node of a plan (OpKernelConstruction: attrs, types; all parsing happens there) and computes
// many times, possibly from several threads at once: Compute() is const in spirit, and state lives in resources.
// Every kernel checks shapes, dtypes, indices and sizes before it touches memory: graphs are untrusted input.
#ifndef TFPERSIST_REFERENCE_OP_OP_KERNEL_H_
#define TFPERSIST_REFERENCE_OP_OP_KERNEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/base/limits.h"
#include "reference/op/device.h"
#include "reference/op/resource.h"
#include "reference/tensor/tensor.h"

namespace tensorflow {
class AttrValue;
class NodeDef;
class OpDef;
}  // namespace tensorflow

namespace tfpersist {

// What a kernel's constructor may look at. Lives only during construction.
class OpKernelConstruction {
 public:
  virtual ~OpKernelConstruction() = default;
  virtual const tensorflow::NodeDef& def() const = 0;
  // The same for what points into it for longer; null where that can't be.
  virtual std::shared_ptr<const tensorflow::NodeDef> shared_def() const { return nullptr; }
  virtual absl::Span<const DataType> input_types() const = 0;
  virtual absl::Span<const DataType> output_types() const = 0;
  virtual DeviceType device_type() const = 0;
  virtual const Limits& limits() const { return kNoLimits; }  // the graph's
  const std::string& name() const;

  // Attrs by C++ type; INVALID_ARGUMENT if the node has none of that name and kind.
  absl::StatusOr<const tensorflow::AttrValue*> Attr(absl::string_view name) const;
  absl::StatusOr<DataType> TypeAttr(absl::string_view name) const;
  absl::StatusOr<int64_t> IntAttr(absl::string_view name) const;
  absl::StatusOr<float> FloatAttr(absl::string_view name) const;
  absl::StatusOr<bool> BoolAttr(absl::string_view name) const;
  absl::StatusOr<std::string> StringAttr(absl::string_view name) const;
  absl::StatusOr<PartialTensorShape> ShapeAttr(absl::string_view name) const;
  absl::StatusOr<std::vector<int64_t>> IntListAttr(absl::string_view name) const;
  absl::StatusOr<std::vector<DataType>> TypeListAttr(absl::string_view name) const;

 private:
  static constexpr Limits kNoLimits = {};
};

// One execution of one kernel. Inputs are read-only unless this run holds their only reference.
class OpKernelContext {
 public:
  virtual ~OpKernelContext() = default;

  virtual int num_inputs() const = 0;
  virtual int num_outputs() const = 0;
  virtual const Tensor& input(int i) const = 0;
  // The variable behind a reference input. REQUIRES: input_types()[i] is a reference type.
  virtual RefVariable* ref_input(int i) const = 0;

  // Makes output i. forward_from >= 0: takes that input's buffer where the run holds its only reference.
  virtual absl::StatusOr<Tensor*> AllocateOutput(int i, const TensorShape& shape, int forward_from = -1) = 0;
  virtual void SetOutput(int i, Tensor value) = 0;
  virtual void SetRefOutput(int i, RefVariable* variable) = 0;
  // Leaves output i dead (Switch).
  virtual void SetDeadOutput(int i) = 0;
  virtual bool IsInputDead(int i) const = 0;  // Merge alone runs with dead inputs
  // True: this run holds the only reference to input i's buffer and reads it nowhere else, so a kernel may keep it.
  virtual bool OwnsInput(int i) const = 0;
  // True: input i is a constant of the graph, the same in every run, so that what is made of it may be kept.
  virtual bool IsConstant(int) const { return false; }
  // Memory for the duration of the kernel.
  virtual absl::StatusOr<Tensor> AllocateTemp(DataType dtype, const TensorShape& shape) = 0;

  virtual Device& device() const = 0;
  virtual ResourceManager& resources() const = 0;
  virtual const std::string& node_name() const = 0;
  virtual bool IsCancelled() const = 0;

  DataType input_dtype(int i) const { return input(i).dtype(); }
};

class OpKernel {
 public:
  virtual ~OpKernel() = default;
  virtual absl::Status Compute(OpKernelContext& ctx) = 0;
  // What every run of a Const node on the host gives; null for any other.
  virtual const Tensor* ConstantValue() const { return nullptr; }
};

using KernelFactory = std::function<absl::StatusOr<std::unique_ptr<OpKernel>>(OpKernelConstruction&)>;

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_OP_KERNEL_H_
