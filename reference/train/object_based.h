// Checkpoints that tf.train.Checkpoint wrote: variables found by the names that they had then (C06, C07).
#ifndef TFPERSIST_REFERENCE_TRAIN_OBJECT_BASED_H_
#define TFPERSIST_REFERENCE_TRAIN_OBJECT_BASED_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/train/saveable.h"

namespace tfpersist {

// From a variable's name to its key, as the checkpoint's object graph has it. NOT_FOUND: the checkpoint holds no
// objects.
absl::StatusOr<std::map<std::string, std::string>> ObjectGraphKeys(const std::string& prefix);

// The same saveables under the checkpoint's keys. NOT_FOUND naming the first one that it lacks.
absl::StatusOr<VarList> RenamedByObjectGraph(const std::vector<std::shared_ptr<const SaveableObject>>& saveables,
                                             const std::map<std::string, std::string>& keys);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_OBJECT_BASED_H_
