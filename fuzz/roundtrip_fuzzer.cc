// Tensors of every dtype, written and read: V2, V1, renamed, TensorProto, .npy. The bits must be the same.
#include <map>

#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/rewrite.h"
#include "reference/checkpoint/v1_reader.h"
#include "reference/checkpoint/v1_writer.h"
#include "reference/checkpoint/verify.h"
#include "reference/proto/tensor.pb.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_proto.h"

using namespace tfpersist;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Bytes in(data, size);
  MemoryFileSystem fs;
  BundleWriterOptions write{.file_system = &fs, .write = {.durable = false}};
  write.data_alignment = in.Byte() % 4 == 0 ? 64 : 1;
  auto writer = BundleWriter::Create("d/k", write);
  V1Writer v1("d/v1", write);
  std::map<std::string, Tensor> values;
  bool v1_ok = true;
  for (int i = 0; i < 8 && !in.empty(); ++i) {
    const std::string name = in.Text();
    const Tensor value = fuzz::AnyTensor(&in);
    tensorflow::TensorProto proto;
    TensorToProto(value, &proto);
    const auto from_proto = TensorFromProto(proto, fuzz::SmallLimits());
    if (!from_proto.ok() || from_proto->SummarizeValue(1000) != value.SummarizeValue(1000)) {
      fuzz::Fail("a TensorProto came back changed");
    }
    if (const auto npy = ToNpy(value); npy.ok() && value.dtype() != DT_STRING) {  // |S loses trailing NULs
      const auto again = ParseNpy(*npy, "npy", value.dtype());
      if (!again.ok() || !fuzz::SameBits(*again, value)) fuzz::Fail("a .npy came back changed");
    }
    if (name.empty() || name[0] == 0 || !values.emplace(name, value).second) continue;
    if (!(*writer)->Add(name, value).ok()) fuzz::Fail("a tensor can't be added");
    v1_ok = v1_ok && v1.Add(name, value.shape(), TensorSlice(value.shape().rank()), value).ok();
  }
  if (values.empty()) return 0;
  if (!(*writer)->Finish().ok()) fuzz::Fail("a checkpoint can't be finished");
  VerifyOptions verify;
  verify.read = fuzz::SmallRead(&fs);
  const VerifyReport report = VerifyCheckpoint("d/k", verify);
  if (!report.ok()) fuzz::Fail("what was written does not verify: " + report.findings[0].text);
  RewriteOptions rewrite;
  rewrite.read = fuzz::SmallRead(&fs);
  rewrite.write.durable = false;
  if (!RenameCheckpoint("d/k", "d/r", {.names = {{values.begin()->first, values.begin()->first + "/x"}}}, rewrite)
           .ok() &&
      values.count(values.begin()->first + "/x") == 0) {
    fuzz::Fail("a tensor can't be renamed");
  }
  const auto reader = BundleReader::Open("d/k", fuzz::SmallRead(&fs));
  for (const auto& [name, value] : values) {
    const auto got = (*reader)->Lookup(name);
    if (!got.ok() || !fuzz::SameBits(*got, value)) fuzz::Fail("a tensor came back changed");
  }
  if (!v1_ok || !v1.Finish().ok()) return 0;
  const auto old = V1Reader::Open("d/v1", fuzz::SmallRead(&fs));
  if (!old.ok()) fuzz::Fail("a V1 file that was written can't be opened");
  for (const auto& [name, value] : values) {
    const auto got = (*old)->Lookup(name);
    // V1 keeps values in typed fields, where a NaN keeps its bits, and rank and zero elements too.
    if (!got.ok() || got->SummarizeValue(1000) != value.SummarizeValue(1000))
      fuzz::Fail("a V1 tensor came back changed");
  }
  return 0;
}
