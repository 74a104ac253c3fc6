// A model on disk, whatever its form: a GraphDef (.pb, .pbtxt), a MetaGraphDef (.meta, binary or text), or a SavedModel
// folder. What a file is follows from its bytes, not from its name.
#ifndef TFPERSIST_REFERENCE_CLI_MODEL_FILE_H_
#define TFPERSIST_REFERENCE_CLI_MODEL_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tensorflow {
class MetaGraphDef;
}

namespace tfpersist::cli {

struct ModelFile {
  enum class Kind { kGraphDef, kMetaGraphDef, kSavedModel };
  Kind kind = Kind::kGraphDef;
  std::unique_ptr<tensorflow::MetaGraphDef> meta;  // of a GraphDef: with graph_def alone
  std::string checkpoint;                          // a SavedModel's own; empty: none
};

// NOT_FOUND: no such file. INVALID_ARGUMENT: neither of the above; names the file and says what it looks like instead.
absl::StatusOr<ModelFile> ReadModelFile(const std::string& path);

}  // namespace tfpersist::cli

#endif  // TFPERSIST_REFERENCE_CLI_MODEL_FILE_H_
