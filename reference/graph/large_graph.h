// Binary GraphDefs of more bytes than protobuf parses at once (2 GiB): field by field, a node at a time.
#ifndef TFPERSIST_REFERENCE_GRAPH_LARGE_GRAPH_H_
#define TFPERSIST_REFERENCE_GRAPH_LARGE_GRAPH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"

namespace tensorflow {
class GraphDef;
}

namespace tfpersist {

// What protobuf can parse at once.
constexpr int64_t kMaxMessageBytes = INT32_MAX;

// Reads all of `file`, which errors call `name`, into `graph`. INVALID_ARGUMENT for what is no GraphDef, or has a node
// of more than kMaxMessageBytes: the byte at which it goes wrong is named. RESOURCE_EXHAUSTED for too many nodes.
// Beside the graph, one node's bytes are held.
absl::Status ReadLargeGraphDef(const RandomAccessFile& file, const std::string& name, const Limits& limits,
                               tensorflow::GraphDef* graph);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_LARGE_GRAPH_H_
