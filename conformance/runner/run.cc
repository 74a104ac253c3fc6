#include "conformance/runner/run.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "conformance/runner/judge.h"
#include "conformance/runner/testee.h"

namespace tfpersist::conform {
namespace {

constexpr int kMaxFailedStarts = 3;

bool Lists(const Json& hello, const char* key, const std::string& item) {
  const auto it = hello.find(key);
  return it != hello.end() && it->is_array() && std::find(it->begin(), it->end(), Json(item)) != it->end();
}

struct Started {
  std::unique_ptr<Testee> testee;
  Json hello;
};

absl::StatusOr<Started> StartTestee(const RunOptions& options) {
  absl::StatusOr<std::unique_ptr<Testee>> testee = Testee::Start(options.command);
  if (!testee.ok()) return testee.status();
  Reply reply = (*testee)->Ask(Json{{"do", "hello"}, {"protocol", 1}}, options.timeout);
  std::string problem =
      reply.kind == Exchange::kAnswer ? HelloProblem(reply.answer) : absl::StrCat("hello: the testee ", reply.detail);
  if (!problem.empty()) {
    const std::string tail = (*testee)->StderrTail();
    return absl::UnavailableError(absl::StrCat(problem, tail.empty() ? "" : "\nits standard error ends in:\n", tail));
  }
  return Started{*std::move(testee), std::move(reply.answer)};
}

// One testee process after another, and the cases that this thread takes.
class Worker {
 public:
  Worker(const Scratch& scratch, const RunOptions& options, Started first)
      : scratch_(scratch), options_(options), current_(std::move(first)) {}

  CaseResult RunCase(const Case& one, int serial) {
    CaseResult result;
    result.one = &one;
    const absl::Time start = absl::Now();
    Judge(one, serial, result);
    result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
    return result;
  }

  std::string Finish() {
    return current_.testee == nullptr ? "" : current_.testee->Bye(std::min(options_.timeout, absl::Seconds(10)));
  }
  std::string StderrTail() const { return current_.testee == nullptr ? "" : current_.testee->StderrTail(); }

 private:
  void Judge(const Case& one, int serial, CaseResult& result) {
    if (current_.testee == nullptr && !Restart(result)) return;
    if (result.detail = Unsupported(one, current_.hello); !result.detail.empty()) {
      result.outcome = Outcome::kUnsupported;
      return;
    }
    const absl::StatusOr<std::filesystem::path> folder = scratch_.Prepare(one, serial);
    if (!folder.ok()) {
      result.detail = absl::StrCat("its files can't be laid out: ", folder.status().message());
      return;
    }
    Send(one, *folder, result);
    scratch_.Remove(*folder);
  }

  void Send(const Case& one, const std::filesystem::path& folder, CaseResult& result) {
    const int64_t seq = ++seq_;
    const Reply reply = current_.testee->Ask(
        Json{{"do", "case"}, {"seq", seq}, {"folder", folder.string()}, {"case", WithoutExpectations(one.json)}},
        options_.timeout);
    switch (reply.kind) {
      case Exchange::kAnswer:
        break;
      case Exchange::kCrash:
        return Lose(Outcome::kCrash, absl::StrCat("the testee ", reply.detail), result);
      case Exchange::kTimeout:
        return Lose(Outcome::kTimeout, absl::StrCat("the testee ", reply.detail), result);
      case Exchange::kGarbage:
        return Lose(Outcome::kGarbage, absl::StrCat("the testee ", reply.detail), result);
    }
    if (!reply.answer.contains("seq") || reply.answer["seq"] != Json(seq)) {
      const std::string got = reply.answer.contains("seq") ? Dump(reply.answer["seq"]) : "none";
      return Lose(Outcome::kGarbage,
                  absl::StrCat("the testee answered with seq ", got.substr(0, 100), " where ", seq, " was asked"),
                  result);
    }
    if (reply.answer.contains("unsupported")) {
      result.outcome = Outcome::kUnsupported;
      result.detail = StringOr(reply.answer, "unsupported", "the testee doesn't say why");
      return;
    }
    result.detail = JudgeAnswer(one, reply.answer, StringOr(current_.hello, "behaves_as"), folder, scratch_.golden(),
                                &result.largest_ulp);
    result.outcome = result.detail.empty() ? Outcome::kPassed : Outcome::kFailed;
    if (result.outcome == Outcome::kFailed) result.stderr_tail = current_.testee->StderrTail();
  }

  void Lose(Outcome outcome, std::string detail, CaseResult& result) {
    result.outcome = outcome;
    result.detail = std::move(detail);
    result.stderr_tail = current_.testee->StderrTail();
    current_.testee.reset();
  }

  bool Restart(CaseResult& result) {
    if (failed_starts_ < kMaxFailedStarts) {
      absl::StatusOr<Started> started = StartTestee(options_);
      if (started.ok()) {
        current_ = *std::move(started);
        failed_starts_ = 0;
        return true;
      }
      ++failed_starts_;
      last_failure_ = std::string(started.status().message());
    }
    result.outcome = Outcome::kNotRun;
    result.detail = absl::StrCat("the testee didn't start again: ", last_failure_);
    return false;
  }

  const Scratch& scratch_;
  const RunOptions& options_;
  Started current_;
  int64_t seq_ = 0;
  int failed_starts_ = 0;
  std::string last_failure_;
};

}  // namespace

std::string Unsupported(const Case& one, const Json& hello) {
  for (const std::string& verb : VerbsOf(one.json)) {
    if (!Lists(hello, "verbs", verb)) return absl::StrCat("verb ", verb);
  }
  if (hello.contains("ops") && !Lists(hello, "ops", "*")) {
    for (const std::string& op : OpsOf(one.json)) {
      if (!Lists(hello, "ops", op)) return absl::StrCat("op ", op);
    }
  }
  for (const std::string& feature : one.list("needs")) {
    if (!Lists(hello, "features", feature)) return absl::StrCat("feature ", feature);
  }
  return "";
}

std::string HelloProblem(const Json& hello) {
  if (!hello.contains("protocol") || hello["protocol"] != Json(1)) {
    return "hello: the answer must say \"protocol\": 1, the one version that this runner speaks";
  }
  for (const char* key : {"name", "version", "behaves_as"}) {
    if (StringOr(hello, key).empty()) return absl::StrCat("hello: the answer has no text \"", key, "\"");
  }
  for (const char* key : {"verbs", "features"}) {
    if (!hello.contains(key) || !hello[key].is_array())
      return absl::StrCat("hello: the answer has no list \"", key, "\"");
  }
  return "";
}

absl::StatusOr<RunResults> Run(const std::vector<const Case*>& all, const Scratch& scratch, const RunOptions& options) {
  const absl::Time start = absl::Now();
  absl::StatusOr<Started> first = StartTestee(options);
  if (!first.ok()) return first.status();
  RunResults results;
  results.testee = first->hello;
  results.command = options.command;
  std::vector<const Case*> cases;
  for (const Case* one : all) {
    if (!options.wanted || options.wanted(*one, first->hello)) cases.push_back(one);
  }
  results.cases.resize(cases.size());
  const int total = static_cast<int>(cases.size());
  std::mutex mutex;  // guards next, done, problems and the calls of progress
  int next = 0, done = 0;
  const auto work = [&](Started started) {
    Worker worker(scratch, options, std::move(started));
    while (true) {
      int index;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (next >= total) break;
        index = next++;
      }
      CaseResult result = worker.RunCase(*cases[index], index);
      if (options.expected != nullptr) {
        if (const std::string* reason = options.expected->Find(result.one->id)) result.expected_reason = *reason;
      }
      const std::lock_guard<std::mutex> lock(mutex);
      results.cases[index] = std::move(result);
      ++done;
      if (options.progress) options.progress(results.cases[index], done, total);
    }
    if (std::string left = worker.Finish(); !left.empty()) {
      const std::lock_guard<std::mutex> lock(mutex);
      results.problems.push_back(absl::StrCat("after the last case, the testee ", left, "\n", worker.StderrTail()));
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min(options.jobs, total); ++i) threads.emplace_back(work, Started{nullptr, first->hello});
  work(*std::move(first));
  for (std::thread& thread : threads) thread.join();
  results.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return results;
}

}  // namespace tfpersist::conform
