#include "reference/checkpoint/index_writer.h"

#include "reference/base/status.h"
#include "reference/proto/tensor_bundle.pb.h"
#include "reference/table/table_builder.h"

namespace tfpersist {

absl::Status WriteIndexFile(FileSystem* fs, const std::string& file, const tensorflow::BundleHeaderProto& header,
                            const std::map<std::string, tensorflow::BundleEntryProto, std::less<>>& entries,
                            WriteOptions options) {
  TFP_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> out, fs->Create(file));
  TableBuilder table([&](absl::string_view bytes) { return out->Append(bytes); });
  TFP_RETURN_IF_ERROR(table.Add("", header.SerializeAsString()));
  std::string value;
  for (const auto& [key, entry] : entries) {
    entry.SerializeToString(&value);
    TFP_RETURN_IF_ERROR(table.Add(key, value));
  }
  TFP_RETURN_IF_ERROR(table.Finish());
  if (options.durable) TFP_RETURN_IF_ERROR(out->Sync());
  return out->Close();
}

}  // namespace tfpersist
