// Document 5.4.1(2), second cell: loading the graph too.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto saver = Check(tf::ImportMetaGraph(graph, "Saved_model/model.ckpt.meta"));

  tf::Session sess(graph);
  Check(saver->Restore(sess, "Saved_model/model.ckpt"));
  // A tensor by its name.
  Print(notebook::Str(Check(sess.Run(Check(graph.FindTensor("add:0"))))));
}
