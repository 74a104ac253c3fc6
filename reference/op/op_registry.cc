#include "reference/op/op_registry.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "reference/op/node_text.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {
namespace {

using tensorflow::AttrValue;
using tensorflow::OpDef;

constexpr const char* kSignatures[] = {
#include "reference/op/op_signatures.inc"
};

// The sets that rows name, in TensorFlow's order.
struct TypeSet {
  absl::string_view name, types;
};
constexpr TypeSet kTypeSets[] = {
    {"$index", "int32,int64"},
    {"$number",
     "float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,uint16,complex128,half,uint32,"
     "uint64"},
    {"$real", "float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64"},
    {"$quantized", "qint8,quint8,qint32,qint16,quint16"},
};

// "@1.15 Name(" -> "Name".
absl::string_view NameOfRow(absl::string_view row) {
  if (row[0] == '@') row.remove_prefix(row.find(' ') + 1);
  return row.substr(0, row.find('('));
}

tensorflow::DataType TypeNamed(absl::string_view name) {
  tensorflow::DataType type = tensorflow::DT_INVALID;
  tensorflow::DataType_Parse(absl::StrCat("DT_", absl::AsciiStrToUpper(name)), &type);
  return type;
}

// Reads one row of the table. The rows are the project's own and a test reads them all, so nothing is reported here.
class RowParser {
 public:
  explicit RowParser(absl::string_view row) : rest_(row) {}

  std::unique_ptr<OpSignature> Parse() {
    auto op = std::make_unique<OpSignature>();
    if (Take("@")) op->since = std::string(Until(" "));
    op->def->set_name(std::string(Until("(")));
    Arguments(*op->def->mutable_input_arg());
    Take(" -> (");
    Arguments(*op->def->mutable_output_arg());
    if (Take(" | ")) Attrs(*op);
    if (Take(" | ")) Flags(*op->def);
    return op;
  }

 private:
  bool Take(absl::string_view text) { return absl::ConsumePrefix(&rest_, text); }
  absl::string_view Until(absl::string_view end) {  // and skips it
    const size_t n = std::min(rest_.find(end), rest_.size());
    absl::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(std::min(n + end.size(), rest_.size()));
    return taken;
  }
  absl::string_view Word() {
    size_t n = 0;
    while (n < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[n])) != 0 || std::strchr("_.+-$", rest_[n]) != nullptr))
      ++n;
    absl::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }

  void Arguments(google::protobuf::RepeatedPtrField<OpDef::ArgDef>& args) {
    while (!Take(")")) {
      Take(", ");
      OpDef::ArgDef& arg = *args.Add();
      arg.set_name(std::string(Until(": ")));
      arg.set_is_ref(Take("&"));
      if (Take("[")) {
        arg.set_type_list_attr(std::string(Until("]")));
        continue;
      }
      absl::string_view word = Word();
      if (Take("*")) {
        arg.set_number_attr(std::string(word));
        word = Word();
      }
      if (tensorflow::DataType type = TypeNamed(word);
          type != tensorflow::DT_INVALID && std::islower(static_cast<unsigned char>(word[0])) != 0) {
        arg.set_type(type);
      } else {
        arg.set_type_attr(std::string(word));
      }
    }
  }

  std::string QuotedString() {
    Take("\"");
    std::string text;
    absl::CUnescape(Until("\""), &text);
    return text;
  }

  tensorflow::TensorShapeProto Shape() {
    tensorflow::TensorShapeProto shape;
    if (Take("<unknown>")) {
      shape.set_unknown_rank(true);
      return shape;
    }
    Take("[");
    while (!Take("]")) {
      Take(",");
      int64_t size = -1;
      if (!Take("?")) (void)absl::SimpleAtoi(Word(), &size);
      shape.add_dim()->set_size(size);
    }
    return shape;
  }

  void Value(absl::string_view type, AttrValue& value) {
    int64_t i = 0;
    float f = 0;
    if (absl::StartsWith(type, "list(")) {
      Take("[");
      AttrValue::ListValue& list = *value.mutable_list();
      while (!Take("]")) {
        Take(", ");
        AttrValue element;
        Value(type.substr(5, type.size() - 6), element);
        switch (element.value_case()) {
          case AttrValue::kS:
            list.add_s(element.s());
            break;
          case AttrValue::kI:
            list.add_i(element.i());
            break;
          case AttrValue::kF:
            list.add_f(element.f());
            break;
          case AttrValue::kB:
            list.add_b(element.b());
            break;
          case AttrValue::kType:
            list.add_type(element.type());
            break;
          case AttrValue::kShape:
            *list.add_shape() = element.shape();
            break;
          default:
            return;
        }
      }
    } else if (type == "string") {
      value.set_s(QuotedString());
    } else if (type == "int") {
      (void)absl::SimpleAtoi(Word(), &i);
      value.set_i(i);
    } else if (type == "float") {
      (void)absl::SimpleAtof(Word(), &f);
      value.set_f(f);
    } else if (type == "bool") {
      value.set_b(Word() == "true");
    } else if (type == "type") {
      value.set_type(TypeNamed(Word()));
    } else if (type == "shape") {
      *value.mutable_shape() = Shape();
    } else if (type == "func") {
      Take("func");
      value.mutable_func()->set_name(QuotedString());
    } else if (type == "tensor") {  // uint8[4](255,0,0,255)
      tensorflow::TensorProto& tensor = *value.mutable_tensor();
      tensor.set_dtype(TypeNamed(Word()));
      *tensor.mutable_tensor_shape() = Shape();
      Take("(");
      while (!Take(")")) {
        Take(",");
        (void)absl::SimpleAtoi(Word(), &i);
        tensor.add_int_val(static_cast<int32_t>(i));
      }
    }
  }

  void Attrs(OpSignature& op) {
    while (!rest_.empty() && !absl::StartsWith(rest_, " | ") && !absl::StartsWith(rest_, "| ")) {
      std::string version;
      if (Take("@")) version = std::string(Until(" "));
      OpDef::AttrDef attr;
      attr.set_name(std::string(Until(": ")));
      std::string type(Word());
      if (Take("(")) absl::StrAppend(&type, "(", Until(")"), ")");
      attr.set_type(type);
      if (Take(" >= ")) {
        int64_t minimum = 0;
        (void)absl::SimpleAtoi(Word(), &minimum);
        attr.set_has_minimum(true);
        attr.set_minimum(minimum);
      }
      if (Take(" {")) Allowed(op, attr);
      if (Take(" = ")) Value(type, *attr.mutable_default_value());
      if (version.empty()) {
        *op.def->add_attr() = std::move(attr);
      } else {
        op.later_attrs.push_back({std::move(version), std::move(attr)});
      }
      Take("; ");
    }
  }

  void Allowed(OpSignature& op, OpDef::AttrDef& attr) {
    AttrValue::ListValue& list = *attr.mutable_allowed_values()->mutable_list();
    if (absl::StartsWith(rest_, "\"")) {
      while (!Take("}")) {
        Take(", ");
        list.add_s(QuotedString());
      }
      return;
    }
    absl::string_view types = Until("}");
    absl::string_view later;
    if (size_t plus = types.find(" +"); plus != types.npos) {
      later = types.substr(plus + 2);
      types = types.substr(0, plus);
    }
    for (const TypeSet& set : kTypeSets) {
      if (types == set.name) types = set.types;
    }
    for (absl::string_view t : absl::StrSplit(types, ',')) list.add_type(TypeNamed(t));
    if (later.empty()) return;
    std::vector<DataType> more;
    for (absl::string_view t : absl::StrSplit(later, ',')) more.push_back(static_cast<DataType>(TypeNamed(t)));
    op.later_types.push_back({attr.name(), std::move(more)});
  }

  void Flags(OpDef& def) {
    while (!rest_.empty()) {
      Take(" ");
      const absl::string_view flag = Word();
      if (flag == "stateful") def.set_is_stateful(true);
      if (flag == "commutative") def.set_is_commutative(true);
      if (flag == "aggregate") def.set_is_aggregate(true);
      if (flag == "allows_uninitialized_input") def.set_allows_uninitialized_input(true);
      if (flag == "deprecated") {
        Take("(");
        int64_t version = 0;
        (void)absl::SimpleAtoi(Until(", "), &version);
        def.mutable_deprecation()->set_version(static_cast<int32_t>(version));
        def.mutable_deprecation()->set_explanation(QuotedString());
        Take(")");
      }
    }
  }

  absl::string_view rest_;
};

}  // namespace

OpSignature::OpSignature() : def(std::make_unique<OpDef>()) {}
OpSignature::~OpSignature() = default;

const OpDef::AttrDef* OpSignature::FindAttr(absl::string_view name) const {
  for (const OpDef::AttrDef& attr : def->attr()) {
    if (attr.name() == name) return &attr;
  }
  return nullptr;
}

const OpDef::AttrDef* OpSignature::FindLaterAttr(absl::string_view name) const {
  for (const auto& [version, attr] : later_attrs) {
    if (attr.name() == name) return &attr;
  }
  return nullptr;
}

OpRegistry::OpRegistry() = default;
OpRegistry::~OpRegistry() = default;

absl::StatusOr<const OpSignature*> OpRegistry::LookUp(absl::string_view op) const {
  MutexLock lock(&mu_);
  if (auto it = parsed_.find(op); it != parsed_.end()) return it->second.get();
  const auto* row = std::lower_bound(std::begin(kSignatures), std::end(kSignatures), op,
                                     [](const char* r, absl::string_view name) { return NameOfRow(r) < name; });
  if (row == std::end(kSignatures) || NameOfRow(*row) != op) {
    return absl::NotFoundError(absl::StrCat(
        "Op type not registered '", op,
        "' in binary running on HOST. Make sure the Op and Kernel are registered in the binary running in this "
        "process. Note "
        "that if you are loading a saved graph which used ops from tf.contrib, accessing (e.g.) `tf.contrib.resampler` "
        "should "
        "be done before importing the graph, as contrib ops are lazily registered when the module is first accessed."));
  }
  return parsed_.emplace(NameOfRow(*row), RowParser(*row).Parse()).first->second.get();
}

std::vector<absl::string_view> OpRegistry::Names() {
  std::vector<absl::string_view> names;
  for (const char* row : kSignatures) names.push_back(NameOfRow(row));
  return names;
}

std::unique_ptr<OpSignature> OpRegistry::FromOpDef(const OpDef& def) {
  auto op = std::make_unique<OpSignature>();
  *op->def = def;
  return op;
}

}  // namespace tfpersist
