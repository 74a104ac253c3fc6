#include "reference/checkpoint/rewrite.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/checkpoint/rebuild.h"

namespace tfpersist {
namespace {

// What is read of a tensor before anything of it is written, so that a broken slice leaves no half of it.
struct Parts {
  TensorShape shape;
  std::vector<TensorSlice> slices;  // empty: one whole value
  std::vector<Tensor> values;
};

absl::StatusOr<Parts> ReadParts(const BundleReader& reader, const std::string& name) {
  Parts parts;
  DataType dtype;
  TFP_RETURN_IF_ERROR(reader.LookupDtypeAndShape(name, &dtype, &parts.shape));
  TFP_ASSIGN_OR_RETURN(parts.slices, reader.Slices(name));
  if (parts.slices.empty()) {
    TFP_ASSIGN_OR_RETURN(parts.values.emplace_back(), reader.Lookup(name));
  }
  for (const TensorSlice& slice : parts.slices) {
    TFP_ASSIGN_OR_RETURN(parts.values.emplace_back(), reader.LookupSlice(name, slice));
  }
  return parts;
}

// TensorFlow reads nothing of a tensor whose slices overlap (D20).
absl::Status CheckDisjoint(const Parts& parts) {
  for (size_t i = 0; i < parts.slices.size(); ++i) {
    for (size_t j = 0; j < i && parts.shape.num_elements() > 0; ++j) {
      if (parts.slices[i].Resolved(parts.shape).Intersect(parts.slices[j].Resolved(parts.shape), nullptr)) {
        return absl::InternalError(absl::StrCat("Overlapping slices: existing slice = ", parts.slices[j].DebugString(),
                                                ", new slice = ", parts.slices[i].DebugString()));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status WriteParts(const Parts& parts, const std::string& name, BundleWriter* writer) {
  if (parts.slices.empty()) return writer->Add(name, parts.values[0]);
  for (size_t i = 0; i < parts.slices.size(); ++i) {
    TFP_RETURN_IF_ERROR(writer->AddSlice(name, parts.shape, parts.slices[i], parts.values[i]));
  }
  return absl::OkStatus();
}

BundleWriterOptions WriterOptions(const RewriteOptions& options) {
  return {.file_system = options.read.file_system, .write = options.write};
}

absl::Status FinishSalvage(const std::string& prefix, const SalvageReport& report, BundleWriter* writer) {
  if (!report.saved.empty()) return writer->Finish();
  return absl::DataLossError(absl::StrCat(
      "No tensor of ", prefix, " is whole, so that nothing was written",
      report.lost.empty() ? "" : absl::StrCat("; the first: ", report.lost[0].first, ": ", report.lost[0].second)));
}

absl::StatusOr<SalvageReport> SalvageRebuilt(const RebuiltIndex& index, const std::string& prefix,
                                             const std::string& out, const RewriteOptions& options) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleWriter> writer, BundleWriter::Create(out, WriterOptions(options)));
  SalvageReport report;
  std::map<std::string, std::string> lost(index.lost.begin(), index.lost.end());  // several slices of one count once
  std::map<std::string, std::vector<const RebuiltEntry*>> parts;
  for (const RebuiltEntry& entry : index.entries) {
    if (lost.count(entry.name) == 0) parts[entry.name].push_back(&entry);
  }
  int64_t done = 0;
  for (const auto& [name, entries] : parts) {
    std::vector<Tensor> values;
    for (const RebuiltEntry* entry : entries) {
      absl::StatusOr<Tensor> value = ReadRebuilt(prefix, index, *entry, options.read);
      if (!value.ok()) {
        lost.emplace(name, std::string(value.status().message()));
        break;
      }
      values.push_back(*std::move(value));
    }
    if (values.size() == entries.size()) {
      for (size_t i = 0; i < entries.size(); ++i) {
        TFP_RETURN_IF_ERROR(writer->AddSlice(name, entries[i]->full_shape, entries[i]->slice, values[i]));
      }
      report.saved.push_back(name);
      report.unsure.emplace_back(name, entries[0]->sureness);
    }
    if (options.progress) options.progress(++done, static_cast<int64_t>(parts.size()));
  }
  report.lost.assign(lost.begin(), lost.end());
  TFP_RETURN_IF_ERROR(FinishSalvage(prefix, report, writer.get()));
  return report;
}

}  // namespace

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> PlanRename(const BundleReader& reader,
                                                                            const RenamePlan& plan) {
  TFP_ASSIGN_OR_RETURN(const std::vector<VariableInfo> variables, reader.ListVariables());
  std::set<std::string> unused;
  for (const auto& [from, to] : plan.names) unused.insert(from);
  for (const auto& [from, to] : plan.prefixes) unused.insert(absl::StrCat(from, "/"));
  unused.insert(plan.dropped.begin(), plan.dropped.end());
  std::vector<std::pair<std::string, std::string>> renamed;
  std::map<std::string, std::string> taken;  // new -> old
  for (const VariableInfo& variable : variables) {
    const std::string& name = variable.name;
    unused.erase(name);
    if (plan.dropped.count(name) > 0) continue;
    std::string to = name;
    if (auto found = plan.names.find(name); found != plan.names.end()) {
      to = found->second;
    } else {
      size_t longest = 0;
      for (const auto& [from, scope] : plan.prefixes) {
        if (!absl::StartsWith(name, absl::StrCat(from, "/")) || from.size() + 1 <= longest) continue;
        longest = from.size() + 1;
        to = absl::StrCat(scope, scope.empty() ? "" : "/", name.substr(longest));
        unused.erase(absl::StrCat(from, "/"));
      }
    }
    if (to.empty()) return absl::InvalidArgumentError(absl::StrCat("'", name, "' would get an empty name"));
    if (auto [other, is_new] = taken.emplace(to, name); !is_new) {
      return absl::InvalidArgumentError(absl::StrCat("'", other->second, "' and '", name, "' would both be called '",
                                                     to, "'; give one of them another name, or drop it"));
    }
    renamed.emplace_back(name, std::move(to));
  }
  if (!unused.empty()) {
    return absl::NotFoundError(absl::StrCat("Key ", *unused.begin(), " not found in checkpoint ", reader.prefix()));
  }
  return renamed;
}

absl::Status RenameCheckpoint(const std::string& prefix, const std::string& out, const RenamePlan& plan,
                              const RewriteOptions& options) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleReader> reader, BundleReader::Open(prefix, options.read));
  TFP_ASSIGN_OR_RETURN(const auto names, PlanRename(*reader, plan));
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleWriter> writer, BundleWriter::Create(out, WriterOptions(options)));
  int64_t done = 0;
  for (const auto& [from, to] : names) {
    TFP_ASSIGN_OR_RETURN(const Parts parts, ReadParts(*reader, from));
    TFP_RETURN_IF_ERROR(WriteParts(parts, to, writer.get()));
    if (options.progress) options.progress(++done, static_cast<int64_t>(names.size()));
  }
  return writer->Finish();
}

absl::StatusOr<SalvageReport> SalvageCheckpoint(const std::string& prefix, const std::string& out,
                                                const RewriteOptions& options) {
  if (out == prefix) {
    return absl::InvalidArgumentError(
        absl::StrCat("salvage writes beside the damaged checkpoint, not over it; give another prefix than ", prefix));
  }
  absl::StatusOr<std::unique_ptr<BundleReader>> opened = BundleReader::Open(prefix, options.read);
  if (!opened.ok()) {
    const absl::StatusOr<RebuiltIndex> index = RebuildIndex(prefix, options.read);
    if (index.ok()) return SalvageRebuilt(*index, prefix, out, options);
    if (absl::IsNotFound(index.status())) return opened.status();
    return WithMessage(opened.status(), absl::StrCat(opened.status().message(),
                                                     "; nor can the index be rebuilt: ", index.status().message()));
  }
  const std::unique_ptr<BundleReader> reader = *std::move(opened);
  TFP_ASSIGN_OR_RETURN(const std::vector<std::string> names, reader->ListReadableNames());
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<BundleWriter> writer, BundleWriter::Create(out, WriterOptions(options)));
  SalvageReport report;
  int64_t done = 0;
  for (const std::string& name : names) {
    absl::StatusOr<Parts> parts = ReadParts(*reader, name);
    if (parts.ok()) {
      if (absl::Status disjoint = CheckDisjoint(*parts); !disjoint.ok()) parts = disjoint;
    }
    if (parts.ok()) {
      TFP_RETURN_IF_ERROR(WriteParts(*parts, name, writer.get()));
      report.saved.push_back(name);
    } else {
      report.lost.emplace_back(name, std::string(parts.status().message()));
    }
    if (options.progress) options.progress(++done, static_cast<int64_t>(names.size()));
  }
  TFP_RETURN_IF_ERROR(FinishSalvage(prefix, report, writer.get()));
  return report;
}

}  // namespace tfpersist
