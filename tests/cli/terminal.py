#!/usr/bin/env python3
"""What a terminal shows: colours only there, lines that fit it, and a progress line that survives any width and a
resize. What is not a terminal gets whole lines without colours.

Usage: terminal.py PROGRAM
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios

from screen import Screen, columns

program = str(pathlib.Path(sys.argv[1]).resolve())
os.chdir(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
failures = 0
COLOR = re.compile(r"\x1b\[[\d;]*m")
WIDE = "証拠" * 30  # two columns each

FORMAT = """
return require "oversight.formats.ecs":extend "mine" {
  { "labels.long", with = function(_, event) return event.user_agent .. " end" end },
}
"""

# Draws the line each time that it is asked to.
DRAW = """
local messages = require "oversight.cli.support.messages"
local bar = require("oversight.cli.support.progress").start(1000000)
bar.started = bar.started - 100
messages.set_bar(bar)
for word, number in function() return io.read() end do
  if word == "end" then break end
  bar.drawn = 0
  if word == "warn" then messages.warning(("words of a warning "):rep(5)) else bar:update(math.tointeger(word)) end
  io.stderr:write("\\0")
end
bar:finish()
io.stderr:write "ended\\n"
"""


def fail(message):
    global failures
    failures += 1
    print("FAILED:", message, file=sys.stderr)


def set_width(fd, width):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))


class Terminal:
    def __init__(self, width, *arguments, echo=True, **environment):
        master, slave = pty.openpty()
        set_width(slave, width)
        if not echo:
            mode = termios.tcgetattr(slave)
            mode[3] &= ~termios.ECHO
            termios.tcsetattr(slave, termios.TCSANOW, mode)
        self.fd = master
        given = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
        self.child = subprocess.Popen([program, *arguments], stdin=slave, stdout=slave, stderr=slave,
                                      start_new_session=True, env={**given, "TERM": "xterm", **environment})
        os.close(slave)

    def read(self, until=None):
        """What is shown up to a text, or to the end."""
        shown = b""
        while until is None or until not in shown:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                break
            if not more:
                break
            shown += more
        return shown.decode()

    def ask(self, word):
        os.write(self.fd, word.encode() + b"\n")
        return self.read(b"\0").replace("\0", "")

    def end(self):
        shown = self.read()
        os.close(self.fd)
        return shown, self.child.wait()


def show(width, *arguments, status=0, **environment):
    shown, ended = Terminal(width, *arguments, **environment).end()
    if ended != status:
        fail(f"{arguments}: status {ended}: {shown}")
    return shown.replace("\r\n", "\n")


def pipe(*arguments, status=0, **environment):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL)
    if done.returncode != status:
        fail(f"{arguments}: status {done.returncode}: {done.stderr}")
    return done.stdout + done.stderr


def make_registry():
    db = sqlite3.connect("r.db")
    db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, "
               "recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, "
               "timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)")
    db.executemany("INSERT INTO events (token_id, kind, user_agent, timestamp) VALUES (?, ?, ?, ?)",
                   [(f"token-{i}-{WIDE}", "kind" + WIDE if i % 2 else "http", WIDE, 1000 + i) for i in range(40)])
    db.execute("CREATE TABLE beacons (token_id TEXT)")
    db.commit()
    db.close()


def rows_of(text, width):
    screen = Screen(width)
    screen.feed(text.replace("\n", "\r\n"))
    return screen


# ---- colours ----

COMMANDS = {
    "diff": (["diff", "mine.lua", "--db", "r.db"], 0, "\x1b[32m+ labels.long\x1b[m"),
    "check": (["check", "broken.lua"], 1, "broken: \x1b[1;31merror\x1b[m: "),
    "inspect": (["inspect", "--db", "r.db"], 0, "\x1b[1mEvents\x1b[m        40"),
    "a warning": (["ping", "--to", "http", "--url", "http://127.0.0.1:1", "--header", "X-Key: x", "--retries", "0"], 1,
                  "oversight-siem: \x1b[1;33mwarning:\x1b[m a credential"),
    "an error": (["inspect", "--db", "none.db"], 1, "\x1b[1;31moversight-siem inspect:\x1b[m "),
    "a closing line": (["export", "--db", "r.db", "--registry-id", "r", "-f", "ecs", "-o", "/dev/null"], 0,
                       "\x1b[32m[ok]\x1b[m exported"),
}


def check_colors():
    for what, (arguments, status, wanted) in COMMANDS.items():
        shown = show(200, *arguments, status=status)
        if wanted not in shown:
            fail(f"{what} has no colour: {shown!r}")
        for without in (show(200, *arguments, status=status, NO_COLOR="1"),
                        show(200, *arguments, status=status, TERM="dumb"),
                        show(200, *arguments, "--color", "never", status=status), pipe(*arguments, status=status),
                        pipe(*arguments, "--color=auto", status=status, TERM="xterm")):
            if "\x1b" in without:
                fail(f"{what} has colours: {without!r}")
        for with_color in (pipe(*arguments, "--color", "always", status=status, NO_COLOR="1", TERM="dumb"),
                           show(200, *arguments, status=status, NO_COLOR="")):
            if wanted not in with_color:
                fail(f"{what} has no colour that is asked for: {with_color!r}")
    for arguments, status in (["diff", "mine.lua", "--db", "r.db", "--json"], 0), (["check", "broken.lua", "--json"], 1):
        for line in show(80, *arguments, status=status).splitlines():
            if line.startswith("{"):
                json.loads(line)
    if "--color takes always, never or auto" not in pipe("inspect", "--db", "r.db", "--color", "pink", status=2):
        fail("a colour mode that does not exist is taken")


# ---- widths ----

def check_widths():
    """Samples, labels and closing lines fit a terminal; elsewhere they are whole and in one line."""
    cut = "~"
    for width in 40, 80, 300:
        shown = show(width, "diff", "mine.lua", "--db", "r.db")
        screen = rows_of(shown, width)
        wrapped = [number for number in screen.continued if "after" in screen.lines()[number - 1]]
        if wrapped or cut not in shown:
            fail(f"a sample in {width} columns: {shown}")
        if rows_of(show(width, "inspect", "--db", "r.db").split("By kind:")[1], width).continued:
            fail(f"bars in {width} columns are wrapped")
        shown = show(width, "check", "broken.lua", status=1)
        if any(len(line) > width for line in COLOR.sub("", shown).splitlines() if "oversight-siem" not in line):
            fail(f"a problem in {width} columns: {shown}")
    whole = pipe("diff", "mine.lua", "--db", "r.db")
    if f"    after   {json.dumps(WIDE + ' end')}" not in whole or cut in whole:
        fail(f"a sample is cut off a terminal: {whole}")
    if f"kind{WIDE} " not in (inspected := pipe("inspect", "--db", "r.db")) or cut in inspected:
        fail(f"a label is cut off a terminal: {inspected}")
    problems = pipe("check", "broken.lua", status=1).splitlines()
    if not any(len(line) > 120 for line in problems) or any(line.startswith(" ") for line in problems):
        fail(f"a problem is wrapped off a terminal: {problems}")


# ---- the progress line ----

def draw(width, reflows, steps):
    """Draws at widths in turn; returns the screen at the end, and checks it after each step."""
    terminal = Terminal(width, "run", "draw.lua", echo=False)
    screen = Screen(width, reflows)
    for step in steps:
        if isinstance(step, int):
            set_width(terminal.fd, step)
            screen.resize(step)
            continue
        before = screen.row
        screen.feed(terminal.ask(step))
        if step != "warn":
            check_line(screen, step, screen.row - before)
    os.write(terminal.fd, b"end\n")
    shown, status = terminal.end()
    screen.feed(shown)
    if status != 0 or screen.lines()[screen.row - 1] != "ended":
        fail(f"the line is not wiped: {screen.lines()}")
    return screen.lines()


def check_line(screen, step, new_rows):
    line = screen.lines()[screen.row]
    if screen.row in screen.continued or new_rows > 1:
        fail(f"progress in {screen.width} columns is wrapped: {screen.lines()}")
    if not re.search(rf"\b{int(step) // 10000}%", line) or len(line) >= screen.width:
        fail(f"progress in {screen.width} columns is '{line}'")
    if screen.width >= 40 and f"{step}/1000000" not in line:
        fail(f"progress in {screen.width} columns lacks its count: '{line}'")
    if (screen.width >= 80) != line.startswith("["):
        fail(f"the bar in {screen.width} columns: '{line}'")


def check_progress():
    for width in 5, 20, 80, 300:
        lines = draw(width, False, ["100000", "200000", "990000"])
        if [line for line in lines if line] != ["ended"]:
            fail(f"progress in {width} columns leaves lines: {lines}")
    warning = ("words of a warning " * 5).strip()
    for reflows in False, True:
        lines = draw(80, reflows, ["warn", "100000", 20, "200000", 300, "300000", 20, "400000", "warn", "500000", 80,
                                   "600000"])
        shown = re.sub(r"\s+", "", "".join(lines))
        # Without reflow, the terminal itself cuts the first one.
        if shown.count(re.sub(r"\s+", "", warning)) < (2 if reflows else 1):
            fail(f"a resize takes what was shown: {lines}")
    shown = show(80, "export", "--db", "r.db", "--registry-id", "r", "-f", "mine.lua", "-o", "/dev/null", "--progress")
    if "[ok]" not in shown:
        fail(f"an export with progress: {shown}")


pathlib.Path("mine.lua").write_text(FORMAT)
pathlib.Path("draw.lua").write_text(DRAW)
pathlib.Path("broken.lua").write_text(FORMAT.replace('"mine"', '"broken"').replace(
    "return event.user_agent", 'error(("words of a problem "):rep(20), 0) return event.user_agent'))
make_registry()
check_colors()
check_widths()
check_progress()
print("all checks passed" if failures == 0 else f"{failures} check(s) failed")
sys.exit(failures > 0)
