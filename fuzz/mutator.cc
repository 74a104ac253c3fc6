#include "fuzz/mutator.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "fuzz/util.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saved_tensor_slice.pb.h"
#include "reference/proto/tensor_bundle.pb.h"

namespace tfpersist::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMostMessages = 4000;

std::string MutateString(std::string s, size_t most_more = 64) {
  const size_t size = s.size();
  s.resize(size + most_more);
  s.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(s.data()), size, s.size()));
  return s;
}

class MessageMutator {
 public:
  MessageMutator(uint64_t seed, const std::vector<std::string>& words) : random_(seed), words_(words) {}

  void Mutate(Message* root) {
    Collect(root);
    for (int attempts = 0; attempts < 8; ++attempts) {
      Message* const m = messages_[random_() % messages_.size()];
      const auto* descriptor = m->GetDescriptor();
      if (descriptor->field_count() == 0) continue;
      MutateField(m, descriptor->field(static_cast<int>(random_() % descriptor->field_count())));
      return;
    }
  }

 private:
  // Every message below `m`, and the strings they hold.
  void Collect(Message* m) {
    if (messages_.size() >= kMostMessages) return;
    messages_.push_back(m);
    const Reflection* const r = m->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    r->ListFields(*m, &fields);
    for (const FieldDescriptor* f : fields) {
      const int n = f->is_repeated() ? r->FieldSize(*m, f) : 1;
      for (int i = 0; i < n; ++i) {
        if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          Collect(f->is_repeated() ? r->MutableRepeatedMessage(m, f, i) : r->MutableMessage(m, f));
        } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING && strings_.size() < kMostMessages) {
          strings_.push_back(f->is_repeated() ? r->GetRepeatedString(*m, f, i) : r->GetString(*m, f));
        }
      }
    }
  }

  int64_t Number(int64_t old) {
    static constexpr int64_t kNumbers[] = {0,         1,         2,         3,         -1,        -2,        7,
                                           100,       127,       128,       255,       256,       65535,     65536,
                                           INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1LL << 40, 1LL << 45, 1LL << 62};
    switch (random_() % 4) {
      case 0:
        return static_cast<int64_t>(static_cast<uint64_t>(old) + random_() % 9 - 4);
      case 1:
        return static_cast<int64_t>(random_() % 16);
      case 2:
        return static_cast<int64_t>(static_cast<uint64_t>(old) ^ (uint64_t{1} << random_() % 64));
      default:
        return kNumbers[random_() % (sizeof kNumbers / sizeof kNumbers[0])];
    }
  }

  std::string String(const std::string& old, bool text) {
    std::string s;
    const uint64_t way = random_() % 4;
    if (way == 0 && !words_.empty()) {
      s = words_[random_() % words_.size()];
    } else if (way < 2 && !strings_.empty()) {
      s = strings_[random_() % strings_.size()];  // names meet other names
    } else {
      s = MutateString(old);
    }
    if (text) {  // a message's text must stay UTF-8 to be parsed again
      for (char& c : s) c = static_cast<char>(c & 0x7f);
    }
    return s;
  }

  void MutateField(Message* m, const FieldDescriptor* f) {
    const Reflection* const r = m->GetReflection();
    int at = -1;
    if (f->is_repeated()) {
      const int n = r->FieldSize(*m, f);
      const uint64_t way = random_() % 4;
      if (n > 0 && way == 0) {
        const int gone = static_cast<int>(random_() % n);
        r->SwapElements(m, f, gone, n - 1);
        return r->RemoveLast(m, f);
      }
      if (n > 1 && way == 1) {
        return r->SwapElements(m, f, static_cast<int>(random_() % n), static_cast<int>(random_() % n));
      }
      if (n == 0 || way == 2) return Add(m, f, n);
      at = static_cast<int>(random_() % n);
    } else if (r->HasField(*m, f) && random_() % 4 == 0) {
      return r->ClearField(m, f);
    }
    Set(m, f, at);
  }

  void Add(Message* m, const FieldDescriptor* f, int n) {
    const Reflection* const r = m->GetReflection();
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        Message* const added = r->AddMessage(m, f);
        if (n > 0) added->CopyFrom(r->GetRepeatedMessage(*m, f, static_cast<int>(random_() % n)));
        return;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return r->AddString(m, f, String("", f->type() == FieldDescriptor::TYPE_STRING));
      case FieldDescriptor::CPPTYPE_INT32:
        return r->AddInt32(m, f, static_cast<int32_t>(Number(0)));
      case FieldDescriptor::CPPTYPE_INT64:
        return r->AddInt64(m, f, Number(0));
      case FieldDescriptor::CPPTYPE_UINT32:
        return r->AddUInt32(m, f, static_cast<uint32_t>(Number(0)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return r->AddUInt64(m, f, static_cast<uint64_t>(Number(0)));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r->AddFloat(m, f, static_cast<float>(Number(0)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return r->AddDouble(m, f, static_cast<double>(Number(0)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return r->AddBool(m, f, random_() % 2 == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return r->AddEnumValue(m, f, static_cast<int>(random_() % 26));
    }
  }

  // at < 0: the field is not repeated.
  void Set(Message* m, const FieldDescriptor* f, int at) {
    const Reflection* const r = m->GetReflection();
#define TFP_SET(Type, cpp, value)                                                    \
  {                                                                                  \
    const auto old = at < 0 ? r->Get##Type(*m, f) : r->GetRepeated##Type(*m, f, at); \
    const cpp now = static_cast<cpp>(value);                                         \
    at < 0 ? r->Set##Type(m, f, now) : r->SetRepeated##Type(m, f, at, now);          \
    return;                                                                          \
  }
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        if (at < 0) r->MutableMessage(m, f);
        if (at >= 0) {
          const int from = static_cast<int>(random_() % r->FieldSize(*m, f));
          if (from != at) r->MutableRepeatedMessage(m, f, at)->CopyFrom(r->GetRepeatedMessage(*m, f, from));
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        TFP_SET(String, std::string, String(old, f->type() == FieldDescriptor::TYPE_STRING))
      case FieldDescriptor::CPPTYPE_INT32:
        TFP_SET(Int32, int32_t, Number(old))
      case FieldDescriptor::CPPTYPE_INT64:
        TFP_SET(Int64, int64_t, Number(old))
      case FieldDescriptor::CPPTYPE_UINT32:
        TFP_SET(UInt32, uint32_t, Number(old))
      case FieldDescriptor::CPPTYPE_UINT64:
        TFP_SET(UInt64, uint64_t, Number(static_cast<int64_t>(old)))
      case FieldDescriptor::CPPTYPE_FLOAT:
        TFP_SET(Float, float, old == 0 ? 1 : -old * 1e10f)
      case FieldDescriptor::CPPTYPE_DOUBLE:
        TFP_SET(Double, double, old == 0 ? 1 : -old * 1e100)
      case FieldDescriptor::CPPTYPE_BOOL:
        TFP_SET(Bool, bool, !old)
      case FieldDescriptor::CPPTYPE_ENUM:
        TFP_SET(EnumValue, int, static_cast<int>((int64_t{old} + static_cast<int64_t>(random_() % 130)) % 130))
    }
#undef TFP_SET
  }

  std::mt19937_64 random_;
  const std::vector<std::string>& words_;
  std::vector<Message*> messages_;
  std::vector<std::string> strings_;
};

bool MutateSerialized(const Message& prototype, uint64_t seed, std::string* bytes) {
  const std::unique_ptr<Message> m(prototype.New());
  if (!m->ParseFromString(*bytes)) return false;
  MutateMessage(m.get(), seed);
  *bytes = m->SerializeAsString();
  return true;
}

bool MutateTable(const FileKind& kind, std::mt19937_64* random, std::string* bytes) {
  std::string repaired = *bytes;
  RepairTable(&repaired);
  std::optional<Entries> entries = TableEntries(repaired);
  if (!entries.has_value() || entries->empty()) return false;
  const size_t at = (*random)() % entries->size();
  auto& [key, value] = (*entries)[at];
  switch ((*random)() % 8) {
    case 0:
      key = MutateString(key);
      break;
    case 1:
      value = MutateString(value);
      break;
    case 2:
      entries->erase(entries->begin() + static_cast<int64_t>(at));
      break;
    case 3: {
      const auto& other = (*entries)[(*random)() % entries->size()].second;
      entries->insert(entries->begin() + static_cast<int64_t>(at) + 1, {key + "x", std::string(other)});
      break;
    }
    default: {
      const Message* const message = key.empty() ? kind.header : kind.message;
      if (message == nullptr || !MutateSerialized(*message, (*random)(), &value)) value = MutateString(value);
    }
  }
  if ((*random)() % 4 == 0) std::sort(entries->begin(), entries->end());
  *bytes = BuildTable(*entries, (*random)() % 4 == 0 ? 64 : 262144, (*random)() % 8 == 0);
  return true;
}

}  // namespace

void MutateMessage(Message* message, uint64_t seed, const std::vector<std::string>& words) {
  MessageMutator(seed, words).Mutate(message);
}

FileKind BundleIndexKind() {
  return {FileKind::kTable, &tensorflow::BundleEntryProto::default_instance(),
          &tensorflow::BundleHeaderProto::default_instance()};
}
FileKind V1TableKind() {
  return {FileKind::kTable, &tensorflow::SavedTensorSlices::default_instance(),
          &tensorflow::SavedTensorSlices::default_instance()};
}
FileKind MetaGraphKind() { return {FileKind::kMessage, &tensorflow::MetaGraphDef::default_instance()}; }
FileKind GraphKind() { return {FileKind::kMessage, &tensorflow::GraphDef::default_instance()}; }

size_t Mutate(const std::vector<FileKind>& kinds, uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  std::mt19937_64 random(seed);
  if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::vector<std::string> files = SplitFiles(data, size, kinds.size());
  const size_t i = random() % files.size();
  std::string& file = files[i];
  bool done = false;
  if (random() % 4 != 0) {
    if (kinds[i].kind == FileKind::kTable) done = MutateTable(kinds[i], &random, &file);
    if (kinds[i].kind == FileKind::kMessage) done = MutateSerialized(*kinds[i].message, random(), &file);
  }
  if (!done) file = MutateString(file, std::min<size_t>(1024, max_size - std::min(size, max_size)));
  const std::string joined = JoinFiles(files);
  if (joined.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  if (!joined.empty()) std::memcpy(data, joined.data(), joined.size());
  return joined.size();
}

}  // namespace tfpersist::fuzz
