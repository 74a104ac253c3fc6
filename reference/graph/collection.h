// A graph's collections: named lists of tensors, operations, serialized objects and plain values.
//
// What an item is decides its CollectionDef kind at export (semantics M05-M07): a name of a tensor or an operation goes
// to node_list; bytes, and objects with a proto form (VariableDef, SaverDef, …), to bytes_list; and so on.
#ifndef TFPERSIST_REFERENCE_GRAPH_COLLECTION_H_
#define TFPERSIST_REFERENCE_GRAPH_COLLECTION_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace tfpersist {

// Names of the standard collections (python/framework/ops.py, GraphKeys).
inline constexpr char kGlobalVariables[] = "variables";
inline constexpr char kLocalVariables[] = "local_variables";
inline constexpr char kModelVariables[] = "model_variables";
inline constexpr char kTrainableVariables[] = "trainable_variables";
inline constexpr char kMovingAverageVariables[] = "moving_average_variables";
inline constexpr char kMetricVariables[] = "metric_variables";
inline constexpr char kSavers[] = "savers";
inline constexpr char kSaveableObjects[] = "saveable_objects";
inline constexpr char kTrainOp[] = "train_op";
inline constexpr char kSummaries[] = "summaries";

// "v:0" or "init": a tensor or operation of the graph.
struct NodeName {
  std::string name;
  bool operator==(const NodeName& o) const { return name == o.name; }
};
// A variable, as its serialized VariableDef. Two collections that hold the same bytes hold the same variable (M14).
struct VariableBytes {
  std::string def;
  bool operator==(const VariableBytes& o) const { return def == o.def; }
};
// Any other object with a proto form (SaverDef, QueueRunnerDef, CondContextDef, …), serialized.
struct ProtoBytes {
  std::string bytes;
  bool operator==(const ProtoBytes& o) const { return bytes == o.bytes; }
};
// A serialized google.protobuf.Any.
struct AnyBytes {
  std::string any;
  bool operator==(const AnyBytes& o) const { return any == o.any; }
};

using CollectionItem = std::variant<NodeName, VariableBytes, ProtoBytes, AnyBytes, std::string, int64_t, float>;
using Collections = std::map<std::string, std::vector<CollectionItem>>;

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_COLLECTION_H_
