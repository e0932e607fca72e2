#!/usr/bin/env python3
"""Completions, as bash, zsh and fish give them; and manual pages without a warning. What is not installed is skipped.

Usage: completions.py PROGRAM FOLDER     the folder has the completions and the manual pages
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

program, made = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
work = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
os.chdir(work)
(work / "registry.sqlite").touch()
(work / "folder").mkdir()
(work / "mine.lua").touch()
environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(work), "TERM": "dumb"}
failures, skipped = 0, []
SECONDS = 60


def fail(message):
    global failures
    failures += 1
    print("FAILED:", message, file=sys.stderr)


def ask(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=SECONDS)


# What is typed; what must come, and what must not.
CASES = [
    ("", ["export", "inspect", "help"], ["--db"]),
    ("exp", ["export"], ["inspect"]),
    ("help re", ["replay", "reconcile"], ["export"]),
    ("export --to ", ["splunk", "elastic", "azure"], ["export"]),
    ("export --to=sp", ["splunk"], ["elastic"]),
    ("export --d", ["--db", "--dead-letter", "--dry-run"], ["--token", "--format"]),
    ("export --db ", ["registry.sqlite"], ["splunk", "--db"]),
    ("export -o reg", ["registry.sqlite"], ["folder"]),
    ("export -f ", ["ecs", "splunk", "mine.lua"], ["azure"]),
    ("export --format=sent", ["sentinel"], ["ecs"]),
    ("export --lua-path f", ["folder"], ["mine.lua"]),
    ("export --to splunk --to", ["--token"], ["--api-key"]),
    ("export --to=splunk --ack-", ["--ack-pause", "--ack-timeout"], ["--ack"]),
    ("export --to splunk --compress ", ["gzip", "zstd", "none"], ["text"]),
    ("export --to elastic --ap", ["--api-key", "--append"], ["--token"]),
    ("export --ap", ["--append"], ["--api-key"]),
    ("export --log-format ", ["text", "json"], ["gzip"]),
    ("ping --color ", ["always", "never", "auto"], []),
    ("export --on-error ", ["stop", "skip", "dead-letter:"], []),
    ("sinks ", ["kafka", "http"], ["export"]),
    ("check ", ["ecs", "mine.lua"], ["kafka"]),
    ("checkpoint ", ["show", "set", "reset", "registry.sqlite"], ["ecs"]),
    ("run ", ["mine.lua"], ["ecs"]),
    ("inspect --", ["--db", "--help"], ["--format"]),
]


# ---- bash ----

BASH = """
source "$1/oversight-siem"
complete -p oversight-siem >/dev/null || exit 1
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=("${@:3}") COMP_CWORD=$(($# - 3))
_oversight_siem
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete_bash(typed):
    # Readline breaks words at "=" as well.
    words = [word for word in re.split(r"(=)|\s", f"oversight-siem {typed}") if word is not None]
    words = [word for at, word in enumerate(words) if word or at == len(words) - 1]
    done = ask("bash", "-c", BASH, "bash", str(made), f"oversight-siem {typed}", *words)
    if done.returncode != 0 or done.stderr:
        fail(f"bash: {done.stderr}")
    return set(done.stdout.split())


# ---- fish ----

def complete_fish(typed):
    done = ask("fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", str(made / "oversight-siem.fish"),
               f"oversight-siem {typed}")
    if done.stderr:
        fail(f"fish: {done.stderr}")
    # "--to=splunk" comes whole, and a folder with "/".
    return {line.split("\t")[0].rsplit("=", 1)[-1].rstrip("/") for line in done.stdout.splitlines()}


# ---- zsh ----

ZSH = f"""
fpath=({made} $fpath)
autoload -U compinit; compinit -u -D
zstyle ':completion:*' verbose no
zstyle ':completion:*' insert-unambiguous false
LISTMAX=0
setopt no_beep no_list_beep no_list_types
unsetopt list_ambiguous
PS1='ready> '
"""


class Zsh:
    def __init__(self):
        (work / ".zshrc").write_text(ZSH)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-i"], {**environment, "ZDOTDIR": str(work), "COLUMNS": "200", "LINES": "200"})
        self.until("ready> ")

    def until(self, pattern):
        shown, limit = "", time.monotonic() + SECONDS
        while not re.search(pattern, shown, re.S) and time.monotonic() < limit:
            if select.select([self.fd], [], [], 0.2)[0]:
                shown += os.read(self.fd, 65536).decode("utf-8", "replace")
        return shown

    def complete(self, typed):
        """What Ctrl-D lists; then the line is emptied, and the shell answers a command."""
        os.write(self.fd, f"oversight-siem {typed}\x04\x15print do''ne\n".encode())
        shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", " ", self.until(r"\ndone.*ready> "))
        return set(shown.split()) - {"oversight-siem", *typed.split()}

    def end(self):
        os.write(self.fd, b"exit\n")
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def check(shell, complete):
    for typed, wanted, unwanted in CASES:
        found = complete(typed)
        missing, extra = set(wanted) - found, set(unwanted) & found
        if missing or extra:
            fail(f"{shell}: '{typed}' lacks {sorted(missing)} and has {sorted(extra)}: {sorted(found)}")


def check_pages():
    pages = [str(made / name) for name in ("oversight-siem.1", "oversight-siem-formats.5")]
    for page in pages:
        for tool in ["man", "--warnings", "-E", "UTF-8", "-l"], ["mandoc", "-Tlint"]:
            if not shutil.which(tool[0]):
                skipped.append(tool[0])
                continue
            done = ask(*tool, page)
            said = done.stderr if tool[0] == "man" else done.stdout + done.stderr
            if said or done.returncode != 0:
                fail(f"{tool[0]} of {page}: {said[:2000]}")
            if tool[0] == "man" and len(done.stdout) < 3000:
                fail(f"{page} is short: {done.stdout}")


check("bash", complete_bash)
if shutil.which("fish"):
    check("fish", complete_fish)
else:
    skipped.append("fish")
if shutil.which("zsh"):
    zsh = Zsh()
    check("zsh", zsh.complete)
    zsh.end()
else:
    skipped.append("zsh")
check_pages()
print(f"skipped, as not installed: {', '.join(skipped)}" if skipped else "nothing is skipped")
print("all checks passed" if failures == 0 else f"{failures} check(s) failed")
sys.exit(failures > 0)
