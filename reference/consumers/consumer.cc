// v1 of a checkpoint:  consumer PREFIX
#include <iostream>

#include "reference/tfpersist.h"

int main(int, char** argv) {
  const auto reader = tfpersist::CheckpointReader::Open(argv[1]);
  if (!reader.ok()) return std::cerr << reader.status() << "\n", 1;
  const absl::StatusOr<tfpersist::Tensor> v1 = (*reader)->GetTensor("v1");
  if (!v1.ok()) return std::cerr << v1.status() << "\n", 1;
  std::cout << v1->flat<float>()[0] << "\n";
}
