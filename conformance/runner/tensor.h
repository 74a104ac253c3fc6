// Tensors in the notation of PROTOCOL.md section 4, decoded to bits, and their comparison. The runner's own decoder: it
// shares no code with any implementation under test. Stateless; any thread may call.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_TENSOR_H_
#define TFPERSIST_CONFORMANCE_RUNNER_TENSOR_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "conformance/runner/json.h"

namespace tfpersist::conform {

struct DecodedTensor {
  std::string dtype;           // TensorFlow's name in Python: float32, qint8, string, …
  std::vector<int64_t> shape;  // sizes, outermost first
  // Row-major. Numbers: one entry per element, two (real, imaginary) for complex, in the low bits. A single element
  // stands for all where `repeats`.
  std::vector<uint64_t> bits;
  std::vector<std::string> strings;  // dtype string
  bool repeats = false;
  int64_t elements() const;
};

// How floats may differ; everything else is always compared exactly.
struct Tolerance {
  std::optional<double> ulp, rel, abs;
  bool exact() const { return !ulp && !rel && !abs; }
  // Not null: raised to the largest distance seen between finite floats that are let pass, in units in the last place.
  double* largest_ulp = nullptr;
};

// Whether the JSON is a tensor: an object with dtype and values, or with npy.
bool IsTensor(const Json& json);

// Decodes; `folder` is where npy files lie. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<DecodedTensor> DecodeTensor(const Json& json, const std::filesystem::path& folder);

// Empty where `got` is what was expected; else the first difference in words, bits included.
std::string CompareTensors(const DecodedTensor& expected, const DecodedTensor& got, const Tolerance& tolerance);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_TENSOR_H_
