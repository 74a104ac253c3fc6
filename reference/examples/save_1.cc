// Document 5.4.1(1), first cell: saving a model.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;

int main() {
  tf::Graph graph(notebook::Options());
  // Declare two variables and compute their sum.
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v2");
  auto result = v1 + v2;
  (void)result;

  auto init_op = tf::GlobalVariablesInitializer(graph);
  tf::Saver saver(graph);

  tf::Session sess(graph);
  Check(sess.Run(init_op));
  Check(saver.Save(sess, "Saved_model/model.ckpt"));
}
