// The checkpoint reader (PROTOCOL.md 5).
#include "reference/base/status.h"
#include "reference/testee/case.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/tensor_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using ReaderPtr = std::shared_ptr<CheckpointReader>;

absl::StatusOr<ReaderPtr> ReaderOf(Case& c, const Args& args) { return c.Get<ReaderPtr>(args, "reader", "a reader"); }

absl::StatusOr<Json> ReaderVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, args.String("prefix"));
  TFP_ASSIGN_OR_RETURN(ReaderPtr reader, CheckpointReader::Open(prefix));
  c.Bind(args, std::move(reader));
  return nullptr;
}

absl::StatusOr<Json> ShapeMapVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const ReaderPtr reader, ReaderOf(c, args));
  Json shapes = Json::object();
  for (const auto& [name, shape] : reader->variable_to_shape_map()) {
    Json dims = Json::array();
    for (int64_t dim : shape.dims()) dims.push_back(dim);
    shapes[name] = std::move(dims);
  }
  return shapes;
}

absl::StatusOr<Json> DtypeMapVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const ReaderPtr reader, ReaderOf(c, args));
  Json dtypes = Json::object();
  for (const auto& [name, dtype] : reader->variable_to_dtype_map()) dtypes[name] = DataTypePythonName(dtype);
  return dtypes;
}

absl::StatusOr<Json> HasTensorVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const ReaderPtr reader, ReaderOf(c, args));
  TFP_ASSIGN_OR_RETURN(const std::string name, BytesFromJson(args.Get("name"), "name"));
  return reader->HasTensor(name);
}

absl::StatusOr<Json> GetTensorVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const ReaderPtr reader, ReaderOf(c, args));
  TFP_ASSIGN_OR_RETURN(const std::string name, BytesFromJson(args.Get("name"), "name"));
  TFP_ASSIGN_OR_RETURN(const Tensor tensor, reader->GetTensor(name));
  return TensorToJson(tensor, c.NewFile());
}

absl::StatusOr<Json> DebugStringVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const ReaderPtr reader, ReaderOf(c, args));
  return BytesToJson(reader->DebugString());
}

constexpr Verb kVerbs[] = {
    {"reader", ReaderVerb},        {"variable_to_shape_map", ShapeMapVerb}, {"variable_to_dtype_map", DtypeMapVerb},
    {"has_tensor", HasTensorVerb}, {"get_tensor", GetTensorVerb},           {"debug_string", DebugStringVerb},
};

}  // namespace

absl::Span<const Verb> ReaderVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
