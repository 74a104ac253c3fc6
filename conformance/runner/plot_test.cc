#include "conformance/runner/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/runner/bench_report.h"
#include "conformance/runner/templates.h"

namespace tfpersist::conform {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;
using ::testing::SizeIs;

TEST(Ticks, AreRoundAndFew) {
  EXPECT_THAT(Ticks(0, 10, false), Pointwise(DoubleNear(1e-9), {0, 2, 4, 6, 8, 10}));
  EXPECT_THAT(Ticks(0.9, 11, true), Pointwise(DoubleNear(1e-9), {1, 2, 5, 10}));
  EXPECT_THAT(Ticks(0.5, 5000, true), Pointwise(DoubleNear(1e-9), {1, 10, 100, 1000}));
  EXPECT_THAT(Ticks(1, 1, true), SizeIs(0));
  for (const double high : {1.2, 3.0, 17.0, 4e4, 1e12}) EXPECT_LE(Ticks(1, high, true).size(), 6u) << high;
  for (const double high : {1.2, 3.0, 17.0, 4e4, 1e12}) EXPECT_LE(Ticks(0, high, false).size(), 6u) << high;
  EXPECT_EQ(TickText(0.02), "0.02");
  EXPECT_EQ(TickText(1500), "1,500");
  EXPECT_EQ(TickText(1234567), "1,234,567");
}

TEST(Plots, LeaveOutWhatNoAxisHas) {
  RowPlot plot{.title = "t", .axis = "ms", .logarithmic = true, .rows = {"a"}};
  plot.marks = {{.x = 0, .low = 0, .high = 0, .text = "zero"}, {.x = 3, .low = 3, .high = 3, .text = "three"}};
  const std::string svg = kainjow::mustache::mustache(kTemplatePlot).render(Draw(plot));
  EXPECT_THAT(svg, HasSubstr("three"));
  EXPECT_THAT(svg, Not(HasSubstr("zero")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(kainjow::mustache::mustache(kTemplatePlot).render(Draw(LinePlot{})), Not(HasSubstr("nan")));
}

TEST(BenchPage, SetsMachinesSideBySide) {
  const Json row = {{"task", "models/resnet50/batch:1/threads:2"},
                    {"name", "tfpersist"},
                    {"unit", "ms"},
                    {"median", 40.0},
                    {"min", 39.0},
                    {"max", 41.0}};
  Json theirs = row, gpu = row;
  theirs["name"] = "tensorflow <2>";
  theirs["times_ours"] = {{"median", 1.5}, {"min", 1.4}, {"max", 1.6}};
  theirs["mark"] = "1.15 times ours";
  theirs["reached"] = true;
  gpu["task"] = "models/resnet50_fused/batch:1/device:cuda/dtype:float16";
  const std::vector<Json> results = {{{"machine", {{"cpu", "A"}}}, {"rows", {row, theirs}}},
                                     {{"machine", {{"gpu", "B"}}}, {"rows", Json::array({gpu})}}};
  kainjow::mustache::mustache page(kTemplateBench);
  ASSERT_TRUE(page.is_valid()) << page.error_message();
  const std::string html = page.render(BenchPage(results));
  EXPECT_THAT(html, HasSubstr("CPU and GPU side by side"));
  EXPECT_THAT(html, HasSubstr("GPU float16"));
  EXPECT_THAT(html, HasSubstr("1.50 times ours (1.40 to 1.60)"));
  EXPECT_THAT(html, HasSubstr("1 of 1 are reached"));
  EXPECT_THAT(html, HasSubstr("tensorflow &lt;2&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("tensorflow <2>")));
  EXPECT_THAT(page.render(BenchPage({Json{{"rows", Json::array()}}})), HasSubstr("Every measurement"));
}

}  // namespace
}  // namespace tfpersist::conform
