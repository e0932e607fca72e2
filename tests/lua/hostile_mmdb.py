#!/usr/bin/env python3
"""Writes a MaxMind database whose record, or metadata, no honest program writes.

Usage: hostile_mmdb.py FILE KIND
"""
import sys

from make_mmdb import (ARRAY, BYTES, FLOAT, I32, MAP, U32, U64, U128, control, encode, members_of, write)


def pointer(place):
    return bytes([1 << 5 | 3 << 3]) + place.to_bytes(4, "big")


def bomb(levels, fan, base=0):
    """Arrays of pointers to arrays of pointers: bytes and where the outermost begins."""
    data, inner = encode("x"), 0
    for _ in range(levels):
        here = len(data)
        data += control(ARRAY, fan) + pointer(base + inner) * fan
        inner = here
    return data, inner


def metadata_bomb(count):
    members = members_of(count)
    head = control(MAP, len(members) + 1) + encode(members)[1:] + encode("description") + control(MAP, 1) + encode("en")
    data, start = bomb(6, 100, len(head) + 5)
    return head + pointer(len(head) + 5 + start) + data


def key(value, then):
    """A map of one member with that key."""
    return control(MAP, 1) + value + encode(then)


LONG = encode("long " * 13000)
RECORDS = {
    "number-key": key(encode((U32, 7)), (U32, 1)),
    "inner-number-key": key(encode("a"), {(U32, 7): "x" * 20}),
    "map-key": key(encode({}), (U32, 1)),
    "inner-map-key": key(encode({"a": "b"}), (U32, 1)),
    "array-key": key(encode(["a"]), "b"),
    "large": encode({"u64": (U64, 2**64 - 1), "half": (U64, 2**63), "u128": (U128, 2**128 - 1), "zero": (U128, 0),
                     "negative": (I32, (-2**31) & 0xffffffff), "bytes": (BYTES, b"\x00\xff"),
                     "float": (FLOAT, b"\x40\x20\x00\x00"), "text": "\x00é\"\\"}),
    "long-number": encode((U64, 2**70)),
    "short-double": control(3, 7) + bytes(7),
    "deep": control(ARRAY, 1) * 400 + encode("x"),
    "loop": control(ARRAY, 2) + pointer(0) * 2,
    "pointer-pointer": pointer(5) + pointer(0),
    "pointer-outside": pointer(2**32 - 1),
    "cut-short": control(MAP, 200),
    "cut-text": control(2, 60000) + b"x",
    "unknown-type": bytes([0, 9]) + b"x",
    "many": control(ARRAY, 20000) + encode("") * 20000,
}


if __name__ == "__main__":
    path, kind = sys.argv[1:]
    if kind == "bomb":
        write(path, *bomb(5, 100))
    elif kind == "metadata-bomb":
        write(path, encode({"a": "b"}), 0, metadata_bomb)
    elif kind == "text-bomb":
        write(path, LONG + control(ARRAY, 100) + pointer(0) * 100, len(LONG))
    else:
        write(path, RECORDS[kind])
