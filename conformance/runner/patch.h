// The patches of PROTOCOL.md section 2, on the bytes of one file. Stateless; any thread may call.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_PATCH_H_
#define TFPERSIST_CONFORMANCE_RUNNER_PATCH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "conformance/runner/json.h"

namespace tfpersist::conform {

// CRC-32C (Castagnoli), and the form that tables store: rotated right by 15 bits plus 0xa282ead8.
uint32_t Crc32c(absl::string_view bytes);
uint32_t MaskedCrc32c(absl::string_view bytes);

// Applies one patch ({"at", "xor"|"write"}, {"truncate"}, {"append"}, {"recrc": "blocks"}). INVALID_ARGUMENT on another
// shape, OUT_OF_RANGE where it reaches outside the bytes.
absl::Status ApplyPatch(const Json& patch, std::string& bytes);

// Recomputes the checksum of every block of a table that its footer and its index lead to. INVALID_ARGUMENT where there
// is no footer to start from or a handle leads outside the file; an index whose entries don't parse is followed as far
// as they do.
absl::Status RecomputeBlockChecksums(std::string& bytes);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_PATCH_H_
