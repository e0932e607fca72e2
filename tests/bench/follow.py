#!/usr/bin/env python3
"""Measures following: from a commit to the line in the file, what it costs while nothing happens, and how fast it
catches up, beside a plain export of the same events in the same run.

Usage: tests/bench/follow.py PROGRAM [EVENTS]      (default: 300000 to catch up with)
"""
import os
import pathlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "follow"))
from follower import Follower, make_registry, no_proxy, position, receiver, wait_until

SAMPLES, IDLE_SECONDS, RUNS = 200, 20, 5
FILE = ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp"]


def insert(connection, count):
    with connection:
        connection.executemany(
            "INSERT INTO events (token_id, kind, user_agent, extra, timestamp) VALUES (?, 'dns', ?, ?, ?)",
            [(f"token-{i}", "Mozilla/5.0 (X11; Linux x86_64)", '{"qtype": "A"}', 1700000000) for i in range(count)])


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def measure_latency(program, arguments, path):
    """Milliseconds from a commit until the target has it: median, 95th percentile and largest of SAMPLES."""
    follower = Follower(program, "r.db", arguments, environment={**no_proxy(), "SECRET": "s"})
    follower.start_and_wait()
    connection, chance, latencies = sqlite3.connect("r.db", timeout=30), random.Random(1), []
    for _ in range(SAMPLES):
        before = size_of(path)
        insert(connection, 1)
        begin = time.perf_counter()
        while size_of(path) == before:
            time.sleep(0.0002)
        latencies.append((time.perf_counter() - begin) * 1e3)
        time.sleep(chance.uniform(0.01, 0.08))
    follower.stop()
    latencies.sort()
    return statistics.median(latencies), latencies[int(0.95 * SAMPLES)], latencies[-1]


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_idle(program, *more):
    """Percent of a core while nothing happens."""
    follower = Follower(program, "r.db", [*FILE, *more])
    follower.start_and_wait()
    wait_until(lambda: position("cp") > 0, "all that is there is exported")
    before = processor_seconds(follower.process.pid)
    time.sleep(IDLE_SECONDS)
    used = processor_seconds(follower.process.pid) - before
    follower.stop()
    return 100 * used / IDLE_SECONDS


def measure_export(program, events):
    begin = time.perf_counter()
    subprocess.run([program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--output", "plain.jsonl",
                    "--truncate", "--quiet"], check=True)
    return events / (time.perf_counter() - begin)


def measure_catching_up(program, events):
    for name in ("out.jsonl", "cp"):
        pathlib.Path(name).unlink(missing_ok=True)
    begin = time.perf_counter()
    subprocess.run([program, "export", "--db", "r.db", "--registry-id", "reg", *FILE, "--quiet"], check=True)
    return events / (time.perf_counter() - begin)


def main(program, events=300000):
    make_registry("r.db")
    print("from a commit to      median ms   95 %    largest")
    print("  the file             {:8.2f} {:8.2f} {:8.2f}".format(*measure_latency(program, FILE, "out.jsonl")))
    process, url = receiver("hec")
    splunk = ["--to", "splunk", "--url", url, "--token", "env:SECRET", "--checkpoint", "hec.cp"]
    print("  HEC on loopback      {:8.2f} {:8.2f} {:8.2f}".format(*measure_latency(program, splunk, "received/stored.jsonl")))
    process.terminate()
    print("idle                   {:8.3f} % of a core".format(measure_idle(program)))
    print("idle, with --metrics   {:8.3f} % of a core".format(measure_idle(program, "--metrics", "m.prom")))
    connection = sqlite3.connect("r.db", timeout=30)
    insert(connection, int(events))
    connection.close()
    total = position("cp") + int(events)
    pairs = [(measure_export(program, total), measure_catching_up(program, total)) for _ in range(RUNS)]
    ratio = statistics.median(plain / caught for plain, caught in pairs)
    print(f"catching up with a checkpoint: {statistics.median(caught for _, caught in pairs):.0f} events/s, "
          f"{ratio:.2f} x the time of a plain export ({statistics.median(plain for plain, _ in pairs):.0f} events/s)")


if __name__ == "__main__":
    path = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(path, *sys.argv[2:])
