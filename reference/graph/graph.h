// Graph: nodes, the tensors between them, collections, and the naming rules of TensorFlow 1.x's Python front.
//
// A graph is built by one thread and then read by many; a Session takes what has been added since its last run.
// Node pointers stay valid as long as the graph. Follows python/framework/ops.py (names, scopes, collections) and
// core/graph/graph_constructor.cc (checks at import).
//
// Errors while building: AddNode returns them. The short forms of graph/ops.h and train/ (Constant, operator+,
// Variable) return an Output without a node instead and keep the first error in status(); a Session reports it, and so
// does TakeStatus().
#ifndef TFPERSIST_REFERENCE_GRAPH_GRAPH_H_
#define TFPERSIST_REFERENCE_GRAPH_GRAPH_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/base/limits.h"
#include "reference/base/logger.h"
#include "reference/graph/collection.h"
#include "reference/tensor/tensor_shape.h"
#include "reference/tensor/types.h"

namespace tensorflow {
class AttrValue;
class FunctionDefLibrary;
class GraphDef;
class NodeDef;
class OpDef;
}  // namespace tensorflow

namespace tfpersist {

class Graph;
class Node;
class OpRegistry;    // reference/op/op_registry.h
struct OpSignature;  // reference/op/op_registry.h

// One output of a node. A value; false when it names nothing.
struct Output {
  Node* node = nullptr;
  int index = 0;

  explicit operator bool() const { return node != nullptr; }
  bool operator==(const Output& o) const { return node == o.node && index == o.index; }
  Graph& graph() const;
  std::string name() const;     // "add:0"
  std::string op_name() const;  // "add"
  DataType dtype() const;       // reference types included
  const PartialTensorShape& shape() const;
};

class Node {
 public:
  int id() const { return id_; }  // dense, in order of creation
  const std::string& name() const;
  const std::string& op() const;      // type: "Add"
  const std::string& device() const;  // as asked for, in TensorFlow's canonical spelling ("/device:CPU:0", "")
  const tensorflow::NodeDef& def() const { return *def_; }  // without inputs; Graph::ToGraphDef adds them
  // For what points into it and may outlive the graph.
  std::shared_ptr<const tensorflow::NodeDef> shared_def() const { return def_; }
  const tensorflow::OpDef& op_def() const;
  const OpSignature& signature() const { return *op_; }
  const tensorflow::AttrValue* attr(absl::string_view name) const;  // null: none

  absl::Span<const Output> inputs() const { return inputs_; }
  absl::Span<Node* const> control_inputs() const { return control_inputs_; }
  absl::Span<const DataType> input_types() const {
    return input_types_;
  }  // what the op wants, reference types included
  absl::Span<const DataType> output_types() const { return output_types_; }
  int num_outputs() const { return static_cast<int>(output_types_.size()); }
  const PartialTensorShape& output_shape(int i) const { return output_shapes_[i]; }
  Output output(int i) { return Output{this, i}; }
  Graph& graph() const { return *graph_; }

 private:
  friend class Graph;
  friend class GraphImporter;
  Node() = default;
  Graph* graph_ = nullptr;
  int id_ = -1;
  std::shared_ptr<tensorflow::NodeDef> def_;
  const OpSignature* op_ = nullptr;
  // Most nodes have few of each; a graph of 100,000 is made of few pieces of the heap.
  absl::InlinedVector<Output, 2> inputs_;
  std::vector<Node*> control_inputs_;
  DataTypeVector input_types_;
  DataTypeVector output_types_;
  ShapeVector output_shapes_;
};

struct GraphOptions {
  Logger* logger = nullptr;  // null: StderrLogger()
  Limits limits;
};

class Graph {
 public:
  explicit Graph(GraphOptions options = {});
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // ---- nodes ----
  // What AddNode needs; attrs that the op infers from its inputs (T, N, dtypes lists) may be left out.
  struct NodeSpec {
    std::string op;
    std::string name;  // wished for; made unique within the current name scope. Empty: the op's type. "name/" is exact.
    std::vector<Output> inputs;         // in the op's order, lists flattened
    std::vector<Node*> control_inputs;  // added to those of the open ControlDependencies
    std::map<std::string, tensorflow::AttrValue> attrs;
    std::string device;                      // empty: the open DeviceScope's
    std::vector<std::string> colocate_with;  // node names: _class = loc:@name
  };
  // NOT_FOUND unknown op; INVALID_ARGUMENT bad attrs, inputs, shapes; FAILED_PRECONDITION finalized graph. Texts as
  // TensorFlow's.
  absl::StatusOr<Node*> AddNode(NodeSpec spec);

  int num_nodes() const { return static_cast<int>(nodes_.size()); }
  Node* node(int id) const { return nodes_[id].get(); }
  Node* FindNode(absl::string_view name) const;  // null: none
  // "add:0", "^add" refused. Texts S15, S16.
  absl::StatusOr<Output> FindTensor(absl::string_view name) const;
  absl::StatusOr<Node*> FindOperation(absl::string_view name) const;
  uint64_t version() const { return nodes_.size(); }  // grows with every node

  // Connects an input of a node made earlier (the back edge of a loop, at import). Used by the importer.
  absl::Status SetInput(Node* node, int index, Output source);

  // ---- names and scopes (python/framework/ops.py) ----
  std::string UniqueName(absl::string_view name, bool mark_as_used = true);
  const std::string& current_scope() const { return scope_; }  // "" or "a/b"
  void Finalize() { finalized_ = true; }
  bool finalized() const { return finalized_; }

  // ---- collections, functions, versions ----
  Collections& collections() { return collections_; }
  const Collections& collections() const { return collections_; }
  tensorflow::FunctionDefLibrary& library() { return *library_; }
  const tensorflow::FunctionDefLibrary& library() const { return *library_; }
  int producer_version() const { return producer_version_; }
  void set_producer_version(int v) { producer_version_ = v; }
  int64_t seed = 0;  // graph-level random seed; 0 with has_seed false: none
  bool has_seed = false;

  // The whole graph, nodes in order of creation. add_shapes: with `_output_shapes`.
  tensorflow::GraphDef ToGraphDef(bool add_shapes = false) const;

  const OpRegistry& ops() const { return *ops_; }
  // The signature of an op or of a function of the library.
  absl::StatusOr<const OpSignature*> LookUpOp(absl::string_view op);
  Logger* logger() const { return options_.logger; }
  const Limits& limits() const { return options_.limits; }

  // What a layer above keeps with the graph: train/'s variable scopes. One slot.
  class Extension {
   public:
    virtual ~Extension() = default;
  };
  std::unique_ptr<Extension> extension;

  // ---- sticky status of the short forms ----
  const absl::Status& status() const { return status_; }
  void RecordError(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  absl::Status TakeStatus() { return std::exchange(status_, absl::OkStatus()); }

 private:
  friend class NameScope;
  friend class DeviceScope;
  friend class ColocateScope;
  friend class ControlDependencies;
  friend class GraphImporter;

  struct ControlFrame {
    std::vector<Node*> nodes;
    absl::flat_hash_set<const Node*> seen;  // nodes made under the frame: what reads them needs no edge of its own
  };

  // Adds a node whose definition is complete but for its inputs; by_name_ is left to the caller. A null input is a back
  // edge to come. Checks dtypes and shapes; the graph is unchanged on error.
  absl::StatusOr<Node*> Insert(std::shared_ptr<tensorflow::NodeDef> def, const OpSignature* op,
                               DataTypeVector input_types, absl::Span<const Output> inputs,
                               absl::Span<Node* const> control_inputs);
  absl::Status ApplyScopes(NodeSpec& spec, const OpSignature& op, tensorflow::NodeDef* def);
  std::vector<std::string> ColocationGroups(const std::string& name) const;
  void RemoveNodesFrom(int first);  // undoes a failed import

  GraphOptions options_;
  std::unique_ptr<OpRegistry> ops_;
  absl::flat_hash_map<std::string, std::unique_ptr<OpSignature>> function_ops_;
  std::vector<std::unique_ptr<Node>> nodes_;
  absl::flat_hash_map<absl::string_view, int> by_name_;  // the nodes' own names; ids
  absl::flat_hash_map<std::string, int> names_in_use_;   // lower-cased, as Python's unique_name has it
  std::vector<const Node*> imported_;                    // whose names UniqueName has not put there yet
  std::string scope_;
  std::vector<std::string> devices_;
  std::vector<std::string> colocations_;  // names of nodes
  std::vector<ControlFrame> control_dependencies_;
  Collections collections_;
  std::unique_ptr<tensorflow::FunctionDefLibrary> library_;
  int producer_version_ = 27;  // TensorFlow 1.11.0
  bool finalized_ = false;
  absl::Status status_;
};

// with tf.name_scope(name): … ; "" goes to the root, "name/" re-enters exactly, else the name is made unique.
class NameScope {
 public:
  NameScope(Graph& graph, absl::string_view name);
  ~NameScope();
  const std::string& scope() const { return scope_; }  // "a/b/" or ""

 private:
  Graph& graph_;
  std::string saved_, scope_;
};

// with tf.device(spec): … ; merged with outer specs. A bad spec is recorded in the graph's status (H28).
class DeviceScope {
 public:
  DeviceScope(Graph& graph, absl::string_view device);
  // with tf.device(None): … ; as if no device scope were open.
  DeviceScope(Graph& graph, std::nullptr_t);
  ~DeviceScope();

 private:
  Graph& graph_;
  bool pushed_ = false, cleared_ = false;
  std::vector<std::string> saved_;
};

// with ops.colocate_with(op): … ; ignore_existing as in TensorFlow.
class ColocateScope {
 public:
  ColocateScope(Graph& graph, const Node* node, bool ignore_existing = false);
  // The same for a node that is yet to be made (a variable's initializer stands before the variable): _class =
  // loc:@name. Where another colocation is open, that one holds and this does nothing, as with Python's attr_scope.
  ColocateScope(Graph& graph, absl::string_view name_of_node);
  ~ColocateScope();

 private:
  Graph& graph_;
  std::vector<std::string> saved_, saved_devices_;  // colocation is stronger than an open device scope
};

// with tf.control_dependencies(nodes): … ; clear = tf.control_dependencies(None).
class ControlDependencies {
 public:
  ControlDependencies(Graph& graph, absl::Span<Node* const> nodes);
  static ControlDependencies Clear(Graph& graph);
  ~ControlDependencies();

 private:
  ControlDependencies(Graph& graph, std::nullptr_t);
  ControlDependencies(const ControlDependencies&) = delete;
  Graph& graph_;
  bool pushed_ = false, cleared_ = false;
  std::vector<Graph::ControlFrame> saved_;  // when cleared
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_GRAPH_H_
