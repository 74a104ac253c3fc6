// Restoring, saving and listing with the reference, and the machine's own limits:  checkpoint_tfpersist FOLDER [options
// of the benchmark]
#include "reference/tfpersist.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "absl/strings/str_format.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/proto/saver.pb.h"

namespace {

namespace tf = tfpersist;

constexpr int kTensors = 64, kFloats = 4 << 20;
constexpr int64_t kBytes = int64_t{kTensors} * kFloats * 4;
std::string folder;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}
float Value(int i, int j) { return static_cast<float>(i) + static_cast<float>(j % 1000) / 1024.0f; }

void Import(const char* file, tf::Graph* graph) {
  auto def = tf::ReadGraphDef(folder + file);
  if (!def.ok()) Die(def.status().ToString());
  tf::ImportOptions options;
  options.name = "";
  if (auto s = tf::ImportGraphDef(*graph, *std::move(def), options); !s.ok()) Die(s.status().ToString());
}

// 20,000 variables through Saver, in a session that has run nothing yet, and again.
void SaverRestore(benchmark::State& state, bool first) {
  tf::Graph graph;
  Import("/saver.pb", &graph);
  auto saver_def = std::make_shared<tensorflow::SaverDef>();
  saver_def->set_filename_tensor_name("save/Const:0");
  saver_def->set_save_tensor_name("save/control_dependency:0");
  saver_def->set_restore_op_name("save/restore_all");
  saver_def->set_version(tensorflow::SaverDef::V2);
  tf::SaverOptions saver_options;
  saver_options.saver_def = saver_def;
  tf::Saver saver(graph, saver_options);
  tf::SessionOptions session_options;
  session_options.threads = 2;
  tf::Session session(graph, session_options);
  const auto restore = [&] {
    if (auto s = saver.Restore(session, folder + "/c"); !s.ok()) Die(s.ToString());
  };
  if (!first) restore();
  for (auto _ : state) restore();
  auto value = session.Run(*graph.FindTensor("v19999:0"));
  if (!value.ok() || value->flat<float>()[63] != Value(19999, 63)) Die("restored values differ");
}
BENCHMARK_CAPTURE(SaverRestore, first, true)
    ->Name("checkpoint/saver_restore_c_first")
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SaverRestore, warm, false)
    ->Name("checkpoint/saver_restore_c_warm")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

struct Loaded {
  Loaded(const char* file, int threads, bool map_checkpoints = false) {
    Import(file, &graph);
    tf::SessionOptions session_options;
    session_options.threads = threads;
    session_options.map_checkpoints = map_checkpoints;
    session = std::make_unique<tf::Session>(graph, session_options);
    for (int i = 0; i < kTensors; ++i) outputs.push_back(*graph.FindTensor("restore:" + std::to_string(i)));
  }
  tf::Graph graph;
  std::unique_ptr<tf::Session> session;
  std::vector<tf::Output> outputs;
};

void RestoreA(benchmark::State& state, bool mapped) {
  Loaded model("/restore.pb", static_cast<int>(state.range(0)), mapped);
  const auto run = [&] {
    auto values =
        model.session->Run(absl::Span<const tf::Session::Feed>(), model.outputs, absl::Span<tf::Node* const>());
    if (!values.ok()) Die(values.status().ToString());
    return *std::move(values);
  };
  {
    const auto values = run();
    for (int i = 0; i < kTensors; ++i) {
      const auto v = values[i].flat<float>();
      for (int j = 0; j < kFloats; ++j) {
        if (v[j] != Value(i, j)) Die("restored values differ");
      }
    }
  }
  for (auto _ : state) {
    auto values = run();
    benchmark::DoNotOptimize(values);
    state.PauseTiming();  // freeing is not restoring
    values.clear();
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK_CAPTURE(RestoreA, copied, false)
    ->Name("checkpoint/restore_a")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// No copy: pages of the file, every checksum verified.
BENCHMARK_CAPTURE(RestoreA, mapped, true)
    ->Name("checkpoint/restore_a_mapped")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The limit: the same bytes into fresh memory with huge pages, nothing checked.
void RawRead(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  const int fd = open((folder + "/a.data-00000-of-00001").c_str(), O_RDONLY);
  if (fd < 0) Die("no data file");
  const auto read_all = [&](auto pause, auto resume) {
    constexpr int64_t kHugePage = 2 << 20;
    void* mapped = mmap(nullptr, kBytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void* memory = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(mapped) + kHugePage - 1) & ~(kHugePage - 1));
    madvise(memory, kBytes, MADV_HUGEPAGE);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        const int64_t begin = kBytes / threads * t, end = kBytes / threads * (t + 1);
        for (int64_t at = begin; at < end; at += 1 << 18) {
          if (pread(fd, static_cast<char*>(memory) + at, 1 << 18, at) != 1 << 18) Die("short read");
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    pause();
    munmap(mapped, kBytes + kHugePage);
    resume();
  };
  // Once untimed: on a virtual machine, memory that was never used costs the host's faults too.
  read_all([] {}, [] {});
  for (auto _ : state) read_all([&] { state.PauseTiming(); }, [&] { state.ResumeTiming(); });
  close(fd);
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK(RawRead)
    ->Name("checkpoint/limit_raw_read")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// To a memory file system, or to the disk and durable.
void SaveA(benchmark::State& state, bool disk) {
  const std::string prefix = folder + (disk ? "/disk/a" : "/out/a");
  Loaded model("/restore.pb", 2);
  auto values = model.session->Run(absl::Span<const tf::Session::Feed>(), model.outputs, absl::Span<tf::Node* const>());
  if (!values.ok()) Die(values.status().ToString());
  const auto save = [&] {
    auto writer = tf::BundleWriter::Create(prefix, {.write = {.durable = disk}});
    if (!writer.ok()) Die(writer.status().ToString());
    for (int i = 0; i < kTensors; ++i) {
      if (auto s = (*writer)->Add(absl::StrFormat("t%02d", i), (*values)[i]); !s.ok()) Die(s.ToString());
    }
    if (auto s = (*writer)->Finish(); !s.ok()) Die(s.ToString());
  };
  save();  // once untimed, as the raw read
  for (auto _ : state) save();
  auto reader = tf::BundleReader::Open(prefix);
  if (!reader.ok()) Die(reader.status().ToString());
  auto last = (*reader)->Lookup("t63");
  if (!last.ok() || last->flat<float>()[kFloats - 1] != Value(63, kFloats - 1)) Die("saved values differ");
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK_CAPTURE(SaveA, memory, false)
    ->Name("checkpoint/save_a_memory")
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SaveA, disk, true)
    ->Name("checkpoint/save_a_disk_durable")
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The limit of a save: a plain write of the same bytes to a new file, and fsync where the save is durable.
void RawWrite(benchmark::State& state, bool disk) {
  const std::string file = folder + (disk ? "/disk/raw" : "/out/raw");
  auto content = tf::ReadWholeFile(tf::PosixFileSystem(), folder + "/a.data-00000-of-00001", kBytes);
  if (!content.ok()) Die(content.status().ToString());
  const std::string bytes = *std::move(content);
  const auto write_all = [&] {
    const int fd = open((file + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int64_t at = 0; at < kBytes; at += 16 << 20) {
      if (write(fd, bytes.data() + at, 16 << 20) != 16 << 20) Die("short write");
    }
    if (disk) fsync(fd);
    close(fd);
    rename((file + ".new").c_str(), file.c_str());  // over the one before, as a save does
  };
  write_all();
  for (auto _ : state) write_all();
  unlink(file.c_str());
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK_CAPTURE(RawWrite, memory, false)
    ->Name("checkpoint/limit_raw_write_memory")
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(RawWrite, disk, true)
    ->Name("checkpoint/limit_raw_write_disk_durable")
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void OpenAndListB(benchmark::State& state) {
  for (auto _ : state) {
    auto reader = tf::BundleReader::Open(folder + "/b");
    if (!reader.ok()) Die(reader.status().ToString());
    auto variables = (*reader)->ListVariables();
    if (!variables.ok() || variables->size() != 200000) Die("not 200,000 variables");
  }
}
BENCHMARK(OpenAndListB)->Name("checkpoint/open_and_list_b")->UseRealTime()->Unit(benchmark::kMillisecond);

void OneOfB(benchmark::State& state) {
  auto reader = tf::BundleReader::Open(folder + "/b");
  if (!reader.ok()) Die(reader.status().ToString());
  int i = 0;
  for (auto _ : state) {
    i = (i + 104729) % 200000;
    auto value = (*reader)->Lookup(absl::StrFormat("layer_%06d/weights", i));
    if (!value.ok() || value->flat<float>()[63] != Value(i, 63)) Die("a value differs");
  }
}
BENCHMARK(OneOfB)->Name("checkpoint/one_of_b")->UseRealTime()->Unit(benchmark::kMillisecond);

void AllOfB(benchmark::State& state) {
  for (auto _ : state) {
    auto reader = tf::BundleReader::Open(folder + "/b");
    if (!reader.ok()) Die(reader.status().ToString());
    for (int i = 0; i < 200000; ++i) {
      auto value = (*reader)->Lookup(absl::StrFormat("layer_%06d/weights", i));
      if (!value.ok() || value->flat<float>()[63] != Value(i, 63)) Die("a value differs");
    }
  }
}
BENCHMARK(AllOfB)->Name("checkpoint/all_of_b")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: checkpoint_tfpersist FOLDER  (that checkpoint_prepare made)\n");
    return 2;
  }
  folder = argv[1];
  mallopt(M_MMAP_THRESHOLD,
          1 << 20);  // what is freed goes back to the system, so that every restore writes to fresh memory
  benchmark::RunSpecifiedBenchmarks();
}
