#include "reference/graph/scope_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tfpersist {
namespace {

absl::string_view TakeMark(absl::string_view* name) {
  for (absl::string_view mark : {absl::string_view("^"), absl::string_view("loc:@")}) {
    if (absl::ConsumePrefix(name, mark)) return mark;
  }
  return "";
}

}  // namespace

std::string PrependScope(absl::string_view name, absl::string_view scope) {
  scope = absl::StripSuffix(scope, "/");
  if (scope.empty()) return std::string(name);
  const absl::string_view mark = TakeMark(&name);
  return absl::StrCat(mark, scope, "/", name);
}

std::string StripScope(absl::string_view name, absl::string_view scope) {
  scope = absl::StripSuffix(scope, "/");
  if (scope.empty()) return std::string(name);
  absl::string_view rest = name;
  const absl::string_view mark = TakeMark(&rest);
  if (!absl::ConsumePrefix(&rest, scope) || !absl::StartsWith(rest, "/")) return std::string(name);
  while (absl::ConsumePrefix(&rest, "/")) {
  }
  return absl::StrCat(mark, rest);
}

void RewriteStrings(google::protobuf::Message* message, const std::function<std::string(const std::string&)>& rewrite,
                    int depth) {
  using google::protobuf::FieldDescriptor;
  if (depth > 64) return;
  const google::protobuf::Reflection* r = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r->ListFields(*message, &fields);
  for (const FieldDescriptor* f : fields) {
    if (f->type() == FieldDescriptor::TYPE_STRING) {
      if (!f->is_repeated()) {
        const std::string old = r->GetString(*message, f);
        if (!old.empty()) r->SetString(message, f, rewrite(old));
        continue;
      }
      for (int i = 0; i < r->FieldSize(*message, f); ++i)
        r->SetRepeatedString(message, f, i, rewrite(r->GetRepeatedString(*message, f, i)));
    } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!f->is_repeated()) {
        RewriteStrings(r->MutableMessage(message, f), rewrite, depth + 1);
        continue;
      }
      for (int i = 0; i < r->FieldSize(*message, f); ++i)
        RewriteStrings(r->MutableRepeatedMessage(message, f, i), rewrite, depth + 1);
    }
  }
}

}  // namespace tfpersist
