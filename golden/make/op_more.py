"""What TensorFlow 1.11.0's CPU kernels compute of sound and of sparse tensors: as op_graphs.py has it.

op_more/FAMILY.json  as op_graphs/FAMILY.json.
"""
from op_cases import *

from tensorflow.python.ops import gen_audio_ops  # registers them

INDEX = [np.int32, np.int64]
ints = lambda *values: np.array(values, np.int32)
longs = lambda *values: np.array(values, np.int64)
text = lambda value: np.array(value, dtype=object)

# ---- sound ----


def wav(samples, channels, rate=8000, bits=16, audio_format=1, format_size=16, before=b"", after=b"", chunk=None, bytes_per_sample=None, bytes_per_second=None):
    data = np.asarray(samples, "<i2").tobytes()
    width = channels * bits // 8 if bytes_per_sample is None else bytes_per_sample
    fmt = struct.pack("<HHIIHH", audio_format, channels, rate, width * rate if bytes_per_second is None else bytes_per_second, width, bits)
    fmt += b"\0" * (format_size - 16)
    body = b"WAVEfmt " + struct.pack("<I", format_size) + fmt + before + b"data" + struct.pack("<I", len(data) if chunk is None else chunk) + data + after
    return text(b"RIFF" + struct.pack("<I", len(body)) + body)


sound = RANDOM.randint(-2 ** 15, 2 ** 15, size=12)
for attrs in [{}, {"desired_samples": "i: 4"}, {"desired_samples": "i: 8"}, {"desired_channels": "i: 1"}, {"desired_channels": "i: 3", "desired_samples": "i: 7"}]:
    case("sound", "DecodeWav", [wav(sound, 2)], **attrs)
case("sound", "DecodeWav", [wav([1, -2 ** 15, 2 ** 15 - 1], 1, rate=44100, format_size=18)])
case("sound", "DecodeWav", [wav(sound, 1, before=b"LIST\4\0\0\0abcd", after=b"fact\2\0\0\0ab")])
case("sound", "DecodeWav", [wav([], 1)])
whole = wav(sound, 2).item()
for bad in [text(b""), text(b"RIFX" + whole[4:]), text(whole[:10]), text(whole[:40]), text(whole[:60]), text(whole + b"data\0\0\0\0"), text(whole[:36]), text([whole]),
            wav(sound, 2, bits=8), wav(sound, 2, audio_format=3), wav(sound, 2, format_size=20), wav(sound, 0, bytes_per_sample=2), wav(sound, 2, bytes_per_sample=3),
            wav(sound, 2, bytes_per_second=7), wav(sound, 2, chunk=2 ** 31), wav(sound, 2, chunk=100), wav(sound, 2, before=b"LIST\0\1\0\0")]:
    case("sound", "DecodeWav", [bad])
case("sound", "DecodeWav", [wav(sound, 2)], desired_channels="i: -2")
case("sound", "DecodeWav", [wav(sound, 2)], desired_samples="i: -2")
tone = np.sin(np.arange(64, dtype=np.float32) * np.float32(0.7)).astype(np.float32)
tone, noise = tone.reshape((64, 1)), array(np.float32, (64, 1), -1, 1)  # 1.11.0 takes one channel alone
for window, stride in [(16, 8), (12, 5), (7, 64), (64, 1), (65, 1), (2, 31)]:
    for squared in ("true", "false"):
        case("sound", "AudioSpectrogram", [tone if stride % 2 else noise], ulp=4096, window_size="i: %d" % window, stride="i: %d" % stride, magnitude_squared="b: " + squared)
case("sound", "AudioSpectrogram", [tone[:, 0]], window_size="i: 16", stride="i: 8")
case("sound", "AudioSpectrogram", [noise], window_size="i: 1", stride="i: 8")
case("sound", "AudioSpectrogram", [noise], window_size="i: 16", stride="i: 0")
spectrum = np.abs(array(np.float32, (2, 3, 65)))
spectrum[1, 1] = 0
for attrs in [{}, {"upper_frequency_limit": "f: 3000", "lower_frequency_limit": "f: 100", "filterbank_channel_count": "i: 10", "dct_coefficient_count": "i: 10"}]:
    case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], ulp=64, **attrs)
case("sound", "Mfcc", [np.zeros((1, 0, 65), np.float32), np.array(16000, np.int32)])
case("sound", "Mfcc", [spectrum, np.array(0, np.int32)])
case("sound", "Mfcc", [spectrum, ints(16000)])
case("sound", "Mfcc", [spectrum[0], np.array(16000, np.int32)])
case("sound", "Mfcc", [spectrum[:, :, :1], np.array(16000, np.int32)])
case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], dct_coefficient_count="i: 41")
case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], dct_coefficient_count="i: 0")
case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], filterbank_channel_count="i: 0")
case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], lower_frequency_limit="f: -1")
case("sound", "Mfcc", [spectrum, np.array(16000, np.int32)], upper_frequency_limit="f: 10")

# ---- sparse ----
for dtype in NUMBERS + [np.bool_, np.object_]:
    for index in INDEX:
        case("sparse", "SparseToDense", [np.array([[0, 1], [2, 0]], index), np.array([3, 2], index), array(dtype, (2,)), array(dtype, ())])
case("sparse", "SparseToDense", [ints(1, 3), ints(5), np.float32(2), np.float32(0)])
case("sparse", "SparseToDense", [np.array(2, np.int32), ints(4), np.float32(2), np.float32(0)])
case("sparse", "SparseToDense", [np.zeros((0, 2), np.int64), longs(2, 2), np.zeros((0,), np.float32), np.float32(7)])
case("sparse", "SparseToDense", [ints(3, 1, 1), ints(5), array(np.float32, (3,)), np.float32(0)], validate_indices="b: false")
for indices, shape, values, default in [
        (ints(3, 1), ints(5), np.float32(1), np.float32(0)), (ints(1, 1), ints(5), np.float32(1), np.float32(0)), (ints(1, 5), ints(5), np.float32(1), np.float32(0)),
        (ints(-1), ints(5), np.float32(1), np.float32(0)), (np.array([[0, 1], [0, 0]], np.int32), ints(2, 2), np.float32(1), np.float32(0)),
        (np.array([[0, 1], [0, 2]], np.int32), ints(2, 2), np.float32(1), np.float32(0)), (np.zeros((1, 1, 1), np.int32), ints(2), np.float32(1), np.float32(0)),
        (ints(1), ints(2, 2), np.float32(1), np.float32(0)), (ints(1), np.array([[2]], np.int32), np.float32(1), np.float32(0)), (ints(1), ints(2), array(np.float32, (2,)), np.float32(0)),
        (ints(1), ints(2), np.float32(1), array(np.float32, (1,))), (ints(1), ints(-2), np.float32(1), np.float32(0))]:
    case("sparse", "SparseToDense", [indices, shape, values, default])
case("sparse", "SparseToDense", [ints(5), ints(5), np.float32(1), np.float32(0)], validate_indices="b: false")
case("sparse", "SparseToDense", [ints(-1), ints(5), np.float32(1), np.float32(0)], validate_indices="b: false")
some = np.array([[0, 0, 1], [1, 2, 0], [1, 2, 3]], np.int64)
for shape in [(6, 4), (-1, 4), (24,), (2, 1, 3, -1), (5, 5), (-1, -1), (-1, 5), (-2, 12)]:
    case("sparse", "SparseReshape", [some, longs(2, 3, 4), np.array(shape, np.int64)])
case("sparse", "SparseReshape", [np.zeros((0, 2), np.int64), longs(0, 3), longs(3, 0)])
case("sparse", "SparseReshape", [np.zeros((0, 2), np.int64), longs(0, 3), longs(3, -1)])
case("sparse", "SparseReshape", [longs(1), longs(2), longs(2)])
case("sparse", "SparseReshape", [some, np.array([[2, 3, 4]], np.int64), longs(24)])
case("sparse", "SparseReshape", [some, longs(2, 3, 4), np.array([[24]], np.int64)])
for dtype in NUMBERS + [np.bool_, np.object_]:
    case("sparse", "SparseReorder", [np.array([[1, 1], [0, 2], [1, 0], [0, 0]], np.int64), array(dtype, (4,)), longs(2, 3)])
case("sparse", "SparseReorder", [np.zeros((0, 2), np.int64), array(np.float32, (0,)), longs(2, 3)])
case("sparse", "SparseReorder", [longs(1), array(np.float32, (1,)), longs(2)])
case("sparse", "SparseReorder", [np.zeros((1, 1), np.int64), array(np.float32, (1, 1)), longs(2)])
case("sparse", "SparseReorder", [np.zeros((1, 1), np.int64), array(np.float32, (1,)), np.array([[2]], np.int64)])
case("sparse", "SparseReorder", [np.zeros((2, 1), np.int64), array(np.float32, (1,)), longs(2)])
case("sparse", "SparseReorder", [np.zeros((1, 2), np.int64), array(np.float32, (1,)), longs(2)])
for dtype in [np.float32, np.int64, np.bool_, np.object_, np.complex64, np.float16, np.uint8]:
    case("sparse", "SparseFillEmptyRows", [np.array([[0, 1], [0, 3], [2, 0], [2, 1]], np.int64), array(dtype, (4,)), longs(5, 6), array(dtype, ())])
    case("sparse", "SparseFillEmptyRows", [np.array([[2, 0], [0, 1], [2, 1]], np.int64), array(dtype, (3,)), longs(3, 6), array(dtype, ())])
case("sparse", "SparseFillEmptyRows", [np.zeros((0, 2), np.int64), array(np.float32, (0,)), longs(2, 6), np.float32(1)])
case("sparse", "SparseFillEmptyRows", [np.zeros((0, 2), np.int64), array(np.float32, (0,)), longs(0, 6), np.float32(1)])
for indices, values, shape, default in [
        (np.array([[1, 0]], np.int64), array(np.float32, (1,)), longs(0, 6), np.float32(1)), (np.array([[3, 0]], np.int64), array(np.float32, (1,)), longs(3, 6), np.float32(1)),
        (np.array([[-1, 0]], np.int64), array(np.float32, (1,)), longs(3, 6), np.float32(1)), (longs(1), array(np.float32, (1,)), longs(3), np.float32(1)),
        (np.array([[0]], np.int64), array(np.float32, (1, 1)), longs(3), np.float32(1)), (np.array([[0]], np.int64), array(np.float32, (1,)), np.array([[3]], np.int64), np.float32(1)),
        (np.array([[0]], np.int64), array(np.float32, (1,)), longs(3), array(np.float32, (1,)))]:
    case("sparse", "SparseFillEmptyRows", [indices, values, shape, default])
for op in ["SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"]:
    for dtype in FLOATS + INTS:
        x = array(dtype, (5, 3))
        for index in INDEX if dtype == np.float32 else [np.int32]:
            case("sparse", op, [x, np.array([4, 0, 4, 1], index), ints(0, 0, 1, 3)], ulp=4)
            case("sparse", op + "WithNumSegments", [x, np.array([4, 0, 4, 1], index), ints(0, 0, 1, 3), np.array(6, np.int32)], ulp=4)
    x = array(np.float32, (12, 2))
    case("sparse", op, [x, ints(*range(12)), ints(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)], ulp=64)
    case("sparse", op, [x, np.zeros((0,), np.int32), np.zeros((0,), np.int32)])
    case("sparse", op + "WithNumSegments", [x, np.zeros((0,), np.int32), np.zeros((0,), np.int32), np.array(2, np.int32)])
    for indices, ids in [(ints(0, 1), ints(0)), (ints(12, 1), ints(0, 1)), (ints(-1, 1), ints(0, 1)), (ints(0, 1), ints(1, 0)), (ints(0, 1), ints(-1, 0)), (np.array([[0]], np.int32), ints(0)),
                         (ints(0), np.array([[0]], np.int32)), (ints(0, 1), ints(2, 3))]:
        case("sparse", op, [x, indices, ids], ulp=4)
    case("sparse", op + "WithNumSegments", [x, ints(0, 1), ints(0, 3), np.array(3, np.int32)])
    case("sparse", op + "WithNumSegments", [x, ints(0, 1), ints(0, 1), np.array(-1, np.int32)])
    case("sparse", op + "WithNumSegments", [x, ints(0, 1), ints(0, 1), ints(3)])
for op in ["SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad"]:
    for dtype in FLOATS:
        x = array(dtype, (3, 2))
        case("sparse", op, [x, ints(4, 0, 4, 1), ints(0, 0, 1, 2), np.array(5, np.int32)], ulp=4)
    for indices, ids, rows in [(ints(0, 1), ints(0), np.array(5, np.int32)), (ints(5, 1), ints(0, 1), np.array(5, np.int32)), (ints(0, 1), ints(0, 3), np.array(5, np.int32)), (ints(0, 1), ints(0, 1), ints(5)),
                               (ints(0, 1), ints(-1, 1), np.array(5, np.int32)), (np.array([[0]], np.int32), ints(0), np.array(5, np.int32)), (ints(0), np.array([[0]], np.int32), np.array(5, np.int32))]:
        case("sparse", op, [array(np.float32, (3, 2)), indices, ids, rows], ulp=4)
for dtype in NUMBERS:
    for index in INDEX if dtype == np.float32 else [np.int64]:
        case("sparse", "SparseTensorDenseAdd", [np.array([[0, 1], [2, 0]], index), array(dtype, (2,)), np.array([3, 2], index), array(dtype, (3, 2))])
for indices, values, shape, dense in [
        (np.array([[0, 2]], np.int64), array(np.float32, (1,)), longs(3, 2), array(np.float32, (3, 2))), (np.array([[0, 1]], np.int64), array(np.float32, (1,)), longs(3, 3), array(np.float32, (3, 2))),
        (longs(1), array(np.float32, (1,)), longs(3), array(np.float32, (3,))),
        (np.array([[1]], np.int64), array(np.float32, (1,)), longs(3), array(np.float32, (3, 1)))]:
    case("sparse", "SparseTensorDenseAdd", [indices, values, shape, dense])

write_families()
finish()
