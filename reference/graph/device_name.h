// Device strings as python/framework/device.py reads and writes them. Values; no state.
#ifndef TFPERSIST_REFERENCE_GRAPH_DEVICE_NAME_H_
#define TFPERSIST_REFERENCE_GRAPH_DEVICE_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tfpersist {

// "/cpu:0" -> "/device:CPU:0". INVALID_ARGUMENT "Unknown attribute: 'junk' in 'junk::dev'" (H28).
absl::StatusOr<std::string> CanonicalDevice(absl::string_view device);
// What `inner` names, and the rest from `outer`. Both canonical.
std::string MergeDevices(absl::string_view outer, absl::string_view inner);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_DEVICE_NAME_H_
