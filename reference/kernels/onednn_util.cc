#include "reference/kernels/onednn_util.h"

#include <omp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "reference/base/status.h"

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

struct ReadyPrimitive::Objects {
  explicit Objects(const dnnl::engine& engine) : stream(engine) {}
  dnnl::stream stream;
  std::vector<dnnl::memory> memories;
  std::vector<dnnl_exec_arg_t> args;
};

ReadyPrimitive::ReadyPrimitive(const dnnl::engine& engine, dnnl::primitive primitive, std::vector<Argument> arguments,
                               const dnnl::memory::desc& scratchpad)
    : engine_(engine),
      primitive_(std::move(primitive)),
      arguments_(std::move(arguments)),
      scratchpad_bytes_(static_cast<int64_t>(scratchpad.get_size())) {
  if (scratchpad_bytes_ > 0) arguments_.push_back({DNNL_ARG_SCRATCHPAD, scratchpad});
}

ReadyPrimitive::~ReadyPrimitive() { delete idle_.load(); }

absl::Status ReadyPrimitive::Execute(OpKernelContext& ctx, absl::Span<void* const> data) const {
  Tensor scratchpad;
  if (scratchpad_bytes_ > 0) {
    TFP_ASSIGN_OR_RETURN(scratchpad, ctx.AllocateTemp(DT_UINT8, TensorShape({scratchpad_bytes_})));
  }
  std::unique_ptr<Objects> objects(idle_.exchange(nullptr, std::memory_order_acquire));
  if (objects == nullptr) {
    objects = std::make_unique<Objects>(engine_);
    for (const Argument& a : arguments_) {
      objects->memories.emplace_back(a.form, engine_, nullptr);
      objects->args.push_back({a.what, objects->memories.back().get()});
    }
  }
  for (size_t i = 0; i < data.size(); ++i) objects->memories[i].set_data_handle(data[i]);
  if (scratchpad_bytes_ > 0) objects->memories.back().set_data_handle(scratchpad.data());
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), objects->stream.get(),
                                                 static_cast<int>(objects->args.size()), objects->args.data()),
                          "could not execute a primitive");
  objects->stream.wait();
  Objects* expected = nullptr;
  if (idle_.compare_exchange_strong(expected, objects.get(), std::memory_order_release)) objects.release();
  return absl::OkStatus();
}

}  // namespace tfpersist
