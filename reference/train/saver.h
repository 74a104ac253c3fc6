// Saver: saves variables to checkpoints, restores them, and keeps the newest few.
//
//   tf::Saver saver(graph);                                    // every variable of the graph
//   auto path = saver.Save(sess, "Saved_model/model.ckpt");    // files .index, .data-…, .meta, and "checkpoint"
//   auto status = saver.Restore(sess, "Saved_model/model.ckpt");
//
// Nodes, files, names and messages are those of training/saver.py of TensorFlow 1.11.0. Beyond it: a restore that fails
// leaves every variable as it was (all values are read and checked before the first is assigned), and a save that fails
// leaves the earlier checkpoint, the state file and last_checkpoints() as they were.
// One thread at a time per Saver; it adds to the graph when it is built and never after.
#ifndef TFPERSIST_REFERENCE_TRAIN_SAVER_H_
#define TFPERSIST_REFERENCE_TRAIN_SAVER_H_

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "reference/graph/meta_graph.h"
#include "reference/runtime/direct_session.h"
#include "reference/train/saveable.h"
#include "reference/train/variable.h"

namespace tensorflow {
class MetaGraphDef;
class SaverDef;
}  // namespace tensorflow

namespace tfpersist {

struct SaverOptions {
  bool reshape = false;                    // restored tensors take the variables' shapes
  VarList var_list = {};                   // default: every saveable object, looked up when the saver is built
  bool sharded = false;                    // one file per device
  std::optional<int32_t> max_to_keep = 5;  // none and 0: keep all, record none
  double keep_checkpoint_every_n_hours = 10000.0;
  std::string name;                                       // of the nodes' scope; empty: "save"
  bool restore_sequentially = false;                      // changes nothing in 1.11.0 (A22), and nothing here
  std::shared_ptr<const tensorflow::SaverDef> saver_def;  // nodes that are in the graph already
  bool bulk_restore = true;                               // false: one RestoreV2 per tensor (BaseSaverBuilder)
  bool defer_build = false;                               // nothing is added before Build()
  bool allow_empty = false;                               // no variables: a saver that does nothing
  int write_version = 2;                                  // 1: the format from before 0.12
  bool pad_step_number = false;                           // "model-00000007"
  bool save_relative_paths = false;
  std::string filename;           // the nodes' default prefix; empty: "model"
  std::function<double()> clock;  // seconds since 1970; none: the system's
};

struct SaveOptions {
  // A number, a scalar tensor to run, or its name ("global_step:0").
  std::variant<std::monostate, int64_t, Output, std::string> global_step;
  std::string latest_filename;  // empty: "checkpoint"
  std::string meta_graph_suffix = "meta";
  bool write_meta_graph = true;
  bool write_state = true;  // the state file, and retention
  bool strip_default_attrs = false;
};

struct SaverExportOptions {
  std::string export_scope;
  MetaGraphFormat format = MetaGraphFormat::kBinary;
  bool clear_devices = false;
  bool clear_extraneous_savers = false;
  bool strip_default_attrs = false;
};

// A save that goes on while its caller does something else. A copy stands for the same save.
class PendingSave {
 public:
  // What Save() would have returned, once it is over. From any thread, as often as wanted.
  absl::StatusOr<std::string> Wait() const { return result_.get(); }
  // How long SaveAsync() kept its caller: a run that reads the variables, and the meta graph.
  double seconds_waited() const { return seconds_waited_; }

 private:
  friend class Saver;
  PendingSave(std::shared_future<absl::StatusOr<std::string>> result, double seconds_waited)
      : result_(std::move(result)), seconds_waited_(seconds_waited) {}
  std::shared_future<absl::StatusOr<std::string>> result_;
  double seconds_waited_;
};

class Saver {
 public:
  // Errors are recorded in graph.status(), and every later call returns them.
  explicit Saver(Graph& graph, SaverOptions options = {});
  Saver(Graph& graph, std::vector<Variable> list, SaverOptions options = {});
  Saver(Graph& graph, std::map<std::string, Variable> map, SaverOptions options = {});
  // INVALID_ARGUMENT, FAILED_PRECONDITION with TensorFlow's texts (A01-A14, A25, A29, A33).
  static absl::StatusOr<Saver> Create(Graph& graph, SaverOptions options = {});

  Saver(Saver&&) noexcept;
  Saver& operator=(Saver&&) noexcept;
  ~Saver();

  // Adds the nodes of a deferred saver; afterwards it does nothing.
  absl::Status Build();

  // Writes a checkpoint and returns its prefix; empty for an empty saver. Codes and texts as C-level TensorFlow and
  // B04-B07.
  absl::StatusOr<std::string> Save(DirectSession& session, absl::string_view prefix, const SaveOptions& options = {});
  // The same in a thread of its own, with the values that the variables have now: the snapshot shares their memory, and
  // a variable that changes before it is written leaves the old memory to it, so that a copy is made of what changes
  // and of nothing else. Errors found before the writing are returned here, others by Wait(). Until it is over, the
  // session must live and the graph must not grow; another call on this saver waits for it first, and so does its
  // destructor.
  absl::StatusOr<PendingSave> SaveAsync(DirectSession& session, absl::string_view prefix,
                                        const SaveOptions& options = {});
  // Gives every variable of the saver its value. `prefix` none: INVALID_ARGUMENT, as restore(None).
  absl::Status Restore(DirectSession& session, std::optional<absl::string_view> prefix);

  // Null for an empty saver and before a deferred build.
  const tensorflow::SaverDef* saver_def() const;
  // A copy with names relative to export_scope; null if one lies outside (A31).
  std::unique_ptr<tensorflow::SaverDef> ToProto(absl::string_view export_scope = "") const;
  Graph& graph() const;

  // Retention: oldest first.
  std::vector<std::string> last_checkpoints() const;
  void set_last_checkpoints(absl::Span<const std::string> prefixes);  // never deleted (B23)
  void set_last_checkpoints_with_time(absl::Span<const std::pair<std::string, double>> prefixes);
  // Takes over what an earlier process wrote: those of the given prefixes that exist, with the files' times.
  absl::Status RecoverLastCheckpoints(absl::Span<const std::string> prefixes);

  // The graph with this saver as a MetaGraphDef; `filename` not empty: also written there.
  absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> ExportMetaGraph(
      absl::string_view filename, const SaverExportOptions& options = {}) const;

  // tf.add_to_collection(SAVERS, saver).
  void AddToCollection();

 private:
  class Impl;
  explicit Saver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// tf.train.export_meta_graph(): the graph without a saver.
absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> ExportMetaGraph(const Graph& graph,
                                                                          absl::string_view filename,
                                                                          const SaverExportOptions& options = {});

struct ImportMetaGraphOptions {
  std::string import_scope;
  bool clear_devices = false;
  std::map<std::string, Output> input_map;
  std::function<double()> clock;  // of the saver that comes back
};
// tf.train.import_meta_graph(): adds the graph of a .meta file (binary or text) and returns its saver; a default saver
// if it names none but has variables; nothing if it has neither (M13).
absl::StatusOr<std::optional<Saver>> ImportMetaGraph(Graph& graph, absl::string_view filename,
                                                     const ImportMetaGraphOptions& options = {});
absl::StatusOr<std::optional<Saver>> ImportMetaGraph(Graph& graph, const tensorflow::MetaGraphDef& meta,
                                                     const ImportMetaGraphOptions& options = {});

// The saver to use where none is given: the one of the collection SAVERS, else a new sharded one that may be empty
// (A32).
absl::StatusOr<Saver> GetOrCreateSaver(Graph& graph);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_SAVER_H_
