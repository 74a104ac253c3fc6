// Import of a large GraphDef into whatever exports TensorFlow's C API:  models_import_tensorflow FILE LIBRARY…
#include <cstdlib>

#include "bench/common/tensorflow.h"
#include "bench/models/import_graph.h"

int main(int argc, char** argv) {
  using namespace tfpersist::bench;
  if (argc < 3) return 2;
  const std::string bytes = ReadFile(argv[1]);
  TensorFlow tf(std::vector<std::string>(argv + 2, argv + argc));
  MeasureImport(tf.version(), [&] { tf.Import(bytes, 1); });
  tf.operation("layer_0/node_99999");
}
