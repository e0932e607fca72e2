#!/usr/bin/env python3
"""verify: each change of a registry or of its log is found and named, and nothing else is.

Usage: verify.py PROGRAM
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from made_log import Key, MadeLog, hash_leaf, leaf_of, make_head, make_row

PROGRAM = sys.argv[1]
COUNT = 3000
work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-verify-"))
key, other_key = Key(work), Key(work, "other")
whole = MadeLog(work / "whole", COUNT, key)
failures = []


def copy_log(name):
    """The whole log again, in a folder of its own, to be changed."""
    shutil.copytree(whole.folder, work / name)
    log = MadeLog.__new__(MadeLog)
    log.__dict__.update(whole.__dict__)
    log.rows, log.leaves, log.hashes = [dict(row) for row in whole.rows], list(whole.leaves), list(whole.hashes)
    log.folder = work / name
    log.db, log.path, log.head_path = (log.folder / path.name for path in (whole.db, whole.path, whole.head_path))
    return log


def run(log, *more, head=True, registry_id=key.registry_id):
    command = [PROGRAM, "verify", "--db", log.db, "--tlog", log.path]
    command += ["--head", log.head_path] if head else []
    command += ["--registry-id", registry_id] if registry_id else []
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=300, check=False)


def verify(log, *more, **options):
    """The exit status, and the findings by name: of each its row, leaf, other leaf, line and detail."""
    done = run(log, "--json", *more, **options)
    if not done.stdout:
        return done.returncode, done.stderr
    report = json.loads(done.stdout)
    found = {name: sorted(tuple(finding.get(part) for part in ("row", "leaf", "other", "line", "detail"))
                          for finding in group["first"]) for name, group in report["findings"].items()}
    return done.returncode, found


def expect(case, got, status, **findings):
    if got != (status, findings):
        failures.append(f"{case}: got {got}, and not {(status, findings)}")


def index_of(row):
    return whole.rows[row - 1]["tlog_index"]


# ---- nothing is wrong ----

def check_whole():
    expect("whole", verify(whole), 0)
    expect("without a head", verify(whole, head=False, registry_id=None), 1)
    expect("without a key", verify(whole, registry_id=None), 1)
    text = run(whole).stdout
    for part in (f"{COUNT + 62} leaves, of which {COUNT} are callbacks", f"Rows          {COUNT}, of which {COUNT} are",
                 "signed by the registry", "Not covered   id; issuer_id", "Proved: each row is what its leaf says."):
        if part not in text:
            failures.append(f"whole: '{part}' is not in:\n{text}")
    if "but the log itself is not proved. Give --head and --registry-id." not in run(whole, registry_id=None).stdout:
        failures.append("a head without a key proves something")
    for encoding in ("utf8", "spaces"):
        expect(encoding, verify(MadeLog(work / encoding, 300, key, encoding)), 0)
    empty = MadeLog(work / "empty", 0, key)
    expect("empty", verify(empty), 0)
    empty.write_head({"size": 0, "root": "00" * 32, "signature": key.sign('{"root":"%s","size":0}' % ("00" * 32))})
    expect("empty, in Rust", verify(empty), 0)


def check_after_head():
    log = copy_log("after_head")
    log.write_head(make_head(log.hashes[:2000], key))
    expect("after the head", verify(log), 0)
    if "After head    " not in run(log).stdout:
        failures.append("rows after the head are not counted")


# ---- rows ----

def check_altered():
    log = copy_log("shown")
    log.sql("UPDATE events SET file_id = NULL WHERE id = 1000")
    shown = f"\nRows that differ from their leaf: 1\n  row 1000, leaf {index_of(1000)}: file_id\n\nNot proved.\n"
    if not run(log).stdout.endswith(shown):
        failures.append(f"shown otherwise: {run(log).stdout}")
    fields = {"user_agent": "user_agent", "source_ip": "source_ip", "token_id": "token_id", "file_id": "file_id",
              "recipient_id": "recipient_id", "qualified_timestamp": "qualified_timestamp"}
    for row, (column, field) in enumerate(fields.items(), 1001):
        row += row % 7 == 3  # not of DNS
        log = copy_log(f"altered-{column}")
        log.sql(f"UPDATE events SET {column} = 'changed' WHERE id = {row}")
        expect(column, verify(log), 1, row_altered=[(row, index_of(row), None, None, field)])
    log = copy_log("altered-dns")
    log.sql("""UPDATE events SET extra = '{"qname":"x","qtype":"AAAA"}', source_ip = NULL WHERE id = 1004""")
    expect("dns", verify(log), 1,
           row_altered=[(1004, index_of(1004), None, None, "extra.qname, extra.qtype, source_ip")])
    log = copy_log("altered-kind")
    log.sql("UPDATE events SET kind = 'http_css' WHERE id = 1000")
    expect("kind", verify(log), 1, row_altered=[(1000, index_of(1000), None, None, "kind")])
    log = copy_log("altered-index")
    log.sql("UPDATE events SET tlog_index = 50 WHERE id = 1000")
    expect("index of a registration", verify(log), 1, row_swapped=[(1000, 50, index_of(1000), None, None)])
    for column in ("issuer_id = 'x'", "timestamp = 5"):
        log = copy_log("uncovered-" + column[:6])
        log.sql(f"UPDATE events SET {column} WHERE id = 1000")
        expect(column, verify(log), 0)


def check_deleted():
    log = copy_log("deleted")
    log.sql("DELETE FROM events WHERE id IN (1500, 3000)")
    leaves = [(None, index_of(row), None, None, None) for row in (1500, 3000)]
    expect("deleted", verify(log), 1, leaf_without_row=leaves)


def insert(log, row):
    names = ", ".join(row)
    values = ", ".join("NULL" if value is None else "'" + str(value).replace("'", "''") + "'" for value in row.values())
    log.sql(f"INSERT INTO events ({names}) VALUES ({values})")


def check_inserted():
    log = copy_log("inserted")
    insert(log, make_row(COUNT + 1, 99999))
    expect("inserted", verify(log), 1, row_without_leaf=[(COUNT + 1, 99999, None, None, None)])
    log = copy_log("inserted-index")
    insert(log, make_row(COUNT + 1, 40))
    expect("inserted with an index", verify(log), 1, row_twice=[(COUNT + 1, 40, None, None, None)])
    log = copy_log("inserted-copy")
    insert(log, dict(log.rows[38], id=COUNT + 1))
    expect("inserted copy", verify(log), 1,
           row_twice=[(COUNT + 1, log.rows[38]["tlog_index"], None, None, None)])
    log = copy_log("never")
    insert(log, make_row(COUNT + 1, -1))
    insert(log, make_row(COUNT + 2, None))
    never = [(COUNT + row, None, None, None, None) for row in (1, 2)]
    expect("never logged", verify(log), 3, row_never_logged=never)
    if "Proved, except the rows that never had a leaf." not in run(log).stdout:
        failures.append("rows that never had a leaf are not told apart")
    log.sql("UPDATE events SET tlog_index = 'x' WHERE id = 3002")
    expect("index that is a text", verify(log), 1, row_never_logged=never[:1],
           row_without_leaf=[(COUNT + 2, None, None, None, None)])


def check_swapped():
    a, b = 1200, 2200
    log = copy_log("swapped")
    log.sql(f"UPDATE events SET tlog_index = CASE id WHEN {a} THEN {index_of(b)} ELSE {index_of(a)} END "
            f"WHERE id IN ({a}, {b})")
    expect("swapped", verify(log), 1, row_swapped=[(a, index_of(b), index_of(a), None, None),
                                                   (b, index_of(a), index_of(b), None, None)])
    log = copy_log("swapped-ids")
    for old, new in ((a, 9999), (b, a), (9999, b)):
        log.sql(f"UPDATE events SET id = {new} WHERE id = {old}")
    expect("swapped ids", verify(log), 1, row_misplaced=[(a, index_of(b), None, None, None),
                                                         (b, index_of(a), None, None, None)])


# ---- lines of the log ----

def check_cut():
    """A leaf whose line is cut is proved by its row and the head, and its line is named."""
    index = index_of(1700)
    log = copy_log("cut")
    lines = log.read_lines()
    lines[index] = lines[index][:100]
    log.write_lines(lines)
    malformed = [(None, index, None, index + 1, None)]
    expect("cut", verify(log), 1, line_malformed=malformed)
    expect("cut, without a head", verify(log, head=False, registry_id=None), 1, line_malformed=malformed,
           row_without_leaf=[(1700, index, None, None, None)])
    log.write_lines(lines[:index] + lines[index + 1:])
    expect("line deleted", verify(log), 1, leaf_missing=[(None, index, None, None, None)])
    log.sql("DELETE FROM events WHERE id = 1700")
    expect("line and row deleted", verify(log), 1, leaf_missing=[(None, index, None, None, None)])
    log = copy_log("cut-at-the-end")
    with log.path.open("a") as file:
        file.write('{"index": 3062, "leaf_ha')
    expect("cut at the end", verify(log), 1, line_malformed=[(None, None, None, COUNT + 63, None)])
    log.path.write_text(whole.path.read_text()[:-1])
    expect("without the last end of line", verify(log), 0)


def check_leaves():
    index = index_of(800)
    log = copy_log("leaf-altered")
    lines = log.read_lines()
    lines[index] = lines[index].replace("192.0.2", "198.51.100")
    log.write_lines(lines)
    expect("text of a leaf", verify(log), 1, leaf_altered=[(None, index, None, None, None)])
    log.hashes[index] = hash_leaf(log.leaves[index].replace("192.0.2", "198.51.100"))
    lines[index] = lines[index].replace(whole.hashes[index].hex(), log.hashes[index].hex())
    log.write_lines(lines)
    expect("text and hash of a leaf", verify(log), 1, head_root=[(None, None, COUNT + 62, None, None)],
           row_altered=[(800, index, None, None, "source_ip")])
    log = copy_log("lines-swapped")
    lines = log.read_lines()
    lines[100], lines[2500] = lines[2500], lines[100]
    log.write_lines(lines)
    expect("swapped lines", verify(log), 1,
           leaf_misplaced=[(None, place, None, None, None) for place in (100, 2500)])
    log = copy_log("not-json")
    log.leaves.append("hello")
    log.write_leaves()
    expect("not JSON", verify(log), 1, leaf_not_json=[(None, COUNT + 62, None, None, None)])
    log.leaves[-1] = '{"event":"beacon",'
    log.write_leaves()
    expect("cut before it was hashed", verify(log), 1, leaf_not_json=[(None, COUNT + 62, None, None, None)])
    log = copy_log("twice")
    lines = log.read_lines()
    row = make_row(COUNT + 1, index_of(COUNT))
    leaf = leaf_of(row)
    lines.append(json.dumps({"index": index_of(COUNT), "leaf_hash": hash_leaf(leaf).hex(), "leaf_data": leaf}))
    log.write_lines(lines)
    insert(log, row)
    expect("an index twice", verify(log), 1, leaf_twice=[(None, COUNT + 62, None, None, None)])


# ---- heads ----

def check_heads():
    log = copy_log("other-key")
    log.write_head(make_head(log.hashes, other_key))
    done, findings = verify(log)
    detail = "the head is not signed by the key that registry_id names"
    expect("other key", (done, findings), 1, head_signature=[(None, None, COUNT + 62, None, detail)])
    expect("its key", verify(log, registry_id=other_key.registry_id), 0)

    log = copy_log("forked")
    old = work / "old-head"
    old.write_text(json.dumps(make_head(log.hashes[:2500], key)))
    expect("continued", verify(log, "--since-head", old), 0)
    changed = log.rows[999]
    changed["source_ip"] = "203.0.113.7"
    log.leaves[changed["tlog_index"]] = leaf_of(changed)
    log.write_rows()
    log.write_leaves()
    expect("forked, without an older head", verify(log), 0)
    expect("forked", verify(log, "--since-head", old), 1, forked=[(None, None, 2500, None, None)])

    log = copy_log("truncated")
    log.write_lines(log.read_lines()[:-5])
    rows = [(row, index_of(row), None, None, None) for row in range(COUNT - 4, COUNT + 1)]
    expect("truncated", verify(log), 1, truncated=[(None, COUNT + 57, COUNT + 62, None, None)], row_without_leaf=rows)


# ---- what cannot be read ----

def check_errors():
    def complains(case, got, status, part):
        if got.returncode != status or part not in got.stderr:
            failures.append(f"{case}: status {got.returncode}, {got.stderr}")

    log = copy_log("errors")
    complains("key", run(log, registry_id="registry-1"), 2, "64 hex digits")
    log.head_path.write_text("{}")
    complains("head", run(log), 1, "this is not the head of a log: it has no whole number 'size'")
    log.head_path.write_text(json.dumps(whole.head))
    log.path.write_text("x\n" * 70000)
    complains("no log", run(log), 1, "this is not a transparency log")
    line = json.loads(whole.line(0))
    log.path.write_text(json.dumps(dict(line, index=10**9)) + "\n")
    complains("part of a log", run(log), 1, "line 1 of the log has index 1000000000 where 0 is expected")
    log.path.unlink()
    complains("no file", run(log), 1, "cannot open")


try:
    for check in (check_whole, check_after_head, check_altered, check_deleted, check_inserted, check_swapped, check_cut,
                  check_leaves, check_heads, check_errors):
        check()
finally:
    shutil.rmtree(work)
print("\n".join(failures) or "each change is found and named, and nothing else")
sys.exit(bool(failures))
