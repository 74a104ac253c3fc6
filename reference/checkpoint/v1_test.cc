#include <cstdlib>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/checkpoint/v1_reader.h"
#include "reference/checkpoint/v1_writer.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

using nlohmann::json;

const char kDir[] = "golden/data/tf-1.11.0/v1/";

std::string Slurp(const std::string& file) { return *ReadWholeFile(PosixFileSystem(), file, int64_t{1} << 30); }

TEST(V1Reader, ReadsWhatTensorFlowWrote) {
  std::ifstream in(absl::StrCat(kDir, "values.json"));
  ASSERT_TRUE(in) << "run from the source root";
  const json all = json::parse(in);
  int compared = 0;
  for (const auto& [file, tensors] : all["files"].items()) {
    const std::string pattern = absl::StrCat(kDir, file);
    auto reader = V1Reader::Open(pattern);
    if (!reader.ok()) reader = V1Reader::Open(pattern + "-*-of-*");
    ASSERT_TRUE(reader.ok()) << reader.status();
    for (const auto& [name, value] : tensors.items()) {
      if (!value.contains("full") || value["full"].is_null()) continue;
      auto t = (*reader)->Lookup(name);
      ASSERT_TRUE(t.ok()) << file << " " << name << ": " << t.status();
      const json& full = value["full"];
      EXPECT_EQ(DataTypePythonName(t->dtype()), full["dtype"]);
      if (t->dtype() != DT_STRING) {
        EXPECT_EQ(absl::BytesToHexString(absl::string_view(static_cast<const char*>(t->data()), t->total_bytes())),
                  full["bytes"])
            << file << " " << name;
      } else {
        std::vector<std::string> texts;
        for (int64_t i = 0; i < t->num_elements(); ++i) {
          const std::string text = FormatElement(*t, i);
          texts.push_back(full.value("encoding", "") == "hex" ? absl::BytesToHexString(text) : text);
        }
        EXPECT_EQ(texts, full["values"].get<std::vector<std::string>>()) << file << " " << name;
      }
      ++compared;
    }
  }
  EXPECT_GE(compared, 20);
}

// Read and written again, the files are the same bytes.
TEST(V1Writer, WritesTensorFlowsBytes) {
  std::string dir = testing::TempDir() + "tfpersist_v1_XXXXXX";
  mkdtemp(dir.data());
  for (const char* name : {"plain.ckpt", "dtypes.ckpt", "sliced.ckpt", "partial.ckpt"}) {
    const std::string file = absl::StrCat(kDir, name);
    auto reader = V1Reader::Open(file);
    ASSERT_TRUE(reader.ok()) << reader.status();
    V1Writer writer(dir + "/k");
    for (const auto& [key, variable] : (*reader)->variables()) {
      for (const TensorSlice& slice : variable.slices) {
        auto t = (*reader)->LookupSlice(key, slice);
        ASSERT_TRUE(t.ok()) << t.status();
        ASSERT_TRUE(writer.Add(key, variable.shape, slice, *t).ok());
      }
    }
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_TRUE(Slurp(dir + "/k") == Slurp(file)) << file;
  }
}

TEST(V1Reader, ErrorsAreTensorFlows) {
  std::string dir = testing::TempDir() + "tfpersist_v1_XXXXXX";
  mkdtemp(dir.data());
  std::ofstream(dir + "/empty").flush();
  std::ofstream(dir + "/junk") << std::string(100, 'x');
  const std::string tail =
      ": perhaps your file is in a different file format and you need to use a different restore operator?";
  EXPECT_EQ(
      V1Reader::Open(dir + "/empty").status().message(),
      absl::StrCat("Unable to open table file ", dir, "/empty: Data loss: file is too short to be an sstable", tail));
  EXPECT_EQ(
      V1Reader::Open(dir + "/junk").status().message(),
      absl::StrCat("Unable to open table file ", dir, "/junk: Data loss: not an sstable (bad magic number)", tail));
  EXPECT_EQ(V1Reader::Open(dir).status().message(),
            absl::StrCat("Unable to open table file ", dir, ": Failed precondition: ", dir, "; Is a directory", tail));
  EXPECT_EQ(V1Reader::Open(dir + "/nope").status(),
            absl::NotFoundError(absl::StrCat(
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ", dir, "/nope")));
  EXPECT_EQ(V1Reader::Open("/no/such/nope").status(),
            absl::InvalidArgumentError("Unsuccessful TensorSliceReader constructor: Failed to get matching files on "
                                       "/no/such/nope: Not found: /no/such; No such file or directory"));
}

TEST(V1Reader, EveryFlipIsAnErrorOrTheSameValue) {
  const std::string good = Slurp(absl::StrCat(kDir, "sliced.ckpt"));
  std::string dir = testing::TempDir() + "tfpersist_v1_XXXXXX";
  mkdtemp(dir.data());
  auto read = [&](const std::string& bytes) {
    std::ofstream(dir + "/k", std::ios::binary) << bytes;
    auto reader = V1Reader::Open(dir + "/k");
    std::string out;
    if (!reader.ok()) return out;
    for (const auto& [name, variable] : (*reader)->variables()) {
      auto t = (*reader)->Lookup(name);
      if (!t.ok()) return std::string();
      absl::StrAppend(&out, name, FormatLikeNumpy(*t));
    }
    return out;
  };
  const std::string all = read(good);
  ASSERT_FALSE(all.empty());
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    const std::string got = read(bad);
    EXPECT_TRUE(got.empty() || got == all) << at;
    if (at % 7 == 0) EXPECT_EQ(read(good.substr(0, at)), "") << at;
  }
}

}  // namespace
}  // namespace tfpersist
