// What a saver's save ops write, taken from the session ahead of the writing: the snapshot of an asynchronous save.
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVE_PLAN_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/runtime/direct_session.h"

namespace tfpersist {

// The value of every tensor that the ops behind `save_tensor` save, read in one run: fed to the run of `save_tensor`,
// they are what is written, whatever the variables hold by then. They share the variables' memory; a variable that
// changes meanwhile leaves the old memory to the snapshot.
absl::StatusOr<std::vector<DirectSession::NamedFeed>> TakeSnapshot(DirectSession& session,
                                                                   const std::string& save_tensor);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVE_PLAN_H_
