// Runs a target on files and on all files of folders, one after the other: what ctest does with seeds and regressions,
// in every build and with any compiler. --mutate=N: and on N mutations of each, the same ones every time.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/mutator.h"
#include "fuzz/util.h"

extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t*, size_t, size_t, unsigned int);

namespace {

void RunMutations(const std::string& bytes, int count) {
  std::vector<uint8_t> input(bytes.begin(), bytes.end());
  for (int i = 0; i < count; ++i) {
    size_t size = input.size();
    input.resize(size + 2048);
    size = LLVMFuzzerCustomMutator != nullptr
               ? LLVMFuzzerCustomMutator(input.data(), size, input.size(), static_cast<unsigned>(i + 1))
               : LLVMFuzzerMutate(input.data(), size, input.size());
    input.resize(size);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    if (i % 8 == 7) input.assign(bytes.begin(), bytes.end());
  }
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  int mutations = 0;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--mutate=", 9) == 0) {
      mutations = std::atoi(argv[i] + 9);
    } else if (!fs::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
    } else {
      for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "%s: no inputs\n", argv[0]);
    return 2;
  }
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::fprintf(stderr, "%s\n", file.c_str());  // the last line of a crash says which
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    RunMutations(bytes, mutations);
  }
  std::printf("%zu inputs, %d mutations of each\n", files.size(), mutations);
}
