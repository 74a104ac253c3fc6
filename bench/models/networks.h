// The networks that people deploy, as TensorFlow's own model code writes them and a frozen graph has them.
#ifndef TFPERSIST_BENCH_MODELS_NETWORKS_H_
#define TFPERSIST_BENCH_MODELS_NETWORKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bench/models/model_writer.h"

namespace tfpersist::bench {

struct Network {
  const char* name;
  Value (*build)(ModelWriter& writer);  // ends in the node "output"
  std::vector<int> batches;             // that are timed
  double tolerance;                     // of the output's largest magnitude: float32, summed in another order
};

const std::vector<Network>& Networks();

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_NETWORKS_H_
