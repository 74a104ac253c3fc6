// Any bytes as the command line's .npy file, as every dtype it may be taken for.
#include "fuzz/util.h"
#include "reference/tensor/npy.h"

using namespace tfpersist;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const DataType as :
       {DT_INVALID, DT_BFLOAT16, DT_QINT8, DT_QUINT8, DT_QINT16, DT_QUINT16, DT_QINT32, DT_STRING}) {
    const auto tensor = ParseNpy(bytes, "input", as, fuzz::SmallLimits());
    if (!tensor.ok()) continue;
    const auto npy = ToNpy(*tensor);
    if (!npy.ok()) fuzz::Fail("what was read from .npy can't be written as one");
    const auto again = ParseNpy(*npy, "again", as, fuzz::SmallLimits());
    if (!again.ok() || !fuzz::SameBits(*tensor, *again)) fuzz::Fail("a .npy came back changed");
  }
  return 0;
}
