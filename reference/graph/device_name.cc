#include "reference/graph/device_name.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

struct Parts {
  std::string job, replica, task, type, index;  // empty: not named; index "*": any
};

absl::StatusOr<Parts> Parse(absl::string_view device) {
  Parts parts;
  for (absl::string_view piece : absl::StrSplit(device, '/')) {
    const std::vector<std::string> y = absl::StrSplit(piece, ':');
    auto number = [&](const std::string& text) -> absl::StatusOr<std::string> {
      int64_t n;
      if (!absl::SimpleAtoi(text, &n)) {
        return absl::InvalidArgumentError(absl::StrCat("invalid literal for int() with base 10: '", text, "'"));
      }
      return absl::StrCat(n);
    };
    auto set_type = [&](const std::string& type, const std::string& index) -> absl::Status {
      if (!parts.type.empty())
        return absl::InvalidArgumentError(absl::StrCat("Cannot specify multiple device types: ", device));
      parts.type = type;
      parts.index.assign(1, '*');
      if (index == "*") return absl::OkStatus();
      TFP_ASSIGN_OR_RETURN(parts.index, number(index));
      return absl::OkStatus();
    };
    const std::string upper = absl::AsciiStrToUpper(y[0]);
    if (y.size() == 2 && y[0] == "job") {
      parts.job = y[1];
    } else if (y.size() == 2 && y[0] == "replica") {
      TFP_ASSIGN_OR_RETURN(parts.replica, number(y[1]));
    } else if (y.size() == 2 && y[0] == "task") {
      TFP_ASSIGN_OR_RETURN(parts.task, number(y[1]));
    } else if (y.size() <= 2 && (upper == "GPU" || upper == "CPU")) {
      TFP_RETURN_IF_ERROR(set_type(upper, y.size() == 2 ? y[1] : "*"));
    } else if (y.size() == 3 && y[0] == "device") {
      TFP_RETURN_IF_ERROR(set_type(y[1], y[2]));
    } else if (!y[0].empty()) {
      return absl::InvalidArgumentError(absl::StrCat("Unknown attribute: '", y[0], "' in '", device, "'"));
    }
  }
  return parts;
}

std::string ToString(const Parts& p) {
  std::string text;
  if (!p.job.empty()) absl::StrAppend(&text, "/job:", p.job);
  if (!p.replica.empty()) absl::StrAppend(&text, "/replica:", p.replica);
  if (!p.task.empty()) absl::StrAppend(&text, "/task:", p.task);
  if (!p.type.empty()) absl::StrAppend(&text, "/device:", p.type, ":", p.index);
  return text;
}

}  // namespace

absl::StatusOr<std::string> CanonicalDevice(absl::string_view device) {
  if (device.empty()) return std::string();
  TFP_ASSIGN_OR_RETURN(Parts parts, Parse(device));
  return ToString(parts);
}

std::string MergeDevices(absl::string_view outer, absl::string_view inner) {
  if (outer.empty() || inner.empty()) return std::string(outer.empty() ? inner : outer);
  absl::StatusOr<Parts> a = Parse(outer), b = Parse(inner);
  if (!a.ok() || !b.ok()) return std::string(inner);
  for (auto field : {&Parts::job, &Parts::replica, &Parts::task, &Parts::type}) {
    if (!((*b).*field).empty()) (*a).*field = (*b).*field;
  }
  if (!b->index.empty() && (b->index != "*" || a->index.empty())) a->index = b->index;
  return ToString(*a);
}

}  // namespace tfpersist
