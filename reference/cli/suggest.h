// "did you mean": the names nearest to one that was not found.
#ifndef TFPERSIST_REFERENCE_CLI_SUGGEST_H_
#define TFPERSIST_REFERENCE_CLI_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tfpersist::cli {

// "; did you mean 'v1'?", or what there is if it is little, or "" if nothing is near.
std::string DidYouMean(absl::string_view wanted, const std::vector<std::string>& names);

// A name as a terminal may show it: control characters escaped.
std::string Printable(absl::string_view name);

}  // namespace tfpersist::cli

#endif  // TFPERSIST_REFERENCE_CLI_SUGGEST_H_
