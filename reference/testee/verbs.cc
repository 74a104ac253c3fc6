#include "reference/testee/verbs.h"

#include <array>

#include "absl/container/flat_hash_map.h"

namespace tfpersist::testee {
namespace {

std::array<absl::Span<const Verb>, 9> Sections() {
  return {GraphVerbs(),         SessionVerbs(), SaverVerbs(), CheckpointStateVerbs(), MetaGraphVerbs(), ReaderVerbs(),
          MovingAverageVerbs(), FreezeVerbs(),  FileVerbs()};
}

}  // namespace

const Verb* FindVerb(const std::string& name) {
  static const auto* const kByName = [] {
    auto* map = new absl::flat_hash_map<std::string, const Verb*>;
    for (absl::Span<const Verb> section : Sections()) {
      for (const Verb& verb : section) map->emplace(verb.name, &verb);
    }
    return map;
  }();
  auto it = kByName->find(name);
  return it == kByName->end() ? nullptr : it->second;
}

std::vector<std::string> VerbNames() {
  std::vector<std::string> names;
  for (absl::Span<const Verb> section : Sections()) {
    for (const Verb& verb : section) names.push_back(verb.name);
  }
  return names;
}

namespace {
bool on_cuda = false;  // of this process, which is one program
}

void SetDevice(const std::string& device) { on_cuda = device == "cuda"; }
bool OnCuda() { return on_cuda; }

}  // namespace tfpersist::testee
