// Which checkpoints a Saver keeps: the newest max_to_keep, and one per period for ever (B15-B18, B22-B26).
// Pure bookkeeping with the time passed in; a value, so that a save that fails can be forgotten.
#ifndef TFPERSIST_REFERENCE_TRAIN_RETENTION_H_
#define TFPERSIST_REFERENCE_TRAIN_RETENTION_H_

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tfpersist {

class Retention {
 public:
  using Entry = std::pair<std::string, double>;  // prefix, seconds since 1970

  Retention() = default;
  // max_to_keep 0: nothing is recorded. The keep clock starts at `now`.
  Retention(int max_to_keep, double keep_every_n_hours, double now)
      : max_to_keep_(max_to_keep), period_(keep_every_n_hours * 3600), next_keep_(now + period_) {}

  // A checkpoint was written. An earlier entry of the same prefix moves to the end.
  void Record(const std::string& prefix, double now);
  // The checkpoint to delete after this save, if any: one per save at most, none where the period asks to keep it.
  std::optional<std::string> NextToDelete();

  std::vector<std::string> paths() const;
  const std::vector<Entry>& entries() const { return last_; }
  void set(std::vector<Entry> entries) { last_ = std::move(entries); }

 private:
  int max_to_keep_ = 5;
  double period_ = 36e6, next_keep_ = 0;
  std::vector<Entry> last_;
  std::deque<Entry> to_delete_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TRAIN_RETENTION_H_
