// Scopes put before names and taken off them, in single names and in whole messages
// (ops.prepend_name_scope and ops.strip_name_scope of TensorFlow 1.11.0).
#ifndef TFPERSIST_REFERENCE_GRAPH_SCOPE_TEXT_H_
#define TFPERSIST_REFERENCE_GRAPH_SCOPE_TEXT_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace tfpersist {

// "a" -> "sc/a", "^a" -> "^sc/a", "loc:@a" -> "loc:@sc/a". An empty scope changes nothing.
std::string PrependScope(absl::string_view name, absl::string_view scope);
// The inverse; a name outside the scope stays.
std::string StripScope(absl::string_view name, absl::string_view scope);
// Rewrites every string field that is not empty, map entries included, to a nesting of 64.
void RewriteStrings(google::protobuf::Message* message, const std::function<std::string(const std::string&)>& rewrite,
                    int depth = 0);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_SCOPE_TEXT_H_
