// The runner against testees that are wrong on purpose, and its output.
#include "conformance/runner/run.h"

#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"
#include "conformance/runner/report.h"
#include "gtest/gtest.h"

namespace tfpersist::conform {
namespace {

const char kCases[] = "conformance/runner/testdata/cases";

// As the program does: a testee that is gone is an outcome.
const bool kIgnoresBrokenPipes = signal(SIGPIPE, SIG_IGN) != SIG_ERR;

struct Ran {
  std::vector<Case> cases;
  RunResults results;
};

Ran RunToy(const std::string& command, const ExpectedList* expected = nullptr, int jobs = 1) {
  EXPECT_TRUE(kIgnoresBrokenPipes);
  Ran ran;
  absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(kCases);
  EXPECT_TRUE(suites.ok()) << suites.status();
  ran.cases = *CasesOf(*suites);
  std::vector<const Case*> chosen;
  for (const Case& one : ran.cases) chosen.push_back(&one);
  absl::StatusOr<Scratch> scratch = Scratch::Make("golden/data", false);
  RunOptions options;
  options.command = command;
  options.timeout = absl::Seconds(3);
  options.jobs = jobs;
  options.expected = expected;
  absl::StatusOr<RunResults> results = Run(chosen, *scratch, options);
  EXPECT_TRUE(results.ok()) << results.status();
  if (results.ok()) ran.results = *std::move(results);
  return ran;
}

Ran RunFaulty(const std::string& kind) { return RunToy("exec python3 conformance/testees/faulty.py " + kind); }

std::vector<Outcome> OutcomesOf(const Ran& ran) {
  std::vector<Outcome> outcomes;
  for (const CaseResult& result : ran.results.cases) outcomes.push_back(result.outcome);
  return outcomes;
}

using Outcomes = std::vector<Outcome>;
constexpr Outcome kPassed = Outcome::kPassed, kFailed = Outcome::kFailed, kUnsupported = Outcome::kUnsupported;

TEST(Run, TheToyPasses) {
  for (const int jobs : {1, 2}) {
    const Ran ran = RunToy("exec python3 conformance/testees/toy.py", nullptr, jobs);
    EXPECT_EQ(OutcomesOf(ran), (Outcomes{kPassed, kPassed, kPassed, kUnsupported}));
    EXPECT_TRUE(absl::EndsWith(Summary(ran.results), "3 passed, 0 failed, 1 skipped\n"));
  }
}

TEST(Run, AnOperationThatATesteeLacksIsNotSent) {
  Case one;
  one.json =
      *ParseJson(R"({"steps": [{"do": "graph", "steps": [{"do": "op", "op": "Add"}, {"do": "op", "op": "Conv2D"}]}]})");
  const auto hello = [](const char* ops) {
    return *ParseJson(absl::StrCat(R"({"verbs": ["graph", "op"], "features": [], "ops": )", ops, "}"));
  };
  EXPECT_EQ(Unsupported(one, hello(R"(["Add"])")), "op Conv2D");
  EXPECT_EQ(Unsupported(one, hello(R"(["Conv2D", "Add"])")), "");
  EXPECT_EQ(Unsupported(one, hello(R"(["*"])")), "");
}

TEST(Run, ACrashCostsOneCaseAndIsNamed) {
  const Ran ran = RunFaulty("crash");
  EXPECT_EQ(OutcomesOf(ran), (Outcomes{kPassed, Outcome::kCrash, kPassed, kUnsupported}));
  EXPECT_TRUE(absl::StrContains(ran.results.cases[1].detail, "signal 11")) << ran.results.cases[1].detail;
  EXPECT_TRUE(absl::StrContains(ran.results.cases[1].stderr_tail, "about to crash"));
  EXPECT_TRUE(absl::EndsWith(Summary(ran.results), "2 passed, 1 failed, 1 skipped\n"));
}

TEST(Run, AHangCostsOneCase) {
  EXPECT_EQ(OutcomesOf(RunFaulty("hang")), (Outcomes{kPassed, Outcome::kTimeout, kPassed, kUnsupported}));
}

TEST(Run, GarbageCostsOneCase) {
  EXPECT_EQ(OutcomesOf(RunFaulty("garbage")), (Outcomes{kPassed, Outcome::kGarbage, kPassed, kUnsupported}));
}

TEST(Run, AWrongBitIsSeen) {
  const Ran ran = RunFaulty("wrong_value");
  EXPECT_EQ(OutcomesOf(ran), (Outcomes{kFailed, kFailed, kPassed, kUnsupported}));
  EXPECT_TRUE(absl::StrContains(ran.results.cases[0].detail, "element [0]: expected 1")) << ran.results.cases[0].detail;
}

TEST(Run, AMissingErrorIsSeen) {
  const Ran ran = RunFaulty("no_errors");
  EXPECT_EQ(OutcomesOf(ran), (Outcomes{kPassed, kPassed, kFailed, kUnsupported}));
  EXPECT_TRUE(absl::StrContains(ran.results.cases[2].detail, "expected error \"INVALID_ARGUMENT\""));
}

TEST(Run, AShortAnswerIsSeen) {
  for (const CaseResult& result : RunFaulty("short_answer").results.cases) {
    EXPECT_NE(result.outcome, kPassed) << result.one->id;
  }
}

TEST(Run, ATesteeThatDoesNotStartIsAnError) {
  absl::StatusOr<Scratch> scratch = Scratch::Make("golden/data", false);
  for (const char* command : {"exit 3", "no-such-program-here", "echo no json; sleep 5"}) {
    RunOptions options;
    options.command = command;
    options.timeout = absl::Seconds(3);
    EXPECT_FALSE(conform::Run({}, *scratch, options).ok()) << command;
  }
}

TEST(Run, ExpectedFailuresAreExcusedAndUnexpectedPassesAreNot) {
  const absl::StatusOr<ExpectedList> list =
      ExpectedList::Parse("toy/basics/second # crashes\ntoy/basics/third # passes, to the list's surprise\n");
  ASSERT_TRUE(list.ok());
  const Ran ran = RunToy("exec python3 conformance/testees/faulty.py crash", &*list);
  const Counts counts = CountsOf(ran.results);
  EXPECT_EQ(counts.passed, 1);
  EXPECT_EQ(counts.excused, 1);
  EXPECT_EQ(counts.unexpected_passes, 1);
  EXPECT_EQ(counts.failed, 1);
}

TEST(Results, JsonAndJUnitHoldEveryCase) {
  const Ran ran = RunFaulty("crash");
  const Json json = ResultsJson(ran.results);
  ASSERT_EQ(json["cases"].size(), 4u);
  EXPECT_EQ(json["cases"][1]["outcome"], "crash");
  const std::string xml = JUnitXml(ran.results);
  EXPECT_TRUE(absl::StrContains(xml, "toy/basics")) << xml;
  EXPECT_TRUE(absl::StrContains(xml, "<failure")) << xml;
  EXPECT_TRUE(absl::StrContains(xml, "<skipped")) << xml;
}

TEST(Report, HoldsEveryCaseAndSaysWhatIsMissing) {
  const Ran ran = RunFaulty("wrong_value");
  Json results = ResultsJson(ran.results);
  results["cases"][0]["detail"] = "<script>&\"\xff";
  results["cases"].erase(3);
  const std::string dir = testing::TempDir() + "tfpersist_report_test";
  const absl::StatusOr<std::vector<SuiteFile>> suites = LoadSuites(kCases);
  ASSERT_TRUE(WriteReport({results, results}, {}, *suites, "golden/data", dir).ok());
  for (const char* page : {"index.html", "matrix.html", "toy-basics.html", "ops.html", "goldens.html"}) {
    const std::string text = *ReadFile(dir + "/" + page);
    EXPECT_TRUE(absl::StrContains(text, "INCOMPLETE")) << page;
    EXPECT_FALSE(absl::StrContains(text, "<script>&")) << page;
  }
  const std::string suite = *ReadFile(dir + "/toy-basics.html");
  EXPECT_TRUE(absl::StrContains(suite, "&lt;script&gt;&amp;")) << suite;
  EXPECT_TRUE(absl::StrContains(suite, "id=\"third\""));
  EXPECT_TRUE(absl::StrContains(*ReadFile(dir + "/matrix.html"), "toy-basics.html#third"));
  EXPECT_TRUE(absl::StrContains(*ReadFile(dir + "/index.html"), "<span class=\"bad\">1</span> of 3"));
  EXPECT_FALSE(WriteReport({Json::array()}, {}, *suites, "golden/data", dir).ok());
}

}  // namespace
}  // namespace tfpersist::conform
