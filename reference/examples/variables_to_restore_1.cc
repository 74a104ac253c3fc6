// Document 5.4.1(5), third cell: variables_to_restore makes the map.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  tf::Graph graph(notebook::Options());
  auto v = tf::Variable(graph, 0.0f, "v");

  tf::ExponentialMovingAverage ema(0.99);

  // {"v/ExponentialMovingAverage": v}
  const auto variables = ema.VariablesToRestore(graph);
  Print(absl::StrCat("{",
                     absl::StrJoin(variables, ", ",
                                   [](std::string* out, const auto& entry) {
                                     absl::StrAppend(out, "'", entry.first, "': ", entry.second.DebugString());
                                   }),
                     "}"));

  tf::Saver saver(graph, variables);

  tf::Session sess(graph);
  Check(saver.Restore(sess, "Saved_model/model2.ckpt"));
  Print(notebook::Str(Check(sess.Run(v))));
}
