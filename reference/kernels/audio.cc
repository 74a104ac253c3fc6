// Sound: DecodeWav, AudioSpectrogram, Mfcc. Follows
// core/kernels/{decode_wav,spectrogram,mfcc}_op.cc and what they call. Better than 1.11.0: a spectrogram of
// several channels (there the second one fails).
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>

#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

// ---- .wav: PCM of 16 bits ----

// Reads little-endian numbers and fixed texts; never beyond the end.
class WavReader {
 public:
  explicit WavReader(absl::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  absl::StatusOr<absl::string_view> Take(size_t n) {
    if (n > rest_.size()) return absl::InvalidArgumentError("Data too short when trying to read string");
    const absl::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  void Skip(size_t n) { rest_.remove_prefix(std::min(n, rest_.size())); }
  absl::Status Expect(absl::string_view text) {
    TFP_ASSIGN_OR_RETURN(const absl::string_view found, Take(text.size()));
    if (found == text) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("Header mismatch: Expected ", text, " but found ", found));
  }
  template <typename T>
  absl::Status Read(T* value) {
    TFP_ASSIGN_OR_RETURN(const absl::string_view bytes, Take(sizeof(T)));
    memcpy(value, bytes.data(), sizeof(T));
    return absl::OkStatus();
  }

 private:
  absl::string_view rest_;
};

struct Wav {
  uint16_t channels = 0;
  uint32_t rate = 0;
  int64_t frames = 0;        // samples of all channels
  absl::string_view values;  // int16, channels side by side
};

absl::Status ParseWav(absl::string_view bytes, Wav* wav) {
  WavReader in(bytes);
  uint32_t file_size, format_size, bytes_per_second;
  uint16_t format, frame_bytes, bits;
  TFP_RETURN_IF_ERROR(in.Expect("RIFF"));
  TFP_RETURN_IF_ERROR(in.Read(&file_size));
  TFP_RETURN_IF_ERROR(in.Expect("WAVE"));
  TFP_RETURN_IF_ERROR(in.Expect("fmt "));
  TFP_RETURN_IF_ERROR(in.Read(&format_size));
  if (format_size != 16 && format_size != 18) {
    return absl::InvalidArgumentError(absl::StrCat("Bad file size for WAV: Expected 16 or 18, but got", format_size));
  }
  TFP_RETURN_IF_ERROR(in.Read(&format));
  if (format != 1) {
    return absl::InvalidArgumentError(absl::StrCat("Bad audio format for WAV: Expected 1 (PCM), but got", format));
  }
  TFP_RETURN_IF_ERROR(in.Read(&wav->channels));
  TFP_RETURN_IF_ERROR(in.Read(&wav->rate));
  TFP_RETURN_IF_ERROR(in.Read(&bytes_per_second));
  TFP_RETURN_IF_ERROR(in.Read(&frame_bytes));
  TFP_RETURN_IF_ERROR(in.Read(&bits));
  if (bits != 16) {
    return absl::InvalidArgumentError(absl::StrCat("Can only read 16-bit WAV files, but received ", bits));
  }
  const uint32_t expected_bytes = (uint32_t{bits} * wav->channels + 7) / 8;
  if (frame_bytes != expected_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("Bad bytes per sample in WAV header: Expected ", expected_bytes, " but got ", frame_bytes));
  }
  if (wav->channels == 0) {
    return absl::InvalidArgumentError("Bad number of channels for WAV: Expected at least 1, but got 0");
  }
  const uint32_t expected_rate = frame_bytes * wav->rate;
  if (bytes_per_second != expected_rate) {
    return absl::InvalidArgumentError(absl::StrCat("Bad bytes per second in WAV header: Expected ", expected_rate,
                                                   " but got ", bytes_per_second, " (sample_rate=", wav->rate,
                                                   ", bytes_per_sample=", frame_bytes, ")"));
  }
  if (format_size == 18) in.Skip(2);
  bool found = false;
  while (!in.empty()) {
    uint32_t size;
    TFP_ASSIGN_OR_RETURN(const absl::string_view id, in.Take(4));
    TFP_RETURN_IF_ERROR(in.Read(&size));
    if (size > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(absl::StrCat("WAV data chunk '", id, "' is too large: ", size,
                                                     " bytes, but the limit is ", std::numeric_limits<int32_t>::max()));
    }
    if (id != "data") {
      in.Skip(size);
      continue;
    }
    if (found) return absl::InvalidArgumentError("More than one data chunk found in WAV");
    found = true;
    wav->frames = size / frame_bytes;
    TFP_ASSIGN_OR_RETURN(wav->values, in.Take(static_cast<size_t>(wav->frames) * frame_bytes));
  }
  return found ? absl::OkStatus() : absl::InvalidArgumentError("No data chunk found in WAV");
}

class DecodeWavKernel : public OpKernel {
 public:
  DecodeWavKernel(int64_t channels, int64_t samples) : channels_(channels), samples_(samples) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t channels, c.IntAttr("desired_channels"));
    TFP_ASSIGN_OR_RETURN(const int64_t samples, c.IntAttr("desired_samples"));
    return std::make_unique<DecodeWavKernel>(channels, samples);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& contents = ctx.input(0);
    if (!contents.shape().IsScalar()) {
      return absl::InvalidArgumentError(
          absl::StrCat("contents must be scalar, got shape ", contents.shape().DebugString()));
    }
    Wav wav;
    TFP_RETURN_IF_ERROR(ParseWav(contents.scalar<std::string>(), &wav));
    if (channels_ < -1) {
      return absl::InvalidArgumentError(absl::StrCat("desired_channels must be >= -1, got ", channels_));
    }
    if (samples_ < -1) {
      return absl::InvalidArgumentError(absl::StrCat("desired_samples must be >= -1, got ", samples_));
    }
    const int64_t samples = samples_ == -1 ? wav.frames : samples_,
                  channels = channels_ == -1 ? wav.channels : channels_;
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create({samples, channels}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    ctx.SetOutput(1, Tensor::Scalar<int32_t>(static_cast<int32_t>(wav.rate)));
    float* to = Elements<float>(out);
    for (int64_t s = 0; s < samples; ++s) {
      for (int64_t c = 0; c < channels; ++c) {
        int16_t value = 0;  // beyond the end; a channel that is not there sounds as the last one
        if (s < wav.frames) {
          const int64_t at = s * wav.channels + std::min<int64_t>(c, wav.channels - 1);
          memcpy(&value, wav.values.data() + 2 * at, 2);
        }
        *to++ = static_cast<float>(value) * (1.0f / 32768);
      }
    }
    return absl::OkStatus();
  }

 private:
  const int64_t channels_, samples_;
};

// ---- spectrograms ----

// A transform of 2^k numbers, in place.
class Fft {
 public:
  explicit Fft(int64_t n) : roots_(std::max<int64_t>(1, n / 2)) {
    for (int64_t i = 0; i < n / 2; ++i) {
      const double angle = -2 * M_PI * static_cast<double>(i) / static_cast<double>(n);
      roots_[i] = {std::cos(angle), std::sin(angle)};
    }
  }
  void Run(std::complex<double>* x, int64_t n) const {
    for (int64_t i = 1, j = 0; i < n; ++i) {  // bits reversed
      int64_t bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) std::swap(x[i], x[j]);
    }
    for (int64_t span = 1; span < n; span *= 2) {
      const int64_t step = n / (2 * span);
      for (int64_t block = 0; block < n; block += 2 * span) {
        for (int64_t i = 0; i < span; ++i) {
          const std::complex<double>& w = roots_[i * step];
          const std::complex<double>& b = x[block + span + i];
          const std::complex<double> turned(w.real() * b.real() - w.imag() * b.imag(),
                                            w.real() * b.imag() + w.imag() * b.real());
          const std::complex<double> a = x[block + i];
          x[block + i] = a + turned;
          x[block + span + i] = a - turned;
        }
      }
    }
  }

 private:
  std::vector<std::complex<double>> roots_;
};

class SpectrogramKernel : public OpKernel {
 public:
  SpectrogramKernel(int64_t window, int64_t stride, bool squared)
      : window_(window), stride_(stride), squared_(squared) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t window, c.IntAttr("window_size"));
    TFP_ASSIGN_OR_RETURN(const int64_t stride, c.IntAttr("stride"));
    TFP_ASSIGN_OR_RETURN(const bool squared, c.BoolAttr("magnitude_squared"));
    return std::make_unique<SpectrogramKernel>(window, stride, squared);
  }
  // Input: samples by channels. Output: channels, windows, frequencies.
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 2) {
      return absl::InvalidArgumentError(absl::StrCat("input must be 2-dimensional", x.shape().DebugString()));
    }
    if (window_ < 2 || stride_ < 1 || window_ > (int64_t{1} << 30)) {
      return absl::InvalidArgumentError(
          absl::StrCat("Spectrogram initialization failed for window size ", window_, " and stride ", stride_));
    }
    const int64_t samples = x.shape().dim(0), channels = x.shape().dim(1);
    const int64_t length = static_cast<int64_t>(absl::bit_ceil(static_cast<uint64_t>(window_)));
    const int64_t windows = samples < window_ ? 0 : 1 + (samples - window_) / stride_, width = 1 + length / 2;
    TFP_ASSIGN_OR_RETURN(const TensorShape shape, TensorShape::Create({channels, windows, width}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (out->num_elements() == 0) return absl::OkStatus();  // from here on window_ <= samples
    std::vector<double> hann(window_);
    for (int64_t i = 0; i < window_; ++i) {
      hann[i] = 0.5 - 0.5 * std::cos((2 * M_PI * static_cast<double>(i)) / static_cast<double>(window_));
    }
    const Fft fft(length);
    const float* from = Elements<float>(x);
    Shard(ctx, channels * windows, length * 20, [&](int64_t begin, int64_t end) {
      std::vector<std::complex<double>> room(length);
      for (int64_t row = begin; row < end; ++row) {
        const float* start = from + row % windows * stride_ * channels + row / windows;
        for (int64_t i = 0; i < window_; ++i) room[i] = static_cast<double>(start[i * channels]) * hann[i];
        std::fill(room.begin() + window_, room.end(), 0.0);
        fft.Run(room.data(), length);
        float* to = Elements<float>(out) + row * width;
        for (int64_t i = 0; i < width; ++i) {
          const float power = static_cast<float>(room[i].real() * room[i].real() + room[i].imag() * room[i].imag());
          to[i] = squared_ ? power : std::sqrt(power);
        }
      }
    });
    return absl::OkStatus();
  }

 private:
  const int64_t window_, stride_;
  const bool squared_;
};

// ---- mel-frequency cepstral coefficients ----

double FrequencyToMel(double frequency) { return 1127.0 * std::log1p(frequency / 700.0); }

struct MfccOptions {
  double upper, lower;
  int64_t channels, coefficients;
};

// Which part of a frequency's magnitude goes to which of the triangular filters.
struct MelFilters {
  int64_t first = 0, last = -1;  // frequencies that count
  std::vector<int64_t> channel;  // each goes to this filter by its weight, to the next one by the rest; may be -1
  std::vector<double> weight;

  MelFilters(const MfccOptions& o, int64_t width, double rate) : channel(width, -2), weight(width, 0.0) {
    const double low = FrequencyToMel(o.lower), high = FrequencyToMel(o.upper);
    const double spacing = (high - low) / static_cast<double>(o.channels + 1);
    auto center = [&](int64_t i) { return low + spacing * static_cast<double>(i + 1); };
    const double hertz = 0.5 * rate / static_cast<double>(width - 1);
    // The limits are the caller's: what lies beyond the spectrum is cut off.
    first = static_cast<int64_t>(std::min(1.5 + o.lower / hertz, static_cast<double>(width)));
    last = std::min(width - 1, static_cast<int64_t>(std::min(o.upper / hertz, static_cast<double>(width))));
    int64_t next = 0;
    for (int64_t i = first; i <= last; ++i) {
      const double mel = FrequencyToMel(static_cast<double>(i) * hertz);
      while (next < o.channels && center(next) < mel) ++next;
      channel[i] = next - 1;
      weight[i] =
          next > 0 ? (center(next) - mel) / (center(next) - center(next - 1)) : (center(0) - mel) / (center(0) - low);
    }
  }
};

class MfccKernel : public OpKernel {
 public:
  explicit MfccKernel(MfccOptions options) : options_(options) {}
  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    MfccOptions o;
    TFP_ASSIGN_OR_RETURN(o.upper, c.FloatAttr("upper_frequency_limit"));
    TFP_ASSIGN_OR_RETURN(o.lower, c.FloatAttr("lower_frequency_limit"));
    TFP_ASSIGN_OR_RETURN(o.channels, c.IntAttr("filterbank_channel_count"));
    TFP_ASSIGN_OR_RETURN(o.coefficients, c.IntAttr("dct_coefficient_count"));
    return std::make_unique<MfccKernel>(o);
  }
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& x = ctx.input(0);
    if (x.shape().rank() != 3) {
      return absl::InvalidArgumentError(absl::StrCat("spectrogram must be 3-dimensional", x.shape().DebugString()));
    }
    if (!ctx.input(1).shape().IsScalar()) {
      return absl::InvalidArgumentError(absl::StrCat("Input sample_rate should be a scalar tensor, got ",
                                                     ctx.input(1).shape().DebugString(), " instead."));
    }
    const int32_t rate = ctx.input(1).scalar<int32_t>();
    const int64_t width = x.shape().dim(2), rows = x.shape().dim(0) * x.shape().dim(1);
    const MfccOptions& o = options_;
    // A table of cosines is made: as large as TensorFlow's, and no larger than int32 allows.
    if (o.channels < 1 || rate <= 0 || width < 2 || !(o.lower >= 0) || !(o.upper > o.lower) || o.coefficients < 1 ||
        o.coefficients > o.channels || o.channels > kMaxChannels) {
      return absl::InvalidArgumentError(
          absl::StrCat("Mfcc initialization failed for channel count ", width, " and sample rate ", rate));
    }
    TFP_ASSIGN_OR_RETURN(const TensorShape shape,
                         TensorShape::Create({x.shape().dim(0), x.shape().dim(1), o.coefficients}));
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
    if (rows == 0) return absl::OkStatus();
    const MelFilters filters(o, width, rate);
    std::vector<double> cosines(o.coefficients * o.channels);
    const double norm = std::sqrt(2.0 / static_cast<double>(o.channels)),
                 angle = M_PI / static_cast<double>(o.channels);
    for (int64_t i = 0; i < o.coefficients; ++i) {
      for (int64_t j = 0; j < o.channels; ++j) {
        cosines[i * o.channels + j] = norm * std::cos(static_cast<double>(i) * angle * (static_cast<double>(j) + 0.5));
      }
    }
    Shard(ctx, rows, width * 4 + o.coefficients * o.channels, [&](int64_t begin, int64_t end) {
      std::vector<double> bands(o.channels);
      for (int64_t row = begin; row < end; ++row) {
        const float* from = Elements<float>(x) + row * width;
        std::fill(bands.begin(), bands.end(), 0.0);
        for (int64_t i = filters.first; i <= filters.last; ++i) {
          const double magnitude = std::sqrt(static_cast<double>(from[i])), part = magnitude * filters.weight[i];
          const int64_t channel = filters.channel[i];
          if (channel >= 0) bands[channel] += part;
          if (channel + 1 < o.channels) bands[channel + 1] += magnitude - part;
        }
        for (double& band : bands) band = std::log(band < 1e-12 ? 1e-12 : band);
        for (int64_t i = 0; i < o.coefficients; ++i) {
          double sum = 0;
          for (int64_t j = 0; j < o.channels; ++j) sum += cosines[i * o.channels + j] * bands[j];
          Elements<float>(out)[row * o.coefficients + i] = static_cast<float>(sum);
        }
      }
    });
    return absl::OkStatus();
  }

 private:
  static constexpr int64_t kMaxChannels = 1 << 14;
  const MfccOptions options_;
};

}  // namespace

void RegisterAudioKernels(KernelRegistry* registry) {
  RegisterKernel<DecodeWavKernel>(registry, "DecodeWav");
  RegisterKernel<SpectrogramKernel>(registry, "AudioSpectrogram");
  RegisterKernel<MfccKernel>(registry, "Mfcc");
}

}  // namespace tfpersist
