// Where the library's few log lines go. The texts are TensorFlow's ("Restoring parameters from …"); the library itself
// never prints to standard output.
//
// A Logger is passed in (GraphOptions::logger, or a function's argument); without one, lines go to standard error as
// "INFO:tensorflow:…". Implementations must accept calls from several threads.
#ifndef TFPERSIST_REFERENCE_BASE_LOGGER_H_
#define TFPERSIST_REFERENCE_BASE_LOGGER_H_

#include "absl/strings/string_view.h"

namespace tfpersist {

enum class LogLevel { kInfo, kWarning, kError };

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, absl::string_view text) = 0;
};

// Writes "INFO:tensorflow:text" lines to standard error; stateless.
Logger* StderrLogger();

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_LOGGER_H_
