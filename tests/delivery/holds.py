#!/usr/bin/env python3
"""Says whether an expression holds of what a receiver took down.

holds.py FOLDER EXPRESSION        with the names below
"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])


def lines(name):
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def body(number):
    """The decoded body of a request (--bodies)."""
    return (folder / "bodies" / str(number)).read_bytes()


names = {
    "json": json, "body": body, "lines": lines,
    "requests": (requests := lines("requests")),
    "data": (data := [one for one in requests if one["data"] is not None]),
    "stored": (stored := lines("stored")),
    "records": [one["record"] for one in stored],
    "statuses": [one["status"] for one in data],
    "pauses": [later["time"] - one["time"] for one, later in zip(data, data[1:])],
}
if not eval(sys.argv[2], names):
    print("requests:", [(one["method"], one["path"], one["wire"], one["status"], one["stored"]) for one in requests[:10]])
    sys.exit(1)
