#!/usr/bin/env python3
"""Another user of the machine, in a folder to which all may write: no link of his leads to somebody's file, no file of his
gets private rows, and no pipe or lock of his stops an export.

Usage: neighbours.py PROGRAM [CASE]; without root, which is needed to be two users, it ends with status 77.
"""
import fcntl
import multiprocessing
import os
import pathlib
import shutil
import stat
import struct
import subprocess
import sys

import cases
from follower import FORMATS, Follower, add_events, fail, make_registry, no_proxy, wait_until

VICTIM, OTHER = 64001, 64002
SKIPPED = 77
PRECIOUS = "what must stay as it is\n"
LETTER = ('{"event_id":"9","format":"ecs","event":{"event_id":"9","event_kind":"dns","occurred_unix":1},'
          '"record":{"event":{"id":"9"}}}\n')


def act(user, function, *arguments):
    """Calls a function as a user, in a process of its own."""
    def become():
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        os.umask(0)
        function(*arguments)
    process = multiprocessing.get_context("fork").Process(target=become)
    process.start()
    process.join(60)
    if process.exitcode != 0:
        fail(f"user {user} cannot {function.__name__} {arguments}")


def write(path, text=""):
    pathlib.Path(path).write_text(text)


def prepare(program):
    """A shared folder, a registry of three events, and a file of the victim's that nobody may change."""
    for path in ("..", "."):
        os.chmod(path, 0o755)
    shutil.copy(program, "program")
    os.chmod("program", 0o755)
    for path, mode in (("shared", 0o1777), ("own", 0o755)):
        os.mkdir(path)
        os.chmod(path, mode)
    os.chown("own", VICTIM, VICTIM)
    act(VICTIM, make_registry, "own/r.db")
    act(VICTIM, add_events, "own/r.db", 3)
    act(VICTIM, write, "own/precious", PRECIOUS)
    act(VICTIM, write, "own/refused.lua", FORMATS["refused"])
    act(VICTIM, write, "own/secret", "a-secret-of-a-length")


def run(*arguments, umask=0o022, user=VICTIM, seconds=60):
    """Runs the program as the victim, which must end by itself: its status, and what it says."""
    try:
        done = subprocess.run(["./program", *arguments], capture_output=True, text=True, timeout=seconds, user=user, group=user,
                              extra_groups=[], umask=umask, env=no_proxy(), check=False)
    except subprocess.TimeoutExpired:
        fail(f"it waits: {arguments}")
    return done.returncode, done.stderr


def export(*options, **how):
    return run("export", "--db", "own/r.db", "--registry-id", "reg", *options, **how)


def expect(ended, status, *texts):
    if ended[0] != status or any(text not in ended[1] for text in texts):
        fail(f"status {ended[0]}, not {status} with {texts}: {ended[1]}")


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def check_precious():
    if pathlib.Path("own/precious").read_text() != PRECIOUS:
        fail("a file that a link led to was changed")


class Service(Follower):
    """The program, following as the victim."""

    def __init__(self, *arguments, umask=0o022):
        super().__init__("./program", "own/r.db", list(arguments), log="log")
        self.umask = umask

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.log, env=self.environment,
                                        user=VICTIM, group=VICTIM, extra_groups=[], umask=self.umask)

    def expect_end(self, status, *texts):
        wait_until(lambda: self.process.poll() is not None, f"it ends: {self.said()}", 60)
        expect((self.process.returncode, self.said()), status, *texts)


FILES = ["--output", "shared/out.jsonl", "--checkpoint", "shared/cp", "--dead-letter", "shared/dead.jsonl", "--format"]


def links(program):
    """Links of the other user, under every name that the program makes."""
    prepare(program)
    for name in ("out.jsonl", ".out.jsonl.lock", "dead.jsonl", ".dead.jsonl.lock", "cp", "cp.new", "cp.lock"):
        act(OTHER, os.symlink, os.path.abspath("own/precious"), f"shared/{name}")
        ended = export(*FILES, "ecs")
        if ended[0] == 0 or name not in ended[1]:
            fail(f"{name}: status {ended[0]}: {ended[1]}")
        check_precious()
        for path in pathlib.Path("shared").iterdir():
            path.unlink()
    act(OTHER, os.symlink, os.path.abspath("own/precious"), "shared/numbers.new")
    service = Service(*FILES, "ecs", "--metrics", "shared/numbers")
    service.start()
    wait_until(lambda: "numbers.new" in service.said(), f"it says that the numbers cannot be written: {service.said()}")
    service.stop()
    check_precious()


def replays(program):
    """A dead letter that is replayed: FILE.replaying is a link, FILE is another user's."""
    prepare(program)
    command = ["replay", "shared/dead.jsonl", "--output", "own/out.jsonl", "--as-rendered"]
    act(VICTIM, write, "own/precious", LETTER)
    act(VICTIM, write, "shared/dead.jsonl", LETTER)
    act(OTHER, os.symlink, os.path.abspath("own/precious"), "shared/dead.jsonl.replaying")
    expect(run(*command), 4, "dead.jsonl.replaying")
    if pathlib.Path("own/precious").read_text() != LETTER or os.path.getsize("own/out.jsonl"):
        fail("a file that a link led to was replayed")
    os.unlink("shared/dead.jsonl.replaying")
    os.unlink("shared/dead.jsonl")
    act(OTHER, write, "shared/dead.jsonl", LETTER)
    expect(run(*command), 4, f"is a file of user {OTHER}, and this program runs as user {VICTIM}")
    os.unlink("shared/dead.jsonl")
    act(OTHER, os.mkfifo, "shared/dead.jsonl", 0o666)
    expect(run(*command), 4, "shared/dead.jsonl")


def foreign(program):
    """Files and pipes that the other user made before, with a mode by which the victim could use them."""
    prepare(program)
    options = [*FILES, "own/refused.lua"]
    for make in (write, lambda path: os.mkfifo(path, 0o666)):
        for name in ("out.jsonl", ".out.jsonl.lock", "dead.jsonl", "cp", "cp.lock"):
            act(OTHER, make, f"shared/{name}")
            expect(export(*options), 4, name, f"is a file of user {OTHER}")
            if os.stat(f"shared/{name}").st_size:
                fail(f"something was written to {name} of the other user")
            for path in pathlib.Path("shared").iterdir():
                path.unlink()
        act(OTHER, make, "shared/input")
        to = ["--to", "splunk", "--url", "http://127.0.0.1:1", "--retries", "0"]
        write("own/table.lua", "local siem = require 'oversight.siem'\nlocal t = assert(siem.lookup.csv('../shared/input', 'k'))\n"
              "return require('oversight.formats.ecs'):extend 'x' { { 'labels.x', with = function() return t.k end } }\n")
        for ended in (export(*to, "--token", "file:shared/input"),
                      export("--to", "http", "--url", "http://127.0.0.1:1", "--format", "ecs", "--header", "@shared/input"),
                      export("--format", "own/table.lua"), run("checkpoint", "show", "shared/input"),
                      run("checkpoint", "reset", "shared/input"), run("checkpoint", "set", "shared/input", "--last-id", "1"),
                      run("sign", "--workspace-id", "w", "--key", "file:shared/input", "--length", "1")):
            if ended[0] == 0 or f"is a file of user {OTHER}" not in ended[1]:
                fail(f"status {ended[0]}: {ended[1]}")
        os.unlink("shared/input")


def pipes(program):
    """Pipes of one's own, where a file is expected: an error at once."""
    prepare(program)
    act(VICTIM, os.mkfifo, "own/pipe", 0o600)
    for ended in (export("--format", "ecs", "--output", "own/out.jsonl", "--checkpoint", "own/pipe"),
                  export("--to", "splunk", "--url", "http://127.0.0.1:1", "--retries", "0", "--token", "file:own/pipe"),
                  run("checkpoint", "show", "own/pipe"), run("replay", "own/pipe", "--output", "own/x", "--as-rendered"),
                  run("sign", "--workspace-id", "w", "--key", "file:own/pipe", "--length", "1")):
        if ended[0] == 0 or "own/pipe': it is not a regular file" not in ended[1]:
            fail(f"status {ended[0]}: {ended[1]}")
    done = subprocess.run(["bash", "-c", "echo a-secret-of-a-length | ./program sign --workspace-id w --key file:/dev/fd/0 --length 1"],
                          capture_output=True, text=True, timeout=60, check=False)
    if "base64" not in done.stderr and done.returncode != 0:
        fail(f"a pipe that was given open is not read: {done.stderr}")


def modes(program):
    """Whatever the umask is, files have the mode that is documented."""
    prepare(program)
    for umask in (0, 0o777):
        service = Service(*FILES, "own/refused.lua", "--metrics", "shared/numbers", umask=umask)
        service.start_and_wait()
        wait_until(lambda: os.path.exists("shared/numbers") and os.path.exists("shared/cp"), service.said())
        wait_until(lambda: os.path.getsize("shared/dead.jsonl") > 0, service.said())
        service.stop()
        for name, mode in (("out.jsonl", 0o640), ("dead.jsonl", 0o600), ("cp", 0o600), ("cp.lock", 0o600), ("numbers", 0o644)):
            if mode_of(f"shared/{name}") != mode:
                fail(f"umask {umask:o}: {name} has mode {mode_of(f'shared/{name}'):o}")
        for path in pathlib.Path("shared").iterdir():
            path.unlink()


def rotated(program):
    """A dead letter that rotation made again with mode 0644: made private, or nothing is written to it."""
    prepare(program)
    service = Service("--output", "own/out.jsonl", "--checkpoint", "own/cp", "--dead-letter", "own/dead.jsonl", "--format",
                      "own/refused.lua")
    service.start_and_wait()
    wait_until(lambda: os.path.getsize("own/dead.jsonl") > 0, service.said())
    os.rename("own/dead.jsonl", "own/dead.jsonl.1")
    os.close(os.open("own/dead.jsonl.2", os.O_CREAT | os.O_WRONLY))
    os.chown("own/dead.jsonl.2", VICTIM, VICTIM)
    os.chmod("own/dead.jsonl.2", 0o644)
    os.rename("own/dead.jsonl.2", "own/dead.jsonl")
    act(VICTIM, add_events, "own/r.db", 3, 3)
    wait_until(lambda: os.path.getsize("own/dead.jsonl") > 0, service.said())
    if mode_of("own/dead.jsonl") != 0o600:
        fail(f"the mode is {mode_of('own/dead.jsonl'):o}")
    os.rename("own/dead.jsonl", "own/dead.jsonl.3")
    os.close(os.open("own/dead.jsonl.4", os.O_CREAT | os.O_WRONLY))
    os.chmod("own/dead.jsonl.4", 0o666) # root's
    os.rename("own/dead.jsonl.4", "own/dead.jsonl")
    act(VICTIM, add_events, "own/r.db", 3, 6)
    service.expect_end(4, "other users can read 'own/dead.jsonl', and its mode cannot be changed", f"a file of user {VICTIM}")
    if os.path.getsize("own/dead.jsonl"):
        fail("private rows were written to a file that all can read")


def own_links(program):
    """Links that the victim or root made are followed: a site may have its outputs elsewhere."""
    prepare(program)
    for user in (VICTIM, 0):
        for name in ("out.jsonl", "dead.jsonl", "cp"):
            act(user, os.symlink, os.path.abspath(f"own/{name}"), f"shared/{name}")
        expect(export(*FILES, "own/refused.lua"), 3)
        if not os.path.getsize("own/dead.jsonl") or not os.path.getsize("own/cp") or not os.path.islink("shared/cp"):
            fail("links were not followed")
        for name in ("out.jsonl", "dead.jsonl", "cp"):
            os.unlink(f"own/{name}")
            os.unlink(f"shared/{name}")


def hold(how, path, pipe):
    """A reader's lock, until it is told to end."""
    with open(path, "rb") as file:
        if how == "fcntl":
            fcntl.fcntl(file, fcntl.F_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
        else:
            fcntl.flock(file, {"shared": fcntl.LOCK_SH, "exclusive": fcntl.LOCK_EX}[how])
        pipe.send("held")
        pipe.poll(60)


def start_reader(how, path):
    def become():
        os.setresgid(OTHER, OTHER, OTHER)
        os.setresuid(OTHER, OTHER, OTHER)
        hold(how, path, theirs)
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.get_context("fork").Process(target=become, daemon=True).start()
    if not ours.poll(60):
        fail(f"the reader has no {how} lock")
    return ours


def locks(program):
    """What a reader locks neither stops nor delays an export, and a second export is still refused: in a folder of one's
    own, and in one in which nothing can be made, under other names as well."""
    prepare(program)
    os.mkdir("fixed")
    write("fixed/out.jsonl")
    os.chown("fixed/out.jsonl", VICTIM, VICTIM)
    os.chmod("fixed/out.jsonl", 0o644)
    act(VICTIM, write, "own/out.jsonl")
    os.chmod("own/out.jsonl", 0o644)
    count = 3
    for folder in ("own", "fixed"):
        output = f"{folder}/out.jsonl"
        for how in ("shared", "exclusive", "fcntl"):
            reader = start_reader(how, output)
            expect(export("--format", "ecs", "--output", output, "--truncate"), 0)
            service = Service("--format", "ecs", "--output", output)
            service.start_and_wait()
            act(VICTIM, add_events, "own/r.db", 2, count)
            count += 2
            wait_until(lambda: pathlib.Path(output).read_text().count("\n") == 2 * count - 2, service.said(), 60)
            if folder == "own" or how != "fcntl":
                expect(export("--format", "ecs", "--output", output), 4, "is written by another export")
            reader.send("end")
            if how != "fcntl":
                os.link(output, "own/name")
                expect(export("--format", "ecs", "--output", "own/name"), 4, "is written by another export")
                os.unlink("own/name")
            os.rename(output, f"{output}.1")
            expect(export("--format", "ecs", "--output", output), 4 if folder == "own" else 1)
            os.rename(f"{output}.1", output)
            service.stop()
            service.kills += 1
            if os.path.exists(f"{folder}/.out.jsonl.lock"):
                fail("the lock is left behind")


def main(arguments):
    if os.geteuid() != 0:
        print("skipped: to be two users takes root")
        sys.exit(SKIPPED)
    cases.main({"links": links, "replays": replays, "another user's files and pipes": foreign, "pipes": pipes, "modes": modes,
                "rotated": rotated, "links of one's own": own_links, "locks": locks}, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
