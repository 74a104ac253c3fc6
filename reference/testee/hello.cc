#include "reference/testee/hello.h"

#include <algorithm>
#include <set>
#include <vector>

#include "reference/kernels/kernels.h"
#include "reference/tensor/types.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

constexpr const char* kFeatures[] = {"log",           "resource_variables", "several_cpus",   "clock",
                                     "checkpoint_v1", "other_endianness",   "meta_graph_json"};

}  // namespace

Json Hello() {
  KernelRegistry kernels;
  RegisterCpuKernels(&kernels);
  std::set<std::string> ops;
  for (const KernelDef* kernel : kernels.List()) ops.insert(kernel->op);
  Json dtypes = Json::array();
  for (int type = DT_FLOAT; type <= DT_UINT64; ++type) {
    dtypes.push_back(DataTypePythonName(static_cast<DataType>(type)));
  }
  std::vector<std::string> verbs = VerbNames();
  std::sort(verbs.begin(), verbs.end());
  return {{"protocol", 1},
          {"name", "tfpersist"},
          {"version", TFPERSIST_VERSION},
          {"behaves_as", "1.11.0"},
          {"verbs", verbs},
          {"dtypes", dtypes},
          {"ops", ops},
          {"devices", OnCuda() ? Json{"cpu", "cuda"} : Json{"cpu"}},
          {"features", kFeatures}};
}

namespace {

std::string UnknownVerb(const Json& steps) {
  if (!steps.is_array()) return "";
  for (const Json& step : steps) {
    const Args args(step);
    const std::string verb = args.String("do", "").value_or("");
    if (FindVerb(verb) == nullptr) return "verb " + verb;
    if (std::string inner = UnknownVerb(args.Get("steps")); !inner.empty()) return inner;
  }
  return "";
}

}  // namespace

std::string WhyUnsupported(const Json& one_case) {
  const Args args(one_case);
  if (!args.Get("steps").is_array()) return "a case without a list of steps";
  if (args.Get("needs").is_array()) {
    for (const Json& need : args.Get("needs")) {
      if (std::find(std::begin(kFeatures), std::end(kFeatures), need) == std::end(kFeatures)) {
        return "feature " + need.dump();
      }
    }
  }
  return UnknownVerb(args.Get("steps"));
}

}  // namespace tfpersist::testee
