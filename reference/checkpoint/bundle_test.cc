#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/checkpoint/bundle_writer.h"
#include "reference/checkpoint/checkpoint_reader.h"
#include "reference/checkpoint/ordered_code.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

using nlohmann::json;

const char kGolden[] = "golden/data/tf-1.11.0/";

std::string NewFolder() {
  std::string dir = testing::TempDir() + "tfpersist_bundle_XXXXXX";
  return mkdtemp(dir.data());
}

std::string Slurp(const std::string& file) { return *ReadWholeFile(PosixFileSystem(), file, int64_t{1} << 30); }

json ReadJson(const std::string& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file << ": run from the source root";
  return json::parse(in);
}

std::vector<std::string> Texts(const Tensor& t) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < t.num_elements(); ++i) texts.push_back(FormatElement(t, i));
  return texts;
}

// golden.py writes bytes beyond ASCII as \xHH.
std::string WithoutEscapes(const std::string& s) {
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s.compare(i, 2, "\\x") == 0 && i + 4 <= s.size()) {
      out.push_back(static_cast<char>(std::stoi(s.substr(i + 2, 2), nullptr, 16)));
      i += 3;
    } else {
      out.push_back(s[i]);
    }
  }
  return out;
}

// Compares with a value as golden.py writes it.
void ExpectValue(const Tensor& t, const json& value, const std::string& where) {
  EXPECT_EQ(DataTypePythonName(t.dtype()), value["dtype"]) << where;
  EXPECT_EQ(std::vector<int64_t>(t.shape().dims().begin(), t.shape().dims().end()),
            value["shape"].get<std::vector<int64_t>>())
      << where;
  if (IsPlain(t.dtype()) && value.contains("bytes")) {
    EXPECT_EQ(absl::BytesToHexString(absl::string_view(static_cast<const char*>(t.data()), t.total_bytes())),
              value["bytes"])
        << where;
    return;
  }
  std::vector<std::string> texts = Texts(t);
  if (value.value("encoding", "") == "hex") {
    for (std::string& s : texts) s = absl::BytesToHexString(s);
  }
  EXPECT_EQ(texts, value["values"].get<std::vector<std::string>>()) << where;
}

TEST(BundleReader, ReadsEveryDtypeBitForBit) {
  int compared = 0;
  for (const char* version : {"1.11.0", "1.15.5", "2.21.0"}) {
    const std::string dir = absl::StrCat("golden/data/tf-", version, "/dtypes/");
    const json values = ReadJson(dir + "values.json");
    for (const auto& [prefix, tensors] : values.items()) {
      auto reader = BundleReader::Open(dir + prefix);
      ASSERT_TRUE(reader.ok()) << reader.status();
      for (const auto& [name, value] : tensors.items()) {
        auto t = (*reader)->Lookup(name);
        ASSERT_TRUE(t.ok()) << prefix << " " << name << ": " << t.status();
        if (t->dtype() != DT_VARIANT) ExpectValue(*t, value, absl::StrCat(prefix, " ", name));
        ++compared;
      }
    }
  }
  EXPECT_GE(compared, 250);
}

TEST(BundleReader, ReadsManyAsItReadsOne) {
  // Small and large values, strings, an empty one, holes between them, a key that is not there and one that is asked
  // for twice.
  const std::string prefix = NewFolder() + "/k";
  auto writer = *BundleWriter::Create(prefix);
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) {
    names.push_back(absl::StrCat("v", 1000 + i));
    const int64_t n = i == 7 ? 0 : i % 50 == 3 ? 40000 : i % 40 + 1;
    Tensor t = *Tensor::Allocate(i % 20 == 5 ? DT_STRING : i % 3 == 0 ? DT_BOOL : DT_FLOAT, TensorShape({n}));
    if (t.dtype() == DT_STRING) {
      for (std::string& s : t.flat<std::string>()) s = absl::StrCat(i, "text");
    } else {
      std::memset(t.data(), t.dtype() == DT_BOOL ? i % 2 : i, t.total_bytes());
    }
    ASSERT_TRUE(writer->Add(names.back(), t).ok());
  }
  ASSERT_TRUE(writer->Finish().ok());
  auto reader = *BundleReader::Open(prefix);
  std::vector<absl::string_view> keys;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i % 7 != 1 && i / 30 != 4) keys.push_back(names[i]);  // one that is left out, and many in a row
    if (i == 50) keys.push_back(names[i]);
  }
  keys.push_back("w");
  const auto found = reader->FindAll(keys);
  EXPECT_EQ(found.back().status().message(), "Key w not found in checkpoint");
  keys.pop_back();
  std::vector<BundleReader::Entry> entries;
  for (size_t i = 0; i < keys.size(); ++i) entries.push_back(found[i].value());
  for (int threads : {1, 3}) {
    ThreadPool pool(threads);
    const auto values = reader->ReadAll(keys, entries, pool);
    for (size_t i = 0; i < keys.size(); ++i) {
      ASSERT_TRUE(values[i].ok()) << values[i].status();
      EXPECT_EQ(values[i]->SummarizeValue(-1), reader->Lookup(keys[i])->SummarizeValue(-1)) << keys[i];
    }
    const auto none = reader->ReadAll(keys, entries, pool, [] { return true; });
    EXPECT_TRUE(absl::IsCancelled(none[0].status()));
  }
  // A byte that is wrong is the error of its own key.
  std::string data = Slurp(prefix + ".data-00000-of-00001");
  data[entries[20].at.offset] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(PosixFileSystem(), prefix + ".data-00000-of-00001", data).ok());
  reader = *BundleReader::Open(prefix);
  ThreadPool pool(2);
  const auto values = reader->ReadAll(keys, entries, pool);
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(values[i].status(), reader->Lookup(keys[i]).status()) << keys[i];
  EXPECT_TRUE(absl::IsDataLoss(values[20].status()));
}

TEST(BundleReader, PutsSlicesTogether) {
  const std::string dir = absl::StrCat(kGolden, "slices/");
  const json values = ReadJson(dir + "values.json");
  int wholes = 0, parts = 0;
  for (const auto& [prefix, tensors] : values.items()) {
    auto reader = BundleReader::Open(dir + prefix);
    ASSERT_TRUE(reader.ok()) << reader.status();
    for (const auto& [escaped, value] : tensors.items()) {
      const std::string name = WithoutEscapes(escaped);
      auto whole = (*reader)->Lookup(name);
      if (value.contains("full") && !value["full"].is_null()) {
        ASSERT_TRUE(whole.ok()) << prefix << " " << name << ": " << whole.status();
        ExpectValue(*whole, value["full"], absl::StrCat(prefix, " ", name));
        ++wholes;
      } else if (value.contains("whole_error") && !value["whole_error"].is_null()) {
        const std::string text = value["whole_error"]["text"];
        const absl::string_view expected = absl::string_view(text).substr(0, text.find("\n\t"));
        EXPECT_EQ(whole.status().message(), expected) << prefix << " " << name;
      }
      const json stored_parts = value.value("parts", json::object());
      for (const auto& [spec, part] : stored_parts.items()) {
        if (part.is_null()) continue;  // not covered
        TensorSlice slice(static_cast<int>(part["shape"].size()));
        if (!spec.empty()) {
          auto parsed = ParseShapeAndSlice(spec);
          ASSERT_TRUE(parsed.ok()) << spec << ": " << parsed.status();
          slice = parsed->slice;
        }
        auto read = (*reader)->LookupSlice(name, slice);
        ASSERT_TRUE(read.ok()) << prefix << " " << name << " " << spec << ": " << read.status();
        ExpectValue(*read, part, absl::StrCat(prefix, " ", name, " ", spec));
        ++parts;
      }
    }
  }
  EXPECT_GE(wholes, 10);
  EXPECT_GE(parts, 20);
}

TEST(BundleReader, ReadsSeveralShards) {
  const std::string dir = absl::StrCat(kGolden, "sharded/");
  const json values = ReadJson(dir + "values.json");
  for (const auto& [prefix, tensors] : values.items()) {
    auto reader = CheckpointReader::Open(dir + prefix);
    ASSERT_TRUE(reader.ok()) << reader.status();
    for (const auto& [name, value] : tensors.items()) {
      auto t = (*reader)->GetTensor(name);
      ASSERT_TRUE(t.ok()) << prefix << " " << name << ": " << t.status();
      ExpectValue(*t, value, absl::StrCat(prefix, " ", name));
    }
  }
}

struct Stored {
  std::string key;  // of the table
  tensorflow::BundleEntryProto entry;
};

std::vector<Stored> EntriesInDataOrder(const std::string& prefix) {
  auto table = TableReader::Open(*PosixFileSystem()->OpenForRead(prefix + ".index"), Limits());
  std::vector<Stored> stored;
  TableReader::Iterator it(table->get());
  it.SeekToFirst();
  for (it.Next(); it.Valid(); it.Next()) {
    Stored s{std::string(it.key()), {}};
    EXPECT_TRUE(s.entry.ParseFromArray(it.value().data(), static_cast<int>(it.value().size())));
    if (s.entry.slices().empty()) stored.push_back(std::move(s));
  }
  std::stable_sort(stored.begin(), stored.end(),
                   [](const Stored& a, const Stored& b) { return a.entry.offset() < b.entry.offset(); });
  return stored;
}

// Every checkpoint of one shard that TensorFlow wrote, read and written again, is the same bytes in both files.
TEST(BundleWriter, WritesTensorFlowsBytes) {
  const std::string out = NewFolder();
  int written = 0;
  for (const char* set : {"document", "dtypes", "slices", "ema", "freeze", "retention", "tables"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(absl::StrCat(kGolden, set))) {
      const std::string index = file.path().string();
      if (!absl::EndsWith(index, ".index") || absl::StrContains(index, "/by_hand/")) continue;
      const std::string prefix(absl::StripSuffix(index, ".index"));
      if (!std::filesystem::exists(prefix + ".data-00000-of-00001")) continue;
      auto reader = BundleReader::Open(prefix);
      ASSERT_TRUE(reader.ok()) << reader.status();
      auto writer = BundleWriter::Create(out + "/k");
      ASSERT_TRUE(writer.ok());

      for (const Stored& s : EntriesInDataOrder(prefix)) {
        std::string name;
        TensorSlice slice;
        absl::Status added;
        if (s.key[0] == '\0' && DecodeSliceKey(s.key, &name, &slice)) {
          DataType dtype;
          TensorShape shape;
          ASSERT_TRUE((*reader)->LookupDtypeAndShape(name, &dtype, &shape).ok());
          auto value = (*reader)->Lookup(s.key);
          ASSERT_TRUE(value.ok()) << value.status();
          added = (*writer)->AddSlice(name, shape, slice, *value);
        } else {
          auto value = (*reader)->Lookup(s.key);
          ASSERT_TRUE(value.ok()) << prefix << ": " << value.status();
          added = (*writer)->Add(s.key, *value);
        }
        ASSERT_TRUE(added.ok()) << added;
      }
      ASSERT_TRUE((*writer)->Finish().ok());
      EXPECT_TRUE(Slurp(out + "/k.data-00000-of-00001") == Slurp(prefix + ".data-00000-of-00001")) << prefix;

      EXPECT_TRUE(Slurp(out + "/k.index") == Slurp(index)) << prefix;
      ++written;
    }
  }
  EXPECT_GE(written, 50);
  EXPECT_EQ(PosixFileSystem()->List(out)->size(), 2u);  // no temporary is left
}

TEST(BundleWriter, RefusesAndLeavesNothing) {
  const std::string dir = NewFolder();
  const Tensor t = Tensor::Of<float>({2}, {1, 2});
  {
    auto writer = *BundleWriter::Create(dir + "/k");
    ASSERT_TRUE(writer->Add("a", t).ok());
    EXPECT_EQ(writer->Add("a", t), absl::InvalidArgumentError("Adding duplicate key: a"));
    EXPECT_FALSE(writer->Finish().ok());
  }
  {
    auto writer = *BundleWriter::Create(dir + "/k");
    EXPECT_TRUE(absl::IsInvalidArgument(writer->Add("", t)));
  }
  {
    auto writer = *BundleWriter::Create(dir + "/k");
    ASSERT_TRUE(writer->AddSlice("p", {4}, *TensorSlice::Parse("0,2"), t).ok());
    EXPECT_TRUE(absl::IsInvalidArgument(writer->AddSlice("p", {5}, *TensorSlice::Parse("2,2"), t)));
  }
  EXPECT_TRUE(PosixFileSystem()->List(dir)->empty());
  auto writer = *BundleWriter::Create(dir + "/k");
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(writer->Finish(), absl::FailedPreconditionError("BundleWriter is closed"));
}

// A rename that fails half way (a folder stands where the index should go) leaves the old data in place.
TEST(BundleWriter, AFailedFinishKeepsWhatWasThere) {
  const std::string dir = NewFolder();
  std::ofstream(dir + "/k.data-00000-of-00001") << "old";
  std::filesystem::create_directory(dir + "/k.index");
  auto writer = *BundleWriter::Create(dir + "/k");
  ASSERT_TRUE(writer->Add("a", Tensor::Scalar(1.0f)).ok());
  EXPECT_FALSE(writer->Finish().ok());
  writer.reset();
  EXPECT_EQ(Slurp(dir + "/k.data-00000-of-00001"), "old");
  EXPECT_EQ(PosixFileSystem()->List(dir)->size(), 2u);
}

class CorruptTest : public testing::Test {
 protected:
  CorruptTest() : dir_(NewFolder()) {
    for (const char* file : {"model.ckpt.index", "model.ckpt.data-00000-of-00001"}) {
      std::filesystem::copy_file(absl::StrCat(kGolden, "document/", file), dir_ + "/" + file);
    }
  }
  void Patch(const std::string& file, std::string bytes) {
    std::ofstream(dir_ + "/" + file, std::ios::binary) << bytes;
  }
  absl::StatusOr<Tensor> Read(const std::string& key) {
    TFP_ASSIGN_OR_RETURN(auto reader, BundleReader::Open(dir_ + "/model.ckpt"));
    return reader->Lookup(key);
  }
  std::string dir_;
};

TEST_F(CorruptTest, EveryFlipAndTruncationIsAnErrorOrTheSameValue) {
  for (const char* file : {"model.ckpt.index", "model.ckpt.data-00000-of-00001"}) {
    const std::string good = Slurp(dir_ + "/" + file);
    int errors = 0;
    for (size_t at = 0; at < good.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        Patch(file, bad);
        for (const char* key : {"v1", "v2"}) {
          auto t = Read(key);
          if (t.ok()) {
            EXPECT_EQ(FormatLikeNumpy(*t), "[1.]") << file << " byte " << at << " bit " << bit;
          } else {
            ++errors;
          }
        }
      }
      Patch(file, good.substr(0, at));
      auto v1 = Read("v1"), v2 = Read("v2");
      EXPECT_FALSE(v1.ok() && v2.ok()) << file << " cut to " << at;
    }
    EXPECT_GT(errors, static_cast<int>(good.size()) * 4) << file;
    Patch(file, good);
  }
}

TEST_F(CorruptTest, SaysWhichFileAndKey) {
  Patch("model.ckpt.data-00000-of-00001", "shor");
  auto t = Read("v2");
  EXPECT_EQ(t.status().message(), "Read less bytes than requested");
  EXPECT_TRUE(absl::StrContains(HintOf(t.status()), "model.ckpt.data-00000-of-00001"));
  EXPECT_TRUE(absl::StrContains(HintOf(t.status()), "v2"));
}

TEST(CheckpointReader, RecognisesMemberFiles) {
  const std::string prefix = absl::StrCat(kGolden, "document/model.ckpt");
  for (const char* member : {".index", ".meta", ".data-00000-of-00001"}) {
    auto reader = CheckpointReader::Open(prefix + member);
    ASSERT_FALSE(reader.ok());
    EXPECT_TRUE(absl::StrContains(reader.status().ToString(), absl::StrCat("prefix instead: ", prefix)))
        << reader.status();
  }
  EXPECT_TRUE(absl::StrContains(
      CheckpointReader::Open(absl::StrCat(kGolden, "document/checkpoint")).status().ToString(), "state file"));
}

TEST(CheckpointReader, DocumentsMap) {
  auto reader = *CheckpointReader::Open(absl::StrCat(kGolden, "document/model.ckpt"));
  EXPECT_EQ(reader->DebugString(), "v1 (DT_FLOAT) [1]\nv2 (DT_FLOAT) [1]\n");
  EXPECT_EQ(reader->variable_to_shape_map().size(), 2u);
  EXPECT_EQ(FormatLikeNumpy(*reader->GetTensor("v1")), "[1.]");
  EXPECT_EQ(reader->GetTensor("zz").status(), absl::NotFoundError("Key zz not found in checkpoint"));
}

// Two tensors of 4 MiB, large enough to be mapped; element j of tensor i is i * 1000 + j.
std::string WriteLargeTensors(const std::string& prefix) {
  auto writer = *BundleWriter::Create(prefix);
  for (int i = 0; i < 2; ++i) {
    Tensor t = *Tensor::Allocate(DT_FLOAT, {1024, 1024});
    for (int j = 0; j < 1024 * 1024; ++j) t.flat<float>()[j] = static_cast<float>(i * 1000 + j);
    EXPECT_TRUE(writer->Add(i == 0 ? "a" : "b", t).ok());
  }
  EXPECT_TRUE(writer->Finish().ok());
  return prefix + ".data-00000-of-00001";
}

TEST(MappedBundleTest, IsCopyOnWriteAndOutlivesAReplacedFile) {
  const std::string prefix = NewFolder() + "/k";
  const std::string data = WriteLargeTensors(prefix);
  const std::string before = Slurp(data);
  ReadOptions options;
  options.map_files = true;
  auto reader = *BundleReader::Open(prefix, options);
  Tensor first = *reader->Lookup("b");
  const Tensor second = *reader->Lookup("b");
  first.flat<float>()[5] = -1;
  EXPECT_EQ(second.flat<float>()[5], 1005);
  EXPECT_EQ(Slurp(data), before);
  std::filesystem::rename(data, data + ".old");
  std::ofstream(data) << "shorter";
  std::filesystem::remove(data + ".old");
  EXPECT_EQ(first.flat<float>()[5], -1);
  EXPECT_EQ(second.flat<float>()[1024 * 1024 - 1], 1000 + 1024 * 1024 - 1);
}

TEST(MappedBundleTest, ChecksTheBytes) {
  const std::string prefix = NewFolder() + "/k";
  const std::string data = WriteLargeTensors(prefix);
  std::string bytes = Slurp(data);
  bytes[4 << 20] ^= 1;
  std::ofstream(data, std::ios::binary) << bytes;
  ReadOptions options;
  options.map_files = true;
  auto reader = *BundleReader::Open(prefix, options);
  EXPECT_TRUE(reader->Lookup("a").ok());
  EXPECT_EQ(reader->Lookup("b").status().code(), absl::StatusCode::kDataLoss);
}

// Reading behind the end of a mapped file raises SIGBUS.
TEST(MappedBundleTest, AFileCutInPlaceIsAnErrorNotASignal) {
  const std::string prefix = NewFolder() + "/k";
  const std::string data = WriteLargeTensors(prefix);
  ReadOptions options;
  options.map_files = true;
  auto reader = *BundleReader::Open(prefix, options);
  ASSERT_TRUE(reader->Lookup("a").ok());
  std::filesystem::resize_file(data, (4 << 20) + 8192);
  const absl::Status status = reader->Lookup("b").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
  EXPECT_TRUE(reader->Lookup("a").ok());
}

}  // namespace
}  // namespace tfpersist
