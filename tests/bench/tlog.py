#!/usr/bin/env python3
"""A log of a million leaves: how fast it is read and verified, in how much memory; and changes planted in it, each of
which is found and named, and nothing else. Takes some minutes, and 1.5 GB in the temporary folder.

Usage: tests/bench/tlog.py [PROGRAM] [LEAVES]
"""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/evidence"))
from made_log import Key, MadeLog, leaf_of, make_head, make_row  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/oversight-siem"
LEAVES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
RUNS, MOST_MEMORY, LEAST_SPEED = 5, 64 * 1024, 500000
READ = """
local siem = require "oversight.siem"
local began = os.clock()
local tlog = assert(siem.tlog.open { source = "%s" })
print(tlog:size() / (os.clock() - began))
"""

work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-bench-tlog-"))
failures = []


def verify(log, *more, registry_id=None):
    """The findings, and the seconds of one core and the KiB that they took."""
    command = ["/usr/bin/time", "-f", "%U %S %M", PROGRAM, "verify", "--db", log.db, "--tlog", log.path, "--head",
               log.head_path, "--registry-id", registry_id or log.key.registry_id, "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    user, system, memory = done.stderr.split("\n")[-2].split()
    found = {name: sorted(finding.get("row") or finding.get("leaf") or 0
                          for finding in group["first"]) for name, group in report["findings"].items()}
    return found, float(user) + float(system), int(memory)


def expect(case, got, **findings):
    print(f"  {case:<34} {got[1]:5.1f} s  {got[2] / 1024:5.1f} MiB  {got[0] or 'proved'}")
    if got[0] != findings:
        failures.append(f"{case}: {got[0]}, and not {findings}")
    if LEAVES <= 1000000 and got[2] > MOST_MEMORY:
        failures.append(f"{case}: {got[2]} KiB")


def measure(log):
    script = work / "read.lua"
    script.write_text(READ % log.path)
    speeds = [float(subprocess.run([PROGRAM, "run", script], capture_output=True, text=True, check=True).stdout.split()[0])
              for _ in range(RUNS)]
    speed = statistics.median(speeds)
    print(f"{len(log.leaves)} leaves, {len(log.rows)} rows: {speed:,.0f} leaves/s on one core (median of {RUNS})")
    if speed < LEAST_SPEED:
        failures.append(f"{speed} leaves/s")


def plant(log):
    """One field altered, one row deleted, one inserted, two exchanged, and one line cut."""
    count = len(log.rows)
    altered, deleted, a, b, cut = (count * tenth // 10 for tenth in (1, 3, 4, 6, 8))
    altered += altered % 7 == 3  # not of DNS
    index = {row: log.rows[row - 1]["tlog_index"] for row in (altered, deleted, a, b, cut)}
    added = make_row(count + 1, 10 * LEAVES)
    log.sql(f"UPDATE events SET user_agent = 'changed' WHERE id = {altered}")
    expect("one field altered", verify(log), row_altered=[altered])
    log.sql(f"DELETE FROM events WHERE id = {deleted}")
    names = ", ".join(added)
    log.sql(f"INSERT INTO events ({names}) VALUES ({', '.join('NULL' if v is None else repr(v) for v in added.values())})")
    log.sql(f"UPDATE events SET tlog_index = {index[a]} + {index[b]} - tlog_index WHERE id IN ({a}, {b})")
    found = {"row_altered": [altered], "row_swapped": [a, b], "row_without_leaf": [count + 1],
             "leaf_without_row": [index[deleted]]}
    expect("... deleted, inserted, exchanged", verify(log), **found)
    lines = log.read_lines()
    lines[index[cut]] = lines[index[cut]][:90]
    log.write_lines(lines)
    found["line_malformed"] = [index[cut]]
    expect("... and a line cut", verify(log), **found)


def fork(log):
    """The same rows, but one, in a log that the registry signed once more."""
    old = work / "old"
    old.write_text(json.dumps(make_head(log.hashes[:LEAVES // 2], log.key)))
    row = log.rows[LEAVES // 4]
    row["source_ip"] = "203.0.113.7"
    log.leaves[row["tlog_index"]] = leaf_of(row)
    log.write_rows()
    log.write_leaves()
    expect("a forked log", verify(log, "--since-head", old), forked=[0])


try:
    whole = MadeLog(work / "log", LEAVES * 49 // 50, Key(work))
    measure(whole)
    expect("nothing changed", verify(whole))
    other = Key(work, "other")
    expect("a head of another key", verify(whole, registry_id=other.registry_id), head_signature=[0])
    lines = whole.read_lines()
    whole.write_lines(lines[:-3])
    last = len(whole.rows)
    expect("a truncated log", verify(whole), truncated=[len(lines) - 3], row_without_leaf=[last - 2, last - 1, last])
    whole.write_lines(lines)
    plant(whole)
    fork(whole)
finally:
    shutil.rmtree(work)
print("\n".join(failures) or "each change is found and named, and nothing else")
sys.exit(bool(failures))
