// A file system in memory that fails and crashes on demand: for tests of what a save leaves behind.
//
// It keeps apart what a real one may keep apart: names that are durable and names that wait for SyncDirectory(), bytes
// that are durable and bytes that wait for Sync(). One thread.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_MEMORY_FILE_SYSTEM_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_MEMORY_FILE_SYSTEM_H_

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/base/file.h"
#include "reference/base/status.h"

namespace tfpersist {

class MemoryFileSystem : public FileSystem {
 public:
  struct Inode {
    std::string content;
    std::string synced;  // what a crash can't take
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  // ---- faults ----
  int calls = 0;     // that change something or open a file
  int fail_at = -1;  // this call fails with `error`
  int error = ENOSPC;
  bool short_write = false;  // a failing Append leaves half of its bytes
  int die_at = -1;           // from this call on nothing has an effect: the process is dead

  // What is found after a crash: the first `kept` of the name changes that were not synced, and of each file the synced
  // bytes and `bytes` (0, 0.5, 1) of the rest.
  std::unique_ptr<MemoryFileSystem> AfterCrash(size_t kept, double bytes) const {
    auto after = std::make_unique<MemoryFileSystem>();
    Names names = durable_;
    for (size_t i = 0; i < std::min(kept, unsynced_.size()); ++i) Apply(unsynced_[i], &names);
    for (const auto& [name, inode] : names) {
      auto copy = std::make_shared<Inode>();
      const size_t lost = inode->content.size() - inode->synced.size();
      copy->content = inode->content.substr(0, inode->synced.size() + static_cast<size_t>(lost * bytes));
      copy->synced = copy->content;
      after->names_[name] = copy;
    }
    after->durable_ = after->names_;
    after->dirs_ = dirs_;
    return after;
  }
  size_t unsynced() const { return unsynced_.size(); }

  // ---- FileSystem ----
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& file) override {
    TFP_RETURN_IF_ERROR(Call(file));
    auto found = names_.find(file);
    if (found == names_.end()) return ErrnoStatus(dirs_.count(file) ? EISDIR : ENOENT, file);
    return std::make_unique<Reader>(found->second);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& file) override {
    TFP_RETURN_IF_ERROR(Call(file));
    if (!dirs_.count(std::string(Dirname(file)))) return ErrnoStatus(ENOENT, file);
    auto inode = std::make_shared<Inode>();
    Change({file, inode});
    return std::make_unique<Writer>(this, file, inode);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    TFP_RETURN_IF_ERROR(Call(to));
    auto found = names_.find(from);
    if (found == names_.end()) return ErrnoStatus(ENOENT, from);
    if (dirs_.count(to)) return ErrnoStatus(EISDIR, to);
    Change({to, found->second, from});
    return absl::OkStatus();
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    TFP_RETURN_IF_ERROR(Call(to));
    auto found = names_.find(from);
    if (found == names_.end()) return ErrnoStatus(ENOENT, from);
    if (names_.count(to)) return ErrnoStatus(EEXIST, to);
    Change({to, found->second});
    return absl::OkStatus();
  }
  absl::Status Delete(const std::string& file) override {
    if (!names_.count(file)) return ErrnoStatus(ENOENT, file);
    TFP_RETURN_IF_ERROR(Call(file));
    Change({"", nullptr, file});
    return absl::OkStatus();
  }
  absl::Status CreateDirectory(const std::string& dir) override {
    TFP_RETURN_IF_ERROR(Call(dir));
    return dirs_.insert(dir).second ? absl::OkStatus() : ErrnoStatus(EEXIST, dir);
  }
  absl::Status DeleteDirectory(const std::string& dir) override {
    TFP_RETURN_IF_ERROR(Call(dir));
    for (const auto& [name, inode] : names_) {
      if (Dirname(name) == dir) return ErrnoStatus(ENOTEMPTY, dir);
    }
    return dirs_.erase(dir) ? absl::OkStatus() : ErrnoStatus(ENOENT, dir);
  }
  absl::StatusOr<FileStat> Stat(const std::string& file) override {
    if (auto found = names_.find(file); found != names_.end()) return FileStat{found->second->content.size(), 0, false};
    if (dirs_.count(file)) return FileStat{0, 0, true};
    return ErrnoStatus(ENOENT, file);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& dir) override {
    if (!dirs_.count(dir)) return ErrnoStatus(ENOENT, dir);
    std::vector<std::string> names;
    for (const auto& [name, inode] : names_) {
      if (Dirname(name) == dir) names.emplace_back(Basename(name));
    }
    return names;
  }
  absl::Status SyncDirectory(const std::string& dir) override {
    TFP_RETURN_IF_ERROR(Call(dir));
    std::vector<NameChange> rest;
    for (NameChange& change : unsynced_) {
      if (Dirname(change.to.empty() ? change.from : change.to) == dir) {
        Apply(change, &durable_);
      } else {
        rest.push_back(std::move(change));
      }
    }
    unsynced_ = std::move(rest);
    return absl::OkStatus();
  }

 private:
  struct NameChange {
    std::string to;  // empty: none
    std::shared_ptr<Inode> inode;
    std::string from;  // goes; empty: none
  };

  class Reader : public RandomAccessFile {
   public:
    explicit Reader(std::shared_ptr<Inode> inode) : inode_(std::move(inode)) {}
    absl::Status Read(uint64_t offset, size_t size, void* buffer) const override {
      const std::string& content = inode_->content;
      if (offset > content.size() || size > content.size() - offset) {
        return absl::OutOfRangeError("Read less bytes than requested");
      }
      std::copy_n(content.data() + offset, size, static_cast<char*>(buffer));
      return absl::OkStatus();
    }
    uint64_t size() const override { return inode_->content.size(); }

   private:
    std::shared_ptr<Inode> inode_;
  };

  class Writer : public WritableFile {
   public:
    Writer(MemoryFileSystem* fs, std::string name, std::shared_ptr<Inode> inode)
        : fs_(fs), name_(std::move(name)), inode_(std::move(inode)) {}
    absl::Status Append(absl::string_view data) override {
      absl::Status status = fs_->Call(name_);
      if (!status.ok()) {
        if (fs_->short_write && !fs_->Dead()) absl::StrAppend(&inode_->content, data.substr(0, data.size() / 2));
        return status;
      }
      absl::StrAppend(&inode_->content, data);
      return status;
    }
    absl::Status Sync() override {
      TFP_RETURN_IF_ERROR(fs_->Call(name_));
      inode_->synced = inode_->content;
      return absl::OkStatus();
    }
    absl::Status Close() override { return fs_->Call(name_); }

   private:
    MemoryFileSystem* fs_;
    std::string name_;
    std::shared_ptr<Inode> inode_;
  };

  bool Dead() const { return die_at >= 0 && calls > die_at; }
  absl::Status Call(const std::string& file) {
    const int call = calls++;
    if (die_at >= 0 && call >= die_at) return absl::AbortedError("the process is dead");
    if (call == fail_at) return ErrnoStatus(error, file);
    return absl::OkStatus();
  }
  void Change(NameChange change) {
    Apply(change, &names_);
    unsynced_.push_back(std::move(change));
  }
  static void Apply(const NameChange& change, Names* names) {
    if (!change.from.empty()) names->erase(change.from);
    if (!change.to.empty()) (*names)[change.to] = change.inode;
  }

  Names names_, durable_;
  std::set<std::string> dirs_ = {"", "d"};
  std::vector<NameChange> unsynced_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_MEMORY_FILE_SYSTEM_H_
