#include "conformance/runner/testee.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tfpersist::conform {
namespace {

constexpr size_t kTail = 2048;
constexpr size_t kMaxLine = size_t{256} << 20;

void CloseFd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::string SignalText(int number) { return absl::StrCat("signal ", number, " (", strsignal(number), ")"); }

std::string Excerpt(const std::string& line) {
  return absl::StrCat("\"", absl::CHexEscape(line.substr(0, 200)), line.size() > 200 ? "…" : "", "\"");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Testee>> Testee::Start(const std::string& command) {
  int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
  const auto close_all = [&pipes] {
    for (auto& one : pipes) CloseFd(one[0]), CloseFd(one[1]);
  };
  for (auto& one : pipes) {
    if (pipe2(one, O_CLOEXEC) != 0) {
      close_all();
      return absl::UnavailableError(absl::StrCat("no pipe: ", strerror(errno)));
    }
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    close_all();
    return absl::UnavailableError(absl::StrCat("no process: ", strerror(errno)));
  }
  if (pid == 0) {
    // Only async-signal-safe calls here: other threads of the runner may hold locks.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipes[0][0], 0);
    dup2(pipes[1][1], 1);
    dup2(pipes[2][1], 2);
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  setpgid(pid, pid);  // both sides set it, so that it holds whoever runs first
  CloseFd(pipes[0][0]);
  CloseFd(pipes[1][1]);
  CloseFd(pipes[2][1]);
  for (int fd : {pipes[0][1], pipes[1][0], pipes[2][0]}) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return std::unique_ptr<Testee>(new Testee(pid, pipes[0][1], pipes[1][0], pipes[2][0]));
}

Testee::~Testee() {
  Kill();
  CloseAll();
}

void Testee::CloseAll() {
  CloseFd(in_);
  CloseFd(out_);
  CloseFd(err_);
}

void Testee::Kill() {
  // The group outlives its leader where the testee left children behind.
  kill(-pid_, SIGKILL);
  if (!ended_) {
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    wait_status_ = status;
    ended_ = true;
  }
}

bool Testee::WaitFor(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!ended_) {
    const pid_t got = waitpid(pid_, &wait_status_, WNOHANG);
    if (got == pid_ || (got < 0 && errno != EINTR)) {
      ended_ = true;
      break;
    }
    if (absl::Now() >= deadline) return false;
    if (err_ >= 0) {
      if (!Drain(err_, tail_, kTail * 16)) CloseFd(err_);
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  if (err_ >= 0 && !Drain(err_, tail_, kTail * 16)) CloseFd(err_);
  return true;
}

std::string Testee::HowItEnded() const {
  if (WIFSIGNALED(wait_status_)) return absl::StrCat("was ended by ", SignalText(WTERMSIG(wait_status_)));
  const int code = WEXITSTATUS(wait_status_);
  if (code == 127) return "ended with exit status 127 (the shell found no such command)";
  // A shell that waited for the testee reports its signal so.
  if (code > 128 && code <= 128 + 64) return absl::StrCat("was ended by ", SignalText(code - 128));
  return absl::StrCat("ended with exit status ", code);
}

std::string Testee::StderrTail() const { return tail_.size() <= kTail ? tail_ : tail_.substr(tail_.size() - kTail); }

bool Testee::Drain(int& fd, std::string& into, size_t limit) {
  char buffer[65536];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got > 0) {
      into.append(buffer, static_cast<size_t>(got));
      if (&into == &tail_ && into.size() > limit) into.erase(0, into.size() - kTail);
      if (&into != &tail_ && into.size() > limit) return true;
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
}

Reply Testee::Fail(Exchange kind, std::string detail) {
  Kill();
  if (err_ >= 0) Drain(err_, tail_, kTail * 16);
  CloseAll();
  Reply reply;
  reply.kind = kind;
  reply.detail = std::move(detail);
  return reply;
}

Reply Testee::Ask(const Json& request, absl::Duration timeout) {
  if (ended_) return Fail(Exchange::kCrash, "has already ended");
  const std::string line = Dump(request) + "\n";
  size_t sent = 0, searched = 0;
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    const size_t end = pending_.find('\n', searched);
    if (end != std::string::npos) {
      const std::string text = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (sent < line.size())
        return Fail(Exchange::kGarbage, absl::StrCat("answered before it had read the request: ", Excerpt(text)));
      absl::StatusOr<Json> answer = ParseJson(text);
      if (!answer.ok() || !answer->is_object())
        return Fail(Exchange::kGarbage,
                    absl::StrCat("answered with something that is no JSON object: ", Excerpt(text)));
      Reply reply;
      reply.kind = Exchange::kAnswer;
      reply.answer = *std::move(answer);
      return reply;
    }
    searched = pending_.size();
    if (pending_.size() > kMaxLine) return Fail(Exchange::kGarbage, "answered with a line of more than 256 MiB");
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration())
      return Fail(Exchange::kTimeout, absl::StrCat("gave no answer within ", absl::FormatDuration(timeout)));
    pollfd fds[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {sent < line.size() ? in_ : -1, POLLOUT, 0}};
    const int ready = poll(fds, 3, static_cast<int>(std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 1000)));
    if (ready < 0 && errno != EINTR) return Fail(Exchange::kGarbage, absl::StrCat("poll: ", strerror(errno)));
    if (ready <= 0) continue;
    if (fds[1].revents != 0 && !Drain(err_, tail_, kTail * 16)) CloseFd(err_);
    if (fds[2].revents != 0) {
      const ssize_t wrote = write(in_, line.data() + sent, line.size() - sent);
      if (wrote > 0) sent += static_cast<size_t>(wrote);
      // It reads no more; its end, or its silence, shows below.
      if (wrote < 0 && errno != EAGAIN && errno != EINTR) sent = line.size();
    }
    if (fds[0].revents != 0 && !Drain(out_, pending_, kMaxLine)) {
      if (pending_.find('\n', searched) != std::string::npos) continue;
      const std::string rest = pending_.empty() ? "" : absl::StrCat(" in the middle of the line ", Excerpt(pending_));
      if (!WaitFor(std::min(absl::Seconds(1), timeout)))
        return Fail(Exchange::kGarbage, absl::StrCat("closed its standard output", rest, " and went on running"));
      return Fail(Exchange::kCrash, absl::StrCat(HowItEnded(), rest, ", without an answer"));
    }
  }
}

std::string Testee::Bye(absl::Duration timeout) {
  if (ended_) return "had already ended";
  static constexpr char kBye[] = "{\"do\":\"bye\"}\n";
  const bool sent = write(in_, kBye, sizeof(kBye) - 1) == static_cast<ssize_t>(sizeof(kBye) - 1);
  CloseFd(in_);
  if (!WaitFor(timeout)) {
    Kill();
    return absl::StrCat("did not leave within ", absl::FormatDuration(timeout), " of bye");
  }
  if (!sent) return "did not take bye";
  return WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0 ? "" : HowItEnded();
}

}  // namespace tfpersist::conform
