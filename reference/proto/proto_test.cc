// Our messages against TensorFlow's own descriptors, as golden.py took them from three versions.
#include <fstream>
#include <string>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "reference/proto/checkpoint_state.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saved_model.pb.h"
#include "reference/proto/saved_tensor_slice.pb.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/proto/variable.pb.h"

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using nlohmann::json;

const FileDescriptor* const kFiles[] = {
    tensorflow::CheckpointState::descriptor()->file(),
    tensorflow::MetaGraphDef::descriptor()->file(),
    tensorflow::SavedModel::descriptor()->file(),
    tensorflow::SavedTensorSlices::descriptor()->file(),
    tensorflow::BundleEntryProto::descriptor()->file(),
    tensorflow::VariableDef::descriptor()->file(),
    tensorflow::GraphDef::descriptor()->file(),
    tensorflow::NodeDef::descriptor()->file(),
    tensorflow::OpDef::descriptor()->file(),
    tensorflow::FunctionDef::descriptor()->file(),
    tensorflow::AttrValue::descriptor()->file(),
    tensorflow::TensorProto::descriptor()->file(),
    tensorflow::TensorShapeProto::descriptor()->file(),
    tensorflow::TensorSliceProto::descriptor()->file(),
    tensorflow::VersionDef::descriptor()->file(),
    tensorflow::SaverDef::descriptor()->file(),
    tensorflow::ResourceHandleProto::descriptor()->file(),
};

std::string TypeOf(const FieldDescriptor& field) {
  std::string name = field.type_name();
  for (char& c : name) c = static_cast<char>(toupper(c));
  return "TYPE_" + name;
}

class DescriptorTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::ifstream in(std::string("golden/data/tf-") + GetParam() + "/descriptors/descriptors.json");
    ASSERT_TRUE(in) << "run from the source root";
    in >> theirs_;
  }

  // Every field of ours that this version has under the same number must be the same field.
  void Compare(const Descriptor& message) {
    for (int i = 0; i < message.nested_type_count(); ++i) Compare(*message.nested_type(i));
    auto found = theirs_["messages"].find(message.full_name());
    if (found == theirs_["messages"].end()) return;  // newer than this version
    ++compared_;
    for (const json& field : (*found)["fields"]) {
      const FieldDescriptor* own = message.FindFieldByNumber(field["number"]);
      EXPECT_EQ(message.FindFieldByName(field["name"]), own) << message.full_name() << "." << field["name"];
      if (own == nullptr) continue;  // left out
      EXPECT_EQ(own->name(), field["name"]) << message.full_name();
      EXPECT_EQ(TypeOf(*own), field["type"]) << own->full_name();
      EXPECT_EQ(own->is_repeated(), field["label"] == "LABEL_REPEATED") << own->full_name();
      // A oneof's name is not on the wire, and TensorFlow changed one (has_length).
      EXPECT_EQ(own->real_containing_oneof() != nullptr, field.contains("oneof")) << own->full_name();
      const std::string type_name = own->message_type() ? own->message_type()->full_name()
                                    : own->enum_type()  ? own->enum_type()->full_name()
                                                        : "";
      EXPECT_EQ(type_name, field.value("type_name", "")) << own->full_name();
    }
  }

  json theirs_;
  int compared_ = 0;
};

TEST_P(DescriptorTest, MessagesAreTensorFlows) {
  for (const FileDescriptor* file : kFiles) {
    for (int i = 0; i < file->message_type_count(); ++i) Compare(*file->message_type(i));
  }
  EXPECT_GE(compared_, 40);
}

TEST_P(DescriptorTest, EnumsAreTensorFlows) {
  int compared = 0;
  for (const auto& [name, values] : theirs_["enums"].items()) {
    const auto* own = google::protobuf::DescriptorPool::generated_pool()->FindEnumTypeByName(name);
    if (own == nullptr) continue;
    ++compared;
    for (const auto& [value, number] : values.items()) {
      const auto* own_value = own->FindValueByName(value);
      ASSERT_NE(own_value, nullptr) << name << "." << value;
      EXPECT_EQ(own_value->number(), number) << value;
    }
  }
  EXPECT_GE(compared, 3);
}

INSTANTIATE_TEST_SUITE_P(TensorFlow, DescriptorTest, testing::Values("1.11.0", "1.15.5", "2.21.0"));

}  // namespace
