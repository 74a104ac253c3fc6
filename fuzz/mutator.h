// Structure-aware mutations: of a table's entries, of a message's fields, of one file of several. Bytes alone rarely
// get past a checksum or a message's lengths; checksums themselves are made right by the targets (util.h).
#ifndef TFPERSIST_FUZZ_MUTATOR_H_
#define TFPERSIST_FUZZ_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

// libFuzzer's own, or byte_mutator.cc's where there is no libFuzzer.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
// Each target may define it; libFuzzer and the replay main call it.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed);

namespace tfpersist::fuzz {

// What a file of an input is.
struct FileKind {
  enum Kind { kBytes, kTable, kMessage } kind = kBytes;
  const google::protobuf::Message* message = nullptr;  // kMessage: the file; kTable: its values
  const google::protobuf::Message* header = nullptr;   // kTable: the value of the empty key
};

FileKind BundleIndexKind();
FileKind V1TableKind();
FileKind MetaGraphKind();
FileKind GraphKind();

// One mutation of an input of `kinds.size()` files (SplitFiles). Returns the new size.
size_t Mutate(const std::vector<FileKind>& kinds, uint8_t* data, size_t size, size_t max_size, unsigned int seed);

// One random change of one field, at any depth. `words`: strings worth trying.
void MutateMessage(google::protobuf::Message* message, uint64_t seed, const std::vector<std::string>& words = {});

}  // namespace tfpersist::fuzz

#define TFPERSIST_FUZZ_MUTATOR(...)                                                                           \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) { \
    return tfpersist::fuzz::Mutate({__VA_ARGS__}, data, size, max_size, seed);                                \
  }

#endif  // TFPERSIST_FUZZ_MUTATOR_H_
