#!/usr/bin/env python3
"""The peak memory of a restricted format, whatever it calls: its limit, one record, and a margin.

Usage: restricted_memory.py PROGRAM [FACTOR [SEED [KIND]]]

FACTOR widens the margin, for a program with sanitizers. Some ways to use memory are tried first, then ways at random,
one by itself or many mixed, for RANDOM_SECONDS (4; 20 where CI is set). A seed that was printed, and a kind, can be
given to repeat a run.
"""
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

program = os.path.realpath(sys.argv[1])
factor = float(sys.argv[2]) if len(sys.argv) > 2 else 1
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 30)
seconds = float(os.environ.get("RANDOM_SECONDS") or (20 if os.environ.get("CI") else 4))
script = (pathlib.Path(__file__).parent / "restricted_memory.lua").read_text()
FIRST = ["encode_refused", "decode_malformed", "same_constants", "mixed"]
LIMIT, RECORD, MARGIN = 32, 64, 40  # MiB: of Lua, of what is made of one event, of all else
print(f"seed {seed}")


def make_registry(path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, kind TEXT, "
                     "user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL)")
    for event in range(4):
        database.execute("INSERT INTO events (token_id, kind, user_agent, extra, timestamp) VALUES ('t', 'dns', ?, ?, 1000)",
                         ("\x01é" * (20000 * event), '{"a":{"b":[%s]}}' % ",".join(["1.50"] * (10000 * event + 1))))
    database.commit()
    database.close()


def run(kind, seed):
    """Exports with an attack and gives the status, the peak memory in MiB and what standard error said."""
    pathlib.Path("attack.lua").write_text(f'local SEED, KIND = {seed}, "{kind}" ' + script)
    with open("err", "wb") as err:
        child = subprocess.Popen([program, "export", "--db", "r.db", "--registry-id", "r", "--restricted", "--format",
                                  "attack.lua", "--max-memory", str(LIMIT), "--max-seconds", "60", "--on-error", "skip",
                                  "--output", "out", "--quiet"], stdout=err, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss / 1024, pathlib.Path("err").read_text(errors="replace")


def check(kind, seed):
    status, peak, err = run(kind, seed)
    most = (LIMIT + RECORD + MARGIN) * factor
    if status in (0, 1, 3) and peak <= most and "Sanitizer" not in err:
        return peak
    print(f"FAILED: {kind} with seed {seed}: status {status}, peak {peak:.0f} MiB of {most:.0f}\n{err[-2000:]}")
    sys.exit(1)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make_registry("r.db")
    if len(sys.argv) > 4:
        print(f"{sys.argv[4]}: {check(sys.argv[4], seed):.0f} MiB")
        sys.exit(0)
    names = re.search(r"(?m)^.*\bclosed .*$", run("list", 1)[2]).group().split()
    names = [name for name in names if name.isidentifier()]
    assert len(names) > 40 and set(FIRST) - {"mixed"} < set(names), names
    worst = max((check(name, seed), name) for name in FIRST)
    generator, end, rounds = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        rounds += 1
        kind = generator.choice(names + ["mixed"] * len(names))
        worst = max(worst, (check(kind, seed + rounds), kind))
    print(f"{len(FIRST) + rounds} runs: at most {worst[0]:.0f} MiB, of {worst[1]}")
    os.chdir("/")
