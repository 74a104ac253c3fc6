// Document 5.4.1(5), second cell: the average's value, loaded into the variable by renaming.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto v = tf::Variable(graph, 0.0f, "v");

  tf::Saver saver(graph, {{"v/ExponentialMovingAverage", v}});

  tf::Session sess(graph);
  Check(saver.Restore(sess, "Saved_model/model2.ckpt"));
  Print(notebook::Str(Check(sess.Run(v))));
}
