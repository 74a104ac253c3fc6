// tfpersist-testee: the reference as a testee of conformance/PROTOCOL.md. JSON lines in on standard input, answers out
// on standard output; everything else that anybody prints goes to standard error.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "reference/testee/case.h"
#include "reference/testee/hello.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

Json Answer(const Json& request) {
  const Args args(request);
  Json answer = Json::object();
  if (args.Has("seq")) answer["seq"] = args.Get("seq");
  absl::StatusOr<std::string> folder = args.String("folder");
  if (!folder.ok()) {
    answer["unsupported"] = std::string(folder.status().message());
  } else if (chdir(folder->c_str()) != 0) {
    answer["unsupported"] = "cannot change to folder " + *folder;
  } else if (std::string why = WhyUnsupported(args.Get("case")); !why.empty()) {
    answer["unsupported"] = why;
  } else {
    Case one;
    answer["steps"] = one.Run(args.Get("case"));
  }
  return answer;
}

int Main() {
  // Answers keep the real standard output for themselves.
  const int out_fd = dup(STDOUT_FILENO);
  if (out_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return 1;
  FILE* out = fdopen(out_fd, "w");
  if (out == nullptr) return 1;
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    const std::string what = Args(request).String("do", "").value_or("");
    Json answer;
    if (what == "bye") break;
    if (what == "hello") {
      answer = Hello();
    } else if (what == "case") {
      answer = Answer(request);
    } else {
      answer = {{"unsupported", "no such request"}};
    }
    const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tfpersist::testee

// --device cuda: sessions run on the GPU what it has kernels for.
int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--device") {
    tfpersist::testee::SetDevice(argv[2]);
  } else if (argc != 1) {
    std::fprintf(stderr, "tfpersist-testee [--device cpu|cuda] speaks conformance/PROTOCOL.md on standard input\n");
    return 2;
  }
  return tfpersist::testee::Main();
}
