// tfpersist inspect, cat, latest: what is in a checkpoint.
#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "reference/base/file.h"
#include "reference/base/saturating.h"
#include "reference/base/status.h"
#include "reference/checkpoint/checkpoint_state.h"
#include "reference/checkpoint/verify.h"
#include "reference/cli/command.h"
#include "reference/cli/suggest.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist::cli {
namespace {

using Json = nlohmann::json;

absl::StatusOr<std::vector<VariableInfo>> Variables(const CheckpointReader& reader) {
  if (reader.bundle() != nullptr) return reader.bundle()->ListVariables();
  std::vector<VariableInfo> variables;
  for (const auto& [name, v] : reader.v1()->variables()) {
    VariableInfo info;
    info.name = name;
    info.dtype = v.dtype;
    info.shape = v.shape;
    const bool whole = v.slices.size() == 1 && v.slices[0].IsFull();
    info.num_slices = whole ? 0 : static_cast<int>(v.slices.size());
    info.bytes = SaturatingMultiply(v.shape.num_elements(), static_cast<int64_t>(DataTypeSize(v.dtype)));
    variables.push_back(std::move(info));
  }
  return variables;
}

Json ShapeJson(const TensorShape& shape) {
  Json json = Json::array();
  for (int i = 0; i < shape.rank(); ++i) json.push_back(shape.dim(i));
  return json;
}

absl::StatusOr<int> Inspect(const std::string& argument, bool as_json) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(argument));
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<CheckpointReader> reader, CheckpointReader::Open(prefix));
  TFP_ASSIGN_OR_RETURN(const std::vector<VariableInfo> variables, Variables(*reader));
  int64_t parameters = 0, bytes = 0;
  for (const VariableInfo& v : variables) {
    parameters = SaturatingAdd(parameters, v.shape.num_elements());
    bytes = SaturatingAdd(bytes, v.bytes);
  }
  const bool v2 = reader->bundle() != nullptr;
  if (as_json) {
    Json out = {{"prefix", prefix}, {"format", v2 ? "V2" : "V1"}, {"parameters", parameters}, {"bytes", bytes}};
    if (v2) out["shards"] = reader->bundle()->num_shards();
    out["variables"] = Json::array();
    for (const VariableInfo& v : variables) {
      Json one = {
          {"name", v.name}, {"dtype", DataTypePythonName(v.dtype)}, {"shape", ShapeJson(v.shape)}, {"bytes", v.bytes}};
      if (v.num_slices > 0) one["slices"] = v.num_slices;
      out["variables"].push_back(std::move(one));
    }
    std::printf("%s\n", out.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
    return 0;
  }
  size_t name_width = 4, dtype_width = 5, shape_width = 5;
  for (const VariableInfo& v : variables) {
    name_width = std::max(name_width, Printable(v.name).size());
    dtype_width = std::max(dtype_width, DataTypePythonName(v.dtype).size());
    shape_width = std::max(shape_width, v.shape.DebugString().size());
  }
  name_width = std::min<size_t>(name_width, 60);
  for (const VariableInfo& v : variables) {
    std::string note;
    if (v.num_slices > 0) note = absl::StrCat("  in ", v.num_slices, " slices");
    std::printf("%-*s  %-*s  %-*s  %9s%s\n", static_cast<int>(name_width), Printable(v.name).c_str(),
                static_cast<int>(dtype_width), DataTypePythonName(v.dtype).c_str(), static_cast<int>(shape_width),
                v.shape.DebugString().c_str(), HumanBytes(v.bytes).c_str(), note.c_str());
  }
  const int shards = v2 ? reader->bundle()->num_shards() : 1;
  std::printf("%zu variable%s, %lld parameter%s, %s, %s", variables.size(), variables.size() == 1 ? "" : "s",
              static_cast<long long>(parameters), parameters == 1 ? "" : "s", HumanBytes(bytes).c_str(),
              v2 ? "format V2" : "format V1");
  if (shards != 1) std::printf(", %d shards", shards);
  if (v2 && reader->bundle()->swaps_bytes()) std::printf(", big-endian");
  std::printf("\n");
  return 0;
}

absl::StatusOr<int> Cat(const std::string& argument, const std::string& wanted, const std::string& npy) {
  TFP_ASSIGN_OR_RETURN(const std::string prefix, PrefixOf(argument));
  TFP_ASSIGN_OR_RETURN(const std::unique_ptr<CheckpointReader> reader, CheckpointReader::Open(prefix));
  std::string name = wanted;
  // The variable's tensor, as people copy it from a graph.
  if (!reader->HasTensor(name) && absl::EndsWith(name, ":0")) name.resize(name.size() - 2);
  if (!reader->HasTensor(name)) {
    std::vector<std::string> names;
    for (const auto& [known, shape] : reader->variable_to_shape_map()) names.push_back(known);
    return absl::NotFoundError(
        absl::StrCat("Key ", Printable(wanted), " not found in checkpoint ", prefix, DidYouMean(wanted, names)));
  }
  TFP_ASSIGN_OR_RETURN(const Tensor value, reader->GetTensor(name));
  if (npy.empty()) {
    std::printf("%s\n", FormatLikeNumpy(value).c_str());
    return 0;
  }
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ToNpy(value));
  TFP_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), npy, bytes));
  return 0;
}

absl::StatusOr<int> Latest(const std::string& dir, bool verify) {
  TFP_ASSIGN_OR_RETURN(const std::optional<std::string> latest,
                       verify ? LatestIntactCheckpoint(dir) : LatestCheckpoint(dir));
  if (!latest.has_value()) {
    return absl::NotFoundError(absl::StrCat("the state file ", JoinPath(dir, "checkpoint"),
                                            " is missing, or names no checkpoint that is there"));
  }
  std::printf("%s\n", latest->c_str());
  return 0;
}

}  // namespace

void AddInspect(CLI::App& app, Action* action) {
  struct Options {
    std::string prefix;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("inspect", "list a checkpoint's variables with dtype, shape and size");
  command->add_option("PREFIX", options->prefix, "a checkpoint's prefix (model.ckpt), or a folder: its latest")
      ->required();
  command->add_flag("--json", options->json, "for programs");
  command->footer("Example: tfpersist inspect Saved_model/model.ckpt");
  command->callback([=] { *action = [=] { return Inspect(options->prefix, options->json); }; });
}

void AddCat(CLI::App& app, Action* action) {
  struct Options {
    std::string prefix, name, npy;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cat", "print a variable's value, or write it to a .npy file");
  command->add_option("PREFIX", options->prefix, "a checkpoint's prefix, or a folder: its latest")->required();
  command->add_option("NAME", options->name, "the variable's name, as inspect shows it")->required();
  command->add_option("--npy", options->npy, "write the whole value to this file instead");
  command->footer("Example: tfpersist cat Saved_model/model.ckpt v1");
  command->callback([=] { *action = [=] { return Cat(options->prefix, options->name, options->npy); }; });
}

void AddLatest(CLI::App& app, Action* action) {
  struct Options {
    std::string dir;
    bool verify = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("latest", "print the prefix of a folder's latest checkpoint");
  command->add_option("DIR", options->dir, "the folder of the state file 'checkpoint'")->required();
  command->add_flag("--verify", options->verify, "read it all, and take the newest that is whole");
  command->footer("Example: tfpersist inspect \"$(tfpersist latest Saved_model)\"");
  command->callback([=] { *action = [=] { return Latest(options->dir, options->verify); }; });
}

}  // namespace tfpersist::cli
