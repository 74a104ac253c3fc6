// Any bytes as a TensorProto and as a .npy file, a slice spec, a state file.
#include <cstdlib>

#include "fuzz/util.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/proto/tensor.pb.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_slice.h"

using namespace tfpersist;  // NOLINT

namespace {

class Silent : public Logger {
  void Log(LogLevel, absl::string_view) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Silent silent;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  tensorflow::TensorProto proto;
  if (proto.ParseFromString(bytes)) {
    const auto tensor = TensorFromProto(proto, fuzz::SmallLimits());
    if (tensor.ok()) {
      tensorflow::TensorProto back;
      TensorToProto(*tensor, &back);
      const auto again = TensorFromProto(back, fuzz::SmallLimits());
      if (!again.ok() || again->SummarizeValue(50) != tensor->SummarizeValue(50)) abort();
      (void)ToNpy(*tensor);
    }
  }
  if (const auto tensor = ParseNpy(bytes, "input", DT_INVALID, fuzz::SmallLimits()); tensor.ok()) {
    const auto npy = ToNpy(*tensor);
    if (!npy.ok() || !ParseNpy(*npy, "again").ok()) abort();
  }
  (void)ParseShapeAndSlice(bytes);
  std::string name;
  TensorSlice slice;
  if (DecodeSliceKey(bytes, &name, &slice) && EncodeSliceKey(name, slice) != bytes) abort();
  MemoryFileSystem fs;
  fuzz::PutFile(&fs, "d/checkpoint", bytes);
  (void)LatestCheckpoint("d", "", &silent, &fs);
  return 0;
}
