// What a SavedModel wants before it is used, beside its import: where its variables are, and its tables initialized.
// Follows cc/saved_model/loader.cc.
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_

#include <string>

#include "absl/status/status.h"
#include "reference/graph/graph.h"
#include "reference/runtime/direct_session.h"

namespace tensorflow {
class MetaGraphDef;
}

namespace tfpersist {

// The prefix of its variables: `folder`/variables/variables; empty where there are none.
std::string SavedModelVariables(const std::string& folder);

// Runs what `meta` names to be run once its variables have their values, if anything, with asset tensors fed as their
// files' paths in `folder`/assets. NOT_FOUND where an op or a tensor that it names is not in the graph.
absl::Status InitializeSavedModel(Graph& graph, DirectSession& session, const tensorflow::MetaGraphDef& meta,
                                  const std::string& folder);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVED_MODEL_H_
