// Document 5.4.1(4), first cell: variables under other names are not in the checkpoint.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  // Mind the names.
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "other-v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "other-v2");
  auto result = v1 + v2;

  tf::Saver saver(graph);

  tf::Session sess(graph);
  Check(saver.Restore(sess, "Saved_model/model.ckpt"));
  Print(notebook::Str(Check(sess.Run(result))));
}
