// The parts of the verdict: tensors, expectations, patches, filters, expected lists.
#include "conformance/runner/judge.h"

#include "absl/strings/match.h"
#include "conformance/runner/expected.h"
#include "conformance/runner/patch.h"
#include "gtest/gtest.h"

namespace tfpersist::conform {
namespace {

Json J(const std::string& text) { return *ParseJson(text); }

std::string Compare(const std::string& expected, const std::string& got, Tolerance tolerance = {}) {
  return CompareValues(J(expected), J(got), tolerance, "");
}

std::string Floats(const std::string& values, const std::string& dtype = "float32") {
  return R"({"dtype":")" + dtype + R"(","shape":[1],"values":[")" + values + R"("]})";
}

TEST(CompareTensors, PersistenceComparesBits) {
  EXPECT_EQ(Compare(Floats("0.1"), Floats("0.1")), "");
  EXPECT_EQ(Compare(Floats("0.1"), Floats("0x1.99999ap-4")), "");
  EXPECT_NE(Compare(Floats("0.1"), Floats("0.10000001")), "");
  EXPECT_NE(Compare(Floats("0"), Floats("-0")), "");
  EXPECT_EQ(Compare(Floats("nan"), Floats("nan")), "");
  EXPECT_NE(Compare(Floats("nan"), Floats("nan:0x7fc00001")), "");
  EXPECT_NE(Compare(Floats("1"), Floats("1", "float64")), "");
  EXPECT_EQ(Compare(Floats("3", "int8"), Floats("3", "qint8")), "");
  EXPECT_NE(
      Compare(R"({"dtype":"float32","shape":[1],"values":["1"]})", R"({"dtype":"float32","shape":[],"values":["1"]})"),
      "");
  EXPECT_EQ(Compare(R"({"dtype":"string","shape":[1],"values":["a"]})",
                    R"({"dtype":"string","shape":[1],"encoding":"hex","values":["61"]})"),
            "");
}

TEST(CompareTensors, TolerancesAreThoseOfTheCase) {
  EXPECT_EQ(Compare(Floats("1"), Floats("1.0000001"), {.ulp = 1}), "");
  EXPECT_NE(Compare(Floats("1"), Floats("1.0000004"), {.ulp = 1}), "");
  EXPECT_EQ(Compare(Floats("100"), Floats("101"), {.rel = 0.02}), "");
  EXPECT_NE(Compare(Floats("100"), Floats("103"), {.rel = 0.02}), "");
  EXPECT_EQ(Compare(Floats("0"), Floats("1e-9"), {.abs = 1e-8}), "");
  EXPECT_NE(Compare(Floats("0"), Floats("nan"), {.abs = 1e-8}), "");
}

std::string Judge(const std::string& step, const std::string& answer, const std::string& version = "1.11.0") {
  return JudgeStep(J(step), J(answer), version, "");
}

TEST(JudgeStep, AStepWithoutErrorMustSucceed) {
  EXPECT_EQ(Judge(R"({"do":"x"})", R"({"ok":true,"value":1})"), "");
  EXPECT_NE(Judge(R"({"do":"x"})", R"({"error":{"code":"NOT_FOUND","message":"m"}})"), "");
  EXPECT_NE(Judge(R"({"do":"x"})", R"({"skipped":"no handle"})"), "");
}

TEST(JudgeStep, ErrorsCompareByCodeFragmentAndNode) {
  const std::string answer =
      R"({"error":{"code":"NOT_FOUND","message":"Key v not found","node":"save/RestoreV2","hint":"pass the prefix"}})";
  EXPECT_EQ(Judge(R"({"do":"x","expect":{"error":"NOT_FOUND"}})", answer), "");
  EXPECT_EQ(
      Judge(
          R"({"do":"x","expect":{"error":["DATA_LOSS","NOT_FOUND"],"message_has":["Key v"],"node":"save/RestoreV2"}})",
          answer),
      "");
  EXPECT_EQ(Judge(R"({"do":"x","expect":{"error":"NOT_FOUND","message_has":["the prefix"]}})", answer), "");
  EXPECT_NE(Judge(R"({"do":"x","expect":{"error":"DATA_LOSS"}})", answer), "");
  EXPECT_NE(Judge(R"({"do":"x","expect":{"error":"NOT_FOUND","message_has":["Key w"]}})", answer), "");
  EXPECT_NE(Judge(R"({"do":"x","expect":{"error":"NOT_FOUND","message":"Key v"}})", answer), "");
  EXPECT_NE(Judge(R"({"do":"x","expect":{"error":"NOT_FOUND","node":null}})", answer), "");
}

TEST(JudgeStep, VersionsHaveTheirOwnExpectations) {
  const std::string step = R"({"do":"x","expect":{"value":1},"expect_on":{"2.21.0":{"value":2}}})";
  EXPECT_EQ(Judge(step, R"({"ok":true,"value":1})"), "");
  EXPECT_NE(Judge(step, R"({"ok":true,"value":2})"), "");
  EXPECT_EQ(Judge(step, R"({"ok":true,"value":2})", "2.21.0"), "");
}

TEST(JudgeStep, LogLinesComeInOrder) {
  const std::string answer = R"({"ok":true,"log":[{"level":"info","text":"one"},{"level":"info","text":"two"}]})";
  EXPECT_EQ(Judge(R"({"do":"x","expect":{"log":["one","two"]}})", answer), "");
  EXPECT_NE(Judge(R"({"do":"x","expect":{"log":["two","one"]}})", answer), "");
  EXPECT_EQ(Judge(R"({"do":"x","expect":{"log_has":["wo"]}})", answer), "");
}

TEST(Patch, ChangesBytes) {
  std::string bytes = "abcdef";
  for (const char* patch : {R"({"at":0,"xor":"20"})", R"({"at":-1,"write":"21"})", R"({"append":"3f"})"}) {
    ASSERT_TRUE(ApplyPatch(J(patch), bytes).ok()) << patch;
  }
  EXPECT_EQ(bytes, "Abcde!?");
  ASSERT_TRUE(ApplyPatch(J(R"({"truncate":2})"), bytes).ok());
  EXPECT_EQ(bytes, "Ab");
  for (const char* patch :
       {R"({"at":9,"xor":"01"})", R"({"at":0,"xor":"0"})", R"({"turn":1})", R"({"recrc":"blocks"})"}) {
    EXPECT_FALSE(ApplyPatch(J(patch), bytes).ok()) << patch;
  }
}

TEST(Filters, AreIdsGlobsAndPrefixes) {
  EXPECT_TRUE(Selected({}, "a/b/c"));
  EXPECT_TRUE(Selected({"a"}, "a/b/c"));
  EXPECT_TRUE(Selected({"a/b"}, "a/b/c"));
  EXPECT_FALSE(Selected({"a/"}, "ab/b/c"));
  EXPECT_TRUE(Selected({"*/c"}, "a/b/c"));
  EXPECT_TRUE(Selected({"a/?/c"}, "a/b/c"));
  EXPECT_FALSE(Selected({"b"}, "a/b/c"));
}

TEST(Case, ExpectationsAreNeverSent) {
  const Json sent = WithoutExpectations(J(
      R"({"id":"x","after":{},"steps":[{"do":"graph","expect":{"value":1},"steps":[{"do":"y","expect":{},"expect_on":{}}]}]})"));
  EXPECT_FALSE(absl::StrContains(sent.dump(), "expect"));
  EXPECT_FALSE(absl::StrContains(sent.dump(), "after"));
}

TEST(ExpectedList, WantsReasonsAndKnowsStaleEntries) {
  EXPECT_FALSE(ExpectedList::Parse("a/b/c\n").ok());
  EXPECT_FALSE(ExpectedList::Parse("a/b/c # x\na/b/c # y\n").ok());
  const auto list = ExpectedList::Parse("# head\na/b/* # no loops\nz/z/z # gone\n");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(*list->Find("a/b/c"), "no loops");
  EXPECT_EQ(list->Find("b/b/c"), nullptr);
  EXPECT_EQ(list->Problems({"a/b/c", "b/b/c"}).size(), 1u);
}

TEST(ExpectedList, UpdateKeepsCommentsAndReasons) {
  const auto list = ExpectedList::Parse("# head\na/b/c # why\na/b/d # passes now\n");
  ASSERT_TRUE(list.ok());
  const std::string text = list->Update({"a/b/c", "a/b/d", "a/b/e"}, {"a/b/c", "a/b/d", "a/b/e"}, {"a/b/c", "a/b/e"});
  EXPECT_TRUE(absl::StartsWith(text, "# head\na/b/c # why\n")) << text;
  EXPECT_FALSE(absl::StrContains(text, "a/b/d"));
  EXPECT_TRUE(absl::StrContains(text, "a/b/e"));
}

}  // namespace
}  // namespace tfpersist::conform
