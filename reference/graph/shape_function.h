// What the shape functions of shape_inference_{array,math,nn,state}.cc share. Each file has one table, op to function.
#ifndef TFPERSIST_REFERENCE_GRAPH_SHAPE_FUNCTION_H_
#define TFPERSIST_REFERENCE_GRAPH_SHAPE_FUNCTION_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "reference/base/status.h"
#include "reference/graph/shape_inference.h"
#include "reference/proto/attr_value.pb.h"

namespace tfpersist::shape_function {

using Shape = PartialTensorShape;
using Dims = std::vector<int64_t>;

constexpr int kMaxDepth = 24;       // of a walk through the graph
constexpr int64_t kMaxKnown = 254;  // elements of a vector that matters as a shape
constexpr int64_t kMaxElements = INT64_MAX;
constexpr int64_t kNoValue = INT64_MIN;  // among known integers, one that is not known

inline Shape Unknown() { return Shape(); }
inline Shape UnknownOfRank(int64_t rank) { return Shape(Dims(rank, -1)); }
// Negative dimensions are unknown ones.
Shape Of(Dims dims);

// What a shape function sees.
struct Context {
  const Node& node;
  ShapeVector& out;

  int num_inputs() const { return static_cast<int>(node.inputs().size()); }
  Shape in(int i) const {
    if (i >= num_inputs() || !node.inputs()[i]) return Unknown();
    return node.inputs()[i].shape();
  }
  // The integers of an input where all are known.
  std::optional<Dims> ints(int i) const {
    std::optional<Dims> known = some_ints(i);
    if (known && std::find(known->begin(), known->end(), kNoValue) != known->end()) return std::nullopt;
    return known;
  }
  // The same where at least their number is: kNoValue for those that are not known. Taken as a shape, it is unknown.
  std::optional<Dims> some_ints(int i) const {
    if (i >= num_inputs() || !node.inputs()[i]) return std::nullopt;
    return KnownIntegers(node.inputs()[i]);
  }
  int64_t IntAttr(const char* name, int64_t otherwise) const {
    const auto* a = node.attr(name);
    return a == nullptr ? otherwise : a->i();
  }
  bool BoolAttr(const char* name) const {
    const auto* a = node.attr(name);
    return a != nullptr && a->b();
  }
  std::string StringAttr(const char* name) const {
    const auto* a = node.attr(name);
    return a == nullptr ? "" : a->s();
  }
  Shape ShapeAttr(const char* name) const {
    const auto* a = node.attr(name);
    if (a == nullptr) return Unknown();
    absl::StatusOr<Shape> s = Shape::FromProto(a->shape());
    return s.ok() ? *s : Unknown();
  }
  absl::Status Fail(const std::string& what) const {
    std::vector<std::string> shapes;
    shapes.reserve(num_inputs());
    for (int i = 0; i < num_inputs(); ++i) shapes.push_back(in(i).unknown_rank() ? "<unknown>" : in(i).DebugString());
    return absl::InvalidArgumentError(absl::StrCat(what, " for '", node.name(), "' (op: '", node.op(),
                                                   "') with input shapes: ", absl::StrJoin(shapes, ", "), "."));
  }
};
using ShapeFn = absl::Status (*)(Context&);

// Ops with one function, their names with spaces between.
struct Row {
  ShapeFn fn;
  absl::string_view ops;
};
absl::Span<const Row> ArrayRows();
absl::Span<const Row> MathRows();
absl::Span<const Row> NnRows();
absl::Span<const Row> StateRows();

// ---- pieces ----

// "Dimensions must be equal, but are 3 and 2" unless one is unknown or they are.
absl::Status MergeDim(const Context& c, int64_t a, int64_t b, int64_t* merged);
// "Shape must be rank 2 but is rank 3" unless it is, or unknown.
absl::Status WithRank(const Context& c, Shape s, int rank, Shape* result);
// Output 0 has the shape of inputs a and b, which must agree.
absl::Status Merged(Context& c, int a, int b);
// -1: unknown, also on overflow.
int64_t Product(absl::Span<const int64_t> dims);
// Element i of a list attr.
int64_t ListAttr(const Context& c, const char* name, int i, int64_t otherwise);
// Output 0 has the shape whose sizes input i holds.
absl::Status ShapeFromInput(Context& c, int i);
// The variable behind a resource handle, through the ops that pass it on.
Shape HandleShape(Output handle);
// One dimension of a strided slice: how many elements. -1 where anything is unknown.
int64_t StridedSize(int64_t dim, int64_t begin, int64_t end, int64_t stride, bool begin_masked, bool end_masked);

// ---- functions of many ops ----

absl::Status Unchanged(Context& c);       // every output as input 0
absl::Status UnchangedFirst(Context& c);  // output 0 as input 0
absl::Status Scalars(Context& c);
absl::Status VectorOfUnknown(Context& c);  // every output a vector
absl::Status FillShape(Context& c);        // output 0 of the shape that input 0 holds

}  // namespace tfpersist::shape_function

#endif  // TFPERSIST_REFERENCE_GRAPH_SHAPE_FUNCTION_H_
