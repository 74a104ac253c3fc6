// tfpersist verify, salvage, rename: checkpoints checked, saved from damage, and under other names.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "reference/base/status.h"
#include "reference/checkpoint/rewrite.h"
#include "reference/checkpoint/verify.h"
#include "reference/cli/command.h"
#include "reference/cli/suggest.h"

namespace tfpersist::cli {
namespace {

using Json = nlohmann::json;

absl::StatusOr<int> Verify(const std::string& argument, bool as_json) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(argument));
  ProgressBar bar("verify");
  VerifyOptions options;
  options.progress = [&bar](int64_t done, int64_t total) { bar.Show(done, total); };
  const VerifyReport report = VerifyCheckpoint(prefix, options);
  if (as_json) {
    Json out = {
        {"prefix", prefix}, {"ok", report.ok()}, {"variables", report.variables}, {"data_bytes", report.data_bytes}};
    out["findings"] = Json::array();
    for (const VerifyFinding& f : report.findings) {
      Json one = {
          {"severity", f.severity == VerifyFinding::kError ? "error" : "warning"}, {"file", f.file}, {"text", f.text}};
      if (f.offset >= 0) one["offset"] = f.offset;
      if (!f.key.empty()) one["key"] = f.key;
      out["findings"].push_back(std::move(one));
    }
    std::printf("%s\n", out.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
    return report.ok() ? 0 : 1;
  }
  int errors = 0, warnings = 0;
  for (const VerifyFinding& f : report.findings) {
    const bool error = f.severity == VerifyFinding::kError;
    ++(error ? errors : warnings);
    std::printf("%s: %s%s: %s%s\n", error ? "error" : "warning", f.file.c_str(),
                f.offset >= 0 ? absl::StrCat(" at byte ", f.offset).c_str() : "",
                f.key.empty() ? "" : absl::StrCat(Printable(f.key), ": ").c_str(), Printable(f.text).c_str());
  }
  std::printf("%s: %lld variables, %s of data checked, %d errors, %d warnings\n", prefix.c_str(),
              static_cast<long long>(report.variables), HumanBytes(report.data_bytes).c_str(), errors, warnings);
  if (errors > 0) std::printf("what is whole can be saved: tfpersist salvage %s NEW_PREFIX\n", prefix.c_str());
  return errors > 0 ? 1 : 0;
}

absl::StatusOr<int> Salvage(const std::string& prefix, const std::string& out) {
  ProgressBar bar("salvage");
  RewriteOptions options;
  options.progress = [&bar](int64_t done, int64_t total) { bar.Show(done, total); };
  TFP_ASSIGN_OR_RETURN(const SalvageReport report, SalvageCheckpoint(prefix, out, options));
  for (const auto& [name, why] : report.lost) {
    std::printf("lost: %s: %s\n", Printable(name).c_str(), Printable(why).c_str());
  }
  for (const auto& [name, how] : report.unsure) {
    std::printf("unsure: %s: %s\n", Printable(name).c_str(), Printable(how).c_str());
  }
  std::printf("%zu tensors saved to %s, %zu lost\n", report.saved.size(), out.c_str(), report.lost.size());
  if (!report.unsure.empty()) {
    std::printf("the index is lost, and its checksums with it: compare the values with what you know of them\n");
  }
  return report.lost.empty() && report.unsure.empty() ? 0 : 1;
}

struct RenameArguments {
  std::string prefix, out;
  std::vector<std::string> map, prefix_map, drop;
  bool dry_run = false;
};

absl::StatusOr<int> Rename(const RenameArguments& arguments) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(arguments.prefix));
  RenamePlan plan;
  for (const std::string& text : arguments.map) {
    TFP_ASSIGN_OR_RETURN(const auto pair, SplitPair(text, "--map"));
    if (!plan.names.insert(pair).second) {
      return absl::InvalidArgumentError(absl::StrCat("--map gives '", pair.first, "' two names"));
    }
  }
  for (const std::string& text : arguments.prefix_map) {
    TFP_ASSIGN_OR_RETURN(auto pair, SplitPair(text, "--prefix-map"));
    for (std::string* scope : {&pair.first, &pair.second}) {
      while (!scope->empty() && scope->back() == '/') scope->pop_back();
    }
    plan.prefixes.insert(std::move(pair));
  }
  plan.dropped.insert(arguments.drop.begin(), arguments.drop.end());
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<BundleReader> reader, BundleReader::Open(prefix));
  const auto names = PlanRename(*reader, plan);
  if (!names.ok()) {
    // The first name that nothing has, with what is near it.
    if (!absl::IsNotFound(names.status())) return names.status();
    TFP_ASSIGN_OR_RETURN(const std::vector<std::string> known, reader->ListReadableNames());
    for (const auto& [from, to] : plan.names) {
      if (std::find(known.begin(), known.end(), from) != known.end()) continue;
      return WithMessage(names.status(), absl::StrCat(names.status().message(), DidYouMean(from, known)));
    }
    return names.status();
  }
  for (const auto& [from, to] : *names) {
    if (from != to) std::printf("%s -> %s\n", Printable(from).c_str(), Printable(to).c_str());
  }
  for (const std::string& name : plan.dropped) std::printf("%s dropped\n", Printable(name).c_str());
  if (arguments.dry_run) {
    std::printf("nothing written (--dry-run)\n");
    return 0;
  }
  ProgressBar bar("rename");
  RewriteOptions options;
  options.progress = [&bar](int64_t done, int64_t total) { bar.Show(done, total); };
  TFP_RETURN_IF_ERROR(RenameCheckpoint(prefix, arguments.out, plan, options));
  std::printf("%zu tensors written to %s\n", names->size(), arguments.out.c_str());
  return 0;
}

}  // namespace

void AddVerify(CLI::App& app, Action* action) {
  struct Options {
    std::string prefix;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("verify", "read all of a checkpoint and print what is wrong with it (exit 1)");
  command->add_option("PREFIX", options->prefix, "a checkpoint's prefix, or a folder: its latest")->required();
  command->add_flag("--json", options->json, "for programs");
  command->footer("Example: tfpersist verify Saved_model/model.ckpt");
  command->callback([=] { *action = [=] { return Verify(options->prefix, options->json); }; });
}

void AddSalvage(CLI::App& app, Action* action) {
  struct Options {
    std::string prefix, out;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "salvage",
      "write a new checkpoint from every tensor that is whole (exit 1 if any was lost or could not be checked)");
  command->add_option("PREFIX", options->prefix, "the damaged checkpoint's prefix")->required();
  command->add_option("OUT", options->out, "the new checkpoint's prefix")->required();
  command->footer("Example: tfpersist salvage Saved_model/model.ckpt saved/model.ckpt");
  command->callback([=] { *action = [=] { return Salvage(options->prefix, options->out); }; });
}

void AddRename(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<RenameArguments>();
  CLI::App* command = app.add_subcommand("rename", "write a checkpoint with other names, values bit for bit");
  command->add_option("PREFIX", arguments->prefix, "a checkpoint's prefix, or a folder: its latest")->required();
  command->add_option("OUT", arguments->out, "the new checkpoint's prefix")->required();
  command->add_option("--map", arguments->map, "OLD=NEW, as often as needed");
  command->add_option("--prefix-map", arguments->prefix_map, "OLD=NEW for every name that begins with OLD/");
  command->add_option("--drop", arguments->drop, "leave this one out");
  command->add_flag("--dry-run", arguments->dry_run, "print what would be done");
  command->footer("Example: tfpersist rename Saved_model/model.ckpt renamed/model.ckpt --map v1=other-v1 v2=other-v2");
  command->callback([=] { *action = [=] { return Rename(*arguments); }; });
}

}  // namespace tfpersist::cli
