#!/usr/bin/env python3
"""export --receipt, and verify --receipt: each change of a receipt or of what was written is found.

Usage: receipt.py PROGRAM
"""
import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from made_log import Key, MadeLog

PROGRAM, COUNT = sys.argv[1], 3000
work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-receipt-"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
key, other = Key(work, "key"), Key(work, "other")
log = MadeLog(work / "log", COUNT, key)
failures = []


def public(pair):
    path = pair.path.with_suffix(".pub")
    subprocess.run(["openssl", "pkey", "-in", pair.path, "-pubout", "-out", path], check=True, capture_output=True)
    return path


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False)


def export(out, receipts, *more):
    return run("export", "--db", log.db, "--registry-id", "r", "--format", "ecs", "--output", out, "--receipt", receipts,
               "--receipt-key", key.path, *more)


def verify(receipts, *more):
    done = run("verify", "--receipt", receipts, "--json", *more)
    if not done.stdout:
        return done.returncode, done.stderr
    return done.returncode, [problem["problem"] for problem in json.loads(done.stdout)["problems"]]


def require(case, holds, shown=""):
    if not holds:
        failures.append(f"{case}: {shown}")


def check_written(out, receipts):
    """Three exports, the last of which has nothing to deliver: two receipts."""
    checkpoint = ("--checkpoint", work / "checkpoint")
    first = export(out, receipts, *checkpoint, "--jobs", "1")
    require("first", first.returncode == 0, first.stderr)
    log.sql("INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 5)")
    for _ in range(2):
        done = export(out, receipts, *checkpoint, "--tlog", log.path)
        require("later", done.returncode == 0, done.stderr)
    lines = receipts.read_text().splitlines()
    require("lines", len(lines) == 2, lines)
    made = [json.loads(line) for line in lines]
    size = made[0]["bytes"]
    written = out.read_bytes()
    require("hash", made[0]["sha256"] == hashlib.sha256(written[:size]).hexdigest())
    require("second hash", made[1]["sha256"] == hashlib.sha256(written[size:]).hexdigest())
    require("ids", (made[0]["first_id"], made[0]["last_id"], made[0]["records"]) == (1, COUNT, COUNT), made[0])
    require("chain", made[1]["previous"] == hashlib.sha256(lines[0].encode()).hexdigest() and "previous" not in made[0])
    require("log", made[1]["tlog"] == {"size": len(log.leaves), "root": log.head["root"]}, made[1])
    about = ("r", "ecs", str(out))
    require("about", (made[0]["registry_id"], made[0]["format"], made[0]["target"]) == about, made[0])


def check_digests():
    """A receipt has the digests of the files that a format is made of: a site's, and the built-in one."""
    path, receipts = work / "mine.lua", work / "digests"
    path.write_text('return require "oversight.formats.ecs":extend "mine" { { "x", value = 1 } }\n')
    own, built_in = path.read_bytes(), (ROOT / "formats/ecs.lua").read_bytes()
    for name, parts in ("ecs", {"ecs": built_in}), (path, {"mine": own, "ecs": built_in}):
        receipts.unlink(missing_ok=True)
        done = run("export", "--db", log.db, "--registry-id", "r", "--format", name, "--output", work / "digested",
                   "--truncate", "--receipt", receipts)
        require(f"digests of {name}", done.returncode == 0, done.stderr)
        expected = [{"name": part, "sha256": hashlib.sha256(text).hexdigest()} for part, text in parts.items()]
        made = json.loads(receipts.read_text())
        require(f"digests of {name}", made["format_files"] == expected, made)


SCRIPT = """
local siem = require "oversight.siem"
require "oversight.receipt".PERIOD = 0
return siem.pipeline {
  source = { path = arg[1], registry_id = "r" }, format = "ecs", sink = arg[2], follow = true, receipt = arg[3],
}
"""


def check_following(_out, _receipts):
    """While an export follows, receipts are written when they are due, and the last one when it ends."""
    out, receipts, script = work / "followed.jsonl", work / "followed.receipts", work / "script.lua"
    script.write_text(SCRIPT)
    follower = subprocess.Popen([PROGRAM, "run", script, log.db, out, receipts], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (receipts.exists() and receipts.read_text()):
        time.sleep(0.05)
    require("due", follower.poll() is None and receipts.exists() and receipts.read_text())
    follower.send_signal(signal.SIGTERM)
    follower.communicate(timeout=60)
    require("followed", verify(receipts, "--file", out) == (0, []), verify(receipts, "--file", out))


def check_verified(out, receipts):
    by_key = ("--receipt-key", public(key))
    require("whole", verify(receipts, *by_key, "--file", out) == (0, []), verify(receipts, *by_key, "--file", out))
    require("without files", verify(receipts) == (0, []))
    for key_options, conclusion in (by_key, "\nProved."), ((), "\nWhole: each receipt continues the one before it."):
        shown = run("verify", "--receipt", receipts, *key_options).stdout
        require("conclusion", conclusion in shown and ("Proved" in shown) == bool(key_options), shown)
    halves = work / "half", work / "rest"
    written = out.read_bytes()
    halves[0].write_bytes(written[:70001])
    halves[1].write_bytes(written[70001:])
    require("two files", verify(receipts, "--file", *halves)[0] == 0)
    require("in another order", verify(receipts, "--file", *reversed(halves))[0] == 1)
    require("another key", verify(receipts, "--receipt-key", public(other)) ==
            (1, [f"it is not signed by the key in {public(other)}"] * 2))
    require("no key", verify(receipts, "--receipt-key", out)[0] == 1)

    changed = work / "changed"
    changed.write_bytes(written.replace(b"192.0.2.7", b"192.0.2.8", 1))
    require("one byte", verify(receipts, "--file", changed) == (1, ["is of other records than the files have"]))
    changed.write_bytes(written[:-1])
    status, problems = verify(receipts, "--file", changed)
    require("cut", status == 1 and "lacks 1 of its" in problems[0], problems)
    changed.write_bytes(written + b"{}\n")
    require("more", verify(receipts, "--file", changed) == (1, []))
    require("more, shown", "3 bytes of the files have no receipt" in
            run("verify", "--receipt", receipts, "--file", changed).stdout)

    lines = receipts.read_text().splitlines()
    for case, text, expected in (
            ("first removed", lines[1], ["does not continue the receipt before it"]),
            ("changed", lines[0].replace('"records":3000', '"records":2999') + "\n" + lines[1],
             [f"it is not signed by the key in {by_key[1]}", "does not continue the receipt before it"]),
            ("unsigned", lines[0].split(',"signature"')[0] + "}", ["has no signature"]),
            ("nothing", "hello", ["is not a receipt"])):
        changed.write_text(text + "\n")
        require(case, verify(changed, *by_key) == (1, expected), verify(changed, *by_key))


def check_errors(out, receipts):
    for case, done, status, part in (
            ("no such file", run("verify", "--receipt", work / "none"), 1, "there is no receipt in"),
            ("nothing given", run("verify"), 2, "give --db FILE and --tlog FILE|URL, or --receipt FILE"),
            ("both", run("verify", "--receipt", receipts, "--db", log.db), 2, "give either"),
            ("key alone", run("export", "--db", log.db, "--registry-id", "r", "--format", "ecs", "--receipt-key", "x"), 2,
             "--receipt-key needs --receipt"),
            ("output", export(out, out), 1, "it is another output"),
            ("dry run", run("export", "--db", log.db, "--registry-id", "r", "--format", "ecs", "--to", "http", "--url",
                            "http://127.0.0.1:1", "--dry-run", "--receipt", "x"), 2, "nothing is delivered")):
        require(case, done.returncode == status and part in done.stderr, (done.returncode, done.stderr))
    done = run("export", "--db", log.db, "--registry-id", "r", "--format", "ecs", "--output", work / "new", "--receipt",
               work / "receipts", "--receipt-key", public(key))
    require("public key", done.returncode == 1 and "is not a private key of Ed25519" in done.stderr and
            not (work / "receipts").exists(), done.stderr)


try:
    for check in (check_written, check_following, check_verified, check_errors):
        check(work / "out.jsonl", work / "receipts.jsonl")
    check_digests()
finally:
    shutil.rmtree(work)
print("\n".join(map(str, failures)) or "each change of a receipt, or of what was written, is found")
sys.exit(bool(failures))
