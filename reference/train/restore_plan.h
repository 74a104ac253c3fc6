// Restoring all or nothing: what a saver's restore op reads and assigns, found in the graph.
#ifndef TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_
#define TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "reference/base/mutex.h"
#include "reference/runtime/direct_session.h"

namespace tfpersist {

// A saver's restore op. Run() works in two steps: every tensor is read from the checkpoint and compared with the shape
// of the variable that is to take it; only then are they assigned. So a missing key, a damaged file or a wrong shape
// leaves every variable as it was. Errors are those of the kernels, as one run would give them; a resource variable,
// which takes any shape in TensorFlow (C12), is held to its static shape with Assign's message.
//
// What is found in `graph` is kept until it grows. Thread-safe.
class RestorePlan {
 public:
  RestorePlan(const Graph& graph, std::string filename_tensor, std::string restore_op);
  ~RestorePlan();

  // Runs it with `prefix` fed to the filename tensor.
  absl::Status Run(DirectSession& session, const std::string& prefix);

 private:
  struct Found;

  // The errors of a graph without such names.
  absl::StatusOr<std::shared_ptr<const Found>> FindIn(Graph& graph);

  const Graph& graph_;
  const std::string filename_tensor_, restore_op_;
  Mutex mu_;
  std::shared_ptr<const Found> found_ ABSL_GUARDED_BY(mu_);  // in graph_
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_RESTORE_PLAN_H_
