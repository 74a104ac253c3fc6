#include "reference/op/resource.h"

namespace tfpersist {

void ResourceManager::Clear() {
  absl::flat_hash_map<std::string, std::shared_ptr<Resource>> dropped;
  MutexLock lock(&mu_);
  dropped.swap(resources_);
  containers_.clear();
}

absl::Status ResourceManager::NotFound(absl::string_view container, absl::string_view name,
                                       absl::string_view type) const {
  // TensorFlow tells a container that was never used from one that lacks the name.
  if (!containers_.contains(container)) {
    return absl::NotFoundError(absl::StrCat("Container ", container,
                                            " does not exist. (Could not find resource: ", container, "/", name, ")"));
  }
  return absl::NotFoundError(absl::StrCat("Resource ", container, "/", name, "/", type, " does not exist."));
}

}  // namespace tfpersist
