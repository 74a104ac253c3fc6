#include "conformance/testees/opencv/graph_def.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace tfpersist::conform {
namespace {

// ---- the wire format ----

void PutVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void PutInt(int field, uint64_t value, std::string& out) {
  PutVarint(static_cast<uint64_t>(field) << 3, out);
  PutVarint(value, out);
}
void PutBytes(int field, absl::string_view value, std::string& out) {
  PutVarint(static_cast<uint64_t>(field) << 3 | 2, out);
  PutVarint(value.size(), out);
  out.append(value.data(), value.size());
}
void PutFloat(int field, float value, std::string& out) {
  PutVarint(static_cast<uint64_t>(field) << 3 | 5, out);
  char bytes[4];
  std::memcpy(bytes, &value, sizeof bytes);
  out.append(bytes, sizeof bytes);
}

bool TakeVarint(absl::string_view& in, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const unsigned char c = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    *value |= static_cast<uint64_t>(c & 0x7f) << shift;
    if (c < 0x80) return true;
  }
  return false;
}

// The next field; `bytes` is set for those of a length. False at the end and, with *bad set, where it is no message.
bool TakeField(absl::string_view& in, int* field, absl::string_view* bytes, bool* bad) {
  if (in.empty()) return false;
  *bad = true;
  uint64_t tag, value;
  if (!TakeVarint(in, &tag)) return false;
  *field = static_cast<int>(tag >> 3);
  *bytes = {};
  switch (tag & 7) {
    case 0:
      if (!TakeVarint(in, &value)) return false;
      break;
    case 1:
      if (in.size() < 8) return false;
      in.remove_prefix(8);
      break;
    case 2:
      if (!TakeVarint(in, &value) || value > in.size()) return false;
      *bytes = in.substr(0, value);
      in.remove_prefix(value);
      break;
    case 5:
      if (in.size() < 4) return false;
      in.remove_prefix(4);
      break;
    default:
      return false;
  }
  *bad = false;
  return true;
}

// ---- attrs ----

int DataTypeNumber(const std::string& name) {
  static constexpr const char* kNames[] = {"float32", "float64", "int32", "uint8", "int16",
                                           "int8",    "string",  "",      "int64", "bool"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<int>(i) + 1;
  }
  return name == "float16" ? 19 : 0;
}

std::string ShapeProto(const std::vector<int64_t>& dims) {
  std::string shape;
  for (int64_t dim : dims) {
    std::string one;
    PutInt(1, static_cast<uint64_t>(dim), one);
    PutBytes(2, one, shape);
  }
  return shape;
}

absl::StatusOr<std::string> TensorProto(const Json& literal) {
  const absl::StatusOr<DecodedTensor> tensor = DecodeTensor(literal, ".");
  if (!tensor.ok()) return tensor.status();
  const size_t width = tensor->dtype == "int64"                                                         ? 8
                       : tensor->dtype == "float32" || tensor->dtype == "int32"                         ? 4
                       : tensor->dtype == "bool" || tensor->dtype == "int8" || tensor->dtype == "uint8" ? 1
                                                                                                        : 0;
  if (width == 0) return absl::UnimplementedError(absl::StrCat("a constant of ", tensor->dtype));
  std::string content, proto;
  for (int64_t i = 0; i < tensor->elements(); ++i) {
    const uint64_t bits = tensor->bits[tensor->repeats ? 0 : i];
    content.append(reinterpret_cast<const char*>(&bits), width);
  }
  PutInt(1, DataTypeNumber(tensor->dtype), proto);
  PutBytes(2, ShapeProto(tensor->shape), proto);
  PutBytes(4, content, proto);
  return proto;
}

// An AttrValue; in a list the same kinds have their own numbers.
absl::StatusOr<std::string> AttrValue(const Json& attr, bool in_list) {
  std::string out;
  if (attr.contains("s") && attr["s"].is_string()) {
    PutBytes(2, StringOr(attr, "s"), out);
  } else if (attr.contains("i")) {
    PutInt(3, static_cast<uint64_t>(attr["i"].get<int64_t>()), out);
  } else if (attr.contains("f")) {
    PutFloat(4, std::strtof(StringOr(attr, "f").c_str(), nullptr), out);
  } else if (attr.contains("b")) {
    PutInt(5, attr["b"].get<bool>() ? 1 : 0, out);
  } else if (attr.contains("type")) {
    PutInt(6, DataTypeNumber(StringOr(attr, "type")), out);
  } else if (attr.contains("shape") && attr["shape"].is_array()) {
    PutBytes(7, ShapeProto(attr["shape"].get<std::vector<int64_t>>()), out);
  } else if (attr.contains("tensor")) {
    absl::StatusOr<std::string> tensor = TensorProto(attr["tensor"]);
    if (!tensor.ok()) return tensor.status();
    PutBytes(8, *tensor, out);
  } else if (attr.contains("list") && !in_list) {
    std::string list;
    for (const Json& item : attr["list"]) {
      const absl::StatusOr<std::string> one = AttrValue(item, true);
      if (!one.ok()) return one.status();
      list += *one;
    }
    PutBytes(1, list, out);
  } else {
    return absl::UnimplementedError(absl::StrCat("an attr like ", Dump(attr)));
  }
  return out;
}

}  // namespace

std::string NodeOf(absl::string_view input) {
  if (!input.empty() && input.front() == '^') input.remove_prefix(1);
  return std::string(input.substr(0, input.find(':')));
}

absl::StatusOr<std::vector<GraphNode>> ReadGraphDef(absl::string_view bytes) {
  std::vector<GraphNode> nodes;
  int field;
  absl::string_view value;
  bool bad = false;
  while (TakeField(bytes, &field, &value, &bad)) {
    if (field != 1) continue;
    GraphNode node;
    node.bytes = std::string(value);
    absl::string_view left = value, text;
    while (TakeField(left, &field, &text, &bad)) {
      if (field == 1) node.name = std::string(text);
      if (field == 2) node.op = std::string(text);
      if (field == 3) node.inputs.emplace_back(text);
    }
    if (bad) break;
    nodes.push_back(std::move(node));
  }
  if (bad) return absl::InvalidArgumentError("Error parsing message: this is no GraphDef");
  return nodes;
}

absl::StatusOr<GraphNode> MakeNode(const std::string& name, const std::string& op, std::vector<std::string> inputs,
                                   const Json& attrs) {
  GraphNode node{name, op, std::move(inputs), ""};
  PutBytes(1, name, node.bytes);
  PutBytes(2, op, node.bytes);
  for (const std::string& input : node.inputs) PutBytes(3, input, node.bytes);
  for (const auto& [key, attr] : attrs.items()) {
    const absl::StatusOr<std::string> value = AttrValue(attr, false);
    if (!value.ok()) return value.status();
    std::string entry;
    PutBytes(1, key, entry);
    PutBytes(2, *value, entry);
    PutBytes(5, entry, node.bytes);
  }
  return node;
}

absl::StatusOr<std::string> Subgraph(const std::vector<GraphNode>& nodes, const std::string& fetch,
                                     std::vector<const GraphNode*>* kept) {
  std::map<std::string, const GraphNode*> by_name;
  for (const GraphNode& node : nodes) by_name[node.name] = &node;
  std::set<const GraphNode*> needed;
  std::vector<std::string> open = {NodeOf(fetch)};
  while (!open.empty()) {
    const auto found = by_name.find(open.back());
    if (found == by_name.end()) return absl::NotFoundError(absl::StrCat("there is no node ", open.back()));
    open.pop_back();
    if (!needed.insert(found->second).second) continue;
    for (const std::string& input : found->second->inputs) open.push_back(NodeOf(input));
  }
  std::string graph, versions;
  kept->clear();
  for (const GraphNode& node : nodes) {
    if (needed.count(&node) == 0) continue;
    PutBytes(1, node.bytes, graph);
    kept->push_back(&node);
  }
  PutInt(1, 27, versions);  // TensorFlow 1.11.0's
  PutBytes(4, versions, graph);
  return graph;
}

}  // namespace tfpersist::conform
