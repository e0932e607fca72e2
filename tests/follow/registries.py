#!/usr/bin/env python3
"""Commands over many registries: reconcile, checkpoint, receipts; what is wrong with one does not end the others.

Usage: registries.py PROGRAM [CASE]
"""
import json
import os
import pathlib
import signal
import sqlite3
import sys

import cases
from follower import add_events, fail, receiver, wait_until
from many import OUTPUT, PATTERN, Many, check_all, database, expect, make, run, wait_for_lines

RECONCILE = ["reconcile", "--db", PATTERN, "--file", "{registry_id}.jsonl"]
RECEIPTS = ["--receipt", "{registry_id}.receipts"]


def prepare(program, **counts):
    """Registries with so many events, exported each to its file."""
    for name, count in counts.items():
        make(name, count)
    expect(run(program, "export", "--db", PATTERN, *OUTPUT), 0)


def files(program):
    """Each with its files, those that were rotated as well, and one line for all."""
    prepare(program, a=3, b=2)
    expect(run(program, *RECONCILE), 0, "a/registry.sqlite: [ok] 3 event(s) up to id 3: each is there once",
           "2 registries: 2 complete, 0 incomplete, 0 with a problem, 0 idle", "5 event(s): 0 missing, 0 there twice")
    os.rename("id-a.jsonl", "id-a.jsonl.1")
    add_events(database("a"), 1, first=3)
    expect(run(program, "export", "--db", PATTERN, *OUTPUT), 0)
    expect(run(program, *RECONCILE), 1, "missing: 1-3", "1 complete, 1 incomplete", "6 event(s): 3 missing")
    rotated = ["reconcile", "--db", PATTERN, "--file", "{registry_id}.jsonl*"]
    expect(run(program, *rotated), 0, "2 registries: 2 complete")
    pathlib.Path("id-b.jsonl").unlink()
    expect(run(program, *rotated), 1, "b/registry.sqlite: no file matches {registry_id}.jsonl*", "1 complete, 0 incomplete, 1 with a")
    done = run(program, *rotated, "--json")
    expect(done, 1)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if [(one["db"], one["registry_id"], one.get("complete")) for one in found] != [
            (database("a"), "id-a", True), (database("b"), "id-b", None)] or "no file matches" not in found[1]["problem"]:
        fail(f"the lines are {found}")


def checkpoints(program):
    """In a folder; one that is not there, or of another registry, is a problem of its own."""
    for name, count in ("a", 3), ("b", 2):
        make(name, count)
    os.mkdir("own")
    expect(run(program, "export", "--db", PATTERN, *OUTPUT, "--checkpoint", "own"), 0)
    expect(run(program, *RECONCILE, "--checkpoint", "own"), 0, "2 registries: 2 complete")
    expect(run(program, *RECONCILE), 1, "2 registries: 0 complete, 0 incomplete, 2 with a problem")
    expect(run(program, *RECONCILE, "--checkpoint", "no-folder"), 2, "cannot be the checkpoint of several registries")
    expect(run(program, *RECONCILE, "--file", "-"), 2, "--file - is for one registry")
    one = "own/id-a.checkpoint", "own/id-b.checkpoint"
    expect(run(program, "checkpoint", "show", *one), 0, "Registry      id-a", "\n\nCheckpoint    own/id-b.checkpoint")
    done = run(program, "checkpoint", "show", "--json", *one)
    if [(line["checkpoint"], line["last_id"]) for line in map(json.loads, done.stdout.splitlines())] != list(zip(one, (3, 2))):
        fail(f"the checkpoints are {done.stdout}")
    expect(run(program, "checkpoint", "show", "own/none", one[1]), 1, "own/none", "Registry      id-b", "1 of 2 files failed")
    expect(run(program, "checkpoint", "set", *one, "--last-id", "1"), 2, "set takes one FILE")
    expect(run(program, "checkpoint", "reset", *one), 0, f"{one[0]}: all events are new\n{one[1]}: all events are new\n")
    if any(map(os.path.exists, one)):
        fail("a checkpoint is not reset")


def dead_letters(program):
    """One dead letter for all: what is in it counts for the registry that it is of."""
    pathlib.Path("own.lua").write_text("""return require "oversight.formats.ecs":extend "own" {
  { "labels.file", from = "file_id", required = true } }""")
    for name, count in ("a", 3), ("b", 3):
        make(name, count)
        with sqlite3.connect(database(name)) as connection:
            connection.execute("UPDATE events SET file_id = 'f' WHERE id <> ?", (2 if name == "a" else 3,))
    expect(run(program, "export", "--db", PATTERN, "--format", "./own.lua", "--output", "{registry_id}.jsonl", "--dead-letter", "dead"), 3)
    by_format = [*RECONCILE, "--format", "./own.lua"]
    expect(run(program, *by_format, "--dead-letter", "dead"), 0, "1 of them in the dead letter", "2 registries: 2 complete")
    # A record that is lost is missing, although the dead letter has an event of this id: it is the other registry's.
    kept = [line for line in pathlib.Path("id-a.jsonl").read_text().splitlines(True) if '"event_id":"3"' not in line and '"id":"3"' not in line]
    pathlib.Path("id-a.jsonl").write_text("".join(kept))
    expect(run(program, *by_format, "--dead-letter", "dead"), 1, "missing: 3", "1 complete, 1 incomplete")


def index(program):
    """A target that counts is asked for all; when it is away, the command ends."""
    target, url = receiver("bulk")
    to = ["--to", "elastic", "--url", url]
    for name, count in ("a", 3), ("b", 2):
        make(name, count)
    expect(run(program, "export", "--db", PATTERN, *to), 0)
    expect(run(program, "reconcile", "--db", PATTERN, *to), 0, "2 registries: 2 complete")
    with sqlite3.connect(database("b")) as connection:
        connection.execute("INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 5)")
    expect(run(program, "checkpoint", "set", database("b") + ".checkpoint", "--last-id", "3"), 0)
    expect(run(program, "reconcile", "--db", PATTERN, *to, "--refresh", "0"), 1, "missing: 3", "1 complete, 1 incomplete")
    target.send_signal(signal.SIGTERM)
    target.wait()
    done = run(program, "reconcile", "--db", PATTERN, *to, "--retries", "0")
    expect(done, 1)
    if "registries:" in done.stdout or "a/registry.sqlite" in done.stdout:
        fail(f"it goes on without the target: {done.stdout}")


def receipts(program):
    """Each registry has receipts of its own, with its identity."""
    for name, count in ("a", 3), ("b", 2):
        make(name, count)
    for _ in range(2):  # the second has nothing to add
        expect(run(program, "export", "--db", PATTERN, *OUTPUT, *RECEIPTS), 0)
    for name, count in ("a", 3), ("b", 2):
        expect(run(program, "verify", "--receipt", f"id-{name}.receipts", "--file", f"id-{name}.jsonl"), 0, f"1, of {count} records")
        made = json.loads(pathlib.Path(f"id-{name}.receipts").read_text())
        if (made["registry_id"], made["target"]) != (f"id-{name}", f"id-{name}.jsonl"):
            fail(f"the receipt is {made}")
    expect(run(program, "export", "--db", PATTERN, *OUTPUT, "--receipt", "one.receipts"), 2, "is a path with {registry_id}")
    expect(run(program, "verify", "--db", PATTERN, "--tlog", "x"), 2, "--db names one registry")


FOLLOWING = """local siem = require "oversight.siem"
require "oversight.receipt".PERIOD = 0
return siem.pipeline { format = "ecs", sink = "{registry_id}.jsonl", follow = true, receipt = "{registry_id}.receipts",
  source = { registries = { "*/registry.sqlite" } } }"""


def following(program):
    """While they are followed, receipts are written when they are due, and at the end; also through a failure."""
    for name, count in ("a", 3), ("b", 2):
        make(name, count)
    pathlib.Path("follow.lua").write_text(FOLLOWING)
    follower = Many(program, [])
    follower.command = [program, "run", "follow.lua"]
    follower.start_and_wait()
    wait_for_lines(a=3, b=2)
    for name in "ab":
        wait_until(lambda: os.path.exists(f"id-{name}.receipts") and os.path.getsize(f"id-{name}.receipts"), f"a receipt of {name}")
    follower.stop()
    # Once an hour: what is delivered until then has its receipt at the end.
    follower = Many(program, [*OUTPUT, *RECEIPTS])
    follower.start_and_wait()
    add_events(database("a"), 2, first=3)
    wait_for_lines(a=5)
    follower.stop()
    for name, count in ("a", 5), ("b", 2):
        expect(run(program, "verify", "--receipt", f"id-{name}.receipts", "--file", f"id-{name}.jsonl"), 0, f"of {count} records")
    check_all(a=5, b=2)
    # One whose receipts cannot be written does not hold up the other.
    os.rename("id-a.receipts", "kept")
    os.mkdir("id-a.receipts")
    follower = Many(program, [*OUTPUT, *RECEIPTS])
    follower.start_and_wait()
    add_events(database("b"), 1, first=2)
    wait_for_lines(b=3)
    follower.wait_for_log("id-a.receipts")
    os.rmdir("id-a.receipts")
    os.rename("kept", "id-a.receipts")
    add_events(database("a"), 1, first=5)
    wait_for_lines(a=6)
    follower.stop()
    for name, count in ("a", 6), ("b", 3):
        expect(run(program, "verify", "--receipt", f"id-{name}.receipts", "--file", f"id-{name}.jsonl"), 0, f"of {count} records")


CASES = {f.__name__: f for f in (files, checkpoints, dead_letters, index, receipts, following)}

if __name__ == "__main__":
    cases.main(CASES, __file__, sys.argv[1:])
