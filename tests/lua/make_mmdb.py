#!/usr/bin/env python3
"""Writes a MaxMind database (MaxMind DB File Format Specification 2.0) with one network, 192.0.2.0/24.

Usage: make_mmdb.py FILE [COUNTRY]
"""
import struct
import sys


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def encode(value):
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encode, value))
    if isinstance(value, bool):
        return control(14, int(value))
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, str):
        return control(2, len(value.encode())) + value.encode()
    kind, number = value  # an unsigned integer of a given type
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return control(kind, len(data)) + data


U16, U32, U64 = 5, 6, 9
country = sys.argv[2] if len(sys.argv) > 2 else "NL"
record = encode({"country": {"iso_code": country}, "location": {"latitude": 52.5}, "number": (U32, 2**32 - 1),
                 "flag": True, "list": ["one", "two"]})
bits = [byte >> (7 - i) & 1 for byte in (192, 0, 2) for i in range(8)]
count = len(bits)
tree = b""
for number, bit in enumerate(bits):
    onward = number + 1 if number + 1 < count else count + 16  # the start of the data
    pair = (count, onward) if bit else (onward, count)  # `count` itself: nothing known
    tree += b"".join(p.to_bytes(3, "big") for p in pair)
metadata = encode({
    "binary_format_major_version": (U16, 2), "binary_format_minor_version": (U16, 0),
    "build_epoch": (U64, 1767225600), "database_type": "Test", "description": {"en": "a test"},
    "ip_version": (U16, 4), "languages": ["en"], "node_count": (U32, count), "record_size": (U16, 24),
})
with open(sys.argv[1], "wb") as file:
    file.write(tree + bytes(16) + record + b"\xab\xcd\xefMaxMind.com" + metadata)
