// What the checkpoints of this task hold, and the value of each element, which every competitor is held to.
#ifndef TFPERSIST_BENCH_CHECKPOINT_WORKLOADS_H_
#define TFPERSIST_BENCH_CHECKPOINT_WORKLOADS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tfpersist::bench {

struct TensorSpec {
  std::string name;
  std::vector<int64_t> dims;
  int64_t elements() const;
};

struct Workload {
  std::string name;  // the checkpoint's prefix in the folder
  std::vector<TensorSpec> tensors;
  bool strings = false;   // float32 otherwise
  int shards = 1;         // tensors lie in them in turns
  int parts = 1;          // slices along the first dimension that each tensor is stored in
  int64_t bytes() const;  // of float32
};

Workload LargeTensors();    // a: 64 of 16 MiB
Workload ManyVariables();   // b: 200,000 of 64 floats
Workload SavedVariables();  // 20,000 of 64 floats, through Saver
Workload Resnet50();        // c: the variables of slim's resnet_v1_50, 98 MiB
Workload OneTensor();       // d: 3 GiB
Workload MillionStrings();  // e: in one tensor
Workload EightShards();     // f: 64 of 4 MiB
Workload Partitioned();     // g: one of 128 MiB in 16 slices

// g is read again in so many slices along the second dimension.
inline constexpr int kReslices = 8;
std::vector<std::string> ResliceSpecs();

// Element j of tensor i. Fractions are exact in float32.
inline float Value(int64_t i, int64_t j) { return static_cast<float>(i) + static_cast<float>(j % 1000) / 1024.0f; }
// String j: 0 to 40 bytes, most of them below what fits into a string object.
std::string Text(int64_t j);

// The files that prepare.cc writes beside the checkpoints.
inline std::string RestoreGraph(const Workload& w) { return w.name + ".restore.pb"; }
inline std::string SaveGraph(const Workload& w) { return w.name + ".save.pb"; }
inline constexpr char kResliceGraph[] = "reslice.pb", kSaverGraph[] = "saver.pb";

std::string ShardFile(const Workload& w, int shard);

// Takes the file's pages out of the page cache, where the system heeds posix_fadvise. Returns the share of them that is
// still there.
double DropFromCache(const std::string& file);

bool SameFiles(const std::string& a, const std::string& b);

[[noreturn]] void Die(const std::string& what);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_CHECKPOINT_WORKLOADS_H_
