// The folder in which a case runs: golden files, patched files and texts laid out as the case's `files` says.
// One Scratch may be used by several threads; each case's folder is its own.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_SCRATCH_H_
#define TFPERSIST_CONFORMANCE_RUNNER_SCRATCH_H_

#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "conformance/runner/case.h"

namespace tfpersist::conform {

// The bytes of every file that a case starts with, by path inside the scratch folder. Golden files are always copied,
// never linked: a case may write to them.
absl::StatusOr<std::map<std::string, std::string>> FilesOf(const Json& case_json, const std::filesystem::path& golden);

// SHA-256 of the case's canonical JSON, expectations included, and of its golden files: changes whenever a verdict may.
absl::StatusOr<std::string> CaseHash(const Json& case_json, const std::filesystem::path& golden);

class Scratch {
 public:
  // Makes a folder under $TMPDIR (default /tmp). Removed by the destructor unless `keep`.
  static absl::StatusOr<Scratch> Make(std::filesystem::path golden, bool keep);
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();

  // A fresh folder for the case with its files. `serial` makes the name unique.
  absl::StatusOr<std::filesystem::path> Prepare(const Case& one, int serial) const;
  // Removes that folder, unless kept.
  void Remove(const std::filesystem::path& folder) const;

  const std::filesystem::path& root() const { return root_; }
  const std::filesystem::path& golden() const { return golden_; }

 private:
  Scratch(std::filesystem::path root, std::filesystem::path golden, bool keep);
  std::filesystem::path root_, golden_;
  bool keep_;
};

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_SCRATCH_H_
