// The kernel of a node that calls a library function: a plan of the function's body, run on the caller's device.
//
// The body is instantiated and compiled when the kernel is made, and with it those of the functions that it calls. A
// graph is untrusted: nesting is bounded by Limits::max_nesting, and all bodies together by Limits::max_graph_nodes.
#ifndef TFPERSIST_REFERENCE_RUNTIME_FUNCTION_CALL_H_
#define TFPERSIST_REFERENCE_RUNTIME_FUNCTION_CALL_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "reference/graph/graph.h"
#include "reference/op/kernel_registry.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// What the bodies of one session may still take.
struct FunctionBudget {
  int64_t nodes;
  int depth;
};

// True if `node` calls a function, of the graph's library or not.
bool IsFunctionCall(const Node& node);

// `registry`, `device` and `budget` outlive the kernel's making, the first two the kernel. RESOURCE_EXHAUSTED for a
// function that calls itself; else the errors of InstantiateFunction and Plan::Compile.
absl::StatusOr<std::unique_ptr<OpKernel>> MakeFunctionCall(const Node& node, const KernelRegistry& registry,
                                                           Device* device, FunctionBudget* budget);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_FUNCTION_CALL_H_
