#!/usr/bin/env python3
"""verify --tlog URL: a log in pages, as the registry's servers give it, and servers that fail.

Usage: pages.py PROGRAM
"""
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from made_log import Key, MadeLog, make_head

PROGRAM = sys.argv[1]
COUNT = 2600  # three pages
work = pathlib.Path(tempfile.mkdtemp(prefix="oversight-pages-"))
key = Key(work)
log = MadeLog(work / "log", COUNT, key)
failures = []


class Registry(http.server.ThreadingHTTPServer):
    """Answers of /tlog/head and /tlog/range; `lines` are what its file has."""
    daemon_threads = True

    def __init__(self, lines, head, **behaviour):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lines, self.head, self.asked = lines, head, []
        self.shape = behaviour.get("shape", "objects")
        self.failures = behaviour.get("failures", [])  # statuses of the first answers
        self.beyond = behaviour.get("beyond", 200)
        self.grown = behaviour.get("grown")  # lines that are there once all others were read
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server, (path, _, query) = self.server, self.path.partition("?")
        server.asked.append(self.path)
        if server.failures:
            return self.answer(server.failures.pop(0), "{}")
        if path == "/tlog/head":
            return self.answer(200, server.head)
        if path != "/tlog/range":
            return self.answer(404, "{}")
        start, limit = (int(urllib.parse.parse_qs(query)[name][0]) for name in ("start", "limit"))
        lines = server.lines[start:start + min(limit, 1000)]
        if not lines and server.grown:
            server.lines, server.grown = server.lines + server.grown, None
        if not lines and server.beyond != 200:
            return self.answer(server.beyond, "{}")
        entries = [entry for entry in map(self.entry, lines) if entry is not None]
        return self.answer(200, json.dumps({"start": start, "count": len(entries), "entries": entries}))

    def entry(self, line):
        try:
            entry = json.loads(line)
        except ValueError:
            return None  # malformed lines are skipped
        return line if self.server.shape == "texts" else entry


def verify(url, *more, db=log.db):
    done = subprocess.run([PROGRAM, "verify", "--db", db, "--tlog", url, "--registry-id", key.registry_id, "--json",
                           *more], capture_output=True, text=True, timeout=120, check=False)
    report = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, {name: group["count"] for name, group in report.get("findings", {}).items()}, done.stderr


def expect(case, got, status, part="", **findings):
    if got[0] != status or got[1] != findings or part not in got[2]:
        failures.append(f"{case}: got {got}, and not {(status, findings, part)}")


def check_shapes():
    lines, head = log.read_lines(), json.dumps(log.head)
    for shape in ("objects", "texts"):
        with Registry(lines, head, shape=shape) as registry:
            expect(shape, verify(registry.url), 0)
            expect(shape + ", /tlog", verify(registry.url + "/tlog/"), 0)
            expect("head of a file", verify(registry.url, "--head", log.head_path), 0)
        if len([path for path in registry.asked[:6] if "range" in path]) != 4:
            failures.append(f"{shape}: asked for {registry.asked[:6]}")
    with Registry(lines, head, beyond=404) as registry:
        expect("nothing beyond the end", verify(registry.url), 0)
    with Registry(lines, json.dumps({**log.head, "signature": None})) as registry:
        expect("no signature", verify(registry.url), 1, head_signature=1)
    other = json.dumps({"tree_size": log.head["size"], "root": log.head["root"], "signature": log.head["signature"]})
    with Registry(lines, other) as registry:
        expect("tree_size", verify(registry.url), 0)
    cut = list(lines)
    cut[700] = cut[700][:40]
    with Registry(cut, head) as registry:
        expect("a line that the registry skips", verify(registry.url), 1, leaf_missing=1)


def check_growth():
    """Leaves that are added while the log is read, and their rows."""
    lines = log.read_lines()
    head = json.dumps(make_head(log.hashes[:2000], key))
    with Registry(lines[:2000], head, grown=lines[2000:]) as registry:
        expect("grown", verify(registry.url), 0)
    with Registry(lines[:2001], head, grown=lines[2001:2400]) as registry:
        got = verify(registry.url)
        if got[0] != 1 or list(got[1]) != ["row_without_leaf"]:
            failures.append(f"rows beyond the end: {got}")


def check_failures():
    lines, head = log.read_lines(), json.dumps(log.head)
    with Registry(lines, head, failures=[503, 429]) as registry:
        expect("busy at first", verify(registry.url), 0)
    with Registry(lines, head, failures=[403]) as registry:
        expect("forbidden", verify(registry.url), 1, "/tlog/head: the registry answers with status 403")
    with Registry(lines, "[]") as registry:
        expect("no head", verify(registry.url), 1, "this is not the head of a log")
    with Registry(lines, head) as registry:
        expect("no registry", verify(registry.url + "/other"), 1, "status 404")
    user = registry.url.replace("http://", "http://me:secret@")
    got = verify(user)
    expect("a user in the URL", got, 1, "the registry's URL is wrong: give https://HOST, without a user")
    if "secret" in got[2]:
        failures.append("a password is shown")
    expect("nobody there", verify("http://127.0.0.1:1"), 1, "http://127.0.0.1:1/tlog/head: ")


try:
    for check in (check_shapes, check_growth, check_failures):
        check()
finally:
    shutil.rmtree(work)
print("\n".join(failures) or "pages are read as a file is")
sys.exit(bool(failures))
