#!/usr/bin/env python3
"""Two users: one is the registry, the other one reads it. The registry can write at any time, whatever the reader does.

Usage: users.py PROGRAM [CASE]; without root, which is needed to be two users, it ends with status 77.
"""
import collections
import multiprocessing
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time

import cases
from follower import SCHEMA, Follower, check_once, fail, no_proxy, read_ids, wait_until

OWNER, READER, COMMON = 64001, 64002, 64010
SKIPPED = 77
UNIT = pathlib.Path(__file__).resolve().parents[2] / "examples/systemd/oversight-siem.service"
LOG_FILES = ["registry/r.db-wal", "registry/r.db-shm"]


def connect():
    connection = sqlite3.connect("registry/r.db", timeout=10)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    return connection


def insert(connection):
    with connection:
        connection.execute("INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 1700000000)")


def serve(pipe, groups):
    """The registry: as the one in Python it opens and closes its database for each request; or it keeps it open."""
    os.setgroups(groups)
    os.setresgid(OWNER, OWNER, OWNER)
    os.setresuid(OWNER, OWNER, OWNER)
    os.umask(0o022)
    kept = None
    for command in iter(pipe.recv, None):
        try:
            connection = kept or connect()
            if command == "make":
                connection.executescript(SCHEMA)
            elif command == "insert":
                insert(connection)
            kept = connection if command == "open" or (kept and command != "close") else connection.close()
            pipe.send("ok")
        except sqlite3.Error as problem:
            pipe.send(repr(problem))


class Registry:
    """A registry in a folder of that mode, whose database gets another mode and group once it is made."""

    def __init__(self, folder_mode, database_mode, group=OWNER, groups=()):
        for path in ("..", "."):
            os.chmod(path, 0o755)
        os.mkdir("registry")
        os.chown("registry", OWNER, group)
        os.chmod("registry", folder_mode)
        self.pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        context.Process(target=serve, args=(theirs, list(groups)), daemon=True).start()
        self.count = 0
        self.tell("make")
        os.chown("registry/r.db", OWNER, group)
        os.chmod("registry/r.db", database_mode)

    def tell(self, command):
        self.pipe.send(command)
        if not self.pipe.poll(60):
            fail(f"the registry does not answer to '{command}'")
        answer = self.pipe.recv()
        if answer != "ok":
            fail(f"the registry cannot '{command}': {answer}; {describe_folder()}")

    def insert(self, count=1):
        for _ in range(count):
            self.tell("insert")
        self.count += count


def describe_folder():
    parts = []
    for path in sorted(pathlib.Path("registry").iterdir()):
        status = path.stat()
        parts.append(f"{path.name} {status.st_uid}:{status.st_gid} {status.st_mode & 0o7777:o}")
    return ", ".join(parts)


def reader_of(program, user=READER, groups=(), umask=0o027):
    """The program for a user, and what starts it as that user."""
    shutil.copy(program, "program")
    os.chmod("program", 0o755)
    if not os.path.exists("out"):
        os.mkdir("out")
        os.chown("out", user, user)
    return {"user": user, "group": user, "extra_groups": list(groups), "umask": umask, "env": no_proxy()}


def export(identity):
    """A plain export: its status, its lines and what it says."""
    done = subprocess.run(["./program", "export", "--db", "registry/r.db", "--registry-id", "reg", "--format", "ecs"],
                          capture_output=True, text=True, timeout=60, **identity)
    return done.returncode, done.stdout.count("\n"), done.stderr


def expect_export(identity, registry):
    status, lines, said = export(identity)
    if status != 0 or lines != registry.count:
        fail(f"{lines} of {registry.count} events, status {status}: {said}")


def expect_refusal(identity, *texts):
    status, lines, said = export(identity)
    if status != 4 or lines != 0:
        fail(f"status {status} with {lines} line(s) instead of a refusal: {said}")
    for text in ("is idle", "common group", "2770", "0660", *texts):
        if text not in said:
            fail(f"it does not say '{text}': {said}")
    if os.listdir("registry") != ["r.db"]:
        fail(f"something was made: {describe_folder()}")


class Reader(Follower):
    """The program, following as another user."""

    def __init__(self, identity):
        super().__init__("./program", "registry/r.db", ["--format", "ecs", "--output", "out/out.jsonl", "--checkpoint",
                                                        "out/checkpoint", "--metrics", "out/metrics"])
        self.identity = identity

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.log, **self.identity)

    def expect_all(self, count):
        wait_until(lambda: len(self.ids()) >= count or self.process.poll() is not None, f"{count} events", 60, 0.05)
        check_once(self.ids(), list(range(1, count + 1)), "the file")

    def ids(self):
        return read_ids(["out/out.jsonl"]) if os.path.exists("out/out.jsonl") else []


def harmful(program, folder_mode, database_mode, groups, said):
    """A reader that may write to the folder, without a common group for the files: it is refused, and makes none."""
    registry = Registry(folder_mode, database_mode, COMMON if groups else OWNER, groups)
    identity = reader_of(program, groups=groups)
    for _ in range(3):
        registry.insert()
        expect_refusal(identity, said, f"made by user {READER} would keep user {OWNER}, its owner, from writing")
    # While the registry has it open, the files are there.
    registry.tell("open")
    registry.insert()
    expect_export(identity, registry)
    registry.insert()
    registry.tell("close")
    registry.insert()
    expect_refusal(identity)


def raced(program):
    """A registry that opens and closes its database all the time, and a wrong reader that comes at any moment."""
    registry = Registry(0o777, 0o644)
    registry.insert()
    reader = Reader(reader_of(program))
    ends = collections.Counter()
    until = time.monotonic() + 3
    while time.monotonic() < until or not ends:
        process = subprocess.Popen(["./program", "inspect", "--db", "registry/r.db"], stdout=subprocess.DEVNULL,
                                   stderr=reader.log, **reader.identity)
        while process.poll() is None:
            registry.insert()
        ends[process.returncode] += 1
    # The log may come or go between a look of SQLite's and one of ours: a rare fault that passes, and names the file.
    faults = [line for line in reader.said().splitlines() if "is idle" not in line]
    is_usual = ends.keys() <= {0, 1, 4} and ends[1] <= ends.total() / 10
    if not is_usual or not all("registry/r.db" in line for line in faults):
        fail(f"ended with {ends}: {faults[-5:]}")
    registry.insert()
    if os.listdir("registry") != ["r.db"]:
        fail(f"something stays: {describe_folder()}")


def check_common_files():
    for path in LOG_FILES:
        status = os.stat(path)
        if status.st_gid != COMMON or status.st_mode & 0o7777 != 0o660:
            fail(f"not of the common group: {describe_folder()}")


def common(program):
    """A common group, folder 2770, database 0660: both can write at any time, whoever comes first."""
    registry = Registry(0o2770, 0o660, COMMON, [COMMON])
    identity = reader_of(program, groups=[COMMON])
    for _ in range(10):
        registry.insert()
        if os.listdir("registry") != ["r.db"]:
            fail(f"the registry does not tidy up: {describe_folder()}")
        expect_export(identity, registry)
        check_common_files()
    if os.stat(LOG_FILES[1]).st_uid != READER:
        fail(f"the reader was to be the first one: {describe_folder()}")
    reader = Reader(identity)
    for _ in range(3):
        reader.start_and_wait()
        check_common_files()
        registry.insert(10)
        reader.expect_all(registry.count)
        reader.kill()
        registry.insert(3)
    registry.tell("open")
    registry.insert(5)
    reader.start_and_wait()
    reader.expect_all(registry.count)
    registry.tell("close")
    registry.insert(5)
    reader.expect_all(registry.count)
    reader.stop()


def owners(program, user):
    """A reader that is the registry's own user, or root, which gives the files to that user."""
    registry = Registry(0o755, 0o644)
    identity = reader_of(program, user)
    for _ in range(3):
        registry.insert()
        expect_export(identity, registry)
        if {os.stat(path).st_uid for path in LOG_FILES} != {OWNER}:
            fail(f"not the registry's: {describe_folder()}")


def idle(program):
    """Without the right to write to the folder: idle is not absent. It waits, gets in with a request, and stays."""
    registry = Registry(0o755, 0o644)
    registry.insert(3)
    identity = reader_of(program)
    expect_refusal(identity, "is idle: no program has it open", f"user {READER} may not make its write-ahead log")
    reader = Reader(identity)
    reader.start()
    wait_until(lambda: "is idle" in reader.said(), "it says that the registry is idle")
    wait_until(lambda: os.path.exists("out/metrics"), "its numbers")
    deadline = time.monotonic() + 60
    while "msg=following" not in reader.said():
        if time.monotonic() > deadline or reader.process.poll() is not None:
            fail(f"it never got in: {reader.said()}")
        registry.insert()
        time.sleep(0.01)
    reader.expect_all(registry.count)
    registry.insert(20)
    reader.expect_all(registry.count)
    said = [line for line in reader.said().splitlines() if "level=info" not in line]
    if len(said) != 1:
        fail(f"it is not quiet: {said}")
    reader.stop()
    registry.insert()
    expect_refusal(identity)
    status = subprocess.run(["./program", "status", "out/checkpoint", "--db", "registry/r.db"], capture_output=True,
                            text=True, timeout=60, **identity)
    if status.returncode != 4 or "Behind        unknown" not in status.stdout or "is idle" not in status.stdout:
        fail(f"status {status.returncode}: {status.stdout}{status.stderr}")


def shown(program):
    """The unit that is shipped has what the set-up needs: the common group, and the registry's folder to write to."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", re.sub(r"\\\n", " ", UNIT.read_text()), re.MULTILINE))
    folder = os.path.dirname(re.search(r"--db (\S+)", settings["ExecStart"])[1])
    if settings["User"] == settings["SupplementaryGroups"] or folder not in settings["ReadWritePaths"].split():
        fail(f"the unit lacks the common group, or '{folder}' as a folder to write to")
    registry = Registry(0o2770, 0o660, COMMON, [COMMON])
    reader = Reader(reader_of(program, groups=[COMMON], umask=int(settings["UMask"], 8)))
    reader.start_and_wait()
    check_common_files()
    registry.insert(5)
    reader.expect_all(5)
    reader.stop()
    registry.insert()


def main(arguments):
    if os.geteuid() != 0:
        print("skipped: to be two users takes root")
        sys.exit(SKIPPED)
    cases.main({
        "no common group": lambda program: harmful(program, 0o777, 0o644, [], "mode 0644 and group"),
        "a group that the files do not get": lambda program: harmful(program, 0o770, 0o664, [COMMON],
                                                                     f"new files get group {READER}"),
        "a group that may not write": lambda program: harmful(program, 0o2770, 0o640, [COMMON], "mode 0640"),
        "a sticky folder": lambda program: harmful(program, 0o3770, 0o660, [COMMON], "folder mode 3770"),
        "at any moment": raced, "a common group": common, "the same user": lambda program: owners(program, OWNER),
        "root": lambda program: owners(program, 0), "idle": idle, "the unit that is shipped": shown,
    }, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
