// A model from its file, in a session, with its variables restored: what freeze and run begin with.
#ifndef TFPERSIST_REFERENCE_CLI_MODEL_H_
#define TFPERSIST_REFERENCE_CLI_MODEL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "reference/tfpersist.h"

namespace tfpersist::cli {

struct ModelOptions {
  std::string path;        // .pb, .pbtxt, .meta, .json, or a SavedModel folder
  std::string checkpoint;  // empty: a SavedModel's own, else none
  bool clear_devices = false;
  int threads = 0;
  bool cuda = false;  // SessionOptions::cuda_devices
  // For models that nobody vouches for; as in SessionOptions, 0: none.
  Limits limits;
  int64_t timeout_in_ms = 0;
  int64_t max_bytes = 0;
};

struct Model {
  std::unique_ptr<Graph> graph;
  std::unique_ptr<Session> session;
};

// Restores with the graph's own saver where it has one, else by the variables' names; then runs a SavedModel's
// initializer of tables (its main op), if it has one.
absl::StatusOr<std::unique_ptr<Model>> LoadModel(const ModelOptions& options);

}  // namespace tfpersist::cli

#endif  // TFPERSIST_REFERENCE_CLI_MODEL_H_
