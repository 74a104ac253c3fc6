#include "reference/graph/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tfpersist {

bool IsValidScopeName(absl::string_view name) {
  for (char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '-' && c != '/')
      return false;
  }
  return true;
}

bool IsValidOpName(absl::string_view name) {
  return !name.empty() && (absl::ascii_isalnum(static_cast<unsigned char>(name[0])) || name[0] == '.') &&
         IsValidScopeName(name);
}

std::string PyRepr(absl::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (char c : text) {
    const unsigned char u = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
    } else if (u < 32 || u == 127) {
      absl::StrAppend(&out, "\\x", absl::Hex(u, absl::kZeroPad2));
    } else {
      out += c;
    }
  }
  out += quote;
  return out;
}

InputName ParseInputName(absl::string_view input) {
  if (!input.empty() && input[0] == '^') return {input.substr(1), InputName::kControl};
  const size_t colon = input.rfind(':');
  if (colon != input.npos && colon + 1 < input.size() && colon > 0) {
    bool digits = true;
    for (char c : input.substr(colon + 1)) digits &= absl::ascii_isdigit(static_cast<unsigned char>(c)) != 0;
    int index;
    if (digits && absl::SimpleAtoi(input.substr(colon + 1), &index)) return {input.substr(0, colon), index};
  }
  return {input, 0};
}

}  // namespace tfpersist
