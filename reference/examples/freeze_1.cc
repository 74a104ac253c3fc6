// Document 5.4.1(6), first cell: variables become constants, and graph and values go to one file.
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;

int main() {
  tf::Graph graph(notebook::Options());
  auto v1 = tf::Variable(graph, tf::Constant(graph, 1.0f, {1}), "v1");
  auto v2 = tf::Variable(graph, tf::Constant(graph, 2.0f, {1}), "v2");
  auto result = v1 + v2;
  (void)result;

  tf::Session sess(graph);
  Check(sess.Run(tf::GlobalVariablesInitializer(graph)));

  // The GraphDef alone is enough to get from inputs to outputs.
  auto graph_def = graph.ToGraphDef();
  // Variables become constants; what "add" does not need is left out. "add" is a node, "add:0" its tensor.
  auto output_graph_def = Check(tf::ConvertVariablesToConstants(sess, graph_def, {"add"}));
  Check(tf::WriteGraphDef(output_graph_def, "Saved_model/combined_model.pb"));
}
