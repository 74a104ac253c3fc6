// The verdict on an answer: its steps against `expect` and `expect_on`, the scratch folder against `after` (PROTOCOL.md
// sections 2 to 4). Stateless; any thread may call.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_JUDGE_H_
#define TFPERSIST_CONFORMANCE_RUNNER_JUDGE_H_

#include <filesystem>
#include <string>

#include "conformance/runner/case.h"
#include "conformance/runner/tensor.h"

namespace tfpersist::conform {

// Empty where the values are equal; else the first difference and the path to it. Tensors compare as tensors, members
// in any order.
std::string CompareValues(const Json& expected, const Json& got, const Tolerance& tolerance,
                          const std::filesystem::path& folder);

// Empty where the step's answer holds against its expectations for a testee that behaves as `version`. largest_ulp: as
// in Tolerance.
std::string JudgeStep(const Json& step, const Json& answer, const std::string& version,
                      const std::filesystem::path& folder, double* largest_ulp = nullptr);

// Empty where the whole answer holds; else the first difference: step number, verb, what was expected and what came.
std::string JudgeAnswer(const Case& one, const Json& answer, const std::string& version,
                        const std::filesystem::path& folder, const std::filesystem::path& golden,
                        double* largest_ulp = nullptr);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_JUDGE_H_
