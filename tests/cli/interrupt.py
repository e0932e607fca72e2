#!/usr/bin/env python3
"""Ctrl-C ends every command as a shell expects it: by SIGINT, so that $? is 130 and a loop ends as well, and without
a traceback. SIGTERM keeps its meaning.

Usage: interrupt.py PROGRAM
"""
import os
import pathlib
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

program = str(pathlib.Path(sys.argv[1]).resolve())
os.chdir(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
failures = 0
SECONDS = 60  # that anything may take on a slow machine; what is fast is measured by itself

SCRIPTS = {
    "loop.lua": "print 'running' io.stdout:flush() while true do end",
    "protected.lua": "print 'running' while true do pcall(function() for i = 1, 1e6 do end end) end",
    "ask.lua": "io.write 'name? ' io.flush() local name = io.read() print('hello ' .. name)",
}


def fail(message):
    global failures
    failures += 1
    print("FAILED:", message, file=sys.stderr)


def make_registry(path, events):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, "
               "recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, "
               "timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)")
    db.executemany("INSERT INTO events (token_id, kind, timestamp) VALUES (?, 'http', 1000)",
                   [(f"t{i}",) for i in range(events)])
    db.commit()
    return db


class Typed:
    """A program on a terminal of its own, and what it shows there."""

    def __init__(self, *arguments, shell=False):
        words = ["bash", "-c", f"{program} {' '.join(arguments)}; echo status $?"] if shell else [program, *arguments]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(words[0], words)
        self.shown = ""

    def read(self):
        try:
            self.shown += os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError:  # its last process has ended
            return False
        return True

    def wait_for(self, text):
        limit = time.monotonic() + SECONDS
        while text not in self.shown and time.monotonic() < limit:
            if not self.read():
                break
        if text not in self.shown:
            fail(f"'{text}' is never shown, but: {self.shown}")

    def type(self, keys):
        os.write(self.fd, keys)

    def end(self):
        while self.read():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def check(what, status, shown, wanted=-signal.SIGINT):
    if status != wanted:
        fail(f"{what}: status {status} instead of {wanted}: {shown}")
    for word in "traceback", "[C]", "attempt to", "did not end in time":
        if word in shown:
            fail(f"{what}: {word} in: {shown}")


def on_terminal():
    """At a prompt and in a loop of a script; at once, and by one Ctrl-C."""
    for script, text in ("loop.lua", "running"), ("protected.lua", "running"), ("ask.lua", "name? "):
        typed = Typed("run", script)
        typed.wait_for(text)
        typed.type(b"\x03")
        check(script, typed.end(), typed.shown)
    typed = Typed("run", "ask.lua", shell=True)
    typed.wait_for("name? ")
    typed.type(b"\x03")
    typed.end()
    # bash ends with what it was interrupted in, as the status says so.
    if "hello" in typed.shown or "status 0" in typed.shown:
        fail(f"a shell goes on: {typed.shown}")
    typed = Typed("run", "ask.lua")
    typed.wait_for("name? ")
    typed.type(b"you\n")
    typed.wait_for("hello you")
    check("an answer", typed.end(), typed.shown, 0)


def start(*arguments, **options):
    return subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def interrupt(what, child, number=signal.SIGINT, wanted=-signal.SIGINT):
    child.send_signal(number)
    try:
        out, err = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        fail(f"{what}: it goes on")
    check(what, child.returncode, out + err, wanted)
    return err


def is_sleeping(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "S"


def wait_until(what, condition):
    limit = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > limit:
            fail(f"never so: {what}")
            return
        time.sleep(0.02)


def handles_interrupt(pid):
    caught = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                  if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1


def while_it_reads():
    """A registry that is locked is waited for: a long inspect, or a long reconcile."""
    make_registry("locked.db", 3).close()
    subprocess.run([program, "export", "--db", "locked.db", "--registry-id", "reg", "-f", "ecs", "-o", "out.jsonl",
                    "--checkpoint", "cp", "-q"], check=True)
    for what in (["inspect"], ["try", "ecs"], ["diff", "ecs", "--against", "ecs"], ["check", "ecs"], ["status", "cp"],
                 ["reconcile", "--checkpoint", "cp", "--file", "out.jsonl"]):
        lock = sqlite3.connect("locked.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        child = start(*what, "--db", "locked.db")
        wait_until(f"{what[0]} waits", lambda: handles_interrupt(child.pid) and is_sleeping(child.pid))
        interrupt(what[0], child)
        lock.close()
    child = start("try", "ecs", stdin=subprocess.PIPE)
    wait_until("try waits", lambda: handles_interrupt(child.pid) and is_sleeping(child.pid))
    interrupt("try at its standard input", child)


def while_it_exports():
    """An export ends in order: the closing line says how far it came, and the position is saved."""
    make_registry("r.db", 30).close()
    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    for number, wanted in (signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 1):
        child = start("export", "--db", "r.db", "--registry-id", "reg", "-f", "ecs", "-o", url)
        server.accept()
        err = interrupt("an export that waits", child, number, wanted)
        if "[stopped]" not in err or "30 event(s) left" not in err:
            fail(f"how an export was stopped: {err}")
    for number, wanted in (signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 0):
        child = start("export", "--db", "r.db", "--registry-id", "reg", "-f", "ecs", "-o", f"{number}.jsonl", "--follow",
                      "--checkpoint", f"{number}.checkpoint")
        written = pathlib.Path(f"{number}.jsonl")
        wait_until("it follows", lambda: written.exists() and len(written.read_text().splitlines()) == 30)
        interrupt("an export that follows", child, number, wanted)
        saved = subprocess.run([program, "checkpoint", "show", f"{number}.checkpoint"], capture_output=True, text=True)
        if "event 30" not in saved.stdout:
            fail(f"an export that follows is interrupted, and its position is: {saved.stdout}{saved.stderr}")
    child = start("export", "--db", "r.db", "--registry-id", "reg", "-f", "ecs", "-o", url)
    server.accept()
    child.send_signal(signal.SIGINT)
    interrupt("a second Ctrl-C", child)


def as_first_process():
    """In a container nothing dies of a signal by default: the status is 130 all the same."""
    apart = ["unshare", "--pid", "--fork"]
    if subprocess.run([*apart, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: the first process of a container, without the rights for one")
        return
    child = subprocess.Popen([*apart, program, "try", "ecs"], stdin=subprocess.PIPE)
    children = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children")
    wait_until("it begins", lambda: children.read_text().split())
    inner = int(children.read_text())
    wait_until("it waits", lambda: handles_interrupt(inner) and is_sleeping(inner))
    os.kill(inner, signal.SIGINT)
    check("the first process of a container", child.wait(SECONDS), "", 130)


for name, text in SCRIPTS.items():
    pathlib.Path(name).write_text(text)
on_terminal()
while_it_reads()
while_it_exports()
as_first_process()
print("all checks passed" if failures == 0 else f"{failures} check(s) failed")
sys.exit(failures > 0)
