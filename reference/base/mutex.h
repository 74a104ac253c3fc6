// std::mutex with clang's thread safety annotations. Not absl::Mutex: Debian's Abseil keeps a graph of every pair of
// nested locks (the deadlock detector) and is not built for ThreadSanitizer, which then sees races that are none.
#ifndef TFPERSIST_REFERENCE_BASE_MUTEX_H_
#define TFPERSIST_REFERENCE_BASE_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace tfpersist {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }
  // Tells the analysis what it can't see; checks nothing.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  std::mutex mu_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_MUTEX_H_
