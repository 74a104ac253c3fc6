// A GraphDef in a file: tf.train.write_graph, and its way back. Follows python/framework/graph_io.py.
#ifndef TFPERSIST_REFERENCE_GRAPH_GRAPH_IO_H_
#define TFPERSIST_REFERENCE_GRAPH_GRAPH_IO_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/proto/graph.pb.h"

namespace tfpersist {

// Binary or text, whichever the file holds; a MetaGraphDef's or SavedModel's graph too (ReadModel). NOT_FOUND;
// INVALID_ARGUMENT names the file and what it looks like instead.
absl::StatusOr<tensorflow::GraphDef> ReadGraphDef(const std::string& file, const Limits& limits = {});
// From its bytes, on an arena that the pointer keeps: what a graph of many nodes is imported from soonest. Null: they
// are no GraphDef.
std::shared_ptr<tensorflow::GraphDef> ParseGraphDef(absl::string_view bytes);
// Makes the folder, writes to the side and renames: a failed write leaves an earlier file as it was.
absl::Status WriteGraphDef(const tensorflow::GraphDef& graph_def, const std::string& file, bool as_text = false);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_GRAPH_IO_H_
