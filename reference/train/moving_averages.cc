#include "reference/train/moving_averages.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/train/nodes.h"
#include "reference/train/slot_creator.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {
namespace {

Output RefOf(const VariableOrTensor& x) {
  if (const Variable* v = std::get_if<Variable>(&x)) return v->ref();
  return std::get<Output>(x);
}

DataType DtypeOf(const VariableOrTensor& x) {
  if (const Variable* v = std::get_if<Variable>(&x)) return v->dtype();
  return BaseType(std::get<Output>(x).dtype());
}

Operand ToOperand(const VariableOrTensor& x) {
  if (const Variable* v = std::get_if<Variable>(&x)) return *v;
  return std::get<Output>(x);
}

// A name for a variable in the open variable scope that no global variable has: "biased", "biased_1", …
std::string UniqueVariable(Graph& graph, const std::string& name) {
  std::set<std::string> taken;
  for (const Variable& v : GlobalVariables(graph)) taken.insert(v.op_name());
  const std::string full = absl::StrCat(CurrentVariableScope(graph), "/", name);
  if (taken.count(full) == 0) return name;
  int i = 1;
  while (taken.count(absl::StrCat(full, "_", i)) != 0) ++i;
  return absl::StrCat(name, "_", i);
}

// What to subtract from `shadow` so that it becomes the bias-corrected average. `rate` is 1 - decay.
absl::StatusOr<Output> ZeroDebiasDelta(const Variable& shadow, const VariableOrTensor& value, Output rate) {
  Graph& graph = shadow.graph();
  VariableScope scope(graph, shadow.op_name());
  TFP_ASSIGN_OR_RETURN(Node * beside, ColocationNode(shadow));
  ColocateScope at(graph, beside);
  GetVariableOptions biased_options, step_options;
  {
    ControlDependencies none = ControlDependencies::Clear(graph);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, shadow.shape().AsTensorShape());
    TFP_ASSIGN_OR_RETURN(biased_options.initializer, Zeros(graph, shape, shadow.dtype()));
  }
  biased_options.trainable = step_options.trainable = false;
  step_options.shape = TensorShape();
  step_options.dtype = shadow.dtype();
  step_options.initializer = ZerosInitializer();
  TFP_ASSIGN_OR_RETURN(Variable biased, GetVariable(graph, UniqueVariable(graph, "biased"), biased_options));
  TFP_ASSIGN_OR_RETURN(Variable step, GetVariable(graph, UniqueVariable(graph, "local_step"), step_options));

  TFP_ASSIGN_OR_RETURN(Output gap, BinaryOp("Sub", "sub", biased, ToOperand(value)));
  TFP_ASSIGN_OR_RETURN(Output part, BinaryOp("Mul", "mul", gap, rate));
  AssignOptions named;
  named.name = CurrentVariableScope(graph);
  TFP_ASSIGN_OR_RETURN(Output updated, AssignVariable(AssignKind::kSub, biased, part, named));
  TFP_ASSIGN_OR_RETURN(Output stepped, AssignVariable(AssignKind::kAdd, step, Tensor::Scalar(1.0)));
  Node* const both[] = {updated.node, stepped.node};
  ControlDependencies after(graph, both);
  TFP_ASSIGN_OR_RETURN(Output now, biased.ReadValue());
  TFP_ASSIGN_OR_RETURN(Output decay, BinaryOp("Sub", "sub", 1.0, rate));
  TFP_ASSIGN_OR_RETURN(Output steps, step.ReadValue());
  TFP_ASSIGN_OR_RETURN(Output power, AddOpOutput(graph, "Pow", "Pow", {decay, steps}));
  TFP_ASSIGN_OR_RETURN(Output weight, BinaryOp("Sub", "sub", 1.0, power));
  TFP_ASSIGN_OR_RETURN(Output average, BinaryOp("RealDiv", "truediv", now, weight));
  return BinaryOp("Sub", "sub", shadow, average);
}

}  // namespace

absl::StatusOr<Output> AssignMovingAverage(const Variable& shadow, const VariableOrTensor& value,
                                           std::variant<Output, double> decay, bool zero_debias,
                                           const std::string& name) {
  Graph& graph = shadow.graph();
  NameScope scope(graph, name);
  TFP_ASSIGN_OR_RETURN(Node * beside, ColocationNode(shadow));
  ColocateScope at(graph, beside);
  Output rate;
  if (const double* number = std::get_if<double>(&decay)) {
    TFP_ASSIGN_OR_RETURN(Tensor scalar, ScalarOf(DT_FLOAT, 1.0 - *number));
    TFP_ASSIGN_OR_RETURN(rate, AddConstant(graph, scalar, "decay"));
  } else {
    TFP_ASSIGN_OR_RETURN(rate, BinaryOp("Sub", "sub", 1.0, std::get<Output>(decay)));
  }
  if (BaseType(rate.dtype()) != shadow.dtype()) {
    TFP_ASSIGN_OR_RETURN(rate, AddOpOutput(graph, "Cast", "Cast", {rate},
                                           {Attr::Type("DstT", shadow.dtype()), Attr::Bool("Truncate", false)}));
  }
  Output delta;
  if (zero_debias) {
    TFP_ASSIGN_OR_RETURN(delta, ZeroDebiasDelta(shadow, value, rate));
  } else {
    TFP_ASSIGN_OR_RETURN(Output gap, BinaryOp("Sub", "sub", shadow, ToOperand(value)));
    TFP_ASSIGN_OR_RETURN(delta, BinaryOp("Mul", "mul", gap, rate));
  }
  AssignOptions named;
  named.name = scope.scope();
  return AssignVariable(AssignKind::kSub, shadow, delta, named);
}

const ExponentialMovingAverage::Shadow* ExponentialMovingAverage::Find(const VariableOrTensor& of) const {
  const Output ref = RefOf(of);
  auto found = std::find_if(shadows_.begin(), shadows_.end(), [&](const Shadow& s) { return s.of == ref; });
  return found == shadows_.end() ? nullptr : &*found;
}

absl::StatusOr<Node*> ExponentialMovingAverage::Apply(Graph& graph) {
  const std::vector<Variable> trainable = TrainableVariables(graph);
  const std::vector<VariableOrTensor> list(trainable.begin(), trainable.end());
  return Apply(graph, list);
}

absl::StatusOr<Node*> ExponentialMovingAverage::Apply(const std::vector<Variable>& variables) {
  if (variables.empty())
    return absl::InvalidArgumentError("Apply() of an empty list needs the graph: Apply(graph, {}).");
  const std::vector<VariableOrTensor> list(variables.begin(), variables.end());
  return Apply(variables[0].graph(), list);
}

absl::StatusOr<Node*> ExponentialMovingAverage::Apply(Graph& graph, absl::Span<const VariableOrTensor> list) {
  for (const VariableOrTensor& x : list) {
    if (!RefOf(x)) {
      return graph.status().ok() ? absl::InvalidArgumentError("A variable to average names nothing.") : graph.status();
    }
    const DataType dtype = DtypeOf(x);
    if (dtype != DT_HALF && dtype != DT_FLOAT && dtype != DT_DOUBLE) {
      return absl::InvalidArgumentError(
          absl::StrCat("The variables must be half, float, or double: ", RefOf(x).name()));
    }
    if (Find(x) != nullptr) continue;
    // Shadows are made outside of whatever must run before the update.
    ControlDependencies none = ControlDependencies::Clear(graph);
    if (const Variable* v = std::get_if<Variable>(&x)) {
      TFP_ASSIGN_OR_RETURN(Output start, v->InitializedValue());
      TFP_ASSIGN_OR_RETURN(Variable shadow, CreateSlot(*v, start, options_.name));
      AddToCollection(kMovingAverageVariables, *v);
      shadows_.push_back({v->ref(), std::move(shadow), false});
    } else {
      TFP_ASSIGN_OR_RETURN(Variable shadow, CreateZerosSlot(std::get<Output>(x), options_.name));
      shadows_.push_back({std::get<Output>(x), std::move(shadow), options_.zero_debias});
    }
  }

  NameScope scope(graph, options_.name);
  TFP_ASSIGN_OR_RETURN(Tensor decay_value, ScalarOf(DT_FLOAT, decay_));
  TFP_ASSIGN_OR_RETURN(Output decay, AddConstant(graph, decay_value, "decay"));
  if (!std::holds_alternative<std::monostate>(options_.num_updates)) {
    Output n;
    {
      NameScope cast(graph, "num_updates");
      if (const Variable* v = std::get_if<Variable>(&options_.num_updates)) {
        TFP_ASSIGN_OR_RETURN(n, v->ValueForOp());
      } else if (const int* number = std::get_if<int>(&options_.num_updates)) {
        TFP_ASSIGN_OR_RETURN(n, AddConstant(graph, Tensor::Scalar<int32_t>(*number), "x"));
      } else {
        n = std::get<Output>(options_.num_updates);
      }
      if (BaseType(n.dtype()) != DT_FLOAT) {
        TFP_ASSIGN_OR_RETURN(n, AddOpOutput(graph, "Cast", cast.scope(), {n},
                                            {Attr::Type("DstT", DT_FLOAT), Attr::Bool("Truncate", false)}));
      }
    }
    TFP_ASSIGN_OR_RETURN(Output above, BinaryOp("Add", "add", 1.0, n));
    TFP_ASSIGN_OR_RETURN(Output below, BinaryOp("Add", "add", 10.0, n));
    TFP_ASSIGN_OR_RETURN(Output least, BinaryOp("RealDiv", "truediv", above, below));
    TFP_ASSIGN_OR_RETURN(decay, AddOpOutput(graph, "Minimum", "Minimum", {decay, least}));
  }
  std::vector<Node*> updates;
  for (const VariableOrTensor& x : list) {
    const Shadow* shadow = Find(x);
    TFP_ASSIGN_OR_RETURN(Output update, AssignMovingAverage(shadow->average, x, decay, shadow->zero_debias));
    updates.push_back(update.node);
  }
  return Group(graph, updates, scope.scope());
}

Variable ExponentialMovingAverage::Average(const VariableOrTensor& of) const {
  const Shadow* shadow = Find(of);
  return shadow == nullptr ? Variable() : shadow->average;
}

std::string ExponentialMovingAverage::AverageName(const VariableOrTensor& of) const {
  if (const Shadow* shadow = Find(of)) return shadow->average.op_name();
  const Output ref = RefOf(of);
  return ref ? ref.graph().UniqueName(absl::StrCat(ref.op_name(), "/", options_.name), /*mark_as_used=*/false) : "";
}

std::map<std::string, Variable> ExponentialMovingAverage::VariablesToRestore(
    Graph& graph, const std::optional<std::vector<Variable>>& given) const {
  std::vector<Variable> averaged;
  if (given.has_value()) {
    averaged = *given;
  } else {
    averaged = TrainableVariables(graph);
    for (Variable& v : MovingAverageVariables(graph)) averaged.push_back(std::move(v));
  }
  std::map<std::string, Variable> result;
  std::set<std::string> names;
  for (const Variable& v : averaged) {
    if (!names.insert(v.name()).second) continue;
    result[AverageName(v)] = v;
  }
  for (const Variable& v : GlobalVariables(graph)) {
    if (names.count(v.name()) == 0) result.emplace(v.op_name(), v);
  }
  return result;
}

}  // namespace tfpersist
