// The JSON type that the runner uses everywhere: members keep the order of their file, so that a case is sent and shown
// as it was written.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_JSON_H_
#define TFPERSIST_CONFORMANCE_RUNNER_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist::conform {

using Json = nlohmann::ordered_json;

// Parses one JSON text. INVALID_ARGUMENT names the position, or a member that is given twice in one object, or nesting
// deeper than 64.
absl::StatusOr<Json> ParseJson(absl::string_view text);

// One line of JSON. Bytes that are not UTF-8 are replaced, never thrown at.
std::string Dump(const Json& value);

// The same value in a form that doesn't depend on the order of members or on spaces; what a hash is taken of.
std::string Canonical(const Json& value);

// The member as a string, or `fallback` where it is absent or no string.
std::string StringOr(const Json& object, const char* key, absl::string_view fallback = "");

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_JSON_H_
