#include "reference/kernels/onednn_util.h"

#include <omp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <thread>

// What the compiler makes of a parallel region; said so, it serves compilers whose own OpenMP is another.
extern "C" void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags);

namespace tfpersist {
namespace {

// A thread of libgomp's that waits for the others spins for 3 ms before it sleeps. On a machine that has other work too
// it keeps them from the core that they need, and a network takes ten times as long as it must. OMP_WAIT_POLICY says
// otherwise, but is read when the process starts: too late for a library. Where there are more threads than cores, they
// hardly spin; so one more than there are cores is started here, and sleeps for ever.
void KeepWaitsShort() {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;  // the user's
  std::thread([] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    GOMP_parallel([](void*) {}, nullptr, static_cast<unsigned>(omp_get_num_procs()) + 1, 0);
    for (;;) pause();
  }).detach();
}

}  // namespace

void UseOpenMpThreads(int threads) {
  static std::once_flag once;
  if (threads > 1) std::call_once(once, KeepWaitsShort);
  omp_set_num_threads(threads);
}

}  // namespace tfpersist
