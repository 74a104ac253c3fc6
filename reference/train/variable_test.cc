// Variables as handles: what a VariableDef tells, collections, scopes, initializers, assignments, operators.
#include "reference/train/variable.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"
#include "reference/proto/variable.pb.h"
#include "reference/tfpersist.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> NamesOf(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  for (const Variable& v : variables) names.push_back(v.name());
  return names;
}

Tensor Floats(std::vector<float> values) { return Tensor::Of<float>({static_cast<int64_t>(values.size())}, values); }

float First(DirectSession& session, Output o) {
  absl::StatusOr<Tensor> value = session.Run(o);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? value->flat<float>()[0] : -999;
}

VariableOptions Resource(bool resource) {
  VariableOptions options;
  options.use_resource = resource;
  return options;
}

TEST(VariableTest, HandleOfAReferenceVariable) {
  Graph graph;
  Variable v(graph, 0.0f, "v");
  ASSERT_TRUE(v) << graph.status();
  EXPECT_EQ(v.name(), "v:0");
  EXPECT_EQ(v.op_name(), "v");
  EXPECT_EQ(v.dtype(), DT_FLOAT);
  EXPECT_EQ(v.DebugString(), "<tf.Variable 'v:0' shape=() dtype=float32_ref>");
  EXPECT_EQ(v.initializer()->name(), "v/Assign");
  EXPECT_EQ(v.snapshot().name(), "v/read:0");
  EXPECT_EQ(v.initial_value().name(), "v/initial_value:0");
  EXPECT_EQ(v.ToProto()->ShortDebugString(),
            "variable_name: \"v:0\" initializer_name: \"v/Assign\" snapshot_name: \"v/read:0\" initial_value_name: "
            "\"v/initial_value:0\" "
            "trainable: true");
}

TEST(VariableTest, HandleOfAResourceVariable) {
  Graph graph;
  Variable r(graph, Floats({1, 2}), "r", Resource(true));
  ASSERT_TRUE(r) << graph.status();
  EXPECT_EQ(r.DebugString(), "<tf.Variable 'r:0' shape=(2,) dtype=float32>");
  EXPECT_EQ(r.dtype(), DT_FLOAT);
  EXPECT_EQ(r.ref().dtype(), DT_RESOURCE);
  EXPECT_EQ(r.ToProto()->ShortDebugString(),
            "variable_name: \"r:0\" initializer_name: \"r/Assign\" snapshot_name: \"r/Read/ReadVariableOp:0\" "
            "is_resource: true "
            "initial_value_name: \"r/Initializer/initial_value:0\" trainable: true");
}

TEST(VariableTest, ProtosRoundTripInScopes) {
  Graph graph;
  {
    NameScope scope(graph, "sc");
    Variable(graph, 1.0f, "v");
  }
  const std::vector<Variable> all = GlobalVariables(graph);
  ASSERT_EQ(NamesOf(all), std::vector<std::string>{"sc/v:0"});
  std::unique_ptr<tensorflow::VariableDef> stripped = all[0].ToProto("sc");
  EXPECT_EQ(stripped->variable_name(), "v:0");
  EXPECT_EQ(all[0].ToProto("other"), nullptr);
  absl::StatusOr<Variable> back = Variable::FromProto(graph, *stripped, "sc");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, all[0]);
  EXPECT_EQ(back->ToProto()->SerializeAsString(), all[0].ToProto()->SerializeAsString());
  EXPECT_THAT(std::string(Variable::FromProto(graph, *stripped).status().message()),
              HasSubstr("The name 'v:0' refers to a Tensor which does not exist."));
}

TEST(VariableTest, CollectionsAndTheirInitializer) {
  Graph graph;
  VariableOptions fixed, local;
  fixed.trainable = false;
  local.trainable = false;
  local.collections = {kLocalVariables};
  Variable(graph, 1.0f, "a");
  Variable(graph, 2, "b", fixed);
  Variable(graph, 3.0f, "c", local);
  EXPECT_THAT(NamesOf(GlobalVariables(graph)), ElementsAre("a:0", "b:0"));
  EXPECT_THAT(NamesOf(TrainableVariables(graph)), ElementsAre("a:0"));
  EXPECT_THAT(NamesOf(LocalVariables(graph)), ElementsAre("c:0"));
  Node* init = GlobalVariablesInitializer(graph);
  ASSERT_NE(init, nullptr);
  EXPECT_EQ(init->name(), "init");
  EXPECT_EQ(init->control_inputs().size(), 2u);
  EXPECT_EQ(VariablesInitializer(graph, {})->op(), "NoOp");
}

TEST(VariableTest, ConstructorErrorsAreKeptInTheGraph) {
  Graph graph;
  Variable nothing(graph, Output());
  EXPECT_FALSE(nothing);
  EXPECT_FALSE(nothing + 1.0f);
  EXPECT_EQ(graph.TakeStatus().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(graph.status().ok());
  EXPECT_EQ(Variable::Create(graph, Constant(graph, 1.0f), "d", {.dtype = DT_DOUBLE}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(VariableTest, OperatorsTakeVariablesTensorsAndNumbers) {
  for (bool resource : {false, true}) {
    Graph graph;
    Variable v(graph, 6.0f, "v", Resource(resource)), w(graph, 4.0f, "w", Resource(resource));
    Output c = Constant(graph, 2.0f);
    Output sum = v + w, difference = v - 1.0f, product = 0.5f * w, quotient = c / w, other = v * c;
    Node* init = GlobalVariablesInitializer(graph);
    ASSERT_TRUE(graph.status().ok()) << graph.status();
    EXPECT_EQ(sum.op_name(), "add");
    EXPECT_EQ(quotient.op_name(), "truediv");
    Session session(graph);
    ASSERT_TRUE(session.Run(init).ok());
    EXPECT_EQ(First(session, sum), 10);
    EXPECT_EQ(First(session, difference), 5);
    EXPECT_EQ(First(session, product), 2);
    EXPECT_EQ(First(session, quotient), 0.5f);
    EXPECT_EQ(First(session, other), 12);
  }
}

TEST(VariableTest, Assignments) {
  for (bool resource : {false, true}) {
    Graph graph;
    Variable v(graph, 6.0f, "v", Resource(resource));
    Node* init = GlobalVariablesInitializer(graph);
    Output set = Assign(v, 10.0f), add = AssignAdd(v, Tensor::Scalar(1.0)), sub = AssignSub(v, Constant(graph, 4.0f));
    Session session(graph);
    ASSERT_TRUE(session.Run(init).ok());
    EXPECT_EQ(First(session, set), 10);
    EXPECT_EQ(First(session, add), 11);
    EXPECT_EQ(First(session, sub), 7);
    EXPECT_EQ(First(session, v), 7);
  }
}

// As TensorFlow 1.11.0 answers for the same program.
TEST(VariableTest, BeforeThereIsAValue) {
  Graph graph;
  Variable empty(graph, Tensor::Of<float>({0, 3}, {}), "empty"), scalar(graph, 1.0f, "scalar");
  Output fed = Placeholder(graph, DT_FLOAT);
  Output to_scalar = Assign(scalar, fed), to_empty = Assign(empty, fed);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  Session session(graph);
  absl::StatusOr<Tensor> value = session.Run(empty);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->shape(), TensorShape({0, 3}));
  EXPECT_THAT(std::string(session.Run(scalar).status().message()), HasSubstr("uninitialized value scalar"));
  EXPECT_THAT(std::string(session.Run({{fed, Floats({1, 2})}}, {to_scalar}, {}).status().message()),
              HasSubstr("Assign requires shapes of both tensors to match. lhs shape= [] rhs shape= [2]"));
  EXPECT_THAT(std::string(session.Run({{fed, Floats({1, 2})}}, {to_empty}, {}).status().message()),
              HasSubstr("Assign requires shapes of both tensors to match. lhs shape= [0,3] rhs shape= [2]"));
}

TEST(VariableTest, InitialValuesOfOtherVariablesDoNotDependOnOrder) {
  for (bool resource : {false, true}) {
    Graph graph;
    Variable a(graph, 2.0f, "a", Resource(resource));
    // From the variable itself: rewritten to its initialized value.
    Variable b(graph, a * 3.0f, "b", Resource(resource));
    absl::StatusOr<Output> initialized = a.InitializedValue();
    ASSERT_TRUE(initialized.ok()) << initialized.status();
    Variable c(graph, *initialized, "c", Resource(resource));
    ASSERT_TRUE(graph.status().ok()) << graph.status();
    Session session(graph);
    if (!resource) {
      const absl::Status initialized_b = session.Run(b.initializer());
      ASSERT_TRUE(initialized_b.ok()) << initialized_b;
      EXPECT_EQ(First(session, b), 6);
    }
    const absl::Status started = session.Run(c.initializer());
    ASSERT_TRUE(started.ok()) << started;
    EXPECT_EQ(First(session, c), 2);
    // Once a has a value, that is the one.
    ASSERT_TRUE(session.Run(Assign(a, 5.0f).node).ok());
    ASSERT_TRUE(session.Run(c.initializer()).ok());
    EXPECT_EQ(First(session, c), 5);
  }
}

TEST(VariableScopeTest, NamesAndReuse) {
  Graph graph;
  GetVariableOptions options;
  options.initializer = ConstantInitializer(3.0);
  options.shape = TensorShape{1};
  {
    VariableScope a(graph, "A");
    absl::StatusOr<Variable> x = GetVariable(graph, "x", options);
    ASSERT_TRUE(x.ok()) << x.status();
    EXPECT_EQ(x->name(), "A/x:0");
    EXPECT_EQ(Variable(graph, Floats({1}), "x").name(), "A/x_1:0");
    EXPECT_THAT(std::string(GetVariable(graph, "x", options).status().message()),
                HasSubstr("Variable A/x already exists, disallowed. Did you mean to set reuse=True or "
                          "reuse=tf.AUTO_REUSE in VarScope?"));
    VariableScope b(graph, "B", {.reuse = Reuse::kAuto});
    absl::StatusOr<Variable> y = GetVariable(graph, "y", options), again = GetVariable(graph, "y", options);
    ASSERT_TRUE(y.ok() && again.ok());
    EXPECT_EQ(*y, *again);
    EXPECT_EQ(y->name(), "A/B/y:0");
  }
  {
    VariableScope a(graph, "A", {.reuse = Reuse::kTrue});
    absl::StatusOr<Variable> x = GetVariable(graph, "x", options);
    ASSERT_TRUE(x.ok()) << x.status();
    EXPECT_EQ(x->name(), "A/x:0");
    EXPECT_THAT(std::string(GetVariable(graph, "z", options).status().message()),
                HasSubstr("Variable A/z does not exist, or was not created with tf.get_variable()."));
    // The name scope is another one, the variable scope the same.
    EXPECT_EQ(Variable(graph, 1.0f, "x").name(), "A_1/x:0");
  }
}

TEST(VariableScopeTest, PartsCoverTheWholeLongerOnesFirst) {
  Graph graph;
  GetVariableOptions options;
  options.initializer = ZerosInitializer();
  options.shape = TensorShape{5, 2};
  options.partitioner = Partitioner{3};
  absl::StatusOr<PartitionedVariable> p = GetPartitionedVariable(graph, "p", options);
  ASSERT_TRUE(p.ok()) << p.status();
  std::vector<std::string> specs;
  for (const Variable& part : p->parts) specs.push_back(part.slice()->spec());
  EXPECT_THAT(specs, ElementsAre("5 2 0,2:0,2", "5 2 2,2:0,2", "5 2 4,1:0,2"));
  EXPECT_THAT(NamesOf(GlobalVariables(graph)), ElementsAre("p/part_0:0", "p/part_1:0", "p/part_2:0"));
  EXPECT_TRUE(GlobalVariables(graph)[1].slice().has_value());
  options.partitioner = Partitioner{9};
  EXPECT_EQ(GetPartitionedVariable(graph, "q", options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tfpersist
