// Slots: variables that go with another variable (a moving average's shadow, an optimizer's state).
// Follows training/slot_creator.py of 1.11.0, its naming of partitioned slots included (G07, G15, G16).
#ifndef TFPERSIST_REFERENCE_TRAIN_SLOT_CREATOR_H_
#define TFPERSIST_REFERENCE_TRAIN_SLOT_CREATOR_H_

#include <string>

#include "absl/status/statusor.h"
#include "reference/train/nodes.h"
#include "reference/train/variable.h"

namespace tfpersist {

// Adds what `with ops.colocate_with(variable)` does before it opens the scope: a resource variable is read for it (two
// nodes). Returns the node to colocate with.
absl::StatusOr<Node*> ColocationNode(const Variable& variable);

// A variable "PRIMARY/NAME" that starts as `value`, not trainable, beside the primary, a resource if that is one.
absl::StatusOr<Variable> CreateSlot(const Variable& primary, Output value, const std::string& name);
// The same for a tensor's slot: starts at zero, stands where it likes.
absl::StatusOr<Variable> CreateZerosSlot(Output primary, const std::string& name);

// array_ops.zeros: a Const, or a Fill for a shape that is not known or has 1000 elements and more.
absl::StatusOr<Output> Zeros(Graph& graph, const TensorShape& shape, DataType dtype);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SLOT_CREATOR_H_
