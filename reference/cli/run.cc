// tfpersist run: feeds in, fetches out.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/cli/command.h"
#include "reference/cli/model.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist::cli {
namespace {

using Json = nlohmann::json;

struct RunArguments {
  std::string model, checkpoint, device = "cpu", trace;
  std::vector<std::string> feeds, fetches, targets;
  int threads = 0, repeat = 1;
  bool json = false;
};

std::string WithIndex(std::string name) { return name.find(':') == name.npos ? name + ":0" : name; }

struct Fetch {
  std::string tensor, file;
};

// What chrome://tracing and Perfetto read: one complete event ("X") per step, in microseconds, a row per device.
std::string ChromeTrace(const std::vector<NodeStats>& steps) {
  Json events = Json::array();
  std::vector<std::string> devices;
  for (const NodeStats& step : steps) {
    size_t row = std::find(devices.begin(), devices.end(), step.device) - devices.begin();
    if (row == devices.size()) {
      devices.push_back(step.device);
      events.push_back(
          {{"name", "thread_name"}, {"ph", "M"}, {"pid", 0}, {"tid", row}, {"args", {{"name", step.device}}}});
    }
    Json arguments = {{"name", step.name}, {"output_bytes", step.output_bytes}};
    if (!step.nodes.empty()) arguments["nodes"] = step.nodes;
    if (step.one_by_one) arguments["one_by_one"] = true;
    events.push_back({{"name", step.op},
                      {"cat", "op"},
                      {"ph", "X"},
                      {"pid", 0},
                      {"tid", row},
                      {"ts", static_cast<double>(step.start_ns) / 1e3},
                      {"dur", static_cast<double>(step.end_ns - step.start_ns) / 1e3},
                      {"args", arguments}});
  }
  return Json{{"displayTimeUnit", "ms"}, {"traceEvents", events}}.dump(1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<int> Run(const RunArguments& arguments) {
  if (arguments.fetches.empty() && arguments.targets.empty()) {
    return absl::InvalidArgumentError("nothing to run: give --fetch TENSOR[=FILE.npy] or --target OPERATION");
  }
  std::string checkpoint = arguments.checkpoint;
  if (!checkpoint.empty()) {
    TFP_ASSIGN_OR_RETURN(checkpoint, PrefixOf(checkpoint));
  }
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, LoadModel({.path = arguments.model,
                                                                      .checkpoint = checkpoint,
                                                                      .threads = arguments.threads,
                                                                      .cuda = arguments.device == "cuda"}));
  std::vector<Session::Feed> feeds;
  for (const std::string& text : arguments.feeds) {
    TFP_ASSIGN_OR_RETURN(const auto pair, SplitPair(text, "--feed"));
    TFP_ASSIGN_OR_RETURN(const Output output, model->graph->FindTensor(WithIndex(pair.first)));
    TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(PosixFileSystem(), pair.second, INT64_MAX));
    const DataType wanted = BaseType(output.dtype());
    const bool as_bits =
        wanted == DT_BFLOAT16 || MaskHas(MaskOf(DT_QINT8, DT_QUINT8, DT_QINT16, DT_QUINT16, DT_QINT32), wanted);
    TFP_ASSIGN_OR_RETURN(Tensor value, ParseNpy(bytes, pair.second, as_bits ? wanted : DT_INVALID));
    if (value.dtype() != wanted) {
      return absl::InvalidArgumentError(absl::StrCat(pair.second, " holds ", DataTypePythonName(value.dtype()), "; ",
                                                     output.name(), " wants ", DataTypePythonName(wanted)));
    }
    feeds.emplace_back(output, std::move(value));
  }
  std::vector<Fetch> fetches;
  std::vector<Output> outputs;
  for (const std::string& text : arguments.fetches) {
    const size_t at = text.find('=');
    fetches.push_back({WithIndex(text.substr(0, at)), at == text.npos ? "" : text.substr(at + 1)});
    TFP_ASSIGN_OR_RETURN(outputs.emplace_back(), model->graph->FindTensor(fetches.back().tensor));
  }
  std::vector<Node*> targets;
  for (const std::string& name : arguments.targets) {
    TFP_ASSIGN_OR_RETURN(targets.emplace_back(), model->graph->FindOperation(name));
  }
  std::vector<double> milliseconds;
  std::vector<Tensor> values;
  RunMetadata metadata;
  for (int i = 0; i < std::max(1, arguments.repeat); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    TFP_ASSIGN_OR_RETURN(values, model->session->Run(feeds, outputs, targets, i == 0 ? &metadata : nullptr));
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  if (!arguments.trace.empty()) {
    RunMetadata traced;
    traced.trace = true;
    TFP_ASSIGN_OR_RETURN(values, model->session->Run(feeds, outputs, targets, &traced));
    TFP_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), arguments.trace, ChromeTrace(traced.steps)));
  }
  Json out = {{"model", arguments.model}, {"device", arguments.device}, {"fetches", Json::object()}};
  for (size_t i = 0; i < fetches.size(); ++i) {
    if (!fetches[i].file.empty()) {
      TFP_ASSIGN_OR_RETURN(const std::string bytes, ToNpy(values[i]));
      TFP_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), fetches[i].file, bytes));
    }
    Json one = {{"dtype", DataTypePythonName(values[i].dtype())}, {"shape", Json::array()}};
    for (int d = 0; d < values[i].shape().rank(); ++d) one["shape"].push_back(values[i].shape().dim(d));
    if (fetches[i].file.empty()) {
      one["value"] = FormatLikeNumpy(values[i]);
    } else {
      one["file"] = fetches[i].file;
    }
    out["fetches"][fetches[i].tensor] = one;
    if (!arguments.json && fetches[i].file.empty()) {
      std::printf("%s%s\n", fetches.size() > 1 ? absl::StrCat(fetches[i].tensor, " = ").c_str() : "",
                  FormatLikeNumpy(values[i]).c_str());
    }
  }
  const double first = milliseconds[0];
  std::sort(milliseconds.begin(), milliseconds.end());
  const double median = milliseconds[milliseconds.size() / 2], least = milliseconds[0], most = milliseconds.back();
  if (arguments.json) {
    out["runs"] = milliseconds.size();
    out["milliseconds"] = {{"first", first}, {"min", least}, {"median", median}, {"max", most}};
    out["peak_bytes"] = metadata.peak_bytes;
    out["host_fallbacks"] = metadata.host_fallbacks;
    std::printf("%s\n", out.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
  } else if (arguments.repeat > 1) {
    std::printf("%zu runs: first %.4f ms, min %.4f ms, median %.4f ms, max %.4f ms\n", milliseconds.size(), first,
                least, median, most);
  }
  return 0;
}

}  // namespace

void AddRun(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "run part of a model's graph");
  command->add_option("MODEL", arguments->model, "a .pb, .pbtxt, .meta or SavedModel folder")->required();
  command->add_option("--checkpoint", arguments->checkpoint, "restore this prefix first (or a folder: its latest)");
  command->add_option("--feed", arguments->feeds, "TENSOR=FILE.npy, as often as needed");
  command->add_option("--fetch", arguments->fetches, "TENSOR prints its value, TENSOR=FILE.npy writes it");
  command->add_option("--target", arguments->targets, "an operation to run");
  command->add_option("--device", arguments->device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  command->add_option("--threads", arguments->threads, "0: the machine's cores")->check(CLI::Range(0, 1024));
  command->add_option("--repeat", arguments->repeat, "run so often, and say how long it took")
      ->check(CLI::Range(1, 1 << 30));
  command->add_option("--trace", arguments->trace,
                      "run once more, and write where its time went: JSON for chrome://tracing or Perfetto");
  command->add_flag("--json", arguments->json, "for programs");
  command->footer("Example: tfpersist run combined_model.pb --fetch add:0");
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace tfpersist::cli
