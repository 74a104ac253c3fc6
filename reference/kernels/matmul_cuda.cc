// MatMul, BatchMatMul, BatchMatMulV2 and _FusedMatMul through cuBLASLt. float32 is computed in float32 (no TF32); half
// and bfloat16 are summed in float32 and rounded once. A bias and a Relu ride along as the product's epilogue.
#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/window_cuda.h"
#include "reference/op/cuda_context.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

constexpr size_t kWorkspace = size_t{32} << 20;

absl::Status ToStatus(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cuBLASLt: ", what, ": ", cublasLtGetStatusString(status)));
}

// op(a)[m,k] op(b)[k,n] in `batches`, row-major; a stride of 0 repeats one matrix.
struct Product {
  DataType dtype;
  bool transpose_a, transpose_b;
  int64_t m, k, n, batches, stride_a, stride_b;
  bool bias, relu;

  auto Key() const {
    return std::tie(dtype, transpose_a, transpose_b, m, k, n, batches, stride_a, stride_b, bias, relu);
  }
  bool operator<(const Product& o) const { return Key() < o.Key(); }
};

// A product with its layouts and the algorithm that cuBLASLt's heuristic put first.
struct Prepared {
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
  cublasLtMatmulAlgo_t algorithm;
  size_t workspace = 0;
  ~Prepared() {
    if (desc) cublasLtMatmulDescDestroy(desc);
    for (cublasLtMatrixLayout_t layout : {a, b, c}) {
      if (layout) cublasLtMatrixLayoutDestroy(layout);
    }
  }
};

class CublasLt {
 public:
  explicit CublasLt(CudaContext& cuda) : cuda_(cuda) { created_ = cublasLtCreate(&handle_); }
  ~CublasLt() {
    prepared_.clear();
    if (created_ == CUBLAS_STATUS_SUCCESS) cublasLtDestroy(handle_);
  }

  // out = op(a) op(b) [+ bias] [relu]. Runs of a device take turns, so nothing is locked.
  absl::Status Multiply(OpKernelContext& ctx, const Product& p, const void* a, const void* b, const void* bias,
                        void* out) {
    TFP_RETURN_IF_ERROR(ToStatus(created_, "cublasLtCreate"));
    std::unique_ptr<Prepared>& prepared = prepared_[p];
    if (prepared == nullptr) {
      auto made = std::make_unique<Prepared>();
      TFP_RETURN_IF_ERROR(Prepare(p, bias, made.get()));
      prepared = std::move(made);
    }
    if (p.bias) {
      TFP_RETURN_IF_ERROR(ToStatus(
          cublasLtMatmulDescSetAttribute(prepared->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias),
          "bias"));
    }
    Tensor workspace;
    if (prepared->workspace > 0) {
      TFP_ASSIGN_OR_RETURN(workspace,
                           ctx.AllocateTemp(DT_UINT8, TensorShape({static_cast<int64_t>(prepared->workspace)})));
    }
    const float one = 1, zero = 0;
    const double one_double = 1, zero_double = 0;
    const bool wide = p.dtype == DT_DOUBLE;
    const void* alpha = wide ? static_cast<const void*>(&one_double) : &one;
    const void* beta = wide ? static_cast<const void*>(&zero_double) : &zero;
    // Row-major products are column-major ones of the transposes: the second factor comes first.
    return ToStatus(
        cublasLtMatmul(handle_, prepared->desc, alpha, b, prepared->a, a, prepared->b, beta, out, prepared->c, out,
                       prepared->c, &prepared->algorithm, workspace.has_value() ? workspace.data() : nullptr,
                       prepared->workspace, cuda_.stream()),
        "cublasLtMatmul");
  }

 private:
  absl::Status Prepare(const Product& p, const void* bias, Prepared* out) {
    const cudaDataType_t type = p.dtype == DT_HALF       ? CUDA_R_16F
                                : p.dtype == DT_BFLOAT16 ? CUDA_R_16BF
                                : p.dtype == DT_DOUBLE   ? CUDA_R_64F
                                                         : CUDA_R_32F;
    const bool wide = p.dtype == DT_DOUBLE;
    TFP_RETURN_IF_ERROR(ToStatus(cublasLtMatmulDescCreate(&out->desc, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                                          wide ? CUDA_R_64F : CUDA_R_32F),
                                 "descriptor"));
    auto set = [&](cublasLtMatmulDescAttributes_t attribute, auto value) {
      return ToStatus(cublasLtMatmulDescSetAttribute(out->desc, attribute, &value, sizeof value), "attribute");
    };
    // In column-major terms "a" is our b, stored [n,k] (or [k,n] when transposed), and "b" our a.
    TFP_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N));
    TFP_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N));
    if (p.bias || p.relu) {
      TFP_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_EPILOGUE, p.bias && p.relu ? CUBLASLT_EPILOGUE_RELU_BIAS
                                                             : p.bias         ? CUBLASLT_EPILOGUE_BIAS
                                                                              : CUBLASLT_EPILOGUE_RELU));
      if (p.bias) TFP_RETURN_IF_ERROR(set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias));
    }
    auto layout = [&](cublasLtMatrixLayout_t* made, int64_t rows, int64_t columns, int64_t stride) {
      TFP_RETURN_IF_ERROR(ToStatus(
          cublasLtMatrixLayoutCreate(made, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), rows),
          "layout"));
      const int32_t count = static_cast<int32_t>(p.batches);
      TFP_RETURN_IF_ERROR(
          ToStatus(cublasLtMatrixLayoutSetAttribute(*made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
                   "batches"));
      return ToStatus(
          cublasLtMatrixLayoutSetAttribute(*made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof stride),
          "batch stride");
    };
    TFP_RETURN_IF_ERROR(layout(&out->a, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.stride_b));
    TFP_RETURN_IF_ERROR(layout(&out->b, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.stride_a));
    TFP_RETURN_IF_ERROR(layout(&out->c, p.n, p.m, p.m * p.n));
    cublasLtMatmulPreference_t preference;
    TFP_RETURN_IF_ERROR(ToStatus(cublasLtMatmulPreferenceCreate(&preference), "preference"));
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace,
                                         sizeof kWorkspace);
    // Tensors may start anywhere that fits their elements.
    const uint32_t alignment = static_cast<uint32_t>(DataTypeSize(p.dtype));
    for (auto attribute : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                           CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      const uint32_t bytes = p.m * p.k * static_cast<int64_t>(DataTypeSize(p.dtype)) % 16 == 0 ? 16 : alignment;
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &bytes, sizeof bytes);
    }
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle_, out->desc, out->a, out->b, out->c, out->c,
                                                                 preference, 1, &result, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    TFP_RETURN_IF_ERROR(ToStatus(status, "heuristic"));
    if (found == 0) return absl::UnimplementedError("cuBLASLt has no algorithm for this product");
    out->algorithm = result.algo;
    out->workspace = result.workspaceSize;
    return absl::OkStatus();
  }

  CudaContext& cuda_;
  cublasLtHandle_t handle_ = nullptr;
  cublasStatus_t created_;
  std::map<Product, std::unique_ptr<Prepared>> prepared_;
};

class MatMulCudaKernel : public OpKernel {
 public:
  MatMulCudaKernel(bool transpose_a, bool transpose_b, FusedOps fused)
      : transpose_a_(transpose_a), transpose_b_(transpose_b), fused_(std::move(fused)) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool a, c.BoolAttr("transpose_a"));
    TFP_ASSIGN_OR_RETURN(const bool b, c.BoolAttr("transpose_b"));
    TFP_ASSIGN_OR_RETURN(FusedOps fused, FusedOps::Of(c));
    return std::make_unique<MatMulCudaKernel>(a, b, std::move(fused));
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& a = ctx.input(0);
    const Tensor& b = ctx.input(1);
    for (int i = 0; i < 2; ++i) {
      if (ctx.input(i).shape().rank() != 2) {
        return absl::InvalidArgumentError(
            absl::StrCat("In[", i, "] is not a matrix. Instead it has shape ", ctx.input(i).shape().DebugString()));
      }
    }
    const int64_t m = a.shape().dim(transpose_a_ ? 1 : 0), k = a.shape().dim(transpose_a_ ? 0 : 1);
    const int64_t n = b.shape().dim(transpose_b_ ? 0 : 1);
    if (b.shape().dim(transpose_b_ ? 1 : 0) != k) {
      return absl::InvalidArgumentError(absl::StrCat("Matrix size-incompatible: In[0]: ", a.shape().DebugString(),
                                                     ", In[1]: ", b.shape().DebugString()));
    }
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create({m, n}));
    TFP_RETURN_IF_ERROR(fused_.CheckArgs(ctx, shape, n));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    if (k == 0) {
      TFP_RETURN_IF_ERROR(cuda.Zero(out->data(), out->total_bytes()));
      return FinishOnDevice(fused_, ctx, n, fused_.bias, out);
    }
    // The epilogue has the bias, and the Relu where nothing is added between the two.
    const bool relu = fused_.activation == FusedOps::kRelu && !fused_.add;
    const Product p{a.dtype(), transpose_a_, transpose_b_, m, k, n, 1, 0, 0, fused_.bias, relu};
    TFP_RETURN_IF_ERROR(cuda.Library<CublasLt>().Multiply(ctx, p, a.data(), b.data(),
                                                          fused_.bias ? ctx.input(2).data() : nullptr, out->data()));
    return relu ? absl::OkStatus() : FinishOnDevice(fused_, ctx, n, false, out);
  }

 private:
  const bool transpose_a_, transpose_b_;
  const FusedOps fused_;
};

// Matrices in the last two dimensions; those before are equal, or (V2) broadcast.
class BatchMatMulCudaKernel : public OpKernel {
 public:
  BatchMatMulCudaKernel(bool adj_x, bool adj_y, bool broadcasts)
      : adj_x_(adj_x), adj_y_(adj_y), broadcasts_(broadcasts) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const bool x, c.BoolAttr("adj_x"));
    TFP_ASSIGN_OR_RETURN(const bool y, c.BoolAttr("adj_y"));
    return std::make_unique<BatchMatMulCudaKernel>(x, y, c.def().op() == "BatchMatMulV2");
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const TensorShape x = ctx.input(0).shape(), y = ctx.input(1).shape();
    const int rank = std::max(x.rank(), y.rank());
    if (!broadcasts_ && x.rank() != y.rank()) {
      return absl::InvalidArgumentError(
          absl::StrCat("In[0] and In[1] has different ndims: ", x.DebugString(), " vs. ", y.DebugString()));
    }
    if (x.rank() < 2 || y.rank() < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("In[0] and In[1] ndims must be >= 2: ", std::min(x.rank(), y.rank())));
    }
    auto batch_dim = [rank](const TensorShape& s, int d) {
      const int at = d - (rank - s.rank());
      return at < 0 ? int64_t{1} : s.dim(at);
    };
    std::vector<int64_t> dims, x_strides(rank - 2), y_strides(rank - 2);
    int64_t batches = 1;
    for (int d = 0; d < rank - 2; ++d) {
      const int64_t a = batch_dim(x, d), b = batch_dim(y, d);
      if (a != b && !(broadcasts_ && (a == 1 || b == 1))) {
        return absl::InvalidArgumentError(absl::StrCat(
            "In[0].dim(", d, ") and In[1].dim(", d, ") must be the same: ", x.DebugString(), " vs ", y.DebugString()));
      }
      dims.push_back(a == 1 ? b : a);
      batches *= dims.back();
    }
    const int64_t m = x.dim(x.rank() - (adj_x_ ? 1 : 2)), k = x.dim(x.rank() - (adj_x_ ? 2 : 1));
    const int64_t k2 = y.dim(y.rank() - (adj_y_ ? 1 : 2)), n = y.dim(y.rank() - (adj_y_ ? 2 : 1));
    if (k != k2) {
      return absl::InvalidArgumentError(absl::StrCat("In[0] mismatch In[1] shape: ", k, " vs. ", k2, ": ",
                                                     x.DebugString(), " ", y.DebugString(), " ", adj_x_ ? 1 : 0, " ",
                                                     adj_y_ ? 1 : 0));
    }
    int64_t x_step = m * k, y_step = k * n;
    for (int d = rank - 3; d >= 0; --d) {
      x_strides[d] = batch_dim(x, d) == 1 ? 0 : x_step;
      y_strides[d] = batch_dim(y, d) == 1 ? 0 : y_step;
      x_step *= batch_dim(x, d);
      y_step *= batch_dim(y, d);
    }
    std::vector<int64_t> out_dims = dims;
    out_dims.push_back(m);
    out_dims.push_back(n);
    TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(out_dims));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();
    CudaContext& cuda = *ctx.device().cuda();
    if (k == 0) return cuda.Zero(out->data(), out->total_bytes());
    // The longest run of batches that one call can step through: all of them, unless a broadcast lies in between.
    int split = rank - 2;
    int64_t run = 1, x_run = 0, y_run = 0;
    for (int d = rank - 3; d >= 0; --d) {
      if (dims[d] == 1) {
        split = d;
        continue;
      }
      const bool fits = run == 1 || (x_strides[d] == x_run * run && y_strides[d] == y_run * run);
      if (!fits) break;
      if (run == 1) {
        x_run = x_strides[d];
        y_run = y_strides[d];
      }
      run *= dims[d];
      split = d;
    }
    if (run > INT32_MAX) return absl::UnimplementedError("BatchMatMul of more than 2^31 - 1 matrices");
    const size_t width = DataTypeSize(out->dtype());
    const Product p{out->dtype(), adj_x_, adj_y_, m, k, n, run, x_run, y_run, false, false};
    std::vector<int64_t> index(split, 0);
    for (int64_t done = 0; done < batches; done += run) {
      int64_t x_at = 0, y_at = 0;
      for (int d = 0; d < split; ++d) {
        x_at += index[d] * x_strides[d];
        y_at += index[d] * y_strides[d];
      }
      TFP_RETURN_IF_ERROR(
          cuda.Library<CublasLt>().Multiply(ctx, p, static_cast<const char*>(ctx.input(0).data()) + x_at * width,
                                            static_cast<const char*>(ctx.input(1).data()) + y_at * width, nullptr,
                                            static_cast<char*>(out->data()) + done * m * n * width));
      for (int d = split - 1; d >= 0 && ++index[d] == dims[d]; --d) index[d] = 0;
    }
    return absl::OkStatus();
  }

 private:
  const bool adj_x_, adj_y_, broadcasts_;
};

template <typename Kernel>
void Register(KernelRegistry* registry, const char* op) {
  registry->Register(
      {.op = op, .device = DeviceType::kCuda, .type_attr = "T", .types = kFloatTypes, .factory = &Kernel::Make});
}

}  // namespace

void RegisterMatMulCudaKernels(KernelRegistry* registry) {
  Register<MatMulCudaKernel>(registry, "MatMul");
  Register<MatMulCudaKernel>(registry, "_FusedMatMul");
  Register<BatchMatMulCudaKernel>(registry, "BatchMatMul");
  Register<BatchMatMulCudaKernel>(registry, "BatchMatMulV2");
}

}  // namespace tfpersist
