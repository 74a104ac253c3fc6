// Sessions: options, runs, SavedModels, devices.
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/capi/internal.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/train/saved_model.h"

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT

namespace {

// What of a ConfigProto a session heeds, by field number: device_count (1: {"CPU": n}), the intra-op threads (2) and
// allow_soft_placement (7). The rest is skipped; false if it can't be parsed.
bool ReadConfig(const void* proto, size_t size, SessionOptions* options) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream in(static_cast<const uint8_t*>(proto), static_cast<int>(size));
  while (const uint32_t tag = in.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const bool varint = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT;
    uint64_t value = 0;
    if (varint && (field == 2 || field == 7)) {
      if (!in.ReadVarint64(&value)) return false;
      if (field == 2 && static_cast<int32_t>(value) >= 0) options->threads = static_cast<int>(value);
      if (field == 7) options->allow_soft_placement = value != 0;
    } else if (field == 1 && !varint) {
      uint32_t length;
      if (!in.ReadVarint32(&length)) return false;
      const auto limit = in.PushLimit(static_cast<int>(length));
      std::string key;
      uint64_t count = 0;
      while (const uint32_t inner = in.ReadTag()) {
        if (WireFormatLite::GetTagFieldNumber(inner) == 1) {
          uint32_t key_size;
          if (!in.ReadVarint32(&key_size) || !in.ReadString(&key, static_cast<int>(key_size))) return false;
        } else if (!in.ReadVarint64(&count)) {
          return false;
        }
      }
      in.PopLimit(limit);
      if (key == "CPU" && count >= 1 && count <= 64) options->cpu_devices = static_cast<int>(count);
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

}  // namespace

TF_SessionOptions* TF_NewSessionOptions(void) { return new TF_SessionOptions; }
void TF_DeleteSessionOptions(TF_SessionOptions* options) { delete options; }
void TF_SetTarget(TF_SessionOptions* options, const char* target) { options->target = target; }
void TF_SetConfig(TF_SessionOptions* options, const void* proto, size_t proto_len, TF_Status* status) {
  Set(status, ReadConfig(proto, proto_len, &options->options) ? absl::OkStatus()
                                                              : absl::InvalidArgumentError("Unparseable ConfigProto"));
}

TF_Session* TF_NewSession(TF_Graph* graph, const TF_SessionOptions* opts, TF_Status* status) {
  if (!opts->target.empty()) {
    Set(status,
        absl::NotFoundError(absl::StrCat("No session factory registered for the given session options: {target: \"",
                                         opts->target, "\"}; tfpersist runs in this process only")));
    return nullptr;
  }
  Set(status, absl::OkStatus());
  SessionOptions options = opts->options;
  options.c_api_checks = true;
  auto* session = new TF_Session(graph, options);
  session->cpu_devices = options.cpu_devices;
  return session;
}

void TF_CloseSession(TF_Session* session, TF_Status* status) {
  session->session.Close();
  Set(status, absl::OkStatus());
}
void TF_DeleteSession(TF_Session* session, TF_Status* status) {
  delete session;
  Set(status, absl::OkStatus());
}

void TF_SessionRun(TF_Session* session, const TF_Buffer*, const TF_Output* inputs, TF_Tensor* const* input_values,
                   int ninputs, const TF_Output* outputs, TF_Tensor** output_values, int noutputs,
                   const TF_Operation* const* target_opers, int ntargets, TF_Buffer* run_metadata, TF_Status* status) {
  static_assert(sizeof(TF_Output) == sizeof(Output), "spans of one are spans of the other");
  for (int i = 0; i < noutputs; ++i) output_values[i] = nullptr;
  if (run_metadata != nullptr && run_metadata->data != nullptr) {
    return Set(status, absl::InvalidArgumentError("Passing non-empty run_metadata is invalid."));
  }
  std::vector<Session::Feed> feeds;
  feeds.reserve(ninputs);
  for (int i = 0; i < ninputs; ++i) {
    absl::StatusOr<Tensor> value = ToTensor(input_values[i]);
    if (!value.ok()) return Set(status, value.status());
    feeds.emplace_back(ToOutput(inputs[i]), *std::move(value));
  }
  absl::StatusOr<std::vector<Tensor>> fetched = session->session.Run(
      feeds, absl::MakeSpan(reinterpret_cast<const Output*>(outputs), noutputs),
      absl::MakeSpan(reinterpret_cast<Node* const*>(const_cast<TF_Operation* const*>(target_opers)), ntargets));
  if (!fetched.ok()) return Set(status, fetched.status());
  for (int i = 0; i < noutputs; ++i) output_values[i] = FromTensor(std::move((*fetched)[i]));
  status->code = TF_OK;
  if (!status->message.empty()) status->message.clear();
}

TF_Session* TF_LoadSessionFromSavedModel(const TF_SessionOptions* session_options, const TF_Buffer*,
                                         const char* export_dir, const char* const* tags, int tags_len, TF_Graph* graph,
                                         TF_Buffer* meta_graph_def, TF_Status* status) {
  ModelFile file;
  if (!Take(status, ReadModel(PosixFileSystem(), export_dir, {}, {tags, tags + tags_len}), &file)) return nullptr;
  std::optional<Saver> saver;
  const tensorflow::MetaGraphDef meta = *file.meta;
  if (!Take(status, ImportMetaGraph(graph->graph, meta), &saver)) return nullptr;
  std::unique_ptr<TF_Session> session(TF_NewSession(graph, session_options, status));
  if (session == nullptr) return nullptr;
  if (const std::string variables = SavedModelVariables(file.folder); saver.has_value() && !variables.empty()) {
    if (absl::Status s = saver->Restore(session->session, variables); !s.ok()) return Set(status, s), nullptr;
  }
  if (absl::Status s = InitializeSavedModel(graph->graph, session->session, meta, file.folder); !s.ok()) {
    return Set(status, s), nullptr;
  }
  if (meta_graph_def != nullptr) SetBuffer(meta, meta_graph_def);
  Set(status, absl::OkStatus());
  return session.release();
}

TF_DeviceList* TF_SessionListDevices(TF_Session* session, TF_Status* status) {
  Set(status, absl::OkStatus());
  auto* list = new TF_DeviceList;
  for (int i = 0; i < session->cpu_devices; ++i) {
    list->names.push_back(absl::StrCat("/job:localhost/replica:0/task:0/device:CPU:", i));
  }
  return list;
}
void TF_DeleteDeviceList(TF_DeviceList* list) { delete list; }
int TF_DeviceListCount(const TF_DeviceList* list) { return static_cast<int>(list->names.size()); }

static bool HasDevice(const TF_DeviceList* list, int index, TF_Status* status) {
  const bool has = index >= 0 && index < TF_DeviceListCount(list);
  Set(status, has ? absl::OkStatus()
                  : absl::InvalidArgumentError(
                        absl::StrCat("index (", index, ") is out of range [0, ", TF_DeviceListCount(list), ")")));
  return has;
}
const char* TF_DeviceListName(const TF_DeviceList* list, int index, TF_Status* status) {
  return HasDevice(list, index, status) ? list->names[index].c_str() : nullptr;
}
const char* TF_DeviceListType(const TF_DeviceList* list, int index, TF_Status* status) {
  return HasDevice(list, index, status) ? "CPU" : nullptr;
}
int64_t TF_DeviceListMemoryBytes(const TF_DeviceList* list, int index, TF_Status* status) {
  constexpr int64_t kHostMemory = 256 << 20;  // what TensorFlow says of every CPU
  return HasDevice(list, index, status) ? kHostMemory : -1;
}
uint64_t TF_DeviceListIncarnation(const TF_DeviceList* list, int index, TF_Status* status) {
  return HasDevice(list, index, status) ? static_cast<uint64_t>(index) + 1 : 0;
}
