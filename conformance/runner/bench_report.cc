#include "conformance/runner/bench_report.h"

#include <algorithm>
#include <climits>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "conformance/runner/bench_rows.h"
#include "conformance/runner/templates.h"

namespace tfpersist::conform {
namespace {

using Data = PlotData;

Data NewList() { return Data(Data::type::list); }

constexpr const char* kOurs = kOurImplementation;

// The member, which stays where it is; an empty one where there is none.
const Json& Member(const Json& object, const char* key) {
  static const auto* none = new Json;
  const auto found = object.find(key);
  return found != object.end() ? *found : *none;
}

class Page {
 public:
  explicit Page(const std::vector<Json>& results) : results_(results) {
    for (size_t i = 0; i < results.size(); ++i) {
      for (const Json& json : Member(results[i], "rows")) {
        BenchRow row = ParseBenchRow(json, i);
        if (row.median > 0) rows_.push_back(std::move(row));
      }
    }
    // Batches and threads from few to many, whatever ran first.
    std::vector<std::string> order;
    for (const BenchRow& row : rows_) {
      if (std::find(order.begin(), order.end(), row.workload) == order.end()) order.push_back(row.workload);
    }
    const auto key = [&](const BenchRow& row) {
      return std::tuple(row.source, std::find(order.begin(), order.end(), row.workload), row.device,
                        row.variant.empty(), row.dtype != "float32", row.dtype != "float16", row.batch, row.threads);
    };
    std::stable_sort(rows_.begin(), rows_.end(), [&](const BenchRow& a, const BenchRow& b) { return key(a) < key(b); });
    StyleOf(kOurs);
    for (const BenchRow& row : rows_) {
      if (absl::StartsWith(row.name, "tensorflow")) StyleOf(row.name);
    }
    for (const BenchRow& row : rows_) {
      if (row.IsModel()) StyleOf(row.name);
    }
    for (const BenchRow& row : rows_) {
      fused_ |= row.variant == "fused";
      if (row.IsModel() && std::find(models_.begin(), models_.end(), row.workload) == models_.end()) {
        models_.push_back(row.workload);
      }
    }
    // In the order in which people know them; others after these.
    std::stable_sort(models_.begin(), models_.end(),
                     [](const std::string& a, const std::string& b) { return Rank(a) < Rank(b); });
  }

  Data Render() {
    Data page, sections = NewList();
    sections_ = &sections;
    Against();
    SideBySide();
    Batches();
    Throughput();
    FirstAndWarm();
    Memory();
    OpTimes();
    page.set("sections", sections);
    Machines(page);
    Marks(page);
    Tables(page);
    Data contents = NewList();
    Entry(contents, "machines", "Machines");
    if (has_marks_) Entry(contents, "marks", "Marks");
    for (const auto& [anchor, title] : titles_) Entry(contents, anchor, title);
    Entry(contents, "tables", "Every measurement");
    page.set("contents", contents);
    return page;
  }

 private:
  static int Rank(const std::string& workload) {
    static const char* const kOrder[] = {"resnet50", "mobilenet_v1", "mobilenet_v2", "bert_mini", "bert_base", "mlp"};
    for (int i = 0; i < 6; ++i) {
      if (workload == absl::StrCat("models/", kOrder[i])) return i;
    }
    return 6;
  }

  static void Entry(Data& list, const std::string& anchor, const std::string& title) {
    Data one;
    one.set("anchor", anchor);
    one.set("title", title);
    list.push_back(one);
  }

  // An implementation has one sign on the whole page.
  int StyleOf(const std::string& name) {
    const auto found = std::find(styles_.begin(), styles_.end(), name);
    if (found != styles_.end()) return static_cast<int>(found - styles_.begin());
    styles_.push_back(name);
    return static_cast<int>(styles_.size()) - 1;
  }

  std::string Draw1(const Data& plot) const { return kainjow::mustache::mustache(kTemplatePlot).render(plot); }

  // A section, unless it has no plots. `styles`: with their names for the legend.
  void Section(const std::string& anchor, const std::string& title, const std::string& about,
               const std::vector<std::pair<int, std::string>>& styles, const std::vector<std::string>& plots,
               bool lines = false) {
    if (plots.empty()) return;
    Data one, list = NewList();
    for (const std::string& plot : plots) list.push_back(plot);
    one.set("anchor", anchor);
    one.set("title", title);
    one.set("about", about);
    one.set("has_legend", !styles.empty());
    one.set("legend", Legend(styles, lines));
    one.set("plots", list);
    sections_->push_back(one);
    titles_.emplace_back(anchor, title);
  }

  std::vector<std::pair<int, std::string>> LegendOf(const std::set<int>& used) const {
    std::vector<std::pair<int, std::string>> legend;
    for (const int style : used) legend.emplace_back(style, styles_[static_cast<size_t>(style)]);
    return legend;
  }

  // What a row of a plot is called: where and how it ran.
  std::string Where(const BenchRow& row, bool batch) const {
    std::string text = row.gpu() ? absl::StrCat("GPU ", row.dtype) : row.threads > 0 ? ThreadsText(row.threads) : "CPU";
    if (row.gpu() && fused_ && row.variant.empty() && row.IsModel() && HasFused(row)) text += ", apart";
    if (batch && row.batch > 0) text = absl::StrCat("batch ", row.batch, ", ", text);
    return text;
  }
  bool HasFused(const BenchRow& row) const {
    return std::any_of(rows_.begin(), rows_.end(), [&](const BenchRow& r) {
      return r.variant == "fused" && r.workload == row.workload && r.batch == row.batch && r.dtype == row.dtype;
    });
  }

  static void AddMark(RowPlot& plot, const std::string& row, PlotMark mark) {
    auto found = std::find(plot.rows.begin(), plot.rows.end(), row);
    if (found == plot.rows.end()) found = plot.rows.insert(plot.rows.end(), row);
    mark.y = static_cast<double>(found - plot.rows.begin());
    plot.marks.push_back(std::move(mark));
  }

  static PlotMark MarkOf(const BenchRow& row, double factor, int style, const std::string& unit) {
    return {.x = row.median * factor,
            .low = row.min * factor,
            .high = row.max * factor,
            .style = style,
            .text = absl::StrCat(row.name, " ", ValueText(row.median * factor, unit), " (",
                                 ValueText(row.min * factor, unit), " to ", ValueText(row.max * factor, unit), ")")};
  }

  void Against() {
    std::set<int> used;
    std::vector<std::string> plots;
    std::vector<std::pair<std::string, bool>> groups;  // workload or family, on a GPU
    for (const std::string& model : models_) groups.emplace_back(model, false);
    for (const std::string& model : models_) groups.emplace_back(model, true);
    groups.insert(groups.begin(), {"session", false});
    groups.emplace_back("checkpoint", false);
    groups.emplace_back("checkpoint", true);
    for (const auto& [group, gpu] : groups) {
      RowPlot plot{.title = absl::StrCat(group == "session"      ? "The document's graph, per run"
                                         : group == "checkpoint" ? "Checkpoints"
                                                                 : WorkloadName(group),
                                         gpu ? " on a GPU" : ""),
                   .axis = "times ours, logarithmic",
                   .logarithmic = true,
                   .reference = 1};
      for (const BenchRow& row : rows_) {
        const bool family = row.workload.substr(0, row.workload.find('/')) == group;
        if ((row.workload != group && !family) || row.gpu() != gpu || !row.part.empty() ||
            !row.json->contains("times_ours"))
          continue;
        const Json& ratio = (*row.json)["times_ours"];
        const int style = StyleOf(row.name);
        used.insert(style);
        const double median = ratio.value("median", 0.0), low = ratio.value("min", median),
                     high = ratio.value("max", median);
        std::string where = Where(row, true);
        if (family && group == "checkpoint") {
          where = WorkloadName(row.workload);
          if (row.threads > 0) absl::StrAppend(&where, ", ", ThreadsText(row.threads));
        }
        AddMark(plot, where,
                {.x = median,
                 .low = low,
                 .high = high,
                 .style = style,
                 .text = absl::StrFormat("%s takes %.2f times ours (%.2f to %.2f)", row.name, median, low, high)});
      }
      if (!plot.marks.empty()) plots.push_back(Draw1(Draw(plot)));
    }
    Section("against", "Ours against each competitor",
            "How many times ours each one takes: right of the line ours is faster. Whiskers are the extremes of the "
            "rounds' ratios (on a GPU, of the medians and extremes of both).",
            LegendOf(used), plots);
  }

  void SideBySide() {
    std::set<int> used;
    std::vector<std::string> plots;
    std::vector<std::string> workloads = models_;
    workloads.insert(workloads.begin(), "session/add");
    for (const std::string& workload : workloads) {
      bool cpu = false, gpu = false;
      RowPlot plot{.title = absl::StrCat(WorkloadName(workload), workload == "session/add" ? "" : ", batch 1"),
                   .axis = workload == "session/add" ? "µs per run, logarithmic" : "ms per run, logarithmic",
                   .logarithmic = true};
      for (const bool on_gpu : {false, true}) {
        for (const BenchRow& row : rows_) {
          if (row.workload != workload || !row.part.empty() || row.batch > 1 || row.gpu() != on_gpu) continue;
          (on_gpu ? gpu : cpu) = true;
          const int style = StyleOf(row.name);
          used.insert(style);
          const bool us = workload == "session/add";
          AddMark(plot, on_gpu ? Where(row, false) : absl::StrCat("CPU, ", Where(row, false)),
                  MarkOf(row, MillisecondsIn(row.unit) * (us ? 1e3 : 1), style, us ? "µs" : "ms"));
        }
      }
      if (cpu && gpu) plots.push_back(Draw1(Draw(plot)));
    }
    Section("devices", "CPU and GPU side by side",
            "The same workloads on the machines above, from host memory to host memory. \"apart\": convolution, bias "
            "and activation are nodes of their own in the graph.",
            LegendOf(used), plots);
  }

  void Batches() {
    std::vector<std::pair<int, std::string>> legend;
    std::vector<std::string> plots;
    for (const std::string& model : models_) {
      std::map<std::string, std::map<int, const BenchRow*>> lines;
      for (const BenchRow& row : rows_) {
        if (row.workload != model || !row.part.empty() || row.name != kOurs || row.batch == 0) continue;
        if (row.gpu() && row.variant.empty() && HasFused(row)) continue;
        if (!row.gpu() && row.threads != MostThreads(model)) continue;
        lines[row.gpu() ? absl::StrCat("GPU ", row.dtype)
                        : absl::StrCat("CPU ", row.dtype, ", ", ThreadsText(row.threads))][row.batch] = &row;
      }
      LinePlot plot{.title = WorkloadName(model), .x_axis = "batch, logarithmic", .y_axis = "ms per run, logarithmic"};
      for (const auto& [name, points] : lines) {
        if (points.size() < 2) continue;
        auto found = std::find_if(legend.begin(), legend.end(), [&](const auto& l) { return l.second == name; });
        if (found == legend.end()) found = legend.insert(legend.end(), {static_cast<int>(legend.size()), name});
        LinePlot::Line line{.style = found->first, .name = name};
        for (const auto& [batch, row] : points) {
          PlotMark mark = MarkOf(*row, MillisecondsIn(row->unit), line.style, "ms");
          mark.y = mark.x;
          mark.x = batch;
          mark.text =
              absl::StrFormat("batch %d: %s, %.0f a second", batch, ValueText(mark.y, "ms"), batch / mark.y * 1e3);
          line.marks.push_back(std::move(mark));
        }
        plot.lines.push_back(std::move(line));
      }
      if (!plot.lines.empty()) plots.push_back(Draw1(Draw(plot)));
    }
    Section("batch", "Latency over the batch", "Ours, with the most threads that were measured.", legend, plots, true);
  }

  int LeastBatch(const std::string& workload) const {
    int least = INT_MAX;
    for (const BenchRow& row : rows_) {
      if (row.workload == workload && !row.gpu()) least = std::min(least, row.batch);
    }
    return least;
  }

  int MostThreads(const std::string& workload) const {
    int most = 0;
    for (const BenchRow& row : rows_) {
      if (row.workload == workload && !row.gpu()) most = std::max(most, row.threads);
    }
    return most;
  }

  void Throughput() {
    std::set<int> used;
    std::vector<std::string> plots;
    LinePlot sizes{.title = "Over the size of a tensor",
                   .x_axis = "bytes of a tensor, logarithmic",
                   .y_axis = "GB/s, logarithmic"};
    for (const bool gpu : {false, true}) {
      RowPlot plot{
          .title = gpu ? "1 GiB into a GPU's memory" : "1 GiB to and from files", .axis = "GB/s", .bars = true};
      for (const BenchRow& row : rows_) {
        if (row.gpu() != gpu || !row.json->contains("gb_per_s")) continue;
        const double rate = row.json->value("gb_per_s", 0.0);
        const int style = StyleOf(row.name);
        PlotMark mark{
            .x = rate, .low = rate * row.median / row.max, .high = rate * row.median / row.min, .style = style};
        mark.text = absl::StrFormat("%s %.2f GB/s (%.2f to %.2f)", row.name, rate, mark.low, mark.high);
        if (row.json->contains("tensor_bytes")) {
          mark.x = row.json->value("tensor_bytes", 0.0);
          mark.y = rate;
          const std::string name = absl::StrCat(row.name, row.threads > 0 ? ", " + ThreadsText(row.threads) : "");
          auto line =
              std::find_if(sizes.lines.begin(), sizes.lines.end(), [&](const auto& l) { return l.name == name; });
          if (line == sizes.lines.end())
            line = sizes.lines.insert(sizes.lines.end(), LinePlot::Line{.style = style, .name = name});
          line->marks.push_back(mark);
        } else {
          used.insert(style);
          std::string where = WorkloadName(row.workload);
          if (row.threads > 0) absl::StrAppend(&where, ", ", ThreadsText(row.threads));
          AddMark(plot, where, mark);
        }
      }
      if (!plot.marks.empty()) plots.push_back(Draw1(Draw(plot)));
    }
    for (auto& line : sizes.lines) {
      std::sort(line.marks.begin(), line.marks.end(), [](const PlotMark& a, const PlotMark& b) { return a.x < b.x; });
      used.insert(line.style);
    }
    if (!sizes.lines.empty()) plots.push_back(Draw1(Draw(sizes)));
    Section("throughput", "Restore and save throughput", "What the machine itself can do is named limit.",
            LegendOf(used), plots);
  }

  void FirstAndWarm() {
    std::vector<std::string> plots;
    const auto add = [&](RowPlot& plot, const std::string& where, const BenchRow& row, bool first) {
      PlotMark mark = MarkOf(row, MillisecondsIn(row.unit), first ? 1 : 0, "ms");
      mark.text = absl::StrCat(first ? "first: " : "warm: ", mark.text);
      AddMark(plot, where, std::move(mark));
    };
    for (const std::string& model : models_) {
      RowPlot plot{.title = WorkloadName(model), .axis = "ms, logarithmic", .logarithmic = true};
      for (const BenchRow& first : rows_) {
        if (first.workload != model || first.part != "first" || first.gpu() || first.threads != MostThreads(model) ||
            first.batch != LeastBatch(model))
          continue;
        for (const BenchRow& warm : rows_) {
          if (warm.task + "/first" != first.task || warm.name != first.name || warm.source != first.source) continue;
          add(plot, first.name, first, true);
          add(plot, first.name, warm, false);
        }
      }
      if (!plot.marks.empty()) plots.push_back(Draw1(Draw(plot)));
    }
    std::map<std::string, RowPlot> pairs;
    for (const BenchRow& first : rows_) {
      for (const char* ending : {"_first", "_cold"}) {
        if (!absl::StrContains(first.task, ending)) continue;
        const std::string without = absl::StrReplaceAll(first.task, {{ending, ""}});
        for (const BenchRow& warm : rows_) {
          const bool pair = warm.task == absl::StrReplaceAll(first.task, {{ending, "_warm"}}) || warm.task == without;
          if (!pair || warm.name != first.name || warm.source != first.source) continue;
          RowPlot& plot = pairs[without];
          plot.title = absl::StrReplaceAll(WorkloadName(first.workload), {{" first", ""}, {ending, ""}});
          if (first.threads > 0) absl::StrAppend(&plot.title, ", ", ThreadsText(first.threads));
          plot.axis = "ms, logarithmic";
          plot.logarithmic = true;
          add(plot, first.name, first, true);
          add(plot, first.name, warm, false);
        }
      }
    }
    for (const auto& [name, plot] : pairs) plots.push_back(Draw1(Draw(plot)));
    Section("cold", "Cold and warm",
            "What a new process waits for (a model: loading it and the first run), and what it waits for from then on.",
            {{1, "first, or from a cold disk"}, {0, "warm"}}, plots);
  }

  void Memory() {
    std::set<int> used;
    std::vector<std::string> plots;
    for (const std::string& model : models_) {
      RowPlot plot{.title = WorkloadName(model), .axis = "MiB, the process's peak", .bars = true};
      for (const BenchRow& row : rows_) {
        if (row.workload != model || row.part != "memory" || row.gpu() || row.threads != MostThreads(model)) continue;
        const int style = StyleOf(row.name);
        used.insert(style);
        AddMark(plot, row.batch > 0 ? absl::StrCat("batch ", row.batch) : "", MarkOf(row, 1, style, "MiB"));
      }
      if (!plot.marks.empty()) plots.push_back(Draw1(Draw(plot)));
    }
    Section("memory", "Peak memory", "The most that the whole process had (VmHWM): libraries, model and values.",
            LegendOf(used), plots);
  }

  void OpTimes() {
    std::vector<std::string> plots;
    for (const Json& result : results_) {
      for (const Json& model : Member(result, "op_times")) {
        constexpr size_t kMost = 9;
        const double total = model.value("total_ms", 0.0);
        RowPlot plot{
            .title = absl::StrFormat("%s, batch %d, %s: %.1f ms", WorkloadName("models/" + StringOr(model, "model")),
                                     model.value("batch", 1), ThreadsText(model.value("threads", 1)), total),
            .axis = "ms of a traced run",
            .bars = true};
        const auto add = [&](const std::string& op, double ms, int steps) {
          const double share = total > 0 ? 100 * ms / total : 0;
          AddMark(plot, op,
                  {.x = ms,
                   .low = ms,
                   .high = ms,
                   .text = absl::StrFormat("%s: %.3f ms in %d steps, %.0f %%", op, ms, steps, share),
                   .label = absl::StrFormat("%.3g ms, %.0f %%", ms, share)});
        };
        double rest = 0;
        int steps_of_rest = 0;
        for (const Json& op : Member(model, "ops")) {
          const double ms = op.value("ms", 0.0);
          const int steps = op.value("steps", 0);
          if (plot.rows.size() == kMost) {
            rest += ms;
            steps_of_rest += steps;
            continue;
          }
          add(StringOr(op, "op"), ms, steps);
        }
        if (steps_of_rest > 0) add("all others", rest, steps_of_rest);
        if (!plot.marks.empty()) plots.push_back(Draw1(Draw(plot)));
      }
    }
    Section("ops", "Where the time goes",
            "Ours, one warm run, by operation; an operation whose name begins with _Fused stands for several nodes. "
            "tfpersist run --trace FILE writes every step of a run for chrome://tracing.",
            {}, plots);
  }

  void Machines(Data& page) const {
    Data machines = NewList(), rows = NewList(), not_run = NewList();
    std::vector<std::string> keys;
    std::vector<std::map<std::string, std::string>> cards;
    const auto text = [](const Json& value) {
      return value.is_string() ? value.get<std::string>() : value.is_array() ? [&] {
      std::vector<std::string> parts;
      for (const Json& one : value) parts.push_back(one.is_string() ? one.get<std::string>() : Dump(one));
      return absl::StrJoin(parts, ", ");
    }() : value.is_number_float() ? absl::StrFormat("%.2f", value.get<double>()) : Dump(value);
    };
    for (size_t i = 0; i < results_.size(); ++i) {
      const Json& result = results_[i];
      Data one;
      one.set("name", MachineName(i));
      machines.push_back(one);
      cards.emplace_back();
      const auto put = [&](const std::string& key, const Json& value) {
        if (value.is_null() || value == "") return;
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
        cards.back()[key] = text(value);
      };
      for (const char* key : {"date", "rounds", "models_checked_against", "note"})
        put(absl::StrReplaceAll(key, {{"_", " "}}), result.value(key, Json()));
      for (const auto& [key, value] : Member(result, "machine").items())
        put(absl::StrReplaceAll(key, {{"_mib", " (MiB)"}, {"_gib", " (GiB)"}, {"_", " "}}), value);
      std::string versions;
      for (const auto& [key, value] : Member(result, "versions").items())
        absl::StrAppend(&versions, versions.empty() ? "" : ", ", key, " ", text(value));
      put("versions", versions);
      for (const Json& what : Member(result, "not_run")) {
        Data missing;
        missing.set("machine", MachineName(i));
        missing.set("what", text(what));
        not_run.push_back(missing);
      }
    }
    for (const std::string& key : keys) {
      Data row, cells = NewList();
      row.set("key", key);
      for (const auto& card : cards) cells.push_back(card.contains(key) ? card.at(key) : "");
      row.set("cells", cells);
      rows.push_back(row);
    }
    page.set("machines", machines);
    page.set("machine_rows", rows);
    page.set("not_run", not_run);
  }

  std::string MachineName(size_t i) const {
    const Json& machine = Member(results_[i], "machine");
    std::string name = StringOr(machine, "gpu");
    if (name.empty() && machine.contains("gpus")) name = machine["gpus"][0].get<std::string>();
    if (name.empty()) name = StringOr(machine, "cpu", "a machine");
    return results_.size() > 1 ? absl::StrCat(i + 1, ": ", name) : name;
  }

  static std::string Measured(const BenchRow& row) {
    for (const auto& [key, hundred] : {std::pair{"times_ours", false}, std::pair{"share_of_limit", true}}) {
      if (!row.json->contains(key)) continue;
      const Json& r = (*row.json)[key];
      const double factor = hundred ? 100 : 1;
      const double median = factor * r.value("median", 0.0), low = factor * r.value("min", 0.0),
                   high = factor * r.value("max", 0.0);
      return hundred ? absl::StrFormat("%.0f %% of the limit (%.0f to %.0f)", median, low, high)
                     : absl::StrFormat("%.2f times ours (%.2f to %.2f)", median, low, high);
    }
    return "";
  }

  void Marks(Data& page) {
    Data list = NewList();
    int count = 0, reached = 0;
    for (const BenchRow& row : rows_) {
      if (!row.json->contains("mark")) continue;
      Data one;
      const bool ok = row.json->value("reached", false);
      ++count;
      reached += ok;
      one.set("task", row.task);
      one.set("name", row.name == kOurs ? "" : row.name);
      one.set("mark", StringOr(*row.json, "mark"));
      const std::string measured = Measured(row);
      one.set("measured", measured.empty() ? ValueText(row.median, row.unit) : measured);
      one.set("ok", ok);
      list.push_back(one);
    }
    has_marks_ = count > 0;
    page.set("has_marks", has_marks_);
    page.set("marks", list);
    page.set("marks_count", std::to_string(count));
    page.set("reached", std::to_string(reached));
  }

  void Tables(Data& page) const {
    Data tables = NewList();
    std::vector<std::string> groups;
    std::map<std::string, std::vector<const BenchRow*>> by_group;
    for (const BenchRow& row : rows_) {
      const std::string group =
          absl::StrCat(row.IsModel() ? WorkloadName(row.workload) : row.workload.substr(0, row.workload.find('/')),
                       results_.size() > 1 ? absl::StrCat(" on machine ", row.source + 1) : "");
      if (by_group[group].empty()) groups.push_back(group);
      by_group[group].push_back(&row);
    }
    for (const std::string& group : groups) {
      Data table, rows = NewList();
      for (const BenchRow* row : by_group[group]) {
        Data line;
        line.set("task", row->task);
        line.set("name", row->name);
        line.set("median", ValueText(row->median, row->unit));
        line.set("spread", absl::StrCat(ValueText(row->min, row->unit), " to ", ValueText(row->max, row->unit)));
        std::string rate;
        if (row->json->contains("gb_per_s")) rate = absl::StrFormat("%.2f GB/s", row->json->value("gb_per_s", 0.0));
        if (row->json->contains("items_per_s"))
          rate = absl::StrFormat("%.4g a second", row->json->value("items_per_s", 0.0));
        line.set("rate", rate);
        line.set("ratio", Measured(*row));
        rows.push_back(line);
      }
      table.set("title", group);
      table.set("count", std::to_string(by_group[group].size()));
      table.set("open", groups.size() == 1);
      table.set("rows", rows);
      tables.push_back(table);
    }
    page.set("tables", tables);
  }

  const std::vector<Json>& results_;
  std::vector<BenchRow> rows_;
  std::vector<std::string> models_, styles_;
  std::vector<std::pair<std::string, std::string>> titles_;
  Data* sections_ = nullptr;
  bool fused_ = false, has_marks_ = false;
};

}  // namespace

PlotData BenchPage(const std::vector<Json>& results) { return Page(results).Render(); }

}  // namespace tfpersist::conform
