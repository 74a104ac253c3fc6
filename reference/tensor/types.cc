#include "reference/tensor/types.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tfpersist {
namespace {

struct TypeRow {
  DataType type;
  uint8_t size;             // 0: elements are objects
  const char* name;         // in kernel messages
  const char* python_name;  // in Python and in cases
  const char* enum_name;
};

constexpr TypeRow kTypes[] = {
    {DT_FLOAT, 4, "float", "float32", "DT_FLOAT"},
    {DT_DOUBLE, 8, "double", "float64", "DT_DOUBLE"},
    {DT_INT32, 4, "int32", "int32", "DT_INT32"},
    {DT_UINT8, 1, "uint8", "uint8", "DT_UINT8"},
    {DT_INT16, 2, "int16", "int16", "DT_INT16"},
    {DT_INT8, 1, "int8", "int8", "DT_INT8"},
    {DT_STRING, 0, "string", "string", "DT_STRING"},
    {DT_COMPLEX64, 8, "complex64", "complex64", "DT_COMPLEX64"},
    {DT_INT64, 8, "int64", "int64", "DT_INT64"},
    {DT_BOOL, 1, "bool", "bool", "DT_BOOL"},
    {DT_QINT8, 1, "qint8", "qint8", "DT_QINT8"},
    {DT_QUINT8, 1, "quint8", "quint8", "DT_QUINT8"},
    {DT_QINT32, 4, "qint32", "qint32", "DT_QINT32"},
    {DT_BFLOAT16, 2, "bfloat16", "bfloat16", "DT_BFLOAT16"},
    {DT_QINT16, 2, "qint16", "qint16", "DT_QINT16"},
    {DT_QUINT16, 2, "quint16", "quint16", "DT_QUINT16"},
    {DT_UINT16, 2, "uint16", "uint16", "DT_UINT16"},
    {DT_COMPLEX128, 16, "complex128", "complex128", "DT_COMPLEX128"},
    {DT_HALF, 2, "half", "float16", "DT_HALF"},
    {DT_RESOURCE, 0, "resource", "resource", "DT_RESOURCE"},
    {DT_VARIANT, 0, "variant", "variant", "DT_VARIANT"},
    {DT_UINT32, 4, "uint32", "uint32", "DT_UINT32"},
    {DT_UINT64, 8, "uint64", "uint64", "DT_UINT64"},
};

constexpr int kNumTypes = sizeof(kTypes) / sizeof(kTypes[0]);
constexpr bool RowsFollowTheEnum() {
  for (int i = 0; i < kNumTypes; ++i) {
    if (kTypes[i].type != i + 1) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnum());

const TypeRow* Row(DataType t) { return t >= 1 && t <= kNumTypes ? &kTypes[t - 1] : nullptr; }

// A file may hold any number. A reference to a reference is no type.
bool IsPlainRef(DataType t) { return IsRefType(t) && !IsRefType(BaseType(t)); }

}  // namespace

size_t DataTypeSize(DataType t) {
  const TypeRow* row = Row(t);
  return row ? row->size : 0;
}

bool IsPlain(DataType t) { return DataTypeSize(t) != 0; }

bool IsValidType(int t) { return t >= 1 && t <= kNumTypes; }

std::string DataTypeString(DataType t) {
  if (IsPlainRef(t)) return absl::StrCat(DataTypeString(BaseType(t)), "_ref");
  if (t == DT_INVALID) return "INVALID";
  const TypeRow* row = Row(t);
  return row ? row->name : absl::StrCat("unknown dtype enum (", static_cast<int>(t), ")");
}

std::string DataTypeEnumName(DataType t) {
  if (IsPlainRef(t)) return absl::StrCat(DataTypeEnumName(BaseType(t)), "_REF");
  const TypeRow* row = Row(t);
  return row ? row->enum_name : t == DT_INVALID ? "DT_INVALID" : absl::StrCat(static_cast<int>(t));
}

std::string DataTypePythonName(DataType t) {
  if (IsPlainRef(t)) return absl::StrCat(DataTypePythonName(BaseType(t)), "_ref");
  const TypeRow* row = Row(t);
  return row ? row->python_name : "invalid";
}

DataType DataTypeFromEnumName(absl::string_view s) {
  const bool ref = absl::ConsumeSuffix(&s, "_REF");
  for (const TypeRow& row : kTypes) {
    if (s == row.enum_name) return ref ? MakeRefType(row.type) : row.type;
  }
  return DT_INVALID;
}

DataType DataTypeFromPythonName(absl::string_view s) {
  for (const TypeRow& row : kTypes) {
    if (s == row.python_name || s == row.name) return row.type;
  }
  return DT_INVALID;
}

}  // namespace tfpersist
