#!/usr/bin/env python3
"""2,000 events a second for as long as it is told, into a file that is rotated and into an index, by one process:
memory and files stay as they are, nothing lags behind, and every event is there once.

Usage: soak.py PROGRAM [SECONDS]      (10 s at least, 60 when not told; 600 show what a minute does not)
"""
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from follower import Follower, check_once, fail, make_registry, no_proxy, position, read_ids, receiver, wait_until

RATE, BURST = 2000, 20
MOST_LAG = 2 * RATE  # events: what is recorded within two seconds
MOST_GROWTH = 1.1

SCRIPT = """local siem = require "oversight.siem"
local source = { path = "r.db", registry_id = "reg" }
return {
  siem.pipeline { name = "file", source = source, format = "ecs", sink = "out.jsonl", follow = true, checkpoint = "file.cp" },
  siem.pipeline { name = "index", source = source, format = "ecs", follow = true, checkpoint = "index.cp",
    sink = assert(siem.sink.elastic { url = "URL" }) },
}"""


class Recorder(threading.Thread):
    """A registry's writer at a steady rate, which deletes nothing and never waits for its readers."""

    def __init__(self, seconds):
        super().__init__(daemon=True)
        self.seconds, self.count = seconds, 0

    def run(self):
        connection = sqlite3.connect("r.db", timeout=30)
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < self.seconds:
            while self.count < now * RATE:
                with connection:
                    connection.executemany(
                        "INSERT INTO events (token_id, kind, user_agent, extra, timestamp) VALUES (?, 'dns', ?, ?, ?)",
                        [(f"token-{self.count + i}", "Mozilla/5.0 (X11; Linux x86_64)", '{"qtype": "A"}', int(time.time()))
                         for i in range(BURST)])
                self.count += BURST
            time.sleep(BURST / RATE / 2)
        connection.close()


def resident(pid):
    """KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def largest_lag():
    found = re.findall(r'^oversight_siem_lag_events\{[^}]*\} (\d+)', pathlib.Path("m.prom").read_text(), re.M)
    return max(map(int, found), default=0)


def rotate(rotations):
    if os.path.exists("out.jsonl"):
        os.rename("out.jsonl", f"out.jsonl.{len(rotations):05}")
        rotations.append(f"out.jsonl.{len(rotations):05}")


def observe(follower, recorder, seconds, rotations):
    """Until the writer ends. Gives memory after a sixth of the time, the most files open in the sixth that follows (a checkpoint
    and the numbers are new files for a moment, so that one look can miss them), and the largest lag since."""
    pid, begin, memory, files, lag = follower.process.pid, time.monotonic(), None, 0, 0
    warm = min(seconds / 6, 60)
    while recorder.is_alive():
        time.sleep(0.5)
        if follower.process.poll() is not None:
            fail(f"it ended: {follower.said()[-2000:]}")
        if int(time.monotonic() - begin) % 7 == 6 and len(rotations) < (time.monotonic() - begin) // 7:
            rotate(rotations)
        if time.monotonic() - begin < warm:
            continue
        memory = memory or resident(pid)
        if time.monotonic() - begin < 2 * warm:
            files = max(files, open_files(pid))
        lag = max(lag, largest_lag())
    return (memory, files), lag


def main(program, seconds=60):
    make_registry("r.db")
    target, url = receiver("bulk")
    pathlib.Path("soak.lua").write_text(SCRIPT.replace("URL", url))
    follower = Follower(program, "r.db", [], environment=no_proxy())
    follower.command = [program, "run", "--metrics", "m.prom", "soak.lua"]
    follower.start_and_wait()
    wait_until(lambda: os.path.exists("m.prom"), "the numbers")
    rotations, recorder = [], Recorder(float(seconds))
    recorder.start()
    early, lag = observe(follower, recorder, float(seconds), rotations)
    for checkpoint in ("file.cp", "index.cp"):
        wait_until(lambda: position(checkpoint) == recorder.count, f"{checkpoint} at {recorder.count}", 30)
    late = resident(follower.process.pid)
    wait_until(lambda: open_files(follower.process.pid) <= early[1],
               f"no more than {early[1]} files open, as early")
    follower.stop()
    target.terminate()
    target.wait()
    files = [name for name in (*rotations, "out.jsonl") if os.path.exists(name)]
    check_once(read_ids(files), list(range(1, recorder.count + 1)), "the files")
    stored = pathlib.Path("received/stored.jsonl").read_bytes().count(b"\n")
    print(f"{recorder.count} events in {seconds} s, {len(rotations)} rotations; memory {early[0]} KiB early, {late} KiB late; "
          f"at most {early[1]} files open early, and no more late; largest lag {lag} events; {stored} documents")
    if stored != recorder.count:
        fail("the index has not every event once")
    if recorder.count < RATE * float(seconds) * 0.95:
        fail("the writer was held up")
    if late > MOST_GROWTH * early[0]:
        fail("memory grew")
    if lag > MOST_LAG:
        fail("it lags behind")


if __name__ == "__main__":
    path = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(path, *sys.argv[2:])
