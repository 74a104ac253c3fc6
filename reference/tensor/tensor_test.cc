#include "reference/tensor/tensor.h"

#include <fstream>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/proto/tensor.pb.h"
#include "reference/proto/types.pb.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_slice.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

using nlohmann::json;

TEST(Types, AreThoseOfTypesProto) {
  for (int t = DT_FLOAT; t <= DT_UINT64; ++t) {
    EXPECT_EQ(DataTypeEnumName(static_cast<DataType>(t)), tensorflow::DataType_Name(t));
    EXPECT_EQ(DataTypeFromEnumName(tensorflow::DataType_Name(t)), t);
    EXPECT_EQ(DataTypeEnumName(static_cast<DataType>(t + kRefOffset)), tensorflow::DataType_Name(t + kRefOffset));
  }
}

TEST(Types, AnyNumberHasAName) {
  for (const int number : {INT32_MIN, -1, 201, 1000, INT32_MAX}) {
    const DataType type = static_cast<DataType>(number);
    EXPECT_EQ(DataTypeString(type), "unknown dtype enum (" + std::to_string(number) + ")");
    EXPECT_EQ(DataTypeEnumName(type), std::to_string(number));
    EXPECT_EQ(DataTypePythonName(type), "invalid");
  }
  EXPECT_EQ(DataTypeString(MakeRefType(DT_FLOAT)), "float_ref");
}

TEST(TensorShape, RefusesWhatOverflows) {
  EXPECT_TRUE(TensorShape::Create({int64_t{1} << 62, 1}).ok());
  EXPECT_FALSE(TensorShape::Create({int64_t{1} << 62, 8}).ok());
  EXPECT_FALSE(TensorShape::Create({0, int64_t{1} << 62, 8}).ok());
  EXPECT_FALSE(TensorShape::Create({-1}).ok());
  EXPECT_FALSE(TensorShape::Create(std::vector<int64_t>(255, 1)).ok());
  EXPECT_EQ(TensorShape({2, 3}).DebugString(), "[2,3]");
  EXPECT_EQ(PartialTensorShape({-1, 4}).DebugString(), "[?,4]");
  EXPECT_EQ(PartialTensorShape().DebugString(), "<unknown>");
}

TEST(Tensor, CopiesShareAndDeepCopiesDoNot) {
  Tensor a = Tensor::Of<float>({2}, {1, 2});
  Tensor b = a;
  EXPECT_TRUE(a.SharesBufferWith(b));
  EXPECT_FALSE(a.RefCountIsOne());
  Tensor c = *a.DeepCopy();
  c.flat<float>()[0] = 7;
  EXPECT_EQ(a.flat<float>()[0], 1);
  Tensor moved = std::move(b);
  EXPECT_FALSE(b.has_value());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_EQ(moved.num_elements(), 2);
}

TEST(Tensor, RefusesMemoryThatCantBeHad) {
  EXPECT_EQ(Tensor::Allocate(DT_DOUBLE, {int64_t{1} << 62}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(Tensor::Allocate(DT_INVALID, {}).ok());
}

TEST(TensorSlice, Parses) {
  auto spec = ParseShapeAndSlice("4 2 0,2:-");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->shape.DebugString(), "[4,2]");
  EXPECT_EQ(spec->slice_shape.DebugString(), "[2,2]");
  EXPECT_EQ(spec->slice.DebugString(), "0,2:-");
}

// Texts of TensorFlow 1.11.0 (semantics C18).
TEST(TensorSlice, FailsAsTensorFlow) {
  auto message = [](absl::string_view text) { return ParseShapeAndSlice(text).status(); };
  EXPECT_EQ(message("x 0,2"), absl::InvalidArgumentError("Non numerical dimension in shape_and_slice: x 0,2"));
  EXPECT_EQ(message("4"), absl::InvalidArgumentError("Need least two elements in shape_and_slice specification: 4"));
  EXPECT_EQ(message("4 0,0"),
            absl::InvalidArgumentError(
                "Expected non-negative start and positive length but got start = 0, length = 0: string = 0,0"));
  EXPECT_EQ(message("4 3,2"), absl::InternalError("Extent in dimension 0 out of bounds: shape = [4], slice = 3,2"));
  EXPECT_EQ(message("4 0,2:0,1"), absl::InternalError("Mismatching ranks: shape = [4], slice = 0,2:0,1"));
}

TEST(TensorProto, LastValueRepeatsAndSizesAreChecked) {
  tensorflow::TensorProto proto;
  proto.set_dtype(tensorflow::DT_FLOAT);
  proto.mutable_tensor_shape()->add_dim()->set_size(4);
  proto.add_float_val(1);
  proto.add_float_val(2);
  EXPECT_EQ(FormatLikeNumpy(*TensorFromProto(proto)), "[1. 2. 2. 2.]");
  proto.set_tensor_content("abc");
  EXPECT_TRUE(absl::StartsWith(TensorFromProto(proto).status().message(), "Cannot parse tensor from proto: "));
  proto.clear_tensor_content();
  proto.mutable_tensor_shape()->mutable_dim(0)->set_size(int64_t{1} << 45);
  EXPECT_EQ(TensorFromProto(proto).status().code(), absl::StatusCode::kResourceExhausted);
}

// Every value that TensorFlow wrote, in its bytes and as text: parse, format, proto and .npy keep every bit.
TEST(TensorForms, KeepEveryBitOfEveryDtype) {
  std::ifstream in("golden/data/tf-1.11.0/dtypes/values.json");
  ASSERT_TRUE(in) << "run from the source root";
  int compared = 0;
  const json values = json::parse(in);
  for (const auto& [file, tensors] : values.items()) {
    for (const auto& [name, value] : tensors.items()) {
      const DataType dtype = DataTypeFromPythonName(value["dtype"].get<std::string>());
      if (!IsPlain(dtype)) continue;
      Tensor t = *Tensor::Allocate(dtype, *TensorShape::Create(value["shape"].get<std::vector<int64_t>>()));
      const std::string hex = value["bytes"];
      ASSERT_EQ(hex.size(), t.total_bytes() * 2) << file << " " << name;
      for (size_t i = 0; i < t.total_bytes(); ++i) {
        static_cast<uint8_t*>(t.data())[i] = static_cast<uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
      }
      Tensor parsed = *Tensor::Allocate(dtype, t.shape());
      for (int64_t i = 0; i < t.num_elements(); ++i) {
        EXPECT_TRUE(ParseElement(FormatElement(t, i), i, &parsed).ok()) << FormatElement(t, i);
      }
      tensorflow::TensorProto content, field;
      TensorToProto(t, &content);
      TensorToProtoField(t, &field);
      for (const Tensor& back :
           {parsed, *TensorFromProto(content), *TensorFromProto(field), *ParseNpy(*ToNpy(t), name, dtype)}) {
        EXPECT_EQ(back.dtype(), dtype);
        EXPECT_EQ(back.shape(), t.shape());
        EXPECT_EQ(memcmp(back.data(), t.data(), t.total_bytes()), 0) << file << " " << name;
      }
      ++compared;
    }
  }
  EXPECT_GE(compared, 90);
}

TEST(TensorText, LikeNumpy) {
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<float>({1}, {2})), "[2.]");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Scalar(0.099999905f)), "0.099999905");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Scalar(10.0f)), "10.0");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<float>({3}, {10, 0.25, -1})), "[10.    0.25 -1.  ]");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<int32_t>({2, 2}, {1, 2, 3, 40})), "[[ 1  2]\n [ 3 40]]");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<bool>({2}, {true, false})), "[ True False]");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<std::string>({2}, {"x", "a'b"})), "[b'x' b\"a'b\"]");
  EXPECT_EQ(FormatLikeNumpy(Tensor::Of<float>({2}, {1e-7f, 1})), "[1.e-07 1.e+00]");
  EXPECT_EQ(FormatLikeNumpy(*Tensor::Allocate(DT_FLOAT, {0, 3})), "[]");
}

TEST(TensorText, Summaries) {
  EXPECT_EQ(Tensor::Of<float>({9}, {3, 3, 3, 3, 3, 3, 3, 3, 3}).DebugString(),
            "Tensor<type: float shape: [9] values: 3 3 3...>");
  EXPECT_EQ(Tensor::Of<int32_t>({2, 2}, {1, 2, 3, 4}).SummarizeValue(3), "[1 2][3...]...");
  EXPECT_EQ(Tensor::Scalar(1e-7f).SummarizeValue(3), "1e-07");
}

TEST(Npy, RefusesWhatIsNot) {
  const std::string good = *ToNpy(Tensor::Of<float>({2}, {1, 2}));
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(ParseNpy(absl::string_view(good).substr(0, n), "f.npy").ok()) << n;
  }
  EXPECT_TRUE(absl::StrContains(ParseNpy("junk", "f.npy").status().message(), "f.npy"));
}

}  // namespace
}  // namespace tfpersist
