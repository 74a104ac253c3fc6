// tfpersist freeze: a graph and its checkpoint into one GraphDef of constants.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/cli/command.h"
#include "reference/cli/model.h"
#include "reference/tfpersist.h"

namespace tfpersist::cli {
namespace {

struct FreezeArguments {
  std::string model, prefix, outputs, file;
  bool text = false, clear_devices = true;
  std::vector<std::string> whitelist, blacklist;
};

absl::StatusOr<int> Freeze(const FreezeArguments& arguments) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(arguments.prefix));
  const std::vector<std::string> outputs = absl::StrSplit(arguments.outputs, ',', absl::SkipEmpty());
  if (outputs.empty()) {
    return absl::InvalidArgumentError("You need to supply the name of a node to --output_node_names.");
  }
  TFP_ASSIGN_OR_RETURN(
      const std::unique_ptr<Model> model,
      LoadModel({.path = arguments.model, .checkpoint = prefix, .clear_devices = arguments.clear_devices}));
  FreezeOptions options;
  if (!arguments.whitelist.empty()) options.variable_names_whitelist = arguments.whitelist;
  if (!arguments.blacklist.empty()) options.variable_names_blacklist = arguments.blacklist;
  TFP_ASSIGN_OR_RETURN(const tensorflow::GraphDef frozen,
                       ConvertVariablesToConstants(*model->session, model->graph->ToGraphDef(), outputs, options));
  TFP_RETURN_IF_ERROR(WriteGraphDef(frozen, arguments.file, arguments.text));
  std::printf("%d ops in the final graph, written to %s\n", frozen.node_size(), arguments.file.c_str());
  return 0;
}

}  // namespace

void AddFreeze(CLI::App& app, Action* action) {
  auto arguments = std::make_shared<FreezeArguments>();
  CLI::App* command = app.add_subcommand("freeze", "turn a graph's variables into constants of a checkpoint's values");
  command->add_option("META", arguments->model, "the graph: a .meta, .pb, .pbtxt or SavedModel folder")->required();
  command->add_option("PREFIX", arguments->prefix, "the checkpoint's prefix, or a folder: its latest")->required();
  command->add_option("--output_node_names", arguments->outputs, "a,b: what the frozen graph is to compute")
      ->required();
  command->add_option("-o,--output", arguments->file, "the file to write")->required();
  command->add_flag("--as_text", arguments->text, "write a .pbtxt");
  command->add_flag("--clear_devices,!--keep_devices", arguments->clear_devices, "drop device strings (default)");
  command->add_option("--variable_names_whitelist", arguments->whitelist, "freeze only these")->delimiter(',');
  command->add_option("--variable_names_blacklist", arguments->blacklist, "freeze all but these")->delimiter(',');
  command->footer("Example: tfpersist freeze model.ckpt.meta model.ckpt --output_node_names add -o combined_model.pb");
  command->callback([=] { *action = [=] { return Freeze(*arguments); }; });
}

}  // namespace tfpersist::cli
