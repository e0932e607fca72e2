#!/usr/bin/env python3
"""Says whether each event is stored once or in the dead letter file once, and nothing else is.

account.py FOLDER DEAD FIRST LAST [twice]      "twice" allows an event to be stored more than once.
"""
import collections
import json
import pathlib
import sys


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def event_id(record):
    """The id in a Splunk envelope, an ECS document, a Sentinel row or a flat record."""
    for path in (("event", "event_id"), ("event", "id"), ("EventId",), ("event_id",), ("id",)):
        value = record
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    return None


folder, dead, first, last = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:5])
stored = collections.Counter(event_id(line["record"]) for line in lines(folder / "stored.jsonl"))
refused = collections.Counter(line["event_id"] for line in lines(dead))
wanted = {str(number) for number in range(first, last + 1)}
problems = [f"{number} is neither stored nor refused" for number in sorted(wanted - set(stored) - set(refused), key=int)]
problems += [f"{number} is stored and refused" for number in sorted(set(stored) & set(refused))]
problems += [f"{number} is not of the export" for number in sorted(map(str, (set(stored) | set(refused)) - wanted))]
problems += [f"{number} is refused {n} times" for number, n in refused.items() if n > 1]
if "twice" not in sys.argv[5:]:
    problems += [f"{number} is stored {n} times" for number, n in stored.items() if n > 1]
if problems:
    print("\n".join(problems[:10]))
sys.exit(1 if problems else 0)
