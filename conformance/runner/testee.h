// A testee's process: JSON lines over pipes, never waiting longer than it is told to. One thread at a time.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_TESTEE_H_
#define TFPERSIST_CONFORMANCE_RUNNER_TESTEE_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "conformance/runner/json.h"

namespace tfpersist::conform {

enum class Exchange {
  kAnswer,   // one line of JSON, an object
  kCrash,    // the process ended instead of answering
  kTimeout,  // no answer in time
  kGarbage,  // what came is no JSON object, or standard output was closed by a living process
};

struct Reply {
  Exchange kind = Exchange::kGarbage;
  Json answer;         // kAnswer
  std::string detail;  // otherwise: what happened, in words
};

class Testee {
 public:
  // Runs `sh -c command` in a process group of its own. UNAVAILABLE where no process can be made.
  static absl::StatusOr<std::unique_ptr<Testee>> Start(const std::string& command);
  // Kills the whole group.
  ~Testee();
  Testee(const Testee&) = delete;
  Testee& operator=(const Testee&) = delete;

  // Sends one request and waits for one line. After anything but kAnswer the process has been killed.
  Reply Ask(const Json& request, absl::Duration timeout);

  // Sends bye and waits at most `timeout` for the end; empty where it left with exit status 0, else what it did.
  std::string Bye(absl::Duration timeout);

  // The last 2 KiB of standard error.
  std::string StderrTail() const;

 private:
  Testee(pid_t pid, int in, int out, int err) : pid_(pid), in_(in), out_(out), err_(err) {}
  Reply Fail(Exchange kind, std::string detail);
  // Reads what is there; false at end of file.
  bool Drain(int& fd, std::string& into, size_t limit);
  void CloseAll();
  bool WaitFor(absl::Duration timeout);  // true when the process has ended
  void Kill();
  std::string HowItEnded() const;

  pid_t pid_;
  int in_, out_, err_;
  std::string pending_;  // standard output that no answer has used yet
  std::string tail_;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_TESTEE_H_
