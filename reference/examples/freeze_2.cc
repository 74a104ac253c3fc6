// Document 5.4.1(6), second cell: running the frozen graph.
#include "absl/strings/str_cat.h"
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  tf::Session sess(graph);
  auto graph_def = Check(tf::ReadGraphDef("Saved_model/combined_model.pb"));

  // "add:0": the tensor, where freezing named the node.
  tf::ImportOptions options;
  options.return_elements = {"add:0"};
  auto imported = Check(tf::ImportGraphDef(graph, graph_def, options));
  Print(absl::StrCat("[", notebook::Repr(Check(sess.Run(imported.elements[0].output()))), "]"));
}
