#include <cuda_runtime.h>

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "reference/runtime/cuda_copy.h"

namespace tfpersist {
namespace {

struct Box {
  int rank;
  int64_t size[CudaContext::kMaxBoxDims], from[CudaContext::kMaxBoxDims], to[CudaContext::kMaxBoxDims];
};

// kSmall: all positions fit 32 bits, whose division is much faster.
template <typename Word, typename Index>
__global__ void CopyElements(const Word* from, Word* to, Box box, int64_t n) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < n; i += step) {
    Index rest = static_cast<Index>(i);
    int64_t f = 0, t = 0;
    for (int d = box.rank - 1; d > 0; --d) {
      const Index q = rest / static_cast<Index>(box.size[d]);
      const int64_t r = static_cast<int64_t>(rest - q * static_cast<Index>(box.size[d]));
      f += r * box.from[d];
      t += r * box.to[d];
      rest = q;
    }
    f += static_cast<int64_t>(rest) * box.from[0];
    t += static_cast<int64_t>(rest) * box.to[0];
    to[t] = from[f];
  }
}

// Transposes matrices through shared memory: reads and writes both run along rows.
template <typename Word>
__global__ void TransposeTiles(const Word* from, Word* to, int64_t rows, int64_t columns, int64_t from_pitch,
                               int64_t to_pitch, int64_t from_batch, int64_t to_batch) {
  __shared__ Word tile[32][33];
  const Word* source = from + blockIdx.z * from_batch;
  Word* target = to + blockIdx.z * to_batch;
  int64_t x = blockIdx.x * int64_t{32} + threadIdx.x;
  for (int j = threadIdx.y; j < 32; j += 8) {
    const int64_t y = blockIdx.y * int64_t{32} + j;
    if (x < columns && y < rows) tile[j][threadIdx.x] = source[y * from_pitch + x];
  }
  __syncthreads();
  x = blockIdx.y * int64_t{32} + threadIdx.x;
  for (int j = threadIdx.y; j < 32; j += 8) {
    const int64_t y = blockIdx.x * int64_t{32} + j;
    if (x < rows && y < columns) target[y * to_pitch + x] = tile[threadIdx.x][j];
  }
}

template <typename Word>
void Launch(CudaContext& cuda, const void* from, void* to, const Box& box, int64_t n) {
  const auto* source = static_cast<const Word*>(from);
  auto* target = static_cast<Word*>(to);
  // [batch,] a, b with the source running along a and the target along b.
  const int r = box.rank;
  if ((r == 2 || r == 3) && box.to[r - 1] == 1 && box.from[r - 2] == 1 && box.from[r - 1] != 1 &&
      box.size[r - 1] >= 16 && box.size[r - 2] >= 16 && (r == 2 || box.size[0] <= 65535) &&
      box.size[r - 1] < (int64_t{65535} << 5)) {
    const int64_t rows = box.size[r - 1], columns = box.size[r - 2];
    const dim3 grid(static_cast<unsigned>((columns + 31) / 32), static_cast<unsigned>((rows + 31) / 32),
                    r == 3 ? static_cast<unsigned>(box.size[0]) : 1);
    TransposeTiles<Word><<<grid, dim3(32, 8), 0, cuda.stream()>>>(source, target, rows, columns, box.from[r - 1],
                                                                  box.to[r - 2], r == 3 ? box.from[0] : 0,
                                                                  r == 3 ? box.to[0] : 0);
    return;
  }
  const int64_t blocks = std::min<int64_t>((n + 255) / 256, int64_t{32} * cuda.multiprocessors());
  if (n <= INT32_MAX) {
    CopyElements<Word, uint32_t><<<static_cast<unsigned>(blocks), 256, 0, cuda.stream()>>>(source, target, box, n);
  } else {
    CopyElements<Word, uint64_t><<<static_cast<unsigned>(blocks), 256, 0, cuda.stream()>>>(source, target, box, n);
  }
}

bool Aligned(const void* p, size_t bytes) { return reinterpret_cast<uintptr_t>(p) % bytes == 0; }

}  // namespace

absl::Status CopyBoxOnDevice(CudaContext& cuda, const void* from, void* to, absl::Span<const CudaContext::BoxDim> dims,
                             int width) {
  absl::InlinedVector<CudaContext::BoxDim, 8> folded;
  int64_t n = 1;
  for (const CudaContext::BoxDim& d : dims) {
    n *= d.size;
    if (d.size == 1) continue;
    if (!folded.empty() && folded.back().from_stride == d.from_stride * d.size &&
        folded.back().to_stride == d.to_stride * d.size) {
      folded.back() = {folded.back().size * d.size, d.from_stride, d.to_stride};
    } else {
      folded.push_back(d);
    }
  }
  if (n == 0) return absl::OkStatus();
  if (folded.empty()) folded.push_back({1, 1, 1});
  if (folded.size() > CudaContext::kMaxBoxDims) {
    return absl::UnimplementedError(absl::StrCat("A copy in device memory over ", folded.size(),
                                                 " dimensions that do not run on; put the node on /device:CPU:0"));
  }
  CudaContext::BoxDim& last = folded.back();
  if (folded.size() == 1 && last.from_stride == 1 && last.to_stride == 1) {
    return cuda.CopyOnDevice(from, to, static_cast<size_t>(n) * width);
  }
  // Runs move in wider words where they can.
  while (width < 16 && last.from_stride == 1 && last.to_stride == 1 && last.size % 2 == 0 && Aligned(from, 2 * width) &&
         Aligned(to, 2 * width) && std::all_of(folded.begin(), folded.end() - 1, [](const CudaContext::BoxDim& d) {
           return d.from_stride % 2 == 0 && d.to_stride % 2 == 0;
         })) {
    for (CudaContext::BoxDim& d : folded) {
      d.from_stride /= 2;
      d.to_stride /= 2;
    }
    last = {last.size / 2, 1, 1};
    width *= 2;
    n /= 2;
  }
  Box box{};
  box.rank = static_cast<int>(folded.size());
  for (int d = 0; d < box.rank; ++d) {
    box.size[d] = folded[d].size;
    box.from[d] = folded[d].from_stride;
    box.to[d] = folded[d].to_stride;
  }
  switch (width) {
    case 1:
      Launch<uint8_t>(cuda, from, to, box, n);
      break;
    case 2:
      Launch<uint16_t>(cuda, from, to, box, n);
      break;
    case 4:
      Launch<uint32_t>(cuda, from, to, box, n);
      break;
    case 8:
      Launch<uint64_t>(cuda, from, to, box, n);
      break;
    case 16:
      Launch<uint4>(cuda, from, to, box, n);
      break;
    default:
      return absl::InternalError(absl::StrCat("no copy of elements of ", width, " bytes"));
  }
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("A copy in device memory can't be started: ", cudaGetErrorString(error)));
}

}  // namespace tfpersist
