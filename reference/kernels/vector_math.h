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

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_VECTOR_MATH_H_
