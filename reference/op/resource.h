// State that outlives a run: variables of both kinds, and whatever kernels keep by name. A ResourceManager belongs to
// one session (TensorFlow's direct session has one per device). Thread-safe.
#ifndef TFPERSIST_REFERENCE_OP_RESOURCE_H_
#define TFPERSIST_REFERENCE_OP_RESOURCE_H_

#include <memory>
#include <string>
#include <typeindex>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// Anything kept in a ResourceManager.
class Resource {
 public:
  virtual ~Resource() = default;
};

// A variable's storage; the same for reference variables (VariableV2) and resource variables (VarHandleOp).
// Readers share the buffer; a writer replaces it, or writes in place when nobody else holds it.
class RefVariable : public Resource {
 public:
  absl::Mutex mu;
  Tensor value ABSL_GUARDED_BY(mu);  // without value: uninitialized
};

class ResourceManager {
 public:
  // The resource of type T under container/name, made by `make` if absent.
  template <typename T>
  std::shared_ptr<T> LookupOrCreate(absl::string_view container, absl::string_view name);
  // NOT_FOUND with TensorFlow 1.x's text if absent or of another type (S20).
  template <typename T>
  absl::StatusOr<std::shared_ptr<T>> Lookup(absl::string_view container, absl::string_view name) const;
  void Clear();

 private:
  absl::Status NotFound(absl::string_view container, absl::string_view name) const;
  using Key = std::pair<std::type_index, std::string>;  // "container/name"
  mutable absl::Mutex mu_;
  absl::flat_hash_map<Key, std::shared_ptr<Resource>> resources_ ABSL_GUARDED_BY(mu_);
};

template <typename T>
std::shared_ptr<T> ResourceManager::LookupOrCreate(absl::string_view container, absl::string_view name) {
  absl::MutexLock lock(&mu_);
  std::shared_ptr<Resource>& slot = resources_[Key(typeid(T), absl::StrCat(container, "/", name))];
  if (slot == nullptr) slot = std::make_shared<T>();
  return std::static_pointer_cast<T>(slot);
}

template <typename T>
absl::StatusOr<std::shared_ptr<T>> ResourceManager::Lookup(absl::string_view container, absl::string_view name) const {
  absl::MutexLock lock(&mu_);
  auto it = resources_.find(Key(typeid(T), absl::StrCat(container, "/", name)));
  if (it == resources_.end()) return NotFound(container, name);
  return std::static_pointer_cast<T>(it->second);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_RESOURCE_H_
