#include "reference/train/saver.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/train/nodes.h"
#include "reference/train/object_based.h"
#include "reference/train/restore_plan.h"
#include "reference/train/retention.h"
#include "reference/train/save_plan.h"
#include "reference/train/saver_builder.h"

namespace tfpersist {
namespace {

double SystemClock() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool IsDirectory(const std::string& path) {
  absl::StatusOr<FileStat> stat = PosixFileSystem()->Stat(path);
  return stat.ok() && stat->is_directory;
}

absl::Status CheckSaverDef(const tensorflow::SaverDef& def) {
  if (def.save_tensor_name().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("saver_def must specify the save_tensor_name: ", def.DebugString()));
  }
  if (def.restore_op_name().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("saver_def must specify the restore_op_name: ", def.DebugString()));
  }
  return absl::OkStatus();
}

absl::Status FrameRestoreError(const absl::Status& error, absl::string_view reason) {
  return WithMessage(
      error, absl::StrCat("Restoring from checkpoint failed. This is most likely due to ", reason,
                          " from the checkpoint. Please ensure that you have not altered the graph expected based on "
                          "the checkpoint. Original error:\n\n",
                          error.message()));
}

}  // namespace

class Saver::Impl {
 public:
  Impl(Graph& graph, SaverOptions options) : graph_(&graph), options_(std::move(options)) {
    if (!options_.clock) options_.clock = SystemClock;
  }

  ~Impl() { Join(); }

  absl::Status Init() {
    if (options_.defer_build && !options_.var_list.empty()) {
      return absl::InvalidArgumentError(
          "If `var_list` is provided then build cannot be deferred. Either set defer_build=False or var_list=None.");
    }
    if (options_.saver_def != nullptr) {
      TFP_RETURN_IF_ERROR(CheckSaverDef(*options_.saver_def));
      options_.write_version = options_.saver_def->version() == tensorflow::SaverDef::V2 ? 2 : 1;
    }
    return options_.defer_build ? absl::OkStatus() : Build();
  }

  absl::Status Build() {
    if (built_) return absl::OkStatus();
    built_ = true;
    if (options_.saver_def != nullptr) {
      def_ = std::make_unique<tensorflow::SaverDef>(*options_.saver_def);
      if (!options_.name.empty()) {
        const std::string prefix = absl::StrCat(WithoutSlash(options_.name), "/");
        for (std::string* name : {def_->mutable_filename_tensor_name(), def_->mutable_save_tensor_name(),
                                  def_->mutable_restore_op_name()}) {
          name->insert(0, prefix);
        }
      }
    } else {
      VarList list = options_.var_list.given() ? options_.var_list : VarList(AllSaveableVariables(*graph_));
      if (list.empty()) {
        empty_ = options_.allow_empty;
        return empty_ ? absl::OkStatus() : absl::InvalidArgumentError("No variables to save");
      }
      TFP_ASSIGN_OR_RETURN(auto saveables, SaveablesOf(list));
      SaverBuilderOptions builder;
      builder.reshape = options_.reshape;
      builder.sharded = options_.sharded;
      builder.restore_sequentially = options_.restore_sequentially;
      builder.bulk_restore = options_.bulk_restore;
      builder.v1 = options_.write_version != 2;
      builder.name = options_.name;
      builder.filename = options_.filename;
      // The nodes go where the variables are (A33).
      Graph& graph = saveables.empty() ? *graph_ : saveables[0]->op().graph();
      TFP_ASSIGN_OR_RETURN(def_, BuildSaver(graph, saveables, builder));
      def_->set_max_to_keep(options_.max_to_keep.value_or(0));
      def_->set_keep_checkpoint_every_n_hours(static_cast<float>(options_.keep_checkpoint_every_n_hours));
    }
    restore_ = std::make_unique<RestorePlan>(*graph_, def_->filename_tensor_name(), def_->restore_op_name());
    // A list that was set before a deferred build stays.
    Retention retention(def_->max_to_keep(), def_->keep_checkpoint_every_n_hours(), options_.clock());
    retention.set(retention_.entries());
    retention_ = std::move(retention);
    return absl::OkStatus();
  }

  // A save between what is settled at once and what is written.
  struct SaveJob {
    std::string prefix, file, directory, latest, meta;
    SaveOptions options;
    std::vector<DirectSession::NamedFeed> snapshot;        // of an asynchronous save
    std::unique_ptr<tensorflow::MetaGraphDef> meta_graph;  // null: exported when it is its turn
  };

  absl::StatusOr<SaveJob> Prepare(DirectSession& session, const std::string& prefix, const SaveOptions& options) {
    TFP_RETURN_IF_ERROR(error_);
    if (!built_) return absl::FailedPreconditionError("`build()` should be called before save if defer_build==True");
    SaveJob job;
    job.prefix = prefix;
    job.options = options;
    job.latest = options.latest_filename.empty() ? "checkpoint" : options.latest_filename;
    if (options_.write_version != 2) LogV1();
    if (!Dirname(job.latest).empty())
      return absl::InvalidArgumentError("'latest_filename' must not contain path components");
    TFP_ASSIGN_OR_RETURN(job.file, PrefixWithStep(session, prefix, options));
    job.directory = std::string(Dirname(prefix));
    if (job.file == prefix && Basename(prefix) == job.latest && !options_.sharded) {
      return absl::InvalidArgumentError(
          absl::StrCat("'latest_filename' collides with 'save_path': '", job.latest, "' and '", prefix, "'"));
    }
    job.meta = MetaGraphFilename(job.file, options.meta_graph_suffix);
    return job;
  }

  absl::StatusOr<std::unique_ptr<tensorflow::MetaGraphDef>> Export(const SaveOptions& options, const Saver& self) {
    SaverExportOptions exported;
    exported.strip_default_attrs = options.strip_default_attrs;
    return self.ExportMetaGraph("", exported);
  }

  absl::StatusOr<std::string> Write(DirectSession& session, SaveJob job, const Saver* self) {
    std::string written;
    if (!empty_) {
      absl::StatusOr<std::string> result = WriteCheckpoint(session, job);
      if (!result.ok()) return ParentError(result.status(), job.prefix, job.directory);
      written = *result;
    }
    // The .meta before the state file: what the state names is then complete, and nothing is deleted before that.
    if (job.options.write_meta_graph) {
      if (job.meta_graph == nullptr) {
        TFP_ASSIGN_OR_RETURN(job.meta_graph, Export(job.options, *self));
      }
      TFP_RETURN_IF_ERROR(WriteMetaGraph(PosixFileSystem(), *job.meta_graph, job.meta, MetaGraphFormat::kBinary));
    }
    if (!empty_ && job.options.write_state) {
      if (absl::Status s = RecordCheckpoint(written, job); !s.ok()) return ParentError(s, job.prefix, job.directory);
    }
    return written;
  }

  absl::StatusOr<std::string> Save(DirectSession& session, const std::string& prefix, const SaveOptions& options,
                                   const Saver& self) {
    Join();
    TFP_ASSIGN_OR_RETURN(SaveJob job, Prepare(session, prefix, options));
    return Write(session, std::move(job), &self);
  }

  absl::StatusOr<std::shared_future<absl::StatusOr<std::string>>> SaveAsync(DirectSession& session,
                                                                            const std::string& prefix,
                                                                            const SaveOptions& options,
                                                                            const Saver& self) {
    Join();
    TFP_ASSIGN_OR_RETURN(SaveJob job, Prepare(session, prefix, options));
    if (!empty_) {
      TFP_ASSIGN_OR_RETURN(job.snapshot, TakeSnapshot(session, def_->save_tensor_name()));
    }
    if (options.write_meta_graph) {
      TFP_ASSIGN_OR_RETURN(job.meta_graph, Export(options, self));
    }
    pending_ = std::async(std::launch::async, [this, &session, job = std::move(job)]() mutable {
                 return Write(session, std::move(job), nullptr);
               }).share();
    return pending_;
  }

  // Waits for an asynchronous save: it writes to what every other call reads.
  void Join() const {
    if (pending_.valid()) pending_.wait();
  }

  absl::Status Restore(DirectSession& session, std::optional<absl::string_view> path) {
    Join();
    TFP_RETURN_IF_ERROR(error_);
    if (empty_) return absl::OkStatus();
    if (!path.has_value()) return absl::InvalidArgumentError("Can't load save_path when it is None.");
    const std::string prefix(*path);
    TFP_ASSIGN_OR_RETURN(bool exists, CheckpointExists(prefix));
    if (!exists)
      return absl::InvalidArgumentError(absl::StrCat("The passed save_path is not a valid checkpoint: ", prefix));
    graph_->logger()->Log(LogLevel::kInfo, absl::StrCat("Restoring parameters from ", prefix));
    if (def_ == nullptr)
      return absl::FailedPreconditionError("`build()` should be called before restore if defer_build==True");
    const absl::Status status = restore_->Run(session, prefix);
    if (absl::IsInvalidArgument(status) && !NodeOf(status).empty()) {
      return FrameRestoreError(status, "a mismatch between the current graph and the graph");
    }
    if (!absl::IsNotFound(status)) return status;
    absl::StatusOr<std::map<std::string, std::string>> keys = ObjectGraphKeys(prefix);
    const absl::Status missing = FrameRestoreError(status, "a Variable name or other graph key that is missing");
    if (!keys.ok()) return missing;
    graph_->logger()->Log(
        LogLevel::kWarning,
        "Restoring an object-based checkpoint using a name-based saver. This may be somewhat fragile, and will "
        "re-build the Saver. Instead, consider loading object-based checkpoints using tf.train.Checkpoint().");
    VarList list = options_.var_list.given() ? options_.var_list : VarList(AllSaveableVariables(*graph_));
    TFP_ASSIGN_OR_RETURN(auto saveables, SaveablesOf(list));
    TFP_ASSIGN_OR_RETURN(VarList renamed, RenamedByObjectGraph(saveables, *keys));
    if (of_objects_) return missing;
    if (object_based_ == nullptr) {
      SaverOptions options;
      options.var_list = std::move(renamed);
      TFP_ASSIGN_OR_RETURN(Saver made, Saver::Create(*graph_, std::move(options)));
      object_based_ = std::make_unique<Saver>(std::move(made));
      object_based_->impl_->of_objects_ = true;
    }
    return object_based_->Restore(session, prefix);
  }

  Graph* graph_;
  SaverOptions options_;
  absl::Status error_;  // of a constructor that cannot return one
  std::unique_ptr<tensorflow::SaverDef> def_;
  std::unique_ptr<RestorePlan> restore_;  // of def_
  bool built_ = false, empty_ = false;
  Retention retention_;
  std::shared_future<absl::StatusOr<std::string>> pending_;  // the asynchronous save before, over or not
  std::unique_ptr<Saver> object_based_;
  bool of_objects_ = false;  // is such a saver itself: keys that lead to keys end there

 private:
  void LogV1() {
    for (const char* line : {"*******************************************************",
                             "TensorFlow's V1 checkpoint format has been deprecated.",
                             "Consider switching to the more efficient V2 format:",
                             "   `tf.train.Saver(write_version=tf.train.SaverDef.V2)`", "now on by default.",
                             "*******************************************************"}) {
      graph_->logger()->Log(LogLevel::kWarning, line);
    }
  }

  absl::StatusOr<std::string> PrefixWithStep(DirectSession& session, const std::string& prefix,
                                             const SaveOptions& options) {
    if (std::holds_alternative<std::monostate>(options.global_step)) return prefix;
    int64_t step = 0;
    if (const int64_t* number = std::get_if<int64_t>(&options.global_step)) {
      step = *number;
    } else {
      Tensor value;
      if (const Output* tensor = std::get_if<Output>(&options.global_step)) {
        TFP_ASSIGN_OR_RETURN(value, session.Run(*tensor));
      } else {
        const std::string& name = std::get<std::string>(options.global_step);
        TFP_ASSIGN_OR_RETURN(std::vector<Tensor> values, session.Run({}, {name}, {}));
        value = values[0];
      }
      TFP_ASSIGN_OR_RETURN(value, CastTensor(value, DT_INT64));
      if (value.num_elements() != 1)
        return absl::InvalidArgumentError("only size-1 arrays can be converted to Python scalars");
      step = value.flat<int64_t>()[0];
    }
    return options_.pad_step_number ? absl::StrFormat("%s-%08d", prefix, step) : absl::StrFormat("%s-%d", prefix, step);
  }

  absl::StatusOr<std::string> WriteCheckpoint(DirectSession& session, const SaveJob& job) {
    std::vector<DirectSession::NamedFeed> feeds = {{def_->filename_tensor_name(), Tensor::Scalar(job.file)}};
    if (job.directory.empty() && options_.write_version == 2) {
      // 1.11.0 cannot save without a directory (B45); the session's own complaints come first.
      TFP_RETURN_IF_ERROR(session.Run(feeds, {def_->filename_tensor_name()}, {}).status());
      return absl::NotFoundError("; No such file or directory");
    }
    feeds.insert(feeds.end(), job.snapshot.begin(), job.snapshot.end());
    TFP_ASSIGN_OR_RETURN(std::vector<Tensor> values, session.Run(feeds, {def_->save_tensor_name()}, {}));
    if (values.size() != 1 || values[0].dtype() != DT_STRING || values[0].num_elements() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("The save tensor ", def_->save_tensor_name(), " did not give a file name."));
    }
    return values[0].flat<std::string>()[0];
  }

  absl::Status RecordCheckpoint(const std::string& written, const SaveJob& job) {
    Retention next = retention_;
    next.Record(written, options_.clock());
    CheckpointStateUpdate update;
    update.save_dir = job.directory;
    update.model_checkpoint_path = written;
    update.all_model_checkpoint_paths = next.paths();
    update.latest_filename = job.latest;
    update.save_relative_paths = options_.save_relative_paths;
    TFP_RETURN_IF_ERROR(UpdateCheckpointState(update, graph_->logger()));
    std::optional<std::string> old = next.NextToDelete();
    retention_ = std::move(next);
    if (!old.has_value()) return absl::OkStatus();
    // A negative max_to_keep deletes what was just written, all but its .meta (B22).
    const std::string old_meta = MetaGraphFilename(*old, job.options.meta_graph_suffix);
    const absl::Status removed = RemoveCheckpoint(*old, def_->version() == tensorflow::SaverDef::V2,
                                                  job.options.meta_graph_suffix, /*keep_meta=*/old_meta == job.meta);
    if (!removed.ok()) graph_->logger()->Log(LogLevel::kWarning, absl::StrCat("Ignoring: ", removed.message()));
    return absl::OkStatus();
  }

  // What a missing folder does to a save comes as one plain sentence, whatever failed first (B07).
  static absl::Status ParentError(const absl::Status& error, const std::string& prefix, const std::string& directory) {
    if (!absl::IsNotFound(error) && !absl::IsFailedPrecondition(error)) return error;
    // A session's own refusals have these codes too, but are errors of Python's and not of TensorFlow's.
    if (absl::StartsWith(error.message(), "Attempted to use a closed Session.") ||
        absl::StartsWith(error.message(), "The Session graph is empty.")) {
      return error;
    }
    if (IsDirectory(directory)) return error;
    return absl::InvalidArgumentError(absl::StrCat("Parent directory of ", prefix, " doesn't exist, can't save."));
  }
};

Saver::Saver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Saver::Saver(Saver&&) noexcept = default;
Saver& Saver::operator=(Saver&&) noexcept = default;
Saver::~Saver() = default;

Saver::Saver(Graph& graph, SaverOptions options) : impl_(std::make_unique<Impl>(graph, std::move(options))) {
  impl_->error_ = impl_->Init();
  graph.RecordError(impl_->error_);
}

namespace {

SaverOptions With(SaverOptions options, VarList list) {
  options.var_list = std::move(list);
  return options;
}

}  // namespace

Saver::Saver(Graph& graph, std::vector<Variable> list, SaverOptions options)
    : Saver(graph, With(std::move(options), VarList(list))) {}
Saver::Saver(Graph& graph, std::map<std::string, Variable> map, SaverOptions options)
    : Saver(graph, With(std::move(options), VarList(map))) {}

absl::StatusOr<Saver> Saver::Create(Graph& graph, SaverOptions options) {
  auto impl = std::make_unique<Impl>(graph, std::move(options));
  TFP_RETURN_IF_ERROR(impl->Init());
  return Saver(std::move(impl));
}

absl::Status Saver::Build() {
  TFP_RETURN_IF_ERROR(impl_->error_);
  return impl_->Build();
}

absl::StatusOr<std::string> Saver::Save(DirectSession& session, absl::string_view prefix, const SaveOptions& options) {
  return impl_->Save(session, std::string(prefix), options, *this);
}

absl::StatusOr<PendingSave> Saver::SaveAsync(DirectSession& session, absl::string_view prefix,
                                             const SaveOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  TFP_ASSIGN_OR_RETURN(auto result, impl_->SaveAsync(session, std::string(prefix), options, *this));
  return PendingSave(std::move(result),
                     std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

absl::Status Saver::Restore(DirectSession& session, std::optional<absl::string_view> prefix) {
  return impl_->Restore(session, prefix);
}

const tensorflow::SaverDef* Saver::saver_def() const { return impl_->def_.get(); }
Graph& Saver::graph() const { return *impl_->graph_; }

std::unique_ptr<tensorflow::SaverDef> Saver::ToProto(absl::string_view export_scope) const {
  if (impl_->def_ == nullptr) return nullptr;
  auto def = std::make_unique<tensorflow::SaverDef>(*impl_->def_);
  if (export_scope.empty()) return def;
  const std::string prefix = absl::StrCat(WithoutSlash(std::string(export_scope)), "/");
  std::string* const names[] = {def->mutable_filename_tensor_name(), def->mutable_save_tensor_name(),
                                def->mutable_restore_op_name()};
  for (std::string* name : names) {
    if (!absl::StartsWith(*name, export_scope)) return nullptr;
  }
  for (std::string* name : names) {
    if (absl::StartsWith(*name, prefix)) name->erase(0, prefix.size());
  }
  return def;
}

std::vector<std::string> Saver::last_checkpoints() const {
  impl_->Join();
  return impl_->retention_.paths();
}

void Saver::set_last_checkpoints(absl::Span<const std::string> prefixes) {
  std::vector<Retention::Entry> entries;
  for (const std::string& prefix : prefixes) entries.emplace_back(prefix, std::numeric_limits<double>::infinity());
  impl_->Join();
  impl_->retention_.set(std::move(entries));
}

void Saver::set_last_checkpoints_with_time(absl::Span<const std::pair<std::string, double>> prefixes) {
  impl_->Join();
  impl_->retention_.set({prefixes.begin(), prefixes.end()});
}

absl::Status Saver::RecoverLastCheckpoints(absl::Span<const std::string> prefixes) {
  // 1.11.0 pairs the paths with the times of those that exist, so that a missing one shifts the rest (B25); its
  // successors, and this, keep exactly the existing ones.
  std::vector<Retention::Entry> entries;
  for (const std::string& prefix : prefixes) {
    TFP_ASSIGN_OR_RETURN(std::optional<double> mtime, CheckpointMtime(prefix));
    if (mtime.has_value()) entries.emplace_back(prefix, *mtime);
  }
  impl_->Join();
  impl_->retention_.set(std::move(entries));
  return absl::OkStatus();
}

void Saver::AddToCollection() {
  if (impl_->def_ != nullptr) graph().collections()[kSavers].push_back(ProtoBytes{impl_->def_->SerializeAsString()});
}

absl::StatusOr<Saver> GetOrCreateSaver(Graph& graph) {
  const auto found = graph.collections().find(kSavers);
  if (found != graph.collections().end() && !found->second.empty()) {
    if (found->second.size() > 1) {
      return absl::FailedPreconditionError(
          "More than one item in collection savers. Please indicate which one to use by passing it to the "
          "constructor.");
    }
    const ProtoBytes* bytes = std::get_if<ProtoBytes>(&found->second[0]);
    auto def = std::make_shared<tensorflow::SaverDef>();
    if (bytes == nullptr || !def->ParseFromString(bytes->bytes)) {
      return absl::InvalidArgumentError("The item in collection savers is no SaverDef.");
    }
    SaverOptions options;
    options.saver_def = std::move(def);
    return Saver::Create(graph, std::move(options));
  }
  SaverOptions options;
  options.sharded = true;
  options.allow_empty = true;
  TFP_ASSIGN_OR_RETURN(Saver saver, Saver::Create(graph, std::move(options)));
  saver.AddToCollection();
  return saver;
}

}  // namespace tfpersist
