"""What the tests of following share: a registry with a writer beside it, and the program, to be killed."""
import collections
import gzip
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

SCHEMA = """CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT,
  recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
  timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);"""


# Formats of a site. Events of kind ocsp make no line; those without a file_id are refused; of several, an event
# makes as many lines as its id says, modulo 4.
FORMATS = {
    "filtered": """local siem = require "oversight.siem"
return require "oversight.formats.ecs":extend "filtered" {
  { "labels.kept", with = function(_, event) return event.event_kind == "ocsp" and siem.drop or "yes" end } }""",
    "refused": """return require "oversight.formats.ecs":extend "refused" {
  { "labels.file", from = "file_id", required = true } }""",
    "several": """local siem = require "oversight.siem"
return siem.format.from_function("several", function(event)
  local records = {}
  for part = 1, math.tointeger(event.event_id) % 4 do
    records[part] = { event = { id = event.event_id, part = part }, agent = event.user_agent } end
  return siem.array(records)
end)""",
}


def no_proxy():
    """The environment without what leads requests elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def fail(text):
    print("FAILED:", text, file=sys.stderr)
    sys.exit(1)


def wait_until(condition, what, seconds=30, pause=0.005):
    """Waits for a condition, and fails when it never comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            fail(f"never so: {what}")
        time.sleep(pause)


def make_registry(path, mode="WAL"):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.executescript(SCHEMA)
    connection.close()


def add_events(registry, count, first=0):
    """Adds so many events, each committed by itself, to a file or over a connection."""
    connection = sqlite3.connect(registry, isolation_level=None, timeout=10) if isinstance(registry, str) else registry
    for number in range(first + 1, first + count + 1):
        connection.execute("INSERT INTO events (token_id, kind, timestamp) VALUES (?, 'dns', ?)",
                           (f"token-{number}", 1700000000 + number))
    if isinstance(registry, str):
        connection.close()


class Writer(threading.Thread):
    """Adds events at random rates, with checkpoints of the write-ahead log now and then."""

    def __init__(self, path, seed, pace=1.0, first=0, make=True):
        super().__init__(daemon=True)
        self.path, self.random, self.pace = path, random.Random(seed), pace
        self.stopped, self.count = threading.Event(), first
        if make:
            make_registry(path)

    def row(self):
        self.count += 1
        number, odd = self.count, self.count % 7 == 3
        agent = "x" * self.random.choice((0, 10, 40, 400, 3000)) + '"\\\u2028'
        return (f"token-{number}", None if odd else f"file-{number}", ("dns", "http_img", "ocsp")[number % 3],
                agent, '{"qtype": "A"}', 1700000000 + number)

    def add(self, connection, count):
        with connection:
            connection.executemany(
                "INSERT INTO events (token_id, file_id, kind, user_agent, extra, timestamp) VALUES (?, ?, ?, ?, ?, ?)",
                [self.row() for _ in range(count)])

    def run(self):
        connection = sqlite3.connect(self.path, timeout=30)
        while not self.stopped.is_set():
            self.add(connection, self.random.choice((1, 1, 1, 2, 5, 20, 100)))
            if self.random.random() < 0.05:
                mode = self.random.choice(("PASSIVE", "FULL", "RESTART", "TRUNCATE"))
                connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            self.stopped.wait(self.random.choice((0, 0.001, 0.005, 0.02, 0.1)) * self.pace)
        connection.close()

    def stop(self):
        self.stopped.set()
        self.join()


def receiver(kind, *options):
    """A target on loopback, which stores into the folder `received`: its process and its URL."""
    script = pathlib.Path(__file__).resolve().parent.parent / "delivery" / "receiver.py"
    process = subprocess.Popen([sys.executable, script, kind, "--folder", "received", *options], stdout=subprocess.PIPE, text=True,
                               env=no_proxy())
    return process, f"http://127.0.0.1:{process.stdout.readline().split()[1]}"


class Follower:
    """The program, following; started and killed as often as the test likes."""

    def __init__(self, program, registry, arguments, log="log", environment=None):
        self.command = [program, "export", "--db", registry, "--registry-id", "reg", "--follow", *arguments]
        self.log = open(log, "a")
        self.environment = environment or no_proxy()
        self.process, self.kills = None, 0

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.log, env=self.environment)

    def start_and_wait(self):
        """Until it follows: from then on it ends well when it is asked to."""
        before = self.said().count("msg=following")
        self.start()
        wait_until(lambda: self.said().count("msg=following") > before or self.process.poll() is not None, "it follows")

    def said(self):
        return pathlib.Path(self.log.name).read_text()

    def kill(self):
        """SIGKILL, which must have been what ended it."""
        self.process.send_signal(signal.SIGKILL)
        status = self.process.wait()
        if status != -signal.SIGKILL:
            fail(f"it had ended by itself with status {status}: {self.said()[-2000:]}")
        self.kills += 1

    def stop(self, expected=0):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        if status != expected:
            fail(f"ended with status {status}: {self.said()[-2000:]}")


def position(checkpoint):
    """The last id of a checkpoint; 0 when it is not there."""
    try:
        return json.loads(pathlib.Path(checkpoint).read_text())["last_id"]
    except FileNotFoundError:
        return 0


def read_ids(paths):
    """The event ids of ECS lines, in order. A torn line fails."""
    ids = []
    for path in paths:
        opener = gzip.open if str(path).endswith(".gz") else open
        with opener(path, "rb") as file:
            data = file.read()
        if data and not data.endswith(b"\n"):
            fail(f"{path} ends within a line")
        for number, line in enumerate(data.splitlines(), 1):
            try:
                ids.append(int(json.loads(line)["event"]["id"]))
            except (ValueError, KeyError) as problem:
                fail(f"{path}, line {number}: {problem}: {line[:200]}")
    return ids


def check_once(ids, expected, what):
    """Every id once, in order."""
    if ids == expected:
        return
    there, wanted = collections.Counter(ids), collections.Counter(expected)
    fail(f"{what}: missing {sorted((wanted - there).elements())[:10]}, too many {sorted((there - wanted).elements())[:10]}, "
         f"in order: {ids == sorted(ids)}")
