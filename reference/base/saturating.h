// Sums and products of sizes that come from files, which may be anything: at most INT64_MAX, and a negative one counts
// as 0.
#ifndef TFPERSIST_REFERENCE_BASE_SATURATING_H_
#define TFPERSIST_REFERENCE_BASE_SATURATING_H_

#include <cstdint>

namespace tfpersist {

// REQUIRES: sum >= 0.
inline int64_t SaturatingAdd(int64_t sum, int64_t more) {
  if (more <= 0) return sum;
  return sum > INT64_MAX - more ? INT64_MAX : sum + more;
}

inline int64_t SaturatingMultiply(int64_t a, int64_t b) {
  if (a <= 0 || b <= 0) return 0;
  return a > INT64_MAX / b ? INT64_MAX : a * b;
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_SATURATING_H_
