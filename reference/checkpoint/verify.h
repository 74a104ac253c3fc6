// Reads all of a checkpoint and says what is wrong with it: `tfpersist verify`, and the check before trusting one.
//
// Memory is bounded, whatever the checkpoint's size, by the index's entries and a few pieces of the data (variants are
// read whole). Thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_VERIFY_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_VERIFY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/checkpoint/bundle_reader.h"

namespace tfpersist {

struct VerifyFinding {
  enum Severity { kError, kWarning };  // an error: something can't be read, or not as it was saved
  Severity severity = kError;
  std::string file;
  int64_t offset = -1;  // in the file; -1: none in particular
  std::string key;      // the tensor; empty: none
  std::string text;
};

struct VerifyReport {
  std::vector<VerifyFinding> findings;  // each once, in order of files and offsets
  int64_t variables = 0;
  int64_t data_bytes = 0;           // read and checked
  std::vector<std::string> intact;  // keys of the index, slice keys too, whose values are whole
  bool ok() const;                  // no error among the findings
};

struct VerifyOptions {
  ReadOptions read;
  std::function<void(int64_t done, int64_t total)> progress;  // bytes of data
};

// V2: structure and checksums of the index, shapes against sizes, overlaps and holes, every value's checksum, slices
// that cover their tensor, missing and overlong shard files; and beside the checkpoint, where they are there, the state
// file's entries and what the meta graph's saver wants. V1: every tensor is read.
VerifyReport VerifyCheckpoint(const std::string& prefix, const VerifyOptions& options = {});

// The newest checkpoint of the folder that is whole: the state file's latest, else the one before it, and so on. Each
// one that is passed over is logged as a warning with its first finding. Nothing if there is none.
absl::StatusOr<std::optional<std::string>> LatestIntactCheckpoint(const std::string& dir,
                                                                  const VerifyOptions& options = {},
                                                                  Logger* logger = StderrLogger());

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_VERIFY_H_
