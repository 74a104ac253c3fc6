#include "reference/testee/args.h"

#include "absl/strings/numbers.h"
#include "reference/base/status.h"

namespace tfpersist::testee {

absl::Status BadArgument(absl::string_view where, absl::string_view wanted, const Json& got) {
  std::string text = got.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return absl::InvalidArgumentError(absl::StrCat("argument `", where, "`: want ", wanted, ", got ", text));
}

absl::StatusOr<std::string> AsString(const Json& json, absl::string_view where) {
  if (!json.is_string()) return BadArgument(where, "a string", json);
  return json.get_ref<const std::string&>();
}

absl::StatusOr<int64_t> AsInt(const Json& json, absl::string_view where) {
  if (!json.is_number_integer()) return BadArgument(where, "an integer", json);
  return json.get<int64_t>();
}

absl::StatusOr<double> AsDouble(const Json& json, absl::string_view where) {
  if (json.is_number()) return json.get<double>();
  double value = 0;
  if (json.is_string() && absl::SimpleAtod(json.get_ref<const std::string&>(), &value)) return value;
  return BadArgument(where, "a number", json);
}

absl::StatusOr<bool> AsBool(const Json& json, absl::string_view where) {
  if (!json.is_boolean()) return BadArgument(where, "true or false", json);
  return json.get<bool>();
}

absl::StatusOr<std::vector<std::string>> AsStrings(const Json& json, absl::string_view where) {
  if (!json.is_array()) return BadArgument(where, "a list of strings", json);
  std::vector<std::string> strings;
  for (const Json& item : json) {
    TFP_ASSIGN_OR_RETURN(strings.emplace_back(), AsString(item, where));
  }
  return strings;
}

absl::StatusOr<std::vector<int64_t>> AsInts(const Json& json, absl::string_view where) {
  if (!json.is_array()) return BadArgument(where, "a list of integers", json);
  std::vector<int64_t> ints;
  for (const Json& item : json) {
    TFP_ASSIGN_OR_RETURN(ints.emplace_back(), AsInt(item, where));
  }
  return ints;
}

const Json& Args::Get(const char* key) const {
  static const Json kNull;
  if (!step_.is_object()) return kNull;
  auto it = step_.find(key);
  return it == step_.end() ? kNull : *it;
}

absl::StatusOr<std::string> Args::String(const char* key, absl::string_view otherwise) const {
  if (!Has(key)) return std::string(otherwise);
  return String(key);
}

absl::StatusOr<int64_t> Args::Int(const char* key, int64_t otherwise) const {
  if (!Has(key)) return otherwise;
  return Int(key);
}

absl::StatusOr<double> Args::Double(const char* key, double otherwise) const {
  if (!Has(key)) return otherwise;
  return Double(key);
}

absl::StatusOr<bool> Args::Bool(const char* key, bool otherwise) const {
  if (!Has(key)) return otherwise;
  return AsBool(Get(key), key);
}

absl::StatusOr<std::optional<std::vector<std::string>>> Args::OptionalStrings(const char* key) const {
  if (!Has(key)) return std::nullopt;
  TFP_ASSIGN_OR_RETURN(std::vector<std::string> strings, Strings(key));
  return strings;
}

}  // namespace tfpersist::testee
