// Shapes of values that repeat along another's first dimensions: a bias, an embedding of positions.
#ifndef TFPERSIST_REFERENCE_TENSOR_REPEATING_SHAPE_H_
#define TFPERSIST_REFERENCE_TENSOR_REPEATING_SHAPE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace tfpersist {

// `part` has no more dimensions than `whole`, and they are the last of `whole`, the very last at least, with nothing
// but dimensions of 1 before them; -1, which is unknown, may be any.
inline bool MayRepeatAlong(absl::Span<const int64_t> part, absl::Span<const int64_t> whole) {
  if (part.empty() || part.size() > whole.size()) return false;
  while (part.size() > 1 && part[0] == 1) part.remove_prefix(1);
  const absl::Span<const int64_t> last = whole.last(part.size());
  for (size_t d = 0; d < part.size(); ++d) {
    if (part[d] >= 0 && last[d] >= 0 && part[d] != last[d]) return false;
  }
  return true;
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_REPEATING_SHAPE_H_
