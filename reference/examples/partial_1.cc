// Document 5.4.1(3): a saver for v1 alone leaves v2 uninitialized, and reading it fails.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v2");
  auto result = v1 + v2;

  tf::Saver saver(graph, {v1});

  tf::Session sess(graph);
  Check(saver.Restore(sess, "Saved_model/model.ckpt"));
  Print(notebook::Str(Check(sess.Run(result))));
}
