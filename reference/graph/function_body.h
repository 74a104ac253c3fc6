// A library function as a graph of its own: what one call of it runs.
// Follows core/framework/function.cc (InstantiateFunction).
#ifndef TFPERSIST_REFERENCE_GRAPH_FUNCTION_BODY_H_
#define TFPERSIST_REFERENCE_GRAPH_FUNCTION_BODY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"

namespace tfpersist {

struct FunctionBody {
  std::unique_ptr<Graph> graph;  // knows the caller's library, so that a body may call on
  std::vector<Output> args;      // placeholders, in the signature's order
  std::vector<Output> rets;      // in the signature's order
  std::vector<Node*> targets;    // what runs although no result needs it: control outputs and stateful nodes
};

// The function that `node` calls: its op's own name, or the attr "f" of PartitionedCall and its like. Empty: none.
std::string CalledFunction(const Node& node);

// The body of the function that `call` names, with the call's attrs in the place of the body's parameters.
// NOT_FOUND without such a function; INVALID_ARGUMENT where the definition does not fit together; UNIMPLEMENTED for
// arguments that are lists.
absl::StatusOr<FunctionBody> InstantiateFunction(const Node& call);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_FUNCTION_BODY_H_
