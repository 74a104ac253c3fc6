// The graphs that variables, savers and averages make, node by node against the .meta files that TensorFlow 1.11.0
// wrote for the same programs (golden/make/meta.py): order, names, ops, inputs, attrs, devices, collections, SaverDef.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/tfpersist.h"
#include "reference/train/golden_meta_test_util.h"
#include "reference/train/nodes.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {
namespace {

struct Built {
  std::optional<Saver> saver;
  SaverExportOptions options;
};

using Build = std::function<Built(Graph&)>;

Saver Make(Graph& graph, SaverOptions options = {}) {
  absl::StatusOr<Saver> saver = Saver::Create(graph, std::move(options));
  EXPECT_TRUE(saver.ok()) << saver.status();
  return *std::move(saver);
}

std::vector<Variable> Two(Graph& g) {
  Variable v1(g, Constant(g, 1.0f, {1}), "v1"), v2(g, Constant(g, 1.0f, {1}), "v2");
  EXPECT_TRUE(v1 + v2);
  return {v1, v2};
}

Tensor Floats(std::vector<float> values) { return Tensor::Of<float>({static_cast<int64_t>(values.size())}, values); }

Variable On(Graph& g, const char* device, float value, const char* name) {
  DeviceScope on(g, device);
  return Variable(g, Floats({value}), name);
}

void OnDevices(Graph& g) {
  On(g, "/job:ps/task:1/device:CPU:0", 1, "b");
  On(g, "/job:ps/task:0", 2, "c");
  On(g, "/cpu:1", 3, "a");
  Variable(g, Floats({4}), "d");
  On(g, "/gpu:0", 5, "e");
}

GetVariableOptions With(std::variant<std::monostate, Tensor, Output, ShapeInitializer> initializer,
                        std::optional<TensorShape> shape = std::nullopt,
                        std::optional<Partitioner> partitioner = std::nullopt) {
  GetVariableOptions options;
  options.initializer = std::move(initializer);
  options.shape = std::move(shape);
  options.partitioner = partitioner;
  return options;
}

void Parts(Graph& g) {
  {
    VariableScope scope(g, "scope");
    std::vector<float> values(10);
    for (int i = 0; i < 10; ++i) values[i] = static_cast<float>(i);
    Output whole = Constant(g, Tensor::Of<float>({5, 2}, values));
    EXPECT_TRUE(GetPartitionedVariable(g, "p", With(whole, std::nullopt, Partitioner{3})).ok());
  }
  EXPECT_TRUE(GetPartitionedVariable(g, "q", With(ZerosInitializer(), TensorShape{4, 6}, Partitioner{2, 1})).ok());
  EXPECT_TRUE(GetVariable(g, "plain", With(OnesInitializer(), TensorShape{2})).ok());
}

VariableOptions Resource() {
  VariableOptions options;
  options.use_resource = true;
  return options;
}

void Resources(Graph& g) {
  Variable v1(g, Constant(g, 1.0f, {1}), "v1", Resource());
  GetVariableOptions options = With(Floats({2}));
  options.use_resource = true;
  absl::StatusOr<Variable> v2 = GetVariable(g, "v2", options);
  ASSERT_TRUE(v2.ok()) << v2.status();
  EXPECT_TRUE(v1 + *v2);
}

const std::map<std::string, Build>& Cases() {
  static const auto* const cases = new std::map<std::string, Build>{
      {"default",
       [](Graph& g) {
         Two(g);
         return Built{Make(g)};
       }},
      {"init_op",
       [](Graph& g) {
         auto v = Two(g);
         EXPECT_NE(GlobalVariablesInitializer(g), nullptr);
         return Built{Make(g, {.var_list = VarList{v[0]}})};
       }},
      {"no_saver",
       [](Graph& g) {
         Two(g);
         return Built{};
       }},
      {"renamed",
       [](Graph& g) {
         auto v = Two(g);
         return Built{Make(g, {.var_list = VarList{{"other-v1", v[0]}, {"Zed", v[1]}}})};
       }},
      {"named",
       [](Graph& g) {
         Two(g);
         {
           NameScope scope(g, "scope");
           Make(g, {.max_to_keep = std::nullopt,
                    .keep_checkpoint_every_n_hours = 0.1,
                    .name = "foo/bar",
                    .filename = "other"});
         }
         return Built{
             Make(g, {.max_to_keep = -1, .name = "foo", .pad_step_number = true, .save_relative_paths = true})};
       }},
      {"two_savers",
       [](Graph& g) {
         auto v = Two(g);
         Make(g, {.var_list = VarList{v[0]}}).AddToCollection();
         Saver second = Make(g);
         second.AddToCollection();
         return Built{std::move(second)};
       }},
      {"two_savers_clear_extraneous",
       [](Graph& g) {
         auto v = Two(g);
         Make(g, {.var_list = VarList{v[0]}});
         Saver second = Make(g);
         second.AddToCollection();
         return Built{std::move(second), {.clear_extraneous_savers = true}};
       }},
      {"sequential",
       [](Graph& g) {
         Two(g);
         return Built{Make(g, {.restore_sequentially = true})};
       }},
      {"reshape",
       [](Graph& g) {
         Two(g);
         Variable(g, Tensor::Of<int32_t>({2, 2}, {1, 2, 3, 4}), "m");
         return Built{Make(g, {.reshape = true})};
       }},
      {"base_builder",
       [](Graph& g) {
         Two(g);
         return Built{Make(g, {.restore_sequentially = true, .bulk_restore = false})};
       }},
      {"write_v1",
       [](Graph& g) {
         Two(g);
         return Built{Make(g, {.write_version = 1})};
       }},
      {"devices",
       [](Graph& g) {
         OnDevices(g);
         return Built{Make(g)};
       }},
      {"devices_cleared",
       [](Graph& g) {
         OnDevices(g);
         return Built{Make(g), {.clear_devices = true}};
       }},
      {"sharded",
       [](Graph& g) {
         OnDevices(g);
         return Built{Make(g, {.sharded = true})};
       }},
      {"sharded_one_device",
       [](Graph& g) {
         Two(g);
         return Built{Make(g, {.sharded = true})};
       }},
      {"sharded_v1",
       [](Graph& g) {
         OnDevices(g);
         return Built{Make(g, {.sharded = true, .write_version = 1})};
       }},
      {"partitioned",
       [](Graph& g) {
         Parts(g);
         return Built{Make(g)};
       }},
      {"partitioned_resource",
       [](Graph& g) {
         VariableScope scope(g, "", {.use_resource = true});
         Parts(g);
         return Built{Make(g)};
       }},
      {"partitioned_sharded",
       [](Graph& g) {
         for (int i = 0; i < 2; ++i) {
           DeviceScope on(g, absl::StrCat("/job:ps/task:", i));
           EXPECT_TRUE(
               GetPartitionedVariable(g, absl::StrCat("p", i), With(ZerosInitializer(), TensorShape{3}, Partitioner{2}))
                   .ok());
         }
         return Built{Make(g, {.sharded = true})};
       }},
      {"resource",
       [](Graph& g) {
         Resources(g);
         return Built{Make(g)};
       }},
      {"resource_sharded",
       [](Graph& g) {
         {
           DeviceScope on(g, "/cpu:0");
           Resources(g);
         }
         {
           DeviceScope on(g, "/job:ps/task:0/cpu:0");
           Variable(g, Tensor::Of<int32_t>({1}, {3}), "v3", Resource());
         }
         return Built{Make(g, {.sharded = true})};
       }},
      {"resource_reshape",
       [](Graph& g) {
         Resources(g);
         return Built{Make(g, {.reshape = true})};
       }},
      {"imported_in_scope",
       [](Graph& g) {
         EXPECT_TRUE(ImportMetaGraph(g, "golden/data/tf-1.11.0/meta/default.meta", {.import_scope = "sc"}).ok());
         auto saver = ImportMetaGraph(g, "golden/data/tf-1.11.0/meta/sharded.meta",
                                      {.import_scope = "sc2", .clear_devices = true});
         EXPECT_TRUE(saver.ok()) << saver.status();
         return Built{*std::move(saver)};
       }},
      {"imported_twice",
       [](Graph& g) {
         EXPECT_TRUE(ImportMetaGraph(g, "golden/data/tf-1.11.0/meta/default.meta", {.import_scope = "sc"}).ok());
         auto saver = ImportMetaGraph(g, "golden/data/tf-1.11.0/meta/default.meta", {.import_scope = "sc"});
         EXPECT_TRUE(saver.ok()) << saver.status();
         return Built{*std::move(saver)};
       }},
      {"moving_average",
       [](Graph& g) {
         Variable v(g, 0.0f, "v");
         absl::StatusOr<Variable> w;
         {
           VariableScope scope(g, "layer");
           w = GetVariable(g, "w", With(ZerosInitializer(), TensorShape{2}));
         }
         VariableOptions fixed;
         fixed.trainable = false;
         Variable step(g, 0, "step", fixed);
         ExponentialMovingAverage ema(0.99, {.num_updates = step});
         EXPECT_TRUE(ema.Apply({v, *w}).ok());
         return Built{Make(g, {.var_list = VarList(ema.VariablesToRestore(g))})};
       }},
      {"moving_average_resource",
       [](Graph& g) {
         Variable v(g, Floats({0}), "v", Resource());
         absl::StatusOr<Variable> w;
         {
           DeviceScope on(g, "/cpu:0");
           GetVariableOptions options = With(ZerosInitializer(), TensorShape{2});
           options.use_resource = true;
           w = GetVariable(g, "w", options);
         }
         ExponentialMovingAverage ema(0.5, {.name = "ema"});
         EXPECT_TRUE(ema.Apply({v, *w}).ok());
         return Built{Make(g)};
       }},
      {"moving_average_of_tensor",
       [](Graph& g) {
         Variable v(g, Floats({1, 2}), "v");
         Output t;
         {
           NameScope scope(g, "s");
           t = *AddOpOutput(g, "Identity", "ten", {v * 2.0f});
         }
         ExponentialMovingAverage ema(0.5, {.zero_debias = true});
         const VariableOrTensor both[] = {t, v};
         absl::StatusOr<Node*> op = ema.Apply(g, both);
         EXPECT_TRUE(op.ok()) << op.status();
         return Built{Make(g)};
       }},
  };
  return *cases;
}

class GoldenGraphTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenGraphTest, NodesAttrsDevicesCollectionsAndSaverDefAreTensorFlows) {
  Graph graph;
  graph.has_seed = true;
  graph.seed = 7;
  Built built = Cases().at(GetParam())(graph);
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  std::unique_ptr<tensorflow::MetaGraphDef> meta;
  if (built.saver.has_value()) {
    auto exported = built.saver->ExportMetaGraph("", built.options);
    ASSERT_TRUE(exported.ok()) << exported.status();
    meta = *std::move(exported);
  } else {
    auto exported = ExportMetaGraph(graph, "");
    ASSERT_TRUE(exported.ok()) << exported.status();
    meta = *std::move(exported);
  }
  ExpectSameMeta(*meta, GoldenMeta(absl::StrCat("meta/", GetParam())));
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& [name, build] : Cases()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Meta, GoldenGraphTest, testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace tfpersist
