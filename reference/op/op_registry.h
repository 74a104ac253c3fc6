// The ops that the library knows: their signatures, and what follows from one for a node (default attrs, checks,
// types).
//
// The signatures stand in op_signatures.inc, one row each, and are parsed when first asked for, so that making a
// registry costs nothing. Thread-safe. Pointers that it gives live as long as the registry. Follows
// core/framework/{op,node_def_util,op_def_util}.cc; texts are TensorFlow 1.11.0's (errors H06, H12-H20).
#ifndef TFPERSIST_REFERENCE_OP_OP_REGISTRY_H_
#define TFPERSIST_REFERENCE_OP_OP_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "reference/base/mutex.h"
#include "reference/tensor/types.h"

namespace tensorflow {
class AttrValue;
class NodeDef;
class OpDef;
class OpDef_AttrDef;
}  // namespace tensorflow

namespace tfpersist {

// One op. `def` is what TensorFlow 1.11.0 has, or the first later version that has the op at all.
struct OpSignature {
  OpSignature();
  ~OpSignature();
  std::unique_ptr<tensorflow::OpDef> def;
  // "" for an op of 1.11.0, else "1.15" or "2.x".
  std::string since;
  // Attrs that later versions added: accepted in a graph, without default.
  std::vector<std::pair<std::string, tensorflow::OpDef_AttrDef>> later_attrs;  // version, attr
  // Dtypes that later versions allow for a type attr.
  std::vector<std::pair<std::string, std::vector<DataType>>> later_types;

  const tensorflow::OpDef_AttrDef* FindAttr(absl::string_view name) const;       // null: none
  const tensorflow::OpDef_AttrDef* FindLaterAttr(absl::string_view name) const;  // null: none
};

class OpRegistry {
 public:
  OpRegistry();
  ~OpRegistry();
  OpRegistry(const OpRegistry&) = delete;
  OpRegistry& operator=(const OpRegistry&) = delete;

  // NOT_FOUND "Op type not registered 'X' in binary running on HOST. …" (H20).
  absl::StatusOr<const OpSignature*> LookUp(absl::string_view op) const;
  // Every name, sorted.
  static std::vector<absl::string_view> Names();
  // A signature that the table lacks (a library function's).
  static std::unique_ptr<OpSignature> FromOpDef(const tensorflow::OpDef& def);

 private:
  mutable Mutex mu_;
  mutable absl::flat_hash_map<absl::string_view, std::unique_ptr<OpSignature>> parsed_ ABSL_GUARDED_BY(mu_);
};

// Fills in the defaults that `node` lacks.
void AddDefaultAttrs(const OpSignature& op, tensorflow::NodeDef* node);
// Every attr is the op's, of its kind, within its limits; none is missing. `node` shows in messages.
absl::Status ValidateAttrs(const OpSignature& op, const tensorflow::NodeDef& node);
// The same, and as many inputs as the op wants. Takes the inputs from `node`; their dtypes go to
// `input_types`.
absl::Status ValidateNodeDef(const OpSignature& op, const tensorflow::NodeDef& node, DataTypeVector* input_types);
// Dtypes of the inputs and outputs, lists flattened, reference types included. REQUIRES: nothing; checks what it reads.
absl::Status InputTypes(const OpSignature& op, const tensorflow::NodeDef& node, DataTypeVector* types);
absl::Status OutputTypes(const OpSignature& op, const tensorflow::NodeDef& node, DataTypeVector* types);
// Sets the attrs that follow from the inputs' dtypes and numbers (T, N, Tin), where `node` lacks them. An op with two
// lists needs one of the lengths given.
absl::Status InferAttrs(const OpSignature& op, absl::Span<const DataType> inputs, tensorflow::NodeDef* node);
// True when the attr holds its default.
bool IsDefault(const tensorflow::OpDef_AttrDef& attr, const tensorflow::AttrValue& value);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_OP_REGISTRY_H_
