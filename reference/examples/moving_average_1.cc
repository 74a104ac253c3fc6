// Document 5.4.1(5), first cell: saving a variable and its moving average.
#include "absl/strings/str_cat.h"
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto v = tf::Variable(graph, 0.0f, "v");
  // Without a moving average there is one variable: this prints "v:0".
  for (const auto& variable : tf::GlobalVariables(graph)) Print(variable.name());

  tf::ExponentialMovingAverage ema(0.99);
  auto maintain_averages_op = Check(ema.Apply(tf::GlobalVariables(graph)));
  // The average brought a shadow variable: "v:0" and "v/ExponentialMovingAverage:0".
  for (const auto& variable : tf::GlobalVariables(graph)) Print(variable.name());

  tf::Saver saver(graph);
  tf::Session sess(graph);
  Check(sess.Run(tf::GlobalVariablesInitializer(graph)));

  Check(sess.Run(tf::Assign(v, 10.0f)));
  Check(sess.Run(maintain_averages_op));
  // Both variables are saved.
  Check(saver.Save(sess, "Saved_model/model2.ckpt"));
  const auto values = Check(sess.Run({}, {v, ema.Average(v)}, {}));
  Print(absl::StrCat("[", notebook::Repr(values[0]), ", ", notebook::Repr(values[1]), "]"));
}
