// Files of the scratch folder (PROTOCOL.md 5): copies, deletions, patches.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/testee/case.h"
#include "reference/testee/patch.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/tensor_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

namespace fs = std::filesystem;

// Python's IOError: a missing file is NOT_FOUND, anything else INVALID_ARGUMENT (PROTOCOL.md 3).
absl::Status FileStatus(const std::error_code& error, const std::string& file) {
  if (!error) return absl::OkStatus();
  const std::string text = absl::StrCat(file, ": ", error.message());
  return error == std::errc::no_such_file_or_directory ? absl::NotFoundError(text) : absl::InvalidArgumentError(text);
}

absl::StatusOr<std::string> ReadAll(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    if (!error && fs::exists(file, error)) return absl::InvalidArgumentError(absl::StrCat(file, ": not a file"));
    return absl::NotFoundError(absl::StrCat(file, ": No such file or directory"));
  }
  std::ifstream in(file, std::ios::binary);
  std::string data((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return absl::InvalidArgumentError(absl::StrCat(file, ": cannot read"));
  return data;
}

absl::Status WriteAll(const std::string& file, const std::string& data) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) {
    return fs::exists(fs::path(file).parent_path()) ? absl::InvalidArgumentError(absl::StrCat(file, ": cannot write"))
                                                    : absl::NotFoundError(absl::StrCat(file, ": no such folder"));
  }
  out << data;
  out.close();
  return out ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat(file, ": cannot write"));
}

absl::StatusOr<Json> DeleteFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  std::error_code error;
  const auto count = fs::remove_all(file, error);
  TFP_RETURN_IF_ERROR(FileStatus(error, file));
  if (count == 0) return absl::NotFoundError(absl::StrCat(file, ": No such file or directory"));
  return nullptr;
}

absl::StatusOr<Json> MkdirVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  std::error_code error;
  const bool made = fs::create_directories(file, error);
  TFP_RETURN_IF_ERROR(FileStatus(error, file));
  if (!made) return absl::InvalidArgumentError(absl::StrCat(file, ": File exists"));
  return nullptr;
}

absl::StatusOr<Json> CopyFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const std::string to, args.String("to"));
  std::error_code error;
  fs::copy_file(file, to, fs::copy_options::overwrite_existing, error);
  TFP_RETURN_IF_ERROR(FileStatus(error, file));
  return nullptr;
}

absl::StatusOr<Json> RenameFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const std::string to, args.String("to"));
  std::error_code error;
  fs::rename(file, to, error);
  TFP_RETURN_IF_ERROR(FileStatus(error, file));
  return nullptr;
}

absl::StatusOr<Json> PatchFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(std::string data, ReadAll(file));
  TFP_RETURN_IF_ERROR(ApplyPatches(args.Get("patch"), &data));
  TFP_RETURN_IF_ERROR(WriteAll(file, data));
  return nullptr;
}

absl::StatusOr<Json> WriteFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  std::string data;
  if (args.Has("hex")) {
    TFP_ASSIGN_OR_RETURN(const std::string hex, args.String("hex"));
    TFP_ASSIGN_OR_RETURN(data, FromHex(hex, "hex"));
  } else {
    TFP_ASSIGN_OR_RETURN(data, args.String("text"));
  }
  TFP_RETURN_IF_ERROR(WriteAll(file, data));
  return nullptr;
}

absl::StatusOr<Json> ListFilesVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string dir, args.String("dir"));
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  TFP_RETURN_IF_ERROR(FileStatus(error, dir));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Json> ReadFileVerb(Case&, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("file"));
  TFP_ASSIGN_OR_RETURN(const std::string data, ReadAll(file));
  return BytesToJson(data);
}

constexpr Verb kVerbs[] = {
    {"delete_file", DeleteFileVerb}, {"mkdir", MkdirVerb},          {"copy_file", CopyFileVerb},
    {"rename_file", RenameFileVerb}, {"patch_file", PatchFileVerb}, {"write_file", WriteFileVerb},
    {"list_files", ListFilesVerb},   {"read_file", ReadFileVerb},
};

}  // namespace

absl::Span<const Verb> FileVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
