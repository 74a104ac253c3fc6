#include "reference/base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tfpersist {
namespace {

thread_local bool in_parallel_for = false;

}  // namespace

class ThreadPool::Impl {
 public:
  explicit Impl(int threads) : size_(threads) {
    for (int i = 1; i < size_; ++i) workers_.emplace_back([this] { Work(); });
  }
  ~Impl() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int size() const { return size_; }

  void ParallelFor(int64_t total, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
    grain = std::max<int64_t>(grain, 1);
    const int64_t ranges = std::min<int64_t>(size_, (total + grain - 1) / grain);
    if (ranges <= 1 || in_parallel_for) {
      if (total > 0) body(0, total);
      return;
    }
    auto job = std::make_shared<Job>();
    job->body = &body;
    job->total = total;
    job->step = std::max(grain, (total + ranges * 4 - 1) / (ranges * 4));  // a few steps each: the slow ones even out
    {
      std::lock_guard<std::mutex> lock(mu_);
      for (int64_t i = 1; i < ranges; ++i) queue_.push_back(job);
    }
    wake_.notify_all();
    job->Run();
    std::unique_lock<std::mutex> lock(job->mu);
    job->all_done.wait(lock, [&] { return job->done == job->total; });
  }

 private:
  struct Job {
    const std::function<void(int64_t, int64_t)>* body;  // outlives the job's last step: ParallelFor waits
    int64_t total, step;
    std::atomic<int64_t> next{0};
    std::mutex mu;
    std::condition_variable all_done;
    int64_t done = 0;

    void Run() {
      const bool outer = std::exchange(in_parallel_for, true);
      for (;;) {
        const int64_t begin = next.fetch_add(step);
        if (begin >= total) break;
        const int64_t end = std::min(begin + step, total);
        (*body)(begin, end);
        std::lock_guard<std::mutex> lock(mu);
        done += end - begin;
        if (done == total) all_done.notify_all();
      }
      in_parallel_for = outer;
    }
  };

  void Work() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mu_);
        wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
        if (queue_.empty()) return;
        job = std::move(queue_.front());
        queue_.pop_front();
      }
      job->Run();
    }
  }

  const int size_;
  std::mutex mu_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

ThreadPool::ThreadPool(int threads)
    : impl_(std::make_unique<Impl>(threads > 0 ? threads
                                               : std::max(1, static_cast<int>(std::thread::hardware_concurrency())))) {}
ThreadPool::~ThreadPool() = default;
int ThreadPool::size() const { return impl_->size(); }
void ThreadPool::ParallelFor(int64_t total, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  impl_->ParallelFor(total, grain, body);
}

}  // namespace tfpersist
