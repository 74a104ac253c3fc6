// LLVMFuzzerMutate where libFuzzer is not linked: a few changes of bytes, enough for the mutators built on it.
#include <algorithm>
#include <cstring>
#include <random>

#include "fuzz/mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  static std::mt19937_64 random(1);  // the same each time the program runs
  const auto upto = [&](size_t n) { return static_cast<size_t>(random() % (n + 1)); };
  switch (random() % 5) {
    case 0:  // a bit
      if (size > 0) data[upto(size - 1)] ^= static_cast<uint8_t>(1 << random() % 8);
      return size;
    case 1:  // a byte, of those that matter to lengths and signs
      if (size > 0) {
        static constexpr uint8_t kBytes[] = {0, 1, 0x7f, 0x80, 0xff, 0xfe, ' ', '/'};
        data[upto(size - 1)] = kBytes[random() % sizeof kBytes];
      }
      return size;
    case 2: {  // a piece goes
      if (size < 2) return size;
      const size_t at = upto(size - 1), n = std::min(upto(8) + 1, size - at);
      std::memmove(data + at, data + at + n, size - at - n);
      return size - n;
    }
    case 3: {  // a piece comes
      const size_t at = upto(size), n = std::min(upto(8) + 1, max_size - std::min(size, max_size));
      std::memmove(data + at + n, data + at, size - at);
      for (size_t i = 0; i < n; ++i) data[at + i] = static_cast<uint8_t>(random());
      return size + n;
    }
    default: {  // a piece is copied over another
      if (size < 2) return size;
      const size_t n = upto(std::min<size_t>(16, size - 1)), from = upto(size - n), to = upto(size - n);
      std::memmove(data + to, data + from, n);
      return size;
    }
  }
}
