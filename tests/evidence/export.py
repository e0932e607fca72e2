#!/usr/bin/env python3
"""export --tlog: what formats can read of the log, and what becomes of an event that differs from its leaf.

Usage: export.py PROGRAM
"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from made_log import Key, MadeLog, find_root, hash_leaf, leaf_of, make_row

PROGRAM = sys.argv[1]
FORMATS = pathlib.Path(__file__).resolve().parents[2] / "examples/formats"
COUNT, ALTERED = 6000, 1001
work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-evidence-"))
log = MadeLog(work / "log", COUNT, Key(work))
failures = []


def command(*more, format_="proved_ecs"):
    return [PROGRAM, "export", "--db", log.db, "--registry-id", "r", "--format", FORMATS / f"{format_}.lua", "--tlog",
            log.path, *more]


def export(*more, format_="proved_ecs"):
    done = subprocess.run(command(*more, format_=format_), capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def require(case, holds, shown=""):
    if not holds:
        failures.append(f"{case}: {shown}")


def check_fields():
    """Each format, on one thread and on several."""
    size, root = len(log.leaves), find_root(log.hashes).hex()
    hashes = [log.hashes[row["tlog_index"]].hex() for row in log.rows]
    for jobs in ("1", "3"):
        status, records, message = export("--jobs", jobs)
        require("ecs", status == 0 and len(records) == COUNT, message)
        require("event.hash", [record["event"]["hash"] for record in records] == hashes)
        require("root and size", {(record["oversight"]["tlog_root"], record["oversight"]["tlog_size"])
                                  for record in records} == {(root, size)})
        verified = [record["event"]["id"] for record in records if not record["oversight"]["tlog_verified"]]
        require("verified", verified == [str(ALTERED)], verified)
    _, records, message = export("--limit", "1", format_="proved_splunk")
    expected = {"tlog_leaf_hash": hashes[0], "tlog_verified": True, "tlog_root": root, "tlog_size": size}
    require("splunk", records and expected.items() <= records[0]["event"].items(), message)
    _, records, message = export("--limit", "1", format_="proved_sentinel")
    expected = {"TlogLeafHash": hashes[0], "TlogVerified": True, "TlogRoot": root, "TlogSize": size}
    require("sentinel", records and expected.items() <= records[0].items(), message)
    done = subprocess.run([*command()[:-2], "--limit", "1"], capture_output=True, text=True, timeout=60, check=False)
    require("without a log", done.returncode == 0 and "tlog_verified" not in done.stdout, done.stderr)


def check_unverified():
    status, records, message = export("--on-unverified", "stop")
    reason = f"event {ALTERED}: the event differs from leaf {log.rows[ALTERED - 1]['tlog_index']}: source_ip"
    require("stop", status == 1 and len(records) < ALTERED and reason in message, (status, len(records), message))
    refused = work / "refused.jsonl"
    for jobs in ("1", "3"):
        refused.unlink(missing_ok=True)
        status, records, message = export("--on-unverified", "dead-letter", "--dead-letter", refused, "--jobs", jobs)
        require("dead-letter", status == 3 and len(records) == COUNT - 1, (status, len(records), message))
        letters = [json.loads(line) for line in refused.read_text().splitlines()]
        require("letters", [letter["event_id"] for letter in letters] == [str(ALTERED)] and
                "differs from leaf" in letters[0]["reason"], letters)
    status, records, message = export("--on-unverified", "export", "--limit", "5")
    require("export", status == 0 and len(records) == 5, message)
    for wrong in (["--on-unverified", "dead-letter"], ["--on-unverified", "skip"]):
        status, _, message = export(*wrong)
        require(f"{wrong}", status == 2 and "--on-unverified" in message, message)
    log.path.rename(work / "away")
    require("no log", export()[0] == 1)
    (work / "away").rename(log.path)


def check_growth():
    """Leaves and rows that are added while an export follows."""
    out = work / "out.jsonl"
    follower = subprocess.Popen(command("--follow", "--output", out), stderr=subprocess.PIPE, text=True)

    def wait_for(count):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            lines = out.read_text().splitlines() if out.exists() else []
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            time.sleep(0.05)
        return []

    try:
        require("followed", len(wait_for(COUNT)) == COUNT)
        row = make_row(COUNT + 1, len(log.leaves))
        log.leaves.append(leaf_of(row))
        log.hashes.append(hash_leaf(log.leaves[-1]))
        with log.path.open("a") as file:
            file.write(log.line(len(log.leaves) - 1) + "\n")
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        log.sql(f"INSERT INTO events ({names}) VALUES ({marks})", list(row.values()))
        last = (wait_for(COUNT + 1) or [{}])[-1]
        require("grown", last.get("event", {}).get("hash") == log.hashes[-1].hex(), last)
        require("grown root", last.get("oversight", {}).get("tlog_root") == find_root(log.hashes).hex(), last)
    finally:
        follower.send_signal(signal.SIGTERM)
        require("ended", follower.wait(60) is not None)


try:
    log.sql(f"UPDATE events SET source_ip = '203.0.113.9' WHERE id = {ALTERED}")
    for check in (check_fields, check_unverified, check_growth):
        check()
finally:
    shutil.rmtree(work)
print("\n".join(map(str, failures)) or "formats read the log, and events that differ are handled as they should be")
sys.exit(bool(failures))
