// Messages of the graph as the protocol's JSON: attrs in the notation of the verb `op`, node lists, and any other
// message with its proto field names (fields that are not set are left out).
#ifndef TFPERSIST_REFERENCE_TESTEE_PROTO_JSON_H_
#define TFPERSIST_REFERENCE_TESTEE_PROTO_JSON_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "reference/testee/args.h"

namespace google::protobuf {
class Message;
}
namespace tensorflow {
class AttrValue;
class GraphDef;
class SaverDef;
}  // namespace tensorflow

namespace tfpersist::testee {

// Bytes as text, or {"hex": …} if they are not UTF-8; and back.
Json BytesToJson(const std::string& bytes);
absl::StatusOr<std::string> BytesFromJson(const Json& json, absl::string_view where);

// A float as its shortest text.
Json FloatToJson(float value);

Json AttrToJson(const tensorflow::AttrValue& attr);
absl::StatusOr<tensorflow::AttrValue> AttrFromJson(const Json& json, absl::string_view where);
absl::StatusOr<std::map<std::string, tensorflow::AttrValue>> AttrsFromJson(const Json& json);

Json NodesToJson(const tensorflow::GraphDef& graph_def);
Json SaverDefToJson(const tensorflow::SaverDef& saver_def);
Json MessageToJson(const google::protobuf::Message& message);

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_PROTO_JSON_H_
