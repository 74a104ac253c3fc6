// Whole-file reading and writing, and SHA-256: what the runner needs of files. Stateless; any thread may call.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_FILES_H_
#define TFPERSIST_CONFORMANCE_RUNNER_FILES_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist::conform {

// The file's bytes. NOT_FOUND where it can't be opened; RESOURCE_EXHAUSTED above 1 GiB.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);

// Writes to a file beside it and renames: a reader sees the old content or the new one. Makes missing folders.
absl::Status WriteFile(const std::filesystem::path& path, absl::string_view bytes);

// FIPS 180-4, as 64 lower-case hex digits.
std::string Sha256(absl::string_view bytes);

// "00ff" -> two bytes. INVALID_ARGUMENT on an odd length or another character.
absl::StatusOr<std::string> FromHex(absl::string_view hex);

// A relative path that stays in its folder: not empty, not absolute, no "..".
bool StaysInside(absl::string_view path);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_FILES_H_
