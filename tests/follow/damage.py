#!/usr/bin/env python3
"""Damages registries, tables, checkpoints and dead letters at random, and holds what the program does with them.

Usage: damage.py PROGRAM [SEED]     With a seed, that one round. DAMAGE_SECONDS: how long (default 8; in CI 60).

Held in each round: the program ends by itself, in bounded time and memory; what it writes are whole lines of JSON; it
says that all is well only when each event that a scan of the damaged file finds is there.
"""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from follower import FORMATS, SCHEMA, no_proxy

EVENTS = 300
SECONDS = 120         # of one run, on a slow machine with a sanitizer
MOST_MEMORY = 700     # MiB
ADDRESS_SPACE = 3072  # MiB
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lua"))


class Held(Exception):
    """What the program did not hold."""


def expect(condition, text):
    if not condition:
        raise Held(text)


# ---- good files ----

TABLES = """local siem = require "oversight.siem"
local people, sites = siem.lookup.csv("people.csv", "mail"), siem.lookup.cidr "sites.csv"
local places = siem.lookup.geoip "places.mmdb"
return require "oversight.formats.sentinel":extend "tables" {
  { "Team", from = "recipient_id", lookup = people:column "team" },
  { "Site", from = "source_ip", lookup = sites:column "site" },
  { "Country", with = function(_, event) local row = places(event.source_ip); return row and row.country.iso_code end } }
"""


def add_events(connection, chance, in_order):
    for i in range(1, EVENTS + 1):
        connection.execute(
            "INSERT INTO events (token_id, file_id, recipient_id, kind, source_ip, user_agent, extra, timestamp) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (f"{i:032x}", "file" if i % 3 else None, f"user{i % 7}@example.com", chance.choice(["dns", "ocsp"]),
             f"192.0.2.{i % 250}", "x" * chance.choice([5, 50, 900]), json.dumps({"qname": f"{i}.example.com"}),
             1767225600 + (i if in_order else chance.randrange(1000))))


def make_registry(chance):
    """A registry of the current folder; a connection keeps the log when it has one."""
    mode = chance.choice(["WAL", "DELETE"])
    connection = sqlite3.connect("made.db", isolation_level=None)
    connection.execute(f"PRAGMA page_size = {chance.choice([512, 512, 1024, 4096])}")
    connection.execute(f"PRAGMA encoding = '{chance.choice(['UTF-8', 'UTF-8', 'UTF-16le'])}'")
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.executescript(SCHEMA + "CREATE TABLE beacons (token_id TEXT PRIMARY KEY);")
    if chance.random() < 0.5:
        connection.executescript("CREATE INDEX by_time ON events (timestamp); CREATE INDEX by_kind ON events (kind)")
    connection.execute("BEGIN")
    add_events(connection, chance, chance.random() < 0.7)
    connection.execute("INSERT INTO beacons SELECT token_id FROM events WHERE id % 2")
    connection.execute("COMMIT")
    if chance.random() < 0.5:
        connection.execute("PRAGMA wal_checkpoint")
    names = [name for name in ("made.db", "made.db-wal", "made.db-shm") if os.path.exists(name)]
    for name in names:
        shutil.copyfile(name, name.replace("made", "r"))
    connection.close()
    return [name.replace("made", "r") for name in names]


def make_tables():
    pathlib.Path("people.csv").write_text("mail,team\n" + "".join(f'user{i}@example.com,"Team {i}"\n' for i in range(7)))
    pathlib.Path("sites.csv").write_text("network,site\n" + "".join(f"192.0.2.{i * 8}/29,Site {i}\n" for i in range(30)))
    import make_mmdb
    make_mmdb.write("places.mmdb", make_mmdb.encode({"country": {"iso_code": "NL"}, "list": ["one", "two"]}))
    pathlib.Path("tables.lua").write_text(TABLES)


# ---- damage ----

def flip(chance, data):
    for _ in range(chance.choice([1, 1, 3, 30])):
        data[chance.randrange(len(data))] = chance.choice([0, 255, chance.randrange(256)])


def truncate(chance, data):
    del data[chance.randrange(len(data)):]


def blank(chance, data):
    at = chance.randrange(len(data))
    size = min(chance.choice([4, 100, 4096]), len(data) - at)
    data[at:at + size] = bytes(size)


def grow_varint(chance, data):
    at = chance.randrange(len(data))
    size = min(chance.randrange(1, 10), len(data) - at)
    data[at:at + size] = b"\xff" * size


def move_page(chance, data):
    """A page is there twice, or in place of another one."""
    size = chance.choice([512, 1024, 4096])
    pages = len(data) // size
    if pages < 2:
        return
    one, other = (chance.randrange(pages) * size for _ in range(2))
    first, second = bytes(data[one:one + size]), bytes(data[other:other + size])
    data[one:one + size] = second
    if chance.random() < 0.5:
        data[other:other + size] = first


def insert(chance, data):
    at = chance.randrange(len(data))
    data[at:at] = chance.choice([b"\0", b'"', b"\n", b"{", b"-1", b"\xff\xfe", b"9" * 40, bytes(data[:100])])


WAYS = [flip, flip, flip, truncate, blank, grow_varint, move_page]


def damage(chance, path, ways):
    data = bytearray(pathlib.Path(path).read_bytes())
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        if data:
            chance.choice(ways)(chance, data)
    pathlib.Path(path).write_bytes(data)


# ---- running ----

def limit():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not is_instrumented:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE << 20, ADDRESS_SPACE << 20))


def start(*arguments):
    with open("err", "wb") as err, open("out", "wb") as out:
        return subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                env=no_proxy(), preexec_fn=limit)


def wait(child):
    """Its exit status, within the bounds; and that nothing in it went wrong."""
    deadline = time.monotonic() + SECONDS
    pause = 0.001
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            child.kill()
            os.wait4(child.pid, 0)
            raise Held(f"it did not end in {SECONDS} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    child.returncode = os.waitstatus_to_exitcode(status)
    said = pathlib.Path("err").read_text(errors="replace")
    expect(0 <= child.returncode <= 4 and child.returncode != 2, f"it ended with {child.returncode}: {said[-1500:]}")
    for word in ("Sanitizer", "runtime error:", "stack traceback"):
        expect(word not in said, f"{word}: {said[-3000:]}")
    expect(is_instrumented or usage.ru_maxrss < MOST_MEMORY << 10, f"it took {usage.ru_maxrss >> 10} MiB")
    return child.returncode


def run(*arguments):
    return wait(start(*arguments))


def lines_of(path):
    """The records of a file, each a whole line of JSON."""
    data = pathlib.Path(path).read_bytes() if os.path.exists(path) else b""
    expect(data == b"" or data.endswith(b"\n"), f"{path} ends within a line")
    try:
        return [json.loads(line) for line in data.splitlines()]
    except ValueError as problem:
        raise Held(f"{path} holds a line that is not JSON: {problem}") from None


def ids_of(path, key="EventId"):
    return [int(record[key]) for record in lines_of(path)]


# ---- what a scan of the damaged registry finds ----

def scan(names):
    """The ids in the table's own order; or None where that fails, or the ids do not grow."""
    os.mkdir("scan")
    for name in names:
        shutil.copyfile(name, os.path.join("scan", name))
    try:
        connection = sqlite3.connect("scan/r.db")
        steps = [0]

        def count_step():
            steps[0] += 1
            return steps[0] > 1000
        connection.set_progress_handler(count_step, 10000)
        ids = [row[0] for row in connection.execute("SELECT id FROM events NOT INDEXED")]
        connection.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError):  # the last: SQLite quotes what is damaged
        return None
    finally:
        shutil.rmtree("scan")
    return ids if all(a < b for a, b in zip(ids, ids[1:])) else None


# ---- the kinds of a round ----

def follow_briefly(found):
    child = start("export", "--db", "r.db", "--registry-id", "r", "--format", "sentinel", "--output", "follow.jsonl",
                  "--checkpoint", "follow.json", "--follow")
    deadline = time.monotonic() + 10
    while child.poll() is None and time.monotonic() < deadline:
        done = os.path.exists("follow.json") and len(found or "") == sum(1 for _ in open("follow.jsonl", "rb"))
        if done or b"level=warning" in pathlib.Path("err").read_bytes():
            break
        time.sleep(0.01)
    if child.returncode is None:
        child.send_signal(signal.SIGTERM)
        wait(child)
    lines_of("follow.jsonl")


def check_registry(chance):
    names = make_registry(chance)
    run("export", "--db", "r.db", "--registry-id", "r", "--format", "sentinel", "--output", "good.jsonl",
        "--checkpoint", "good.json")
    expect(len(lines_of("good.jsonl")) == EVENTS, "the good registry is not exported")
    damage(chance, chance.choice([names[0]] + names), WAYS)
    found = scan(names)
    for options, path in (([], "plain.jsonl"), (["--checkpoint", "fresh.json"], "fresh.jsonl")):
        status = run("export", "--db", "r.db", "--registry-id", "r", "--format", "sentinel", "--output", path, *options)
        ids = ids_of(path)
        if status == 0:
            expect(found is not None and sorted(ids) == found,
                   f"{path}: all is well, with {len(ids)} events of {len(found) if found else found}")
        expect(len(ids) == len(set(ids)), f"{path}: events are there twice")
    if run("inspect", "--db", "r.db") == 0:
        count = re.search(r"^Events +(\d+)", pathlib.Path("out").read_text(errors="replace"), re.M)
        expect(found is not None and int(count.group(1)) == len(found), f"inspect counts {count.group(1)}")
    status = run("reconcile", "--db", "r.db", "--checkpoint", "good.json", "--file", "good.jsonl")
    expect(status != 0 or found is not None, "reconcile finds all in a registry that cannot be read")
    run("status", "good.json", "--db", "r.db")
    run("try", "--db", "r.db", "ecs")
    if chance.random() < 0.3:
        follow_briefly(found)


def check_tables(chance):
    make_registry(chance)
    make_tables()
    path = chance.choice(["people.csv", "sites.csv", "places.mmdb", "places.mmdb"])
    damage(chance, path, WAYS + [insert])
    status = run("export", "--db", "r.db", "--registry-id", "r", "--format", "./tables.lua", "--output", "out.jsonl")
    count = len(lines_of("out.jsonl"))
    expect(status != 0 or count == EVENTS, f"all is well, with {count} events")
    run("try", "--db", "r.db", "./tables.lua")


def check_checkpoint(chance):
    make_registry(chance)
    export = ["export", "--db", "r.db", "--registry-id", "r", "--format", "sentinel", "--output", "out.jsonl",
              "--checkpoint", "cp.json"]
    expect(run(*export) == 0, "the good registry is not exported")
    before = pathlib.Path("out.jsonl").read_bytes()
    damage(chance, "cp.json", WAYS + [insert, insert])
    run("checkpoint", "show", "cp.json")
    run("status", "cp.json", "--db", "r.db")
    run("reconcile", "--db", "r.db", "--checkpoint", "cp.json", "--format", "sentinel", "--file", "out.jsonl")
    run(*export)
    lines_of("out.jsonl")
    expect(pathlib.Path("out.jsonl").read_bytes().startswith(before), "what was exported is gone")


def check_dead_letter(chance):
    make_registry(chance)
    pathlib.Path("refused.lua").write_text(FORMATS["refused"])
    run("export", "--db", "r.db", "--registry-id", "r", "--format", "./refused.lua", "--output", "out.jsonl",
        "--dead-letter", "dead.jsonl")
    lines = pathlib.Path("dead.jsonl").read_bytes().splitlines()
    expect(len(lines) == EVENTS // 3, f"{len(lines)} events in the dead letter")
    damage(chance, "dead.jsonl", WAYS + [insert, insert])
    whole = set(lines) & set(pathlib.Path("dead.jsonl").read_bytes().split(b"\n"))
    status = run("replay", "dead.jsonl", "--format", "sentinel", "--output", "replayed.jsonl")
    sent = {record["EventId"] for record in lines_of("replayed.jsonl")}
    kept = set()
    for name in ("dead.jsonl", "dead.jsonl.replaying"):
        if os.path.exists(name):
            kept |= set(pathlib.Path(name).read_bytes().split(b"\n"))
    lost = [line for line in whole - kept if json.loads(line)["event_id"] not in sent]
    expect(not lost, f"with status {status}, {len(lost)} undamaged line(s) are gone: {lost[:1]}")
    if status == 0:
        expect(len(sent) >= len(whole), "all is well, and events were not sent")


KINDS = [check_registry, check_registry, check_registry, check_tables, check_checkpoint, check_dead_letter]


def run_round(seed):
    chance = random.Random(seed)
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        kind = chance.choice(KINDS)
        try:
            kind(chance)
        except Held as held:
            sys.exit(f"FAILED: {kind.__name__} of seed {seed}: {held}")
        finally:
            os.chdir(here)


def main():
    if len(sys.argv) > 2:
        run_round(sys.argv[2])
        return
    seconds = int(os.environ.get("DAMAGE_SECONDS") or (60 if os.environ.get("CI") == "true" else 8))
    base = random.randrange(10**9)
    print(f"seeds {base}-0 and on", flush=True)
    end = time.monotonic() + seconds
    count = 0
    while count < 3 or time.monotonic() < end:
        run_round(f"{base}-{count}")
        count += 1
    print(f"{count} rounds held")


program = os.path.abspath(sys.argv[1])
is_instrumented = re.search(rb"__[at]san_init", pathlib.Path(program).read_bytes()) is not None
if __name__ == "__main__":
    main()
