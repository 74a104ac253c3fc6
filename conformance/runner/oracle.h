// The oracle's records: what real TensorFlow answered, one file per version (conformance/oracle/<version>.json).
#ifndef TFPERSIST_CONFORMANCE_RUNNER_ORACLE_H_
#define TFPERSIST_CONFORMANCE_RUNNER_ORACLE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "conformance/runner/results.h"

namespace tfpersist::conform {

// Writes the results into the record `path`, on top of what it holds of other cases; entries without a case leave.
absl::Status UpdateOracleRecord(const RunResults& results, const std::vector<Case>& all,
                                const std::filesystem::path& golden, const std::string& path);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_ORACLE_H_
