#!/usr/bin/env python3
"""System calls that fail while the exporter follows: nothing is lost or there twice, it says what failed,
and goes on when it passes.

Usage: faults.py PROGRAM FAULTS_LIBRARY [CASE]
"""
import functools
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

import cases
from follower import FORMATS, Follower, Writer, add_events, check_once, fail, make_registry, no_proxy, position, read_ids, wait_until

FULL, BROKEN = "No space left on device", "Input/output error"
SAVED = "the checkpoint is saved again, after 3 failed attempt(s) in "

# Which calls fail, and what it says then. Calls on a file are counted from 1; ~N is one in N at random.
FAULTS = {
    "a full disk": ("write out.jsonl ENOSPC 2 2 short", FULL),
    "a full disk from the first line on": ("write out.jsonl ENOSPC 1 2", FULL),
    "a full disk, and a line that cannot be cut": ("write out.jsonl ENOSPC 2 1 short;ftruncate out.jsonl EIO 1 1", FULL),
    "a quota": ("write out.jsonl EDQUOT 3 1 short", "Disk quota exceeded"),
    "an interrupted write": ("write out.jsonl EINTR 2 5 short", None),
    "lines that never reach the disk": ("fsync out.jsonl EIO 3 1 lost", BROKEN),
    "lines that never reach the disk, twice": ("fsync out.jsonl EIO 4 2 lost", BROKEN),
    "the first lines never reach the disk": ("fsync out.jsonl EIO 2 1 lost", BROKEN),
    "a checkpoint that cannot be renamed": (
        "rename cp EIO 3 3", "cannot save the checkpoint 'cp': rename: Input/output error; trying again in ", SAVED),
    "a checkpoint that cannot be forced to the disk": ("fsync cp.new EIO 3 3", "cannot save the checkpoint 'cp': fsync", SAVED),
    "a folder that cannot be forced to the disk": ("fsync /place EIO 3 2", "cannot save the checkpoint 'cp': fsync of the folder"),
    "a full disk for the checkpoint": ("write cp.new ENOSPC 3 3 short", "cannot save the checkpoint 'cp': write"),
    "a checkpoint that cannot be made": ("open cp.new EACCES 3 3", "cannot save the checkpoint 'cp': cannot open 'cp.new'"),
    "a checkpoint that cannot be closed": ("close cp.new EIO 3 2", "cannot save the checkpoint 'cp': close"),
    # Within a statement, SQLite calls EIO damage (SQLITE_IOERR_CORRUPTFS).
    "a registry that cannot be read": ("pread r.db EIO 12 3", "'r.db'"),
    "a log of the registry that cannot be read": ("pread r.db-wal EIO 12 3", "r.db"),
    "now and then": ("write out.jsonl ENOSPC ~9 1 short;fsync out.jsonl EIO ~9 1;rename cp EIO ~7 1", None),
}
DEAD_LETTER_FAULTS = {
    "a full disk for the dead letter": ("write dead.jsonl ENOSPC 5 2 short", FULL),
    "a dead letter that never reaches the disk": ("fsync dead.jsonl EIO 3 1", BROKEN),
}


def start(program, library, faults, arguments):
    follower = Follower(program, "r.db", [*arguments, "--output", "out.jsonl", "--checkpoint", "cp"],
                        environment={**no_proxy(), "LD_PRELOAD": library, "FAULTS": faults})
    follower.start_and_wait()
    return follower


def finish(follower, writer, *said):
    """Until all is exported: then the log must have said it all."""
    wait_until(lambda: position("cp") == writer.count, f"the checkpoint at {writer.count}: {follower.said()[-2000:]}", 100)
    follower.stop()
    for text in filter(None, said):
        if text not in follower.said():
            fail(f"the log lacks '{text}': {follower.said()[-2000:]}")


def write_some(seconds, writer):
    writer.start()
    writer.stopped.wait(seconds)
    writer.stop()


def run_fault(faults, said, program, library):
    writer = Writer("r.db", 7, pace=0.3)
    follower = start(program, library, faults, ["--format", "ecs"])
    write_some(1.5, writer)
    finish(follower, writer, *said)
    check_once(read_ids(["out.jsonl"]), list(range(1, writer.count + 1)), faults)


def run_dead_letter_fault(faults, said, program, library):
    pathlib.Path("refused.lua").write_text(FORMATS["refused"])
    writer = Writer("r.db", 7, pace=0.3)
    follower = start(program, library, faults, ["--format", "./refused.lua", "--dead-letter", "dead.jsonl"])
    write_some(1.5, writer)
    finish(follower, writer, said)
    dead = {int(json.loads(line)["event_id"]) for line in pathlib.Path("dead.jsonl").read_text().splitlines()}
    every = range(1, writer.count + 1)
    check_once(sorted(dead), [number for number in every if number % 7 == 3], "dead letter")
    check_once(read_ids(["out.jsonl"]), [number for number in every if number % 7 != 3], faults)


def run_rotated(faults, said, program, library):
    """The file is renamed; then the new one cannot be opened, or the old one not be finished."""
    writer = Writer("r.db", 7)
    follower = start(program, library, faults, ["--format", "ecs"])
    write_some(0.5, writer)
    wait_until(lambda: position("cp") == writer.count, "the first events")
    os.rename("out.jsonl", "out.jsonl.1")
    more = Writer("r.db", 8, first=writer.count, make=False)
    write_some(0.5, more)
    finish(follower, more, said)
    check_once(read_ids(["out.jsonl.1", "out.jsonl"]), list(range(1, more.count + 1)), faults)
    if not os.path.getsize("out.jsonl"):
        fail("nothing went into the new file")


def run_unsaved_end(program, library):
    """Asked to end while the position cannot be saved: it says so, and where the disk is; what was not saved comes again."""
    writer = Writer("r.db", 7, pace=0.3)
    follower = start(program, library, "write cp.new ENOSPC 3 1000000", ["--format", "ecs"])
    write_some(1, writer)
    wait_until(lambda: pathlib.Path("out.jsonl").read_bytes().count(b"\n") == writer.count, "all lines")
    saved = position("cp")
    follower.stop(expected=1)
    where = f"the position on the disk is {'event ' if saved else ''}{saved}: the next export"
    if position("cp") != saved or saved == writer.count:
        fail(f"it could be saved: {saved}")
    for text in (FULL, where, "level=error"):
        if text not in follower.said().splitlines()[-1]:
            fail(f"the last line lacks '{text}': {follower.said()[-2000:]}")
    if f"last_id={saved} " not in follower.said().splitlines()[-1] or "msg=stopped" in follower.said():
        fail(f"it ends with another position: {follower.said()[-2000:]}")
    again = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp"])
    again.start_and_wait()
    finish(again, writer, None)
    check_once(read_ids(["out.jsonl"]), list(range(1, writer.count + 1)), "after a position that was not saved")


def run_unsaved_once(program, library):
    """Without following, too; also when the reader of a pipe is gone, which is no failure by itself."""
    writer = Writer("r.db", 7, pace=0)
    write_some(0.2, writer)
    for output, reader in (("out.jsonl", None), ("-", subprocess.DEVNULL)):
        command = [program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--output", output,
                   "--checkpoint", "cp"]
        ended = subprocess.run(command, env={**no_proxy(), "LD_PRELOAD": library, "FAULTS": "write cp.new ENOSPC 1 1000000"},
                               stdout=reader, stderr=subprocess.PIPE, text=True)
        if ended.returncode != 1 or FULL not in ended.stderr:
            fail(f"ended with {ended.returncode}: {ended.stderr}")
    if "the position on the disk is 0: the next export" not in ended.stderr:
        fail(f"it does not say where the disk is: {ended.stderr}")


def run_without_checkpoint(program, library):
    """What is in the file is known to the process alone; a full disk makes nothing go there twice."""
    writer = Writer("r.db", 7, pace=0.3)
    follower = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl"], environment={
        **no_proxy(), "LD_PRELOAD": library, "FAULTS": "write out.jsonl ENOSPC 2 2 short"})
    follower.start_and_wait()
    write_some(1.5, writer)
    wait_until(lambda: os.path.exists("out.jsonl") and pathlib.Path("out.jsonl").read_bytes().count(b"\n") >= writer.count,
               "all lines", 60)
    follower.stop()
    if FULL not in follower.said():
        fail(f"the log does not say so: {follower.said()}")
    check_once(read_ids(["out.jsonl"]), list(range(1, writer.count + 1)), "without a checkpoint")


def run_in_two(program, library, format_name="ecs", lines=lambda number: 1):
    """Without following, a full disk ends the export; the next one goes on where the file ends."""
    if format_name in FORMATS:
        pathlib.Path(f"{format_name}.lua").write_text(FORMATS[format_name])
        format_name = f"./{format_name}.lua"
    writer = Writer("r.db", 7, pace=0)
    write_some(1, writer)
    command = [program, "export", "--db", "r.db", "--registry-id", "reg", "--format", format_name, "--output", "out.jsonl",
               "--checkpoint", "cp", "--quiet"]
    failing = subprocess.run(command, env={**no_proxy(), "LD_PRELOAD": library, "FAULTS": "write out.jsonl ENOSPC 4 9 short"},
                             capture_output=True, text=True)
    if failing.returncode != 1 or FULL not in failing.stderr:
        fail(f"ended with {failing.returncode}: {failing.stderr}")
    subprocess.run(command, env=no_proxy(), check=True)
    expected = [number for number in range(1, writer.count + 1) for _ in range(lines(number))]
    check_once(read_ids(["out.jsonl"]), expected, "in two runs")


def run_reset_unsynced(program, library):
    """A checkpoint that is reset, or set, is so on the disk, or the command fails."""
    write_some(0.2, Writer("r.db", 7, pace=0))
    subprocess.run([program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--output", "out.jsonl",
                    "--checkpoint", "cp", "--quiet"], env=no_proxy(), check=True)
    for action in (["set", "cp", "--last-id", "1"], ["reset", "cp"]):
        ended = subprocess.run([program, "checkpoint", *action], capture_output=True, text=True,
                               env={**no_proxy(), "LD_PRELOAD": library, "FAULTS": "fsync /place EIO 1 1"})
        if ended.returncode != 1 or "fsync of the folder" not in ended.stderr or BROKEN not in ended.stderr:
            fail(f"checkpoint {action[0]} ended with {ended.returncode}: {ended.stderr}")


def run_output_unsynced(program, library):
    """The name of a new output is on the disk before the first position is saved."""
    write_some(0.2, Writer("r.db", 7, pace=0))
    command = [program, "export", "--db", "r.db", "--registry-id", "reg", "--format", "ecs", "--output", "new/out.jsonl",
               "--checkpoint", "cp", "--quiet"]
    os.mkdir("new")
    ended = subprocess.run(command, env={**no_proxy(), "LD_PRELOAD": library, "FAULTS": "fsync /new EIO 1 1"},
                           capture_output=True, text=True)
    if ended.returncode != 1 or "cannot force the name of 'new/out.jsonl' to the disk" not in ended.stderr or position("cp"):
        fail(f"ended with {ended.returncode}, at {position('cp')}: {ended.stderr}")
    subprocess.run(command, env=no_proxy(), check=True)


def run_heard(program, library, mode):
    """What is committed is heard, also from a log that was made while it followed: here asking now and then takes 30 s."""
    make_registry("r.db", mode)
    writer = sqlite3.connect("r.db", isolation_level=None, timeout=30)
    follower = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp"],
                        environment={**no_proxy(), "LD_PRELOAD": library, "DEAF": "1"})
    follower.start_and_wait()
    writer.execute("PRAGMA journal_mode = WAL").fetchall()
    began = time.monotonic()
    for number in range(1, 13):
        add_events(writer, 1, first=number - 1)
        wait_until(lambda: os.path.exists("out.jsonl") and pathlib.Path("out.jsonl").read_bytes().count(b"\n") == number,
                   f"event {number} is heard", 15)
        time.sleep(random.choice((0, 0.01, 0.05)))
    if (took := time.monotonic() - began) > 60:
        fail(f"the events took {took:.1f} s")
    follower.stop()


def main(arguments):
    table = {name: functools.partial(run_fault, fault, said) for name, (fault, *said) in FAULTS.items()}
    table |= {name: functools.partial(run_dead_letter_fault, *fault) for name, fault in DEAD_LETTER_FAULTS.items()}
    table["a new file that cannot be opened"] = functools.partial(run_rotated, "open out.jsonl EMFILE 2 2", "Too many open files")
    table["an old file that cannot be finished"] = functools.partial(run_rotated, "fsync out.jsonl.1 EIO 1 1", BROKEN)
    table["an end while the position cannot be saved"] = run_unsaved_end
    table["a position that cannot be saved, without following"] = run_unsaved_once
    table["a full disk, without a checkpoint"] = run_without_checkpoint
    table["a full disk, without following"] = run_in_two
    table["a full disk, within the lines of an event"] = functools.partial(
        run_in_two, format_name="several", lines=lambda number: number % 4)
    table["a folder, when a checkpoint is reset"] = run_reset_unsynced
    table["a folder, when an output is new"] = run_output_unsynced
    for mode in ("WAL", "DELETE"):
        table[f"a log that is made later is heard ({mode})"] = functools.partial(run_heard, mode=mode)
    cases.main(table, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
