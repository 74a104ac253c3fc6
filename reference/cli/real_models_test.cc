// Models that people published, run and held to what TensorFlow computed from them. They are not part of the project:
// TFPERSIST_REAL_MODELS names a folder with one folder per family and model, each with a case.json: `kind`, `runs` (in
// order, in one session: `feeds` and `fetches`, tensor to .npy), `rtol`, `atol`, `checkpoint_prefix`; and `train_run`:
// `target` is run once with `feeds`, then `fetches_after` are compared. Without the folder the tests skip and say so; a
// model whose ops have no kernel yet skips and names them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/cli/model.h"
#include "reference/tensor/npy.h"

namespace tfpersist {
namespace {

using Json = nlohmann::json;

std::string Root() {
  const char* folder = getenv("TFPERSIST_REAL_MODELS");
  return folder == nullptr ? "" : folder;
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& family : std::filesystem::directory_iterator(Root(), ignored)) {
    for (const auto& model : std::filesystem::directory_iterator(family.path(), ignored)) {
      if (std::filesystem::exists(model.path() / "case.json")) {
        names.push_back(family.path().filename().string() + "/" + model.path().filename().string());
      }
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Tensor> Read(const std::string& file) {
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(PosixFileSystem(), file, INT64_MAX));
  return ParseNpy(bytes, file);
}

// The first element that is too far off; "" if none is.
std::string Difference(const Tensor& got, const Tensor& wanted, double rtol, double atol) {
  if (got.dtype() != wanted.dtype() || got.shape() != wanted.shape()) {
    return absl::StrCat(DataTypeString(got.dtype()), got.shape().DebugString(), " instead of ",
                        DataTypeString(wanted.dtype()), wanted.shape().DebugString());
  }
  for (int64_t i = 0; i < got.num_elements(); ++i) {
    double a = 0, b = 0;
    if (got.dtype() == DT_FLOAT) {
      a = got.flat<float>()[i];
      b = wanted.flat<float>()[i];
    } else if (got.dtype() == DT_DOUBLE) {
      a = got.flat<double>()[i];
      b = wanted.flat<double>()[i];
    } else if (got.dtype() == DT_STRING) {
      if (got.flat<std::string>()[i] != wanted.flat<std::string>()[i]) return absl::StrCat("element ", i);
    } else {
      const size_t width = DataTypeSize(got.dtype());
      if (memcmp(static_cast<const char*>(got.data()) + i * width, static_cast<const char*>(wanted.data()) + i * width,
                 width) != 0) {
        return absl::StrCat("element ", i);
      }
    }
    if (a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= atol + rtol * std::abs(b)) continue;
    return absl::StrCat("element ", i, " is ", a, ", TensorFlow has ", b);
  }
  return "";
}

class RealModels : public testing::TestWithParam<std::string> {
 protected:
  absl::Status Run(cli::Model& model, const std::string& folder, const Json& feeds, const Json& fetches,
                   const std::string& target, double rtol, double atol) {
    std::vector<Session::Feed> given;
    for (const auto& [name, value] : feeds.items()) {
      TFP_ASSIGN_OR_RETURN(const Output output, model.graph->FindTensor(name));
      TFP_ASSIGN_OR_RETURN(Tensor tensor, Read(folder + "/" + value["file"].get<std::string>()));
      given.emplace_back(output, std::move(tensor));
    }
    if (!target.empty()) {
      TFP_ASSIGN_OR_RETURN(Node* const node, model.graph->FindOperation(target));
      Node* const targets[] = {node};
      TFP_RETURN_IF_ERROR(model.session->Run(given, {}, targets).status());
      given.clear();
    }
    std::vector<Output> outputs;
    std::vector<Tensor> wanted;
    for (const auto& [name, value] : fetches.items()) {
      TFP_ASSIGN_OR_RETURN(outputs.emplace_back(), model.graph->FindTensor(name));
      TFP_ASSIGN_OR_RETURN(wanted.emplace_back(), Read(folder + "/" + value["file"].get<std::string>()));
    }
    TFP_ASSIGN_OR_RETURN(const std::vector<Tensor> got, model.session->Run(given, outputs, {}));
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(Difference(got[i], wanted[i], rtol, atol), "") << outputs[i].name();
    }
    return absl::OkStatus();
  }
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealModels);

// The ops that a run lacks kernels for, as its error names them; "" for any other status.
std::string Lacking(const absl::Status& status) {
  const std::string text(status.message());
  const size_t op = text.find("No OpKernel was registered to support Op '");
  if (op == std::string::npos) return "";
  const size_t from = text.find('\'', op) + 1;
  std::string ops = text.substr(from, text.find('\'', from) - from);
  if (const size_t more = text.find("without a kernel: "); more != std::string::npos) {
    const size_t begin = more + sizeof("without a kernel: ") - 1;
    absl::StrAppend(&ops, ", ", text.substr(begin, text.find('\n', begin) - begin));
  }
  return ops;
}

TEST_P(RealModels, GiveWhatTensorFlowGave) {
  const std::string folder = Root() + "/" + GetParam();
  absl::StatusOr<std::string> text = ReadWholeFile(PosixFileSystem(), folder + "/case.json", 1 << 24);
  ASSERT_TRUE(text.ok()) << text.status();
  const Json j = Json::parse(*text);
  if (!j.contains("runs") || j["runs"].empty()) GTEST_SKIP() << "TensorFlow ran nothing of it.";
  cli::ModelOptions options;
  const std::string kind = j["kind"];
  if (kind == "savedmodel") {
    options.path = folder;
  } else {
    for (const std::string file : j["files"]) {
      if (kind == "frozen" || absl::EndsWith(file, ".meta")) options.path = folder + "/" + file;
    }
    if (kind != "frozen") options.checkpoint = folder + "/" + j["checkpoint_prefix"].get<std::string>();
  }
  std::set<std::string> lacking;
  absl::StatusOr<std::unique_ptr<cli::Model>> model = cli::LoadModel(options);
  auto check = [&](const absl::Status& status) {
    const std::string ops = Lacking(status);
    if (!ops.empty()) lacking.insert(ops);
    if (ops.empty()) EXPECT_TRUE(status.ok()) << status;
  };
  check(model.status());
  for (const Json& run : j["runs"]) {
    SCOPED_TRACE(run["label"].get<std::string>());
    if (model.ok()) check(Run(**model, folder, run["feeds"], run["fetches"], "", j["rtol"], j["atol"]));
  }
  if (model.ok() && j.contains("train_run")) {
    SCOPED_TRACE("a training step");
    const Json& t = j["train_run"];
    model = cli::LoadModel(options);
    ASSERT_TRUE(model.ok()) << model.status();
    check(Run(**model, folder, t["feeds"], t["fetches_after"], t["target"], t["rtol"], t["atol"]));
  }
  if (!lacking.empty()) GTEST_SKIP() << "no kernel for " << absl::StrJoin(lacking, "; ");
}

INSTANTIATE_TEST_SUITE_P(Folder, RealModels, testing::ValuesIn(Cases()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

TEST(RealModelsFolder, IsNamed) {
  if (Root().empty()) GTEST_SKIP() << "TFPERSIST_REAL_MODELS names no folder: no real model was run.";
  EXPECT_FALSE(Cases().empty()) << Root();
}

}  // namespace
}  // namespace tfpersist
