// Files: the one small interface through which the library touches the file system, and what is built on it.
//
// Every system call goes through a FileSystem, so that a test can make the n-th one fail. Errors have TensorFlow's code
// and text: "k.index; No such file or directory". Implementations are thread-safe; a file object belongs to one thread,
// except RandomAccessFile, whose reads may run at once.
#ifndef TFPERSIST_REFERENCE_BASE_FILE_H_
#define TFPERSIST_REFERENCE_BASE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist {

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Exactly `size` bytes from `offset` on into `buffer`. OUT_OF_RANGE "Read less bytes than requested" at the end.
  virtual absl::Status Read(uint64_t offset, size_t size, void* buffer) const = 0;
  virtual uint64_t size() const = 0;  // when it was opened
  // A file descriptor for what needs one (mapping); -1 if there is none.
  virtual int descriptor() const { return -1; }
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Append(absl::string_view data) = 0;
  // Makes the content durable. A file system that has no fsync counts as done.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Close() = 0;
};

struct FileStat {
  uint64_t size = 0;
  double mtime_seconds = 0;
  bool is_directory = false;
};

// Held while it lives.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // FAILED_PRECONDITION "d; Is a directory" for a directory.
  virtual absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& file) = 0;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& file) = 0;  // truncates
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;  // a hard link
  virtual absl::Status Delete(const std::string& file) = 0;
  virtual absl::Status CreateDirectory(const std::string& dir) = 0;
  virtual absl::Status DeleteDirectory(const std::string& dir) = 0;
  virtual absl::StatusOr<FileStat> Stat(const std::string& file) = 0;
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& dir) = 0;  // names, sorted
  virtual absl::Status SyncDirectory(const std::string& dir) = 0;
  // Waits for whoever holds the folder's lock, in this process or another. Advisory; leaves no file. A file system that
  // has no locks gives one that holds nothing.
  virtual absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(const std::string& dir);
};

// The machine's; stateless.
FileSystem* PosixFileSystem();

// ---- paths ----
absl::string_view Dirname(absl::string_view path);  // as Python's os.path.dirname: "" for a bare name
absl::string_view Basename(absl::string_view path);
std::string JoinPath(absl::string_view dir, absl::string_view name);  // an absolute name wins, as in os.path.join
bool IsAbsolutePath(absl::string_view path);

// ---- on top of a FileSystem ----
bool FileExists(FileSystem* fs, const std::string& file);
absl::Status CreateDirectories(FileSystem* fs, const std::string& dir);  // with its parents
// RESOURCE_EXHAUSTED above max_bytes.
absl::StatusOr<std::string> ReadWholeFile(FileSystem* fs, const std::string& file, int64_t max_bytes);
// The files that match a pattern of *, ?, [set] and \, sorted; wildcards do not match '/'. A path of which nothing
// exists matches nothing; NOT_FOUND if the fixed part of its folder is missing, as TensorFlow's GetMatchingPaths has
// it.
absl::StatusOr<std::vector<std::string>> GetMatchingFiles(FileSystem* fs, const std::string& pattern);

struct WriteOptions {
  bool durable = true;  // fsync the file before its rename, and the folder after
};

// A file that appears whole or not at all: written under another name in the same folder, then renamed.
// Destroyed before Commit(), it leaves nothing behind and what was there stays.
class AtomicFile {
 public:
  // temp_suffix: what is added to the name while writing, made unique by the caller's kind of file (".tempstate…").
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(FileSystem* fs, std::string file, WriteOptions options,
                                                            absl::string_view temp_suffix = ".tmp");
  ~AtomicFile();
  absl::Status Append(absl::string_view data);
  // Syncs and closes, but does not rename yet: for files that must appear together.
  absl::Status Finish();
  absl::Status Commit();
  uint64_t size() const { return size_; }

 private:
  AtomicFile(FileSystem* fs, std::string file, std::string temp, WriteOptions options)
      : fs_(fs), file_(std::move(file)), temp_(std::move(temp)), options_(options) {}
  FileSystem* fs_;
  std::string file_, temp_;
  WriteOptions options_;
  std::unique_ptr<WritableFile> out_;
  uint64_t size_ = 0;
  bool finished_ = false, committed_ = false;
};

// ".tempstate-1f2e3d4c.4711.3": a name's ending that no other writer uses; it says which process of which host made it.
std::string UniqueTempSuffix(absl::string_view begin);
// True for a name with such an ending whose process, of this host, is gone.
bool IsOrphanedTemp(absl::string_view name);

absl::Status WriteFileAtomically(FileSystem* fs, const std::string& file, absl::string_view data,
                                 WriteOptions options = {});

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_FILE_H_
