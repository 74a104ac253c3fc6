// Document 5.4.1(1), second cell: what a checkpoint holds.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/examples/notebook.h"

namespace tf = tfpersist;
using notebook::Check;
using notebook::Print;

int main() {
  auto reader = Check(tf::CheckpointReader::Open("Saved_model/model.ckpt"));
  // From each variable's name to its shape.
  for (const auto& [name, shape] : reader->variable_to_shape_map()) {
    Print(absl::StrCat(name, " [", absl::StrJoin(shape.dims(), ", "), "]"));
  }
  Print(absl::StrCat("Value for variable v1 is  ", notebook::Str(Check(reader->GetTensor("v1")))));
}
