// Saver at work: what it writes, keeps, restores and refuses; retention step by step against what TensorFlow 1.11.0 did
// (golden/make/retention.py), all-or-nothing restores, and the texts of errors_1.11.0.
#include "reference/train/saver.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/base/status.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/tfpersist.h"
#include "reference/train/retention.h"

namespace tfpersist {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Tensor Floats(std::vector<float> values) { return Tensor::Of<float>({static_cast<int64_t>(values.size())}, values); }

std::string Read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

class ListLogger : public Logger {
 public:
  void Log(LogLevel level, absl::string_view text) override {
    static constexpr const char* kNames[] = {"info", "warning", "error"};
    lines.push_back(absl::StrCat(kNames[static_cast<int>(level)], ": ", text));
  }
  std::vector<std::string> lines;
};

// A scratch folder as the working directory, and a graph whose log is kept.
class SaverTest : public testing::Test {
 protected:
  SaverTest()
      : source_(fs::current_path()),
        scratch_(fs::temp_directory_path() / absl::StrCat("saver_test_", getpid(), "_", ++count_)) {
    fs::create_directories(scratch_);
    fs::current_path(scratch_);
  }
  ~SaverTest() override {
    fs::current_path(source_);
    fs::remove_all(scratch_);
  }
  fs::path Golden(const std::string& name) const { return source_ / "golden/data/tf-1.11.0" / name; }

  static Saver Make(Graph& graph, SaverOptions options = {}) {
    absl::StatusOr<Saver> saver = Saver::Create(graph, std::move(options));
    EXPECT_TRUE(saver.ok()) << saver.status();
    return *std::move(saver);
  }
  static std::string Refused(Graph& graph, SaverOptions options) {
    absl::StatusOr<Saver> saver = Saver::Create(graph, std::move(options));
    return saver.ok() ? "accepted" : std::string(saver.status().message());
  }
  static float Value(DirectSession& session, const Variable& v) {
    absl::StatusOr<Tensor> value = session.Run(v);
    EXPECT_TRUE(value.ok()) << value.status();
    return value.ok() ? value->flat<float>()[0] : -999;
  }
  static std::vector<std::string> Files(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  static inline int count_ = 0;
  fs::path source_, scratch_;
  ListLogger log_;
  Graph graph_{GraphOptions{.logger = &log_}};
};

// ---- construction ----

TEST_F(SaverTest, ConstructionErrorsAreTensorFlows) {
  EXPECT_EQ(Refused(graph_, {}), "No variables to save");
  Variable a(graph_, 1.0f, "a");
  Output c = Constant(graph_, 1.0f);
  EXPECT_EQ(Refused(graph_, {.var_list = VarList{a}, .defer_build = true}),
            "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None.");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList{a, a}}), "At least two variables have the same name: a");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList{{"x", a}, {"y", a}}}),
            "The same saveable will be restored with two names: y");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList::List({c})}),
            "Variable to save is not a Variable: Tensor(\"Const:0\", shape=(), dtype=float32)");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList::Map({{"c", c}})}),
            "names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: "
            "Tensor(\"Const:0\", shape=(), dtype=float32)");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList::Map({{"s", VarList::Slices{c}}})}),
            "Slices must all be Variables: Tensor(\"Const:0\", shape=(), dtype=float32)");
  EXPECT_EQ(Refused(graph_, {.var_list = VarList::Map({{"s", VarList::Slices{a}}})}),
            "Slices must all be slices: <tf.Variable 'a:0' shape=() dtype=float32_ref>");
  // The reference tensor stands for its variable; the read value does not.
  EXPECT_EQ(Refused(graph_, {.var_list = VarList::List({a.ref()})}), "accepted");
  EXPECT_THAT(Refused(graph_, {.var_list = VarList::List({a.snapshot()})}),
              HasSubstr("Variable to save is not a Variable: Tensor(\"a/read:0\""));
  auto def = std::make_shared<tensorflow::SaverDef>();
  EXPECT_EQ(Refused(graph_, {.saver_def = def}), "saver_def must specify the save_tensor_name: ");
  def->set_save_tensor_name("x");
  EXPECT_EQ(Refused(graph_, {.saver_def = def}),
            "saver_def must specify the restore_op_name: save_tensor_name: \"x\"\n");
  graph_.Finalize();
  EXPECT_EQ(Refused(graph_, {}), "Graph is finalized and cannot be modified.");
}

TEST_F(SaverTest, EmptySaverDoesNothingButWriteItsMeta) {
  Saver saver = Make(graph_, {.allow_empty = true});
  EXPECT_EQ(saver.saver_def(), nullptr);
  EXPECT_EQ(graph_.num_nodes(), 0);
  Constant(graph_, 1.0f);
  Session session(graph_);
  absl::StatusOr<std::string> path = saver.Save(session, "a/b/k", {.global_step = 3});
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, "");
  EXPECT_THAT(Files("a/b"), ElementsAre("k-3.meta"));
  EXPECT_TRUE(saver.Restore(session, std::nullopt).ok());
  EXPECT_TRUE(saver.Restore(session, "nowhere/at/all").ok());
}

TEST_F(SaverTest, DeferredSaverTakesVariablesMadeLater) {
  Variable a(graph_, 1.0f, "a");
  Saver saver = Make(graph_, {.defer_build = true});
  Variable b(graph_, 2.0f, "b");
  Session session(graph_);
  EXPECT_EQ(saver.Save(session, "./k").status().message(),
            "`build()` should be called before save if defer_build==True");
  ASSERT_TRUE(saver.Build().ok());
  ASSERT_TRUE(saver.Build().ok());
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  ASSERT_TRUE(saver.Save(session, "./k").ok());
  auto reader = CheckpointReader::Open("./k");
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE((*reader)->HasTensor("a") && (*reader)->HasTensor("b"));
}

TEST_F(SaverTest, SaverDefPrefixesAndScopes) {
  Variable a(graph_, 1.0f, "a");
  Saver saver = Make(graph_, {.max_to_keep = std::nullopt, .keep_checkpoint_every_n_hours = 0.1, .name = "sc/save"});
  EXPECT_EQ(saver.saver_def()->max_to_keep(), 0);
  EXPECT_EQ(saver.saver_def()->keep_checkpoint_every_n_hours(), 0.1f);
  EXPECT_EQ(saver.ToProto("sc")->save_tensor_name(), "save/control_dependency:0");
  EXPECT_EQ(saver.ToProto("s")->save_tensor_name(), "sc/save/control_dependency:0");
  EXPECT_EQ(saver.ToProto("other"), nullptr);
  Saver prefixed =
      Make(graph_, {.name = "outer", .saver_def = std::shared_ptr<const tensorflow::SaverDef>(saver.ToProto())});
  EXPECT_EQ(prefixed.saver_def()->restore_op_name(), "outer/sc/save/restore_all");
}

TEST_F(SaverTest, DefaultSaverOfTheCollection) {
  absl::StatusOr<Saver> made = GetOrCreateSaver(graph_);
  ASSERT_TRUE(made.ok()) << made.status();
  Variable a(graph_, 1.0f, "a");
  Make(graph_).AddToCollection();
  absl::StatusOr<Saver> found = GetOrCreateSaver(graph_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->saver_def()->save_tensor_name(), "save/control_dependency:0");
  Make(graph_).AddToCollection();
  EXPECT_EQ(
      GetOrCreateSaver(graph_).status().message(),
      "More than one item in collection savers. Please indicate which one to use by passing it to the constructor.");
}

// ---- saving ----

TEST_F(SaverTest, TheDocumentsFilesByteForByte) {
  Variable v1(graph_, Constant(graph_, 1.0f, {1}), "v1"), v2(graph_, Constant(graph_, 1.0f, {1}), "v2");
  [[maybe_unused]] Output result = v1 + v2;
  Node* init = GlobalVariablesInitializer(graph_);
  Saver saver = Make(graph_);
  Session session(graph_);
  ASSERT_TRUE(session.Run(init).ok());
  absl::StatusOr<std::string> path = saver.Save(session, "Saved_model/model.ckpt");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, "Saved_model/model.ckpt");
  EXPECT_THAT(Files("Saved_model"),
              ElementsAre("checkpoint", "model.ckpt.data-00000-of-00001", "model.ckpt.index", "model.ckpt.meta"));
  for (const char* file : {"model.ckpt.data-00000-of-00001", "model.ckpt.index"}) {
    EXPECT_EQ(Read(fs::path("Saved_model") / file), Read(Golden("document") / file)) << file;
  }
  EXPECT_EQ(Read("Saved_model/checkpoint"),
            "model_checkpoint_path: \"model.ckpt\"\nall_model_checkpoint_paths: \"model.ckpt\"\n");
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(SaverTest, SaveErrors) {
  Variable v(graph_, 1.0f, "v");
  Saver saver = Make(graph_);
  Session session(graph_);
  EXPECT_EQ(saver.Save(session, "./k", {.latest_filename = "d/x"}).status().message(),
            "'latest_filename' must not contain path components");
  EXPECT_EQ(saver.Save(session, "./checkpoint").status().message(),
            "'latest_filename' collides with 'save_path': 'checkpoint' and './checkpoint'");
  const absl::Status unset = saver.Save(session, "./k").status();
  EXPECT_EQ(unset.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(NodeOf(unset), "save/SaveV2");
  EXPECT_THAT(std::string(unset.message()), HasSubstr("Attempting to use uninitialized value v"));
  EXPECT_THAT(Files("."), IsEmpty());
  EXPECT_EQ(saver.Save(session, "./a/b/k").status().message(),
            "Parent directory of ./a/b/k doesn't exist, can't save.");
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  EXPECT_EQ(saver.Save(session, "./a/b/k").status().message(),
            "Parent directory of ./a/b/k doesn't exist, can't save.");
  EXPECT_EQ(saver.Save(session, "bare").status().message(), "Parent directory of bare doesn't exist, can't save.");
  session.Close();
  const absl::Status closed = saver.Save(session, "bare").status();
  EXPECT_EQ(closed.message(), "Attempted to use a closed Session.");
  EXPECT_EQ(closed.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SaverTest, AFailedSaveLeavesStateAndListAsTheyWere) {
  Variable v(graph_, 1.0f, "v");
  Saver saver = Make(graph_, {.max_to_keep = 1});
  Session session(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  ASSERT_TRUE(saver.Save(session, "d/k", {.global_step = 1}).ok());
  const std::string state = Read("d/checkpoint"), data = Read("d/k-1.data-00000-of-00001"), index = Read("d/k-1.index");
  Graph other(GraphOptions{.logger = &log_});
  Variable u(other, 1.0f, "u");
  Session wrong(other);
  const absl::Status failed = saver.Save(wrong, "d/k", {.global_step = 2}).status();
  EXPECT_EQ(failed.message(),
            "Cannot interpret feed_dict key as Tensor: The name 'save/Const:0' refers to a Tensor which does not "
            "exist. The operation, "
            "'save/Const', does not exist in the graph.");
  // A folder where the .meta should go.
  fs::create_directories("d/k-3.meta/x");
  EXPECT_FALSE(saver.Save(session, "d/k", {.global_step = 3}).ok());
  EXPECT_EQ(Read("d/checkpoint"), state);
  EXPECT_EQ(Read("d/k-1.data-00000-of-00001"), data);
  EXPECT_EQ(Read("d/k-1.index"), index);
  EXPECT_THAT(saver.last_checkpoints(), ElementsAre("d/k-1"));
}

TEST_F(SaverTest, GlobalStepIsANumberATensorOrAName) {
  Variable v(graph_, 1.0f, "v");
  Variable step(graph_, int64_t{12}, "step");
  Variable fraction(graph_, 7.9f, "fraction");
  Saver saver = Make(graph_);
  Session session(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  EXPECT_EQ(*saver.Save(session, "./k", {.global_step = -1}), "./k--1");
  EXPECT_EQ(*saver.Save(session, "./k", {.global_step = step.ref()}), "./k-12");
  EXPECT_EQ(*saver.Save(session, "./k", {.global_step = fraction.ref()}), "./k-7");
  EXPECT_EQ(*saver.Save(session, "./k", {.global_step = "step:0"}), "./k-12");
  EXPECT_FALSE(saver.Save(session, "./k", {.global_step = "nothing"}).ok());
}

// ---- retention ----

TEST_F(SaverTest, RetentionStepByStepAsTensorFlow) {
  std::ifstream in(Golden("retention/retention.json"));
  ASSERT_TRUE(in);
  const json cases = json::parse(in);
  ASSERT_GE(cases.size(), 20u);
  for (const auto& [name, c] : cases.items()) {
    SCOPED_TRACE(name);
    fs::create_directories(scratch_ / name / "dir");
    fs::current_path(scratch_ / name);
    ListLogger log;
    Graph graph(GraphOptions{.logger = &log});
    Variable v(graph, 1.0f, "v");
    Node* init = GlobalVariablesInitializer(graph);
    Session session(graph);
    ASSERT_TRUE(session.Run(init).ok());
    double now = 1.5e9;
    SaverOptions options;
    options.clock = [&now] { return now += 1; };
    const json& given = c["saver"];
    if (given.contains("max_to_keep"))
      options.max_to_keep = given["max_to_keep"].is_null() ? std::nullopt : std::optional<int>(given["max_to_keep"]);
    options.keep_checkpoint_every_n_hours = given.value("keep_checkpoint_every_n_hours", 10000.0);
    options.pad_step_number = given.value("pad_step_number", false);
    options.save_relative_paths = given.value("save_relative_paths", false);
    options.sharded = given.value("sharded", false);
    options.write_version = given.value("write_version", 2);
    Saver saver = Make(graph, options);
    int number = 0;
    for (const json& step : c["steps"]) {
      SCOPED_TRACE(++number);
      log.lines.clear();
      SaveOptions save;
      if (!step["global_step"].is_null()) save.global_step = step["global_step"].get<int64_t>();
      save.latest_filename = step["options"].value("latest_filename", "");
      save.meta_graph_suffix = step["options"].value("meta_graph_suffix", "meta");
      save.write_meta_graph = step["options"].value("write_meta_graph", true);
      save.write_state = step["options"].value("write_state", true);
      absl::StatusOr<std::string> path = saver.Save(session, step["save"].get<std::string>(), save);
      if (step.contains("error")) {
        EXPECT_FALSE(path.ok());
      } else {
        ASSERT_TRUE(path.ok()) << path.status();
        EXPECT_EQ(*path, step["returns"].get<std::string>());
      }
      EXPECT_EQ(json(saver.last_checkpoints()), step["last_checkpoints"]);
      EXPECT_EQ(json(Files("dir")), step["files"]);
      EXPECT_EQ(Read(fs::path("dir") / (save.latest_filename.empty() ? "checkpoint" : save.latest_filename)),
                step["state"].get<std::string>());
      std::vector<std::string> expected_log;
      for (const json& line : step["log"])
        expected_log.push_back(absl::StrCat(line["level"].get<std::string>(), ": ", line["text"].get<std::string>()));
      // The golden log leaves out what TensorFlow says of deprecation.
      std::erase_if(log.lines, [](const std::string& line) { return absl::StrContains(line, "has been deprecated"); });
      EXPECT_EQ(log.lines, expected_log);
    }
    fs::current_path(scratch_);
  }
}

TEST_F(SaverTest, OneCheckpointPerPeriodIsKeptForEver) {
  Variable v(graph_, 1.0f, "v");
  double now = 0;
  Saver saver = Make(graph_, {.max_to_keep = 1, .keep_checkpoint_every_n_hours = 1, .clock = [&now] { return now; }});
  Session session(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  for (int hour_quarter = 0; hour_quarter < 10; ++hour_quarter) {
    now = 900.0 * hour_quarter + 1;
    ASSERT_TRUE(saver.Save(session, "d/k", {.global_step = hour_quarter, .write_meta_graph = false}).ok());
  }
  // Kept: the newest, and the first ones after each full hour that fell out of the list.
  std::vector<std::string> index;
  for (const std::string& file : Files("d")) {
    if (absl::EndsWith(file, ".index")) index.push_back(file);
  }
  EXPECT_THAT(index, ElementsAre("k-4.index", "k-8.index", "k-9.index"));
}

TEST_F(SaverTest, ListsThatAreSetAndRecovered) {
  Variable v(graph_, 1.0f, "v");
  Session session(graph_);
  Saver first = Make(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  for (int i : {1, 2, 3}) ASSERT_TRUE(first.Save(session, "d/k", {.global_step = i}).ok());
  Saver second = Make(graph_, {.max_to_keep = 2});
  EXPECT_THAT(second.last_checkpoints(), IsEmpty());
  ASSERT_TRUE(second.RecoverLastCheckpoints({"d/k-1", "d/gone", "d/k-2"}).ok());
  EXPECT_THAT(second.last_checkpoints(), ElementsAre("d/k-1", "d/k-2"));
  ASSERT_TRUE(second.Save(session, "d/k", {.global_step = 4}).ok());
  EXPECT_FALSE(fs::exists("d/k-1.index"));
  EXPECT_TRUE(fs::exists("d/k-2.index") && fs::exists("d/k-3.index"));
  second.set_last_checkpoints({"d/k-2", "d/k-3"});
  ASSERT_TRUE(second.Save(session, "d/k", {.global_step = 5}).ok());
  EXPECT_THAT(second.last_checkpoints(), ElementsAre("d/k-3", "d/k-5"));
  EXPECT_TRUE(fs::exists("d/k-2.index")) << "entries without a time are never deleted";
}

// ---- restoring ----

TEST_F(SaverTest, RestoreErrors) {
  Variable v(graph_, Constant(graph_, 1.0f, {2}), "v");
  Saver saver = Make(graph_);
  Session session(graph_);
  EXPECT_EQ(saver.Restore(session, std::nullopt).message(), "Can't load save_path when it is None.");
  EXPECT_EQ(saver.Restore(session, "./nope").message(), "The passed save_path is not a valid checkpoint: ./nope");
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  ASSERT_TRUE(saver.Save(session, "./k").ok());

  Graph other(GraphOptions{.logger = &log_});
  Variable w(other, Constant(other, 1.0f, {2}), "w");
  Saver missing = Make(other);
  Session session2(other);
  log_.lines.clear();
  const absl::Status not_found = missing.Restore(session2, "./k");
  EXPECT_EQ(not_found.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(NodeOf(not_found), "save/RestoreV2");
  EXPECT_EQ(
      not_found.message(),
      "Restoring from checkpoint failed. This is most likely due to a Variable name or other graph key that is missing "
      "from the "
      "checkpoint. Please ensure that you have not altered the graph expected based on the checkpoint. Original "
      "error:\n\n"
      "Key w not found in checkpoint\n\t [[{{node save/RestoreV2}} = RestoreV2[dtypes=[DT_FLOAT], "
      "_device=\"/job:localhost/replica:0/task:0/device:CPU:0\"](_arg_save/Const_0_0, save/RestoreV2/tensor_names, "
      "save/RestoreV2/shape_and_slices)]]");
  EXPECT_THAT(log_.lines, ElementsAre("info: Restoring parameters from ./k"));

  Graph third(GraphOptions{.logger = &log_});
  Variable scalar(third, 1.0f, "v");
  Saver shape = Make(third);
  Session session3(third);
  EXPECT_EQ(
      shape.Restore(session3, "./k").message(),
      "Restoring from checkpoint failed. This is most likely due to a mismatch between the current graph and the graph "
      "from the "
      "checkpoint. Please ensure that you have not altered the graph expected based on the checkpoint. Original "
      "error:\n\n"
      "Assign requires shapes of both tensors to match. lhs shape= [] rhs shape= [2]\n\t [[{{node save/Assign}} = "
      "Assign[T=DT_FLOAT, _class=[\"loc:@v\"], use_locking=true, validate_shape=true, "
      "_device=\"/job:localhost/replica:0/task:0/device:CPU:0\"](v, save/RestoreV2)]]");

  Graph fourth(GraphOptions{.logger = &log_});
  Variable number(fourth, Tensor::Of<int32_t>({2}, {1, 2}), "v");
  Saver dtype = Make(fourth);
  Session session4(fourth);
  EXPECT_THAT(std::string(dtype.Restore(session4, "./k").message()),
              HasSubstr("tensor_name = v; expected dtype int32 does not equal original dtype float"));
  Graph fifth;
  Constant(fifth, 1.0f);
  Session session5(fifth);
  EXPECT_EQ(saver.Restore(session5, "./k").message(),
            "Cannot interpret feed_dict key as Tensor: The name 'save/Const:0' refers to a Tensor which does not "
            "exist. The operation, "
            "'save/Const', does not exist in the graph.");
}

// Saves a [2] and b [3]; the other graph wants b as `b_shape`.
class AtomicRestoreTest : public SaverTest, public testing::WithParamInterface<std::tuple<bool, bool, bool>> {};

TEST_P(AtomicRestoreTest, ARestoreThatFailsChangesNothing) {
  const auto [resource, bulk, sharded] = GetParam();
  VariableOptions kind;
  kind.use_resource = resource;
  {
    Variable a(graph_, Constant(graph_, 1.0f, {2}), "a", kind), b(graph_, Constant(graph_, 1.0f, {3}), "b", kind);
    Saver saver = Make(graph_);
    Session session(graph_);
    ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
    ASSERT_TRUE(saver.Save(session, "./k").ok());
  }
  for (const char* name : {"b", "c"}) {  // "b" has the wrong shape, "c" is not in the checkpoint
    SCOPED_TRACE(name);
    Graph graph(GraphOptions{.logger = &log_});
    Variable a(graph, Constant(graph, 5.0f, {2}), "a", kind), b(graph, Constant(graph, 5.0f, {2, 2}), name, kind);
    Saver saver = Make(graph, {.sharded = sharded, .bulk_restore = bulk});
    Session session(graph);
    ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph)).ok());
    const absl::Status status = saver.Restore(session, "./k");
    EXPECT_EQ(status.code(),
              std::string(name) == "b" ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kNotFound)
        << status;
    if (std::string(name) == "b") {
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("Assign requires shapes of both tensors to match. lhs shape= [2,2] rhs shape= [3]"));
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("a mismatch between the current graph and the graph from the checkpoint"));
    }
    EXPECT_EQ(Value(session, a), 5.0f);
    EXPECT_EQ(Value(session, b), 5.0f);
    // The session goes on.
    ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph)).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, AtomicRestoreTest, testing::Combine(testing::Bool(), testing::Bool(), testing::Bool()));

TEST_F(SaverTest, DamagedDataChangesNothing) {
  Variable a(graph_, Constant(graph_, 1.0f, {2}), "a"), b(graph_, Constant(graph_, 1.0f, {3}), "b");
  Saver saver = Make(graph_, {.bulk_restore = false});
  Session session(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  ASSERT_TRUE(saver.Save(session, "./k").ok());
  ASSERT_TRUE(session.Run(Assign(a, Floats({7, 7})).node).ok());
  std::string data = Read("k.data-00000-of-00001");
  data[data.size() - 1] ^= 1;  // in b, which comes second
  std::ofstream("k.data-00000-of-00001", std::ios::binary) << data;
  const absl::Status status = saver.Restore(session, "./k");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), testing::StartsWith("Checksum does not match: stored "));
  EXPECT_EQ(Value(session, a), 7.0f);
}

TEST_F(SaverTest, PartialRenamedAndReshaped) {
  {
    Variable a(graph_, Floats({1, 2, 3, 4}), "a"), b(graph_, Floats({5}), "b");
    Saver saver = Make(graph_);
    Session session(graph_);
    ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
    ASSERT_TRUE(saver.Save(session, "./k").ok());
  }
  Graph graph(GraphOptions{.logger = &log_});
  Variable m(graph, Tensor::Of<float>({2, 2}, {0, 0, 0, 0}), "m"), rest(graph, Floats({0}), "rest");
  Saver saver = Make(graph, {.reshape = true, .var_list = VarList{{"a", m}}});
  Session session(graph);
  ASSERT_TRUE(saver.Restore(session, "./k").ok());
  absl::StatusOr<Tensor> value = session.Run(m);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->shape(), TensorShape({2, 2}));
  EXPECT_EQ(value->flat<float>()[3], 4);
  EXPECT_THAT(std::string(session.Run(rest).status().message()),
              HasSubstr("Attempting to use uninitialized value rest"));

  Graph narrow(GraphOptions{.logger = &log_});
  Variable n(narrow, Floats({0, 0, 0}), "a");
  Saver wrong = Make(narrow, {.reshape = true});
  Session session2(narrow);
  const absl::Status status = wrong.Restore(session2, "./k");
  EXPECT_EQ(NodeOf(status), "save/Reshape");
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("Input to reshape is a tensor with 4 values, but the requested shape has 3"));
}

TEST_F(SaverTest, PartsOfAVariableAreSavedAsOne) {
  GetVariableOptions options;
  options.initializer = Constant(graph_, Floats({1, 2, 3, 4, 5}));
  options.partitioner = Partitioner{3};
  absl::StatusOr<PartitionedVariable> p = GetPartitionedVariable(graph_, "p", options);
  ASSERT_TRUE(p.ok()) << p.status();
  Saver saver = Make(graph_);
  Session session(graph_);
  ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph_)).ok());
  ASSERT_TRUE(saver.Save(session, "./k").ok());

  Graph graph(GraphOptions{.logger = &log_});
  Variable whole(graph, Floats({0, 0, 0, 0, 0}), "p");
  Saver one = Make(graph);
  Session session2(graph);
  const absl::Status restored = one.Restore(session2, "./k");
  ASSERT_TRUE(restored.ok()) << restored;
  absl::StatusOr<Tensor> value = session2.Run(whole);
  ASSERT_TRUE(value.ok());
  EXPECT_THAT(std::vector<float>(value->flat<float>().begin(), value->flat<float>().end()), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(SaverTest, ShardedAndFirstFormatRoundTrips) {
  for (int version : {1, 2}) {
    SCOPED_TRACE(version);
    Graph graph(GraphOptions{.logger = &log_});
    Variable a(graph, Floats({1, 2}), "a"), b(graph, Floats({3}), "b");
    Saver saver = Make(graph, {.sharded = version == 2, .write_version = version});
    Session session(graph);
    ASSERT_TRUE(session.Run(GlobalVariablesInitializer(graph)).ok());
    fs::create_directories("d");
    absl::StatusOr<std::string> path = saver.Save(session, absl::StrCat("d/k", version));
    ASSERT_TRUE(path.ok()) << path.status();
    ASSERT_TRUE(session.Run(Assign(b, Floats({9})).node).ok());
    const absl::Status restored = saver.Restore(session, *path);
    ASSERT_TRUE(restored.ok()) << restored;
    EXPECT_EQ(Value(session, b), 3.0f);
  }
}

// ---- meta graphs ----

TEST_F(SaverTest, TensorFlowsMetaGraphRestoresItsCheckpoint) {
  absl::StatusOr<std::optional<Saver>> saver =
      ImportMetaGraph(graph_, (Golden("document") / "model.ckpt.meta").string());
  ASSERT_TRUE(saver.ok()) << saver.status();
  ASSERT_TRUE(saver->has_value());
  Session session(graph_);
  const absl::Status restored = (*saver)->Restore(session, (Golden("document") / "model.ckpt").string());
  ASSERT_TRUE(restored.ok()) << restored;
  absl::StatusOr<Output> add = graph_.FindTensor("add:0");
  ASSERT_TRUE(add.ok());
  absl::StatusOr<Tensor> two = session.Run(*add);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->flat<float>()[0], 2.0f);
}

TEST_F(SaverTest, ImportWithoutSaverOrVariables) {
  Graph source(GraphOptions{.logger = &log_});
  Variable v(source, 1.0f, "v");
  ASSERT_TRUE(ExportMetaGraph(source, "with.meta").ok());
  Graph empty(GraphOptions{.logger = &log_});
  Constant(empty, 1.0f);
  ASSERT_TRUE(ExportMetaGraph(empty, "without.meta").ok());

  absl::StatusOr<std::optional<Saver>> made = ImportMetaGraph(graph_, "with.meta");
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(made->has_value());
  EXPECT_EQ((*made)->saver_def()->restore_op_name(), "save/restore_all");
  Graph other(GraphOptions{.logger = &log_});
  absl::StatusOr<std::optional<Saver>> none = ImportMetaGraph(other, "without.meta");
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
  EXPECT_THAT(log_.lines,
              ElementsAre("info: Saver not created because there are no variables in the graph to restore"));
  EXPECT_EQ(ImportMetaGraph(other, "./nope.meta").status().message(), "File ./nope.meta does not exist.");
}

TEST_F(SaverTest, ImportedInAScopeItRestoresThere) {
  Graph graph(GraphOptions{.logger = &log_});
  for (const char* scope : {"one", "one_1"}) {
    auto saver = ImportMetaGraph(graph, (Golden("document") / "model.ckpt.meta").string(), {.import_scope = "one"});
    ASSERT_TRUE(saver.ok()) << saver.status();
    EXPECT_EQ((*saver)->saver_def()->restore_op_name(), absl::StrCat(scope, "/save/restore_all"));
    Session session(graph);
    const absl::Status restored = (*saver)->Restore(session, (Golden("document") / "model.ckpt").string());
    ASSERT_TRUE(restored.ok()) << restored;
    absl::StatusOr<Tensor> two = session.Run(*graph.FindTensor(absl::StrCat(scope, "/add:0")));
    ASSERT_TRUE(two.ok()) << two.status();
    EXPECT_EQ(two->flat<float>()[0], 2.0f);
  }
}

}  // namespace
}  // namespace tfpersist
