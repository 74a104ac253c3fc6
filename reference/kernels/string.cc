// StringJoin. Follows core/kernels/string_join_op.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

class StringJoinKernel : public OpKernel {
 public:
  explicit StringJoinKernel(std::string separator) : separator_(std::move(separator)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(std::string separator, c.StringAttr("separator"));
    return std::make_unique<StringJoinKernel>(std::move(separator));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    // Scalars go with any shape; all others must agree.
    TensorShape shape;
    bool have_shape = false;
    for (int i = 0; i < ctx.num_inputs(); ++i) {
      const TensorShape& s = ctx.input(i).shape();
      if (s.IsScalar()) continue;
      if (have_shape && s != shape) {
        return absl::InvalidArgumentError(
            absl::StrCat("Input shapes do not match: ", shape.DebugString(), " vs. ", s.DebugString()));
      }
      shape = s;
      have_shape = true;
    }
    // Joined with themselves, strings grow as powers of two.
    const int64_t limit = ctx.device().allocator()->limit();
    int64_t characters = 0;
    for (int i = 0; i < ctx.num_inputs() && limit != INT64_MAX; ++i) {
      const auto in = ctx.input(i).flat<std::string>();
      const int64_t times = ctx.input(i).shape().IsScalar() ? std::max<int64_t>(1, shape.num_elements()) : 1;
      for (const std::string& s : in) {
        const int64_t each = static_cast<int64_t>(s.size() + separator_.size());
        if (each > 0 && times > (limit - characters) / each) {
          return absl::ResourceExhaustedError(
              absl::StrCat("OOM when joining strings to more than ", limit, " characters (SessionOptions::max_bytes)"));
        }
        characters += times * each;
      }
    }
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    auto joined = out->flat<std::string>();
    for (int64_t e = 0; e < out->num_elements(); ++e) {
      for (int i = 0; i < ctx.num_inputs(); ++i) {
        if (i > 0) joined[e] += separator_;
        joined[e] += ctx.input(i).flat<std::string>()[ctx.input(i).shape().IsScalar() ? 0 : e];
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::string separator_;
};

}  // namespace

void RegisterStringKernels(KernelRegistry* registry) { RegisterKernel<StringJoinKernel>(registry, "StringJoin"); }

}  // namespace tfpersist
