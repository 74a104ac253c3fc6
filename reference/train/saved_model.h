// What a SavedModel wants before it is used: its variables restored, its tables initialized, its assets found. Follows
// cc/saved_model/loader.cc.
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "reference/graph/graph.h"
#include "reference/runtime/direct_session.h"
#include "reference/train/saver.h"

namespace tensorflow {
class MetaGraphDef;
}

namespace tfpersist {

// `prefix`: where the variables are; empty: `folder`/variables/variables, where that exists. `saver`: the one that the
// import of `meta` gave; none: nothing is restored. Asset tensors are fed with their files' paths in `folder`/assets.
// NOT_FOUND where an op or a tensor that `meta` names is not in the graph.
absl::Status InitializeSavedModel(Graph& graph, DirectSession& session, const tensorflow::MetaGraphDef& meta,
                                  std::optional<Saver>& saver, const std::string& folder,
                                  const std::string& prefix = "");

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_
