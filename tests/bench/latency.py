#!/usr/bin/env python3
"""Milliseconds from a commit of a registry, over a topic, to the line in the file of a consumer: prints the median and
the 95th percentile of 200.

Usage: tests/bench/latency.py PROGRAM BROKERS
"""
import os
import pathlib
import random
import sqlite3
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "follow"))
from follower import Follower, add_events, make_registry, wait_until

SAMPLES = 200


def size():
    return os.path.getsize("out.jsonl") if os.path.exists("out.jsonl") else 0


def main(program, brokers):
    make_registry("r.db")
    add_events("r.db", 1)
    topic = ["--brokers", brokers, "--topic", "latency"]
    producer = Follower(program, "r.db", ["--to", "kafka", *topic, "--checkpoint", "cp"], log="producer.log")
    producer.start_and_wait()
    wait_until(lambda: os.path.exists("cp"), "the first event is sent", 60)
    consumer = Follower(program, "", [], log="consumer.log")
    consumer.command = [program, "export", "--from", "kafka", *topic, "--group", "latency", "--follow", "--format", "ecs",
                        "--output", "out.jsonl"]
    consumer.start_and_wait()
    wait_until(lambda: size() > 0, "the first event arrives", 60)
    connection, chance, latencies = sqlite3.connect("r.db", timeout=30), random.Random(1), []
    for number in range(SAMPLES):
        before = size()
        add_events(connection, 1, first=number + 1)
        connection.commit()
        begin = time.perf_counter()
        wait_until(lambda: size() > before, "an event arrives", 60, 0.0002)
        latencies.append((time.perf_counter() - begin) * 1e3)
        time.sleep(chance.uniform(0.01, 0.08))
    producer.stop()
    consumer.stop()
    latencies.sort()
    print(f"{statistics.median(latencies):.1f} {latencies[int(0.95 * SAMPLES)]:.1f}")


if __name__ == "__main__":
    path = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(path, sys.argv[2])
        os.chdir("/")
