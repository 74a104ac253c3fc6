/* String tensors in the layout of TensorFlow 2.x: an array of TF_TString, 24 bytes each.

   Including this after tensorflow/c/c_api.h makes TF_TensorData() and TF_TensorByteSize() of string tensors speak of
   that layout in this file; calls from elsewhere keep the layout of 1.x, so that both kinds of client share one library
   and even one tensor. Elements of a new tensor are ready for TF_StringCopy(); the tensor frees them. */
#ifndef TENSORFLOW_C_TF_TSTRING_H_
#define TENSORFLOW_C_TF_TSTRING_H_

#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The low two bits of the first byte are the type; what is above them is the size. Little-endian machines. */
typedef enum TF_TString_Type {
  TF_TSTR_SMALL = 0, /* up to 22 bytes, in place, NUL-terminated */
  TF_TSTR_LARGE = 1, /* on the heap, owned */
  TF_TSTR_OFFSET = 2,
  TF_TSTR_VIEW = 3 /* somebody else's bytes */
} TF_TString_Type;

typedef struct TF_TString {
  union {
    struct {
      uint8_t size;
      char str[23];
    } small;
    struct {
      size_t size;
      size_t cap;
      char* ptr;
    } large;
  } u;
} TF_TString;

TF_CAPI_EXPORT extern void* TF_TensorDataTString(const TF_Tensor* tensor);
TF_CAPI_EXPORT extern size_t TF_TensorByteSizeTString(const TF_Tensor* tensor);
#define TF_TensorData TF_TensorDataTString
#define TF_TensorByteSize TF_TensorByteSizeTString

static inline TF_TString_Type TF_StringGetType(const TF_TString* s) { return (TF_TString_Type)(s->u.small.size & 3); }
static inline size_t TF_StringGetSize(const TF_TString* s) {
  return TF_StringGetType(s) == TF_TSTR_SMALL ? s->u.small.size >> 2 : s->u.large.size >> 2;
}
static inline const char* TF_StringGetDataPointer(const TF_TString* s) {
  return TF_StringGetType(s) == TF_TSTR_SMALL ? s->u.small.str : s->u.large.ptr;
}
static inline void TF_StringInit(TF_TString* s) { memset(s, 0, sizeof(*s)); }
static inline void TF_StringDealloc(TF_TString* s) {
  if (TF_StringGetType(s) == TF_TSTR_LARGE) free(s->u.large.ptr);
  TF_StringInit(s);
}
static inline void TF_StringCopy(TF_TString* s, const char* data, size_t size) {
  char* to;
  TF_StringDealloc(s);
  if (size < sizeof(s->u.small.str)) {
    s->u.small.size = (uint8_t)(size << 2);
    to = s->u.small.str;
  } else {
    to = (char*)malloc(size + 1);
    if (to == NULL) return;
    s->u.large.size = (size << 2) | TF_TSTR_LARGE;
    s->u.large.cap = size;
    s->u.large.ptr = to;
  }
  if (size > 0) memcpy(to, data, size);
  to[size] = 0;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TENSORFLOW_C_TF_TSTRING_H_ */
