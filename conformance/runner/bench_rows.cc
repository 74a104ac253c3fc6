#include "conformance/runner/bench_rows.h"

#include <map>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tfpersist::conform {

BenchRow ParseBenchRow(const Json& json, size_t source) {
  BenchRow row;
  row.json = &json;
  row.source = source;
  row.task = StringOr(json, "task");
  row.name = StringOr(json, "name");
  row.unit = StringOr(json, "unit");
  row.median = json.value("median", 0.0);
  row.min = json.value("min", row.median);
  row.max = json.value("max", row.median);
  std::vector<std::string> plain;
  for (const absl::string_view part : absl::StrSplit(row.task, '/')) {
    const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits(':', 1));
    if (pair.size() == 1) plain.emplace_back(part);
    if (pair.size() == 2 && pair[0] == "batch") (void)absl::SimpleAtoi(pair[1], &row.batch);
    if (pair.size() == 2 && pair[0] == "threads") (void)absl::SimpleAtoi(pair[1], &row.threads);
    if (pair.size() == 2 && pair[0] == "device") row.device = pair[1];
    if (pair.size() == 2 && pair[0] == "dtype") row.dtype = pair[1];
  }
  if (plain[0] == "models" && plain.size() > 2) {
    row.part = plain.back();
    plain.pop_back();
  }
  if (absl::EndsWith(plain.back(), "_fused")) {
    row.variant = "fused";
    plain.back().resize(plain.back().size() - 6);
  }
  row.workload = absl::StrJoin(plain, "/");
  return row;
}

std::string WorkloadName(const std::string& workload) {
  static const auto* names =
      new std::map<std::string, std::string>{{"models/resnet50", "ResNet-50"},
                                             {"models/mobilenet_v1", "MobileNet v1"},
                                             {"models/mobilenet_v2", "MobileNet v2"},
                                             {"models/bert_mini", "BERT-mini"},
                                             {"models/bert_base", "BERT-base"},
                                             {"models/mlp", "Perceptron"},
                                             {"models/mlp_sgd", "Perceptron, SGD step"},
                                             {"models/mlp_momentum", "Perceptron, Momentum step"},
                                             {"models/mlp_adam", "Perceptron, Adam step"},
                                             {"models/import_100000_nodes", "Import of 100,000 nodes"},
                                             {"checkpoint/restore_a", "restore"},
                                             {"checkpoint/restore_a_mapped", "mapped restore"},
                                             {"checkpoint/restore_a_cold", "cold restore"},
                                             {"checkpoint/restore_a_first", "first restore"},
                                             {"checkpoint/restore_b", "200,000, one op"},
                                             {"checkpoint/restore_one", "3 GiB tensor"},
                                             {"checkpoint/restore_one_mapped", "3 GiB, mapped"},
                                             {"checkpoint/restore_partitioned", "partitioned"},
                                             {"checkpoint/restore_resliced", "re-sliced"},
                                             {"checkpoint/restore_resnet50", "ResNet-50"},
                                             {"checkpoint/restore_resnet50_mapped", "ResNet-50, mapped"},
                                             {"checkpoint/restore_shards", "eight shards"},
                                             {"checkpoint/restore_strings", "a million strings"},
                                             {"checkpoint/save_resnet50_memory", "save ResNet-50"},
                                             {"checkpoint/limit_memcpy", "limit: memcpy"},
                                             {"checkpoint/limit_raw_read_cold", "limit: cold read"},
                                             {"checkpoint/limit_raw_write_disk", "limit: write to disk"},
                                             {"checkpoint/save_a_memory", "save to memory"},
                                             {"checkpoint/save_a_disk", "save to disk"},
                                             {"checkpoint/save_a_disk_durable", "durable save"},
                                             {"checkpoint/saver_restore_c_first", "Saver's first restore"},
                                             {"checkpoint/saver_restore_c_warm", "Saver's warm restore"},
                                             {"checkpoint/open_and_list_b", "open and list 200,000"},
                                             {"checkpoint/one_of_b", "one of 200,000"},
                                             {"checkpoint/all_of_b", "all of 200,000"},
                                             {"checkpoint/limit_raw_read", "limit: read"},
                                             {"checkpoint/limit_raw_write_memory", "limit: write to memory"},
                                             {"checkpoint/limit_raw_write_disk_durable", "limit: durable write"},
                                             {"checkpoint/limit_parallel_read", "limit: parallel read"},
                                             {"checkpoint/limit_pinned_to_device", "limit: pinned copy"},
                                             {"session/add", "The document's graph"}};
  const auto found = names->find(workload);
  return found != names->end() ? found->second : workload.substr(workload.find('/') + 1);
}

double MillisecondsIn(const std::string& unit) {
  return unit == "s" ? 1e3 : unit == "ms" ? 1 : unit == "us" ? 1e-3 : unit == "ns" ? 1e-6 : 0;
}

std::string ValueText(double value, const std::string& unit) {
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 3;
  return absl::StrFormat("%.*f %s", digits, value, unit);
}

std::string ThreadsText(int threads) { return threads == 1 ? "1 thread" : absl::StrCat(threads, " threads"); }

}  // namespace tfpersist::conform
