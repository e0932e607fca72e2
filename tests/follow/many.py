#!/usr/bin/env python3
"""Many registries in one process: each with its identity, its checkpoint and its label; none waits for another one.

Usage: many.py PROGRAM [CASE]
"""
import http.server
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading

import cases
from follower import Follower, add_events, check_once, fail, make_registry, no_proxy, position, read_ids, receiver, wait_until

PATTERN = "*/registry.sqlite"
OUTPUT = ["--format", "ecs", "--output", "{registry_id}.jsonl"]


def database(name):
    return f"{name}/registry.sqlite"


def make(name, count=0, identity=True):
    """A registry in a folder of its own, as its program has it."""
    os.makedirs(name, exist_ok=True)
    make_registry(database(name))
    add_events(database(name), count)
    if identity:
        pathlib.Path(name, "identity.json").write_text(json.dumps({"ed25519_priv": "secret", "ed25519_pub": f"id-{name}"}))


def lines(name):
    path = pathlib.Path(f"id-{name}.jsonl")
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(**counts):
    for name, count in counts.items():
        wait_until(lambda: lines(name) >= count, f"{count} lines of {name}")


def check_all(**counts):
    for name, count in counts.items():
        check_once(read_ids([f"id-{name}.jsonl"]), list(range(1, count + 1)), name)
        with open(f"id-{name}.jsonl") as file:
            if any(json.loads(line)["oversight"]["registry_id"] != f"id-{name}" for line in file):
                fail(f"another registry's line among those of {name}")
        if position(database(name) + ".checkpoint") != count:
            fail(f"the checkpoint of {name} is {position(database(name) + '.checkpoint')}")


class Many(Follower):
    def __init__(self, program, arguments, *paths):
        super().__init__(program, "", arguments)
        named = [word for path in paths or (PATTERN,) for word in ("--db", path)]
        self.command = [program, "export", *named, "--follow", *arguments]

    def wait_for_log(self, text):
        wait_until(lambda: text in self.said(), f"'{text}' in the log")

    def reload(self, expected):
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_log(expected)


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, env=no_proxy())
    if "secret" in done.stdout + done.stderr:
        fail(f"the private key is shown: {done.stdout}{done.stderr}")
    return done


def expect(done, status, *words):
    if done.returncode != status:
        fail(f"status {done.returncode} instead of {status}: {done.stdout}{done.stderr}")
    for word in words:
        if word not in done.stdout + done.stderr:
            fail(f"'{word}' is not in: {done.stdout}{done.stderr}")


def ordinary(program):
    """Each once, through a stop and a kill, with numbers of its own."""
    for name, count in ("a", 3), ("b", 0), ("c", 5):
        make(name, count)
    follower = Many(program, [*OUTPUT, "--metrics", "m.prom"])
    follower.start_and_wait()
    wait_for_lines(a=3, c=5)
    add_events(database("b"), 2)
    add_events(database("a"), 2, first=3)
    wait_for_lines(a=5, b=2)
    follower.stop()
    check_all(a=5, b=2, c=5)
    numbers = pathlib.Path("m.prom").read_text()
    for name, count in ("a", 5), ("b", 2), ("c", 5):
        sample = f'oversight_siem_events_delivered_total{{pipeline="ecs",registry="{database(name)}"}} {count}\n'
        if sample not in numbers:
            fail(f"the numbers lack {sample}: {numbers[:2000]}")
    follower.start_and_wait()
    add_events(database("c"), 4, first=5)
    wait_for_lines(c=9)
    follower.kill()
    add_events(database("a"), 1, first=5)
    follower.start_and_wait()
    wait_for_lines(a=6)
    # Its lines are there from before; whether it had its turn since is told by the checkpoint.
    wait_until(lambda: position(database("c") + ".checkpoint") == 9, "the checkpoint of c")
    follower.stop()
    check_all(a=6, b=2, c=9)


def broken(program):
    """One that is no database, one without an identity and one that is gone: the others go on, and they join them."""
    for name in "a", "b", "c", "d":
        make(name, 1, identity=name != "c")
    os.rename(database("b"), "b/kept")
    pathlib.Path(database("b")).write_text("not a database, and longer than a header of one " * 4)
    follower = Many(program, OUTPUT)
    follower.start_and_wait()
    wait_for_lines(a=1, d=1)
    follower.wait_for_log("registry=b/registry.sqlite")
    follower.wait_for_log("registry=c/registry.sqlite")
    os.rename(database("d"), "d/moved")
    follower.wait_for_log("registry=d/registry.sqlite")
    add_events(database("a"), 3, first=1)
    wait_for_lines(a=4)
    os.rename("b/kept", database("b"))
    pathlib.Path("c/identity.json").write_text('{"ed25519_pub": "id-c"}')
    os.rename("d/moved", database("d"))
    add_events(database("d"), 1, first=1)
    wait_for_lines(b=1, c=1, d=2)
    follower.wait_for_log("works again, after")
    follower.stop()
    check_all(a=4, b=1, c=1, d=2)


def reload(program):
    """SIGHUP takes up what matches by then, and leaves what does not; what cannot be is refused."""
    make("a", 1)
    make("b", 1)
    follower = Many(program, [*OUTPUT, "--metrics", "m.prom"])
    follower.start_and_wait()
    wait_for_lines(a=1, b=1)
    make("c", 2)
    os.rename(database("b"), "b/other")
    follower.reload("msg=reloaded")
    wait_for_lines(c=2)
    make("d", 1)
    pathlib.Path("d/identity.json").write_text('{"ed25519_pub": "id-a"}')
    follower.reload("have one identity, id-a")
    follower.wait_for_log("not reloaded")
    add_events(database("a"), 1, first=1)
    add_events(database("c"), 1, first=2)
    wait_for_lines(a=2, c=3)
    follower.stop()
    check_all(a=2, c=3)
    if lines("b") != 1 or lines("d") != 0:
        fail("one that does not match was exported")
    if 'registry="a/registry.sqlite"} 2\n' not in pathlib.Path("m.prom").read_text():
        fail("what was counted before the reload is not counted")


def identities(program):
    """Given in order, or read; one of two is an error, before anything is written."""
    for name in "a", "b":
        make(name, 1, identity=False)
    given = ["export", "--db", database("a"), "--db", database("b"), *OUTPUT]
    expect(run(program, *given), 1, "the identity of 'a/registry.sqlite' is not known", "b/registry.sqlite: ")
    expect(run(program, *given, "--registry-id", "id-a"), 2, "once for each --db")
    expect(run(program, *given, "--registry-id", "id-a", "--registry-id", "id-a"), 1, "have one identity, id-a")
    expect(run(program, *given, "--registry-id", "id-a", "--registry-id", "../b"), 1, "cannot be part of a file's name")
    check_once(read_ids(["id-a.jsonl"]), [1], "a")
    expect(run(program, *given, "--registry-id", "id-a", "--registry-id", "id-b"), 0, "2 registries")
    check_all(a=1, b=1)
    pathlib.Path("a/registry.identity.json").write_text('{"ed25519_pub": "own"}')
    expect(run(program, "export", "--db", database("a"), "--format", "ecs"), 0, '"registry_id":"own"')
    expect(run(program, "export", "--db", database("b"), "--format", "ecs"), 2, "--registry-id ID is missing")
    expect(run(program, "export", "--db", "none/*.sqlite", *OUTPUT), 1, "no file matches 'none/*.sqlite'")
    os.symlink(os.path.abspath("a"), "link")
    os.unlink("a/registry.identity.json")
    for name in "a", "b":
        pathlib.Path(name, "identity.json").write_text(json.dumps({"ed25519_pub": f"id-{name}"}))
    expect(run(program, "export", "--db", PATTERN, "--db", database("link"), *OUTPUT), 0, "of 2 registries")


def once(program):
    """Without --follow: each with its checkpoint, a line for each and one for all, and the worst status."""
    for name, count in ("a", 2), ("b", 3):
        make(name, count)
    expect(run(program, "export", "--db", PATTERN, *OUTPUT), 0, "exported 2 event(s) as ecs from a/registry.sqlite",
           "exported 5 event(s) of 2 registries as ecs")
    add_events(database("b"), 1, first=3)
    expect(run(program, "export", "--db", PATTERN, *OUTPUT), 0, "nothing is new", "exported 1 event(s) of 2 registries")
    check_all(a=2, b=4)
    expect(run(program, "status", "--db", PATTERN), 0, "a/registry.sqlite: nothing", "2 registries: 0 with 0 event(s) left")
    add_events(database("a"), 1, first=2)
    expect(run(program, "status", "--db", PATTERN), 0, "a/registry.sqlite: 1 event(s)", "2 registries: 1 with 1 event(s) left")
    expect(run(program, "status", "--db", database("a")), 0, "Behind        1 event(s)")
    os.makedirs("own")
    elsewhere = ["export", "--db", PATTERN, "--format", "ecs", "--output", "-", "--checkpoint", "own"]
    expect(run(program, *elsewhere), 0, '"registry_id":"id-b"')
    if [position(f"own/id-{name}.checkpoint") for name in "ab"] != [3, 4]:
        fail("the checkpoints are not in the folder")
    expect(run(program, "status", "own", "--db", PATTERN), 0, "2 registries: 0 with")
    done = run(program, "status", "none", "--db", PATTERN, "--json")
    expect(done, 1)
    if [json.loads(line)["db"] for line in done.stdout.splitlines()] != [database("a"), database("b")]:
        fail(f"the status is {done.stdout}")
    expect(run(program, "export", "--db", PATTERN, "--format", "ecs", "--limit", "1", "--dead-letter", "d-{registry_id}"), 0,
           "exported 2 event(s) of 2 registries")
    for wrong in (["--output", "one.jsonl"], ["--checkpoint", "none.checkpoint"], ["--output", "{registry_id}", "--truncate"]):
        expect(run(program, "export", "--db", PATTERN, "--format", "ecs", *wrong), 2)
    sqlite3.connect(database("a")).execute("DROP TABLE events")
    make("c", 1)
    done = run(program, "export", "--db", PATTERN, *OUTPUT, "--log-format", "json")
    expect(done, 1)
    ends = [json.loads(line) for line in done.stderr.splitlines()]
    if [end.get("registry", "all") for end in ends if "mark" in end] != [database("b"), database("c"), "all"]:
        fail(f"the lines are {ends}")
    if ends[-1]["registries"] != 3 or ends[-1]["mark"] != "failed" or ends[-1]["exported"] != 1:
        fail(f"the last line is {ends[-1]}")


def order(program):
    """A backlog of one does not hold up another one: that has its turn after a part of it."""
    make("a")
    with sqlite3.connect(database("a")) as connection:
        connection.executemany("INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', ?)",
                               [(1700000000 + i,) for i in range(30000)])
    make("b", 1)
    target, url = receiver("plain")
    follower = Many(program, ["--format", "ecs", "--output", url])
    follower.start_and_wait()
    stored = pathlib.Path("received/stored.jsonl")
    wait_until(lambda: stored.exists() and stored.read_bytes().count(b"\n") == 30001, "all are stored", 60)
    follower.stop()
    target.terminate()
    target.wait()
    at = [number for number, line in enumerate(stored.open()) if '"id-b"' in line]
    if len(at) != 1 or at[0] > 10000:
        fail(f"the event of b is at {at}")


class Refusing(http.server.BaseHTTPRequestHandler):
    """A target whose set-up is wrong until it is fixed."""
    status, protocol_version = 401, "HTTP/1.1"
    asked, taken = 0, []

    def do_POST(self):
        Refusing.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.status == 200:
            self.taken.extend(record["oversight"]["registry_id"] for record in json.loads(body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def target(program):
    """A target that refuses is asked by all together no more often than by one; then nothing is missing."""
    for name in "abcdefgh":
        make(name, 1)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    follower = Many(program, ["--format", "ecs", "--output", f"http://127.0.0.1:{server.server_port}", "--metrics", "m.prom"])
    follower.start_and_wait()
    wait_until(lambda: Refusing.asked >= 3, "three attempts")
    wait_until(lambda: "oversight_siem_held" in pathlib.Path("m.prom").read_text(), "the numbers")
    if Refusing.asked > 8:
        fail(f"asked {Refusing.asked} times")
    Refusing.status = 200
    wait_until(lambda: len(set(Refusing.taken)) == 8, "all are taken", 60)
    follower.stop()
    server.shutdown()
    if sorted(Refusing.taken) != [f"id-{name}" for name in "abcdefgh"]:
        fail(f"taken: {Refusing.taken}")


def stopped(program):
    """SIGTERM while the target is down: it ends soon, and what was confirmed is saved."""
    for name in "a", "b", "c":
        make(name, 2)
    target, url = receiver("plain")
    follower = Many(program, ["--format", "ecs", "--output", url, "--checkpoint", "{registry_id}.checkpoint"])
    follower.start_and_wait()
    stored = pathlib.Path("received/stored.jsonl")
    wait_until(lambda: stored.exists() and stored.read_bytes().count(b"\n") == 6, "all are stored")
    target.kill()
    target.wait()
    add_events(database("b"), 1, first=2)
    follower.wait_for_log("trying again")
    follower.stop()
    if [position(f"id-{name}.checkpoint") for name in "abc"] != [2, 2, 2]:
        fail("what was confirmed is not saved")


def threads(program):
    """Several threads share the registries: each once, through a kill and a reload."""
    names = [f"r{number}" for number in range(9)]
    for name in names:
        make(name, 2)
    follower = Many(program, [*OUTPUT, "--jobs", "3", "--metrics", "m.prom"])
    follower.start_and_wait()
    wait_for_lines(**{name: 2 for name in names})
    follower.kill()
    follower.start_and_wait()
    for name in names:
        add_events(database(name), 1, first=2)
    wait_for_lines(**{name: 3 for name in names})
    make("new", 1)
    follower.process.send_signal(signal.SIGHUP)
    wait_for_lines(new=1)
    wait_until(lambda: pathlib.Path("m.prom").read_text().count("events_delivered_total{") == 10, "numbers of all", 60)
    follower.stop()
    check_all(**{name: 3 for name in names}, new=1)


def script(program):
    """A table in Lua, with identities that are given, beside a pipeline of one registry."""
    for name in "a", "b", "c":
        make(name, 1, identity=name == "b")
    pathlib.Path("two.lua").write_text("""local siem = require "oversight.siem"
return {
  siem.pipeline { name = "many", format = "ecs", sink = "{registry_id}.jsonl", follow = true, source = { registries = {
    { path = "a/registry.sqlite", registry_id = "id-a" }, "b/*.sqlite" } } },
  siem.pipeline { name = "one", format = "ecs", sink = "id-c.jsonl", follow = true, checkpoint = "c/registry.sqlite.checkpoint",
    source = { path = "c/registry.sqlite", registry_id = "id-c" } },
}""")
    follower = Many(program, [])
    follower.command = [program, "run", "--metrics", "m.prom", "two.lua"]
    follower.start_and_wait()
    wait_for_lines(a=1, b=1, c=1)
    add_events(database("a"), 1, first=1)
    wait_for_lines(a=2)
    wait_until(lambda: '{pipeline="many",registry="a/registry.sqlite"} 2\n' in pathlib.Path("m.prom").read_text(), "its numbers")
    follower.stop()
    check_all(a=2, b=1, c=1)
    pathlib.Path("wrong.lua").write_text("""local siem = require "oversight.siem"
return siem.pipeline { format = "ecs", sink = "one.jsonl", source = { registries = { "*/registry.sqlite" } } }""")
    expect(run(program, "run", "wrong.lua"), 1, "wrong.lua:2: pipeline: 'one.jsonl' cannot be the output of several registries")


def files(program):
    """More files than the system allows are an error that has the number."""
    for name in "abcde":
        make(name, 1)
    done = subprocess.run(["sh", "-c", 'ulimit -n 100; exec "$0" "$@"', program, "export", "--db", PATTERN, "--follow", "--jobs", "1", *OUTPUT],
                          capture_output=True, text=True, timeout=60)
    expect(done, 1, "104 open files", "LimitNOFILE=")


CASES = {f.__name__: f for f in (ordinary, broken, reload, identities, once, order, target, stopped, threads, script, files)}

if __name__ == "__main__":
    import sys
    cases.main(CASES, __file__, sys.argv[1:])
