#include "reference/examples/notebook.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace notebook {
namespace {

class StdoutLogger : public tfpersist::Logger {
 public:
  void Log(tfpersist::LogLevel level, absl::string_view text) override {
    static constexpr const char* kNames[] = {"INFO", "WARNING", "ERROR"};
    Print(absl::StrCat(kNames[static_cast<int>(level)], ":tensorflow:", text));
  }
};

// The shortest decimal that reads back as the same float32.
std::string Shortest(float x) {
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), x).ptr);
}

std::string Element(const tfpersist::Tensor& value, int64_t i, bool in_array) {
  if (value.dtype() != tfpersist::DT_FLOAT) return absl::StrCat("<", tfpersist::DataTypePythonName(value.dtype()), ">");
  std::string text = Shortest(value.flat<float>()[i]);
  const bool whole = text.find_first_of(".en") == std::string::npos;
  if (whole) text += in_array ? "." : ".0";
  return text;
}

}  // namespace

tfpersist::Logger* Log() {
  static StdoutLogger logger;
  return &logger;
}

tfpersist::GraphOptions Options() {
  tfpersist::GraphOptions options;
  options.logger = Log();
  return options;
}

std::string Str(const tfpersist::Tensor& value) {
  if (value.shape().IsScalar()) return Element(value, 0, false);
  std::string text = "[";
  for (int64_t i = 0; i < value.num_elements(); ++i) absl::StrAppend(&text, i == 0 ? "" : " ", Element(value, i, true));
  return text + "]";
}

std::string Repr(const tfpersist::Tensor& value) {
  if (value.shape().IsScalar()) return Element(value, 0, false);
  return absl::StrCat("array(", Str(value), ", dtype=", tfpersist::DataTypePythonName(value.dtype()), ")");
}

void Print(const std::string& line) { std::cout << line << "\n" << std::flush; }

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::string name = "Error";
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      name = "NotFoundError";
      break;
    case absl::StatusCode::kFailedPrecondition:
      name = "FailedPreconditionError";
      break;
    case absl::StatusCode::kInvalidArgument:
      name = "InvalidArgumentError";
      break;
    case absl::StatusCode::kDataLoss:
      name = "DataLossError";
      break;
    default:
      name = absl::StatusCodeToString(status.code());
  }
  Print(absl::StrCat(name, ": ", std::string(status.message())));
  std::exit(1);
}

}  // namespace notebook
