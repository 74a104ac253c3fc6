// OpenCV's DNN module as a testee: cases that build a graph of operations or read a frozen one, feed float32 tensors
// and fetch. What it has no notion of (sessions with state, checkpoints, scalars and vectors, other dtypes) is
// unsupported.
//
// OpenCV has one order for images, NCHW, whatever the graph says: where the graph has an operation on images, tensors
// of rank 4 are turned on the way in and on the way out, as everyone who runs such a model with OpenCV does.
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <map>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "conformance/runner/files.h"
#include "conformance/testees/opencv/graph_def.h"

namespace tfpersist::conform {
namespace {

// What its importer has a reading for (modules/dnn/src/tensorflow/tf_importer.cpp and the layers it makes by their own
// name).
constexpr const char* kOps[] = {"Abs",
                                "Add",
                                "AddV2",
                                "ArgMax",
                                "ArgMin",
                                "AvgPool",
                                "AvgPool3D",
                                "BatchToSpaceND",
                                "BiasAdd",
                                "BatchMatMul",
                                "Ceil",
                                "Concat",
                                "ConcatV2",
                                "Const",
                                "Conv2D",
                                "Conv2DBackpropInput",
                                "Conv3D",
                                "Cos",
                                "CropAndResize",
                                "DepthwiseConv2dNative",
                                "Elu",
                                "Exp",
                                "ExpandDims",
                                "Floor",
                                "FusedBatchNorm",
                                "FusedBatchNormV3",
                                "Identity",
                                "LRN",
                                "LeakyRelu",
                                "Log",
                                "MatMul",
                                "Max",
                                "MaxPool",
                                "MaxPool3D",
                                "Maximum",
                                "Mean",
                                "Min",
                                "Minimum",
                                "MirrorPad",
                                "Mul",
                                "Pack",
                                "Pad",
                                "Placeholder",
                                "PlaceholderWithDefault",
                                "RealDiv",
                                "Relu",
                                "Relu6",
                                "Reshape",
                                "ResizeBilinear",
                                "ResizeNearestNeighbor",
                                "Round",
                                "Selu",
                                "Sigmoid",
                                "Sign",
                                "Sin",
                                "Slice",
                                "Softmax",
                                "Softplus",
                                "Softsign",
                                "SpaceToBatchND",
                                "SpaceToDepth",
                                "Split",
                                "Sqrt",
                                "Square",
                                "SquaredDifference",
                                "Squeeze",
                                "StopGradient",
                                "StridedSlice",
                                "Sub",
                                "Sum",
                                "Tan",
                                "Tanh",
                                "Tile",
                                "Transpose"};

// Operations that make OpenCV take rank 4 for images in NCHW.
const std::set<std::string>& OnImages() {
  static const auto* const ops = new std::set<std::string>{"AvgPool",
                                                           "BatchToSpaceND",
                                                           "Conv2D",
                                                           "Conv2DBackpropInput",
                                                           "CropAndResize",
                                                           "DepthwiseConv2dNative",
                                                           "FusedBatchNorm",
                                                           "FusedBatchNormV3",
                                                           "LRN",
                                                           "MaxPool",
                                                           "ResizeBilinear",
                                                           "ResizeNearestNeighbor",
                                                           "SpaceToBatchND",
                                                           "SpaceToDepth"};
  return *ops;
}

// What a case needs that OpenCV has no notion of. Not an error: the case is unsupported.
struct Unsupported {
  std::string why;
};

std::string UniqueName(const std::vector<GraphNode>& nodes, const std::string& wished) {
  for (int i = 0;; ++i) {
    const std::string name = i == 0 ? wished : absl::StrCat(wished, "_", i);
    bool used = false;
    for (const GraphNode& node : nodes) used = used || node.name == name;
    if (!used) return name;
  }
}

cv::Mat Turned(const cv::Mat& from, std::vector<int> order) {
  cv::Mat to;
  cv::transposeND(from, order, to);
  return to;
}

class Case {
 public:
  Json Run(const Json& steps) {
    Json answers = Json::array();
    for (const Json& step : steps) answers.push_back(Answer(step));
    return answers;
  }

 private:
  Json Answer(const Json& step) {
    missing_.clear();
    absl::StatusOr<Json> value = Json();
    try {
      value = Do(step);
    } catch (const cv::Exception& e) {
      value = absl::Status(e.code == cv::Error::StsNotImplemented ? absl::StatusCode::kUnimplemented
                                                                  : absl::StatusCode::kInvalidArgument,
                           e.err);
    }
    if (!missing_.empty()) return {{"skipped", "no handle " + missing_}};
    if (value.ok()) return {{"ok", true}, {"value", *value}, {"log", Json::array()}};
    static const std::map<absl::StatusCode, const char*> kCodes = {
        {absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT"},
        {absl::StatusCode::kNotFound, "NOT_FOUND"},
        {absl::StatusCode::kUnimplemented, "UNIMPLEMENTED"}};
    const auto code = kCodes.find(value.status().code());
    return {{"error",
             {{"code", code == kCodes.end() ? "UNKNOWN" : code->second},
              {"message", std::string(value.status().message())},
              {"node", nullptr}}},
            {"log", Json::array()}};
  }

  // The name that NodeDef uses for a handle or a name: "x" or "x:1".
  bool Resolve(std::string text, std::string* name) {
    if (const auto known = names_.find(text); known != names_.end()) return *name = known->second, true;
    if (absl::EndsWith(text, ":0")) text.resize(text.size() - 2);
    for (const GraphNode& node : nodes_) {
      if (node.name == NodeOf(text)) return *name = text, true;
    }
    missing_ = text;
    return false;
  }

  absl::StatusOr<Json> Add(const Json& step, const std::string& op, std::vector<std::string> inputs, Json attrs) {
    const std::string name = UniqueName(nodes_, StringOr(step, "name", op));
    absl::StatusOr<GraphNode> node = MakeNode(name, op, std::move(inputs), attrs);
    if (!node.ok()) throw Unsupported{std::string(node.status().message())};
    nodes_.push_back(*std::move(node));
    if (step.contains("as")) names_[StringOr(step, "as")] = name;
    return Json(name + ":0");
  }

  absl::StatusOr<Json> Op(const Json& step) {
    std::vector<std::string> inputs;
    for (const Json& input : step.value("inputs", Json::array())) {
      for (const Json& item : input.is_array() ? input : Json::array({input})) {
        std::string name;
        if (!Resolve(item.get<std::string>(), &name)) return Json();
        inputs.push_back(name);
      }
    }
    return Add(step, StringOr(step, "op"), inputs, step.value("attrs", Json::object()));
  }

  absl::StatusOr<Json> Run1(const Json& step) {
    Json values = Json::array();
    std::map<std::string, cv::Mat> feeds;
    const Json given = step.value("feeds", Json::object());
    for (const auto& [key, literal] : given.items()) {
      std::string name;
      if (!Resolve(key, &name)) return Json();
      const absl::StatusOr<DecodedTensor> tensor = DecodeTensor(literal, ".");
      if (!tensor.ok()) return tensor.status();
      feeds[name] = ToMat(*tensor);
    }
    for (const Json& fetch : step["fetches"]) {
      std::string name;
      if (!Resolve(fetch.get<std::string>(), &name)) return Json();
      absl::StatusOr<Json> value = Fetch(name, feeds);
      if (!value.ok()) return value.status();
      values.push_back(*value);
    }
    return values;
  }

  static cv::Mat ToMat(const DecodedTensor& tensor) {
    if (tensor.dtype != "float32") throw Unsupported{absl::StrCat("a feed of ", tensor.dtype)};
    if (tensor.shape.size() < 2) throw Unsupported{absl::StrCat("a feed of rank ", tensor.shape.size())};
    std::vector<int> sizes;
    for (int64_t size : tensor.shape) sizes.push_back(static_cast<int>(size));
    if (tensor.elements() == 0) throw Unsupported{"an empty tensor"};
    cv::Mat mat(sizes, CV_32F);
    for (int64_t i = 0; i < tensor.elements(); ++i) {
      const auto bits = static_cast<uint32_t>(tensor.bits[tensor.repeats ? 0 : i]);
      std::memcpy(mat.ptr<float>() + i, &bits, sizeof bits);
    }
    return mat;
  }

  absl::StatusOr<Json> Fetch(const std::string& name, const std::map<std::string, cv::Mat>& feeds) {
    std::vector<const GraphNode*> kept;
    const absl::StatusOr<std::string> graph = Subgraph(nodes_, name, &kept);
    if (!graph.ok()) return graph.status();
    bool images = false;
    for (const GraphNode* node : kept) images = images || OnImages().count(node->op) != 0;
    if (feeds.count(name) != 0) throw Unsupported{"what is fed is fetched"};
    cv::dnn::Net net = cv::dnn::readNetFromTensorflow(graph->data(), graph->size());
    if (net.empty()) return absl::InvalidArgumentError("OpenCV made no network of it");
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    for (const GraphNode* node : kept) {
      const auto fed = feeds.find(node->name);
      if (fed == feeds.end()) continue;
      if (node->op != "Placeholder" && node->op != "PlaceholderWithDefault") {
        throw Unsupported{absl::StrCat("a feed of ", node->op)};
      }
      net.setInput(images && fed->second.dims == 4 ? Turned(fed->second, {0, 3, 1, 2}) : fed->second, node->name);
    }
    // The importer folds Identity into its input and patterns of nodes into one layer under another name; the graph is
    // cut to what the fetch needs, so that its one open end is the fetch.
    const std::vector<std::string> ends = net.getUnconnectedOutLayersNames();
    std::vector<cv::Mat> outputs;
    net.forward(outputs, net.getLayerId(NodeOf(name)) < 0 && ends.size() == 1 ? ends[0] : NodeOf(name));
    int index = 0;
    if (const size_t at = name.find(':'); at != std::string::npos && !absl::SimpleAtoi(name.substr(at + 1), &index)) {
      return absl::InvalidArgumentError(absl::StrCat(name, " names no tensor"));
    }
    if (index < 0 || index >= static_cast<int>(outputs.size())) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": OpenCV's layer has ", outputs.size(), " outputs"));
    }
    cv::Mat value = outputs[index].isContinuous() ? outputs[index] : outputs[index].clone();
    if (images && value.dims == 4) value = Turned(value, {0, 2, 3, 1});
    if (value.depth() != CV_32F) return absl::InternalError("the output is not float32");
    Json shape = Json::array(), texts = Json::array();
    for (int d = 0; d < value.dims; ++d) shape.push_back(value.size[d]);
    for (size_t i = 0; i < value.total(); ++i) {
      const float f = value.ptr<float>()[i];
      texts.push_back(f != f ? "nan" : f - f != 0 ? (f > 0 ? "inf" : "-inf") : absl::StrFormat("%a", f));
    }
    return Json{{"dtype", "float32"}, {"shape", shape}, {"values", texts}};
  }

  absl::StatusOr<Json> Do(const Json& step) {
    const std::string verb = StringOr(step, "do");
    if (verb == "op") return Op(step);
    if (verb == "run") return Run1(step);
    if (verb == "session") {
      if (step.contains("as")) names_[StringOr(step, "as")] = "";
      return Json();
    }
    if (verb == "constant") {
      return Add(step, "Const", {},
                 {{"dtype", {{"type", StringOr(step["value"], "dtype")}}}, {"value", {{"tensor", step["value"]}}}});
    }
    if (verb == "placeholder") {
      Json attrs = {{"dtype", {{"type", StringOr(step, "dtype")}}}};
      if (step.contains("shape")) attrs["shape"] = {{"shape", step["shape"]}};
      return Add(step, "Placeholder", {}, attrs);
    }
    if (verb == "identity") {
      std::string x;
      if (!Resolve(StringOr(step, "x"), &x)) return Json();
      return Add(step, "Identity", {x}, Json::object());
    }
    if (verb == "graph") {
      nodes_.clear();
      names_.clear();
      return Json();
    }
    if (verb == "read_graph_def") {
      absl::StatusOr<std::string> bytes = ReadFile(StringOr(step, "file"));
      if (!bytes.ok()) return bytes.status();
      absl::StatusOr<std::vector<GraphNode>> nodes = ReadGraphDef(*bytes);
      if (!nodes.ok()) return nodes.status();
      files_[StringOr(step, "as")] = *std::move(nodes);
      return Json();
    }
    // import_graph_def into an empty graph, under no name: the network is the file.
    const auto file = files_.find(StringOr(step, "graph_def"));
    if (file == files_.end()) return missing_ = StringOr(step, "graph_def"), Json();
    nodes_ = file->second;
    return Json();
  }

  std::vector<GraphNode> nodes_;
  std::map<std::string, std::string> names_;  // handles
  std::map<std::string, std::vector<GraphNode>> files_;
  std::string missing_;
};

// Why a case can't be held against OpenCV although every verb is there, or empty.
std::string WhyNot(const Json& steps) {
  for (const Json& step : steps) {
    const std::string verb = StringOr(step, "do");
    if (step.contains("steps")) return "a graph that is built in a block";
    if (step.contains("control_inputs")) return "control inputs";
    if (verb == "read_graph_def" && step.value("as_text", false)) return "text graphs";
    if (verb == "read_graph_def") continue;
    if (verb == "import_graph_def" &&
        (StringOr(step, "name", "import") != "" || step.contains("input_map") || step.contains("return_elements"))) {
      return "import_graph_def with a name, an input map or return elements";
    }
    if (verb == "run") {
      for (const Json& fetch : step["fetches"]) {
        if (!fetch.is_string()) return "fetches that are no tensors";
      }
      if (step.value("feeds", Json::object()).empty()) return "a run without feeds";
    }
  }
  return "";
}

Json Hello() {
  return {
      {"protocol", 1},
      {"name", "opencv"},
      {"version", cv::getVersionString()},
      {"behaves_as", "1.11.0"},
      {"verbs",
       {"op", "constant", "placeholder", "identity", "graph", "import_graph_def", "read_graph_def", "session", "run"}},
      {"dtypes", {"float32", "int32", "int64"}},  // the integers as constants: axes, shapes
      {"ops", kOps},
      {"devices", {"cpu"}},
      {"features", Json::array()}};
}

int Main() {
  // Answers keep the real standard output for themselves.
  const int out_fd = dup(STDOUT_FILENO);
  if (out_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  FILE* out = fdopen(out_fd, "w");
  cv::setNumThreads(2);
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line, nullptr, false);
    const std::string what = StringOr(request, "do");
    if (what == "bye") break;
    Json answer;
    if (what == "hello") {
      answer = Hello();
    } else {
      answer["seq"] = request["seq"];
      const Json& steps = request["case"]["steps"];
      if (chdir(StringOr(request, "folder").c_str()) != 0) {
        answer["unsupported"] = "cannot change to the folder";
      } else if (const std::string why = WhyNot(steps); !why.empty()) {
        answer["unsupported"] = why;
      } else {
        try {
          answer["steps"] = Case().Run(steps);
        } catch (const Unsupported& u) {
          answer["unsupported"] = u.why;
        }
      }
    }
    const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tfpersist::conform

int main() { return tfpersist::conform::Main(); }
