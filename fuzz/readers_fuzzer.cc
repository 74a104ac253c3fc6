// Three readers of one checkpoint (index, data): copying, mapped, and through salvage. What one reads the others read.
// The data file is the input's and a MiB of zeros behind it, since nothing smaller is mapped.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/mutator.h"
#include "fuzz/util.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/rewrite.h"

using namespace tfpersist;  // NOLINT

TFPERSIST_FUZZ_MUTATOR(fuzz::BundleIndexKind(), {})

namespace {

class DescriptorFile : public RandomAccessFile {
 public:
  DescriptorFile(std::unique_ptr<RandomAccessFile> file, int fd) : file_(std::move(file)), fd_(fd) {}
  ~DescriptorFile() override { close(fd_); }
  absl::Status Read(uint64_t offset, size_t size, void* buffer) const override {
    return file_->Read(offset, size, buffer);
  }
  uint64_t size() const override { return file_->size(); }
  int descriptor() const override { return fd_; }

 private:
  std::unique_ptr<RandomAccessFile> file_;
  const int fd_;
};

// Files in memory that have descriptors.
class DescriptorFileSystem : public MemoryFileSystem {
 public:
  absl::StatusOr<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& name) override {
    auto file = MemoryFileSystem::OpenForRead(name);
    if (!file.ok() || (*file)->size() < 1 << 20) return file;
    std::string bytes((*file)->size(), 0);
    if (!(*file)->Read(0, bytes.size(), &bytes[0]).ok()) return file;
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0) return file;
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
      if (n <= 0) fuzz::Fail("memfd");
      done += static_cast<size_t>(n);
    }
    return std::make_unique<DescriptorFile>(*std::move(file), fd);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> files = fuzz::SplitFiles(data, size, 2);
  files[1].append((1 << 20) + 4096, 0);
  fuzz::RepairBundle(&files[0], &files[1]);
  DescriptorFileSystem fs;
  fuzz::PutFile(&fs, "d/k.index", files[0]);
  fuzz::PutFile(&fs, "d/k.data-00000-of-00001", files[1]);
  ReadOptions copying = fuzz::SmallRead(&fs), mapping = copying;
  mapping.map_files = true;
  const auto a = BundleReader::Open("d/k", copying);
  const auto b = BundleReader::Open("d/k", mapping);
  if (a.ok() != b.ok()) fuzz::Fail("one reader opens it");
  if (!a.ok()) return 0;
  const auto names = (*a)->ListReadableNames();
  if (!names.ok() || names->size() > 32) return 0;
  RewriteOptions rewrite;
  rewrite.read = mapping;
  rewrite.write.durable = false;
  const auto report = SalvageCheckpoint("d/k", "d/s", rewrite);
  const auto c = report.ok() ? BundleReader::Open("d/s", copying) : report.status();
  if (report.ok() && !c.ok()) fuzz::Fail("salvaged, and can't be opened");
  int64_t bytes = 0;
  for (const std::string& name : *names) {
    const auto copied = (*a)->Lookup(name), mapped = (*b)->Lookup(name);
    if (copied.ok() != mapped.ok()) fuzz::Fail("one reader reads " + name);
    if (!copied.ok()) continue;
    if (!fuzz::SameBits(*copied, *mapped)) fuzz::Fail("two readers read different values of " + name);
    if ((bytes += static_cast<int64_t>(copied->total_bytes())) > 64 << 20) break;
    if (!report.ok() || std::find(report->saved.begin(), report->saved.end(), name) == report->saved.end()) continue;
    const auto saved = (*c)->Lookup(name);
    if (!saved.ok() || !fuzz::SameBits(*copied, *saved)) fuzz::Fail("salvage changed " + name);
  }
  return 0;
}
