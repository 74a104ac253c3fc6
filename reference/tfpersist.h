// The whole library in one header, and the session that knows every kernel of it.
//
//   namespace tf = tfpersist;
//   tf::Graph graph;
//   auto v = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v");
//   tf::Saver saver(graph);
//   tf::Session sess(graph);
//   auto restored = saver.Restore(sess, "Saved_model/model.ckpt");
//   absl::StatusOr<tf::Tensor> value = sess.Run(v);
#ifndef TFPERSIST_REFERENCE_TFPERSIST_H_
#define TFPERSIST_REFERENCE_TFPERSIST_H_

#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/graph/graph.h"
#include "reference/graph/graph_io.h"
#include "reference/graph/import.h"
#include "reference/graph/meta_graph.h"
#include "reference/graph/ops.h"
#include "reference/runtime/direct_session.h"
#include "reference/train/moving_averages.h"
#include "reference/train/saver.h"
#include "reference/train/variable.h"
#include "reference/train/variable_scope.h"
#include "reference/transform/convert_variables_to_constants.h"
#include "reference/transform/extract_sub_graph.h"
#include "reference/transform/remove_training_nodes.h"

namespace tfpersist {

namespace internal {
// A base before DirectSession, so that the kernels are there when the session is made and until it is gone.
struct Kernels {
  Kernels();
  KernelRegistry kernels;
};
}  // namespace internal

// A DirectSession with the kernels of kernels/kernels.h and, built with CUDA, of kernels/cuda_kernels.h. Threads and
// errors as there.
class Session : private internal::Kernels, public DirectSession {
 public:
  explicit Session(Graph& graph, SessionOptions options = {});
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TFPERSIST_H_
