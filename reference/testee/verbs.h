// The protocol's verbs: one file and one visible list per section of conformance/PROTOCOL.md, section 5.
//
// A verb gets the case and the step's arguments and returns the step's value (null where the protocol names none). It
// binds its result itself (Case::Bind), since only it knows what the result is.
#ifndef TFPERSIST_REFERENCE_TESTEE_VERBS_H_
#define TFPERSIST_REFERENCE_TESTEE_VERBS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/testee/args.h"

namespace tfpersist::testee {

class Case;

struct Verb {
  const char* name;
  absl::StatusOr<Json> (*function)(Case&, const Args&);
};

absl::Span<const Verb> GraphVerbs();
absl::Span<const Verb> SessionVerbs();
absl::Span<const Verb> SaverVerbs();
absl::Span<const Verb> CheckpointStateVerbs();
absl::Span<const Verb> MetaGraphVerbs();
absl::Span<const Verb> ReaderVerbs();
absl::Span<const Verb> MovingAverageVerbs();
absl::Span<const Verb> FreezeVerbs();
absl::Span<const Verb> FileVerbs();

// Null: no such verb.
const Verb* FindVerb(const std::string& name);
std::vector<std::string> VerbNames();

// What the program was started with: "cpu", or "cuda" for sessions that have a GPU. Set before the first case.
void SetDevice(const std::string& device);
bool OnCuda();

}  // namespace tfpersist::testee

#endif  // TFPERSIST_REFERENCE_TESTEE_VERBS_H_
