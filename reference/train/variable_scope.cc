#include "reference/train/variable_scope.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/train/nodes.h"

namespace tfpersist {
namespace {

struct Scope {
  std::string name;  // "a/b"; the root's is empty
  std::optional<bool> use_resource;
  bool reuse = false, auto_reuse = false;
  std::optional<Partitioner> partitioner;
  ShapeInitializer initializer;
};

// What variable_scope.py keeps per graph.
class Store : public Graph::Extension {
 public:
  std::vector<Scope> scopes = {Scope{}};
  std::map<std::string, int> counts;  // how often each variable scope has been opened
  std::map<std::string, Variable> variables;
  std::map<std::string, PartitionedVariable> partitioned;

  Scope& top() { return scopes.back(); }
  // Opening a scope forgets how often the scopes below it were opened, so that their unique names start anew.
  void CountScope(const std::string& name) { ++counts[name]; }
  void ForgetBelow(const std::string& name) {
    for (auto& [scope, count] : counts) {
      if (absl::StartsWith(scope, absl::StrCat(name, "/"))) count = 0;
    }
  }
};

Store& StoreOf(Graph& graph) {
  if (graph.extension == nullptr) graph.extension = std::make_unique<Store>();
  return static_cast<Store&>(*graph.extension);
}

const Scope* TopOf(const Graph& graph) {
  return graph.extension == nullptr ? nullptr : &static_cast<Store&>(*graph.extension).top();
}

std::string Join(const std::string& scope, absl::string_view name) {
  return scope.empty() ? std::string(name) : absl::StrCat(scope, "/", name);
}

}  // namespace

namespace {

// array_ops.zeros and ones: a Const for fewer than 1000 elements, else a Fill.
absl::StatusOr<Output> Filled(Graph& graph, const TensorShape& shape, const Tensor& scalar, const std::string& name) {
  if (shape.num_elements() < 1000) return AddConstant(graph, scalar, shape, name);
  NameScope scope(graph, name);
  const std::vector<int32_t> dims(shape.dims().begin(), shape.dims().end());
  TFP_ASSIGN_OR_RETURN(Output shape_node,
                       AddConstant(graph, Tensor::Of<int32_t>({shape.rank()}, dims), "shape_as_tensor"));
  TFP_ASSIGN_OR_RETURN(Output value, AddConstant(graph, scalar, "Const"));
  return AddOpOutput(graph, "Fill", scope.scope(), {shape_node, value}, {Attr::Type("index_type", DT_INT32)});
}

}  // namespace

ShapeInitializer ZerosInitializer() {
  return [](Graph& graph, const TensorShape& shape, DataType dtype) -> absl::StatusOr<Output> {
    if (dtype == DT_STRING) return Filled(graph, shape, Tensor::Scalar(std::string()), "zeros");
    TFP_ASSIGN_OR_RETURN(Tensor zero, ScalarOf(dtype, 0));
    return Filled(graph, shape, zero, "zeros");
  };
}
ShapeInitializer OnesInitializer() {
  return [](Graph& graph, const TensorShape& shape, DataType dtype) -> absl::StatusOr<Output> {
    TFP_ASSIGN_OR_RETURN(Tensor one, ScalarOf(dtype, 1));
    return Filled(graph, shape, one, "ones");
  };
}
ShapeInitializer ConstantInitializer(double value) {
  return [value](Graph& graph, const TensorShape& shape, DataType dtype) -> absl::StatusOr<Output> {
    TFP_ASSIGN_OR_RETURN(Tensor scalar, ScalarOf(dtype, value));
    return AddConstant(graph, scalar, shape, "Const");
  };
}

class VariableScope::Impl {
 public:
  Impl(Graph& graph, absl::string_view name, absl::string_view name_scope, VariableScopeOptions options)
      : graph_(graph) {
    Store& store = StoreOf(graph);
    Scope scope = store.top();
    if (!name_scope.empty()) name_scope_.emplace(graph, name_scope);
    scope.name = name.empty() ? scope.name : Join(scope.name, name);
    if (options.use_resource.has_value()) scope.use_resource = options.use_resource;
    if (options.partitioner.has_value()) scope.partitioner = options.partitioner;
    if (options.initializer) scope.initializer = std::move(options.initializer);
    if (options.reuse != Reuse::kInherit) {
      scope.reuse = options.reuse == Reuse::kTrue;
      scope.auto_reuse = options.reuse == Reuse::kAuto;
    }
    store.CountScope(scope.name);
    store.scopes.push_back(std::move(scope));
  }
  ~Impl() {
    Store& store = StoreOf(graph_);
    store.ForgetBelow(store.top().name);
    store.scopes.pop_back();
  }

 private:
  Graph& graph_;
  std::optional<NameScope> name_scope_;
};

VariableScope::VariableScope(Graph& graph, absl::string_view name, VariableScopeOptions options)
    : impl_(std::make_unique<Impl>(graph, name, name, std::move(options))) {}
VariableScope::VariableScope(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VariableScope::VariableScope(VariableScope&&) noexcept = default;
VariableScope::~VariableScope() = default;

VariableScope VariableScope::Unique(Graph& graph, absl::string_view default_name) {
  Store& store = StoreOf(graph);
  std::string name(default_name);
  for (int i = 1; store.counts[Join(store.top().name, name)] > 0; ++i) name = absl::StrCat(default_name, "_", i);
  return VariableScope(std::make_unique<Impl>(graph, name, default_name, VariableScopeOptions{}));
}

bool UsesResource(const Graph& graph) {
  const Scope* top = TopOf(graph);
  return top != nullptr && top->use_resource.value_or(false);
}

std::string CurrentVariableScope(const Graph& graph) {
  const Scope* top = TopOf(graph);
  return top == nullptr ? "" : top->name;
}

namespace {

// The name scope that variables of get_variable are made in: none, whatever is open.
struct RootScope {
  explicit RootScope(Graph& graph) : scope(graph, "") {}
  NameScope scope;
};

absl::StatusOr<Variable> GetSingle(Graph& graph, const std::string& full_name, const GetVariableOptions& options,
                                   std::optional<SaveSliceInfo> slice) {
  Store& store = StoreOf(graph);
  const Scope scope = store.top();
  if (auto found = store.variables.find(full_name); found != store.variables.end()) {
    const Variable& v = found->second;
    if (!scope.reuse && !scope.auto_reuse) {
      return absl::InvalidArgumentError(absl::StrCat("Variable ", full_name,
                                                     " already exists, disallowed. Did you mean to set reuse=True or "
                                                     "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:\n\n"));
    }
    if (options.shape.has_value() && !v.shape().IsCompatibleWith(*options.shape)) {
      return absl::InvalidArgumentError(absl::StrCat("Trying to share variable ", full_name, ", but specified shape ",
                                                     options.shape->DebugString(), " and found shape ",
                                                     v.shape().DebugString(), "."));
    }
    if (options.dtype != DT_INVALID && options.dtype != v.dtype()) {
      return absl::InvalidArgumentError(absl::StrCat("Trying to share variable ", full_name, ", but specified dtype ",
                                                     DataTypePythonName(options.dtype), " and found dtype ",
                                                     DataTypePythonName(v.dtype()), "."));
    }
    return v;
  }
  if (scope.reuse) {
    return absl::InvalidArgumentError(
        absl::StrCat("Variable ", full_name,
                     " does not exist, or was not created with tf.get_variable(). Did you mean to set "
                     "reuse=tf.AUTO_REUSE in VarScope?"));
  }

  const DataType dtype = options.dtype != DT_INVALID ? options.dtype : DT_FLOAT;
  Variable::InitialValue initial;
  if (const Tensor* value = std::get_if<Tensor>(&options.initializer)) {
    initial = *value;
  } else if (const Output* tensor = std::get_if<Output>(&options.initializer)) {
    initial = *tensor;
  } else {
    ShapeInitializer make = std::holds_alternative<ShapeInitializer>(options.initializer)
                                ? std::get<ShapeInitializer>(options.initializer)
                                : scope.initializer;
    if (!make) {
      if (MaskHas(kFloatTypes, dtype) || MaskHas(kComplexTypes, dtype)) {
        return absl::InvalidArgumentError(
            absl::StrCat("Variable ", full_name, " of dtype ", DataTypePythonName(dtype),
                         " needs an initializer: random initial values are not made here."));
      }
      make = ZerosInitializer();
    }
    if (!options.shape.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Shape of a new variable (", full_name, ") must be fully defined, but instead was <unknown>."));
    }
    initial = Variable::Initializer(
        [make, shape = *options.shape, dtype](Graph& g) -> absl::StatusOr<Output> { return make(g, shape, dtype); });
  }
  VariableOptions made;
  made.trainable = options.trainable;
  made.validate_shape = options.validate_shape;
  made.collections = options.collections;
  made.use_resource = options.use_resource.value_or(UsesResource(graph));
  made.dtype = options.dtype;
  made.slice = std::move(slice);
  RootScope root(graph);
  TFP_ASSIGN_OR_RETURN(Variable v, Variable::Create(graph, initial, full_name, made));
  store.variables[full_name] = v;
  return v;
}

}  // namespace

absl::StatusOr<Variable> GetVariable(Graph& graph, absl::string_view name, const GetVariableOptions& options) {
  return GetSingle(graph, Join(StoreOf(graph).top().name, name), options, std::nullopt);
}

absl::StatusOr<PartitionedVariable> GetPartitionedVariable(Graph& graph, absl::string_view name,
                                                           const GetVariableOptions& options) {
  Store& store = StoreOf(graph);
  const std::string full_name = Join(store.top().name, name);
  std::optional<Partitioner> cut = options.partitioner.has_value() ? options.partitioner : store.top().partitioner;
  if (!cut.has_value())
    return absl::InvalidArgumentError(absl::StrCat("No partitioner was specified for ", full_name, "."));
  if (auto found = store.partitioned.find(full_name); found != store.partitioned.end()) {
    if (store.top().reuse || store.top().auto_reuse) return found->second;
    return absl::InvalidArgumentError(
        absl::StrCat("Partitioned variable with name ", full_name,
                     " already exists. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?"));
  }
  const Tensor* value = std::get_if<Tensor>(&options.initializer);
  const Output* tensor = std::get_if<Output>(&options.initializer);
  PartitionedVariable result;
  result.name = full_name;
  if (value != nullptr) {
    result.shape = value->shape();
  } else if (tensor != nullptr) {
    if (!*tensor) return absl::InvalidArgumentError("initial_value must be specified.");
    TFP_ASSIGN_OR_RETURN(result.shape, tensor->shape().AsTensorShape());
  } else if (options.shape.has_value()) {
    result.shape = *options.shape;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("Shape of a new partitioned variable (", full_name,
                                                   ") must be fully defined, but instead was <unknown>."));
  }
  const int axis = cut->axis;
  if (axis < 0 || axis >= result.shape.rank() || cut->shards < 1 || result.shape.dim(axis) < cut->shards) {
    return absl::InvalidArgumentError(absl::StrCat("Variable ", full_name, " of shape ", result.shape.DebugString(),
                                                   " cannot be cut into ", cut->shards, " parts along dimension ", axis,
                                                   "."));
  }
  const int64_t least = result.shape.dim(axis) / cut->shards, longer = result.shape.dim(axis) % cut->shards;
  SaveSliceInfo slice{full_name,
                      {result.shape.dims().begin(), result.shape.dims().end()},
                      std::vector<int64_t>(result.shape.rank(), 0),
                      {}};
  for (int i = 0; i < cut->shards; ++i) {
    slice.var_shape = slice.full_shape;
    slice.var_shape[axis] = least + (i < longer ? 1 : 0);
    const std::string part_name = absl::StrCat(full_name, "/part_", i);
    GetVariableOptions part = options;
    TFP_ASSIGN_OR_RETURN(TensorShape part_shape, TensorShape::Create(slice.var_shape));
    if (value != nullptr || tensor != nullptr) {
      RootScope root(graph);
      NameScope scope(graph, absl::StrCat(part_name, "/PartitionedInitializer"));
      Output whole;
      if (tensor != nullptr) {
        whole = *tensor;
      } else {
        TFP_ASSIGN_OR_RETURN(Tensor cast, CastTensor(*value, options.dtype));
        TFP_ASSIGN_OR_RETURN(whole, AddConstant(graph, cast, "Const"));
      }
      NameScope inner(graph, "Slice");
      auto vector = [&](const std::vector<int64_t>& dims, const char* what) -> absl::StatusOr<Output> {
        std::vector<int32_t> v(dims.begin(), dims.end());
        return AddConstant(graph, Tensor::Of<int32_t>({static_cast<int64_t>(v.size())}, v), what);
      };
      TFP_ASSIGN_OR_RETURN(Output begin, vector(slice.var_offset, "begin"));
      TFP_ASSIGN_OR_RETURN(Output size, vector(slice.var_shape, "size"));
      TFP_ASSIGN_OR_RETURN(Output cut_out, AddOpOutput(graph, "Slice", inner.scope(), {whole, begin, size}));
      part.initializer = cut_out;
      part.shape.reset();
    } else {
      part.shape = part_shape;
    }
    TFP_ASSIGN_OR_RETURN(Variable v, GetSingle(graph, part_name, part, slice));
    result.dtype = v.dtype();
    result.parts.push_back(std::move(v));
    slice.var_offset[axis] += slice.var_shape[axis];
  }
  store.partitioned[full_name] = result;
  return result;
}

}  // namespace tfpersist
