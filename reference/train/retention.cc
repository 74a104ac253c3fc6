#include "reference/train/retention.h"

#include <algorithm>

namespace tfpersist {

void Retention::Record(const std::string& prefix, double now) {
  if (max_to_keep_ == 0) return;
  auto same = std::find_if(last_.begin(), last_.end(), [&](const Entry& e) { return e.first == prefix; });
  if (same != last_.end()) last_.erase(same);
  last_.emplace_back(prefix, now);
  // A negative number is smaller than any size: the newest itself goes (B22).
  if (static_cast<int64_t>(last_.size()) > max_to_keep_) {
    to_delete_.push_back(last_.front());
    last_.erase(last_.begin());
  }
}

std::optional<std::string> Retention::NextToDelete() {
  if (to_delete_.empty()) return std::nullopt;
  Entry entry = to_delete_.front();
  to_delete_.pop_front();
  if (entry.second > next_keep_) {
    next_keep_ += period_;
    return std::nullopt;
  }
  return entry.first;
}

std::vector<std::string> Retention::paths() const {
  std::vector<std::string> paths;
  for (const Entry& entry : last_) paths.push_back(entry.first);
  return paths;
}

}  // namespace tfpersist
