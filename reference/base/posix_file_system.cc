#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "reference/base/file.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

class PosixRandomAccessFile : public RandomAccessFile {
 public:
  PosixRandomAccessFile(std::string name, int fd, uint64_t size) : name_(std::move(name)), fd_(fd), size_(size) {}
  ~PosixRandomAccessFile() override { close(fd_); }

  absl::Status Read(uint64_t offset, size_t size, void* buffer) const override {
    auto* out = static_cast<char*>(buffer);
    while (size > 0) {
      const ssize_t n = pread(fd_, out, std::min(size, size_t{1} << 30), static_cast<off_t>(offset));
      if (n < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, name_);
      }
      if (n == 0) return absl::OutOfRangeError("Read less bytes than requested");
      out += n;
      offset += n;
      size -= n;
    }
    return absl::OkStatus();
  }
  uint64_t size() const override { return size_; }
  int descriptor() const override { return fd_; }

 private:
  std::string name_;
  int fd_;
  uint64_t size_;
};

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  ~PosixWritableFile() override {
    if (fd_ >= 0) close(fd_);
  }

  absl::Status Append(absl::string_view data) override {
    while (!data.empty()) {
      const ssize_t n = write(fd_, data.data(), std::min(data.size(), size_t{1} << 30));
      if (n < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, name_);
      }
      data.remove_prefix(n);
    }
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    int result;
    do {
      result = fsync(fd_);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS) return ErrnoStatus(errno, name_);
    return absl::OkStatus();
  }
  absl::Status Close() override {
    const int fd = std::exchange(fd_, -1);
    // After EINTR the descriptor is gone all the same on Linux.
    if (fd >= 0 && close(fd) != 0 && errno != EINTR) return ErrnoStatus(errno, name_);
    return absl::OkStatus();
  }

 private:
  std::string name_;
  int fd_;
};

class PosixDirectoryLock : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(int fd) : fd_(fd) {}
  ~PosixDirectoryLock() override { close(fd_); }  // and with it goes the lock

 private:
  const int fd_;
};

class PosixFileSystemImpl : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& file) override {
    const int fd = OpenRetrying(file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return ErrnoStatus(errno, file);
    struct stat info;
    if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
      const int error = S_ISDIR(info.st_mode) ? EISDIR : errno;
      close(fd);
      return ErrnoStatus(error, file);
    }
    return std::make_unique<PosixRandomAccessFile>(file, fd, static_cast<uint64_t>(info.st_size));
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& file) override {
    const int fd = OpenRetrying(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return ErrnoStatus(errno, file);
    return std::make_unique<PosixWritableFile>(file, fd);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, to);
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return link(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, to);
  }
  absl::Status Delete(const std::string& file) override {
    return unlink(file.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, file);
  }
  absl::Status CreateDirectory(const std::string& dir) override {
    return mkdir(dir.c_str(), 0755) == 0 ? absl::OkStatus() : ErrnoStatus(errno, dir);
  }
  absl::Status DeleteDirectory(const std::string& dir) override {
    return rmdir(dir.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, dir);
  }
  absl::StatusOr<FileStat> Stat(const std::string& file) override {
    struct stat info;
    if (stat(file.c_str(), &info) != 0) return ErrnoStatus(errno, file);
    FileStat result;
    result.size = static_cast<uint64_t>(info.st_size);
    result.mtime_seconds = static_cast<double>(info.st_mtim.tv_sec) + info.st_mtim.tv_nsec * 1e-9;
    result.is_directory = S_ISDIR(info.st_mode);
    return result;
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& dir) override {
    DIR* const d = opendir(dir.empty() ? "." : dir.c_str());
    if (d == nullptr) return ErrnoStatus(errno, dir);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(d)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    closedir(d);
    std::sort(names.begin(), names.end());
    return names;
  }
  absl::Status SyncDirectory(const std::string& dir) override {
    const int fd = OpenRetrying(dir.empty() ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return ErrnoStatus(errno, dir);
    const int result = fsync(fd);
    const int error = errno;
    close(fd);
    if (result != 0 && error != EINVAL && error != ENOTSUP && error != EROFS) return ErrnoStatus(error, dir);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(const std::string& dir) override {
    const int fd = OpenRetrying(dir.empty() ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return ErrnoStatus(errno, dir);
    int result;
    do {
      result = flock(fd, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    return std::make_unique<PosixDirectoryLock>(fd);  // where flock fails, the file system has no locks
  }

 private:
  static int OpenRetrying(const std::string& file, int flags, mode_t mode) {
    int fd;
    do {
      fd = open(file.c_str(), flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
  }
};

}  // namespace

FileSystem* PosixFileSystem() {
  static PosixFileSystemImpl fs;  // no state
  return &fs;
}

}  // namespace tfpersist
