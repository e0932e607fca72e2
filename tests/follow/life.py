#!/usr/bin/env python3
"""What becomes of a registry while it is followed: the exporter goes on, or stops and says why; it skips nothing.

Usage: life.py PROGRAM [CASE]
"""
import functools
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys

import cases
from follower import Follower, add_events, check_once, fail, make_registry, position, read_ids, wait_until


def start(program, *more):
    follower = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp", *more])
    follower.start_and_wait()
    return follower


def wait_for_lines(count):
    wait_until(lambda: os.path.exists("out.jsonl") and pathlib.Path("out.jsonl").read_bytes().count(b"\n") >= count,
               f"{count} lines", 60)


def follow_some(program, count=5):
    make_registry("r.db")
    add_events("r.db", count)
    follower = start(program)
    wait_for_lines(count)
    wait_until(lambda: position("cp") == count, "the checkpoint")
    return follower


def expect_end(follower, status, *texts):
    """It ends by itself, with what it says."""
    code = follower.process.wait(timeout=60)
    for text in texts:
        if text not in follower.said():
            fail(f"the log lacks '{text}': {follower.said()}")
    if code != status:
        fail(f"ended with {code} instead of {status}: {follower.said()}")


def expect_all(follower, count):
    wait_for_lines(count)
    follower.stop()
    check_once(read_ids(["out.jsonl"]), list(range(1, count + 1)), "the file")


def replaced(program):
    """Another registry in its place, also by a rename: what was in the old one is exported before."""
    follower = follow_some(program)
    make_registry("other.db")
    add_events("other.db", 9)
    add_events("r.db", 2)
    for suffix in ("-wal", "-shm"):
        pathlib.Path("r.db" + suffix).unlink(missing_ok=True)
    os.rename("other.db", "r.db")
    expect_end(follower, 4, "was replaced by another file", "checkpoint set", "checkpoint reset")
    check_once(read_ids(["out.jsonl"]), list(range(1, 8)), "the file")
    follower.start()
    expect_end(follower, 4, "the registry is another file than the one that the checkpoint")


def deleted(program):
    """Deleted, and made anew: neither is taken for the registry that it was."""
    follower = follow_some(program)
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path("r.db" + suffix).unlink(missing_ok=True)
    expect_end(follower, 1, "the registry 'r.db' is gone")
    follower.start()
    expect_end(follower, 1, "cannot open 'r.db'")
    make_registry("r.db")
    add_events("r.db", 3)
    follower.start()
    if follower.process.wait(timeout=60) != 4:
        fail(f"a new registry was taken for the old one: {follower.said()}")
    check_once(read_ids(["out.jsonl"]), list(range(1, 6)), "the file")


def restored(program):
    """A backup is written over the registry, in its own file: its ids went back."""
    follower = follow_some(program)
    backup = sqlite3.connect("backup.db")
    live = sqlite3.connect("r.db")
    live.backup(backup)
    add_events("r.db", 4)
    wait_until(lambda: position("cp") == 9, "the checkpoint")
    backup.backup(live)
    expect_end(follower, 4, "the ids of the registry 'r.db' went back", "restored from a backup")
    check_once(read_ids(["out.jsonl"]), list(range(1, 10)), "the file")


def restored_unseen(program):
    """While it stands still, a backup is restored and grows beyond what was read: none of that is passed over."""
    follower = follow_some(program)
    live, backup = sqlite3.connect("r.db", isolation_level=None), sqlite3.connect("backup.db")
    live.backup(backup)
    add_events("r.db", 4, first=5)
    wait_until(lambda: position("cp") == 9, "the checkpoint")
    follower.process.send_signal(signal.SIGSTOP)
    backup.backup(live)
    add_events(live, 20, first=100)
    follower.process.send_signal(signal.SIGCONT)
    expect_end(follower, 4, "event 9 of the registry 'r.db' is not the one that was read before")
    check_once(read_ids(["out.jsonl"]), list(range(1, 10)), "the file")


def locked(program, mode):
    """Locked beyond the busy timeout, also at the start: it says so, and goes on."""
    make_registry("r.db", mode)
    add_events("r.db", 5)
    follower = start(program)
    wait_for_lines(5)
    connection = sqlite3.connect("r.db", isolation_level=None)
    if mode == "WAL":
        # With the exclusive mode nobody else gets at the log at all.
        follower.stop()
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    add_events(connection, 3, first=5)
    if mode == "WAL":
        follower.start()
    wait_until(lambda: "stayed locked" in follower.said(), "it says that the registry is locked")
    connection.execute("COMMIT")
    connection.close()
    expect_all(follower, 8)


def cleaned(program):
    """Checkpoints of the log, VACUUM, a change of the journal's mode: the events are the same."""
    follower = follow_some(program)
    connection = sqlite3.connect("r.db", isolation_level=None, timeout=10)
    count = 5
    for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "DELETE FROM events WHERE id = 2", "VACUUM",
                      "PRAGMA wal_checkpoint(RESTART)", "ANALYZE", "CREATE INDEX i ON events (kind)", "PRAGMA optimize"):
        connection.execute(statement).fetchall()
        add_events(connection, 2, first=count)
        count += 2
        wait_for_lines(count)
    expect_all(follower, count)


def new_column(program):
    """A column that is added is there in the next event of a format that has it all."""
    pathlib.Path("all.lua").write_text("""return require "oversight.formats.ecs":extend "all" {
  { "labels.site", with = function(_, event) return event:to_table().site end } }""")
    make_registry("r.db")
    add_events("r.db", 2)
    follower = Follower(program, "r.db", ["--format", "./all.lua", "--output", "out.jsonl", "--checkpoint", "cp"])
    follower.start_and_wait()
    wait_for_lines(2)
    connection = sqlite3.connect("r.db", isolation_level=None)
    connection.execute("ALTER TABLE events ADD COLUMN site TEXT")
    add_events(connection, 1, first=2)
    wait_for_lines(3)
    connection.execute("UPDATE events SET site = 'north'")
    connection.execute("INSERT INTO events (token_id, kind, timestamp, site) VALUES ('t', 'dns', 1, 'south')")
    expect_all(follower, 4)
    if '"site":"south"' not in pathlib.Path("out.jsonl").read_text().splitlines()[3]:
        fail("the new column is not seen")


def columns_go(program):
    """A column that nobody needs and only the registry can compute is reported; one that a record needs is missed."""
    pathlib.Path("site.lua").write_text("""return require "oversight.formats.ecs":extend "site" {
  { "labels.site", from = "site" } }""")
    make_registry("r.db")
    connection = sqlite3.connect("r.db", isolation_level=None)
    connection.create_function("own", 1, lambda value: value, deterministic=True)
    connection.execute("ALTER TABLE events ADD COLUMN site TEXT")
    add_events(connection, 2)
    follower = Follower(program, "r.db", ["--format", "./site.lua", "--output", "out.jsonl", "--checkpoint", "cp"])
    follower.start_and_wait()
    wait_for_lines(2)
    connection.execute("ALTER TABLE events ADD COLUMN computed TEXT AS (own(kind))")
    add_events(connection, 2, first=2)
    wait_for_lines(4)
    if "column 'computed' of the registry cannot be read, and is omitted" not in follower.said():
        fail(f"it does not report the column: {follower.said()}")
    connection.execute("ALTER TABLE events DROP COLUMN site")
    add_events(connection, 1, first=4)
    expect_end(follower, 1, '"site\\" is neither a field of an event nor a column of this registry')
    check_once(read_ids(["out.jsonl"]), [1, 2, 3, 4], "the file")


def full(program):
    """The registry's own disk is full: its writer fails, and the exporter waits for what comes after."""
    follower = follow_some(program)
    connection = sqlite3.connect("r.db", isolation_level=None)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        add_events(connection, 500, first=5)
        fail("the disk was not full")
    except sqlite3.OperationalError:
        pass
    connection.execute("PRAGMA max_page_count = 100000")
    added = connection.execute("SELECT count(*) FROM events").fetchone()[0] - 5
    add_events(connection, 3, first=5 + added)
    expect_all(follower, 8 + added)


def garbage(program):
    """A file that is no database any more is told, and waited for."""
    follower = follow_some(program)
    follower.stop()
    connection = sqlite3.connect("r.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    shutil.copy("r.db", "good.db")
    with open("r.db", "r+b") as file:
        file.write(b"\0" * 200)
    follower.start()
    expect_end(follower, 1, "'r.db' is not a SQLite database")
    with open("r.db", "r+b") as file:
        file.write(pathlib.Path("good.db").read_bytes())
    add_events("r.db", 1, first=5)
    follower.start_and_wait()
    expect_all(follower, 6)


def later(program):
    """With --wait the registry may come later, piece by piece."""
    follower = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp", "--wait"])
    follower.start()
    wait_until(lambda: "waiting for it" in follower.said(), "it waits")
    pathlib.Path("r.db").touch()
    wait_until(lambda: "no table 'events'" in follower.said(), "it says that there is no table yet")
    make_registry("r.db")
    add_events("r.db", 3)
    expect_all(follower, 3)


def cut_short(program, size_of):
    """Somebody cuts the file, while it is written and while nobody writes it: that is no file to go on in, until
    somebody says from where on. No byte is added before."""
    follower = follow_some(program, 1000)
    lines = pathlib.Path("out.jsonl").read_bytes().splitlines(keepends=True)
    size = size_of(lines)
    follower.process.send_signal(signal.SIGSTOP)
    os.truncate("out.jsonl", size)
    add_events("r.db", 2, first=1000)
    follower.process.send_signal(signal.SIGCONT)
    said = f"'out.jsonl' was cut short by somebody: of {len(b''.join(lines))} bytes that were exported, {size} are there"
    for _ in range(3):
        expect_end(follower, 4, said, "'checkpoint set'", "'checkpoint reset'")
        if os.path.getsize("out.jsonl") != size or position("cp") != 1000:
            fail(f"{os.path.getsize('out.jsonl')} bytes, and the position is {position('cp')}")
        os.rename(follower.log.name, "log.before")
        follower.log = open("log", "a")
        follower.start()
    follower.process.wait()
    left = sum(1 for _ in pathlib.Path("out.jsonl").read_bytes().splitlines())
    subprocess.run([program, "checkpoint", "set", "cp", "--last-id", str(left)], check=True, capture_output=True)
    follower.start_and_wait()
    expect_all(follower, 1002)


def main(arguments):
    cases.main({
        "replaced": replaced, "deleted and made anew": deleted, "restored from a backup": restored,
        "restored while nobody looks": restored_unseen,
        "locked, with a journal": functools.partial(locked, mode="DELETE"),
        "locked, with a log": functools.partial(locked, mode="WAL"),
        "cleaned up": cleaned, "a new column": new_column,
        "columns that go": columns_go, "its disk is full": full, "no database": garbage,
        "it comes later": later, "an output that is emptied": functools.partial(cut_short, size_of=lambda lines: 0),
        "an output that is cut": functools.partial(cut_short, size_of=lambda lines: len(b"".join(lines[:500]))),
    }, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
