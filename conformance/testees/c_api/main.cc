// A testee over any library that exports TensorFlow's C API:
//   capi-testee [--name NAME] LIBRARY…      in the order in which they load (../fetch_tensorflow prints them for a
//   wheel)
// It serves the verbs that need no Python: operations, sessions, import, files. The rest is unsupported.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"
#include "conformance/runner/patch.h"
#include "conformance/testees/c_api/tensors.h"

namespace tfpersist::conform {
namespace {

constexpr const char* kCodes[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// A handle: outputs of one operation or of several, an operation without any, a graph, a session, a serialized
// GraphDef.
struct Thing {
  std::vector<TF_Output> outputs;
  TF_Operation* operation = nullptr;
  bool is_list = false;
  TF_Graph* graph = nullptr;
  TF_Session* session = nullptr;
  std::string graph_def;
};

class Case {
 public:
  explicit Case(const Api& api)
      : api_(api), status_(api.TF_NewStatus()), graph_(api.TF_NewGraph()), graphs_({graph_}) {}
  ~Case() {
    for (TF_Session* session : sessions_) api_.TF_DeleteSession(session, status_);
    for (TF_Graph* graph : graphs_) api_.TF_DeleteGraph(graph);
    api_.TF_DeleteStatus(status_);
  }

  Json Run(const Json& steps) {
    Json answers = Json::array();
    for (const Json& step : steps) answers.push_back(Answer(step));
    return answers;
  }

 private:
  Json Answer(const Json& step) {
    missing_.clear();
    absl::StatusOr<Json> value = Do(step);
    if (!missing_.empty()) return {{"skipped", "no handle " + missing_}};
    if (value.ok()) return {{"ok", true}, {"value", *value}, {"log", Json::array()}};
    const std::string message(value.status().message());
    Json node;
    if (const size_t at = message.find("{{node "); at != std::string::npos) {
      node = message.substr(at + 7, message.find("}}", at) - at - 7);
    }
    const int code = static_cast<int>(value.status().code());
    return {{"error", {{"code", kCodes[code]}, {"message", message}, {"node", node}}}, {"log", Json::array()}};
  }

  absl::Status Check() {
    const int code = api_.TF_GetCode(status_);
    return code == 0 ? absl::OkStatus() : absl::Status(static_cast<absl::StatusCode>(code), api_.TF_Message(status_));
  }

  // ---- handles and names ----

  Thing* Find(const std::string& name) {
    auto found = things_.find(name);
    return found == things_.end() ? nullptr : &found->second;
  }

  // A handle, an element of one ("h[1]"), or a name in the graph ("add:0", "init").
  bool Resolve(const std::string& text, Thing* thing) {
    if (const Thing* known = Find(text)) return *thing = *known, true;
    int index = 0;
    if (const size_t at = text.find('['); at != std::string::npos && text.back() == ']' &&
                                          absl::SimpleAtoi(text.substr(at + 1, text.size() - at - 2), &index)) {
      const Thing* list = Find(text.substr(0, at));
      if (list != nullptr && index >= 0 && index < static_cast<int>(list->outputs.size())) {
        thing->outputs = {list->outputs[index]};
        thing->operation = list->outputs[index].oper;
        return true;
      }
    }
    const size_t colon = text.rfind(':');
    if (colon != std::string::npos && absl::SimpleAtoi(text.substr(colon + 1), &index)) {
      TF_Operation* op = api_.TF_GraphOperationByName(graph_, text.substr(0, colon).c_str());
      if (op != nullptr && index >= 0 && index < api_.TF_OperationNumOutputs(op)) {
        thing->outputs = {{op, index}};
        thing->operation = op;
        return true;
      }
    }
    if (TF_Operation* op = api_.TF_GraphOperationByName(graph_, text.c_str())) {
      thing->operation = op;
      return true;
    }
    missing_ = text;
    return false;
  }

  std::string UniqueName(const std::string& wished) {
    for (int i = 0;; ++i) {
      std::string name = i == 0 ? wished : absl::StrCat(wished, "_", i);
      if (api_.TF_GraphOperationByName(graph_, name.c_str()) == nullptr) return name;
    }
  }

  static std::string NameOf(const Api& api, const TF_Output& output) {
    return absl::StrCat(api.TF_OperationName(output.oper), ":", output.index);
  }

  Json Bind(const Json& step, TF_Operation* op) {
    Thing thing;
    thing.operation = op;
    const int outputs = api_.TF_OperationNumOutputs(op);
    for (int i = 0; i < outputs; ++i) thing.outputs.push_back({op, i});
    thing.is_list = outputs > 1;
    Json value = Json::array();
    for (const TF_Output& output : thing.outputs) value.push_back(NameOf(api_, output));
    if (outputs == 0) value = api_.TF_OperationName(op);
    if (outputs == 1) value = Json(value[0]);
    if (step.contains("as")) things_[StringOr(step, "as")] = thing;
    return value;
  }

  // ---- operations ----

  absl::Status SetAttr(TF_OperationDescription* d, const std::string& name, const Json& attr) {
    const char* key = name.c_str();
    if (attr.contains("type")) {
      api_.TF_SetAttrType(d, key, DataTypeNumber(StringOr(attr, "type")));
    } else if (attr.contains("i")) {
      api_.TF_SetAttrInt(d, key, attr["i"].get<int64_t>());
    } else if (attr.contains("f")) {
      api_.TF_SetAttrFloat(d, key, std::strtof(StringOr(attr, "f").c_str(), nullptr));
    } else if (attr.contains("b")) {
      api_.TF_SetAttrBool(d, key, attr["b"].get<bool>() ? 1 : 0);
    } else if (attr.contains("s")) {
      const absl::StatusOr<std::string> bytes = attr["s"].is_object()
                                                    ? FromHex(StringOr(attr["s"], "hex"))
                                                    : absl::StatusOr<std::string>(StringOr(attr, "s"));
      if (!bytes.ok()) return bytes.status();
      api_.TF_SetAttrString(d, key, bytes->data(), bytes->size());
    } else if (attr.contains("shape")) {
      const std::vector<int64_t> dims =
          attr["shape"].is_null() ? std::vector<int64_t>() : attr["shape"].get<std::vector<int64_t>>();
      api_.TF_SetAttrShape(d, key, dims.data(), attr["shape"].is_null() ? -1 : static_cast<int>(dims.size()));
    } else if (attr.contains("tensor")) {
      const absl::StatusOr<TF_Tensor*> tensor = TensorFromJson(api_, attr["tensor"]);
      if (!tensor.ok()) return tensor.status();
      api_.TF_SetAttrTensor(d, key, *tensor, status_);
      api_.TF_DeleteTensor(*tensor);
      return Check();
    } else if (attr.contains("list")) {
      return SetList(d, key, attr["list"]);
    } else {
      return absl::UnimplementedError(absl::StrCat("an attr like ", Dump(attr)));
    }
    return absl::OkStatus();
  }

  absl::Status SetList(TF_OperationDescription* d, const char* key, const Json& list) {
    std::vector<int> types;
    std::vector<int64_t> ints;
    std::vector<std::string> strings;
    for (const Json& item : list) {
      if (item.contains("type")) types.push_back(DataTypeNumber(StringOr(item, "type")));
      if (item.contains("i")) ints.push_back(item["i"].get<int64_t>());
      if (item.contains("s") && item["s"].is_string()) strings.push_back(StringOr(item, "s"));
    }
    if (types.size() == list.size()) {
      api_.TF_SetAttrTypeList(d, key, types.data(), static_cast<int>(types.size()));
    } else if (ints.size() == list.size()) {
      api_.TF_SetAttrIntList(d, key, ints.data(), static_cast<int>(ints.size()));
    } else if (strings.size() == list.size()) {
      std::vector<const void*> data;
      std::vector<size_t> sizes;
      for (const std::string& s : strings) data.push_back(s.data()), sizes.push_back(s.size());
      api_.TF_SetAttrStringList(d, key, data.data(), sizes.data(), static_cast<int>(data.size()));
    } else {
      return absl::UnimplementedError(absl::StrCat("a list attr like ", Dump(list)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Json> Op(const Json& step) {
    // A description can't be dropped once it is there, so that everything is looked up first.
    std::vector<std::pair<bool, std::vector<TF_Output>>> inputs;
    for (const Json& input : step.value("inputs", Json::array())) {
      std::vector<TF_Output> outputs;
      for (const Json& item : input.is_array() ? input : Json::array({input})) {
        Thing thing;
        if (!Resolve(item.get<std::string>(), &thing)) return Json();
        outputs.insert(outputs.end(), thing.outputs.begin(), thing.outputs.end());
      }
      inputs.emplace_back(input.is_array(), outputs);
    }
    std::vector<TF_Operation*> controls;
    for (const Json& control : step.value("control_inputs", Json::array())) {
      Thing thing;
      if (!Resolve(control.get<std::string>(), &thing)) return Json();
      controls.push_back(thing.operation);
    }
    const std::string op = StringOr(step, "op");
    TF_OperationDescription* d =
        api_.TF_NewOperation(graph_, op.c_str(), UniqueName(StringOr(step, "name", op)).c_str());
    for (const auto& [is_list, outputs] : inputs) {
      if (is_list) {
        api_.TF_AddInputList(d, outputs.data(), static_cast<int>(outputs.size()));
      } else {
        for (const TF_Output& output : outputs) api_.TF_AddInput(d, output);
      }
    }
    for (TF_Operation* control : controls) api_.TF_AddControlInput(d, control);
    absl::Status bad;
    const Json attrs = step.value("attrs", Json::object());
    for (const auto& [name, attr] : attrs.items()) bad.Update(SetAttr(d, name, attr));
    return Finish(step, d, bad);
  }

  absl::StatusOr<Json> Finish(const Json& step, TF_OperationDescription* d, const absl::Status& before) {
    TF_Operation* made = api_.TF_FinishOperation(d, status_);
    if (!before.ok()) return before;
    if (absl::Status s = Check(); !s.ok()) return s;
    return Bind(step, made);
  }

  absl::StatusOr<Json> Constant(const Json& step) {
    const absl::StatusOr<TF_Tensor*> tensor = TensorFromJson(api_, step["value"]);
    if (!tensor.ok()) return tensor.status();
    TF_OperationDescription* d =
        api_.TF_NewOperation(graph_, "Const", UniqueName(StringOr(step, "name", "Const")).c_str());
    api_.TF_SetAttrTensor(d, "value", *tensor, status_);
    const absl::Status set = Check();
    api_.TF_SetAttrType(d, "dtype", api_.TF_TensorType(*tensor));
    api_.TF_DeleteTensor(*tensor);
    return Finish(step, d, set);
  }

  absl::StatusOr<Json> Placeholder(const Json& step) {
    TF_OperationDescription* d =
        api_.TF_NewOperation(graph_, "Placeholder", UniqueName(StringOr(step, "name", "Placeholder")).c_str());
    api_.TF_SetAttrType(d, "dtype", DataTypeNumber(StringOr(step, "dtype")));
    if (step.contains("shape")) {
      const auto dims = step["shape"].get<std::vector<int64_t>>();
      api_.TF_SetAttrShape(d, "shape", dims.data(), static_cast<int>(dims.size()));
    }
    return Finish(step, d, absl::OkStatus());
  }

  absl::StatusOr<Json> Unary(const Json& step, const char* op) {
    Thing x;
    if (!Resolve(StringOr(step, "x"), &x) || x.outputs.empty()) return Json();
    TF_OperationDescription* d = api_.TF_NewOperation(graph_, op, UniqueName(StringOr(step, "name", op)).c_str());
    api_.TF_AddInput(d, x.outputs[0]);
    return Finish(step, d, absl::OkStatus());
  }

  // ---- graphs and sessions ----

  absl::StatusOr<Json> Graph(const Json& step) {
    Thing thing;
    thing.graph = api_.TF_NewGraph();
    if (step.contains("as")) things_[StringOr(step, "as")] = thing;
    graph_ = thing.graph;
    graphs_.push_back(graph_);
    return Json();
  }

  absl::StatusOr<Json> Import(const Json& step) {
    const Thing* def = Find(StringOr(step, "graph_def"));
    if (def == nullptr) return missing_ = StringOr(step, "graph_def"), Json();
    TF_ImportGraphDefOptions* options = api_.TF_NewImportGraphDefOptions();
    api_.TF_ImportGraphDefOptionsSetPrefix(options, StringOr(step, "name", "import").c_str());
    std::vector<TF_Output> outputs;
    std::vector<std::string> names;
    for (const Json& element : step.value("return_elements", Json::array())) {
      const std::string name = element.get<std::string>();
      const size_t colon = name.rfind(':');
      int index = 0;
      if (colon == std::string::npos || !absl::SimpleAtoi(name.substr(colon + 1), &index)) {
        api_.TF_DeleteImportGraphDefOptions(options);
        return absl::UnimplementedError("return_elements of operations are not looked up here");
      }
      api_.TF_ImportGraphDefOptionsAddReturnOutput(options, name.substr(0, colon).c_str(), index);
      names.push_back(name);
    }
    outputs.resize(names.size());
    const TF_Buffer buffer{def->graph_def.data(), def->graph_def.size(), nullptr};
    api_.TF_GraphImportGraphDefWithReturnOutputs(graph_, &buffer, options, outputs.data(),
                                                 static_cast<int>(outputs.size()), status_);
    api_.TF_DeleteImportGraphDefOptions(options);
    if (absl::Status s = Check(); !s.ok()) return s;
    Thing list;
    list.is_list = true;
    list.outputs = outputs;
    Json value = Json::array();
    for (const TF_Output& output : outputs) value.push_back(NameOf(api_, output));
    if (step.contains("as") && step["as"].is_string()) things_[StringOr(step, "as")] = list;
    if (step.contains("as") && step["as"].is_array()) {
      for (size_t i = 0; i < std::min(outputs.size(), step["as"].size()); ++i) {
        Thing one;
        one.outputs = {outputs[i]};
        one.operation = outputs[i].oper;
        things_[step["as"][i].get<std::string>()] = one;
      }
    }
    return step.contains("return_elements") ? value : Json();
  }

  absl::StatusOr<Json> NewSession(const Json& step) {
    TF_Graph* graph = graph_;
    if (step.contains("graph")) {
      const Thing* thing = Find(StringOr(step, "graph"));
      if (thing == nullptr) return missing_ = StringOr(step, "graph"), Json();
      graph = thing->graph;
    }
    TF_SessionOptions* options = api_.TF_NewSessionOptions();
    const char threads[] = {2 << 3, 2, 5 << 3, 2};  // ConfigProto: two threads of each kind
    api_.TF_SetConfig(options, threads, sizeof threads, status_);
    Thing thing;
    thing.session = api_.TF_NewSession(graph, options, status_);
    api_.TF_DeleteSessionOptions(options);
    if (absl::Status s = Check(); !s.ok()) return s;
    sessions_.push_back(thing.session);
    things_[StringOr(step, "as")] = thing;
    return Json();
  }

  absl::StatusOr<Json> RunSession(const Json& step) {
    const Thing* session = Find(StringOr(step, "session"));
    if (session == nullptr) return missing_ = StringOr(step, "session"), Json();
    std::vector<TF_Output> feeds, fetches;
    std::vector<TF_Tensor*> values;
    std::vector<const TF_Operation*> targets;
    std::vector<int> place;  // of each value in the answer: a fetch, or -1
    const auto release = [&] {
      for (TF_Tensor* value : values) api_.TF_DeleteTensor(value);
    };
    const Json given = step.value("feeds", Json::object());
    for (const auto& [key, literal] : given.items()) {
      Thing thing;
      if (!Resolve(key, &thing) || thing.outputs.empty()) return release(), Json();
      const absl::StatusOr<TF_Tensor*> value = TensorFromJson(api_, literal);
      if (!value.ok()) return release(), value.status();
      feeds.push_back(thing.outputs[0]);
      values.push_back(*value);
    }
    for (const Json& fetch : step["fetches"]) {
      Thing thing;
      if (!fetch.is_string() || !Resolve(fetch.get<std::string>(), &thing)) return release(), Json();
      if (thing.outputs.empty()) {
        targets.push_back(thing.operation);
        place.push_back(-1);
      }
      for (const TF_Output& output : thing.outputs) {
        place.push_back(static_cast<int>(fetches.size()));
        fetches.push_back(output);
      }
    }
    std::vector<TF_Tensor*> fetched(fetches.size(), nullptr);
    api_.TF_SessionRun(session->session, nullptr, feeds.data(), values.data(), static_cast<int>(feeds.size()),
                       fetches.data(), fetched.data(), static_cast<int>(fetched.size()), targets.data(),
                       static_cast<int>(targets.size()), nullptr, status_);
    release();
    if (absl::Status s = Check(); !s.ok()) return s;
    Json answer = Json::array();
    absl::Status bad;
    for (int i : place) {
      absl::StatusOr<Json> value = i < 0 ? Json() : TensorToJson(api_, fetched[i]);
      bad.Update(value.status());
      answer.push_back(value.ok() ? *value : Json());
    }
    for (TF_Tensor* value : fetched) api_.TF_DeleteTensor(value);
    if (!bad.ok()) return bad;
    return answer;
  }

  // ---- files ----

  absl::StatusOr<Json> File(const std::string& verb, const Json& step) {
    namespace fs = std::filesystem;
    const std::string file = StringOr(step, "file", StringOr(step, "dir"));
    std::error_code error;
    if (verb == "list_files") {
      std::set<std::string> names;
      for (const auto& entry : fs::directory_iterator(file, error)) names.insert(entry.path().filename().string());
      return Json(names);
    }
    if (verb == "delete_file") fs::remove_all(file, error);
    if (verb == "mkdir") fs::create_directories(file, error);
    if (verb == "copy_file") fs::copy_file(file, StringOr(step, "to"), fs::copy_options::overwrite_existing, error);
    if (verb == "rename_file") fs::rename(file, StringOr(step, "to"), error);
    if (error) return absl::NotFoundError(absl::StrCat(file, ": ", error.message()));
    if (verb == "write_file") {
      const absl::StatusOr<std::string> bytes =
          step.contains("hex") ? FromHex(StringOr(step, "hex")) : StringOr(step, "text");
      if (!bytes.ok()) return bytes.status();
      if (absl::Status s = WriteFile(file, *bytes); !s.ok()) return s;
    }
    if (verb == "patch_file") {
      absl::StatusOr<std::string> bytes = ReadFile(file);
      if (!bytes.ok()) return bytes.status();
      for (const Json& patch : step["patch"]) {
        if (absl::Status s = ApplyPatch(patch, *bytes); !s.ok()) return s;
      }
      if (absl::Status s = WriteFile(file, *bytes); !s.ok()) return s;
    }
    return Json();
  }

  absl::StatusOr<Json> Do(const Json& step) {
    const std::string verb = StringOr(step, "do");
    if (verb == "op") return Op(step);
    if (verb == "constant") return Constant(step);
    if (verb == "placeholder") return Placeholder(step);
    if (verb == "identity") return Unary(step, "Identity");
    if (verb == "graph") return Graph(step);
    if (verb == "import_graph_def") return Import(step);
    if (verb == "session") return NewSession(step);
    if (verb == "run") return RunSession(step);
    if (verb == "read_graph_def") {
      Thing thing;
      const absl::StatusOr<std::string> bytes = ReadFile(StringOr(step, "file"));
      if (!bytes.ok()) return bytes.status();
      thing.graph_def = *bytes;
      things_[StringOr(step, "as")] = thing;
      return Json();
    }
    if (verb == "close") {
      const Thing* session = Find(StringOr(step, "session"));
      if (session == nullptr) return missing_ = StringOr(step, "session"), Json();
      api_.TF_CloseSession(session->session, status_);
      if (absl::Status s = Check(); !s.ok()) return s;
      return Json();
    }
    return File(verb, step);
  }

  const Api& api_;
  TF_Status* status_;
  TF_Graph* graph_;  // the default one
  std::vector<TF_Graph*> graphs_;
  std::map<std::string, Thing> things_;
  std::vector<TF_Session*> sessions_;
  std::string missing_;
};

Json Hello(const Api& api, const std::string& name) {
  const std::string version = api.TF_Version();
  std::string behaves_as = version.substr(0, version.find('-'));
  // tfpersist has 1.15's functions and 1.11.0's behaviour.
  if (absl::StrContains(version, "tfpersist")) behaves_as = "1.11.0";
  return {
      {"protocol", 1},
      {"name", name},
      {"version", version},
      {"behaves_as", behaves_as},
      {"verbs",
       {"op", "constant", "placeholder", "identity", "graph", "import_graph_def", "read_graph_def", "session", "run",
        "close", "list_files", "delete_file", "mkdir", "copy_file", "rename_file", "write_file", "patch_file"}},
      {"dtypes", {"float16",    "bfloat16", "float32", "float64", "int8",   "int16",   "int32",
                  "int64",      "uint8",    "uint16",  "uint32",  "uint64", "bool",    "complex64",
                  "complex128", "string",   "qint8",   "quint8",  "qint16", "quint16", "qint32"}},
      {"ops", {"*"}},
      {"devices", {"cpu"}},
      {"features", Json::array()}};
}

// Why a case can't be sent to the C API although every verb is there, or empty.
std::string WhyNot(const Json& steps) {
  for (const Json& step : steps) {
    if (step.contains("steps")) return "a graph that is built in a block";
    if (step.contains("input_map")) return "input_map";
    if (StringOr(step, "do") == "read_graph_def" && step.value("as_text", false)) return "text graphs";
    for (const Json& element : step.value("return_elements", Json::array())) {
      if (!absl::StrContains(element.get<std::string>(), ":")) return "return_elements of operations";
    }
  }
  return "";
}

int Main(int argc, char** argv) {
  // Answers keep the real standard output for themselves.
  const int out_fd = dup(STDOUT_FILENO);
  if (out_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  FILE* out = fdopen(out_fd, "w");
  std::string name = "c-api";
  std::vector<std::string> libraries;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--name" && i + 1 < argc) {
      name = argv[++i];
    } else {
      libraries.push_back(argv[i]);
    }
  }
  Api api;
  if (libraries.empty()) {
    std::cerr << "usage: capi-testee [--name NAME] LIBRARY...\n";
    return 2;
  }
  if (const std::string problem = api.Load(libraries); !problem.empty()) {
    std::cerr << "capi-testee: " << problem << "\n";
    return 3;
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line, nullptr, false);
    const std::string what = StringOr(request, "do");
    if (what == "bye") break;
    Json answer;
    if (what == "hello") {
      answer = Hello(api, name);
    } else {
      answer["seq"] = request["seq"];
      const Json& steps = request["case"]["steps"];
      if (chdir(StringOr(request, "folder").c_str()) != 0) {
        answer["unsupported"] = "cannot change to the folder";
      } else if (const std::string why = WhyNot(steps); !why.empty()) {
        answer["unsupported"] = why;
      } else {
        Case one(api);
        answer["steps"] = one.Run(steps);
      }
    }
    const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tfpersist::conform

int main(int argc, char** argv) { return tfpersist::conform::Main(argc, argv); }
