#!/usr/bin/env python3
"""Writes a MaxMind database (MaxMind DB File Format Specification 2.0) with one network, 192.0.2.0/24.

Usage: make_mmdb.py FILE [COUNTRY]

hostile_mmdb.py makes records that no honest program writes.
"""
import struct
import sys

BYTES, DOUBLE, U16, U32, MAP, I32, U64, U128, ARRAY, BOOLEAN, FLOAT = 4, 3, 5, 6, 7, 8, 9, 10, 11, 14, 15


def control(kind, size):
    tail = b""
    if size >= 285:
        size, tail = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, tail = 29, bytes([size - 29])
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + tail


def encode(value):
    if isinstance(value, dict):
        return control(MAP, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(map(encode, value))
    if isinstance(value, bool):
        return control(BOOLEAN, int(value))
    if isinstance(value, float):
        return control(DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        return control(2, len(value.encode())) + value.encode()
    kind, content = value  # an unsigned integer of a given type, or bytes of it
    data = content if isinstance(content, bytes) else content.to_bytes((content.bit_length() + 7) // 8, "big")
    return control(kind, len(data)) + data


def members_of(count):
    """The metadata of a database with so many nodes, but for its description."""
    return {
        "binary_format_major_version": (U16, 2), "binary_format_minor_version": (U16, 0),
        "build_epoch": (U64, 1767225600), "database_type": "Test", "ip_version": (U16, 4), "languages": ["en"],
        "node_count": (U32, count), "record_size": (U16, 24),
    }


def metadata_of(count):
    return encode(members_of(count) | {"description": {"en": "a test"}})


def write(path, data, start=0, metadata=metadata_of):
    """`start`: where in `data` the network's record begins."""
    bits = [byte >> (7 - i) & 1 for byte in (192, 0, 2) for i in range(8)]
    count = len(bits)
    tree = b""
    for number, bit in enumerate(bits):
        onward = number + 1 if number + 1 < count else count + 16 + start
        pair = (count, onward) if bit else (onward, count)  # `count` itself: nothing known
        tree += b"".join(p.to_bytes(3, "big") for p in pair)
    with open(path, "wb") as file:
        file.write(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata(count))


if __name__ == "__main__":
    country = sys.argv[2] if len(sys.argv) > 2 else "NL"
    write(sys.argv[1], encode({"country": {"iso_code": country}, "location": {"latitude": 52.5},
                               "number": (U32, 2**32 - 1), "flag": True, "list": ["one", "two"]}))
