#include "reference/kernels/restore_to_device.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "reference/base/crc32c.h"
#include "reference/base/mutex.h"
#include "reference/base/status.h"
#include "reference/checkpoint/value_reader.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {
namespace {

constexpr int64_t kChunk = 4 << 20;   // read, checksummed and sent as one
constexpr int64_t kRead = 256 << 10;  // checksummed while it is in the cache
constexpr int64_t kAlignment = 256;   // as cudaMalloc's; cuBLAS and cuDNN ask for 16

// A part of one block; the block goes with the last of them.
class PartBuffer : public TensorBuffer {
 public:
  PartBuffer(TensorBuffer* block, void* data, size_t size) : TensorBuffer(data, size, block->kind()), block_(block) {
    block_->Ref();
  }

 private:
  ~PartBuffer() override { block_->Unref(); }
  TensorBuffer* const block_;
};

struct Piece {
  size_t tensor;
  int64_t from, size;  // in the file
  int64_t to;          // in the block
  uint32_t crc = 0;
};

// Two pinned buffers, each with a lane of its own: while one is on its way, the other is filled.
struct Sender {
  struct Side {
    std::unique_ptr<CudaContext::Lane> lane;
    Tensor buffer;
  };
  Side sides[2];
  int next = 0;
};

// The senders of a device, kept from restore to restore.
class Senders {
 public:
  explicit Senders(CudaContext& cuda) : cuda_(cuda) {}
  absl::StatusOr<std::unique_ptr<Sender>> Take() {
    {
      MutexLock lock(&mu_);
      if (!idle_.empty()) {
        std::unique_ptr<Sender> sender = std::move(idle_.back());
        idle_.pop_back();
        return sender;
      }
    }
    auto sender = std::make_unique<Sender>();
    for (Sender::Side& side : sender->sides) {
      TFP_ASSIGN_OR_RETURN(side.lane, cuda_.NewLane());
      TFP_ASSIGN_OR_RETURN(side.buffer, Tensor::Allocate(DT_UINT8, TensorShape({kChunk}), cuda_.pinned_allocator()));
    }
    return sender;
  }
  void Give(std::unique_ptr<Sender> sender) {
    MutexLock lock(&mu_);
    idle_.push_back(std::move(sender));
  }

 private:
  CudaContext& cuda_;
  Mutex mu_;
  std::vector<std::unique_ptr<Sender>> idle_;
};

int64_t Aligned(int64_t at) { return (at + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

absl::Status RestoreToDevice(OpKernelContext& ctx, const BundleReader& reader, absl::Span<const absl::string_view> keys,
                             absl::Span<const BundleReader::Entry> entries,
                             std::vector<absl::StatusOr<Tensor>>* values) {
  CudaContext& cuda = *ctx.device().cuda();
  std::vector<std::shared_ptr<const RandomAccessFile>> files(keys.size());
  std::vector<Piece> pieces;
  std::vector<int64_t> start(keys.size(), -1);
  int64_t total = 0;
  for (size_t k = 0; k < keys.size(); ++k) {
    const BundleReader::Entry& l = entries[k];
    if (l.sliced || !IsPlain(l.dtype) || l.dtype == DT_BOOL || l.at.swap || l.at.size == 0) continue;
    absl::StatusOr<std::shared_ptr<const RandomAccessFile>> file = reader.Shard(l.shard);
    // The host finds the error again, in its order.
    if (!file.ok() || !CheckValueLocation(**file, keys[k], l.dtype, l.shape, l.at).ok()) continue;
    files[k] = *std::move(file);
    start[k] = total;
    for (int64_t done = 0; done < l.at.size; done += kChunk) {
      pieces.push_back({k, l.at.offset + done, std::min(kChunk, l.at.size - done), total + done});
    }
    total = Aligned(total + l.at.size);
  }
  if (pieces.empty()) return absl::OkStatus();
  TFP_ASSIGN_OR_RETURN(TensorBuffer * block, ctx.device().allocator()->Allocate(static_cast<size_t>(total)));
  struct Release {
    TensorBuffer* block;
    ~Release() { block->Unref(); }
  } release{block};
  // The block may have been somebody's whose work is still queued.
  TFP_RETURN_IF_ERROR(cuda.Synchronize());

  // Runs of pieces that fit a buffer together.
  std::vector<std::pair<size_t, size_t>> chunks;
  for (size_t p = 0; p < pieces.size();) {
    size_t end = p + 1;
    while (end < pieces.size() && pieces[end].to + pieces[end].size - pieces[p].to <= kChunk) ++end;
    chunks.emplace_back(p, end);
    p = end;
  }
  Senders& senders = cuda.Library<Senders>();
  std::vector<absl::Status> errors(pieces.size());
  Mutex mu;
  absl::Status failed;  // of the device
  std::atomic<size_t> next{0};
  const int workers = std::min<int>(ctx.device().threads().size(), static_cast<int>(chunks.size()));
  ctx.device().threads().ParallelFor(workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; ++worker) {
      absl::StatusOr<std::unique_ptr<Sender>> sender = senders.Take();
      absl::Status status = sender.status();
      while (status.ok() && !ctx.IsCancelled()) {
        const size_t c = next.fetch_add(1, std::memory_order_relaxed);
        if (c >= chunks.size()) break;
        Sender::Side& side = (*sender)->sides[(*sender)->next];
        (*sender)->next ^= 1;
        status = side.lane->Wait();
        if (!status.ok()) break;
        const auto [first, last] = chunks[c];
        const int64_t base = pieces[first].to;
        auto* buffer = static_cast<char*>(side.buffer.data());
        for (size_t p = first; p < last; ++p) {
          Piece& piece = pieces[p];
          char* to = buffer + (piece.to - base);
          for (int64_t done = 0; done < piece.size && errors[p].ok(); done += kRead) {
            const int64_t n = std::min(kRead, piece.size - done);
            errors[p] = files[piece.tensor]->Read(piece.from + done, n, to + done);
            if (errors[p].ok()) piece.crc = ExtendCrc32c(piece.crc, to + done, n);
          }
        }
        status = side.lane->CopyToDevice(buffer, static_cast<char*>(block->data()) + base,
                                         pieces[last - 1].to + pieces[last - 1].size - base);
      }
      if (sender.ok()) {
        for (Sender::Side& side : (*sender)->sides) status.Update(side.lane->Wait());
        senders.Give(*std::move(sender));
      }
      if (!status.ok()) {
        MutexLock lock(&mu);
        failed.Update(status);
      }
    }
  });
  TFP_RETURN_IF_ERROR(failed);
  if (ctx.IsCancelled()) return absl::CancelledError("Session was closed.");

  for (size_t p = 0; p < pieces.size();) {
    const size_t k = pieces[p].tensor;
    absl::Status status;
    uint32_t crc = 0;
    for (; p < pieces.size() && pieces[p].tensor == k; ++p) {
      status.Update(errors[p]);
      crc = ConcatCrc32c(crc, pieces[p].crc, static_cast<uint64_t>(pieces[p].size));
    }
    const BundleReader::Entry& l = entries[k];
    if (status.ok()) status = CheckValueCrc(l.at, crc);
    if (!status.ok()) {
      // Found again by the host's reader, whose error is given in its order.
      continue;
    }
    void* data = static_cast<char*>(block->data()) + start[k];
    (*values)[k] = Tensor::Wrap(l.dtype, l.shape, new PartBuffer(block, data, static_cast<size_t>(l.at.size)), data);
  }
  return absl::OkStatus();
}

}  // namespace tfpersist
