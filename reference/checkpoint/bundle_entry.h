// An index entry as its value is found with it, parsed without protobuf where it is written the way that every writer
// writes it: an index of 200,000 entries is listed in half the time.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_ENTRY_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_ENTRY_H_

#include "absl/strings/string_view.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/tensor/tensor_shape.h"
#include "reference/tensor/types.h"

namespace tfpersist {

struct BundleEntry {
  DataType dtype = DT_INVALID;  // the stored number, valid or not
  TensorShape shape;
  int shard = 0;
  ValueLocation at;
  bool sliced = false;
};

// True: `entry` is what a BundleEntryProto parsed from `bytes` says. False: not of the plain form (fields in order and
// once, dimensions that are known and fit, no slices), for protobuf to parse, or to refuse. at.swap is left alone.
bool ParsePlainEntry(absl::string_view bytes, BundleEntry* entry);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_BUNDLE_ENTRY_H_
