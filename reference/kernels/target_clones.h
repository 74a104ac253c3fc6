// Functions that are compiled for AVX2 and AVX-512 too; the loader takes the best that the processor has.
#ifndef TFPERSIST_REFERENCE_KERNELS_TARGET_CLONES_H_
#define TFPERSIST_REFERENCE_KERNELS_TARGET_CLONES_H_

// That needs GCC and glibc on x86-64; elsewhere, and under sanitizers, the plain function serves.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TFP_HAVE_TARGET_CLONES 1
#define TFP_TARGET_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TFP_TARGET_CLONES
#endif

#endif  // TFPERSIST_REFERENCE_KERNELS_TARGET_CLONES_H_
