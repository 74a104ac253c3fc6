#include "reference/base/status.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/cord.h"

namespace tfpersist {
namespace {

constexpr char kNodePayload[] = "tfpersist/node";
constexpr char kHintPayload[] = "tfpersist/hint";

std::string PayloadOf(const absl::Status& status, const char* url) {
  absl::optional<absl::Cord> payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status WithMessage(const absl::Status& status, absl::string_view message) {
  if (status.ok()) return status;
  absl::Status result(status.code(), message);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

absl::Status WithNode(absl::Status status, absl::string_view node) {
  if (!status.ok()) status.SetPayload(kNodePayload, absl::Cord(node));
  return status;
}

std::string NodeOf(const absl::Status& status) { return PayloadOf(status, kNodePayload); }

absl::Status WithHint(absl::Status status, absl::string_view hint) {
  if (!status.ok() && HintOf(status).empty()) status.SetPayload(kHintPayload, absl::Cord(hint));
  return status;
}

std::string HintOf(const absl::Status& status) { return PayloadOf(status, kHintPayload); }

absl::string_view CodeNameInMessage(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kCancelled:
      return "Cancelled";
    case absl::StatusCode::kUnknown:
      return "Unknown";
    case absl::StatusCode::kInvalidArgument:
      return "Invalid argument";
    case absl::StatusCode::kDeadlineExceeded:
      return "Deadline exceeded";
    case absl::StatusCode::kNotFound:
      return "Not found";
    case absl::StatusCode::kAlreadyExists:
      return "Already exists";
    case absl::StatusCode::kPermissionDenied:
      return "Permission denied";
    case absl::StatusCode::kUnauthenticated:
      return "Unauthenticated";
    case absl::StatusCode::kResourceExhausted:
      return "Resource exhausted";
    case absl::StatusCode::kFailedPrecondition:
      return "Failed precondition";
    case absl::StatusCode::kAborted:
      return "Aborted";
    case absl::StatusCode::kOutOfRange:
      return "Out of range";
    case absl::StatusCode::kUnimplemented:
      return "Unimplemented";
    case absl::StatusCode::kInternal:
      return "Internal";
    case absl::StatusCode::kUnavailable:
      return "Unavailable";
    case absl::StatusCode::kDataLoss:
      return "Data loss";
    default:
      return "Unknown code";
  }
}

absl::Status ErrnoStatus(int error, absl::string_view file) {
  absl::StatusCode code;
  switch (error) {
    case EINVAL:
    case ENAMETOOLONG:
    case E2BIG:
    case EDOM:
    case EILSEQ:
    case ENOTTY:
    case EPROTOTYPE:
      code = absl::StatusCode::kInvalidArgument;
      break;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
      code = absl::StatusCode::kNotFound;
      break;
    case EEXIST:
    case EALREADY:
      code = absl::StatusCode::kAlreadyExists;
      break;
    case EPERM:
    case EACCES:
    case EROFS:
      code = absl::StatusCode::kPermissionDenied;
      break;
    case ENOTEMPTY:
    case EISDIR:
    case ENOTDIR:
    case EBADF:
    case EBUSY:
    case ECHILD:
    case ETXTBSY:
      code = absl::StatusCode::kFailedPrecondition;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EMLINK:
    case ENOBUFS:
      code = absl::StatusCode::kResourceExhausted;
      break;
    case EFBIG:
    case EOVERFLOW:
    case ERANGE:
      code = absl::StatusCode::kOutOfRange;
      break;
    case ENOSYS:
    case ENOTSUP:
    case EAFNOSUPPORT:
    case EXDEV:
      code = absl::StatusCode::kUnimplemented;
      break;
    case EAGAIN:
    case EINTR:
      code = absl::StatusCode::kUnavailable;
      break;
    case EDEADLK:
    case ESTALE:
      code = absl::StatusCode::kAborted;
      break;
    case ECANCELED:
      code = absl::StatusCode::kCancelled;
      break;
    default:
      code = absl::StatusCode::kUnknown;
  }
  char text[128];
  return absl::Status(code, absl::StrCat(file, "; ", strerror_r(error, text, sizeof text)));
}

}  // namespace tfpersist
