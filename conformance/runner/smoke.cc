#include <iostream>

#include "absl/strings/str_cat.h"
#include "conformance/runner/commands.h"
#include "conformance/runner/run.h"

namespace tfpersist::conform {
namespace {

// A constant that comes back: the least that a testee can do.
constexpr char kSmokeCase[] =
    R"({"id": "smoke/constant/comes_back", "level": "required", "about": "A constant that is run gives its value.", "steps": [
  {"do": "constant", "as": "c", "value": {"dtype": "float32", "shape": [2], "values": ["1", "-0"]}},
  {"do": "session", "as": "sess"},
  {"do": "run", "session": "sess", "fetches": ["c"], "expect": {"value": [{"dtype": "float32", "shape": [2], "values": ["1", "-0"]}]}}]})";

}  // namespace

int SmokeCommand(const Options& options) {
  const absl::StatusOr<Scratch> scratch = Scratch::Make(options.golden, options.keep_scratch);
  const absl::StatusOr<Json> json = ParseJson(kSmokeCase);
  if (!scratch.ok() || !json.ok()) {
    std::cerr << "tfpersist-conform: " << (scratch.ok() ? json.status() : scratch.status()).message() << "\n";
    return kExitUsage;
  }
  const Case one{StringOr(*json, "id"), "smoke/constant", "", *json};
  RunOptions run;
  run.command = options.testee;
  run.timeout = absl::Seconds(options.timeout);
  const absl::StatusOr<RunResults> results = Run({&one}, *scratch, run);
  if (!results.ok()) {
    std::cout
        << "hello: " << results.status().message() << "\n"
        << "hint: the testee reads {\"do\":\"hello\",\"protocol\":1} as one line on standard input and answers with "
           "one line of JSON on\n"
        << "      standard output; it must flush that line, and print nothing else there (PROTOCOL.md section 1)\n";
    return kExitNoTestee;
  }
  std::cout << "hello: " << StringOr(results->testee, "name") << " " << StringOr(results->testee, "version")
            << ", behaves as TensorFlow " << StringOr(results->testee, "behaves_as") << ", "
            << results->testee["verbs"].size() << " verbs\n";
  const CaseResult& result = results->cases.front();
  std::cout << Describe(result, options.testee);
  if (result.outcome == Outcome::kUnsupported)
    std::cout << "hint: the verbs constant, session and run are the first ones to write (PROTOCOL.md section 5)\n";
  if (result.outcome == Outcome::kGarbage)
    std::cout << "hint: answer each line with exactly one line, echo \"seq\", print nothing else to standard output\n";
  if (result.outcome == Outcome::kTimeout) std::cout << "hint: flush standard output after each answer\n";
  if (result.outcome == Outcome::kFailed)
    std::cout << "hint: \"steps\" has one answer per step; values are strings, row-major (PROTOCOL.md section 4)\n";
  for (const std::string& problem : results->problems)
    std::cout << "bye: " << problem << "\nhint: leave with exit status 0 on bye or at the end of input\n";
  return result.outcome == Outcome::kPassed && results->problems.empty() ? kExitOk : kExitFailures;
}

}  // namespace tfpersist::conform
