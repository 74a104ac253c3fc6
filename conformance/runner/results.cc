#include "conformance/runner/results.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace tfpersist::conform {
namespace {

// Text for XML 1.0: markup escaped; control characters, which XML can't hold, and broken UTF-8 replaced.
std::string Xml(const std::string& text) {
  std::string clean;
  // Dump replaces what is no UTF-8.
  const std::string utf8 = nlohmann::json::parse(Dump(Json(text))).get<std::string>();
  for (char c : utf8) clean += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
  return absl::StrReplaceAll(
      clean,
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"\xEF\xBF\xBE", "?"}, {"\xEF\xBF\xBF", "?"}});
}

std::string Quoted(const std::string& command) {
  return absl::StrCat("'", absl::StrReplaceAll(command, {{"'", "'\\''"}}), "'");
}

}  // namespace

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kCrash:
      return "crash";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kGarbage:
      return "garbage";
    case Outcome::kUnsupported:
      return "unsupported";
    case Outcome::kNotRun:
      return "not_run";
  }
  return "not_run";
}

bool IsFailure(Outcome outcome) { return outcome != Outcome::kPassed && outcome != Outcome::kUnsupported; }

Counts CountsOf(const RunResults& results) {
  Counts counts;
  for (const CaseResult& result : results.cases) {
    if (result.outcome == Outcome::kUnsupported) {
      ++counts.unsupported, ++counts.skipped;
    } else if (result.unexpected_pass()) {
      ++counts.unexpected_passes, ++counts.failed;
    } else if (result.excused()) {
      ++counts.excused, ++counts.skipped;
    } else if (result.outcome == Outcome::kPassed) {
      ++counts.passed;
    } else {
      ++counts.failed;
    }
  }
  return counts;
}

Json ResultsJson(const RunResults& results) {
  const Counts counts = CountsOf(results);
  Json cases = Json::array();
  for (const CaseResult& result : results.cases) {
    Json one = {{"id", result.one->id},
                {"level", StringOr(result.one->json, "level")},
                {"outcome", std::string(OutcomeName(result.outcome))},
                {"seconds", result.seconds}};
    if (result.largest_ulp > 0) one["largest_ulp"] = result.largest_ulp;
    if (!result.detail.empty()) one["detail"] = result.detail;
    if (!result.stderr_tail.empty()) one["stderr_tail"] = result.stderr_tail;
    if (!result.expected_reason.empty()) one["expected_failure"] = result.expected_reason;
    cases.push_back(std::move(one));
  }
  return {{"protocol", 1},
          {"testee", results.testee},
          {"command", results.command},
          {"seconds", results.seconds},
          {"counts",
           {{"passed", counts.passed},
            {"failed", counts.failed},
            {"skipped", counts.skipped},
            {"unsupported", counts.unsupported},
            {"expected_failures", counts.excused},
            {"unexpected_passes", counts.unexpected_passes}}},
          {"problems", results.problems},
          {"cases", std::move(cases)}};
}

std::string JUnitXml(const RunResults& results) {
  const Counts counts = CountsOf(results);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  absl::StrAppend(&out, "<testsuites tests=\"", results.cases.size(), "\" failures=\"", counts.failed, "\" skipped=\"",
                  counts.skipped, "\" time=\"", absl::StrFormat("%.3f", results.seconds), "\">\n");
  std::map<std::string, std::vector<const CaseResult*>> suites;
  for (const CaseResult& result : results.cases) suites[result.one->suite].push_back(&result);
  for (const auto& [suite, members] : suites) {
    RunResults part;
    for (const CaseResult* member : members) part.cases.push_back(*member);
    const Counts own = CountsOf(part);
    absl::StrAppend(&out, "  <testsuite name=\"", Xml(suite), "\" tests=\"", members.size(), "\" failures=\"",
                    own.failed, "\" skipped=\"", own.skipped, "\">\n");
    for (const CaseResult* member : members) {
      absl::StrAppend(&out, "    <testcase classname=\"", Xml(suite), "\" name=\"", Xml(member->one->id), "\" time=\"",
                      absl::StrFormat("%.3f", member->seconds), "\"");
      if (member->outcome == Outcome::kPassed && !member->unexpected_pass()) {
        absl::StrAppend(&out, "/>\n");
        continue;
      }
      if (member->outcome == Outcome::kUnsupported) {
        absl::StrAppend(&out, "><skipped message=\"unsupported: ", Xml(member->detail), "\"/></testcase>\n");
      } else if (member->excused()) {
        absl::StrAppend(&out, "><skipped message=\"expected failure: ", Xml(member->expected_reason),
                        "\"/></testcase>\n");
      } else if (member->unexpected_pass()) {
        absl::StrAppend(&out,
                        "><failure type=\"unexpected pass\" message=\"passes, but is listed as an expected failure: ",
                        Xml(member->expected_reason), "\"/></testcase>\n");
      } else {
        absl::StrAppend(&out, "><failure type=\"", std::string(OutcomeName(member->outcome)), "\" message=\"",
                        Xml(member->detail.substr(0, 200)), "\">", Xml(Describe(*member, results.command)),
                        "</failure></testcase>\n");
      }
    }
    absl::StrAppend(&out, "  </testsuite>\n");
  }
  absl::StrAppend(&out, "</testsuites>\n");
  return out;
}

std::string Describe(const CaseResult& result, const std::string& command) {
  std::string out =
      absl::StrCat(result.unexpected_pass() ? "unexpected pass" : std::string(OutcomeName(result.outcome)), ": ",
                   result.one->id, "\n");
  absl::StrAppend(&out, "  about: ", result.one->about(), "\n");
  if (result.unexpected_pass())
    absl::StrAppend(&out, "  listed as an expected failure: ", result.expected_reason,
                    "; take it off the list (--update-expected)\n");
  if (!result.detail.empty()) absl::StrAppend(&out, "  ", absl::StrReplaceAll(result.detail, {{"\n", "\n  "}}), "\n");
  if (!result.stderr_tail.empty())
    absl::StrAppend(&out, "  its standard error ends in:\n    | ",
                    absl::StrReplaceAll(result.stderr_tail, {{"\n", "\n    | "}}), "\n");
  absl::StrAppend(&out, "  repeat: tfpersist-conform run --testee ", Quoted(command), " ", result.one->id, "\n");
  return out;
}

std::string Summary(const RunResults& results) {
  const Counts counts = CountsOf(results);
  std::string out;
  std::map<std::string, Counts> areas;
  for (const CaseResult& result : results.cases) {
    RunResults single;
    single.cases.push_back(result);
    const Counts one = CountsOf(single);
    Counts& area = areas[result.one->id.substr(0, result.one->id.find('/'))];
    area.passed += one.passed, area.failed += one.failed, area.skipped += one.skipped;
  }
  for (const auto& [area, own] : areas) {
    absl::StrAppend(&out, absl::StrFormat("  %-14s %4d passed %4d failed %4d skipped\n", area, own.passed, own.failed,
                                          own.skipped));
  }
  for (const std::string& problem : results.problems) absl::StrAppend(&out, "problem: ", problem, "\n");
  if (counts.skipped > 0)
    absl::StrAppend(&out, "skipped: ", counts.unsupported, " unsupported, ", counts.excused, " expected failures\n");
  if (counts.unexpected_passes > 0)
    absl::StrAppend(&out, "failed: ", counts.unexpected_passes, " of them pass, but are listed as expected failures\n");
  absl::StrAppend(&out, StringOr(results.testee, "name", "testee"), " ", StringOr(results.testee, "version"),
                  ", behaves as TensorFlow ", StringOr(results.testee, "behaves_as"),
                  absl::StrFormat(", %.1f s\n", results.seconds));
  absl::StrAppend(&out, counts.passed, " passed, ", counts.failed, " failed, ", counts.skipped, " skipped\n");
  return out;
}

}  // namespace tfpersist::conform
