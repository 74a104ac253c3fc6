// A step's arguments, read with their types checked: a bad case gets INVALID_ARGUMENT that names the argument, never a
// crash. JSON null counts as absent, as None does in Python.
#ifndef TFPERSIST_REFERENCE_TESTEE_ARGS_H_
#define TFPERSIST_REFERENCE_TESTEE_ARGS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist::testee {

using Json = nlohmann::json;

// INVALID_ARGUMENT "argument `where`: want WANTED, got JSON".
absl::Status BadArgument(absl::string_view where, absl::string_view wanted, const Json& got);

// JSON values as C++ values; `where` names the argument in the error.
absl::StatusOr<std::string> AsString(const Json& json, absl::string_view where);
absl::StatusOr<int64_t> AsInt(const Json& json, absl::string_view where);
absl::StatusOr<double> AsDouble(const Json& json, absl::string_view where);  // a number, or a number as text
absl::StatusOr<bool> AsBool(const Json& json, absl::string_view where);
absl::StatusOr<std::vector<std::string>> AsStrings(const Json& json, absl::string_view where);
absl::StatusOr<std::vector<int64_t>> AsInts(const Json& json, absl::string_view where);

class Args {
 public:
  explicit Args(const Json& step) : step_(step) {}

  bool Has(const char* key) const { return !Get(key).is_null(); }
  bool Given(const char* key) const { return step_.is_object() && step_.contains(key); }  // null included
  const Json& Get(const char* key) const;                                                 // null where absent

  absl::StatusOr<std::string> String(const char* key) const { return AsString(Get(key), key); }
  absl::StatusOr<std::string> String(const char* key, absl::string_view otherwise) const;
  absl::StatusOr<int64_t> Int(const char* key) const { return AsInt(Get(key), key); }
  absl::StatusOr<int64_t> Int(const char* key, int64_t otherwise) const;
  absl::StatusOr<double> Double(const char* key) const { return AsDouble(Get(key), key); }
  absl::StatusOr<double> Double(const char* key, double otherwise) const;
  absl::StatusOr<bool> Bool(const char* key, bool otherwise) const;
  absl::StatusOr<std::vector<std::string>> Strings(const char* key) const { return AsStrings(Get(key), key); }
  absl::StatusOr<std::optional<std::vector<std::string>>> OptionalStrings(const char* key) const;
  absl::StatusOr<std::vector<int64_t>> Ints(const char* key) const { return AsInts(Get(key), key); }

 private:
  const Json& step_;
};

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_ARGS_H_
