// Every CUDA kernel against the CPU's kernel of the same op, on random shapes and dtypes. Skips loudly without a GPU.
#include "reference/kernels/cuda_kernels.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/kernels/kernels.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/cuda_device.h"
#include "reference/tfpersist.h"

namespace tfpersist {
namespace {

using Attrs = std::function<void(Graph::NodeSpec&)>;

class CudaKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (CudaDevice::Count() == 0) GTEST_SKIP() << "NOT RUN: no GPU here (" << CudaDevice::Describe() << ")";
  }

  Tensor Random(DataType dtype, const std::vector<int64_t>& dims, double low = -3, double high = 3) {
    Tensor t = *Tensor::Allocate(dtype, *TensorShape::Create(dims));
    for (int64_t i = 0; i < t.num_elements(); ++i) {
      const double v = std::uniform_real_distribution<double>(low, high)(random_);
      switch (dtype) {
        case DT_FLOAT:
          t.flat<float>()[i] = static_cast<float>(v);
          break;
        case DT_DOUBLE:
          t.flat<double>()[i] = v;
          break;
        case DT_HALF:
          t.flat<half>()[i] = static_cast<half>(static_cast<float>(v));
          break;
        case DT_BFLOAT16:
          t.flat<bfloat16>()[i] = static_cast<bfloat16>(static_cast<float>(v));
          break;
        case DT_INT64:
          t.flat<int64_t>()[i] = static_cast<int64_t>(v * 5);
          break;
        case DT_INT32:
          t.flat<int32_t>()[i] = static_cast<int32_t>(v);
          break;
        case DT_UINT8:
          t.flat<uint8_t>()[i] = static_cast<uint8_t>(std::abs(v) * 20);
          break;
        case DT_BOOL:
          t.flat<bool>()[i] = v > 0;
          break;
        default:
          ADD_FAILURE() << "no random " << DataTypeString(dtype);
      }
    }
    return t;
  }

  static double At(const Tensor& t, int64_t i) {
    switch (t.dtype()) {
      case DT_FLOAT:
        return t.flat<float>()[i];
      case DT_DOUBLE:
        return t.flat<double>()[i];
      case DT_HALF:
        return static_cast<float>(t.flat<half>()[i]);
      case DT_BFLOAT16:
        return static_cast<float>(t.flat<bfloat16>()[i]);
      case DT_INT64:
        return static_cast<double>(t.flat<int64_t>()[i]);
      case DT_INT32:
        return t.flat<int32_t>()[i];
      case DT_UINT8:
        return t.flat<uint8_t>()[i];
      case DT_BOOL:
        return t.flat<bool>()[i];
      default:
        ADD_FAILURE() << "no comparison of " << DataTypeString(t.dtype());
        return 0;
    }
  }

  // Runs the op on both devices, with inputs fed, and four times on the GPU so that its CUDA graph is seen too.
  void Compare(const std::string& op, const std::vector<Tensor>& inputs, double tolerance = 0,
               const Attrs& attrs = nullptr) {
    SCOPED_TRACE(absl::StrCat(op, " of ", inputs.empty() ? "" : DataTypeString(inputs[0].dtype()),
                              inputs.empty() ? "" : inputs[0].shape().DebugString()));
    Graph graph;
    Graph::NodeSpec spec;
    spec.op = op;
    spec.name = "op";
    std::vector<Session::Feed> feeds;
    for (size_t i = 0; i < inputs.size(); ++i) {
      // What kernels want on the host stands in the graph, as in real ones.
      if (inputs[i].dtype() == DT_INT32 && op != "Gather" && op != "GatherV2") {
        spec.inputs.push_back(Constant(graph, inputs[i], absl::StrCat("c", i)));
      } else {
        spec.inputs.push_back(Placeholder(graph, inputs[i].dtype(), {}, absl::StrCat("x", i)));
        feeds.emplace_back(spec.inputs.back(), inputs[i]);
      }
    }
    if (attrs) attrs(spec);
    absl::StatusOr<Node*> node = graph.AddNode(std::move(spec));
    ASSERT_TRUE(node.ok()) << node.status();
    std::vector<Output> fetches;
    for (int o = 0; o < (*node)->num_outputs(); ++o) fetches.push_back((*node)->output(o));
    Session host(graph, {.threads = 4}), device(graph, {.threads = 4, .cuda_devices = 1});
    absl::StatusOr<std::vector<Tensor>> expected = host.Run(feeds, fetches, {});
    ASSERT_TRUE(expected.ok()) << expected.status();
    for (int run = 0; run < 4; ++run) {
      RunMetadata metadata;
      absl::StatusOr<std::vector<Tensor>> got = device.Run(feeds, fetches, {}, run == 0 ? &metadata : nullptr);
      ASSERT_TRUE(got.ok()) << got.status();
      if (run == 0) EXPECT_EQ(metadata.host_fallbacks.size(), 0u) << "ran on the host";
      for (size_t f = 0; f < fetches.size(); ++f) {
        const Tensor& e = (*expected)[f];
        const Tensor& g = (*got)[f];
        ASSERT_EQ(e.dtype(), g.dtype());
        ASSERT_EQ(e.shape(), g.shape());
        int wrong = 0;
        for (int64_t i = 0; i < e.num_elements() && wrong < 3; ++i) {
          const double a = At(e, i), b = At(g, i);
          if (std::isnan(a) && std::isnan(b)) continue;
          if (a == b) continue;
          if (!(std::abs(a - b) <= tolerance * std::max(1.0, std::abs(a)))) {
            ADD_FAILURE() << "run " << run << " output " << f << " element " << i << ": CPU " << a << ", GPU " << b;
            ++wrong;
          }
        }
        if (wrong > 0) return;
      }
    }
  }

  static double Tolerance(DataType dtype) {
    switch (dtype) {
      case DT_HALF:
        return 4e-3;
      case DT_BFLOAT16:
        return 3e-2;
      case DT_FLOAT:
        return 2e-6;
      default:
        return 1e-12;
    }
  }

  std::mt19937_64 random_{20260127};
};

constexpr DataType kFloats[] = {DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16};

Attrs Ints(const char* name, std::vector<int64_t> values) {
  return [=](Graph::NodeSpec& spec) {
    for (int64_t v : values) spec.attrs[name].mutable_list()->add_i(v);
  };
}
Attrs Text(const char* name, const char* value) {
  return [=](Graph::NodeSpec& spec) { spec.attrs[name].set_s(value); };
}
Attrs Int(const char* name, int64_t value) {
  return [=](Graph::NodeSpec& spec) { spec.attrs[name].set_i(value); };
}
Attrs Bool(const char* name, bool value) {
  return [=](Graph::NodeSpec& spec) { spec.attrs[name].set_b(value); };
}
Attrs Float(const char* name, float value) {
  return [=](Graph::NodeSpec& spec) { spec.attrs[name].set_f(value); };
}
Attrs All(std::vector<Attrs> all) {
  return [=](Graph::NodeSpec& spec) {
    for (const Attrs& a : all) a(spec);
  };
}
Tensor I32(std::vector<int32_t> values) {
  return Tensor::Of<int32_t>(*TensorShape::Create({static_cast<int64_t>(values.size())}), values);
}

// The rows of cwise_ops.def, by dtype.
TEST_F(CudaKernels, Elementwise) {
  KernelRegistry registry;
  RegisterCpuKernels(&registry);
#ifdef TFPERSIST_HAVE_CUDA
  RegisterCudaKernels(&registry);
#endif
  auto each = [&](const char* op, int arity, double slack) {
    for (const KernelDef* def : registry.List()) {
      if (def->op != op || def->device != DeviceType::kCuda) continue;
      for (DataType dtype : {DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16, DT_INT64, DT_BOOL}) {
        if (!MaskHas(def->types, dtype)) continue;
        const double tolerance = dtype == DT_INT64 ? 0 : Tolerance(dtype) * slack;
        if (arity == 1) {
          for (const std::vector<int64_t>& s : {std::vector<int64_t>{}, {0}, {7}, {33, 129}}) {
            Compare(op, {Random(dtype, s)}, tolerance);
          }
        } else {
          Compare(op, {Random(dtype, {}), Random(dtype, {})}, tolerance);
          Compare(op, {Random(dtype, {1000}), Random(dtype, {1000})}, tolerance);
          Compare(op, {Random(dtype, {5, 1, 4}), Random(dtype, {3, 1})}, tolerance);
          Compare(op, {Random(dtype, {2, 0}), Random(dtype, {})}, tolerance);
          Compare(op, {Random(dtype, {16, 33}), Random(dtype, {33})}, tolerance);
        }
      }
    }
  };
#define TFP_ARITH(op, functor, types, fault) each(#op, 2, 8);
#define TFP_COMPARE(op, functor, types) each(#op, 2, 0);
#define TFP_UNARY(op, functor, types) each(#op, 1, 16);
#define TFP_TEST(op, functor, types) each(#op, 1, 0);
#include "reference/kernels/cwise_ops.def"
}

TEST_F(CudaKernels, Products) {
  for (DataType dtype : kFloats) {
    const double tolerance = Tolerance(dtype) * 20;
    for (bool a : {false, true}) {
      for (bool b : {false, true}) {
        const Attrs attrs = All({Bool("transpose_a", a), Bool("transpose_b", b)});
        Compare("MatMul",
                {Random(dtype, a ? std::vector<int64_t>{17, 5} : std::vector<int64_t>{5, 17}),
                 Random(dtype, b ? std::vector<int64_t>{9, 17} : std::vector<int64_t>{17, 9})},
                tolerance, attrs);
        Compare("BatchMatMul",
                {Random(dtype, a ? std::vector<int64_t>{2, 3, 16, 8} : std::vector<int64_t>{2, 3, 8, 16}),
                 Random(dtype, b ? std::vector<int64_t>{2, 3, 4, 16} : std::vector<int64_t>{2, 3, 16, 4})},
                tolerance, All({Bool("adj_x", a), Bool("adj_y", b)}));
      }
    }
    Compare("MatMul", {Random(dtype, {128, 256}), Random(dtype, {256, 64})}, tolerance * 4);
    Compare("MatMul", {Random(dtype, {0, 4}), Random(dtype, {4, 3})}, tolerance);
  }
}

TEST_F(CudaKernels, Reductions) {
  for (DataType dtype : kFloats) {
    for (const char* op : {"Sum", "Mean", "Max", "Min", "Prod"}) {
      const double tolerance = Tolerance(dtype) * 40;
      for (bool keep : {false, true}) {
        const Attrs attrs = Bool("keep_dims", keep);
        Compare(op, {Random(dtype, {6, 7, 5}, 0.5, 1.2), I32({1})}, tolerance, attrs);
        Compare(op, {Random(dtype, {6, 7, 5}, 0.5, 1.2), I32({0, 2})}, tolerance, attrs);
        Compare(op, {Random(dtype, {130, 70}, 0.9, 1.05), I32({0})}, tolerance, attrs);
        Compare(op, {Random(dtype, {3, 2000}, 0.999, 1.001), I32({1})}, tolerance, attrs);
        Compare(op, {Random(dtype, {4, 5}, 0.5, 1.2), I32({0, 1})}, tolerance, attrs);
        Compare(op, {Random(dtype, {4, 5}), I32({})}, tolerance, attrs);
      }
    }
    Compare("Softmax", {Random(dtype, {9, 37})}, Tolerance(dtype) * 8);
    Compare("Softmax", {Random(dtype, {3, 5000})}, Tolerance(dtype) * 8);
    Compare("LogSoftmax", {Random(dtype, {9, 100})}, Tolerance(dtype) * 8);
    Compare("ArgMax", {Random(dtype, {9, 100}), Tensor::Scalar<int32_t>(1)});
    Compare("ArgMin", {Random(dtype, {9, 100}), Tensor::Scalar<int32_t>(0)});
  }
  for (const char* op : {"All", "Any"}) Compare(op, {Random(DT_BOOL, {8, 9}), I32({1})});
}

TEST_F(CudaKernels, Arrays) {
  for (DataType dtype : {DT_FLOAT, DT_DOUBLE, DT_HALF, DT_INT64, DT_UINT8}) {
    Compare("Transpose", {Random(dtype, {4, 33, 65}), I32({0, 2, 1})});
    Compare("Transpose", {Random(dtype, {2, 3, 4, 5}), I32({3, 1, 0, 2})});
    Compare("Transpose", {Random(dtype, {2, 8, 4, 64}), I32({0, 2, 1, 3})});
    Compare("Tile", {Random(dtype, {3, 5}), I32({2, 3})});
    Compare("Slice", {Random(dtype, {7, 9, 4}), I32({1, 2, 0}), I32({4, 3, -1})});
    Compare("StridedSlice", {Random(dtype, {7, 9}), I32({6, 1}), I32({0, 8}), I32({-2, 3})});
    Compare("Reshape", {Random(dtype, {6, 4}), I32({3, -1})});
    Compare("ExpandDims", {Random(dtype, {6, 4}), Tensor::Scalar<int32_t>(1)});
    Compare("Pad", {Random(dtype, {3, 4}), Tensor::Of<int32_t>({2, 2}, {1, 2, 0, 3})});
    Compare("Gather", {Random(dtype, {10, 6}), I32({3, 0, 9, 3})});
    Compare("GatherV2",
            {Random(dtype, {4, 10, 6}), Tensor::Of<int32_t>({2, 2}, {3, 0, 9, 3}), Tensor::Scalar<int32_t>(1)});
    Compare("Fill", {I32({3, 4}), Random(dtype, {})});
    Compare("ZerosLike", {Random(dtype, {3, 4})});
    Compare("Select", {Random(DT_BOOL, {5, 6}), Random(dtype, {5, 6}), Random(dtype, {5, 6})});
    Compare("Split", {Tensor::Scalar<int32_t>(1), Random(dtype, {4, 9})}, 0, Int("num_split", 3));
    Compare("Unpack", {Random(dtype, {4, 3})}, 0, All({Int("num", 3), Int("axis", 1)}));
  }
  for (DataType from : {DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16, DT_INT64, DT_UINT8, DT_BOOL}) {
    for (DataType to : kFloats) {
      Compare("Cast", {Random(from, {100})}, Tolerance(to),
              [to](Graph::NodeSpec& spec) { spec.attrs["DstT"].set_type(static_cast<tensorflow::DataType>(to)); });
    }
  }
}

TEST_F(CudaKernels, Windows) {
  for (DataType dtype : {DT_FLOAT, DT_HALF, DT_BFLOAT16}) {
    const double tolerance = Tolerance(dtype) * 40;
    Compare("BiasAdd", {Random(dtype, {2, 5, 5, 8}), Random(dtype, {8})}, Tolerance(dtype));
    for (const char* padding : {"SAME", "VALID"}) {
      for (int64_t stride : {1, 2}) {
        const Attrs window = All({Text("padding", padding), Ints("strides", {1, stride, stride, 1})});
        Compare("Conv2D", {Random(dtype, {2, 13, 12, 8}), Random(dtype, {3, 3, 8, 16})}, tolerance, window);
        Compare("Conv2D", {Random(dtype, {1, 8, 8, 16}), Random(dtype, {1, 1, 16, 24})}, tolerance, window);
        Compare("Conv2D", {Random(dtype, {1, 19, 19, 3}), Random(dtype, {7, 7, 3, 8})}, tolerance * 2, window);
        Compare("DepthwiseConv2dNative", {Random(dtype, {2, 13, 12, 8}), Random(dtype, {3, 3, 8, 1})}, tolerance,
                window);
        Compare("DepthwiseConv2dNative", {Random(dtype, {1, 9, 9, 5}), Random(dtype, {3, 3, 5, 2})}, tolerance, window);
        const Attrs pool = All({window, Ints("ksize", {1, 3, 2, 1})});
        Compare("MaxPool", {Random(dtype, {2, 9, 11, 5})}, 0, pool);
        Compare("AvgPool", {Random(dtype, {2, 9, 11, 5})}, Tolerance(dtype) * 4, pool);
      }
    }
  }
  Compare("FusedBatchNorm",
          {Random(DT_FLOAT, {2, 5, 5, 8}), Random(DT_FLOAT, {8}), Random(DT_FLOAT, {8}), Random(DT_FLOAT, {8}),
           Random(DT_FLOAT, {8}, 0.5, 2)},
          2e-5, All({Bool("is_training", false), Float("epsilon", 0.001f)}));
}

// Variables live on the device; a restore goes straight there, and a save comes from there.
TEST_F(CudaKernels, SaveAndRestore) {
  Graph graph;
  std::vector<Tensor> values;
  std::vector<Output> variables;
  for (int i = 0; i < 40; ++i) {
    const DataType dtype = i % 3 == 0 ? DT_FLOAT : i % 3 == 1 ? DT_DOUBLE : DT_INT64;
    values.push_back(Random(dtype, {i + 1, i == 7 ? 300000 : 5}));
    variables.push_back(Variable(graph, Constant(graph, values.back(), absl::StrCat("init", i)), absl::StrCat("v", i)));
  }
  auto init = GlobalVariablesInitializer(graph);
  Saver saver(graph);
  const std::string prefix = absl::StrCat(::testing::TempDir(), "/cuda/model.ckpt");
  {
    Session session(graph, {.cuda_devices = 1});
    ASSERT_TRUE(session.Run(init).ok());
    auto saved = saver.Save(session, prefix);
    ASSERT_TRUE(saved.ok()) << saved.status();
  }
  Session session(graph, {.cuda_devices = 1});
  for (int round = 0; round < 2; ++round) {
    const absl::Status restored = saver.Restore(session, prefix);
    ASSERT_TRUE(restored.ok()) << restored;
    for (size_t i = 0; i < values.size(); ++i) {
      absl::StatusOr<Tensor> got = session.Run(variables[i]);
      ASSERT_TRUE(got.ok()) << got.status();
      ASSERT_EQ(got->shape(), values[i].shape());
      EXPECT_EQ(memcmp(got->data(), values[i].data(), values[i].total_bytes()), 0) << i;
    }
  }
}

}  // namespace
}  // namespace tfpersist
