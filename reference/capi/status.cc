// TF_Status, TF_Buffer, the version, and the list of ops.
#include "reference/base/status.h"

#include <cstdlib>
#include <cstring>

#include "google/protobuf/message_lite.h"
#include "reference/capi/internal.h"
#include "reference/op/op_registry.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist::capi {

void Set(TF_Status* status, const absl::Status& from) {
  status->code = static_cast<TF_Code>(static_cast<int>(from.code()));  // Abseil's numbers are TensorFlow's
  status->message = std::string(from.message());
}

void SetBuffer(const google::protobuf::MessageLite& message, TF_Buffer* buffer) {
  const size_t size = message.ByteSizeLong();
  void* data = std::malloc(size > 0 ? size : 1);
  message.SerializeToArray(data, static_cast<int>(size));
  if (buffer->data_deallocator != nullptr) buffer->data_deallocator(const_cast<void*>(buffer->data), buffer->length);
  buffer->data = data;
  buffer->length = size;
  buffer->data_deallocator = [](void* bytes, size_t) { std::free(bytes); };
}

}  // namespace tfpersist::capi

using tfpersist::capi::SetBuffer;

const char* TF_Version(void) { return "1.15.5-tfpersist-" TFPERSIST_VERSION; }

size_t TF_DataTypeSize(TF_DataType dt) { return tfpersist::DataTypeSize(static_cast<tfpersist::DataType>(dt)); }

TF_Status* TF_NewStatus(void) { return new TF_Status; }
void TF_DeleteStatus(TF_Status* s) { delete s; }
void TF_SetStatus(TF_Status* s, TF_Code code, const char* msg) {
  s->code = code;
  s->message = code == TF_OK || msg == nullptr ? "" : msg;
}
TF_Code TF_GetCode(const TF_Status* s) { return s->code; }
const char* TF_Message(const TF_Status* s) { return s->message.c_str(); }

TF_Buffer* TF_NewBuffer(void) { return new TF_Buffer{nullptr, 0, nullptr}; }
TF_Buffer* TF_NewBufferFromString(const void* proto, size_t proto_len) {
  void* copy = std::malloc(proto_len > 0 ? proto_len : 1);
  if (proto_len > 0) std::memcpy(copy, proto, proto_len);
  return new TF_Buffer{copy, proto_len, [](void* data, size_t) { std::free(data); }};
}
void TF_DeleteBuffer(TF_Buffer* buffer) {
  if (buffer == nullptr) return;
  if (buffer->data_deallocator != nullptr) buffer->data_deallocator(const_cast<void*>(buffer->data), buffer->length);
  delete buffer;
}
TF_Buffer TF_GetBuffer(TF_Buffer* buffer) { return *buffer; }

TF_Buffer* TF_GetAllOpList(void) {
  const tfpersist::OpRegistry registry;
  tensorflow::OpList list;
  for (absl::string_view name : tfpersist::OpRegistry::Names()) {
    const auto signature = registry.LookUp(name);
    if (signature.ok()) *list.add_op() = *(*signature)->def;
  }
  TF_Buffer* buffer = TF_NewBuffer();
  SetBuffer(list, buffer);
  return buffer;
}
