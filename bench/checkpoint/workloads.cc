#include "bench/checkpoint/workloads.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace tfpersist::bench {
namespace {

constexpr int64_t kRows = 4096, kColumns = 8192;

std::string Numbered(const char* format, int i) {
  char text[64];
  std::snprintf(text, sizeof text, format, i);
  return text;
}

Workload Equal(const char* name, int tensors, int64_t floats, const char* format) {
  Workload w{.name = name};
  for (int i = 0; i < tensors; ++i) w.tensors.push_back({Numbered(format, i), {floats}});
  return w;
}

void Convolution(Workload* w, const std::string& scope, int64_t size, int64_t in, int64_t out) {
  w->tensors.push_back({scope + "/weights", {size, size, in, out}});
  for (const char* what : {"beta", "gamma", "moving_mean", "moving_variance"}) {
    w->tensors.push_back({scope + "/BatchNorm/" + what, {out}});
  }
}

}  // namespace

int64_t TensorSpec::elements() const {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  return n;
}

int64_t Workload::bytes() const {
  int64_t n = 0;
  for (const TensorSpec& t : tensors) n += t.elements();
  return n * 4;
}

Workload LargeTensors() { return Equal("a", 64, 4 << 20, "t%02d"); }
Workload ManyVariables() { return Equal("b", 200000, 64, "layer_%06d/weights"); }
Workload SavedVariables() { return Equal("saver", 20000, 64, "v%05d"); }
Workload OneTensor() { return Equal("one", 1, int64_t{3} << 28, "t%d"); }

Workload Resnet50() {
  Workload w{.name = "resnet50"};
  Convolution(&w, "resnet_v1_50/conv1", 7, 3, 64);
  int64_t in = 64;
  const int units[] = {3, 4, 6, 3};
  for (int block = 0; block < 4; ++block) {
    const int64_t depth = 64 << block, out = 4 * depth;
    for (int unit = 0; unit < units[block]; ++unit) {
      const std::string scope =
          Numbered("resnet_v1_50/block%d", block + 1) + Numbered("/unit_%d/bottleneck_v1", unit + 1);
      if (unit == 0) Convolution(&w, scope + "/shortcut", 1, in, out);
      Convolution(&w, scope + "/conv1", 1, in, depth);
      Convolution(&w, scope + "/conv2", 3, depth, depth);
      Convolution(&w, scope + "/conv3", 1, depth, out);
      in = out;
    }
  }
  w.tensors.push_back({"resnet_v1_50/logits/weights", {1, 1, 2048, 1000}});
  w.tensors.push_back({"resnet_v1_50/logits/biases", {1000}});
  return w;
}

Workload MillionStrings() { return {.name = "strings", .tensors = {{"s", {1000000}}}, .strings = true}; }

Workload EightShards() {
  Workload w = Equal("shards", 64, 1 << 20, "t%02d");
  w.shards = 8;
  return w;
}

Workload Partitioned() { return {.name = "partitioned", .tensors = {{"p", {kRows, kColumns}}}, .parts = 16}; }

std::vector<std::string> ResliceSpecs() {
  std::vector<std::string> specs;
  for (int k = 0; k < kReslices; ++k) {
    specs.push_back(std::to_string(kRows) + " " + std::to_string(kColumns) +
                    " -:" + std::to_string(k * kColumns / kReslices) + "," + std::to_string(kColumns / kReslices));
  }
  return specs;
}

std::string Text(int64_t j) {
  std::string text = std::to_string(j * 2654435761 % 1000003);
  text.resize(j % 8 == 7 ? 40 : j % 16, 'x');
  return text;
}

std::string ShardFile(const Workload& w, int shard) {
  char suffix[64];
  std::snprintf(suffix, sizeof suffix, ".data-%05d-of-%05d", shard, w.shards);
  return w.name + suffix;
}

double DropFromCache(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) Die("can't open " + file);
  fsync(fd);  // a dirty page stays
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), size = static_cast<size_t>(info.st_size);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return 0;
  std::vector<unsigned char> resident((size + page - 1) / page);
  size_t there = 0;
  if (mincore(mapped, size, resident.data()) == 0) {
    for (unsigned char r : resident) there += r & 1;
  }
  munmap(mapped, size);
  return resident.empty() ? 0 : static_cast<double>(there) / static_cast<double>(resident.size());
}

bool SameFiles(const std::string& a, const std::string& b) {
  std::ifstream one(a, std::ios::binary), other(b, std::ios::binary);
  std::vector<char> x(1 << 20), y(1 << 20);
  while (one && other) {
    one.read(x.data(), static_cast<std::streamsize>(x.size()));
    other.read(y.data(), static_cast<std::streamsize>(y.size()));
    if (one.gcount() != other.gcount() || std::memcmp(x.data(), y.data(), static_cast<size_t>(one.gcount())) != 0) {
      return false;
    }
  }
  return one.eof() && other.eof();
}

void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}

}  // namespace tfpersist::bench
