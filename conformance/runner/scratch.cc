#include "conformance/runner/scratch.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"
#include "conformance/runner/patch.h"

namespace tfpersist::conform {
namespace fs = std::filesystem;
namespace {

absl::Status AddGolden(const fs::path& golden, const std::string& name, const std::string& target,
                       std::map<std::string, std::string>& files) {
  if (!StaysInside(name)) return absl::InvalidArgumentError(absl::StrCat("golden:", name, " leaves the golden folder"));
  const fs::path source = golden / name;
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    absl::StatusOr<std::string> bytes = ReadFile(source);
    if (!bytes.ok())
      return absl::NotFoundError(absl::StrCat("no golden file ", source.string(), "; name the folder with --golden"));
    files[target] = *std::move(bytes);
    return absl::OkStatus();
  }
  for (fs::recursive_directory_iterator it(source, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file()) continue;
    absl::StatusOr<std::string> bytes = ReadFile(it->path());
    if (!bytes.ok()) return bytes.status();
    files[target + "/" + it->path().lexically_relative(source).string()] = *std::move(bytes);
  }
  if (error) return absl::NotFoundError(absl::StrCat("can't read ", source.string(), ": ", error.message()));
  return absl::OkStatus();
}

absl::Status AddSource(const fs::path& golden, const std::string& target, const Json& source,
                       std::map<std::string, std::string>& files) {
  if (source.is_string() && source.get<std::string>().rfind("golden:", 0) == 0) {
    return AddGolden(golden, source.get<std::string>().substr(7), target, files);
  }
  if (source.is_object() && source.contains("text")) {
    files[target] = StringOr(source, "text");
    return absl::OkStatus();
  }
  if (source.is_object() && source.contains("hex")) {
    absl::StatusOr<std::string> bytes = FromHex(StringOr(source, "hex"));
    if (!bytes.ok()) return bytes.status();
    files[target] = *std::move(bytes);
    return absl::OkStatus();
  }
  if (source.is_object() && source.contains("golden")) {
    if (absl::Status s = AddGolden(golden, StringOr(source, "golden"), target, files); !s.ok()) return s;
    if (!source.contains("patch")) return absl::OkStatus();
    const auto file = files.find(target);
    if (file == files.end())
      return absl::InvalidArgumentError(absl::StrCat(target, ": only a file can be patched, not a folder"));
    for (const Json& patch : source["patch"]) {
      if (absl::Status s = ApplyPatch(patch, file->second); !s.ok()) {
        return absl::Status(s.code(), absl::StrCat(target, ": ", s.message()));
      }
    }
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("files: no such source: ", Dump(source)));
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> FilesOf(const Json& case_json, const fs::path& golden) {
  std::map<std::string, std::string> files;
  if (!case_json.contains("files")) return files;
  for (const auto& [target, source] : case_json["files"].items()) {
    if (!StaysInside(target))
      return absl::InvalidArgumentError(absl::StrCat("files: ", target, " leaves the scratch folder"));
    if (absl::Status s = AddSource(golden, target, source, files); !s.ok()) return s;
  }
  return files;
}

absl::StatusOr<std::string> CaseHash(const Json& case_json, const fs::path& golden) {
  std::string text = Canonical(case_json);
  for (const std::string& name : GoldensOf(case_json)) {
    std::map<std::string, std::string> files;
    if (absl::Status s = AddGolden(golden, name, name, files); !s.ok()) return s;
    for (const auto& [path, bytes] : files) absl::StrAppend(&text, "\n", path, " ", Sha256(bytes));
  }
  return Sha256(text);
}

absl::StatusOr<Scratch> Scratch::Make(fs::path golden, bool keep) {
  const char* base = getenv("TMPDIR");
  std::string name = absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/tfpersist-conform-XXXXXX");
  if (mkdtemp(name.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("can't make a scratch folder ", name, ": ", strerror(errno),
                                               "; set TMPDIR to a folder that can be written"));
  }
  return Scratch(fs::absolute(name), std::move(golden), keep);
}

Scratch::Scratch(fs::path root, fs::path golden, bool keep)
    : root_(std::move(root)), golden_(std::move(golden)), keep_(keep) {}
Scratch::Scratch(Scratch&& other) noexcept
    : root_(std::exchange(other.root_, {})), golden_(std::move(other.golden_)), keep_(other.keep_) {}
Scratch::~Scratch() {
  if (!root_.empty()) Remove(root_);
}

absl::StatusOr<fs::path> Scratch::Prepare(const Case& one, int serial) const {
  absl::StatusOr<std::map<std::string, std::string>> files = FilesOf(one.json, golden_);
  if (!files.ok()) return files.status();
  std::string name = absl::StrCat(serial, "_", one.id);
  for (char& c : name) {
    if (c == '/') c = '.';
  }
  const fs::path folder = root_ / name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::UnavailableError(absl::StrCat("can't make ", folder.string(), ": ", error.message()));
  for (const auto& [path, bytes] : *files) {
    if (absl::Status s = WriteFile(folder / path, bytes); !s.ok()) return s;
  }
  return folder;
}

void Scratch::Remove(const fs::path& folder) const {
  if (keep_) return;
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) {
    // A case may have taken the write permission of a folder away.
    std::error_code ignored;
    for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, ignored), end;
         !ignored && it != end; it.increment(ignored)) {
      if (it->is_directory()) fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
    fs::remove_all(folder, error);
  }
}

}  // namespace tfpersist::conform
