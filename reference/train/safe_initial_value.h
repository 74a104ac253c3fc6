// An initial value that depends on other variables, rewritten to depend on their initial values.
#ifndef TFPERSIST_REFERENCE_TRAIN_SAFE_INITIAL_VALUE_H_
#define TFPERSIST_REFERENCE_TRAIN_SAFE_INITIAL_VALUE_H_

#include <string>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"

namespace tfpersist {

// Every node between `initial` and a variable is made anew, reading the variable's initialized value instead, so that
// initializers may run in any order. New nodes are named "OLD_v_0" after `variable_name` ("v:0"). A value that depends
// on no variable, or lies in a loop, comes back as it is. Follows RefVariable of python/ops/variables.py.
absl::StatusOr<Output> SafeInitialValue(Graph& graph, Output initial, const std::string& variable_name);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAFE_INITIAL_VALUE_H_
