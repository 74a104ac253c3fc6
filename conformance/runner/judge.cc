#include "conformance/runner/judge.h"

#include <algorithm>
#include <map>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "conformance/runner/files.h"
#include "conformance/runner/scratch.h"

namespace tfpersist::conform {
namespace fs = std::filesystem;
namespace {

constexpr size_t kShown = 1000;

std::string Show(const Json& value) {
  const std::string text = Dump(value);
  return text.size() <= kShown ? text : absl::StrCat(text.substr(0, kShown), "… (", text.size(), " bytes)");
}

std::string ExpectedGot(const Json& expected, const Json& got) {
  return absl::StrCat("expected ", Show(expected), ", got ", Show(got));
}

std::string At(const std::string& path, const std::string& difference) {
  if (difference.empty()) return "";
  // Paths join from the outside in: [0], .member, [2]…
  return absl::StrCat(path, difference[0] == '[' || difference[0] == '.' ? "" : ": ", difference);
}

std::string TextOf(const Json& line) {
  std::string text = line.is_string() ? line.get<std::string>() : StringOr(line, "text");
  return std::string(absl::StripPrefix(text, "INFO:tensorflow:"));
}

std::string JudgeLog(const Json& expect, const Json& answer) {
  std::vector<std::string> lines;
  if (answer.contains("log") && answer["log"].is_array()) {
    for (const Json& line : answer["log"]) lines.push_back(TextOf(line));
  }
  if (expect.contains("log")) {
    size_t next = 0;
    for (const Json& wanted : expect["log"]) {
      const std::string text = TextOf(wanted);
      const auto found = std::find(lines.begin() + static_cast<std::ptrdiff_t>(next), lines.end(), text);
      if (found == lines.end())
        return absl::StrCat("log: no line ", Show(wanted), next > 0 ? " after the ones before it" : "", "; the log is ",
                            Show(Json(lines)));
      next = static_cast<size_t>(found - lines.begin()) + 1;
    }
  }
  if (expect.contains("log_has")) {
    for (const Json& wanted : expect["log_has"]) {
      const std::string text = wanted.get<std::string>();
      if (std::none_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; })) {
        return absl::StrCat("log_has: no line contains ", Show(wanted), "; the log is ", Show(Json(lines)));
      }
    }
  }
  return "";
}

std::string JudgeError(const Json& expect, const Json& error) {
  const std::string code = StringOr(error, "code"), message = StringOr(error, "message");
  const Json& wanted = expect["error"];
  const bool accepted =
      wanted.is_array() ? std::find(wanted.begin(), wanted.end(), Json(code)) != wanted.end() : wanted == Json(code);
  if (!accepted) return absl::StrCat("expected error ", Show(wanted), ", got ", code, ": ", message);
  if (expect.contains("message") && StringOr(expect, "message") != message) {
    return absl::StrCat("expected the message ", Show(expect["message"]), ", got ", Show(Json(message)));
  }
  if (expect.contains("message_has")) {
    const std::string shown = error.contains("hint") ? absl::StrCat(message, "\n", StringOr(error, "hint")) : message;
    for (const Json& part : expect["message_has"]) {
      if (shown.find(part.get<std::string>()) == std::string::npos) {
        return absl::StrCat("expected a message with ", Show(part), ", got ", Show(Json(shown)));
      }
    }
  }
  if (expect.contains("node")) {
    const Json node = error.contains("node") ? error["node"] : Json();
    if (node != expect["node"]) return absl::StrCat("expected the node ", Show(expect["node"]), ", got ", Show(node));
  }
  return "";
}

std::string Contains(const Json& expected, const Json& got, const Tolerance& tolerance, const fs::path& folder) {
  if (expected.is_array() && got.is_array()) {
    for (const Json& element : expected) {
      if (std::none_of(got.begin(), got.end(),
                       [&](const Json& one) { return CompareValues(element, one, tolerance, folder).empty(); })) {
        return absl::StrCat("value_has: no element ", Show(element), " in ", Show(got));
      }
    }
    return "";
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (!got.contains(key)) return absl::StrCat("value_has: no member \"", key, "\" in ", Show(got));
      if (std::string s = CompareValues(value, got[key], tolerance, folder); !s.empty())
        return At(absl::StrCat("value_has.", key), s);
    }
    return "";
  }
  return absl::StrCat("value_has: ", ExpectedGot(expected, got));
}

std::string JudgeSteps(const Json& steps, const Json& answers, const std::string& outer, const std::string& version,
                       const fs::path& folder, bool may_end_early, double* largest_ulp) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string number = absl::StrCat(outer, i + 1);
    const Json& step = steps[i];
    if (i >= answers.size()) {
      if (may_end_early) return "";
      return absl::StrCat("step ", number, " (", StringOr(step, "do"), "): no answer; ", answers.size(), " of ",
                          steps.size(), " steps were answered");
    }
    const Json& answer = answers[i];
    if (std::string s = JudgeStep(step, answer, version, folder, largest_ulp); !s.empty())
      return absl::StrCat("step ", number, " (", StringOr(step, "do"), "): ", s);
    if (step.contains("steps") && !step["steps"].empty()) {
      const Json inner = answer.contains("steps") && answer["steps"].is_array() ? answer["steps"] : Json::array();
      if (std::string s =
              JudgeSteps(step["steps"], inner, number + ".", version, folder, answer.contains("error"), largest_ulp);
          !s.empty())
        return s;
    }
  }
  if (answers.size() > steps.size())
    return absl::StrCat(answers.size(), " steps were answered where the case has ", steps.size());
  return "";
}

std::string JudgeAfter(const Json& after, const fs::path& folder, const fs::path& golden) {
  std::error_code error;
  if (after.contains("files")) {
    for (const auto& [name, expected] : after["files"].items()) {
      std::vector<std::string> names;
      for (fs::directory_iterator it(folder / name, error), end; !error && it != end; it.increment(error))
        names.push_back(it->path().filename().string());
      if (error) return absl::StrCat("after: no folder ", name);
      std::sort(names.begin(), names.end());
      if (Json(names) != expected)
        return absl::StrCat("after: the files in ", name, ": ", ExpectedGot(expected, Json(names)));
    }
  }
  if (after.contains("same")) {
    for (const auto& [name, source] : after["same"].items()) {
      const absl::StatusOr<std::string> got = ReadFile(folder / name);
      if (!got.ok()) return absl::StrCat("after: no file ", name);
      const absl::StatusOr<std::map<std::string, std::string>> files =
          FilesOf(Json{{"files", Json{{name, source}}}}, golden);
      if (!files.ok()) return absl::StrCat("after: ", files.status().message());
      const auto wanted = files->find(name);
      if (wanted == files->end()) return absl::StrCat("after: ", Dump(source), " is no file");
      if (wanted->second == *got) continue;
      const size_t n = std::min(got->size(), wanted->second.size());
      size_t at = 0;
      while (at < n && (*got)[at] == wanted->second[at]) ++at;
      return absl::StrCat("after: ", name, " (", got->size(), " bytes) differs from ", Dump(source), " (",
                          wanted->second.size(), " bytes) from byte ", at, " on");
    }
  }
  if (after.contains("absent")) {
    for (const Json& name : after["absent"]) {
      if (fs::symlink_status(folder / name.get<std::string>(), error).type() != fs::file_type::not_found)
        return absl::StrCat("after: ", Dump(name), " is still there");
    }
  }
  if (after.contains("text")) {
    for (const auto& [name, text] : after["text"].items()) {
      const absl::StatusOr<std::string> got = ReadFile(folder / name);
      if (!got.ok()) return absl::StrCat("after: no file ", name);
      if (Json(*got) != text) return absl::StrCat("after: the text of ", name, ": ", ExpectedGot(text, Json(*got)));
    }
  }
  return "";
}

}  // namespace

std::string CompareValues(const Json& expected, const Json& got, const Tolerance& tolerance, const fs::path& folder) {
  if (IsTensor(expected) && IsTensor(got)) {
    const absl::StatusOr<DecodedTensor> e = DecodeTensor(expected, folder), g = DecodeTensor(got, folder);
    if (!e.ok()) return absl::StrCat("the case's own tensor is malformed: ", e.status().message());
    if (!g.ok()) return absl::StrCat("a malformed tensor: ", g.status().message());
    return CompareTensors(*e, *g, tolerance);
  }
  if (expected.is_array() && got.is_array()) {
    for (size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
      if (std::string s = CompareValues(expected[i], got[i], tolerance, folder); !s.empty())
        return At(absl::StrCat("[", i, "]"), s);
    }
    if (expected.size() != got.size())
      return absl::StrCat("expected ", expected.size(), " elements, got ", got.size(), ": ",
                          ExpectedGot(expected, got));
    return "";
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (!got.contains(key)) return absl::StrCat("no member \"", key, "\" in ", Show(got));
      if (std::string s = CompareValues(value, got[key], tolerance, folder); !s.empty()) return At("." + key, s);
    }
    for (const auto& [key, value] : got.items()) {
      if (!expected.contains(key)) return absl::StrCat("an unexpected member \"", key, "\": ", Show(value));
    }
    return "";
  }
  return expected == got ? "" : ExpectedGot(expected, got);
}

std::string JudgeStep(const Json& step, const Json& answer, const std::string& version, const fs::path& folder,
                      double* largest_ulp) {
  static const Json kNothing = Json::object();
  const Json* expect = &kNothing;
  if (step.contains("expect")) expect = &step["expect"];
  if (step.contains("expect_on") && step["expect_on"].contains(version)) expect = &step["expect_on"][version];
  if (!answer.is_object()) return absl::StrCat("the step's answer is no object: ", Show(answer));
  if (answer.contains("skipped")) return absl::StrCat("was skipped by the testee: ", Show(answer["skipped"]));
  if (answer.contains("error")) {
    if (!expect->contains("error"))
      return absl::StrCat("expected success, got ", StringOr(answer["error"], "code"), ": ",
                          StringOr(answer["error"], "message"));
    if (std::string s = JudgeError(*expect, answer["error"]); !s.empty()) return s;
    return JudgeLog(*expect, answer);
  }
  if (!answer.contains("ok") || answer["ok"] != Json(true))
    return absl::StrCat("the step's answer has neither \"ok\": true nor an error: ", Show(answer));
  const Json value = answer.contains("value") ? answer["value"] : Json();
  if (expect->contains("error"))
    return absl::StrCat("expected error ", Show((*expect)["error"]), ", but it succeeded with ", Show(value));
  Tolerance tolerance;
  tolerance.largest_ulp = largest_ulp;
  const auto number = [expect](const char* key, std::optional<double>& into) {
    if (expect->contains(key) && (*expect)[key].is_number()) into = (*expect)[key].get<double>();
  };
  number("ulp", tolerance.ulp);
  number("rel", tolerance.rel);
  number("abs", tolerance.abs);
  if (expect->contains("value")) {
    if (std::string s = CompareValues((*expect)["value"], value, tolerance, folder); !s.empty()) return At("value", s);
  }
  if (expect->contains("value_has")) {
    if (std::string s = Contains((*expect)["value_has"], value, tolerance, folder); !s.empty()) return s;
  }
  return JudgeLog(*expect, answer);
}

std::string JudgeAnswer(const Case& one, const Json& answer, const std::string& version, const fs::path& folder,
                        const fs::path& golden, double* largest_ulp) {
  if (!answer.contains("steps") || !answer["steps"].is_array())
    return absl::StrCat("the answer has no list of steps: ", Show(answer));
  try {
    if (std::string s = JudgeSteps(one.json["steps"], answer["steps"], "", version, folder, false, largest_ulp);
        !s.empty())
      return s;
    return one.json.contains("after") ? JudgeAfter(one.json["after"], folder, golden) : "";
  } catch (const Json::exception& e) {
    // A case of another shape than the schema's; the lint says more.
    return absl::StrCat("the case is malformed: ", e.what());
  }
}

}  // namespace tfpersist::conform
