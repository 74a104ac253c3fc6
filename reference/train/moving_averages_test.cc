// Moving averages against TensorFlow 1.11.0 (golden/make/ema.py): the whole graph of each program node by node, every
// value after every step bit by bit, and the names.
#include "reference/train/moving_averages.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/proto/meta_graph.pb.h"
#include "reference/tfpersist.h"
#include "reference/train/golden_meta_test_util.h"
#include "reference/train/nodes.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {
namespace {

using nlohmann::json;

json Golden(const char* file) {
  std::ifstream in(absl::StrCat("golden/data/tf-1.11.0/ema/", file));
  EXPECT_TRUE(in) << "run from the source root";
  return json::parse(in);
}

Tensor Floats(std::vector<float> values) { return Tensor::Of<float>({static_cast<int64_t>(values.size())}, values); }

Variable Get(Graph& g, const std::string& name, GetVariableOptions options) {
  absl::StatusOr<Variable> v = GetVariable(g, name, options);
  EXPECT_TRUE(v.ok()) << v.status();
  return *v;
}

// What a program declares: the variables that the steps assign, and what is averaged.
struct Program {
  std::vector<Variable> targets;
  std::vector<VariableOrTensor> averaged;
};

Program Variables(Graph& g, DataType dtype, bool resource, int count) {
  VariableOptions kind;
  kind.use_resource = resource;
  Program p;
  p.targets.push_back(Variable(g, *AddConstant(g, *ScalarOf(dtype, 0.5), {2}, "Const"), "v", kind));
  VariableScope scope(g, "layer");
  if (count > 1) {
    GetVariableOptions options;
    options.shape = TensorShape();
    options.dtype = dtype;
    options.initializer = ConstantInitializer(-1.0);
    options.use_resource = resource;
    p.targets.push_back(Get(g, "w", options));
  }
  p.averaged.assign(p.targets.begin(), p.targets.end());
  return p;
}

Program Tensors(Graph& g, bool resource) {
  VariableOptions kind;
  kind.use_resource = resource;
  Variable v(g, Floats({1, 2}), "v", kind);
  NameScope scope(g, "s");
  // tf.multiply: unlike the operator it reads the variable inside its own scope.
  NameScope ten(g, "ten");
  const Output x = *v.ValueForOp(), y = *AddConstant(g, Tensor::Scalar(2.0f), "y");
  return {{v}, {*AddOpOutput(g, "Mul", ten.scope(), {x, y}), v}};
}

Program Scopes(Graph& g) {
  Variable a, b;
  {
    VariableScope outer(g, "outer");
    GetVariableOptions one;
    one.initializer = Tensor::Scalar(1.0f);
    a = Get(g, "a", one);
    NameScope inner(g, "inner");
    b = Variable(g, 2.0f, "b");
  }
  VariableOptions fixed;
  fixed.trainable = false;
  Variable c(g, 3.0f, "a"), d(g, 4.0f, "d/Exponential"), e(g, 5.0f, "d");
  Variable(g, 6, "number", fixed);
  Variable(g, 7.0f, "fixed", fixed);
  return {{a, b}, {a, b, c, d, e}};
}

Program Partitioned(Graph& g) {
  auto make = [&](std::vector<float> values) {
    GetVariableOptions options;
    options.initializer = Constant(g, Floats(values));
    options.partitioner = Partitioner{2};
    absl::StatusOr<PartitionedVariable> p = GetPartitionedVariable(g, "p", options);
    EXPECT_TRUE(p.ok()) << p.status();
    return p->parts;
  };
  std::vector<Variable> p = make({1, 2, 3}), q;
  {
    VariableScope scope(g, "s");
    q = make({4, 5, 6});
  }
  Program program{p, {p.begin(), p.end()}};
  program.averaged.insert(program.averaged.end(), q.begin(), q.end());
  return program;
}

struct Case {
  std::function<Program(Graph&)> build;
  double decay = 0.99;
  int num_updates = -1;  // -2: a variable "step"
  bool zero_debias = false;
  std::string name = "ExponentialMovingAverage";
};

const std::map<std::string, Case>& Cases() {
  static const auto* const cases = [] {
    auto* all = new std::map<std::string, Case>;
    for (DataType dtype : {DT_FLOAT, DT_DOUBLE, DT_HALF}) {
      for (bool resource : {false, true}) {
        const std::string title = absl::StrCat(DataTypePythonName(dtype), resource ? "_resource" : "_ref");
        auto build = [=](Graph& g) { return Variables(g, dtype, resource, 2); };
        (*all)[title] = {.build = build};
        (*all)[title + "_num_updates"] = {.build = build, .decay = 0.999, .num_updates = -2};
      }
    }
    auto plain = [](int count, DataType dtype) { return [=](Graph& g) { return Variables(g, dtype, false, count); }; };
    (*all)["num_updates_constant"] = {.build = plain(2, DT_FLOAT), .decay = 0.9, .num_updates = 3};
    (*all)["num_updates_large"] = {.build = plain(2, DT_FLOAT), .decay = 0.9, .num_updates = 1000000};
    (*all)["decay_half"] = {.build = plain(1, DT_FLOAT), .decay = 0.5, .name = "ema"};
    (*all)["decay_zero"] = {.build = plain(1, DT_FLOAT), .decay = 0.0};
    (*all)["decay_one"] = {.build = plain(1, DT_FLOAT), .decay = 1.0};
    (*all)["decay_many_digits"] = {.build = plain(1, DT_DOUBLE), .decay = 0.9999};
    (*all)["tensor_zero_debias"] = {
        .build = [](Graph& g) { return Tensors(g, false); }, .decay = 0.9, .zero_debias = true};
    (*all)["tensor_zero_debias_resource"] = {
        .build = [](Graph& g) { return Tensors(g, true); }, .decay = 0.9, .zero_debias = true};
    (*all)["tensor"] = {.build = [](Graph& g) { return Tensors(g, false); }, .decay = 0.9};
    (*all)["scopes"] = {.build = Scopes};
    (*all)["partitioned"] = {.build = Partitioned};
    return all;
  }();
  return *cases;
}

class MovingAveragesTest : public testing::TestWithParam<std::string> {};

TEST_P(MovingAveragesTest, GraphNamesAndValuesAreTensorFlows) {
  const Case& c = Cases().at(GetParam());
  const json names = Golden("names.json")[GetParam()], values = Golden("values.json")[GetParam()];
  Graph graph;
  ExponentialMovingAverageOptions options;
  options.name = c.name;
  options.zero_debias = c.zero_debias;
  Variable step;
  if (c.num_updates == -2) {
    VariableOptions fixed;
    fixed.trainable = false;
    step = Variable(graph, 0, "step", fixed);
    options.num_updates = step;
  } else if (c.num_updates >= 0) {
    options.num_updates = c.num_updates;
  }
  Program program = c.build(graph);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  std::vector<Output> inputs;
  for (size_t i = 0; i < program.targets.size(); ++i) {
    const Variable& v = program.targets[i];
    absl::StatusOr<Output> x = AddOpOutput(graph, "Placeholder", absl::StrCat("x_", i), {},
                                           {Attr::Type("dtype", v.dtype()), Attr::Shape("shape", v.shape())});
    ASSERT_TRUE(x.ok()) << x.status();
    inputs.push_back(*x);
  }
  ExponentialMovingAverage ema(c.decay, options);
  const std::vector<Variable> everything = GlobalVariables(graph);
  for (const Variable& v : everything)
    EXPECT_EQ(ema.AverageName(v), names["average_names_before"][v.op_name()].get<std::string>());

  absl::StatusOr<Node*> update = ema.Apply(graph, program.averaged);
  ASSERT_TRUE(update.ok()) << update.status();
  std::vector<Node*> assigns;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Output assigned = Assign(program.targets[i], inputs[i]);
    ASSERT_TRUE(assigned) << graph.status();
    // Python's .op of an assigned resource variable is the assignment; of a reference variable the tensor's node.
    assigns.push_back(program.targets[i].is_resource() ? assigned.node->control_inputs()[0] : assigned.node);
  }
  if (step) assigns.push_back(AssignAdd(step, Tensor::Scalar(int32_t{1})).node);
  absl::StatusOr<Node*> set = Group(graph, assigns, "set");
  ASSERT_TRUE(set.ok()) << set.status();
  absl::StatusOr<Node*> average;
  {
    ControlDependencies after(graph, {&*update, 1});
    average = AddOp(graph, "NoOp", "average", {});
  }
  ASSERT_TRUE(average.ok()) << average.status();
  Node* init = VariablesInitializer(graph, GlobalVariables(graph), "init");
  ASSERT_TRUE(graph.status().ok()) << graph.status();

  auto list = [](const std::vector<Variable>& variables) {
    json all = json::array();
    for (const Variable& v : variables) all.push_back(v.name());
    return all;
  };
  EXPECT_EQ(list(GlobalVariables(graph)), names["globals"]);
  EXPECT_EQ(list(TrainableVariables(graph)), names["trainable"]);
  EXPECT_EQ(list(MovingAverageVariables(graph)), names["moving_averages"]);
  for (const Variable& v : everything) {
    const Variable shadow = ema.Average(v);
    EXPECT_EQ(shadow ? json(shadow.name()) : json(nullptr), names["averages"][v.op_name()]) << v.name();
    EXPECT_EQ(ema.AverageName(v), names["average_names"][v.op_name()].get<std::string>());
  }
  json restore = json::object();
  for (const auto& [key, v] : ema.VariablesToRestore(graph)) restore[key] = v.name();
  EXPECT_EQ(restore, names["variables_to_restore"]);

  Saver saver(graph);
  absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> meta = saver.ExportMetaGraph("");
  ASSERT_TRUE(meta.ok()) << meta.status();
  ExpectSameMeta(**meta, GoldenMeta(absl::StrCat("ema/", GetParam())));

  Session session(graph);
  auto expect = [&](const json& state) {
    for (const Variable& v : GlobalVariables(graph)) {
      absl::StatusOr<Tensor> value = session.Run(v);
      ASSERT_TRUE(value.ok()) << value.status();
      const std::string bytes(static_cast<const char*>(value->data()), value->total_bytes());
      EXPECT_EQ(absl::BytesToHexString(bytes), state[v.op_name()]["bytes"].get<std::string>())
          << v.name() << " = " << value->DebugString();
    }
  };
  ASSERT_TRUE(session.Run(init).ok());
  expect(values["initial"]);
  for (const json& s : values["steps"]) {
    std::vector<DirectSession::Feed> feeds;
    for (size_t i = 0; i < inputs.size(); ++i) {
      absl::StatusOr<Tensor> x = Tensor::Allocate(inputs[i].dtype(), *inputs[i].shape().AsTensorShape());
      ASSERT_TRUE(x.ok());
      const std::string bytes = absl::HexStringToBytes(s["x"][i]["bytes"].get<std::string>());
      ASSERT_EQ(bytes.size(), x->total_bytes());
      std::memcpy(x->data(), bytes.data(), bytes.size());
      feeds.emplace_back(inputs[i], *std::move(x));
    }
    const absl::Status assigned = session.Run(feeds, {}, {&*set, 1}).status();
    ASSERT_TRUE(assigned.ok()) << assigned;
    const absl::Status averaged = session.Run(*average);
    ASSERT_TRUE(averaged.ok()) << averaged;
    expect(s["values"]);
  }
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& [name, c] : Cases()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Programs, MovingAveragesTest, testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

TEST(MovingAverages, OfOtherTypesIsRefused) {
  Graph graph;
  Variable v(graph, 1, "v_int32");
  absl::StatusOr<Node*> op = ExponentialMovingAverage(0.9).Apply({v});
  EXPECT_EQ(op.status().message(), "The variables must be half, float, or double: v_int32:0");
}

TEST(MovingAverages, ASecondOneGetsAnotherName) {
  const json names = Golden("names.json")["second_average"];
  Graph graph;
  Variable v(graph, 1.0f, "v");
  ExponentialMovingAverage first(0.9), second(0.8);
  ASSERT_TRUE(first.Apply({v}).ok());
  EXPECT_EQ(second.AverageName(v), names["average_names_before"]["v"].get<std::string>());
  ASSERT_TRUE(second.Apply({v}).ok());
  EXPECT_EQ(second.Average(v).name(), names["averages"]["v"].get<std::string>());
  EXPECT_EQ(second.AverageName(v), names["average_names"]["v"].get<std::string>());
}

TEST(MovingAverages, WithoutVariablesItIsANoOp) {
  Graph graph;
  absl::StatusOr<Node*> op = ExponentialMovingAverage(0.9).Apply(graph);
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_EQ((*op)->op(), "NoOp");
  EXPECT_EQ((*op)->name(), "ExponentialMovingAverage");
}

}  // namespace
}  // namespace tfpersist
