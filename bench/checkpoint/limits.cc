#include "bench/checkpoint/limits.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "bench/checkpoint/workloads.h"

namespace tfpersist::bench {
namespace {

constexpr int64_t kHugePage = 2 << 20, kPiece = 1 << 18;

// Fresh memory with huge pages; work(memory, begin, end) by several threads. Releasing it is not timed.
template <typename Work>
void Parallel(benchmark::State* state, int64_t bytes, int threads, Work work) {
  void* const mapped = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) Die("no memory");
  char* const memory =
      reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(mapped) + kHugePage - 1) & ~(kHugePage - 1));
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (int64_t at = bytes / threads * t; at < bytes / threads * (t + 1); at += kPiece) work(memory + at, at);
    });
  }
  for (std::thread& worker : workers) worker.join();
  if (state != nullptr) state->PauseTiming();
  munmap(mapped, bytes + kHugePage);
  if (state != nullptr) state->ResumeTiming();
}

// Parallel pread of the data file, nothing checked.
void RawRead(benchmark::State& state, const std::string& file, int64_t bytes, bool cold) {
  const int threads = static_cast<int>(state.range(0));
  const int fd = open(file.c_str(), O_RDONLY);
  if (fd < 0) Die("no data file");
  const auto piece = [fd](char* to, int64_t at) {
    if (pread(fd, to, kPiece, at) != kPiece) Die("short read");
  };
  double left = 0;
  if (cold) {
    left = DropFromCache(file);
  } else {
    Parallel(nullptr, bytes, threads,
             piece);  // on a virtual machine, memory that was never used costs the host's faults
  }
  for (auto _ : state) {
    Parallel(&state, bytes, threads, piece);
    if (!cold) continue;
    state.PauseTiming();
    DropFromCache(file);
    state.ResumeTiming();
  }
  close(fd);
  state.SetBytesProcessed(state.iterations() * bytes);
  if (left > 0.1) state.SetLabel("the page cache keeps the file");
}

void Copy(benchmark::State& state, int64_t bytes) {
  const int threads = static_cast<int>(state.range(0));
  const std::vector<char> from(bytes, 1);
  const auto piece = [&](char* to, int64_t at) { std::memcpy(to, from.data() + at, kPiece); };
  Parallel(nullptr, bytes, threads, piece);
  for (auto _ : state) Parallel(&state, bytes, threads, piece);
  state.SetBytesProcessed(state.iterations() * bytes);
}

// A plain write to a new file, then fsync or not, and a rename over the one before, as a save does.
void RawWrite(benchmark::State& state, const std::string& file, int64_t bytes, bool durable) {
  const std::vector<char> content(bytes, 1);
  const auto write_all = [&] {
    const int fd = open((file + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int64_t at = 0; at < bytes; at += 16 << 20) {
      if (write(fd, content.data() + at, 16 << 20) != 16 << 20) Die("short write");
    }
    if (durable) fsync(fd);
    close(fd);
    rename((file + ".new").c_str(), file.c_str());
  };
  write_all();
  for (auto _ : state) write_all();
  unlink(file.c_str());
  state.SetBytesProcessed(state.iterations() * bytes);
}

benchmark::internal::Benchmark* Add(const std::string& name, std::function<void(benchmark::State&)> run) {
  return benchmark::RegisterBenchmark(("checkpoint/limit_" + name).c_str(), run)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void RegisterLimits(const std::string& folder) {
  const Workload a = LargeTensors();
  const int64_t bytes = a.bytes();
  const std::string file = folder + "/" + ShardFile(a, 0);
  const auto read = [=](bool cold) { return [=](benchmark::State& state) { RawRead(state, file, bytes, cold); }; };
  const auto write = [=](const char* to, bool durable) {
    return [=](benchmark::State& state) { RawWrite(state, folder + to, bytes, durable); };
  };
  Add("raw_read", read(false))->ArgName("threads")->Arg(1)->Arg(2);
  Add("raw_read_cold", read(true))->ArgName("threads")->Arg(2)->Iterations(2);
  Add("memcpy", [=](benchmark::State& state) { Copy(state, bytes); })->ArgName("threads")->Arg(1)->Arg(2);
  Add("raw_write_memory", write("/out/raw", false))->Iterations(3);
  Add("raw_write_disk", write("/disk/raw", false))->Iterations(3);
  Add("raw_write_disk_durable", write("/disk/raw", true))->Iterations(3);
}

}  // namespace tfpersist::bench
