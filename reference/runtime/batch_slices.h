// A batch of images a few at a time: convolutions and what stands between them, for one slice of the batch after the
// other, so that what passes between the kernels stays in the cache. Each kernel runs on all threads: slices side by
// side take each other's cache, and were slower.
//
// A plan has at most one such part: consecutive steps that treat each image by itself. Where a slice fails, the part is
// run as a whole, and gives the error that it gives. A run that is traced is run as a whole.
#ifndef TFPERSIST_REFERENCE_RUNTIME_BATCH_SLICES_H_
#define TFPERSIST_REFERENCE_RUNTIME_BATCH_SLICES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/runtime/executor.h"

namespace tfpersist {

// Which part of a plan. Slots are the plan's.
struct BatchSlices {
  int first = 0, end = 0;        // steps
  std::vector<int32_t> images;   // what comes in image by image: [batch, rows, cols, channels]
  std::vector<int32_t> shared;   // what else comes in
  std::vector<int32_t> outputs;  // what is read behind it, or fetched
  int64_t image_bytes = 0;       // the largest value in between, of one image

  // The longest part that is worth it; null: none.
  static std::unique_ptr<const BatchSlices> Find(const Plan& plan);
};

// Runs the part for one RunState, and keeps what that takes between runs. One run at a time.
class SlicedRun {
 public:
  explicit SlicedRun(const Plan& plan);

  struct Done {
    int64_t slices = 0;      // 0: nothing was done, and the steps are to be run one by one
    int64_t peak_bytes = 0;  // the most that was added; counted where the run counts
  };
  // REQUIRES: `state` is before step first. The error is CANCELLED.
  absl::StatusOr<Done> Run(RunState& state, const RunEnvironment& environment);

 private:
  // Images [begin, begin + count) of `batch`.
  absl::Status RunSlice(const RunState& whole, const RunEnvironment& environment, int64_t begin, int64_t count,
                        int64_t batch, std::vector<Tensor>* outputs);
  // Puts what a slice gave where it belongs.
  absl::Status Collect(const Tensor& part, int64_t begin, int64_t count, int64_t batch, Tensor* all) const;

  const BatchSlices& part_;
  const int64_t images_;  // of a slice
  Allocator* const allocator_;
  RunState slice_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_BATCH_SLICES_H_
