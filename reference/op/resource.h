// State that outlives a run: variables of both kinds, and whatever kernels keep by name. A ResourceManager belongs to
// one session (TensorFlow's direct session has one per device). Thread-safe. Follows core/framework/resource_mgr.h.
#ifndef TFPERSIST_REFERENCE_OP_RESOURCE_H_
#define TFPERSIST_REFERENCE_OP_RESOURCE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "reference/base/mutex.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// Anything kept in a ResourceManager. A subclass names its type (kTypeName) as TensorFlow's messages print it; two
// types may use one name without meeting.
class Resource {
 public:
  virtual ~Resource() = default;
};

// A variable's storage; the same for reference variables (VariableV2) and resource variables (VarHandleOp).
// Readers share the buffer; a writer replaces it, or writes in place when nobody else holds it.
class RefVariable : public Resource {
 public:
  static constexpr char kTypeName[] = "N10tensorflow3VarE";

  explicit RefVariable(DataType dtype, TensorShape initial_shape = {}, Tensor value = {})
      : dtype(dtype), initial_shape(std::move(initial_shape)), value(std::move(value)) {}

  const DataType dtype;             // of every value it takes
  const TensorShape initial_shape;  // what an Assign that validates shapes asks for while there is no value
  Mutex mu;
  Tensor value ABSL_GUARDED_BY(mu);  // without value: uninitialized
};

class ResourceManager {
 public:
  // Where resources live whose node names no container.
  static constexpr char kDefaultContainer[] = "localhost";

  // The resource of type T under container/name, made by `make()` (a shared_ptr<T>) if absent.
  template <typename T, typename Make>
  std::shared_ptr<T> LookupOrCreate(absl::string_view container, absl::string_view name, Make make);
  // NOT_FOUND with TensorFlow 1.x's text if absent (S20).
  template <typename T>
  absl::StatusOr<std::shared_ptr<T>> Lookup(absl::string_view container, absl::string_view name) const;
  // Forgets it; who holds it goes on holding it. The error of Lookup if absent.
  template <typename T>
  absl::Status Delete(absl::string_view container, absl::string_view name);
  void Clear();

 private:
  static std::string Key(absl::string_view container, absl::string_view name, absl::string_view type) {
    return absl::StrCat(container, "/", name, "/", type);
  }
  absl::Status NotFound(absl::string_view container, absl::string_view name, absl::string_view type) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  absl::flat_hash_map<std::string, std::shared_ptr<Resource>> resources_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> containers_ ABSL_GUARDED_BY(mu_);
};

template <typename T, typename Make>
std::shared_ptr<T> ResourceManager::LookupOrCreate(absl::string_view container, absl::string_view name, Make make) {
  MutexLock lock(&mu_);
  containers_.emplace(container);
  std::shared_ptr<Resource>& slot = resources_[Key(container, name, T::kTypeName)];
  if (slot == nullptr) slot = make();
  return std::static_pointer_cast<T>(slot);
}

template <typename T>
absl::StatusOr<std::shared_ptr<T>> ResourceManager::Lookup(absl::string_view container, absl::string_view name) const {
  MutexLock lock(&mu_);
  auto it = resources_.find(Key(container, name, T::kTypeName));
  if (it == resources_.end()) return NotFound(container, name, T::kTypeName);
  return std::static_pointer_cast<T>(it->second);
}

template <typename T>
absl::Status ResourceManager::Delete(absl::string_view container, absl::string_view name) {
  std::shared_ptr<Resource> dropped;  // its destructor runs after the lock is gone
  MutexLock lock(&mu_);
  auto it = resources_.find(Key(container, name, T::kTypeName));
  if (it == resources_.end()) return NotFound(container, name, T::kTypeName);
  dropped = std::move(it->second);
  resources_.erase(it);
  return absl::OkStatus();
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_RESOURCE_H_
