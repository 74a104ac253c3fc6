// Document 5.4.1(2), first cell: loading a model into a graph that is declared again.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v2");
  auto result = v1 + v2;

  tf::Saver saver(graph);

  tf::Session sess(graph);
  // The saved values take the place of initialization.
  Check(saver.Restore(sess, "Saved_model/model.ckpt"));
  Print(notebook::Str(Check(sess.Run(result))));
}
