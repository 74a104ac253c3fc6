// For tests: a MetaGraphDef of ours against one that TensorFlow wrote.
#ifndef TFPERSIST_REFERENCE_TRAIN_GOLDEN_META_TEST_UTIL_H_
#define TFPERSIST_REFERENCE_TRAIN_GOLDEN_META_TEST_UTIL_H_

#include <string>

#include "reference/proto/meta_graph.pb.h"

namespace tfpersist {

// golden/data/tf-1.11.0/NAME.meta. REQUIRES: the working directory is the source root.
tensorflow::MetaGraphDef GoldenMeta(const std::string& name);

// Expects the same nodes in the same order with the same inputs, devices and attrs, the same collections, SaverDef and
// versions. Map order and the random part of a sharded saver's temporary name do not count.
void ExpectSameMeta(const tensorflow::MetaGraphDef& ours, const tensorflow::MetaGraphDef& theirs);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_GOLDEN_META_TEST_UTIL_H_
