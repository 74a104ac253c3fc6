// DataType and what follows from it: names, widths, C++ types. Values are those of TensorFlow's types.proto (a test
// checks them); reference types are the base type plus 100.
#ifndef TFPERSIST_REFERENCE_TENSOR_TYPES_H_
#define TFPERSIST_REFERENCE_TENSOR_TYPES_H_

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>

#include "Eigen/Core"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace tfpersist {

enum DataType : int {
  DT_INVALID = 0,
  DT_FLOAT = 1,
  DT_DOUBLE = 2,
  DT_INT32 = 3,
  DT_UINT8 = 4,
  DT_INT16 = 5,
  DT_INT8 = 6,
  DT_STRING = 7,
  DT_COMPLEX64 = 8,
  DT_INT64 = 9,
  DT_BOOL = 10,
  DT_QINT8 = 11,
  DT_QUINT8 = 12,
  DT_QINT32 = 13,
  DT_BFLOAT16 = 14,
  DT_QINT16 = 15,
  DT_QUINT16 = 16,
  DT_UINT16 = 17,
  DT_COMPLEX128 = 18,
  DT_HALF = 19,
  DT_RESOURCE = 20,
  DT_VARIANT = 21,
  DT_UINT32 = 22,
  DT_UINT64 = 23,
};

inline constexpr int kRefOffset = 100;  // DT_FLOAT_REF = DT_FLOAT + 100

using half = Eigen::half;
using bfloat16 = Eigen::bfloat16;

struct ResourceHandle;  // tensor.h
struct Variant;         // tensor.h

// Of a node's inputs or outputs: few, mostly.
using DataTypeVector = absl::InlinedVector<DataType, 4>;

constexpr bool IsRefType(DataType t) { return t > kRefOffset; }
constexpr DataType BaseType(DataType t) { return IsRefType(t) ? static_cast<DataType>(t - kRefOffset) : t; }
constexpr DataType MakeRefType(DataType t) { return IsRefType(t) ? t : static_cast<DataType>(t + kRefOffset); }

// Bytes of one element in memory; 0 for DT_STRING, DT_RESOURCE, DT_VARIANT and unknown types.
size_t DataTypeSize(DataType t);
// True for types whose elements are plain bytes (memcpy, bundle form "raw").
bool IsPlain(DataType t);
// True for a value of the enum above (not a reference type).
bool IsValidType(int t);

std::string DataTypeString(DataType t);              // "float", "float_ref", "int32": names in kernel messages
std::string DataTypeEnumName(DataType t);            // "DT_FLOAT", "DT_FLOAT_REF"
std::string DataTypePythonName(DataType t);          // "float32", "float64", "float16": names in Python and in cases
DataType DataTypeFromEnumName(absl::string_view s);  // DT_INVALID if unknown
DataType DataTypeFromPythonName(absl::string_view s);

// The DataType of a C++ element type.
template <typename T>
struct DataTypeOf;
#define TFP_DATA_TYPE(cpp, dt)            \
  template <>                             \
  struct DataTypeOf<cpp> {                \
    static constexpr DataType value = dt; \
  }
TFP_DATA_TYPE(float, DT_FLOAT);
TFP_DATA_TYPE(double, DT_DOUBLE);
TFP_DATA_TYPE(int32_t, DT_INT32);
TFP_DATA_TYPE(uint8_t, DT_UINT8);
TFP_DATA_TYPE(int16_t, DT_INT16);
TFP_DATA_TYPE(int8_t, DT_INT8);
TFP_DATA_TYPE(std::string, DT_STRING);
TFP_DATA_TYPE(std::complex<float>, DT_COMPLEX64);
TFP_DATA_TYPE(int64_t, DT_INT64);
TFP_DATA_TYPE(bool, DT_BOOL);
TFP_DATA_TYPE(bfloat16, DT_BFLOAT16);
TFP_DATA_TYPE(uint16_t, DT_UINT16);
TFP_DATA_TYPE(std::complex<double>, DT_COMPLEX128);
TFP_DATA_TYPE(half, DT_HALF);
TFP_DATA_TYPE(ResourceHandle, DT_RESOURCE);
TFP_DATA_TYPE(Variant, DT_VARIANT);
TFP_DATA_TYPE(uint32_t, DT_UINT32);
TFP_DATA_TYPE(uint64_t, DT_UINT64);
#undef TFP_DATA_TYPE

// A set of dtypes, for kernels' type constraints: MaskOf(DT_FLOAT, DT_HALF).
using DataTypeMask = uint32_t;
template <typename... Ts>
constexpr DataTypeMask MaskOf(Ts... ts) {
  return ((DataTypeMask{1} << ts) | ... | 0u);
}
constexpr bool MaskHas(DataTypeMask mask, DataType t) { return t > 0 && t < 32 && ((mask >> t) & 1u); }

inline constexpr DataTypeMask kFloatTypes = MaskOf(DT_HALF, DT_BFLOAT16, DT_FLOAT, DT_DOUBLE);
inline constexpr DataTypeMask kComplexTypes = MaskOf(DT_COMPLEX64, DT_COMPLEX128);
inline constexpr DataTypeMask kIntTypes =
    MaskOf(DT_INT8, DT_INT16, DT_INT32, DT_INT64, DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64);
inline constexpr DataTypeMask kRealNumberTypes = kFloatTypes | kIntTypes;
inline constexpr DataTypeMask kNumberTypes = kRealNumberTypes | kComplexTypes;
inline constexpr DataTypeMask kQuantizedTypes = MaskOf(DT_QINT8, DT_QUINT8, DT_QINT16, DT_QUINT16, DT_QINT32);
inline constexpr DataTypeMask kAllTypes =
    kNumberTypes | kQuantizedTypes | MaskOf(DT_BOOL, DT_STRING, DT_RESOURCE, DT_VARIANT);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TYPES_H_
