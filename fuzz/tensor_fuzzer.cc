// Any bytes as a TensorProto, a slice spec, a slice key.
#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/proto/tensor.pb.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_slice.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR({fuzz::FileKind::kMessage, &tensorflow::TensorProto::default_instance()})

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  tensorflow::TensorProto proto;
  if (proto.ParseFromString(bytes)) {
    const auto tensor = TensorFromProto(proto, fuzz::SmallLimits());
    if (tensor.ok() && tensor->num_elements() < 1 << 16) {
      for (const bool field : {false, true}) {
        tensorflow::TensorProto back;
        (field ? TensorToProtoField : TensorToProto)(*tensor, &back);
        const auto again = TensorFromProto(back, fuzz::SmallLimits());
        if (!again.ok() || again->SummarizeValue(50) != tensor->SummarizeValue(50))
          fuzz::Fail("a proto came back changed");
      }
      (void)tensor->DebugString();
      (void)ToNpy(*tensor);
    }
  }
  if (const auto spec = ParseShapeAndSlice(bytes); spec.ok()) {
    const auto again = TensorSlice::Parse(spec->slice.DebugString());
    if (!again.ok() || !(*again == spec->slice)) fuzz::Fail("a slice spec came back changed");
  }
  std::string name;
  TensorSlice slice;
  if (DecodeSliceKey(bytes, &name, &slice) && EncodeSliceKey(name, slice) != bytes)
    fuzz::Fail("a slice key has two forms");
  return 0;
}
