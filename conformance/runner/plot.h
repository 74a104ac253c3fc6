// Plots as data for reports/templates/plot.mustache: SVG with axes and units, in any colours, told apart by the shapes
// of marks and the dashes of lines. The style sheet gives the colours (.s0 … .s9), so that light and dark and paper
// work.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_PLOT_H_
#define TFPERSIST_CONFORMANCE_RUNNER_PLOT_H_

#include <kainjow/mustache.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tfpersist::conform {

using PlotData = kainjow::mustache::data;

// One point with its extremes (the same as the value where there are none), and the text that a pointer shows.
struct PlotMark {
  double x = 0, y = 0;  // y: of a row plot the row's index
  double low = 0, high = 0;
  int style = 0;
  std::string text;
  std::string label = "";  // of a row plot: written behind the mark
};

// Rows with names, marks along a value axis: dots with whiskers, or bars from zero.
struct RowPlot {
  std::string title, axis;  // with its unit
  bool logarithmic = false, bars = false;
  std::vector<std::string> rows;
  std::vector<PlotMark> marks;
  std::optional<double> reference;  // a line across all rows, with its name
  std::string reference_name;
};

// Lines over a numeric axis; both axes logarithmic.
struct LinePlot {
  std::string title, x_axis, y_axis;
  struct Line {
    int style = 0;
    std::string name;
    std::vector<PlotMark> marks;
  };
  std::vector<Line> lines;
};

// The last three are hollow, in colours of the first.
constexpr int kPlotStyles = 10;

// {title, width, height, label, lines, shapes, texts}. Values that are not positive are left out of a logarithmic axis.
PlotData Draw(const RowPlot& plot);
PlotData Draw(const LinePlot& plot);
// The signs of the styles with their names: {name, kind, shape}, with lines {line, dash} too.
PlotData Legend(const std::vector<std::pair<int, std::string>>& styles, bool lines);

// Where an axis from `low` to `high` has its marks: 1, 2 and 5 times powers of ten, a handful at most, all inside.
std::vector<double> Ticks(double low, double high, bool logarithmic);
// "0.02", "3", "1,500".
std::string TickText(double value);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_PLOT_H_
