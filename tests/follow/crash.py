#!/usr/bin/env python3
"""Kills the exporter at random instants while a writer adds events, and counts what is there in the end.

Usage: crash.py PROGRAM FAULTS_LIBRARY KIND [KILLS [SEED]]
KIND: file, rotated, filtered, several, refused, faulty, hec, bulk. Files hold every event once, in order, also when
system calls fail (faulty); HEC gets every event at least once; _bulk stores each once, by its id.
"""
import json
import os
import pathlib
import random
import sys
import tempfile
import time

from follower import FORMATS, Follower, Writer, check_once, fail, no_proxy, position, read_ids, receiver, wait_until


class Target:
    """Where events go, and how to see what has arrived."""

    def __init__(self, kind, program):
        self.kind, self.program, self.receiver = kind, program, None
        self.rotations = 0

    def arguments(self):
        if self.kind in ("hec", "bulk"):
            return self.remote_arguments()
        format_name = "ecs"
        if self.kind in FORMATS:
            format_name = f"./{self.kind}.lua"
            pathlib.Path(format_name).write_text(FORMATS[self.kind])
        extra = ["--dead-letter", "dead.jsonl"] if self.kind == "refused" else []
        return ["--format", format_name, "--output", "out.jsonl", "--checkpoint", "cp", *extra]

    def remote_arguments(self):
        self.receiver, url = receiver(self.kind)
        to = "splunk" if self.kind == "hec" else "elastic"
        secret = "--token" if self.kind == "hec" else "--api-key"
        return ["--to", to, "--url", url, secret, "env:SECRET", "--checkpoint", "cp",
                "--batch-events", "50", "--retry-base", "0.01", "--in-flight", "2"]

    def rotate(self):
        if self.kind == "rotated" and os.path.exists("out.jsonl"):
            self.rotations += 1
            os.rename("out.jsonl", f"out.jsonl.{self.rotations:04}")

    def files(self):
        renamed = [f"out.jsonl.{number:04}" for number in range(1, self.rotations + 1)]
        return renamed + (["out.jsonl"] if os.path.exists("out.jsonl") else [])

    def size(self):
        """Something that grows with what arrives."""
        path = "received/stored.jsonl" if self.receiver else "out.jsonl"
        return os.path.getsize(path) if os.path.exists(path) else 0

    def close(self):
        if self.receiver:
            self.receiver.terminate()
            self.receiver.wait()


def wait_before_kill(chance, target):
    """Lets it run for a moment, or until it has just written something."""
    if chance.random() < 0.4:
        before, deadline = target.size(), time.monotonic() + 0.3
        while target.size() == before and time.monotonic() < deadline:
            time.sleep(0.0002)
        time.sleep(chance.choice((0, 0, 0.0005, 0.002)))
    else:
        time.sleep(chance.uniform(0.005, 0.15))


def check_stored(kind, count):
    name = "event_id" if kind == "hec" else "id"
    stored = [int(json.loads(line)["record"]["event"][name])
              for line in pathlib.Path("received/stored.jsonl").read_text().splitlines()]
    missing = set(range(1, count + 1)) - set(stored)
    if missing:
        fail(f"{kind}: missing {sorted(missing)[:10]}")
    if kind == "bulk" and len(stored) != count:
        fail(f"{kind}: {len(stored) - count} documents are there twice")
    return len(stored) - count


def check(target, writer):
    """Holds what has arrived against what was written; gives a word on it."""
    count = writer.count
    if target.receiver:
        return f"{check_stored(target.kind, count)} stored again"
    expected = list(range(1, count + 1))
    if target.kind == "filtered":
        expected = [number for number in expected if number % 3 != 2]
    if target.kind == "several":
        expected = [number for number in expected for _ in range(number % 4)]
    if target.kind == "refused":
        dead = {int(json.loads(line)["event_id"]) for line in pathlib.Path("dead.jsonl").read_text().splitlines()}
        check_once(sorted(dead), [number for number in expected if number % 7 == 3], "dead letter")
        expected = [number for number in expected if number % 7 != 3]
    check_once(read_ids(target.files()), expected, target.kind)
    return f"{len(target.files())} file(s)"


# One call in so many fails.
RANDOM_FAULTS = "write out.jsonl ENOSPC ~6 1 short;fsync out.jsonl EIO ~9 1;rename cp EIO ~9 1;fsync cp.new EIO ~9 1"


def main(program, library, kind, kills=210, seed=None):
    seed = int(seed) if seed else random.randrange(1 << 32)
    print(f"{kind}: seed {seed}", flush=True)
    chance, target = random.Random(seed), Target(kind, program)
    writer = Writer("r.db", seed)
    environment = {**no_proxy(), "SECRET": "crash-secret"}
    follower = Follower(program, "r.db", target.arguments(), environment=environment)
    if kind == "faulty":
        follower.environment = {**environment, "LD_PRELOAD": library, "FAULTS": RANDOM_FAULTS}
    writer.start()
    for _ in range(int(kills)):
        follower.start()
        if chance.random() < 0.1:
            target.rotate()
        wait_before_kill(chance, target)
        if chance.random() < 0.1:
            target.rotate()
        follower.kill()
        if chance.random() < 0.05:
            target.rotate()
    writer.stop()
    follower.environment = environment
    follower.start_and_wait()
    wait_until(lambda: position("cp") == writer.count, f"the checkpoint at {writer.count}", 60)
    follower.stop()
    word = check(target, writer)
    target.close()
    if follower.kills != int(kills):
        fail(f"only {follower.kills} kills")
    print(f"{kind}: {follower.kills} kills, {writer.count} events, {word}")


if __name__ == "__main__":
    path, library = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(path, library, *sys.argv[3:])
