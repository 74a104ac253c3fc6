// One pool of threads with a size that the caller sets: the library's whole thread budget. Thread-safe.
#ifndef TFPERSIST_REFERENCE_BASE_THREADS_H_
#define TFPERSIST_REFERENCE_BASE_THREADS_H_

#include <cstdint>
#include <functional>
#include <memory>

namespace tfpersist {

class ThreadPool {
 public:
  // `threads` counts the caller's own: 1 starts none, 0 means the machine's cores.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls body(begin, end) for disjoint ranges that cover [0, total), each of at least `grain` items but the last;
  // returns when all are done. The caller works too. A call from within a body runs in the calling thread alone.
  void ParallelFor(int64_t total, int64_t grain, const std::function<void(int64_t begin, int64_t end)>& body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_THREADS_H_
