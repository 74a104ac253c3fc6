#include "reference/base/logger.h"

#include <cstdio>

namespace tfpersist {
namespace {

class StderrLoggerImpl : public Logger {
 public:
  void Log(LogLevel level, absl::string_view text) override {
    const char* const name = level == LogLevel::kInfo ? "INFO" : level == LogLevel::kWarning ? "WARNING" : "ERROR";
    std::fprintf(stderr, "%s:tensorflow:%.*s\n", name, static_cast<int>(text.size()), text.data());
  }
};

}  // namespace

Logger* StderrLogger() {
  static StderrLoggerImpl logger;  // no state: as good as a function
  return &logger;
}

}  // namespace tfpersist
