// RandomUniform, RandomUniformInt, RandomStandardNormal, TruncatedNormal, RandomShuffle: TensorFlow's own numbers, run
// after run, for a node that names a seed. Follows core/lib/random/{philox_random,random_distributions}.h,
// core/util/guarded_philox_random.cc, core/kernels/random_op.cc, random_shuffle_op.cc.
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>
#include <numeric>
#include <random>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

// Philox4x32-10 (Salmon et al. 2011): a counter of 128 bits, four numbers at each.
class Philox {
 public:
  Philox(uint64_t seed, uint64_t seed2) {
    key_ = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    counter_ = {0, 0, static_cast<uint32_t>(seed2), static_cast<uint32_t>(seed2 >> 32)};
  }
  void Skip(uint64_t count) {
    const uint64_t low = (static_cast<uint64_t>(counter_[1]) << 32 | counter_[0]) + count;
    counter_[0] = static_cast<uint32_t>(low);
    counter_[1] = static_cast<uint32_t>(low >> 32);
    if (low < count && ++counter_[2] == 0) ++counter_[3];
  }
  std::array<uint32_t, 4> operator()() {
    std::array<uint32_t, 4> x = counter_;
    std::array<uint32_t, 2> key = key_;
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = static_cast<uint64_t>(0xD2511F53u) * x[0], b = static_cast<uint64_t>(0xCD9E8D57u) * x[2];
      x = {static_cast<uint32_t>(b >> 32) ^ x[1] ^ key[0], static_cast<uint32_t>(b),
           static_cast<uint32_t>(a >> 32) ^ x[3] ^ key[1], static_cast<uint32_t>(a)};
      key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
    }
    Skip(1);
    return x;
  }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
};

// One number after the other.
class SingleSamples {
 public:
  explicit SingleSamples(Philox* source) : source_(source) {}
  uint32_t operator()() {
    if (used_ == 4) {
      numbers_ = (*source_)();
      used_ = 0;
    }
    return numbers_[used_++];
  }

 private:
  Philox* const source_;
  std::array<uint32_t, 4> numbers_{};
  int used_ = 4;
};

// What a node has drawn so far; kept by its kernel.
class Generator {
 public:
  static absl::StatusOr<Philox> SeededBy(const OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(int64_t seed, c.IntAttr("seed"));
    TFP_ASSIGN_OR_RETURN(int64_t seed2, c.IntAttr("seed2"));
    if (seed == 0 && seed2 == 0) {  // no seed: other numbers in every process
      std::random_device device;
      seed = static_cast<int64_t>(static_cast<uint64_t>(device()) << 32 | device());
      seed2 = static_cast<int64_t>(static_cast<uint64_t>(device()) << 32 | device());
    }
    return Philox(static_cast<uint64_t>(seed), static_cast<uint64_t>(seed2));
  }
  explicit Generator(Philox philox) : philox_(philox) {}
  // Where the next run may start, which leaves `blocks` of four numbers to it.
  Philox Reserve(uint64_t blocks) {
    const std::lock_guard<std::mutex> lock(mu_);
    const Philox start = philox_;
    philox_.Skip(blocks);
    return start;
  }

 private:
  std::mutex mu_;
  Philox philox_;
};

constexpr uint64_t kReserved = 256;  // blocks that TensorFlow sets aside for each output

template <typename To, typename From>
To BitsAs(From bits) {
  static_assert(sizeof(To) == sizeof(From));
  To value;
  std::memcpy(static_cast<void*>(&value), &bits, sizeof(value));
  return value;
}

// [0, 1): random mantissas of numbers in [1, 2).
float UniformFloat(uint32_t x) { return BitsAs<float>(127u << 23 | (x & 0x7fffffu)) - 1.0f; }
double UniformDouble(uint32_t high, uint32_t low) {
  return BitsAs<double>(uint64_t{1023} << 52 | static_cast<uint64_t>(high & 0xfffffu) << 32 | low) - 1.0;
}

template <typename T>
struct Uniform {
  static constexpr int kGroup = std::is_same_v<T, double> ? 2 : 4;
  std::array<T, kGroup> operator()(Philox& source) const {
    const std::array<uint32_t, 4> x = source();
    std::array<T, kGroup> values;
    for (int i = 0; i < kGroup; ++i) {
      if constexpr (std::is_same_v<T, double>) {
        values[i] = UniformDouble(x[2 * i], x[2 * i + 1]);
      } else if constexpr (std::is_same_v<T, float>) {
        values[i] = UniformFloat(x[i]);
      } else if constexpr (std::is_same_v<T, half>) {
        values[i] = static_cast<half>(BitsAs<half>(static_cast<uint16_t>(15u << 10 | (x[i] & 0x3ffu))) - half(1.0f));
      } else {
        values[i] = static_cast<T>(BitsAs<T>(static_cast<uint16_t>(127u << 7 | (x[i] & 0x7fu))) - T(1.0f));
      }
    }
    return values;
  }
};

void BoxMuller(uint32_t x0, uint32_t x1, float* a, float* b) {
  float u = UniformFloat(x0);
  if (u < 1.0e-7f) u = 1.0e-7f;
  const float angle = static_cast<float>(2.0f * M_PI * UniformFloat(x1)), radius = std::sqrt(-2.0f * std::log(u));
  *a = std::sin(angle) * radius;
  *b = std::cos(angle) * radius;
}
void BoxMuller(uint32_t x0, uint32_t x1, uint32_t x2, uint32_t x3, double* a, double* b) {
  double u = UniformDouble(x0, x1);
  if (u < 1.0e-7) u = 1.0e-7;
  const double angle = 2 * M_PI * UniformDouble(x2, x3), radius = std::sqrt(-2.0 * std::log(u));
  *a = std::sin(angle) * radius;
  *b = std::cos(angle) * radius;
}

template <typename T>
struct Normal {
  static constexpr int kGroup = std::is_same_v<T, double> ? 2 : 4;
  std::array<T, kGroup> operator()(Philox& source) const {
    const std::array<uint32_t, 4> x = source();
    std::array<T, kGroup> values;
    if constexpr (std::is_same_v<T, double>) {
      BoxMuller(x[0], x[1], x[2], x[3], &values[0], &values[1]);
    } else {
      for (int i = 0; i < kGroup; i += 2) {
        float a, b;
        BoxMuller(x[i], x[i + 1], &a, &b);
        values[i] = static_cast<T>(a);
        values[i + 1] = static_cast<T>(b);
      }
    }
    return values;
  }
};

// Normal numbers within two deviations: draws until it has enough.
template <typename T>
struct Truncated {
  static constexpr int kGroup = std::is_same_v<T, double> ? 2 : 4;
  static constexpr bool kVariable = true;
  std::array<T, kGroup> operator()(Philox& source) const {
    SingleSamples single(&source);
    std::array<T, kGroup> values;
    for (int count = 0;;) {
      std::conditional_t<std::is_same_v<T, double>, double, float> f[2];
      const uint32_t x0 = single(), x1 = single();
      if constexpr (std::is_same_v<T, double>) {
        const uint32_t x2 = single(), x3 = single();
        BoxMuller(x0, x1, x2, x3, &f[0], &f[1]);
      } else {
        BoxMuller(x0, x1, &f[0], &f[1]);
      }
      for (auto v : f) {
        if (!(std::abs(v) < 2)) continue;
        values[count++] = static_cast<T>(v);
        if (count == kGroup) return values;
      }
    }
  }
};

template <typename T>
struct UniformInt {
  static constexpr int kGroup = std::is_same_v<T, int64_t> ? 2 : 4;
  using U = std::make_unsigned_t<T>;
  T low;
  U range;
  std::array<T, kGroup> operator()(Philox& source) const {
    const std::array<uint32_t, 4> x = source();
    std::array<T, kGroup> values;
    for (int i = 0; i < kGroup; ++i) {
      U drawn;
      if constexpr (kGroup == 2) {
        drawn = static_cast<uint64_t>(x[2 * i + 1]) << 32 | x[2 * i];
      } else {
        drawn = x[i];
      }
      values[i] = static_cast<T>(static_cast<U>(low) + drawn % range);
    }
    return values;
  }
};

template <typename D>
constexpr bool IsVariable = requires {
  D::kVariable;
};

// Groups of numbers, each from its own place of the sequence, so that threads don't matter.
template <typename D, typename T>
void Fill(OpKernelContext& ctx, const Philox& start, const D& distribution, T* to, int64_t n) {
  constexpr int kGroup = D::kGroup;
  Shard(ctx, (n + kGroup - 1) / kGroup, kGroup * 10, [&](int64_t begin, int64_t end) {
    Philox source = start;
    if (!IsVariable<D>) source.Skip(begin);
    for (int64_t group = begin; group < end; ++group) {
      if (IsVariable<D>) {
        source = start;
        source.Skip(static_cast<uint64_t>(group) * (kGroup * kReserved / 4));
      }
      const auto values = distribution(source);
      const int64_t left = std::min<int64_t>(kGroup, n - group * kGroup);
      std::copy_n(values.begin(), left, to + group * kGroup);
    }
  });
}

absl::StatusOr<TensorShape> ShapeFrom(const Tensor& t) {
  if (t.shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape must be a vector of {int32,int64}, got shape ", t.shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntVector(t, "shape"));
  return ShapeOfSizes(dims);
}

template <template <typename> typename D>
class RandomKernel : public OpKernel {
 public:
  RandomKernel(Philox philox, DataType dtype) : generator_(philox), dtype_(dtype) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const Philox philox, Generator::SeededBy(c));
    TFP_ASSIGN_OR_RETURN(const DataType dtype, c.TypeAttr("dtype"));
    return std::make_unique<RandomKernel>(philox, dtype);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeFrom(ctx.input(0)));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    return Dispatch<kFloatTypes>(dtype_, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const int64_t n = out->num_elements();
      Fill(ctx, generator_.Reserve(static_cast<uint64_t>(n) * kReserved), D<T>(), Elements<T>(out), n);
      return absl::OkStatus();
    });
  }

 private:
  Generator generator_;
  const DataType dtype_;
};

class RandomUniformIntKernel : public OpKernel {
 public:
  explicit RandomUniformIntKernel(Philox philox) : generator_(philox) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const Philox philox, Generator::SeededBy(c));
    return std::make_unique<RandomUniformIntKernel>(philox);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const char* const names[] = {"", "minval", "maxval"};
    for (int i = 1; i < 3; ++i) {
      if (!ctx.input(i).shape().IsScalar()) {
        return absl::InvalidArgumentError(
            absl::StrCat(names[i], " must be 0-D, got shape ", ctx.input(i).shape().DebugString()));
      }
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, ShapeFrom(ctx.input(0)));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    return Dispatch<MaskOf(DT_INT32, DT_INT64)>(ctx.input(1).dtype(), [&](auto tag) -> absl::Status {
      using T = typename decltype(tag)::type;
      using U = std::make_unsigned_t<T>;
      const T low = *Elements<T>(ctx.input(1)), high = *Elements<T>(ctx.input(2));
      if (low >= high) {
        return absl::InvalidArgumentError(absl::StrCat("Need minval < maxval, got ", low, " >= ", high));
      }
      const int64_t n = out->num_elements();
      Fill(ctx, generator_.Reserve(static_cast<uint64_t>(n) * kReserved),
           UniformInt<T>{low, static_cast<U>(static_cast<U>(high) - static_cast<U>(low))}, Elements<T>(out), n);
      return absl::OkStatus();
    });
  }

 private:
  Generator generator_;
};

// Rows in another order.
class RandomShuffleKernel : public OpKernel {
 public:
  explicit RandomShuffleKernel(Philox philox) : generator_(philox) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const Philox philox, Generator::SeededBy(c));
    return std::make_unique<RandomShuffleKernel>(philox);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.num_elements() <= 1 || x.shape().dim(0) <= 1) {
      ctx.SetOutput(0, x);
      return absl::OkStatus();
    }
    const int64_t rows = x.shape().dim(0), row = x.num_elements() / rows;
    if (rows >= int64_t{1} << 32) return absl::InvalidArgumentError("RandomShuffle takes fewer than 2^32 rows.");
    Philox source = generator_.Reserve(static_cast<uint64_t>(rows + 2) / 4);
    SingleSamples single(&source);
    std::vector<int64_t> order(rows);
    std::iota(order.begin(), order.end(), 0);
    for (int64_t i = 0; i + 1 < rows; ++i) {
      std::swap(order[i], order[i + single() % static_cast<uint32_t>(rows - i)]);
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape()));
    return DispatchCopy(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* to = Elements<T>(out);
      for (int64_t i : order) to = std::copy_n(Elements<T>(x) + i * row, row, to);
      return absl::OkStatus();
    });
  }

 private:
  Generator generator_;
};

}  // namespace

void RegisterRandomKernels(KernelRegistry* registry) {
  RegisterKernel<RandomKernel<Uniform>>(registry, "RandomUniform", "dtype", kFloatTypes);
  RegisterKernel<RandomKernel<Normal>>(registry, "RandomStandardNormal", "dtype", kFloatTypes);
  RegisterKernel<RandomKernel<Truncated>>(registry, "TruncatedNormal", "dtype", kFloatTypes);
  RegisterKernel<RandomUniformIntKernel>(registry, "RandomUniformInt", "Tout", MaskOf(DT_INT32, DT_INT64));
  RegisterKernel<RandomShuffleKernel>(registry, "RandomShuffle");
}

}  // namespace tfpersist
