// The version gate of checkpoints and graphs (core/framework/versions.cc; semantics D15, H21).
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_VERSION_CHECK_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_VERSION_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tensorflow {
class VersionDef;
}

namespace tfpersist {

inline constexpr int kBundleVersion = 1;  // tensor_bundle.h
inline constexpr int kBundleMinProducer = 0;
inline constexpr int kV1Version = 1;  // saved_tensor_slice_util.h: TF_CHECKPOINT_VERSION
inline constexpr int kV1MinProducer = 0;

// INVALID_ARGUMENT with TensorFlow 1.11.0's text unless a consumer of version `consumer` may read the data.
absl::Status CheckVersions(const tensorflow::VersionDef& versions, int consumer, int min_producer,
                           absl::string_view upper_name, absl::string_view lower_name);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_VERSION_CHECK_H_
