// Writes the index of a V2 checkpoint: a table of the header and one entry a tensor.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_INDEX_WRITER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_INDEX_WRITER_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "reference/base/file.h"

namespace tensorflow {
class BundleEntryProto;
class BundleHeaderProto;
}  // namespace tensorflow

namespace tfpersist {

// Under exactly this name, synced if `options` ask for it; the caller renames.
absl::Status WriteIndexFile(FileSystem* fs, const std::string& file, const tensorflow::BundleHeaderProto& header,
                            const std::map<std::string, tensorflow::BundleEntryProto, std::less<>>& entries,
                            WriteOptions options);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_INDEX_WRITER_H_
