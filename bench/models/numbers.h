// Seeded numbers that are the same on every machine: weights and inputs of the bench's models.
#ifndef TFPERSIST_BENCH_MODELS_NUMBERS_H_
#define TFPERSIST_BENCH_MODELS_NUMBERS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tfpersist::bench {

class Numbers {
 public:
  // What a name stands for is the same however often and in whatever order it is asked for.
  explicit Numbers(const std::string& name) {
    state_ = 0xcbf29ce484222325u;  // FNV-1a
    for (const char c : name) state_ = (state_ ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }

  uint64_t Next() {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Mean 0, variance 1: the sum of four uniform numbers, which needs no libm and is near enough to normal.
  float Normal() {
    const uint64_t bits = Next();
    const int sum = static_cast<int>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return static_cast<float>(sum - 131070) * (1.7320508f / 65536.0f);
  }

  std::vector<float> Normals(int64_t count, float scale, float mean = 0) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = mean + scale * Normal();
    return values;
  }

 private:
  uint64_t state_;
};

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_MODELS_NUMBERS_H_
