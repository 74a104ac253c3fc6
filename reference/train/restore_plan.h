// Restoring all or nothing: what a saver's restore op reads and assigns, found in the graph.
#ifndef TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_
#define TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "reference/runtime/direct_session.h"

namespace tfpersist {

// Runs `restore_op` with `prefix` fed to `filename_tensor`, in two steps: every tensor is read from the checkpoint and
// compared with the shape of the variable that is to take it; only then are they assigned. So a missing key, a damaged
// file or a wrong shape leaves every variable as it was. Errors are those of the kernels, as one run would give them; a
// resource variable, which takes any shape in TensorFlow (C12), is held to its static shape with Assign's message.
absl::Status RunRestore(DirectSession& session, const std::string& filename_tensor, const std::string& restore_op,
                        const std::string& prefix);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_
