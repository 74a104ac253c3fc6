// What restores and saves: the reference or TensorFlow, each in a program of its own, with the same benchmarks.
#ifndef TFPERSIST_BENCH_CHECKPOINT_ENGINE_H_
#define TFPERSIST_BENCH_CHECKPOINT_ENGINE_H_

#include <string>

#include "bench/checkpoint/workloads.h"

namespace tfpersist::bench {

class Engine {
 public:
  virtual ~Engine() = default;
  // A session of that graph of the folder; the one before is gone. `mapped`: tensors may be the file's pages.
  virtual void Load(const std::string& graph, int threads, bool mapped = false) = 0;
  virtual bool maps() const = 0;
  // Runs the node "restore"; its first `fetches` outputs are held until Release(). Without fetches it runs all the
  // same.
  virtual void Restore(int fetches) = 0;
  virtual void Release() = 0;
  virtual const float* floats(int output) const = 0;
  virtual std::string text(int output, int64_t element) const = 0;
  // Saves what is held as the workload's tensors. TensorFlow is never durable.
  virtual void Save(const Workload& workload, const std::string& prefix, bool durable) = 0;
  virtual bool durable() const = 0;
  // The 20,000 variables of kSaverGraph: a new session, what Saver.restore does, and one value of it.
  virtual void LoadSaver() = 0;
  virtual void RestoreSaver() = 0;
  virtual float SavedValue(const std::string& variable, int element) = 0;

  std::string folder;
};

// Every workload, in the order in which a process must run them: what is said to be first comes first.
void RegisterRestores(Engine* engine, bool large);
void RegisterSaves(Engine* engine);
void RegisterSaver(Engine* engine);

}  // namespace tfpersist::bench

#endif  // TFPERSIST_BENCH_CHECKPOINT_ENGINE_H_
