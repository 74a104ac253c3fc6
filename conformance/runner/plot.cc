#include "conformance/runner/plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tfpersist::conform {
namespace {

using Data = PlotData;

// In units of the view box, about a CSS pixel where a plot has a phone's width.
constexpr double kWidth = 440, kGutter = 170, kRight = 14, kTop = 8, kAxisHeight = 46;
constexpr double kMarkSize = 4.2, kMarkStep = 11;
constexpr size_t kMostTicks = 6, kMostNameBytes = 25;

const char* const kDashes[] = {"none", "7 3", "2 3", "8 3 2 3", "12 3", "4 2 1 2", "1 2", "9 2", "5 5", "3 1"};

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

// A sign of style `style` around a point: disc, square, triangle, diamond, cross, plus, triangle that
// points down; a disc, a square and a diamond that are hollow.
std::string ShapePath(int style, double x, double y, double size) {
  const double s = size;
  switch (style % kPlotStyles) {
    case 1:
    case 8:
      return absl::StrFormat("M%.1f %.1fh%.1fv%.1fh%.1fz", x - s * .9, y - s * .9, s * 1.8, s * 1.8, -s * 1.8);
    case 2:
      return absl::StrFormat("M%.1f %.1fl%.1f %.1fh%.1fz", x, y - s * 1.15, s * 1.15, s * 2.1, -s * 2.3);
    case 3:
    case 9:
      return absl::StrFormat("M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz", x, y - s * 1.3, s * 1.3, s * 1.3, -s * 1.3,
                             s * 1.3, -s * 1.3, -s * 1.3);
    case 4:
      return absl::StrFormat("M%.1f %.1fl%.1f %.1fm0 %.1fl%.1f %.1f", x - s, y - s, s * 2, s * 2, -s * 2, -s * 2,
                             s * 2);
    case 5:
      return absl::StrFormat("M%.1f %.1fh%.1fm%.1f %.1fv%.1f", x - s * 1.2, y, s * 2.4, -s * 1.2, -s * 1.2, s * 2.4);
    case 6:
      return absl::StrFormat("M%.1f %.1fl%.1f %.1fh%.1fz", x, y + s * 1.15, s * 1.15, -s * 2.1, -s * 2.3);
    default:
      return absl::StrFormat("M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0z", x - s, y, s, s, s * 2, s, s,
                             -s * 2);
  }
}

bool IsOpen(int style) {
  const int s = style % kPlotStyles;
  return s == 4 || s == 5 || s > 6;
}

class Canvas {
 public:
  Canvas() : lines_(Data::type::list), shapes_(Data::type::list), texts_(Data::type::list) {}

  void Line(double x1, double y1, double x2, double y2, const std::string& kind) {
    Path(absl::StrFormat("M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2), kind, "none");
  }
  void Path(const std::string& d, const std::string& kind, const std::string& dash) {
    Data line;
    line.set("d", d);
    line.set("kind", kind);
    line.set("dash", dash);
    lines_.push_back(line);
  }
  void Mark(double x, double y, int style, const std::string& text) {
    Shape(ShapePath(style, x, y, kMarkSize), absl::StrCat("s", style % kPlotStyles, IsOpen(style) ? " open" : ""),
          text);
  }
  void Shape(const std::string& d, const std::string& kind, const std::string& text) {
    Data shape;
    shape.set("d", d);
    shape.set("kind", kind);
    shape.set("text", text);
    shapes_.push_back(shape);
  }
  void Text(double x, double y, const char* anchor, const std::string& text, const char* kind = "tick",
            const std::string& transform = "") {
    Data one;
    one.set("x", Number(x));
    one.set("y", Number(y));
    one.set("anchor", anchor);
    one.set("kind", kind);
    one.set("transform", transform);
    one.set("text", text);
    texts_.push_back(one);
  }
  Data Finish(const std::string& title, const std::string& label, double height) const {
    Data data;
    data.set("title", title);
    data.set("label", label);
    data.set("width", Number(kWidth));
    data.set("height", Number(height));
    data.set("lines", lines_);
    data.set("shapes", shapes_);
    data.set("texts", texts_);
    return data;
  }

 private:
  Data lines_, shapes_, texts_;
};

// From values to places along one axis.
class Scale {
 public:
  Scale(double low, double high, bool logarithmic, double from, double to)
      : logarithmic_(logarithmic), from_(from), to_(to) {
    if (logarithmic) {
      low_ = std::log10(low), high_ = std::log10(high);
      const double least = 0.15;  // so that equal values stand apart from the frame
      const double more = std::max(0.04 * (high_ - low_), high_ - low_ < least ? (least - high_ + low_) / 2 : 0);
      low_ -= more, high_ += more;
    } else {
      low_ = std::min(0.0, low), high_ = high > low_ ? high + 0.04 * (high - low_) : low_ + 1;
    }
  }
  double At(double value) const {
    const double v = logarithmic_ ? std::log10(value) : value;
    return from_ + (v - low_) / (high_ - low_) * (to_ - from_);
  }
  std::vector<double> Marks() const {
    return logarithmic_ ? Ticks(std::pow(10, low_), std::pow(10, high_), true) : Ticks(low_, high_, false);
  }

 private:
  bool logarithmic_;
  double low_, high_, from_, to_;
};

// As many of an axis's marks as have room for their texts.
std::vector<double> Thinned(std::vector<double> ticks, double room) {
  const auto width = [&] {
    double sum = 0;
    for (const double tick : ticks) sum += 7.0 * static_cast<double>(TickText(tick).size()) + 12;
    return sum;
  };
  while (ticks.size() > 2 && width() > room) {
    std::vector<double> fewer;
    for (size_t i = 0; i < ticks.size(); i += 2) fewer.push_back(ticks[i]);
    ticks = std::move(fewer);
  }
  return ticks;
}

// What has room beside the axis; the whole of it is in the mark's text.
std::string RowName(const std::string& name) {
  return name.size() <= kMostNameBytes ? name : absl::StrCat(name.substr(0, kMostNameBytes - 1), "…");
}

bool Fits(const PlotMark& mark, double value, bool logarithmic) {
  return std::isfinite(value) && std::isfinite(mark.low) && std::isfinite(mark.high) && (!logarithmic || value > 0);
}

}  // namespace

std::vector<double> Ticks(double low, double high, bool logarithmic) {
  std::vector<double> ticks;
  if (!(high > low)) return ticks;
  if (logarithmic) {
    for (const std::vector<double>& digits : {std::vector<double>{1, 2, 5}, {1, 3}, {1}}) {
      ticks.clear();
      for (int power = static_cast<int>(std::floor(std::log10(low))); power <= std::log10(high); ++power) {
        for (const double digit : digits) {
          const double tick = digit * std::pow(10, power);
          if (tick >= low && tick <= high) ticks.push_back(tick);
        }
      }
      if (ticks.size() <= kMostTicks) break;
    }
    while (ticks.size() > kMostTicks) {  // many powers of ten: every second one
      std::vector<double> fewer;
      for (size_t i = 0; i < ticks.size(); i += 2) fewer.push_back(ticks[i]);
      ticks = fewer;
    }
    if (ticks.size() >= 2) return ticks;
    ticks.clear();  // less than a digit's step: as a linear axis has them
  }
  const double power = std::pow(10, std::floor(std::log10(high - low)));
  for (const double step : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0}) {
    ticks.clear();
    for (double k = std::ceil(low / (step * power) - 1e-9); k * step * power <= high * (1 + 1e-9); ++k) {
      ticks.push_back(k * step * power + 0.0);  // no -0
    }
    if (ticks.size() <= kMostTicks) break;
  }
  return ticks;
}

std::string TickText(double value) {
  if (value < 1000) return absl::StrFormat("%g", value);
  const std::string digits = absl::StrFormat("%.0f", value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

Data Draw(const RowPlot& plot) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  std::vector<int> at_once(plot.rows.size(), 0);
  for (const PlotMark& mark : plot.marks) {
    if (!Fits(mark, mark.x, plot.logarithmic)) continue;
    low = std::min(low, plot.logarithmic && mark.low <= 0 ? mark.x : mark.low);
    high = std::max(high, mark.high);
    ++at_once[static_cast<size_t>(mark.y)];
  }
  if (plot.reference.has_value()) low = std::min(low, *plot.reference), high = std::max(high, *plot.reference);
  if (low > high) low = 1, high = 10;
  if (std::any_of(plot.marks.begin(), plot.marks.end(), [](const PlotMark& m) { return !m.label.empty(); }))
    high *= 1.7;
  const Scale x(low, high, plot.logarithmic, kGutter, kWidth - kRight);
  std::vector<double> tops;
  double y = kTop;
  for (const int count : at_once) {
    tops.push_back(y);
    y += std::max(22.0, kMarkStep * count + 8);
  }
  const double bottom = y;
  Canvas canvas;
  for (const double tick : Thinned(x.Marks(), kWidth - kGutter)) {
    canvas.Line(x.At(tick), kTop, x.At(tick), bottom, "grid");
    canvas.Text(x.At(tick), bottom + 16, "middle", TickText(tick));
  }
  for (size_t row = 0; row < plot.rows.size(); ++row) {
    const double next = row + 1 < plot.rows.size() ? tops[row + 1] : bottom;
    if (row > 0) canvas.Line(0, tops[row], kWidth - kRight, tops[row], "grid");
    canvas.Text(kGutter - 8, (tops[row] + next) / 2 + 4, "end", RowName(plot.rows[row]), "name");
  }
  canvas.Line(kGutter, bottom, kWidth - kRight, bottom, "axis");
  if (plot.reference.has_value()) {
    canvas.Path(absl::StrFormat("M%.1f %.1fV%.1f", x.At(*plot.reference), kTop, bottom), "reference", "4 3");
  }
  std::string label = plot.title;
  std::vector<int> placed(plot.rows.size(), 0);
  for (const PlotMark& mark : plot.marks) {
    if (!Fits(mark, mark.x, plot.logarithmic)) continue;
    const size_t row = static_cast<size_t>(mark.y);
    const double next = row + 1 < plot.rows.size() ? tops[row + 1] : bottom;
    const double middle = (tops[row] + next) / 2;
    const double at = middle + kMarkStep * (placed[row]++ - (at_once[row] - 1) / 2.0);
    const std::string style = absl::StrCat("s", mark.style % kPlotStyles);
    if (plot.bars) {
      const double half = at_once[row] > 1 ? 4 : 6;
      canvas.Shape(absl::StrFormat("M%.1f %.1fH%.1fV%.1fH%.1fz", x.At(0), at - half, x.At(mark.x), at + half, x.At(0)),
                   style + " bar", mark.text);
    }
    const double from = plot.logarithmic && mark.low <= 0 ? mark.x : mark.low;
    if (x.At(mark.high) - x.At(from) > 2) canvas.Line(x.At(from), at, x.At(mark.high), at, style + " whisker");
    canvas.Mark(x.At(mark.x), at, mark.style, mark.text);
    if (!mark.label.empty()) canvas.Text(x.At(mark.x) + 9, at + 4, "start", mark.label);
    absl::StrAppend(&label, "; ", plot.rows[row], ": ", mark.text);
  }
  canvas.Text((kGutter + kWidth - kRight) / 2, bottom + 35, "middle", plot.axis, "title");
  return canvas.Finish(plot.title, label, bottom + kAxisHeight);
}

Data Draw(const LinePlot& plot) {
  constexpr double kLeft = 62, kPlotHeight = 220;
  double x_low = HUGE_VAL, x_high = 0, y_low = HUGE_VAL, y_high = 0;
  for (const auto& line : plot.lines) {
    for (const PlotMark& mark : line.marks) {
      if (!Fits(mark, std::min(mark.x, mark.y), true)) continue;
      x_low = std::min(x_low, mark.x), x_high = std::max(x_high, mark.x);
      y_low = std::min(y_low, mark.low > 0 ? mark.low : mark.y), y_high = std::max(y_high, mark.high);
    }
  }
  if (x_low > x_high) x_low = y_low = 1, x_high = y_high = 10;
  const double bottom = kTop + kPlotHeight;
  const Scale x(x_low, x_high, true, kLeft, kWidth - kRight), y(y_low, y_high, true, bottom, kTop);
  Canvas canvas;
  for (const double tick : y.Marks()) {
    canvas.Line(kLeft, y.At(tick), kWidth - kRight, y.At(tick), "grid");
    canvas.Text(kLeft - 7, y.At(tick) + 4, "end", TickText(tick));
  }
  // Where there are few places on the axis, they are its marks.
  std::vector<double> places;
  for (const auto& line : plot.lines) {
    for (const PlotMark& mark : line.marks) places.push_back(mark.x);
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (const double tick : places.size() <= kMostTicks ? places : Thinned(x.Marks(), kWidth - kLeft)) {
    canvas.Line(x.At(tick), bottom, x.At(tick), bottom + 5, "axis");
    canvas.Text(x.At(tick), bottom + 18, "middle", TickText(tick));
  }
  canvas.Line(kLeft, bottom, kWidth - kRight, bottom, "axis");
  canvas.Line(kLeft, kTop, kLeft, bottom, "axis");
  std::string label = plot.title;
  for (const auto& line : plot.lines) {
    std::string d;
    absl::StrAppend(&label, "; ", line.name, ":");
    for (const PlotMark& mark : line.marks) {
      if (!Fits(mark, std::min(mark.x, mark.y), true)) continue;
      absl::StrAppend(&d, d.empty() ? "M" : "L", Number(x.At(mark.x)), " ", Number(y.At(mark.y)));
      absl::StrAppend(&label, " ", mark.text);
    }
    canvas.Path(d, absl::StrCat("s", line.style % kPlotStyles, " line"), kDashes[line.style % kPlotStyles]);
  }
  for (const auto& line : plot.lines) {
    for (const PlotMark& mark : line.marks) {
      if (Fits(mark, std::min(mark.x, mark.y), true)) canvas.Mark(x.At(mark.x), y.At(mark.y), line.style, mark.text);
    }
  }
  canvas.Text((kLeft + kWidth - kRight) / 2, bottom + 38, "middle", plot.x_axis, "title");
  canvas.Text(0, 0, "middle", plot.y_axis, "title",
              absl::StrFormat("translate(13 %.1f) rotate(-90)", kTop + kPlotHeight / 2));
  return canvas.Finish(plot.title, label, bottom + kAxisHeight);
}

Data Legend(const std::vector<std::pair<int, std::string>>& styles, bool lines) {
  Data list(Data::type::list);
  for (const auto& [style, name] : styles) {
    Data one;
    one.set("name", name);
    one.set("kind", absl::StrCat("s", style % kPlotStyles, IsOpen(style) ? " open" : ""));
    one.set("lines", lines);
    one.set("line", absl::StrCat("s", style % kPlotStyles, " line"));
    one.set("shape", ShapePath(style, lines ? 15 : 7, 7, kMarkSize));
    one.set("dash", kDashes[style % kPlotStyles]);
    one.set("width", lines ? "30" : "14");
    list.push_back(one);
  }
  return list;
}

}  // namespace tfpersist::conform
