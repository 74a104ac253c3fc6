// TensorFlow's C API, loaded by path from whatever library exports it: the functions that the testee calls.
#ifndef TFPERSIST_CONFORMANCE_TESTEES_C_API_API_H_
#define TFPERSIST_CONFORMANCE_TESTEES_C_API_API_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tfpersist::conform {

struct TF_Status;
struct TF_Graph;
struct TF_Session;
struct TF_SessionOptions;
struct TF_Operation;
struct TF_OperationDescription;
struct TF_ImportGraphDefOptions;
struct TF_ImportGraphDefResults;
struct TF_Tensor;
struct TF_Buffer {
  const void* data;
  size_t length;
  void (*data_deallocator)(void*, size_t);
};
struct TF_Output {
  TF_Operation* oper;
  int index;
};

inline constexpr int kTfString = 7;

// name, result, arguments
#define TFPERSIST_C_API(F)                                                                                        \
  F(TF_Version, const char*, ())                                                                                  \
  F(TF_NewStatus, TF_Status*, ())                                                                                 \
  F(TF_DeleteStatus, void, (TF_Status*))                                                                          \
  F(TF_GetCode, int, (const TF_Status*))                                                                          \
  F(TF_Message, const char*, (const TF_Status*))                                                                  \
  F(TF_AllocateTensor, TF_Tensor*, (int, const int64_t*, int, size_t))                                            \
  F(TF_DeleteTensor, void, (TF_Tensor*))                                                                          \
  F(TF_TensorType, int, (const TF_Tensor*))                                                                       \
  F(TF_NumDims, int, (const TF_Tensor*))                                                                          \
  F(TF_Dim, int64_t, (const TF_Tensor*, int))                                                                     \
  F(TF_TensorByteSize, size_t, (const TF_Tensor*))                                                                \
  F(TF_TensorData, void*, (const TF_Tensor*))                                                                     \
  F(TF_DataTypeSize, size_t, (int))                                                                               \
  F(TF_NewGraph, TF_Graph*, ())                                                                                   \
  F(TF_DeleteGraph, void, (TF_Graph*))                                                                            \
  F(TF_GraphOperationByName, TF_Operation*, (TF_Graph*, const char*))                                             \
  F(TF_NewOperation, TF_OperationDescription*, (TF_Graph*, const char*, const char*))                             \
  F(TF_AddInput, void, (TF_OperationDescription*, TF_Output))                                                     \
  F(TF_AddInputList, void, (TF_OperationDescription*, const TF_Output*, int))                                     \
  F(TF_AddControlInput, void, (TF_OperationDescription*, TF_Operation*))                                          \
  F(TF_SetAttrString, void, (TF_OperationDescription*, const char*, const void*, size_t))                         \
  F(TF_SetAttrStringList, void, (TF_OperationDescription*, const char*, const void* const*, const size_t*, int))  \
  F(TF_SetAttrInt, void, (TF_OperationDescription*, const char*, int64_t))                                        \
  F(TF_SetAttrIntList, void, (TF_OperationDescription*, const char*, const int64_t*, int))                        \
  F(TF_SetAttrFloat, void, (TF_OperationDescription*, const char*, float))                                        \
  F(TF_SetAttrBool, void, (TF_OperationDescription*, const char*, unsigned char))                                 \
  F(TF_SetAttrType, void, (TF_OperationDescription*, const char*, int))                                           \
  F(TF_SetAttrTypeList, void, (TF_OperationDescription*, const char*, const int*, int))                           \
  F(TF_SetAttrShape, void, (TF_OperationDescription*, const char*, const int64_t*, int))                          \
  F(TF_SetAttrTensor, void, (TF_OperationDescription*, const char*, TF_Tensor*, TF_Status*))                      \
  F(TF_FinishOperation, TF_Operation*, (TF_OperationDescription*, TF_Status*))                                    \
  F(TF_OperationName, const char*, (TF_Operation*))                                                               \
  F(TF_OperationNumOutputs, int, (TF_Operation*))                                                                 \
  F(TF_NewImportGraphDefOptions, TF_ImportGraphDefOptions*, ())                                                   \
  F(TF_DeleteImportGraphDefOptions, void, (TF_ImportGraphDefOptions*))                                            \
  F(TF_ImportGraphDefOptionsSetPrefix, void, (TF_ImportGraphDefOptions*, const char*))                            \
  F(TF_ImportGraphDefOptionsAddReturnOutput, void, (TF_ImportGraphDefOptions*, const char*, int))                 \
  F(TF_GraphImportGraphDefWithReturnOutputs, void,                                                                \
    (TF_Graph*, const TF_Buffer*, const TF_ImportGraphDefOptions*, TF_Output*, int, TF_Status*))                  \
  F(TF_NewSessionOptions, TF_SessionOptions*, ())                                                                 \
  F(TF_DeleteSessionOptions, void, (TF_SessionOptions*))                                                          \
  F(TF_SetConfig, void, (TF_SessionOptions*, const void*, size_t, TF_Status*))                                    \
  F(TF_NewSession, TF_Session*, (TF_Graph*, const TF_SessionOptions*, TF_Status*))                                \
  F(TF_CloseSession, void, (TF_Session*, TF_Status*))                                                             \
  F(TF_DeleteSession, void, (TF_Session*, TF_Status*))                                                            \
  F(TF_SessionRun, void,                                                                                          \
    (TF_Session*, const TF_Buffer*, const TF_Output*, TF_Tensor* const*, int, const TF_Output*, TF_Tensor**, int, \
     const TF_Operation* const*, int, TF_Buffer*, TF_Status*))

struct Api {
#define F(name, result, arguments) result(*name) arguments = nullptr;
  TFPERSIST_C_API(F)
#undef F
  bool tstrings = false;  // strings in the layout of 2.x

  // `libraries` in the order in which they load; the last exports the API. Empty, or what went wrong.
  std::string Load(const std::vector<std::string>& libraries);
};

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_TESTEES_C_API_API_H_
