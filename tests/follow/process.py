#!/usr/bin/env python3
"""An exporter as a process: it moves on where nothing is written, ends when it is told to, and keeps its streams apart.

Usage: process.py PROGRAM [CASE]
"""
import http.server
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import cases
from follower import FORMATS, Follower, add_events, check_once, fail, make_registry, no_proxy, position, read_ids, receiver, wait_until

FILE = ["--output", "out.jsonl", "--checkpoint", "cp"]
LEAVES_OUT = """local siem = require "oversight.siem"
return require "oversight.formats.ecs":extend "slow" {
  { "labels.x", with = function(_, event)
      for _ = 1, 3000 do end
      if event.event_id ~= "1" then return siem.drop end
    end } }"""


def add_many(count, token="t"):
    make_registry("r.db")
    connection = sqlite3.connect("r.db")
    with connection:
        connection.executemany("INSERT INTO events (token_id, kind, timestamp) VALUES (?, 'dns', ?)",
                               [(token, 1700000000 + i) for i in range(count)])
    connection.close()


def lines(path="out.jsonl"):
    return pathlib.Path(path).read_bytes().count(b"\n") if os.path.exists(path) else 0


def left_out(program):
    """Events that a format leaves out are dealt with: it moves on, can be asked to stop, and says where it is."""
    add_many(100000)
    pathlib.Path("slow.lua").write_text(LEAVES_OUT)
    follower = Follower(program, "r.db", ["--format", "./slow.lua", *FILE, "--metrics", "m.prom"])
    follower.start_and_wait()
    wait_until(lambda: lines() == 1, "the one that is kept does not wait for others")
    wait_until(lambda: position("cp") > 1000, "the checkpoint moves while nothing is written")
    wait_until(lambda: re.search(r"events_dropped_total[^ ]* [1-9]", pathlib.Path("m.prom").read_text()), "its numbers")
    follower.stop()
    reached = position("cp")
    if reached >= 100000:
        fail("it was done before anyone could look")
    follower.start_and_wait()
    wait_until(lambda: position("cp") > reached, "it goes on where it was")
    follower.stop()
    check_once(read_ids(["out.jsonl"]), [1], "the file")


def since(program):
    """What is older than --since is passed over, also when it comes later."""
    make_registry("r.db")
    add_events("r.db", 50)
    follower = Follower(program, "r.db", ["--format", "ecs", *FILE, "--since", str(1700000000 + 60)])
    follower.start_and_wait()
    add_events("r.db", 20, first=50)
    wait_until(lambda: lines() == 11, "11 lines")
    follower.stop()
    check_once(read_ids(["out.jsonl"]), list(range(60, 71)), "the file")


def stalled_reader(program):
    """A reader of standard output that stands still does not keep the process for ever."""
    add_many(2000, "x" * 2000)
    process = subprocess.Popen([program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--follow"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(1)
    process.terminate()
    if process.wait(timeout=40) != 1 or b"did not end in time" not in process.stderr.read():
        fail(f"ended with {process.returncode}")


def closed_streams(program):
    """Without a standard error, what is logged goes nowhere, and not into the file."""
    make_registry("r.db")
    add_events("r.db", 3)
    process = subprocess.Popen(["sh", "-c", 'exec "$0" export --db r.db --registry-id reg --format ecs --output out.jsonl '
                                "--follow --checkpoint cp 2>&- <&-", program])
    wait_until(lambda: position("cp") == 3, "the checkpoint")
    process.terminate()
    process.wait(timeout=30)
    check_once(read_ids(["out.jsonl"]), [1, 2, 3], "the file")


def refused_once(program):
    """However often a target that is down is tried, an event that is refused stands in the dead letter once."""
    pathlib.Path("refused.lua").write_text(FORMATS["refused"])
    make_registry("r.db")
    add_events("r.db", 6)
    connection = sqlite3.connect("r.db", isolation_level=None)
    connection.execute("UPDATE events SET file_id = 'f' WHERE id % 2 = 0")
    follower = Follower(program, "r.db", [
        "--format", "./refused.lua", "--to", "elastic", "--url", "http://127.0.0.1:9", "--retries", "0", "--retry-base", "0.01",
        "--checkpoint", "cp", "--dead-letter", "dead.jsonl", "--metrics", "m.prom"], environment=no_proxy())
    follower.start_and_wait()
    wait_until(lambda: os.path.exists("m.prom") and int(re.search(
        r"events_read_total[^ ]* (\d+)", pathlib.Path("m.prom").read_text()).group(1)) >= 18, "three attempts", 40)
    refused = re.search(r"events_refused_total[^ ]* (\d+)", pathlib.Path("m.prom").read_text()).group(1)
    follower.kill()
    if lines("dead.jsonl") != 3 or refused != "3":
        fail(f"{lines('dead.jsonl')} dead letters, and {refused} counted")


def rejected_stop(program):
    """A target rejects an event, and that ends the export: what it took before is not sent again at the next start."""
    make_registry("r.db")
    add_events("r.db", 20)
    sqlite3.connect("r.db", isolation_level=None).execute("UPDATE events SET user_agent = 'poison' WHERE id = 11")
    target, url = receiver("hec")
    command = [program, "export", "--db", "r.db", "--registry-id", "reg", "--to", "splunk", "--url", url, "--token",
               "env:SECRET", "--checkpoint", "cp", "--batch-events", "10", "--in-flight", "1"]
    for _ in range(3):
        ended = subprocess.run(command, env={**no_proxy(), "SECRET": "s"}, capture_output=True, text=True)
        if ended.returncode != 1 or "event 11: splunk rejects it" not in ended.stderr:
            fail(f"ended with {ended.returncode}: {ended.stderr}")
    target.terminate()
    target.wait()
    stored = [int(json.loads(line)["record"]["event"]["event_id"])
              for line in pathlib.Path("received/stored.jsonl").read_text().splitlines()]
    if position("cp") != 10 or [stored.count(number) for number in range(1, 11)] != [1] * 10:
        fail(f"the position is {position('cp')}, and stored is {stored}")


def first_start(program):
    """Where nothing is yet, nothing is amiss: no warning, with a checkpoint, a dead letter and numbers."""
    make_registry("r.db")
    add_events("r.db", 3)
    files = [*FILE, "--dead-letter", "dead.jsonl", "--metrics", "m.prom"]
    follower = Follower(program, "r.db", ["--format", "ecs", *files])
    follower.start_and_wait()
    wait_until(lambda: position("cp") == 3, "the checkpoint")
    follower.stop()
    ended = subprocess.run([program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--output", "once.jsonl",
                            "--checkpoint", "once.cp", "--dead-letter", "once.dead"], capture_output=True, text=True)
    for said in (follower.said(), ended.stderr):
        if "warning" in said or "twice" in said or "error" in said:
            fail(f"a first start says: {said}")
    if ended.returncode:
        fail(f"ended with {ended.returncode}: {ended.stderr}")


class Slow(http.server.BaseHTTPRequestHandler):
    """A target that takes its time."""
    SECONDS = 0.3

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def latency(program):
    """The histogram of batches, one after the other: their sum is the time that the target took, and its buckets add up."""
    make_registry("r.db")
    target = http.server.HTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    began = time.monotonic()
    follower = Follower(program, "r.db", ["--format", "ecs", "--output", f"http://127.0.0.1:{target.server_port}",
                                          "--checkpoint", "cp", "--batch-events", "1",
                                          "--in-flight", "1", "--metrics", "m.prom"])
    follower.start_and_wait()
    for events in range(1, 5):
        add_events("r.db", 1, first=events - 1)
        wait_until(lambda: number("batch_latency_seconds_count") == events, f"batch {events}")
    took = time.monotonic() - began
    follower.stop()
    total = number("batch_latency_seconds_sum")
    if not 4 * Slow.SECONDS <= total <= took:
        fail(f"four batches of {Slow.SECONDS} s each: {total} s, of {took} s that were measured")
    buckets = [(float(limit), int(count)) for limit, count in re.findall(
        r'batch_latency_seconds_bucket{[^}]*le="([0-9.]+|\+Inf)"} (\d+)', pathlib.Path("m.prom").read_text().replace("+Inf", "inf"))]
    counts = [count for _, count in buckets]
    if counts != sorted(counts) or counts[-1] != 4 or any(count for limit, count in buckets if limit < Slow.SECONDS):
        fail(f"the buckets are {buckets}")


def number(name):
    """A number of m.prom; None when it is not there."""
    text = pathlib.Path("m.prom").read_text() if os.path.exists("m.prom") else ""
    found = re.search(rf"^oversight_siem_{name}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def descriptors(process):
    """How many it has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def reopened(program):
    """However often it opens again, after a rotation, a reload or a connection that broke: it keeps no descriptor."""
    make_registry("r.db")
    add_events("r.db", 1)
    pathlib.Path("plan.json").write_text(json.dumps(["reset", None] * 40))
    target, url = receiver("plain", "--plan", "plan.json")
    pathlib.Path("both.lua").write_text(f"""local siem = require "oversight.siem"
local function pipeline(name, sink)
  return siem.pipeline {{ name = name, source = {{ path = "r.db", registry_id = "reg" }}, format = "ecs", sink = sink,
                         follow = true, checkpoint = name .. ".cp" }}
end
return {{ pipeline("file", "out.jsonl"),
         pipeline("http", siem.sink.http {{ url = "{url}", retry_base = 0.01, retry_cap = 0.01, retries = 5 }}) }}
""")
    log = open("log", "w")
    process = subprocess.Popen([program, "run", "both.lua"], stdout=subprocess.DEVNULL, stderr=log, env=no_proxy())
    connection = sqlite3.connect("r.db", isolation_level=None, timeout=30)
    counted, events = [], 1
    for turn in range(10):
        add_events(connection, 1, first=events)
        events += 1
        wait_until(lambda: position("file.cp") == events and position("http.cp") == events,
                   f"{events} events: {pathlib.Path('log').read_text()[-1500:]}", 60)
        counted.append(descriptors(process))
        os.rename("out.jsonl", f"out.jsonl.{turn}")
        process.send_signal(signal.SIGHUP)
    # What is about to be reloaded is open twice; ten times of anything would be more.
    wait_until(lambda: descriptors(process) <= counted[0] + 3, f"what it opened again is closed: {counted}", 60)
    process.terminate()
    status = process.wait(timeout=60)
    target.terminate()
    target.wait()
    if status:
        fail(f"ended with {status}: {pathlib.Path('log').read_text()[-1500:]}")


def main(arguments):
    cases.main({"events that are left out": left_out, "old events": since, "a reader that stands still": stalled_reader,
                "closed streams": closed_streams, "an event that is refused": refused_once,
                "an event that is rejected": rejected_stop, "a first start": first_start, "the time of batches": latency,
                "what is opened again": reopened}, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
