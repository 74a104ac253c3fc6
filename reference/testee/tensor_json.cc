#include "reference/testee/tensor_json.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "reference/base/file.h"
#include "reference/base/status.h"
#include "reference/tensor/npy.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist::testee {
namespace {

constexpr size_t kInlineBytes = 4096;

constexpr int64_t kMostNpyBytes = int64_t{1} << 33;

// A case may write one value for many elements; so many and no more.
constexpr int64_t kMostElements = int64_t{1} << 31;

size_t StringBytes(const Tensor& tensor) {
  size_t bytes = 0;
  for (const std::string& s : tensor.flat<std::string>()) bytes += s.size();
  return bytes;
}

absl::StatusOr<Tensor> ReadNpyOf(const Args& args, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(const std::string file, args.String("npy"));
  TFP_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(PosixFileSystem(), file, kMostNpyBytes));
  DataType dtype = DT_INVALID;
  if (args.Has("dtype")) {
    TFP_ASSIGN_OR_RETURN(dtype, DataTypeFromJson(args.Get("dtype"), where));
  }
  return ParseNpy(bytes, file, dtype);
}

}  // namespace

bool IsUtf8(absl::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const int extra = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    if (extra < 0 || bytes.size() - i <= static_cast<size_t>(extra)) return false;
    uint32_t code = extra == 0 ? lead : lead & (0x3f >> extra);
    for (int k = 1; k <= extra; ++k) {
      const auto byte = static_cast<unsigned char>(bytes[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      code = code << 6 | (byte & 0x3f);
    }
    if ((extra == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (extra == 3 && (code < 0x10000 || code > 0x10ffff))) {
      return false;
    }
    i += extra + 1;
  }
  return true;
}

absl::StatusOr<std::string> FromHex(const std::string& hex, absl::string_view where) {
  bool good = hex.size() % 2 == 0;
  for (char c : hex) good = good && absl::ascii_isxdigit(c);
  if (!good) return BadArgument(where, "hexadecimal bytes", hex);
  return absl::HexStringToBytes(hex);
}

absl::StatusOr<DataType> DataTypeFromJson(const Json& json, absl::string_view where) {
  TFP_ASSIGN_OR_RETURN(std::string name, AsString(json, where));
  const DataType type = DataTypeFromPythonName(name == "half" ? "float16" : name);
  if (type == DT_INVALID) return BadArgument(where, "a dtype", json);
  return type;
}

absl::StatusOr<Tensor> TensorFromJson(const Json& json, absl::string_view where) {
  if (!json.is_object()) return BadArgument(where, "a tensor", json);
  const Args args(json);
  if (args.Has("npy")) return ReadNpyOf(args, where);
  TFP_ASSIGN_OR_RETURN(const DataType dtype, DataTypeFromJson(args.Get("dtype"), where));
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, args.Ints("shape"));
  TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create(dims));
  const Json& values = args.Get("values");
  if (!values.is_array()) return BadArgument(where, "a list of values", values);
  const int64_t count = shape.num_elements();
  if (static_cast<int64_t>(values.size()) != count && values.size() != 1) {
    return BadArgument(where, absl::StrCat(count, " values, or one for all"), values);
  }
  if (count > kMostElements) return BadArgument(where, "fewer elements", args.Get("shape"));
  TFP_ASSIGN_OR_RETURN(const std::string encoding, args.String("encoding", ""));
  TFP_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(dtype, shape));
  for (int64_t i = 0; i < count; ++i) {
    TFP_ASSIGN_OR_RETURN(std::string text, AsString(values[values.size() == 1 ? 0 : i], where));
    if (encoding == "hex") {
      TFP_ASSIGN_OR_RETURN(text, FromHex(text, where));
    }
    TFP_RETURN_IF_ERROR(ParseElement(text, i, &tensor));
  }
  return tensor;
}

absl::StatusOr<Json> TensorToJson(const Tensor& tensor, const NewFile& new_file) {
  const DataType dtype = tensor.dtype();
  if (dtype != DT_STRING && !IsPlain(dtype)) {
    return absl::UnimplementedError(
        absl::StrCat("a value of type ", DataTypeString(dtype), " has no form in an answer"));
  }
  const size_t bytes = dtype == DT_STRING ? StringBytes(tensor) : tensor.total_bytes();
  if (new_file != nullptr && bytes > kInlineBytes) {
    const std::string file = new_file();
    TFP_ASSIGN_OR_RETURN(const std::string npy, ToNpy(tensor));
    TFP_RETURN_IF_ERROR(WriteFileAtomically(PosixFileSystem(), file, npy, {.durable = false}));
    Json json = {{"npy", file}};
    if (dtype == DT_BFLOAT16 || MaskHas(kQuantizedTypes, dtype)) json["dtype"] = DataTypePythonName(dtype);
    return json;
  }
  Json dims = Json::array(), values = Json::array();
  for (int64_t dim : tensor.shape().dims()) dims.push_back(dim);
  bool utf8 = true;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    values.push_back(FormatElement(tensor, i));
    utf8 = utf8 && (dtype != DT_STRING || IsUtf8(values.back().get_ref<const std::string&>()));
  }
  Json json = {{"dtype", DataTypePythonName(dtype)}, {"shape", std::move(dims)}};
  if (!utf8) {
    json["encoding"] = "hex";
    for (Json& value : values) value = absl::BytesToHexString(value.get_ref<const std::string&>());
  }
  json["values"] = std::move(values);
  return json;
}

}  // namespace tfpersist::testee
