"""Index files that try the table format: by TensorFlow, and by hand where TensorFlow reads what it never writes.

tables/NAME.ckpt.*        by SaveV2: int32 scalars; the i-th key in byte order holds i
tables/by_hand/NAME.*     the same checkpoint (512 keys) laid out in other ways that every TensorFlow here reads
tables/tables.json        {"written": {NAME: {"about", "keys", "names_sha256", "first", "last", "blocks"}}, "by_hand": {NAME: {"about", "base"}}}; names in hex;
                          names_sha256 is over the sorted names, each followed by a newline; "blocks" counts data blocks
"""
import hashlib

from common import *

from tensorflow.python.ops import gen_io_ops


# A reader and writer of tables, enough for the layouts below. Written from the format, not from TensorFlow's code.

def crc32c(data, _table=[]):
    if not _table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
            _table.append(n)
    crc = 0xffffffff
    for byte in bytearray(data):
        crc = crc >> 8 ^ _table[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def varint(value):
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7f | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = bytearray(data[at:at + 1])[0]
        value |= (byte & 0x7f) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at


def read_block(data):
    """The entries of an uncompressed block."""
    restarts = struct.unpack("<I", data[-4:])[0]
    end = len(data) - 4 - 4 * restarts
    at, key, entries = 0, b"", []
    while at < end:
        shared, at = read_varint(data, at)
        rest, at = read_varint(data, at)
        length, at = read_varint(data, at)
        key = key[:shared] + data[at:at + rest]
        entries.append((key, data[at + rest:at + rest + length]))
        at += rest + length
    return entries


def handle_of(data, at=0):
    offset, at = read_varint(data, at)
    size, at = read_varint(data, at)
    return (offset, size), at


def read_table(data):
    """[[entries of a data block], ...]"""
    footer = data[-48:]
    _, at = handle_of(footer)
    (offset, size), _ = handle_of(footer, at)
    blocks = []
    for _, value in read_block(data[offset:offset + size]):
        (o, s), _ = handle_of(value)
        blocks.append(read_block(data[o:o + s]))
    return blocks


def block_of(entries, restart_interval=16, share=True):
    data, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % restart_interval == 0:
            restarts.append(len(data))
        elif share:
            while shared < min(len(key), len(last)) and key[shared:shared + 1] == last[shared:shared + 1]:
                shared += 1
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return data + b"".join(struct.pack("<I", r) for r in restarts) + struct.pack("<I", len(restarts))


def literal(data):
    length = len(data) - 1
    if length < 60:
        return struct.pack("<B", length << 2) + data
    if length < 256:
        return struct.pack("<BB", 60 << 2, length) + data
    return struct.pack("<BH", 61 << 2, length) + data


def snappy(data, copies):
    """A Snappy stream: literals alone, or with copies of all three kinds of offset."""
    result = varint(len(data))
    seen, at, start = {}, 0, 0

    def flush(upto):
        text = b""
        for i in range(start, upto, 60000):
            text += literal(data[i:min(i + 60000, upto)])
        return text
    while copies and at + 4 <= len(data):
        found = seen.get(data[at:at + 4])
        seen[data[at:at + 4]] = at
        if found is None:
            at += 1
            continue
        length = 4
        while length < 64 and at + length < len(data) and data[found + length] == data[at + length]:
            length += 1
        result += flush(at)
        distance = at - found
        if length < 12 and distance < 2048:
            result += struct.pack("<BB", 1 | length - 4 << 2 | distance >> 8 << 5, distance & 0xff)
        elif distance < 4096:
            result += struct.pack("<BH", 2 | length - 1 << 2, distance)
        else:
            result += struct.pack("<BI", 3 | length - 1 << 2, distance)
        at += length
        start = at
    return result + flush(len(data))


def table_of(blocks, pack=lambda d: (0, d), index_key=lambda this, following: this[-1][0], restart_interval=16, share=True, index_restart=1,
             meta=(), gap=b""):
    data, index = b"", []

    def put(content, packed=True):
        kind, content = pack(content) if packed else (0, content)
        at = len(data)
        tail = struct.pack("<B", kind)
        return content + tail + struct.pack("<I", masked(content + tail)), varint(at) + varint(len(content))
    for i, entries in enumerate(blocks):
        text, where = put(block_of(entries, restart_interval, share))
        data += text + gap
        index.append((index_key(entries, blocks[i + 1] if i + 1 < len(blocks) else None), where))
    text, meta_at = put(block_of(list(meta)))
    data += text
    text, index_at = put(block_of(index, index_restart))
    data += text
    footer = meta_at + index_at
    return data + footer + b"\0" * (40 - len(footer)) + struct.pack("<Q", 0xdb4775248b80fb57)


def save(prefix, names):
    """Unsorted names on purpose; values by byte order."""
    order = {name: i for i, name in enumerate(sorted(names))}
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.unstack(tf.constant(np.array([order[n] for n in names], np.int32)), num=len(names))
        session.run(gen_io_ops.save_v2(prefix, tf.constant(np.array(names, dtype=object)), tf.constant([b""] * len(names)), values))


def random_name(state, shortest, longest):
    return "".join(state.choice("abcdefghijklmnopqrstuvwxyz0123456789_/") for _ in range(state.randint(shortest, longest))).encode("ascii")


def written():
    state = random.Random(5)
    sets = [
        ("one_key", "a single key", [b"k"]),
        ("restarts_15", "with the header 16 entries: one restart", [b"key%02d" % i for i in range(15)]),
        ("restarts_16", "with the header 17 entries: two restarts", [b"key%02d" % i for i in range(16)]),
        ("restarts_31", "with the header 32 entries", [b"key%02d" % i for i in range(31)]),
        ("layers", "3000 keys as models have them", [b"model/layer_%04d/%s" % (i, p) for i in range(1000) for p in (b"kernel", b"bias", b"kernel/Adam")]),
        ("long_prefixes", "400 keys that share 250 bytes", [b"shared/" * 35 + b"tail%d/%03d" % (i % 7, i) for i in range(400)]),
        ("nested", "each key is the next one's prefix", [b"n" * (i + 1) for i in range(300)]),
        ("several_blocks", "random names, so that data blocks of 256 KiB fill up", [random_name(state, 60, 120) for _ in range(6000)]),
        ("odd_names", "bytes that a name can hold", [b"\0", b"\0\0", b"\0a", b"\xff", b"\xff\xff", b"\xff\0\xff", b"a\0b", b"\x7f", b"\x80", u"\u540d\u524d".encode("utf-8"), b" ", b"\n",
                                                      b"a", b"A", b"/", b"//", b"^a", b":0", b"\xc3\x28"]),
        ("high_last", "a last key of nothing but 0xff, which has no shorter successor", [b"a", b"\xff" * 9]),
    ]
    # One entry takes 3 bytes of lengths, its name and about 16 bytes of value.
    near = [b"%06d" % i + b"x" * 4000 for i in range(64)]
    sets += [("just_under_a_block", "64 keys of 4006 bytes, 256 KiB less a little", near[:64]),
             ("just_over_a_block", "one key more than a block takes", near + [b"%06d" % i + b"x" * 4000 for i in range(64, 67)]),
             ("huge_key", "a name of 530000 bytes between two short ones", [b"a", b"h" * 530000, b"z"])]
    about = {}
    folder = out_dir()
    for title, text, names in sets:
        names = sorted(set(names))
        random.Random(1).shuffle(names)
        prefix = os.path.join(folder, title + ".ckpt")
        save(prefix, names)
        names = sorted(names)
        with open(prefix + ".index", "rb") as f:
            blocks = read_table(f.read())
        if [k for b in blocks for k, _ in b] != [b""] + names:
            raise SystemExit(title + ": the table's keys are not the names")
        about[title] = {"about": text, "keys": len(names), "names_sha256": hashlib.sha256(b"".join(n + b"\n" for n in names)).hexdigest(),
                        "first": to_hex(names[0][:64]), "last": to_hex(names[-1][:64]), "blocks": len(blocks)}
    return about


def to_hex(data):
    return "".join("%02x" % b for b in bytearray(data))


def by_hand():
    folder = out_dir("by_hand")
    base = os.path.join(folder, "base")
    names = sorted(b"layer_%03d/%s" % (i, p) for i in range(128) for p in (b"kernel", b"bias", b"bias/Adam", b"gamma"))
    save(base, names)
    with open(base + ".index", "rb") as f:
        original = f.read()
    with open(base + ".data-00000-of-00001", "rb") as f:
        values = f.read()
    entries = [e for b in read_table(original) for e in b]

    def cut(size):
        return [entries[i:i + size] for i in range(0, len(entries), size)]
    layouts = [
        ("one_per_block", "a block for each entry", table_of(cut(1))),
        ("seven_per_block", "blocks of seven entries", table_of(cut(7))),
        ("no_sharing", "no key shares a prefix with the one before", table_of(cut(100), share=False)),
        ("restart_each", "each entry is a restart", table_of(cut(100), restart_interval=1)),
        ("one_restart", "a single restart for a block of 513 entries", table_of([entries], restart_interval=10 ** 6)),
        ("index_sharing", "the index block shares prefixes", table_of(cut(7), index_restart=16)),
        ("index_keys_past_the_block", "index keys that stand after the block's last key, before the next one's first",
         table_of(cut(7), index_key=lambda this, following: this[-1][0] + b"\0")),
        ("meta_index_entry", "an entry in the metaindex block", table_of(cut(100), meta=[(b"filter.none", varint(0) + varint(0))])),
        ("gaps", "unused bytes between the blocks", table_of(cut(100), gap=b"unused bytes")),
        ("snappy_literals", "Snappy blocks of literals alone", table_of(cut(100), pack=lambda d: (1, snappy(d, False)))),
        ("snappy_copies", "Snappy blocks with copies", table_of(cut(100), pack=lambda d: (1, snappy(d, True)))),
        ("snappy_one_block", "one Snappy block of all entries", table_of([entries], pack=lambda d: (1, snappy(d, True)), restart_interval=10 ** 6, share=False)),
        ("snappy_some", "Snappy data blocks beside plain ones", table_of(cut(50), pack=lambda d, n=[0]: (n.append(0), (1, snappy(d, True)) if len(n) % 2 else (0, d))[1])),
    ]
    about = {}
    for title, text, table in layouts:
        prefix = os.path.join(folder, title)
        with open(prefix + ".index", "wb") as f:
            f.write(table)
        with open(prefix + ".data-00000-of-00001", "wb") as f:
            f.write(values)
        with tf.Graph().as_default(), tf.Session() as session:
            back = session.run(gen_io_ops.restore_v2(prefix, tf.constant(np.array(names, dtype=object)), [""] * len(names), [tf.int32] * len(names)))
        if [int(v) for v in back] != list(range(len(names))):
            raise SystemExit(title + " does not read back")
        about[title] = {"about": text, "base": "base"}
    return about


def main():
    write_json(out("tables.json"), {"written": written(), "by_hand": by_hand()})
    finish()


main()
