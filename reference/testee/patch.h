// Patches of a case's file (PROTOCOL.md 2): {"at", "xor" | "write"}, {"truncate"}, {"append"}, {"recrc": "blocks"}.
#ifndef TFPERSIST_REFERENCE_TESTEE_PATCH_H_
#define TFPERSIST_REFERENCE_TESTEE_PATCH_H_

#include <string>

#include "absl/status/status.h"
#include "reference/testee/args.h"

namespace tfpersist::testee {

// Applies the list in order. INVALID_ARGUMENT where a patch does not fit the data.
absl::Status ApplyPatches(const Json& patches, std::string* data);

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_PATCH_H_
