#include "reference/graph/import.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/graph/device_name.h"
#include "reference/graph/import_edges.h"
#include "reference/graph/names.h"
#include "reference/graph/shape_inference.h"
#include "reference/op/op_registry.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {

using tensorflow::GraphDef;
using tensorflow::NodeDef;

namespace {

constexpr int kConsumer = 27;  // TensorFlow 1.11.0
constexpr absl::string_view kColocation = "loc:@", kOutputShapes = "_output_shapes";

// A version gate with TensorFlow's texts (D15, H21).
absl::Status CheckVersions(const tensorflow::VersionDef& v) {
  if (v.producer() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("GraphDef producer version ", v.producer(),
                     " below min producer 0 supported by TensorFlow 1.11.0.  Please regenerate your graph."));
  }
  if (v.min_consumer() > kConsumer) {
    return absl::InvalidArgumentError(absl::StrCat("GraphDef min consumer version ", v.min_consumer(),
                                                   " above current version ", kConsumer,
                                                   " for TensorFlow 1.11.0.  Please upgrade TensorFlow."));
  }
  for (int bad : v.bad_consumers()) {
    if (bad == kConsumer) {
      return absl::InvalidArgumentError(absl::StrCat("GraphDef disallows consumer version ", bad,
                                                     ".  Please upgrade TensorFlow: this version is likely buggy."));
    }
  }
  return absl::OkStatus();
}

// "a" or "a:1" as input_map and return_elements write it. False: no such form.
bool ParseElement(absl::string_view text, std::string* node, int* index) {
  const size_t colon = text.find(':');
  if (colon == text.npos) {
    *node = std::string(text);
    *index = 0;
    return true;
  }
  absl::string_view digits = text.substr(colon + 1);
  const bool negative = absl::ConsumePrefix(&digits, "-");
  int64_t n = 0;
  if (digits.empty() || digits.size() > 9) return false;
  for (char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    n = n * 10 + (c - '0');
  }
  *node = std::string(text.substr(0, colon));
  *index = static_cast<int>(negative ? -n : n);
  return true;
}

}  // namespace

std::string ImportedElement::name() const { return index < 0 ? node->name() : node->output(index).name(); }

class GraphImporter {
  using Edge = ImportEdges::Edge;

 public:
  // `owner` keeps a def on an arena; null: its nodes are taken out of it.
  GraphImporter(Graph& graph, GraphDef& def, std::shared_ptr<GraphDef> owner, const ImportOptions& options)
      : graph_(graph), def_(def), owner_(std::move(owner)), options_(options), edges_(def.node_size()) {}

  absl::StatusOr<ImportResult> Run() {
    if (graph_.finalized()) return absl::FailedPreconditionError("Graph is finalized and cannot be modified.");
    if (def_.node_size() > graph_.limits().max_graph_nodes) {
      return absl::ResourceExhaustedError(absl::StrCat("The GraphDef has ", def_.node_size(),
                                                       " nodes, more than the limit of ",
                                                       graph_.limits().max_graph_nodes, "."));
    }
    TFP_RETURN_IF_ERROR(OpenScope());
    TakeNodes();
    const int first = graph_.num_nodes();
    const tensorflow::FunctionDefLibrary library_before = graph_.library();
    const int producer_before = graph_.producer_version();
    absl::Status status = Import();
    if (!status.ok()) {
      graph_.RemoveNodesFrom(first);
      graph_.library() = library_before;
      graph_.set_producer_version(producer_before);
      return status;
    }
    graph_.imported_.insert(graph_.imported_.end(), result_.nodes.begin(), result_.nodes.end());
    return std::move(result_);
  }

 private:
  // The definitions become the nodes' own; none is copied but those of an arena that nobody keeps.
  void TakeNodes() {
    if (owner_ != nullptr) {
      defs_.reserve(def_.node_size());
      for (NodeDef& def : *def_.mutable_node()) defs_.emplace_back(owner_, &def);
      return;
    }
    std::vector<NodeDef*> taken(def_.node_size());
    def_.mutable_node()->ExtractSubrange(0, def_.node_size(), taken.data());
    defs_.reserve(taken.size());
    for (NodeDef* def : taken) defs_.emplace_back(def);
  }
  int num_defs() const { return static_cast<int>(defs_.size()); }

  absl::Status OpenScope() {
    const std::string name = options_.name.value_or("import");
    if (name.empty()) return absl::OkStatus();  // the root, whatever scope is open
    const absl::string_view plain = absl::StripSuffix(name, "/");
    if (!(graph_.current_scope().empty() ? IsValidOpName(plain) : IsValidScopeName(plain))) {
      return absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a valid scope name"));
    }
    NameScope scope(graph_, name);
    result_.scope = scope.scope();
    return absl::OkStatus();
  }

  absl::Status Import() {
    TFP_RETURN_IF_ERROR(CheckVersions(def_.versions()));
    // The older rules hold for the whole graph (core/graph/graph_constructor.cc).
    graph_.set_producer_version(std::min(graph_.producer_version(), def_.versions().producer()));
    TFP_RETURN_IF_ERROR(AddLibrary());
    TFP_RETURN_IF_ERROR(CheckNodes());
    TFP_RETURN_IF_ERROR(ReadInputMap());
    TFP_RETURN_IF_ERROR(ReadEdges());
    TFP_RETURN_IF_ERROR(AddNodes());
    TFP_RETURN_IF_ERROR(AddBackEdges());
    TFP_RETURN_IF_ERROR(CheckInputMap());
    FinishColocation();
    TFP_RETURN_IF_ERROR(FindReturnElements());
    if (keeps_names_) {
      graph_.by_name_ = edges_.TakeIndex();
      for (auto& [name, at] : graph_.by_name_) at = new_nodes_[at]->id();
    }
    return absl::OkStatus();
  }

  absl::Status AddLibrary() {
    absl::flat_hash_map<std::string, const tensorflow::FunctionDef*> known;
    for (const auto& f : graph_.library().function()) known[f.signature().name()] = &f;
    std::vector<const tensorflow::FunctionDef*> added;
    for (const auto& f : def_.library().function()) {
      auto [it, is_new] = known.try_emplace(f.signature().name(), &f);
      if (is_new) {
        added.push_back(&f);
      } else if (!SameBytes(*it->second, f)) {
        return absl::InvalidArgumentError(
            absl::StrCat("Cannot add function '", f.signature().name(),
                         "' because a different function with the same name already exists."));
      }
    }
    for (const auto* f : added) *graph_.library().add_function() = *f;
    for (const auto& g : def_.library().gradient()) {
      const bool known_gradient = std::any_of(graph_.library().gradient().begin(), graph_.library().gradient().end(),
                                              [&](const auto& k) { return k.function_name() == g.function_name(); });
      if (!known_gradient) *graph_.library().add_gradient() = g;
    }
    return absl::OkStatus();
  }

  static bool SameBytes(const tensorflow::FunctionDef& a, const tensorflow::FunctionDef& b) {
    // Map order must not count; text format sorts by key.
    return a.DebugString() == b.DebugString();
  }

  absl::Status CheckNodes() {
    const int n = num_defs();
    signatures_.resize(n);
    has_output_shapes_.resize(n);
    // Into an empty graph, every node keeps its name, and what indexes the GraphDef will index the graph.
    keeps_names_ = result_.scope.empty() && graph_.num_nodes() == 0;
    if (!keeps_names_) old_names_.reserve(n);
    absl::flat_hash_map<std::string, const tensorflow::OpDef*> producer;
    if (options_.producer_op_list != nullptr) {
      for (const auto& op : options_.producer_op_list->op()) producer[op.name()] = &op;
    }
    absl::flat_hash_map<std::string, const OpSignature*> known_ops;
    // One pass while a node is near. What is wrong with names comes before what is wrong with ops.
    absl::Status op_status;
    int checked_ops = 0;
    std::vector<int> with_class;
    for (int i = 0; i < n; ++i) {
      NodeDef& node = *defs_[i];
      if (!keeps_names_) old_names_.push_back(node.name());
      TFP_RETURN_IF_ERROR(edges_.Add(node, keeps_names_ ? node.name() : old_names_.back()));
      if (!op_status.ok()) continue;
      const OpSignature*& op = known_ops[node.op()];
      if (op == nullptr) {
        absl::StatusOr<const OpSignature*> found = graph_.LookUpOp(node.op());
        if (!found.ok()) {
          op_status = found.status();
          continue;
        }
        op = *found;
      }
      checked_ops = i + 1;
      signatures_[i] = op;
      if (!producer.empty()) {
        if (auto it = producer.find(node.op()); it != producer.end()) DropProducerDefaults(*it->second, *op, node);
      }
      AddDefaultAttrs(*op, &node);
      for (const auto& [name, value] : node.attr()) {
        if (name[0] != '_') continue;
        if (name == "_class") with_class.push_back(i);
        if (name == kOutputShapes) has_output_shapes_[i] = true;
      }
    }
    for (int i : with_class) {
      if (i < checked_ops) TFP_RETURN_IF_ERROR(ReadColocation(i));
    }
    return op_status;
  }

  absl::Status ReadColocation(int i) {
    const NodeDef& node = *defs_[i];
    for (const std::string& s : node.attr().at("_class").list().s()) {
      absl::string_view target = s;
      if (!absl::ConsumePrefix(&target, kColocation)) continue;
      const int with = edges_.Find(target);
      if (with < 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("Node '", node.name(), "' expects to be colocated with unknown node '", target, "'"));
      }
      if (first_colocation_.empty()) first_colocation_.assign(num_defs(), -1);
      if (first_colocation_[i] < 0) first_colocation_[i] = static_cast<int>(colocations_.size());
      colocations_.push_back({i, with});
    }
    return absl::OkStatus();
  }
  bool IsColocated(int i) const { return !first_colocation_.empty() && first_colocation_[i] >= 0; }

  static void DropProducerDefaults(const tensorflow::OpDef& producer, const OpSignature& op, NodeDef& node) {
    std::vector<std::string> drop;
    for (const auto& [name, value] : node.attr()) {
      if (absl::StartsWith(name, "_") || op.FindAttr(name) != nullptr) continue;
      for (const auto& attr : producer.attr()) {
        if (attr.name() == name && IsDefault(attr, value)) drop.push_back(name);
      }
    }
    for (const std::string& name : drop) node.mutable_attr()->erase(name);
  }

  struct Key {
    std::string text, node;
    int index;
    Output to;
    bool used = false;
  };

  absl::Status ReadInputMap() {
    for (const auto& [text, output] : options_.input_map) {
      Key key{text, "", 0, output};
      if (!output)
        return absl::InvalidArgumentError(absl::StrCat("The input_map's value for '", text, "' names nothing."));
      if (&output.graph() != &graph_)
        return absl::InvalidArgumentError(absl::StrCat("The input_map's value for '", text, "' is of another graph."));
      if (absl::StartsWith(text, "^")) {
        key.node = text.substr(1);
        key.index = InputName::kControl;
      } else if (!ParseElement(text, &key.node, &key.index)) {
        return absl::InvalidArgumentError(absl::StrCat("Cannot convert '", text, "' to a tensor name."));
      }
      input_map_.push_back(std::move(key));
    }
    for (Key& key : input_map_) by_key_[{key.node, key.index}] = &key;
    return absl::OkStatus();
  }

  absl::Status ReadEdges() {
    if (by_key_.empty()) return edges_.Finish(defs_, nullptr);
    return edges_.Finish(defs_, [&](absl::string_view node, int index) {
      auto it = by_key_.find({std::string(node), index});
      if (it == by_key_.end()) return -1;
      it->second->used = true;
      mapped_.push_back(it->second->to);
      return static_cast<int>(mapped_.size()) - 1;
    });
  }

  std::string NewName(const std::string& name) {
    std::string prefixed = result_.scope + name;
    if (!Exists(prefixed)) return prefixed;
    for (int i = 1;; ++i) {
      std::string candidate = absl::StrCat(prefixed, "_", i);
      if (!Exists(candidate) && edges_.Find(candidate) < 0 && !prefixes_of_def_.contains(candidate)) return candidate;
    }
  }

  bool Exists(const std::string& name) {
    if (!prefixes_read_) {
      prefixes_read_ = true;
      for (int i = 0; i < graph_.num_nodes(); ++i) AddPrefixes(graph_.node(i)->name(), prefixes_);
      for (const auto& [key, i] : edges_.index()) AddPrefixes(key, prefixes_of_def_);
    }
    return graph_.FindNode(name) != nullptr || prefixes_.contains(name);
  }

  static void AddPrefixes(absl::string_view name, absl::flat_hash_set<std::string>& prefixes) {
    for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1)) {
      prefixes.insert(std::string(name.substr(0, slash)));
    }
  }

  absl::Status AddNodes() {
    const int n = num_defs();
    graph_.nodes_.reserve(graph_.nodes_.size() + n);
    if (!keeps_names_) graph_.by_name_.reserve(graph_.by_name_.size() + n);
    result_.nodes.reserve(n);
    new_nodes_.assign(n, nullptr);
    if (!keeps_names_) {
      new_names_.resize(n);
      for (int i = 0; i < n; ++i) new_names_[i] = NewName(old_names_[i]);
    }
    const std::vector<int> order = edges_.Order();
    for (const int i : order) TFP_RETURN_IF_ERROR(AddOne(i));
    const int left = n - static_cast<int>(order.size());
    return left == 0 ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat(left, " nodes in a cycle"));
  }

  absl::Status AddOne(int i) {
    std::shared_ptr<NodeDef> def = std::move(defs_[i]);
    inputs_.clear();
    controls_.clear();
    const absl::Span<const Edge> edges = edges_.Of(i);
    for (size_t k = 0; k < edges.size(); ++k) {
      const Edge& e = edges[k];
      Node* from = e.mapped >= 0 ? mapped_[e.mapped].node : new_nodes_[e.from];
      if (e.index == InputName::kControl) {
        if (from != nullptr) controls_.push_back(from);
      } else if (e.mapped >= 0) {
        inputs_.push_back(mapped_[e.mapped]);
      } else if (from == nullptr) {
        back_edges_.push_back({i, static_cast<int>(k), e.from, e.index});
        inputs_.push_back(Output{});
      } else {
        if (e.index >= from->num_outputs()) return BadOutput(OriginalName(i, *def), e, *from);
        inputs_.push_back(from->output(e.index));
      }
    }
    if (inputs_.empty() && controls_.empty()) controls_ = options_.control_dependencies;
    if (!keeps_names_) def->set_name(new_names_[i]);
    const bool colocated = IsColocated(i);
    if (colocated && !keeps_names_) {
      for (std::string& s : *def->mutable_attr()->at("_class").mutable_list()->mutable_s()) {
        absl::string_view target = s;
        if (absl::ConsumePrefix(&target, kColocation)) s = absl::StrCat(kColocation, new_names_[edges_.Find(target)]);
      }
    }
    if (!def->device().empty() || !graph_.devices_.empty()) {
      any_device_ = true;
      TFP_ASSIGN_OR_RETURN(std::string device, CanonicalDevice(def->device()));
      if (!colocated) {
        for (auto it = graph_.devices_.rbegin(); it != graph_.devices_.rend(); ++it) device = MergeDevices(*it, device);
      }
      def->set_device(device);
    }
    DataTypeVector input_types;
    if (!ValidateNodeDef(*signatures_[i], *def, &input_types).ok()) {
      WriteInputs(i, def.get());
      return ValidateNodeDef(*signatures_[i], *def, &input_types);
    }
    def->clear_input();  // the graph's edges say it; their memory stays, freeing it takes longer than it is worth
    tensorflow::AttrValue output_shapes;
    if (has_output_shapes_[i]) {
      output_shapes.Swap(&def->mutable_attr()->at(std::string(kOutputShapes)));
      def->mutable_attr()->erase(std::string(kOutputShapes));
    }
    if (!keeps_names_ && graph_.FindNode(def->name()) != nullptr)
      return absl::InvalidArgumentError(absl::StrCat("Node '", def->name(), "' already exists in the Graph"));
    TFP_ASSIGN_OR_RETURN(Node * node,
                         graph_.Insert(std::move(def), signatures_[i], std::move(input_types), inputs_, controls_));
    if (!keeps_names_) graph_.by_name_.emplace(node->name(), node->id());
    new_nodes_[i] = node;
    result_.nodes.push_back(node);
    if (colocated) colocated_.push_back(i);
    return has_output_shapes_[i] ? ApplyOutputShapes(*node, output_shapes) : absl::OkStatus();
  }

  // An error shows the inputs by the names that they have now.
  void WriteInputs(int i, NodeDef* def) const {
    def->clear_input();
    for (const Edge& e : edges_.Of(i)) {
      const Node* from = e.mapped >= 0 ? mapped_[e.mapped].node : new_nodes_[e.from];
      if (e.index == InputName::kControl) {
        if (from != nullptr) def->add_input(absl::StrCat("^", from->name()));
      } else if (e.mapped >= 0) {
        const Output& to = mapped_[e.mapped];
        def->add_input(to.index == 0 ? to.op_name() : to.name());
      } else {
        const std::string& name = from != nullptr ? from->name()
                                  : e.from == i   ? def->name()
                                  : keeps_names_  ? defs_[e.from]->name()
                                                  : new_names_[e.from];
        def->add_input(e.index == 0 ? name : absl::StrCat(name, ":", e.index));
      }
    }
  }

  absl::Status BadOutput(absl::string_view name, const Edge& e, const Node& from) {
    return absl::InvalidArgumentError(absl::StrCat("Node '", name, "': Connecting to invalid output ", e.index,
                                                   " of source node ", OriginalName(e.from), " which has ",
                                                   from.num_outputs(), " outputs"));
  }
  // As the GraphDef has it.
  std::string OriginalName(int i) const {
    return OriginalName(i, new_nodes_[i] != nullptr ? new_nodes_[i]->def() : *defs_[i]);
  }
  std::string OriginalName(int i, const NodeDef& def) const { return keeps_names_ ? def.name() : old_names_[i]; }

  // The shapes that the file claims refine those inferred, and must agree with them (H19).
  absl::Status ApplyOutputShapes(Node& node, const tensorflow::AttrValue& value) {
    const auto& list = value.list();
    if (list.shape_size() != node.num_outputs()) {
      return list.shape_size() == 0 ? absl::OkStatus()
                                    : absl::InvalidArgumentError(absl::StrCat(
                                          "Node '", node.name(), "' has ", node.num_outputs(),
                                          " outputs but the _output_shapes attribute specifies shapes for ",
                                          list.shape_size(), " outputs"));
    }
    for (int k = 0; k < list.shape_size(); ++k) {
      TFP_ASSIGN_OR_RETURN(PartialTensorShape claimed, PartialTensorShape::FromProto(list.shape(k)));
      absl::StatusOr<PartialTensorShape> merged = MergeShapes(node.output_shapes_[k], claimed);
      if (!merged.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "Node '", node.name(), "' has an _output_shapes attribute inconsistent with the GraphDef for output #", k,
            ": ", merged.status().message()));
      }
      node.output_shapes_[k] = *std::move(merged);
    }
    return absl::OkStatus();
  }

  absl::Status AddBackEdges() {
    for (const BackEdge& e : back_edges_) {
      Node* from = new_nodes_[e.from];
      if (e.output >= from->num_outputs()) {
        return BadOutput(OriginalName(e.to), Edge{e.from, e.output, -1}, *from);
      }
      TFP_RETURN_IF_ERROR(graph_.SetInput(new_nodes_[e.to], e.input, from->output(e.output)));
    }
    return absl::OkStatus();
  }

  absl::Status CheckInputMap() {
    std::vector<std::string> missing;
    for (const Key& key : input_map_) {
      if (key.used) continue;
      const int at = edges_.Find(key.node);
      const bool exists = at >= 0 && (key.index == InputName::kControl ||
                                      (key.index >= 0 && key.index < new_nodes_[at]->num_outputs()));
      if (!exists)
        missing.push_back(key.index == InputName::kControl ? key.text : absl::StrCat(key.node, ":", key.index));
    }
    if (missing.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("Attempted to map inputs that were not found in graph_def: [", absl::StrJoin(missing, ", "), "]"));
  }

  // A colocated node stands where the node does that it follows (H23).
  void FinishColocation() {
    if (!any_device_) return;
    for (int i : colocated_) {
      const std::string* device = nullptr;
      for (size_t c = first_colocation_[i]; c < colocations_.size() && colocations_[c].node == i; ++c) {
        const Node* other = new_nodes_[colocations_[c].with];
        if (!other->device().empty()) device = &other->device();
      }
      Node& node = *new_nodes_[i];
      if (device != nullptr && device != &node.device()) node.def_->set_device(*device);
      if (device == nullptr && !node.device().empty()) node.def_->set_device("");
    }
  }

  absl::Status FindReturnElements() {
    for (const std::string& text : options_.return_elements) {
      std::string name;
      int index = 0;
      if (!ParseElement(text, &name, &index))
        return absl::InvalidArgumentError(absl::StrCat("Cannot convert '", text, "' to a tensor name."));
      const bool tensor = absl::StrContains(text, ':');
      if (index < 0) index = 0;
      if (tensor) {
        if (auto it = by_key_.find({name, index}); it != by_key_.end()) {
          result_.elements.push_back({it->second->to.node, it->second->to.index});
          continue;
        }
      }
      const int at = edges_.Find(name);
      if (at < 0) {
        return absl::InvalidArgumentError(
            tensor ? absl::StrCat("Requested return tensor '", name, ":", index, "' not found in graph def")
                   : absl::StrCat("Requested return node '", name, "' not found in graph def"));
      }
      Node* node = new_nodes_[at];
      if (tensor && index >= node->num_outputs()) {
        return absl::InvalidArgumentError(absl::StrCat("Invalid return output ", index, " of node '", name,
                                                       "', which has ", node->num_outputs(), " output(s)"));
      }
      result_.elements.push_back({node, tensor ? index : -1});
    }
    return absl::OkStatus();
  }

  struct BackEdge {
    int to, input, from, output;
  };

  Graph& graph_;
  GraphDef& def_;
  const std::shared_ptr<GraphDef> owner_;
  std::vector<std::shared_ptr<NodeDef>> defs_;  // of def_; null once the node is made
  const ImportOptions& options_;
  ImportResult result_;
  bool keeps_names_ = false;
  std::vector<std::string> old_names_;  // of all, unless they are kept
  std::vector<const OpSignature*> signatures_;
  std::vector<bool> has_output_shapes_;  // the attr
  std::vector<Key> input_map_;
  std::map<std::pair<std::string, int>, Key*> by_key_;
  ImportEdges edges_;
  std::vector<Output> mapped_;
  struct Colocation {
    int node, with;  // positions in the GraphDef
  };
  std::vector<Colocation> colocations_;  // in the order of nodes
  std::vector<int> first_colocation_;    // of each node, -1: it has none; empty where no node has any
  std::vector<int> colocated_;           // nodes that have some, as they were made
  std::vector<Node*> new_nodes_;
  bool any_device_ = false;
  std::vector<std::string> new_names_;  // unless they are kept
  std::vector<Output> inputs_;          // of the node that is being added
  std::vector<Node*> controls_;
  std::vector<BackEdge> back_edges_;
  bool prefixes_read_ = false;
  absl::flat_hash_set<std::string> prefixes_, prefixes_of_def_;
};

absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, GraphDef&& graph_def, const ImportOptions& options) {
  return GraphImporter(graph, graph_def, nullptr, options).Run();
}

absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, std::shared_ptr<GraphDef> graph_def,
                                            const ImportOptions& options) {
  GraphDef& def = *graph_def;
  const bool on_arena = def.GetArena() != nullptr;
  return GraphImporter(graph, def, on_arena ? std::move(graph_def) : nullptr, options).Run();
}

absl::StatusOr<ImportResult> ImportGraphDef(Graph& graph, const GraphDef& graph_def, const ImportOptions& options) {
  GraphDef copy = graph_def;
  return GraphImporter(graph, copy, nullptr, options).Run();
}

}  // namespace tfpersist
