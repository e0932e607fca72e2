#!/usr/bin/env python3
"""The checkpoint moves up to the first event that is not confirmed, and as far as that: beside requests in flight, dropped
events, a target that is down and a registry that is locked.

Usage: in_flight.py PROGRAM [CASE]
"""
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys

import cases
from follower import Follower, add_events, fail, make_registry, no_proxy, position, wait_until

RECEIVER = pathlib.Path(__file__).resolve().parents[1] / "delivery" / "receiver.py"
# Events whose token ends in "-dropped" make no record.
FORMAT = """local siem = require "oversight.siem"
return require "oversight.formats.%s":extend "some" {
  { "labels.kept", with = function(_, event) return event.token_id:find "dropped$" and siem.drop or "yes" end } }"""


class Target:
    """A receiver on a port of its own, which may be down; `plan` has a fault for each request."""

    def __init__(self, kind):
        self.kind, self.process = kind, None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.runs = 0

    def start(self, plan=()):
        self.runs += 1
        pathlib.Path("plan.json").write_text(json.dumps(list(plan)))
        self.process = subprocess.Popen([sys.executable, RECEIVER, self.kind, "--folder", f"received-{self.runs}", "--port",
                                         str(self.port), "--plan", "plan.json", "--life", "300"], stdout=subprocess.PIPE, text=True,
                                        env=no_proxy())
        if not self.process.stdout.readline().startswith("port "):
            fail("no receiver")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def lines(self, name):
        files = [pathlib.Path(f"received-{run}/{name}.jsonl") for run in range(1, self.runs + 1)]
        return [json.loads(line) for file in files if file.exists() for line in file.read_text().splitlines()]

    def stored(self):
        """The ids of the records that are stored, over all runs."""
        return [int(re.search(r'"(?:event_id|id)": "(\d+)"', json.dumps(line["record"]["event"]))[1])
                for line in self.lines("stored")]

    def arguments(self):
        to, secret = ("splunk", "--token") if self.kind == "hec" else ("elastic", "--api-key")
        pathlib.Path("some.lua").write_text(FORMAT % ("splunk" if to == "splunk" else "ecs"))
        return ["--to", to, "--url", f"http://127.0.0.1:{self.port}", secret, "env:SECRET", "--format", "./some.lua", "--checkpoint",
                "cp", "--retry-base", "0.05", "--retry-cap", "0.2", "--metrics", "numbers", "--retries", "1000000"]


def follow(program, target, *options):
    follower = Follower(program, "r.db", [*target.arguments(), *options], environment={**no_proxy(), "SECRET": "flight-secret"})
    follower.start_and_wait()
    return follower


def number(name):
    """One of the program's numbers; 0 while there are none."""
    try:
        found = re.search(rf"^oversight_siem_{name}\{{[^}}]*\}} (\S+)$", pathlib.Path("numbers").read_text(), re.MULTILINE)
    except FileNotFoundError:
        return 0
    return float(found[1]) if found else 0


def add_dropped(count, first):
    connection = sqlite3.connect("r.db", timeout=10)
    with connection:
        connection.executemany("INSERT INTO events (id, token_id, kind, timestamp) VALUES (?, ?, 'dns', 1700000000)",
                               [(id, f"token-{id}-dropped") for id in range(first + 1, first + count + 1)])
    connection.close()


def expect_stored(target, expected):
    wait_until(lambda: sorted(set(target.stored())) == expected, f"{expected} are stored, there are {target.stored()[:20]}", 60, 0.05)


def held(program, kind):
    """A receiver holds its answer; all later events are dropped, and the exporter is killed: nothing is lost."""
    make_registry("r.db")
    target = Target(kind)
    add_events("r.db", 4)
    add_dropped(6000, 4)
    target.start([None, "hang"])
    follower = follow(program, target, "--batch-events", "2", "--in-flight", "1")
    wait_until(lambda: any(line.get("fault") == "hang" for line in target.lines("requests")), "the request is there", 60)
    wait_until(lambda: number("events_dropped_total") == 6000, f"later events are read: {follower.said()}", 60, 0.05)
    if position("cp") != 2:
        fail(f"the checkpoint is at {position('cp')}, and the answer to events 3 and 4 is not there")
    follower.kill()
    target.stop()
    target.start()
    follower.start_and_wait()
    expect_stored(target, [1, 2, 3, 4])
    wait_until(lambda: position("cp") == 6004, "the checkpoint at 6004", 60)
    follower.stop()
    target.stop()


def down(program):
    """Events that are confirmed right before the target goes down are saved while it is down."""
    make_registry("r.db")
    target = Target("hec")
    add_events("r.db", 30)
    target.start([None] * 20 + [{"status": 503}] * 100000)
    follower = follow(program, target, "--batch-events", "1", "--in-flight", "1")
    wait_until(lambda: position("cp") == 20, f"the checkpoint at 20 while the target is down: {follower.said()}", 60)
    wait_until(lambda: "retrying_since" in pathlib.Path("cp").read_text(), "the outage in the checkpoint", 60)
    follower.kill()
    target.stop()
    target.start()
    follower.start_and_wait()
    wait_until(lambda: position("cp") == 30, "the checkpoint at 30", 60)
    follower.stop()
    if target.stored() != list(range(1, 31)):
        fail(f"stored: {target.stored()}")
    target.stop()


def dropped(program):
    """A stretch of 10,000 dropped events: the checkpoint goes with it, and no request is made."""
    make_registry("r.db")
    target = Target("bulk")
    target.start()
    add_events("r.db", 1)
    add_dropped(10000, 1)
    follower = follow(program, target)
    wait_until(lambda: position("cp") == 10001, f"the checkpoint at 10001, not {position('cp')}", 60)
    add_dropped(10000, 10001)
    wait_until(lambda: position("cp") == 20001, f"the checkpoint at 20001, not {position('cp')}", 60)
    follower.kill()
    follower.start_and_wait()
    wait_until(lambda: number("last_id") == 20001, "it goes on from there", 60)
    if number("events_read_total"):
        fail(f"{number('events_read_total')} events were read again")
    add_events("r.db", 1, 20001)
    expect_stored(target, [1, 20002])
    follower.stop()
    target.stop()


def together(program):
    """The registry is locked while the target is down, and each comes back on its own: nothing is lost or stored twice."""
    make_registry("r.db", mode="DELETE")
    target = Target("bulk")
    target.start()
    add_events("r.db", 10)
    follower = follow(program, target, "--batch-events", "3")
    wait_until(lambda: position("cp") == 10, "the first events", 60)
    count = 10
    for first_back in ("registry", "target"):
        target.stop()
        add_events("r.db", 5, count)
        wait_until(lambda: number("retrying") == 1, f"it says that the target is down: {follower.said()}", 60, 0.05)
        add_events("r.db", 5, count + 5)
        lock = sqlite3.connect("r.db", isolation_level=None, timeout=30)
        lock.execute("BEGIN EXCLUSIVE")
        said = follower.said().count("locked")
        if first_back == "registry":
            before = number("requests_retried_total")
            wait_until(lambda before=before: number("requests_retried_total") > before, "both fail", 60, 0.05)
            lock.execute("COMMIT")
            target.start()
        else:
            target.start()
            wait_until(lambda said=said: follower.said().count("locked") > said, f"it says so: {follower.said()}", 60, 0.05)
            lock.execute("COMMIT")
        lock.close()
        count += 10
        wait_until(lambda count=count: position("cp") == count, f"the checkpoint at {count}: {follower.said()}", 90, 0.05)
        if sorted(target.stored()) != list(range(1, count + 1)):
            fail(f"stored: {sorted(target.stored())}")
    follower.stop()
    target.stop()


def main(arguments):
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    cases.main({"held by HEC": lambda program: held(program, "hec"), "held by _bulk": lambda program: held(program, "bulk"),
                "down": down, "dropped": dropped, "together": together}, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
