#include "reference/testee/case.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"
#include "reference/testee/tensor_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

constexpr char kSkipPayload[] = "tfpersist/testee/skip";

constexpr const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

Json ErrorJson(const absl::Status& status) {
  const std::string message(status.message());
  Json error = {{"code", absl::StatusCodeToString(status.code())}, {"message", message}};
  std::string node = NodeOf(status);
  const std::string mark = "{{node ";
  if (const size_t at = message.find(mark); node.empty() && at != std::string::npos) {
    const size_t begin = at + mark.size(), end = message.find("}}", begin);
    if (end != std::string::npos) node = message.substr(begin, end - begin);
  }
  error["node"] = node.empty() ? Json() : Json(node);
  if (const std::string hint = HintOf(status); !hint.empty()) error["hint"] = hint;
  return error;
}

}  // namespace

absl::Status SkipStatus(absl::string_view handle) {
  absl::Status status = absl::CancelledError(absl::StrCat("no handle ", handle));
  status.SetPayload(kSkipPayload, absl::Cord(""));
  return status;
}

bool IsSkip(const absl::Status& status) { return status.GetPayload(kSkipPayload).has_value(); }

Case::Case() { PushGraph(NewGraph()); }

Case::~Case() = default;

Graph& Case::NewGraph() {
  GraphOptions options;
  options.logger = this;
  return *graphs_.emplace_back(std::make_unique<Graph>(options));
}

std::function<double()> Case::Clock() {
  return [offset = clock_offset_] { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) + *offset; };
}

std::function<std::string()> Case::NewFile() {
  return [this] { return absl::StrCat("value_", ++files_, ".npy"); };
}

void Case::Log(LogLevel level, absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "INFO:tensorflow:")) absl::ConsumePrefix(&text, "WARNING:tensorflow:");
  log_.push_back({{"level", LevelName(level)}, {"text", std::string(text)}});
}

Json Case::Run(const Json& one_case) { return RunSteps(Args(one_case).Get("steps")); }

Json Case::RunSteps(const Json& steps) {
  Json answers = Json::array();
  if (!steps.is_array()) return answers;
  for (const Json& step : steps) answers.push_back(RunStep(step));
  return answers;
}

void Case::RunBlock(const Args& args) {
  Json answers = RunSteps(args.Get("steps"));
  block_ = std::move(answers);
}

Json Case::RunStep(const Json& step) {
  const Args args(step);
  Json outer_log = std::exchange(log_, Json::array());
  Json outer_block = std::exchange(block_, Json());
  const Graph* graph = &this->graph();

  const std::string name = args.String("do", "").value_or("");
  const Verb* verb = FindVerb(name);
  absl::StatusOr<Json> value =
      verb == nullptr ? absl::StatusOr<Json>(BadArgument("do", "a verb", args.Get("do"))) : verb->function(*this, args);
  // Short forms leave their errors in the graph.
  if (absl::Status recorded = const_cast<Graph*>(graph)->TakeStatus(); value.ok() && !recorded.ok()) value = recorded;

  Json answer = Json::object();
  if (value.ok()) {
    answer["ok"] = true;
    answer["value"] = *std::move(value);
  } else if (IsSkip(value.status())) {
    answer["skipped"] = std::string(value.status().message());
  } else {
    answer["error"] = ErrorJson(value.status());
  }
  if (!value.ok()) {
    const Json& as = args.Get("as");
    for (const Json& handle : as.is_array() ? as : Json::array({as})) {
      if (!handle.is_string()) continue;
      handles_.erase(handle.get<std::string>());
      missing_.insert(handle.get<std::string>());
    }
  }
  if (!block_.is_null()) answer["steps"] = std::move(block_);
  answer["log"] = std::move(log_);
  block_ = std::move(outer_block);
  log_ = std::move(outer_log);
  return answer;
}

void Case::BindOne(const std::string& name, Handle handle) {
  missing_.erase(name);
  handles_.insert_or_assign(name, std::move(handle));
}

void Case::Bind(const Args& args, Handle handle) {
  const Json& as = args.Get("as");
  ItemList items;
  if (const auto* list = std::get_if<ItemList>(&handle)) {
    items = *list;
  } else if (const auto* partitioned = std::get_if<PartitionedVariable>(&handle)) {
    items.assign(partitioned->parts.begin(), partitioned->parts.end());
  }
  const auto handle_of = [](const Item& item) { return std::visit([](const auto& x) { return Handle(x); }, item); };
  if (as.is_array()) {
    for (size_t i = 0; i < as.size() && i < items.size(); ++i) {
      if (as[i].is_string()) BindOne(as[i].get<std::string>(), handle_of(items[i]));
    }
  } else if (as.is_string()) {
    const std::string name = as.get<std::string>();
    for (size_t i = 0; i < items.size(); ++i) BindOne(absl::StrCat(name, "[", i, "]"), handle_of(items[i]));
    BindOne(name, std::move(handle));
  }
}

absl::StatusOr<const Handle*> Case::Find(const Json& json) const {
  if (!json.is_string()) return nullptr;
  const std::string& name = json.get_ref<const std::string&>();
  if (auto it = handles_.find(name); it != handles_.end()) return &it->second;
  if (missing_.count(name) > 0) return SkipStatus(name);
  return nullptr;
}

absl::StatusOr<Output> Case::Input(const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, Find(json));
  if (json.is_object()) {
    TFP_ASSIGN_OR_RETURN(const Tensor value, TensorFromJson(json, where));
    return AddConstant(graph(), value, "Const");
  }
  if (handle == nullptr) {
    TFP_ASSIGN_OR_RETURN(const std::string name, AsString(json, where));
    if (absl::StrContains(name, ':')) return graph().FindTensor(name);
    TFP_ASSIGN_OR_RETURN(Node * node, graph().FindOperation(name));
    return node->output(0);
  }
  if (const Output* output = std::get_if<Output>(handle)) return *output;
  if (const Variable* variable = std::get_if<Variable>(handle)) return variable->ValueForOp();
  if (Node* const* node = std::get_if<Node*>(handle); node != nullptr && (*node)->num_outputs() > 0) {
    return (*node)->output(0);
  }
  return BadArgument(where, "a tensor", json);
}

absl::StatusOr<Case::Element> Case::GraphElement(Graph& graph, const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, Find(json));
  if (handle == nullptr) {
    TFP_ASSIGN_OR_RETURN(const std::string name, AsString(json, where));
    if (!absl::StrContains(name, ':')) {
      TFP_ASSIGN_OR_RETURN(Node * node, graph.FindOperation(name));
      return node;
    }
    TFP_ASSIGN_OR_RETURN(const Output output, graph.FindTensor(name));
    return output;
  }
  if (const Output* output = std::get_if<Output>(handle)) return *output;
  if (Node* const* node = std::get_if<Node*>(handle)) return *node;
  if (const Variable* variable = std::get_if<Variable>(handle)) return variable->graph_element();
  return BadArgument(where, "a tensor or an operation", json);
}

absl::StatusOr<Node*> Case::Operation(const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, Find(json));
  if (handle == nullptr) {
    TFP_ASSIGN_OR_RETURN(const std::string name, AsString(json, where));
    if (!absl::StrContains(name, ':')) return graph().FindOperation(name);
    TFP_ASSIGN_OR_RETURN(const Output output, graph().FindTensor(name));
    return output.node;
  }
  if (const Output* output = std::get_if<Output>(handle)) return output->node;
  if (Node* const* node = std::get_if<Node*>(handle)) return *node;
  if (const Variable* variable = std::get_if<Variable>(handle)) return variable->op();
  return BadArgument(where, "an operation", json);
}

absl::StatusOr<Variable> Case::VariableOf(const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, Find(json));
  if (handle != nullptr) {
    if (const Variable* variable = std::get_if<Variable>(handle)) return *variable;
  }
  return BadArgument(where, "a variable", json);
}

absl::StatusOr<std::map<std::string, Output>> Case::InputMap(const Args& args) {
  std::map<std::string, Output> map;
  const Json& given = args.Get("input_map");
  if (!given.is_null() && !given.is_object()) return BadArgument("input_map", "an object", given);
  for (const auto& [name, value] : given.items()) {
    if (name.empty() || name[0] != '^') {
      TFP_ASSIGN_OR_RETURN(map[name], Input(value, "input_map"));
    } else {
      TFP_ASSIGN_OR_RETURN(map[name].node, Operation(value, "input_map"));
    }
  }
  return map;
}

absl::StatusOr<std::shared_ptr<tensorflow::GraphDef>> Case::GraphDefOf(const Args& args, const char* key) {
  if (!args.Has(key)) return std::make_shared<tensorflow::GraphDef>(graph().ToGraphDef());
  return Get<std::shared_ptr<tensorflow::GraphDef>>(args, key, "a GraphDef");
}

}  // namespace tfpersist::testee
