// TF_SessionPRunSetup, TF_SessionPRun: a session's partial runs by their handles.
#include "reference/runtime/partial_run.h"

#include <cstring>

#include "reference/capi/internal.h"

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT

namespace {

absl::Span<const Output> Outputs(const TF_Output* outputs, int n) {
  return absl::MakeSpan(reinterpret_cast<const Output*>(outputs), static_cast<size_t>(n));
}

}  // namespace

void TF_SessionPRunSetup(TF_Session* session, const TF_Output* inputs, int ninputs, const TF_Output* outputs,
                         int noutputs, const TF_Operation* const* target_opers, int ntargets, const char** handle,
                         TF_Status* status) {
  *handle = nullptr;
  std::unique_ptr<PartialRun> run;
  if (!Take(status,
            PartialRun::Setup(
                session->session, Outputs(inputs, ninputs), Outputs(outputs, noutputs),
                absl::MakeSpan(reinterpret_cast<Node* const*>(const_cast<TF_Operation* const*>(target_opers)),
                               static_cast<size_t>(ntargets))),
            &run)) {
    return;
  }
  std::lock_guard<std::mutex> lock(session->partial_mu);
  const std::string name = absl::StrCat("partial_run_", session->partial_runs_made++);
  session->partial_runs[name] = std::make_shared<TF_Session::Partial>(std::move(run));
  char* copy = new char[name.size() + 1];
  std::memcpy(copy, name.c_str(), name.size() + 1);
  *handle = copy;
}

void TF_SessionPRun(TF_Session* session, const char* handle, const TF_Output* inputs, TF_Tensor* const* input_values,
                    int ninputs, const TF_Output* outputs, TF_Tensor** output_values, int noutputs,
                    const TF_Operation* const*, int, TF_Status* status) {
  for (int i = 0; i < noutputs; ++i) output_values[i] = nullptr;
  std::shared_ptr<TF_Session::Partial> partial;
  {
    std::lock_guard<std::mutex> lock(session->partial_mu);
    const auto found = session->partial_runs.find(handle == nullptr ? "" : handle);
    if (found != session->partial_runs.end()) partial = found->second;
  }
  if (partial == nullptr) {
    return Set(status, absl::InvalidArgumentError("Must run 'setup' before performing partial runs!"));
  }
  std::vector<Session::Feed> feeds;
  for (int i = 0; i < ninputs; ++i) {
    absl::StatusOr<Tensor> value = ToTensor(input_values[i]);
    if (!value.ok()) return Set(status, value.status());
    feeds.emplace_back(ToOutput(inputs[i]), *std::move(value));
  }
  std::vector<Tensor> fetched;
  bool done;
  {
    std::lock_guard<std::mutex> lock(partial->mu);
    Take(status, partial->run->Run(feeds, Outputs(outputs, noutputs)), &fetched);
    done = partial->run->done();
  }
  for (size_t i = 0; i < fetched.size(); ++i) output_values[i] = FromTensor(std::move(fetched[i]));
  if (done) {
    std::lock_guard<std::mutex> lock(session->partial_mu);
    session->partial_runs.erase(handle);
  }
}

void TF_DeletePRunHandle(const char* handle) { delete[] handle; }
