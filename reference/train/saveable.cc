#include "reference/train/saveable.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/train/nodes.h"

namespace tfpersist {

VarList::VarList(const std::vector<Variable>& list) : given_(true) {
  for (const Variable& v : list) items_.emplace_back("", v);
}
VarList::VarList(const std::map<std::string, Variable>& map) : given_(true), is_map_(true) {
  for (const auto& [key, v] : map) items_.emplace_back(key, v);
}
VarList VarList::List(std::vector<Item> items) {
  VarList list;
  list.given_ = true;
  for (Item& item : items) list.items_.emplace_back("", std::move(item));
  return list;
}
VarList VarList::Map(std::vector<std::pair<std::string, Item>> items) {
  VarList list;
  list.given_ = list.is_map_ = true;
  list.items_ = std::move(items);
  return list;
}

namespace {

// A tensor as Python prints one: Tensor("c:0", shape=(2, ?), dtype=float32).
std::string PythonTensor(Output o) {
  std::string shape = o.shape().unknown_rank() ? "<unknown>" : "(";
  if (!o.shape().unknown_rank()) {
    for (int i = 0; i < o.shape().rank(); ++i) {
      absl::StrAppend(&shape, i == 0 ? "" : ", ", o.shape().dim(i) < 0 ? "?" : absl::StrCat(o.shape().dim(i)));
    }
    absl::StrAppend(&shape, o.shape().rank() == 1 ? ",)" : ")");
  }
  return absl::StrCat("Tensor(\"", o.name(), "\", shape=", shape, ", dtype=", DataTypePythonName(BaseType(o.dtype())),
                      IsRefType(o.dtype()) ? "_ref" : "", ")");
}

bool IsRefVariableOp(const std::string& op) {
  return op == "Variable" || op == "VariableV2" || op == "AutoReloadVariable";
}

absl::StatusOr<Output> Reshaped(Graph& graph, Output value, absl::Span<const RestoreShape> shapes) {
  if (shapes.empty()) return value;
  NameScope scope(graph, "Reshape");
  Output shape;
  if (const TensorShape* known = std::get_if<TensorShape>(&shapes[0])) {
    std::vector<int32_t> dims(known->dims().begin(), known->dims().end());
    TFP_ASSIGN_OR_RETURN(shape, AddConstant(graph, Tensor::Of<int32_t>({known->rank()}, dims), "shape"));
  } else {
    shape = std::get<Output>(shapes[0]);
  }
  return AddOpOutput(graph, "Reshape", scope.scope(), {value, shape});
}

class RefVariableSaveable : public SaveableObject {
 public:
  RefVariableSaveable(Output ref, Output saved, std::string slice_spec, std::string name)
      : SaveableObject(ref,
                       {SaveSpec{[saved]() -> absl::StatusOr<Output> { return saved; }, std::move(slice_spec), name,
                                 BaseType(ref.dtype())}},
                       name) {}

  absl::StatusOr<Node*> Restore(absl::Span<const Output> restored,
                                absl::Span<const RestoreShape> shapes) const override {
    Graph& graph = op().graph();
    TFP_ASSIGN_OR_RETURN(Output value, Reshaped(graph, restored[0], shapes));
    return AddOp(graph, "Assign", "Assign", {op(), value},
                 {Attr::Bool("use_locking", true),
                  Attr::Bool("validate_shape", shapes.empty() && op().shape().IsFullyDefined())});
  }
};

class ResourceVariableSaveable : public SaveableObject {
 public:
  ResourceVariableSaveable(Output handle, std::function<absl::StatusOr<Output>()> read, DataType dtype,
                           std::string device, std::string slice_spec, std::string name)
      : SaveableObject(handle, {SaveSpec{std::move(read), std::move(slice_spec), name, dtype}}, name),
        dtype_(dtype),
        variable_device_(std::move(device)) {}

  absl::StatusOr<Node*> Restore(absl::Span<const Output> restored,
                                absl::Span<const RestoreShape> shapes) const override {
    Graph& graph = op().graph();
    TFP_ASSIGN_OR_RETURN(Output value, Reshaped(graph, restored[0], shapes));
    DeviceScope at(graph, variable_device_);
    TFP_ASSIGN_OR_RETURN(Output local, AddOpOutput(graph, "Identity", "Identity", {value}));
    return AddOp(graph, "AssignVariableOp", "AssignVariableOp", {op(), local}, {Attr::Type("dtype", dtype_)});
  }

 private:
  DataType dtype_;
  std::string variable_device_;
};

using Saveables = std::vector<std::shared_ptr<const SaveableObject>>;

std::shared_ptr<const SaveableObject> SaveableOfSlice(const Variable& v, const std::string& name) {
  const std::string spec = v.slice()->spec();
  if (!v.is_resource()) return std::make_shared<RefVariableSaveable>(v.ref(), v.snapshot(), spec, name);
  auto read = [v]() -> absl::StatusOr<Output> {
    Output value;
    {
      DeviceScope at(v.graph(), v.device());
      TFP_ASSIGN_OR_RETURN(value, v.ReadValue());
    }
    DeviceScope host(v.graph(), "/device:CPU:0");
    return AddOpOutput(v.graph(), "Identity", "Identity", {value});
  };
  return std::make_shared<ResourceVariableSaveable>(v.ref(), read, v.dtype(), v.device(), spec, name);
}

// The tensor that stands for an object: a reference variable's ref, a resource variable's read.
Output ElementOf(const VarList::Item& item) {
  if (const Variable* v = std::get_if<Variable>(&item)) return v->graph_element();
  return std::get<Output>(item);
}

bool IsVariableTensor(Output o) {
  const std::string& op = o.node->op();
  return IsRefVariableOp(op) || op == "VarHandleOp" || op == "ReadVariableOp";
}

std::string Printed(const std::variant<Variable, Output>& x) {
  if (const Variable* v = std::get_if<Variable>(&x)) return v->DebugString();
  return PythonTensor(std::get<Output>(x));
}

absl::Status AddSlices(const VarList::Slices& slices, const std::string& name, Saveables* out) {
  std::string full_name;
  for (const std::variant<Variable, Output>& slice : slices) {
    const Variable* v = std::get_if<Variable>(&slice);
    if (v == nullptr) return absl::InvalidArgumentError(absl::StrCat("Slices must all be Variables: ", Printed(slice)));
    if (!v->slice().has_value())
      return absl::InvalidArgumentError(absl::StrCat("Slices must all be slices: ", Printed(slice)));
    if (full_name.empty()) full_name = v->slice()->full_name;
    if (full_name != v->slice()->full_name) {
      return absl::InvalidArgumentError(
          absl::StrCat("Slices must all be from the same tensor: ", full_name, " != ", v->slice()->full_name));
    }
    out->push_back(SaveableOfSlice(*v, name));
  }
  return absl::OkStatus();
}

absl::Status AddTensor(Output element, const std::string& name, Saveables* out) {
  if (!IsVariableTensor(element)) {
    return absl::InvalidArgumentError(
        absl::StrCat("names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: ",
                     PythonTensor(element)));
  }
  if (IsRefVariableOp(element.node->op())) {
    out->push_back(std::make_shared<RefVariableSaveable>(element, element, "", name));
    return absl::OkStatus();
  }
  if (element.node->op() == "VarHandleOp") {
    return absl::InvalidArgumentError(absl::StrCat(
        "Variable to save is a resource's handle; give the variable or its read: ", PythonTensor(element)));
  }
  const Output handle = element.node->inputs()[0];
  auto read = [element]() -> absl::StatusOr<Output> { return element; };
  out->push_back(std::make_shared<ResourceVariableSaveable>(handle, read, BaseType(element.dtype()),
                                                            element.node->device(), "", name));
  return absl::OkStatus();
}

std::string NameForOrder(const VarList::Item& item) {
  struct Visitor {
    std::string operator()(const Variable& v) const { return v.name(); }
    std::string operator()(const Output& o) const { return o.name(); }
    std::string operator()(const PartitionedVariable& p) const { return p.name; }
    std::string operator()(const VarList::Slices&) const { return ""; }
    std::string operator()(const std::shared_ptr<const SaveableObject>& s) const { return s->name(); }
  };
  return std::visit(Visitor(), item);
}

bool NamesNothing(const VarList::Item& item) {
  if (const Variable* v = std::get_if<Variable>(&item)) return !*v;
  if (const Output* o = std::get_if<Output>(&item)) return !*o;
  if (const auto* s = std::get_if<std::shared_ptr<const SaveableObject>>(&item)) return *s == nullptr;
  return false;
}

absl::StatusOr<std::map<std::string, VarList::Item>> ListToMap(const VarList& list) {
  std::vector<VarList::Item> items;
  for (const auto& [key, item] : list.items()) items.push_back(item);
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& a, const auto& b) { return NameForOrder(a) < NameForOrder(b); });
  std::map<std::string, VarList::Item> map;
  auto twice = [](const std::string& name) {
    return absl::InvalidArgumentError(absl::StrCat("At least two variables have the same name: ", name));
  };
  for (const VarList::Item& item : items) {
    if (const auto* object = std::get_if<std::shared_ptr<const SaveableObject>>(&item)) {
      map[(*object)->name()] = item;
      continue;
    }
    if (const auto* partitioned = std::get_if<PartitionedVariable>(&item)) {
      if (!map.emplace(partitioned->name, item).second) return twice(partitioned->name);
      continue;
    }
    if (std::holds_alternative<VarList::Slices>(item)) {
      return absl::InvalidArgumentError(
          "Variables to save should be passed in a dict or a list: a list in a list is neither.");
    }
    if (const Variable* v = std::get_if<Variable>(&item); v != nullptr && v->slice().has_value()) {
      auto [it, added] = map.emplace(v->slice()->full_name, VarList::Slices{*v});
      if (added) continue;
      auto* slices = std::get_if<VarList::Slices>(&it->second);
      if (slices == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("Mixing slices and non-slices with the same name: ", it->first));
      }
      slices->push_back(*v);
      continue;
    }
    const Output element = ElementOf(item);
    if (!IsVariableTensor(element)) {
      return absl::InvalidArgumentError(absl::StrCat("Variable to save is not a Variable: ", PythonTensor(element)));
    }
    const std::string name =
        element.node->op() == "ReadVariableOp" ? element.node->inputs()[0].op_name() : element.op_name();
    if (!map.emplace(name, element).second) return twice(name);
  }
  return map;
}

}  // namespace

absl::StatusOr<Saveables> SaveablesOf(const VarList& list) {
  for (const auto& [key, item] : list.items()) {
    if (NamesNothing(item))
      return absl::InvalidArgumentError(absl::StrCat("Variable to save names nothing", key.empty() ? "." : ": ", key));
  }
  std::map<std::string, VarList::Item> map;
  if (list.is_map()) {
    for (const auto& [key, item] : list.items()) map[key] = item;
  } else {
    TFP_ASSIGN_OR_RETURN(map, ListToMap(list));
  }
  Saveables all;
  for (const auto& [name, item] : map) {
    if (const auto* object = std::get_if<std::shared_ptr<const SaveableObject>>(&item)) {
      all.push_back(*object);
    } else if (const auto* partitioned = std::get_if<PartitionedVariable>(&item)) {
      TFP_RETURN_IF_ERROR(AddSlices({partitioned->parts.begin(), partitioned->parts.end()}, name, &all));
    } else if (const auto* slices = std::get_if<VarList::Slices>(&item)) {
      TFP_RETURN_IF_ERROR(AddSlices(*slices, name, &all));
    } else {
      TFP_RETURN_IF_ERROR(AddTensor(ElementOf(item), name, &all));
    }
  }
  std::set<std::pair<Node*, int>> seen;
  for (const auto& saveable : all) {
    if (!seen.emplace(saveable->op().node, saveable->op().index).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("The same saveable will be restored with two names: ", saveable->name()));
    }
  }
  return all;
}

std::vector<Variable> AllSaveableVariables(const Graph& graph) {
  std::vector<Variable> all = GlobalVariables(graph);
  for (Variable& v : VariablesIn(graph, kSaveableObjects)) all.push_back(std::move(v));
  return all;
}

}  // namespace tfpersist
