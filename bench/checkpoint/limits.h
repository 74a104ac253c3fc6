// What the machine can do with the bytes of workload a: read them in parallel into fresh memory, copy them, write them.
#ifndef TFPERSIST_BENCH_CHECKPOINT_LIMITS_H_
#define TFPERSIST_BENCH_CHECKPOINT_LIMITS_H_

#include <string>

namespace tfpersist::bench {

void RegisterLimits(const std::string& folder);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_CHECKPOINT_LIMITS_H_
