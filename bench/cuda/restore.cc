// Restores 64 × 16 MiB of float32 into GPU memory:  cuda_restore FOLDER [ROUNDS]
// Beside it, in turns, what the machine can do: pinned host memory to the device, and a parallel read() of the file
// into pinned memory. Prints one JSON object; bits are checked before and after.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/op/cuda_context.h"
#include "reference/runtime/cuda_device.h"
#include "reference/tfpersist.h"

namespace {

namespace tf = tfpersist;

constexpr int kTensors = 64, kFloats = 4 << 20;
constexpr int64_t kBytes = int64_t{kTensors} * kFloats * 4;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "cuda_restore: %s\n", status.ToString().c_str());
  std::exit(3);
}
template <typename T>
T Value(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

float Element(int i, int j) { return static_cast<float>(i) + static_cast<float>(j % 1000) / 1024.0f; }

double Seconds(const std::function<void()>& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string List(const std::vector<double>& values) {
  return absl::StrCat(
      "[", absl::StrJoin(values, ", ", [](std::string* s, double v) { absl::StrAppendFormat(s, "%.6f", v); }), "]");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "cuda_restore FOLDER [ROUNDS]\n");
    return 2;
  }
  const std::string prefix = absl::StrCat(argv[1], "/cuda_restore");
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  tf::Graph graph;
  std::vector<tf::Output> variables;
  {
    auto writer = Value(tf::BundleWriter::Create(prefix, {.write = {.durable = false}}));
    for (int i = 0; i < kTensors; ++i) {
      tf::Tensor t = Value(tf::Tensor::Allocate(tf::DT_FLOAT, Value(tf::TensorShape::Create({kFloats}))));
      for (int j = 0; j < kFloats; ++j) t.flat<float>()[j] = Element(i, j);
      const std::string name = absl::StrFormat("t%02d", i);
      Check(writer->Add(name, t));
      variables.push_back(
          tf::Variable(graph, tf::ConstantFill(graph, tf::Tensor::Scalar(0.0f), {kFloats}, "init"), name));
    }
    Check(writer->Finish());
  }
  tf::Saver saver(graph);
  const int threads = static_cast<int>(std::thread::hardware_concurrency());
  tf::Session session(graph, {.threads = threads, .cuda_devices = 1});
  auto verify = [&](int i) {
    const tf::Tensor t = Value(session.Run(variables[i]));
    for (int j = 0; j < kFloats; ++j) {
      if (t.flat<float>()[j] != Element(i, j)) {
        std::fprintf(stderr, "cuda_restore: tensor %d element %d is wrong\n", i, j);
        std::exit(4);
      }
    }
  };
  const double first = Seconds([&] { Check(saver.Restore(session, prefix)); });
  for (int i = 0; i < kTensors; ++i) verify(i);

  tf::ThreadPool pool(threads);
  auto device = Value(tf::CudaDevice::Create(0, pool));
  tf::CudaContext& cuda = *device->cuda();
  const tf::TensorShape shape = Value(tf::TensorShape::Create({kBytes}));
  tf::Tensor pinned = Value(tf::Tensor::Allocate(tf::DT_UINT8, shape, cuda.pinned_allocator()));
  tf::Tensor target = Value(tf::Tensor::Allocate(tf::DT_UINT8, shape, cuda.device_allocator()));
  std::memset(pinned.data(), 1, kBytes);
  auto lane = Value(cuda.NewLane());
  auto file = Value(tf::PosixFileSystem()->OpenForRead(prefix + ".data-00000-of-00001"));
  std::vector<double> restore, upload, read;
  for (int r = 0; r < rounds; ++r) {
    upload.push_back(Seconds([&] {
      Check(lane->CopyToDevice(pinned.data(), target.data(), kBytes));
      Check(lane->Wait());
    }));
    read.push_back(Seconds([&] {
      pool.ParallelFor(kBytes >> 20, 1, [&](int64_t begin, int64_t end) {
        Check(file->Read(begin << 20, (end - begin) << 20, static_cast<char*>(pinned.data()) + (begin << 20)));
      });
    }));
    restore.push_back(Seconds([&] { Check(saver.Restore(session, prefix)); }));
  }
  for (int i : {0, 13, 63}) verify(i);
  std::printf(
      "{\"workload\": \"restore_a_cuda\", \"bytes\": %lld, \"threads\": %d, \"device\": \"%s\", \"first_s\": %.6f,\n"
      " \"restore_s\": %s,\n \"limit_pinned_to_device_s\": %s,\n \"limit_parallel_read_s\": %s}\n",
      static_cast<long long>(kBytes), threads, tf::CudaDevice::Describe().c_str(), first, List(restore).c_str(),
      List(upload).c_str(), List(read).c_str());
  for (const char* suffix : {".data-00000-of-00001", ".index"}) std::remove((prefix + suffix).c_str());
  return 0;
}
