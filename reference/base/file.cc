#include "reference/base/file.h"

#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

bool HasWildcard(absl::string_view s) { return s.find_first_of("*?[\\") != absl::string_view::npos; }

// Eight hex digits that tell this host from others.
std::string HostTag() {
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, HOST_NAME_MAX);
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char* c = name; *c != 0; ++c) hash = (hash ^ static_cast<uint8_t>(*c)) * 16777619u;
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad8));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryLock>> FileSystem::LockDirectory(const std::string&) {
  return std::make_unique<DirectoryLock>();
}

// Unique among the writers that share a file system: the host, the process, and a count within it.
std::string UniqueTempSuffix(absl::string_view begin) {
  static std::atomic<uint64_t> count{0};
  return absl::StrCat(begin, "-", HostTag(), ".", getpid(), ".", count.fetch_add(1));
}

bool IsOrphanedTemp(absl::string_view name) {
  const std::string mark = absl::StrCat("-", HostTag(), ".");
  const size_t at = name.rfind(mark);
  if (at == absl::string_view::npos) return false;
  const absl::string_view kind = name.substr(0, at);
  if (!absl::EndsWith(kind, ".tmp") && !absl::EndsWith(kind, ".tempstate")) return false;
  const std::pair<absl::string_view, absl::string_view> rest =
      absl::StrSplit(name.substr(at + mark.size()), absl::MaxSplits('.', 1));
  int64_t pid = 0;
  uint64_t count = 0;
  if (!absl::SimpleAtoi(rest.first, &pid) || pid <= 0 || !absl::SimpleAtoi(rest.second, &count)) return false;
  return kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

absl::string_view Dirname(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return "";
  absl::string_view head = path.substr(0, slash + 1);
  const size_t end = head.find_last_not_of('/');
  return end == absl::string_view::npos ? head : head.substr(0, end + 1);
}

absl::string_view Basename(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

bool IsAbsolutePath(absl::string_view path) { return !path.empty() && path[0] == '/'; }

std::string JoinPath(absl::string_view dir, absl::string_view name) {
  if (dir.empty() || IsAbsolutePath(name)) return std::string(name);
  return absl::StrCat(dir, dir.back() == '/' ? "" : "/", name);
}

bool FileExists(FileSystem* fs, const std::string& file) { return fs->Stat(file).ok(); }

absl::Status CreateDirectories(FileSystem* fs, const std::string& dir) {
  if (dir.empty()) return absl::OkStatus();
  absl::StatusOr<FileStat> stat = fs->Stat(dir);
  if (stat.ok() && stat->is_directory) return absl::OkStatus();
  if (const std::string parent(Dirname(dir)); parent != dir) TFP_RETURN_IF_ERROR(CreateDirectories(fs, parent));
  absl::Status made = fs->CreateDirectory(dir);
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

absl::StatusOr<std::string> ReadWholeFile(FileSystem* fs, const std::string& file, int64_t max_bytes) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> in, fs->OpenForRead(file));
  if (in->size() > static_cast<uint64_t>(max_bytes)) {
    return absl::ResourceExhaustedError(
        absl::StrCat(file, " has ", in->size(), " bytes; at most ", max_bytes, " are read (see Limits)"));
  }
  std::string content(in->size(), '\0');
  TFP_RETURN_IF_ERROR(in->Read(0, content.size(), &content[0]));
  return content;
}

absl::StatusOr<std::vector<std::string>> GetMatchingFiles(FileSystem* fs, const std::string& pattern) {
  std::vector<std::string> found;
  if (!HasWildcard(pattern)) {
    if (FileExists(fs, pattern)) {
      found.push_back(pattern);
      return found;
    }
    const std::string dir(Dirname(pattern));
    if (!dir.empty() && !FileExists(fs, dir)) {
      // TensorFlow lists the folder, and says which level is missing.
      return fs->List(dir).status();
    }
    return found;
  }
  const std::string dir(Dirname(pattern));
  std::vector<std::string> folders = {dir};
  if (HasWildcard(dir)) {
    TFP_ASSIGN_OR_RETURN(folders, GetMatchingFiles(fs, dir));
  }
  const std::string base(Basename(pattern));
  for (const std::string& folder : folders) {
    absl::StatusOr<std::vector<std::string>> names = fs->List(folder);
    if (!names.ok()) {
      if (folders.size() == 1 && !HasWildcard(dir)) return names.status();
      continue;
    }
    for (const std::string& name : *names) {
      if (fnmatch(base.c_str(), name.c_str(), FNM_PATHNAME) == 0) {
        found.push_back(folder.empty() ? name : absl::StrCat(folder, folder == "/" ? "" : "/", name));
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(FileSystem* fs, std::string file, WriteOptions options,
                                                               absl::string_view temp_suffix) {
  std::string temp = absl::StrCat(file, UniqueTempSuffix(temp_suffix));
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> out, fs->Create(temp));
  std::unique_ptr<AtomicFile> result(new AtomicFile(fs, std::move(file), std::move(temp), options));
  result->out_ = std::move(out);
  return result;
}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  out_.reset();
  fs_->Delete(temp_).IgnoreError();  // what was there before stays; nothing more can be done here
}

absl::Status AtomicFile::Append(absl::string_view data) {
  TFP_RETURN_IF_ERROR(out_->Append(data));
  size_ += data.size();
  return absl::OkStatus();
}

absl::Status AtomicFile::Finish() {
  if (finished_) return absl::OkStatus();
  if (options_.durable) TFP_RETURN_IF_ERROR(out_->Sync());
  TFP_RETURN_IF_ERROR(out_->Close());
  finished_ = true;
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  TFP_RETURN_IF_ERROR(Finish());
  TFP_RETURN_IF_ERROR(fs_->Rename(temp_, file_));
  committed_ = true;
  if (options_.durable) TFP_RETURN_IF_ERROR(fs_->SyncDirectory(std::string(Dirname(file_))));
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(FileSystem* fs, const std::string& file, absl::string_view data,
                                 WriteOptions options) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> out, AtomicFile::Create(fs, file, options));
  TFP_RETURN_IF_ERROR(out->Append(data));
  return out->Commit();
}

}  // namespace tfpersist
