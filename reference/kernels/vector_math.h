// Loops over float32 that use the widest vectors that the machine has, chosen when the program starts. The functions
// are those of glibc's libmvec, within 4 ulp; arithmetic is IEEE's, element by element.
#ifndef TFPERSIST_REFERENCE_KERNELS_VECTOR_MATH_H_
#define TFPERSIST_REFERENCE_KERNELS_VECTOR_MATH_H_

#include <string>

#include "reference/kernels/cwise.h"

namespace tfpersist {

// Null: there is none for this op, take the plain one.
BinaryLoop VectorBinaryLoop(const std::string& op);
UnaryLoop VectorUnaryLoop(const std::string& op);

// out[d] = the greatest (as std::max takes them, from the first on), or the sum, of pixels[0..n)[d], for each of
// `depth` channels. n >= 1.
void MaxPixels(const float* const* pixels, int64_t n, int64_t depth, float* out);
void SumPixels(const float* const* pixels, int64_t n, int64_t depth, float* out);

// out = softmax of the row x: exp(x - its greatest value), over their sum. n >= 1. `out` may be x.
void SoftmaxRow(const float* x, int64_t n, float* out);

// out = the row x, or x + addend where that is not null, less its mean, over its standard deviation (epsilon is added
// to the variance), times gamma, plus beta. n >= 1. `out` may be x or addend.
void LayerNormRow(const float* x, const float* addend, const float* gamma, const float* beta, float epsilon, int64_t n,
                  float* out);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_VECTOR_MATH_H_
