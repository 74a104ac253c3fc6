#include "reference/checkpoint/version_check.h"

#include "absl/strings/str_cat.h"
#include "reference/proto/versions.pb.h"

namespace tfpersist {

absl::Status CheckVersions(const tensorflow::VersionDef& versions, int consumer, int min_producer,
                           absl::string_view upper_name, absl::string_view lower_name) {
  if (consumer < versions.min_consumer()) {
    return absl::InvalidArgumentError(absl::StrCat(upper_name, " min consumer version ", versions.min_consumer(),
                                                   " above current version ", consumer,
                                                   " for TensorFlow 1.11.0.  Please upgrade TensorFlow."));
  }
  if (versions.producer() < min_producer) {
    return absl::InvalidArgumentError(
        absl::StrCat(upper_name, " producer version ", versions.producer(), " below min producer ", min_producer,
                     " supported by TensorFlow 1.11.0.  Please regenerate your ", lower_name, "."));
  }
  for (int bad : versions.bad_consumers()) {
    if (bad == consumer) {
      return absl::InvalidArgumentError(absl::StrCat(upper_name, " disallows consumer version ", bad,
                                                     ".  Please upgrade TensorFlow: this version is likely buggy."));
    }
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
