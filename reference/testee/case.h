// One case of the suite while it runs: its graphs, its handles, its log.
//
// Made fresh for every case and dropped after it; one thread. Steps run in order; a failed one does not stop the
// others.
#ifndef TFPERSIST_REFERENCE_TESTEE_CASE_H_
#define TFPERSIST_REFERENCE_TESTEE_CASE_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "reference/base/logger.h"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/testee/args.h"
#include "reference/tfpersist.h"

namespace tensorflow {
class GraphDef;
class MetaGraphDef;
class SaverDef;
}  // namespace tensorflow

namespace tfpersist::testee {

// What a collection or import_graph_def's return_elements give.
using Item = std::variant<Output, Node*, Variable>;
using ItemList = std::vector<Item>;
using VariableMap = std::map<std::string, Variable>;
using Handle =
    std::variant<Output, Node*, Variable, PartitionedVariable, ItemList, VariableMap, Graph*, std::shared_ptr<Session>,
                 std::shared_ptr<Saver>, std::shared_ptr<ExponentialMovingAverage>, std::shared_ptr<CheckpointReader>,
                 std::shared_ptr<tensorflow::GraphDef>, std::shared_ptr<const tensorflow::MetaGraphDef>,
                 std::shared_ptr<const tensorflow::SaverDef>>;

class Case : private Logger {
 public:
  Case();
  ~Case() override;

  // The answers to the steps of a case, or of a block inside one.
  Json Run(const Json& one_case);
  Json RunSteps(const Json& steps);
  // The answers of the block that the current step holds; they go into its own answer.
  void RunBlock(const Args& args);

  // ---- graphs ----
  Graph& graph() { return *default_graphs_.back(); }  // the default graph
  Graph& NewGraph();
  void PushGraph(Graph& graph) { default_graphs_.push_back(&graph); }
  void PopGraph() { default_graphs_.pop_back(); }
  Logger* logger() { return this; }
  std::function<double()> Clock();  // seconds since 1970, moved by AdvanceClock
  void AdvanceClock(double hours) { *clock_offset_ += 3600 * hours; }
  std::function<std::string()> NewFile();  // names for tensors that travel as files

  // ---- handles ----
  // To the step's `as`, if it has one. A list binds its items to name[0], name[1], … too; a list of names takes them
  // one by one.
  void Bind(const Args& args, Handle handle);
  // Null if `json` is no string or names no handle; SkipStatus if an earlier, failed step should have made it.
  absl::StatusOr<const Handle*> Find(const Json& json) const;

  // The object behind an argument. INVALID_ARGUMENT if the handle is of another kind.
  template <typename T>
  absl::StatusOr<T> Get(const Args& args, const char* key, absl::string_view wanted) const;

  // Where a tensor is wanted: a handle, a name in the default graph, or a literal (a new constant). A variable stands
  // for its value (as an op's input), an operation for its first output.
  absl::StatusOr<Output> Input(const Json& json, absl::string_view where);
  // What a run fetches or feeds: a variable stands for its graph element.
  using Element = std::variant<Output, Node*>;
  absl::StatusOr<Element> GraphElement(Graph& graph, const Json& json, absl::string_view where);
  absl::StatusOr<Node*> Operation(const Json& json, absl::string_view where);
  absl::StatusOr<Variable> VariableOf(const Json& json, absl::string_view where);
  // The argument `input_map`; an operation stands for itself ("^a").
  absl::StatusOr<std::map<std::string, Output>> InputMap(const Args& args);
  // The GraphDef behind an argument; absent: the default graph's.
  absl::StatusOr<std::shared_ptr<tensorflow::GraphDef>> GraphDefOf(const Args& args, const char* key = "graph_def");

 private:
  void Log(LogLevel level, absl::string_view text) override;
  Json RunStep(const Json& step);
  void BindOne(const std::string& name, Handle handle);

  std::vector<std::unique_ptr<Graph>> graphs_;  // outlive everything below
  std::vector<Graph*> default_graphs_;
  absl::flat_hash_map<std::string, Handle> handles_;
  std::set<std::string> missing_;  // handles that failed steps should have made
  std::shared_ptr<double> clock_offset_ = std::make_shared<double>(0);
  int files_ = 0;
  Json log_ = Json::array();
  Json block_;  // answers of the current step's block; null: none
};

// What a step answers that needs a handle which a failed step should have made.
absl::Status SkipStatus(absl::string_view handle);
bool IsSkip(const absl::Status& status);

template <typename T>
absl::StatusOr<T> Case::Get(const Args& args, const char* key, absl::string_view wanted) const {
  absl::StatusOr<const Handle*> handle = Find(args.Get(key));
  if (!handle.ok()) return handle.status();
  if (*handle != nullptr) {
    if (const T* object = std::get_if<T>(*handle)) return *object;
  }
  return BadArgument(key, wanted, args.Get(key));
}

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_CASE_H_
