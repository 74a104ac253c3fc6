"""PATCH lists: small changes to a file, as PROTOCOL.md section 2 has them."""

import struct

FOOTER = 48


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_TABLE = _crc_table()


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _recrc_block(data, offset, size):
    end = offset + size + 1
    data[end:end + 4] = struct.pack("<I", masked_crc32c(data[offset:end]))


def recrc_blocks(data):
    """Recomputes the checksum of the metaindex, the index and every data block of a table."""
    at = len(data) - FOOTER
    handles = []
    for _ in range(4):
        value, at = _varint(data, at)
        handles.append(value)
    index_offset, index_size = handles[2:]
    index = bytes(data[index_offset:index_offset + index_size])
    restarts = struct.unpack("<I", index[-4:])[0]
    at, end = 0, index_size - 4 * (restarts + 1)
    while at < end:
        _, at = _varint(index, at)
        unshared, at = _varint(index, at)
        length, at = _varint(index, at)
        at += unshared
        offset, value_at = _varint(index, at)
        size, _ = _varint(index, value_at)
        _recrc_block(data, offset, size)
        at += length
    for offset, size in (handles[:2], handles[2:]):
        _recrc_block(data, offset, size)


def apply(data, patches):
    """The bytes after all patches, in order."""
    data = bytearray(data)
    for patch in patches:
        if "truncate" in patch:
            del data[patch["truncate"]:]
        elif "append" in patch:
            data += bytes.fromhex(patch["append"])
        elif "recrc" in patch:
            recrc_blocks(data)
        else:
            at = patch["at"] if patch["at"] >= 0 else len(data) + patch["at"]
            new = bytes.fromhex(patch.get("xor", patch.get("write", "")))
            if at < 0 or at + len(new) > len(data):
                raise ValueError("a patch at %d does not fit %d bytes" % (at, len(data)))
            if "xor" in patch:
                new = bytes(a ^ b for a, b in zip(new, data[at:at + len(new)]))
            data[at:at + len(new)] = new
    return bytes(data)
