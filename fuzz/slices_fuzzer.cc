// A tensor written in slices, and slices of it read: held to a map of its elements. V2 and V1.
#include <map>

#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/v1_reader.h"
#include "reference/checkpoint/v1_writer.h"
#include "reference/checkpoint/verify.h"

using namespace tfpersist;  // NOLINT

namespace {

using Element = std::vector<int64_t>;

TensorSlice AnySlice(fuzz::Bytes* in, const std::vector<int64_t>& dims) {
  TensorSlice slice(static_cast<int>(dims.size()));
  for (size_t d = 0; d < dims.size(); ++d) {
    if (in->Byte() % 3 == 0 || dims[d] == 0) continue;
    const int64_t start = in->Upto(dims[d] - 1);
    slice.set_extent(static_cast<int>(d), {start, 1 + in->Upto(dims[d] - start - 1)});
  }
  return slice;
}

// The elements of a slice, in order.
std::vector<Element> ElementsOf(const TensorSlice& slice, const TensorShape& shape) {
  const TensorSlice box = slice.Resolved(shape);
  std::vector<Element> elements = {{}};
  for (int d = 0; d < shape.rank(); ++d) {
    std::vector<Element> longer;
    for (const Element& e : elements) {
      for (int64_t i = box.start(d); i < box.end(d); ++i) {
        longer.push_back(e);
        longer.back().push_back(i);
      }
    }
    elements = std::move(longer);
  }
  return elements;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Bytes in(data, size);
  std::vector<int64_t> dims(1 + in.Byte() % 3);
  for (int64_t& dim : dims) dim = in.Byte() % 6;
  const TensorShape shape = *TensorShape::Create(dims);
  const bool strings = in.Byte() % 4 == 0;
  MemoryFileSystem fs;
  BundleWriterOptions write{.file_system = &fs, .write = {.durable = false}};
  auto writer = BundleWriter::Create("d/k", write);
  if (!writer.ok()) fuzz::Fail("no writer");
  V1Writer v1("d/v1", write);
  std::map<Element, float> written;
  bool overlap = false, v1_ok = true, whole = false;
  const int count = 1 + in.Byte() % 6;
  for (int i = 0; i < count && !whole; ++i) {
    const TensorSlice slice = AnySlice(&in, dims);
    const auto part = slice.SliceShape(shape);
    if (!part.ok()) return 0;
    Tensor value = *Tensor::Allocate(strings ? DT_STRING : DT_FLOAT, *part);
    const std::vector<Element> elements = ElementsOf(slice, shape);
    for (size_t e = 0; e < elements.size(); ++e) {
      const float number = static_cast<float>(100 * i + static_cast<int>(e));
      if (strings) {
        value.flat<std::string>()[e] = std::to_string(number);
      } else {
        value.flat<float>()[e] = number;
      }
      overlap |= !written.emplace(elements[e], number).second;
    }
    whole = *part == shape;
    if (whole && i > 0) return 0;
    if (!(*writer)->AddSlice("t", shape, slice, value).ok()) return 0;  // the same slice twice
    v1_ok = v1_ok && v1.Add("t", shape, slice, value).ok();
  }
  if (!(*writer)->Finish().ok()) fuzz::Fail("slices can't be finished");
  v1_ok = v1_ok && v1.Finish().ok();
  const auto reader = BundleReader::Open("d/k", fuzz::SmallRead(&fs));
  if (!reader.ok()) fuzz::Fail("slices that were written can't be opened");
  const auto old = V1Reader::Open("d/v1", fuzz::SmallRead(&fs));
  if (v1_ok && !overlap && !old.ok())
    fuzz::Fail("a V1 file that was written can't be opened: " + old.status().ToString());
  VerifyOptions verify;
  verify.read = fuzz::SmallRead(&fs);
  if (VerifyCheckpoint("d/k", verify).ok() == overlap && shape.num_elements() > 0)
    fuzz::Fail("verify and the slices disagree");
  for (int i = 0; i < 8; ++i) {
    const TensorSlice wanted = i == 0 ? TensorSlice(shape.rank()) : AnySlice(&in, dims);
    const std::vector<Element> elements = ElementsOf(wanted, shape);
    bool covered = true;
    for (const Element& e : elements) covered &= written.count(e) > 0;
    for (const bool first_version : {false, true}) {
      if (first_version && (!v1_ok || overlap)) continue;
      const auto got = first_version ? (*old)->LookupSlice("t", wanted) : (*reader)->LookupSlice("t", wanted);
      if (got.ok() && !covered) fuzz::Fail("a slice that nothing covers was read: " + wanted.DebugString());
      if (!got.ok() && covered && !overlap && !elements.empty()) {
        fuzz::Fail("a covered slice can't be read: " + wanted.DebugString() + ": " + got.status().ToString());
      }
      if (!got.ok() || overlap) continue;
      for (size_t e = 0; e < elements.size(); ++e) {
        const float is = strings ? std::stof(got->flat<std::string>()[e]) : got->flat<float>()[e];
        if (is != written[elements[e]]) fuzz::Fail("a slice has other values: " + wanted.DebugString());
      }
    }
  }
  return 0;
}
