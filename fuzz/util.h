// What the fuzz targets share: limits that keep an input small work, files in memory, checksums made right.
#ifndef TFPERSIST_FUZZ_UTIL_H_
#define TFPERSIST_FUZZ_UTIL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/limits.h"
#include "reference/checkpoint/memory_file_system.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tfpersist::fuzz {

// An input under 1 MiB must not take 256 MiB.
Limits SmallLimits();

// Makes the checksum of every block of a table right, as far as its structure can be followed.
void RepairTable(std::string* bytes);

void PutFile(MemoryFileSystem* fs, const std::string& name, const std::string& bytes);

// A sequence of files in one input: each a 32-bit little-endian length and its bytes; the last takes the rest.
std::vector<std::string> SplitFiles(const uint8_t* data, size_t size, size_t count);
std::string JoinFiles(const std::vector<std::string>& files);

}  // namespace tfpersist::fuzz

#endif  // TFPERSIST_FUZZ_UTIL_H_
