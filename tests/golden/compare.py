#!/usr/bin/env python3
"""Compares an export with the reference's, line by line.

Usage: compare.py REGISTRY EXPORT EXPECTED
Equal bytes are demanded where the row's `extra` is as a JSON encoder writes it (or empty); any other
line must be equal once both are parsed, in values and in the order of keys.
"""
import json
import sqlite3
import sys


def is_plain(extra):
    """True for what an encoder's compact or default form is, digit by digit."""
    if not extra:
        return True
    try:
        value = json.loads(extra)
    except ValueError:
        return True  # kept as text, which has one form
    return extra in (json.dumps(value), json.dumps(value, separators=(",", ":")))


def ordered(text):
    """The parsed record with ordered pairs; ExtraJson is itself JSON."""
    record = json.loads(text, object_pairs_hook=list)
    return [(k, json.loads(v, object_pairs_hook=list) if k == "ExtraJson" else v) for k, v in record]


def event_id(record):
    record = json.loads(record)
    event = record.get("event", record)
    return int(record.get("EventId") or event.get("event_id") or event.get("id"))


def main(registry, export, expected):
    rows = dict(sqlite3.connect(registry).execute("SELECT id, extra FROM events"))
    ours = open(export, encoding="ascii").read().split("\n")
    theirs = open(expected, encoding="ascii").read().split("\n")
    if len(ours) != len(theirs) or len(ours) < 2:
        sys.exit(f"{export}: {len(ours) - 1} records, expected {len(theirs) - 1}")
    same = parsed = 0
    for number, (our, their) in enumerate(zip(ours, theirs), 1):
        if our == their:
            same += our != ""
        elif is_plain(rows[event_id(their)]) or ordered(our) != ordered(their):
            sys.exit(f"{export}:{number}: differs\n{our}\n{their}")
        else:
            parsed += 1
    print(f"{export}: {same} records byte-equal, {parsed} equal once parsed")


main(*sys.argv[1:])
