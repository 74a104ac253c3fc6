// Moving averages (PROTOCOL.md 5).
#include "reference/base/status.h"
#include "reference/testee/case.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

using EmaPtr = std::shared_ptr<ExponentialMovingAverage>;

absl::StatusOr<EmaPtr> EmaOf(Case& c, const Args& args) { return c.Get<EmaPtr>(args, "ema", "moving averages"); }

absl::StatusOr<VariableOrTensor> VariableOrTensorOf(Case& c, const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(json));
  if (handle != nullptr) {
    if (const auto* variable = std::get_if<Variable>(handle)) return VariableOrTensor(*variable);
  }
  TFP_ASSIGN_OR_RETURN(const Output output, c.Input(json, where));
  return VariableOrTensor(output);
}

// The argument `variables`: a list, "global", or nothing.
absl::StatusOr<std::optional<std::vector<VariableOrTensor>>> ReadVariables(Case& c, const Args& args) {
  const Json& given = args.Get("variables");
  if (given.is_null()) return std::nullopt;
  std::vector<VariableOrTensor> list;
  if (given == "global") {
    for (const Variable& variable : GlobalVariables(c.graph())) list.emplace_back(variable);
    return list;
  }
  if (!given.is_array()) return BadArgument("variables", "a list of variables, or \"global\"", given);
  for (const Json& item : given) {
    TFP_ASSIGN_OR_RETURN(list.emplace_back(), VariableOrTensorOf(c, item, "variables"));
  }
  return list;
}

absl::StatusOr<Json> EmaVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const double decay, args.Double("decay"));
  ExponentialMovingAverageOptions options;
  const Json& updates = args.Get("num_updates");
  if (updates.is_number()) {
    TFP_ASSIGN_OR_RETURN(const int64_t count, AsInt(updates, "num_updates"));
    options.num_updates = static_cast<int>(count);
  } else if (!updates.is_null()) {
    TFP_ASSIGN_OR_RETURN(const VariableOrTensor given, VariableOrTensorOf(c, updates, "num_updates"));
    std::visit([&options](const auto& g) { options.num_updates = g; }, given);
  }
  TFP_ASSIGN_OR_RETURN(options.zero_debias, args.Bool("zero_debias", false));
  TFP_ASSIGN_OR_RETURN(options.name, args.String("name", "ExponentialMovingAverage"));
  c.Bind(args, std::make_shared<ExponentialMovingAverage>(decay, std::move(options)));
  return nullptr;
}

absl::StatusOr<Json> EmaApplyVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const EmaPtr ema, EmaOf(c, args));
  TFP_ASSIGN_OR_RETURN(const auto variables, ReadVariables(c, args));
  Node* node = nullptr;
  if (variables) {
    TFP_ASSIGN_OR_RETURN(node, ema->Apply(c.graph(), *variables));
  } else {
    TFP_ASSIGN_OR_RETURN(node, ema->Apply(c.graph()));
  }
  c.Bind(args, node);
  return node->name();
}

absl::StatusOr<Json> EmaAverageVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const EmaPtr ema, EmaOf(c, args));
  TFP_ASSIGN_OR_RETURN(const VariableOrTensor of, VariableOrTensorOf(c, args.Get("variable"), "variable"));
  const Variable average = ema->Average(of);
  if (!average) return nullptr;
  c.Bind(args, average);
  return average.name();
}

absl::StatusOr<Json> EmaAverageNameVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const EmaPtr ema, EmaOf(c, args));
  TFP_ASSIGN_OR_RETURN(const VariableOrTensor of, VariableOrTensorOf(c, args.Get("variable"), "variable"));
  return ema->AverageName(of);
}

absl::StatusOr<Json> EmaVariablesToRestoreVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const EmaPtr ema, EmaOf(c, args));
  TFP_ASSIGN_OR_RETURN(const auto given, ReadVariables(c, args));
  std::optional<std::vector<Variable>> averaged;
  if (given) {
    averaged.emplace();
    for (const VariableOrTensor& item : *given) {
      if (!std::holds_alternative<Variable>(item)) return BadArgument("variables", "variables", args.Get("variables"));
      averaged->push_back(std::get<Variable>(item));
    }
  }
  VariableMap map = ema->VariablesToRestore(c.graph(), averaged);
  Json names = Json::object();
  for (const auto& [key, variable] : map) names[key] = variable.name();
  c.Bind(args, std::move(map));
  return names;
}

constexpr Verb kVerbs[] = {
    {"ema", EmaVerb},
    {"ema_apply", EmaApplyVerb},
    {"ema_average", EmaAverageVerb},
    {"ema_average_name", EmaAverageNameVerb},
    {"ema_variables_to_restore", EmaVariablesToRestoreVerb},
};

}  // namespace

absl::Span<const Verb> MovingAverageVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
