// Moving averages of variables: shadow variables that follow them, and the map that lets a Saver load the shadow's
// value into the variable. Follows training/moving_averages.py of 1.11.0 (G01-G17).
//
//   tf::ExponentialMovingAverage ema(0.99);
//   auto maintain = ema.Apply(tf::GlobalVariables(graph));     // run *maintain after each step
//   tf::Saver saver(graph, *ema.VariablesToRestore(graph));    // {"v/ExponentialMovingAverage": v}
#ifndef TFPERSIST_REFERENCE_TRAIN_MOVING_AVERAGES_H_
#define TFPERSIST_REFERENCE_TRAIN_MOVING_AVERAGES_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/train/variable.h"

namespace tfpersist {

using VariableOrTensor = std::variant<Variable, Output>;

// shadow -= (shadow - value) * (1 - decay), in the name scope `name`. With zero_debias the average starts at zero and
// is corrected for that by two variables of its own, …/biased and …/local_step. `decay`: a scalar tensor or a number.
// The result is the shadow after the update.
absl::StatusOr<Output> AssignMovingAverage(const Variable& shadow, const VariableOrTensor& value,
                                           std::variant<Output, double> decay, bool zero_debias = true,
                                           const std::string& name = "AssignMovingAvg");

struct ExponentialMovingAverageOptions {
  // A number of updates: the decay is then at most (1 + n) / (10 + n). A number is fixed, a variable read at each
  // update.
  std::variant<std::monostate, Variable, Output, int> num_updates;
  bool zero_debias = false;  // of tensors' averages (G04)
  std::string name = "ExponentialMovingAverage";
};

class ExponentialMovingAverage {
 public:
  explicit ExponentialMovingAverage(double decay, ExponentialMovingAverageOptions options = {})
      : decay_(decay), options_(std::move(options)) {}

  // Adds shadows where there are none yet and an op that updates all of these; without a list, of the trainable
  // variables. INVALID_ARGUMENT: a dtype other than half, float and double (G08).
  absl::StatusOr<Node*> Apply(Graph& graph);
  absl::StatusOr<Node*> Apply(const std::vector<Variable>& variables);
  absl::StatusOr<Node*> Apply(Graph& graph, absl::Span<const VariableOrTensor> list);

  // The shadow; false if there is none.
  Variable Average(const VariableOrTensor& of) const;
  // The shadow's name, or the one that it would get.
  std::string AverageName(const VariableOrTensor& of) const;
  // From the names of a checkpoint to the variables that take the values: averaged ones (default: the trainable and the
  // moving-average variables) under their shadows' names, all others under their own.
  std::map<std::string, Variable> VariablesToRestore(
      Graph& graph, const std::optional<std::vector<Variable>>& averaged = std::nullopt) const;

 private:
  struct Shadow {
    Output of;  // a variable's ref, or the tensor
    Variable average;
    bool zero_debias;
  };
  const Shadow* Find(const VariableOrTensor& of) const;
  double decay_;
  ExponentialMovingAverageOptions options_;
  std::vector<Shadow> shadows_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_MOVING_AVERAGES_H_
