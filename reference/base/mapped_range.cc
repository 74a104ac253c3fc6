#include "reference/base/mapped_range.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "reference/base/crc32c.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

// Where a thread that reads a mapping goes on after SIGBUS; null: it reads none. initial-exec, so that the handler's
// first look at it allocates nothing.
thread_local sigjmp_buf* volatile guard __attribute__((tls_model("initial-exec"))) = nullptr;
struct sigaction previous;  // who handled the signal before; written once, before the handler is in place

void OnBusError(int signal, siginfo_t* info, void* context) {
  if (guard != nullptr) siglongjmp(*guard, 1);
  if ((previous.sa_flags & SA_SIGINFO) != 0) return previous.sa_sigaction(signal, info, context);
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(signal);
  sigaction(SIGBUS, &previous, nullptr);  // not ours: the access is repeated, and ends the process as it would have
}

void InstallHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    sigaction(SIGBUS, nullptr, &previous);
    struct sigaction ours = {};
    ours.sa_sigaction = OnBusError;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGBUS, &ours, nullptr);
  });
}

// False if the memory could not be read. Holds no object with a destructor: it is left by a jump.
bool GuardedCrc32c(const void* data, size_t size, uint32_t* crc) {
  sigjmp_buf here;
  if (sigsetjmp(here, 1) != 0) {
    guard = nullptr;
    return false;
  }
  guard = &here;
  *crc = Crc32c(data, size);
  guard = nullptr;
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MappedRange>> MappedRange::Map(const RandomAccessFile& file, uint64_t offset,
                                                              size_t size) {
  if (file.descriptor() < 0) return absl::UnimplementedError("This file has no descriptor to map");
  InstallHandler();
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t before = offset % page;
  const size_t whole = size + before;
  void* const base =
      mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(), static_cast<off_t>(offset - before));
  if (base == MAP_FAILED) return ErrnoStatus(errno, "mmap");
  return std::unique_ptr<MappedRange>(new MappedRange(base, whole, static_cast<char*>(base) + before, size));
}

MappedRange::~MappedRange() { munmap(base_, base_size_); }

absl::StatusOr<uint32_t> MappedRange::Crc32c() const {
  uint32_t crc = 0;
  if (!GuardedCrc32c(data_, size_, &crc)) return absl::OutOfRangeError("Read less bytes than requested");
  return crc;
}

}  // namespace tfpersist
