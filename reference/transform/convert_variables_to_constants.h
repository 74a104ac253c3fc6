// convert_variables_to_constants: freezing. Follows python/framework/graph_util_impl.py of TensorFlow 1.11.0 (F01-F29).
#ifndef TFPERSIST_REFERENCE_TRANSFORM_CONVERT_VARIABLES_TO_CONSTANTS_H_
#define TFPERSIST_REFERENCE_TRANSFORM_CONVERT_VARIABLES_TO_CONSTANTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/proto/graph.pb.h"
#include "reference/runtime/direct_session.h"

namespace tfpersist {

struct FreezeOptions {
  std::optional<std::vector<std::string>> variable_names_whitelist;  // only these
  std::optional<std::vector<std::string>> variable_names_blacklist;  // all but these
};

// The part of `graph_def` that the outputs need, with each variable as a Const of its value in `session`. Logs "Froze N
// variables." and "Converted N variables to const ops." to the session's graph. Errors: those of ExtractSubGraph, and
// of reading a variable (FAILED_PRECONDITION without a value).
absl::StatusOr<tensorflow::GraphDef> ConvertVariablesToConstants(DirectSession& session,
                                                                 const tensorflow::GraphDef& graph_def,
                                                                 const std::vector<std::string>& output_node_names,
                                                                 const FreezeOptions& options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRANSFORM_CONVERT_VARIABLES_TO_CONSTANTS_H_
