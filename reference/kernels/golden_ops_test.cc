// Every kernel against what TensorFlow 1.11.0 computed (golden/data/tf-1.11.0/op_graphs and op_training): bits where
// IEEE arithmetic leaves no choice, else the ulp that the case allows; errors by code and text.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/kernels/kernels.h"
#include "reference/kernels/test_context.h"
#include "reference/op/op_registry.h"

namespace tfpersist {
namespace {

using Json = nlohmann::json;
constexpr const char* kFolders[] = {"golden/data/tf-1.11.0/op_graphs", "golden/data/tf-1.11.0/op_training",
                                    "golden/data/tf-1.11.0/op_more"};

std::string Unhex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

Tensor ReadTensor(const Json& j) {
  const DataType dtype = DataTypeFromPythonName(j["dtype"].get<std::string>());
  absl::StatusOr<TensorShape> shape = TensorShape::Create(j["shape"].get<std::vector<int64_t>>());
  EXPECT_TRUE(shape.ok());
  absl::StatusOr<Tensor> t = Tensor::Allocate(dtype, *shape);
  EXPECT_TRUE(t.ok()) << t.status() << j["dtype"];
  if (dtype == DT_STRING) {
    for (int64_t i = 0; i < t->num_elements(); ++i) t->flat<std::string>()[i] = Unhex(j["strings"][i]);
  } else {
    const std::string bytes = Unhex(j["hex"]);
    EXPECT_EQ(bytes.size(), t->total_bytes());
    if (!bytes.empty()) memcpy(t->data(), bytes.data(), bytes.size());
  }
  return *std::move(t);
}

// The distance in representable values; NaNs of any bits are equal.
template <typename T, typename Bits>
double UlpDistance(T a, T b) {
  if (std::isnan(static_cast<double>(a)) || std::isnan(static_cast<double>(b))) {
    return std::isnan(static_cast<double>(a)) == std::isnan(static_cast<double>(b)) ? 0 : 1e30;
  }
  Bits x, y;
  memcpy(&x, &a, sizeof(x));
  memcpy(&y, &b, sizeof(y));
  constexpr Bits kSign = Bits(Bits{1} << (8 * sizeof(Bits) - 1));
  const double dx = (x & kSign) ? -static_cast<double>(x & ~kSign) : static_cast<double>(x);
  const double dy = (y & kSign) ? -static_cast<double>(y & ~kSign) : static_cast<double>(y);
  return std::abs(dx - dy);
}

double Distance(const Tensor& a, const Tensor& b, int64_t i) {
  switch (a.dtype()) {
    case DT_HALF:
      return UlpDistance<half, uint16_t>(a.flat<half>()[i], b.flat<half>()[i]);
    case DT_FLOAT:
      return UlpDistance<float, uint32_t>(a.flat<float>()[i], b.flat<float>()[i]);
    case DT_DOUBLE:
      return UlpDistance<double, uint64_t>(a.flat<double>()[i], b.flat<double>()[i]);
    case DT_COMPLEX64: {
      // Cancellation in one part is measured at the size of the whole.
      const auto x = a.flat<std::complex<float>>()[i], y = b.flat<std::complex<float>>()[i];
      return x == y ? 0 : std::abs(x - y) / (std::abs(y) * 6e-8);
    }
    case DT_COMPLEX128: {
      const auto x = a.flat<std::complex<double>>()[i], y = b.flat<std::complex<double>>()[i];
      return x == y ? 0 : std::abs(x - y) / (std::abs(y) * 1.2e-16);
    }
    case DT_STRING:
      return a.flat<std::string>()[i] == b.flat<std::string>()[i] ? 0 : 1e30;
    default: {
      const size_t width = DataTypeSize(a.dtype());
      const char* x = static_cast<const char*>(a.data()) + i * width;
      const char* y = static_cast<const char*>(b.data()) + i * width;
      return memcmp(x, y, width) == 0 ? 0 : 1e30;
    }
  }
}

void Compare(const std::vector<Tensor>& got, const std::vector<Tensor>& wanted, double allowed) {
  for (size_t o = 0; o < wanted.size(); ++o) {
    ASSERT_EQ(got[o].dtype(), wanted[o].dtype());
    ASSERT_EQ(got[o].shape().DebugString(), wanted[o].shape().DebugString());
    for (int64_t i = 0; i < wanted[o].num_elements(); ++i) {
      EXPECT_LE(Distance(got[o], wanted[o], i), allowed)
          << "output " << o << ", element " << i << " is " << got[o].SummarizeValue(50) << ", TensorFlow has "
          << wanted[o].SummarizeValue(50);
    }
  }
}

class GoldenOps : public testing::TestWithParam<std::string> {};

TEST_P(GoldenOps, MatchTensorFlow) {
  const OpRegistry ops;
  KernelRegistry registry;
  RegisterCpuKernels(&registry);
  std::ifstream in(GetParam());
  ASSERT_TRUE(in) << GetParam();
  const Json cases = Json::parse(in);
  ASSERT_GT(cases.size(), 5u);
  for (size_t c = 0; c < cases.size(); ++c) {
    const Json& j = cases[c];
    SCOPED_TRACE(GetParam() + " case " + std::to_string(c) + ": " + j["op"].get<std::string>() + " " +
                 j["attrs"].dump() + " " + j["inputs"].dump().substr(0, 300));
    tensorflow::NodeDef def;
    def.set_name("n");
    def.set_op(j["op"]);
    for (const auto& [name, text] : j["attrs"].items()) {
      ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &(*def.mutable_attr())[name]));
    }
    const absl::StatusOr<const OpSignature*> signature = ops.LookUp(def.op());
    ASSERT_TRUE(signature.ok()) << signature.status();
    AddDefaultAttrs(**signature, &def);
    for (const bool own : {false, true}) {
      std::vector<Tensor> inputs;
      for (const Json& i : j["inputs"]) inputs.push_back(ReadTensor(i));
      DataTypeVector output_types;
      std::vector<Tensor> wanted;
      if (j.contains("outputs")) {
        for (const Json& o : j["outputs"]) wanted.push_back(ReadTensor(o));
        for (const Tensor& t : wanted) output_types.push_back(t.dtype());
      } else {
        const absl::Status types = OutputTypes(**signature, def, &output_types);
        ASSERT_TRUE(types.ok()) << types;
      }
      KernelRun run(def, std::move(inputs), {output_types.begin(), output_types.end()});
      run.own_inputs = own;
      const absl::Status status = run.Run(registry);
      if (j.contains("error")) {
        EXPECT_EQ(static_cast<int>(status.code()), j["error"]["code"].get<int>()) << status;
        EXPECT_EQ(std::string(status.message()), j["error"]["message"].get<std::string>());
        continue;
      }
      ASSERT_TRUE(status.ok()) << status;
      Compare(run.outputs(), wanted, j.value("ulp", 0));
      if (!j.contains("again")) continue;
      wanted.clear();
      for (const Json& o : j["again"]) wanted.push_back(ReadTensor(o));
      ASSERT_TRUE(run.RunAgain().ok());
      Compare(run.outputs(), wanted, j.value("ulp", 0));
    }
  }
}

std::vector<std::string> Families() {
  std::vector<std::string> names;
  for (const char* folder : kFolders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenOps, testing::ValuesIn(Families()),
                         [](const auto& info) { return std::filesystem::path(info.param).stem().string(); });

}  // namespace
}  // namespace tfpersist
