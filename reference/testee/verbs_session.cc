// Session (PROTOCOL.md 5): making one, running parts of the graph, closing.
#include "absl/strings/match.h"
#include "reference/base/status.h"
#include "reference/testee/case.h"
#include "reference/testee/tensor_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using SessionPtr = std::shared_ptr<Session>;

absl::StatusOr<SessionPtr> SessionOf(Case& c, const Args& args) {
  return c.Get<SessionPtr>(args, "session", "a session");
}

absl::StatusOr<Json> SessionVerb(Case& c, const Args& args) {
  Graph* graph = &c.graph();
  if (args.Has("graph")) {
    TFP_ASSIGN_OR_RETURN(graph, c.Get<Graph*>(args, "graph", "a graph"));
  }
  SessionOptions options;
  options.threads = 2;
  options.cuda_devices = OnCuda() ? 1 : 0;
  TFP_ASSIGN_OR_RETURN(const int64_t cpus, args.Int("cpus", 1));
  if (cpus < 1 || cpus > 64) return BadArgument("cpus", "1 to 64", args.Get("cpus"));
  options.cpu_devices = static_cast<int>(cpus);
  c.Bind(args, std::make_shared<Session>(*graph, options));
  return nullptr;
}

// What one fetch or feed names. Plain names stay names: the session's own lookup has TensorFlow's texts.
struct Endpoint {
  std::string name;  // "add:0" or "init"
  Output foreign;    // set where a handle is of another graph than the session's
};

absl::StatusOr<std::vector<Endpoint>> EndpointsOf(Case& c, const Graph& graph, const Json& json) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(json));
  std::vector<Endpoint> endpoints;
  if (handle == nullptr) {
    TFP_ASSIGN_OR_RETURN(endpoints.emplace_back().name, AsString(json, "fetches or feeds"));
    return endpoints;
  }
  const auto add = [&endpoints, &graph](const Item& item) {
    Endpoint& endpoint = endpoints.emplace_back();
    if (Node* const* node = std::get_if<Node*>(&item)) {
      endpoint.name = (*node)->name();
      if (&(*node)->graph() != &graph) endpoint.foreign = Output{*node, 0};
      return;
    }
    const Variable* variable = std::get_if<Variable>(&item);
    const Output output = variable != nullptr ? variable->graph_element() : std::get<Output>(item);
    endpoint.name = output.name();
    if (&output.graph() != &graph) endpoint.foreign = output;
  };
  if (const auto* partitioned = std::get_if<PartitionedVariable>(handle)) {
    for (const Variable& part : partitioned->parts) add(part);
  } else if (const auto* list = std::get_if<ItemList>(handle)) {
    for (const Item& item : *list) add(item);
  } else if (const auto* output = std::get_if<Output>(handle)) {
    add(*output);
  } else if (const auto* node = std::get_if<Node*>(handle)) {
    add(*node);
  } else if (const auto* variable = std::get_if<Variable>(handle)) {
    add(*variable);
  } else {
    return BadArgument("fetches or feeds", "tensors or operations", json);
  }
  return endpoints;
}

absl::StatusOr<Json> RunVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SessionPtr session, SessionOf(c, args));
  Graph& graph = session->graph();
  std::vector<Session::NamedFeed> feeds;
  const Json& given = args.Get("feeds");
  if (!given.is_null() && !given.is_object()) return BadArgument("feeds", "an object", given);
  for (const auto& [key, literal] : given.items()) {
    TFP_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, EndpointsOf(c, graph, Json(key)));
    TFP_ASSIGN_OR_RETURN(const Tensor value, TensorFromJson(literal, key));
    for (const Endpoint& endpoint : endpoints) {
      if (endpoint.foreign) return session->Run({{{endpoint.foreign, value}}}, {}, {}).status();
      feeds.emplace_back(endpoint.name, value);
    }
  }
  if (!args.Get("fetches").is_array()) return BadArgument("fetches", "a list", args.Get("fetches"));
  std::vector<std::string> fetches, targets;
  std::vector<bool> is_tensor;
  for (const Json& fetch : args.Get("fetches")) {
    TFP_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, EndpointsOf(c, graph, fetch));
    for (const Endpoint& endpoint : endpoints) {
      if (endpoint.foreign) return session->Run({}, {endpoint.foreign}, {}).status();
      is_tensor.push_back(absl::StrContains(endpoint.name, ':'));
      (is_tensor.back() ? fetches : targets).push_back(endpoint.name);
    }
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<Tensor> tensors, session->Run(feeds, fetches, targets));
  Json values = Json::array();
  size_t next = 0;
  for (bool tensor : is_tensor) {
    Json& value = values.emplace_back();
    if (tensor) {
      TFP_ASSIGN_OR_RETURN(value, TensorToJson(tensors[next++], c.NewFile()));
    }
  }
  return values;
}

absl::StatusOr<Json> CloseVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const SessionPtr session, SessionOf(c, args));
  session->Close();
  return nullptr;
}

constexpr Verb kVerbs[] = {
    {"session", SessionVerb},
    {"run", RunVerb},
    {"close", CloseVerb},
};

}  // namespace

absl::Span<const Verb> SessionVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
