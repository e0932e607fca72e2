#!/usr/bin/env python3
"""Answers that are too much: long ones, many values, headers and cookies without end. None costs more memory than
what was asked is worth, none delivers, and what a real target answers to a large batch is read.

Usage: answers.py PROGRAM
"""
import http.server
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import threading

program = pathlib.Path(sys.argv[1]).resolve()
binary = program.read_bytes()
is_sanitized = b"__asan_init" in binary or b"__tsan_init" in binary  # these have memory of their own
failures = 0
os.chdir(tempfile.mkdtemp(prefix="oversight-answers-"))
for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(name, None)


def check(holds, what):
    global failures
    if not holds:
        failures += 1
        print(f"FAILED: {what}", file=sys.stderr)


class Server(http.server.ThreadingHTTPServer):
    """Answers each POST by `answer`(request's body, its number) -> status, headers, body. A body is bytes, or a pair:
    bytes, and how often they come. That leaves this process small, whose peak the programs that it starts inherit."""
    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.seen, self.lock = answer, [], threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            number = len(self.server.seen)
            self.server.seen.append(self.headers.get("Cookie", ""))
        status, headers, answer = self.server.answer(body, number)
        piece, times = answer if isinstance(answer, tuple) else (answer, 1)
        head = [f"HTTP/1.1 {status} x", f"Content-Length: {len(piece) * times}"] + [f"{k}: {v}" for k, v in headers]
        try:
            self.wfile.write("\r\n".join(head + ["", ""]).encode())
            for _ in range(times):
                self.wfile.write(piece)
        except OSError:  # it has heard enough
            self.close_connection = True

    def log_message(self, *_):
        pass


def registry(path, count, agent):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT,"
                   " recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,"
                   " timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)")
        db.executemany("INSERT INTO events (token_id, kind, user_agent, timestamp) VALUES (?, 'http', ?, ?)",
                       [(f"token-{i}", agent, 1000 + i) for i in range(count)])
    db.close()


def export(server, target, *options, db="ten.db"):
    """(exit status, standard error, peak memory in MiB) of an export."""
    sink = {"splunk": ["--token", "env:TOKEN"], "elastic": ["--without-template"], "http": []}[target]
    words = [str(program), "export", "--db", db, "--registry-id", "r", "--to", target, "--url", server.url, *sink,
             "--retries", "0", "--retry-base", "0.01", *options]
    if target == "http":
        words += ["--format", "ecs"]
    with open("err", "wb") as err:
        pid = os.posix_spawn(program, words, os.environ | {"TOKEN": "answers-secret"},
                             file_actions=[(os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
        _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), pathlib.Path("err").read_text(), usage.ru_maxrss >> 10


def too_much(name, target, answer, message, *options):
    server = Server(lambda body, number: answer)
    status, err, peak = export(server, target, *options)
    check(status == 1 and message in err and "10 event(s) left" in err, f"{name}: status {status}: {err}")
    check(is_sanitized or peak < 64, f"{name}: {peak} MiB")
    server.shutdown()


registry("ten.db", 10, "agent")
ok = b'{"text":"Success","code":0}'

# ---- long answers, and values that take more memory than their text ----
zeros = b'{"items":[' + b"0," * 32000
too_much("16 MiB of zeros", "elastic", (200, [], (zeros, 256)), "but the answer is longer than ")
too_much("16 MiB of spaces", "splunk", (200, [], (ok + b" " * 65536, 256)), "the answer is longer than 64 KiB")
too_much("many zeros", "splunk", (200, [], b'{"code":0,"x":[' + b"0," * 30000 + b"0]}"), "more than 2048 values")
too_much("many brackets", "splunk", (200, [], b'{"code":0,"x":' + b"[" * 30000), "more than 2048 values")
too_much("many headers", "splunk", (200, [("X-Filling", "x" * 4000)] * 20, ok), "longer than 64 KiB")
# Of a refusal, the beginning is enough.
server = Server(lambda body, number: (403, [], (b"<html>no right" + b" " * 65536, 256)))
status, err, peak = export(server, "http")
check(status == 4 and "HTTP 403" in err and "no right" in err, f"a long refusal: {status}: {err}")
check(is_sanitized or peak < 64, f"a long refusal: {peak} MiB")

# ---- cookies: 50 more in each answer, which libcurl keeps for ever; an ordinary one comes back ----
registry("sent.db", 600, "agent")
server = Server(lambda body, number: (200, [("Set-Cookie", f"c{number}-{i}={'x' * 1200}") for i in range(50)], ok))
status, err, peak = export(server, "splunk", "--batch-events", "1", db="sent.db")
check(status == 0, f"many cookies: status {status}: {err}")
check(is_sanitized or peak < 48, f"many cookies: {peak} MiB")
server = Server(lambda body, number: (200, [("Set-Cookie", f"node={number}; path=/")], ok))
status, err, _ = export(server, "splunk", "--batch-events", "1", "--in-flight", "1")
check(status == 0 and server.seen.count("") <= 2 and server.seen[9].startswith("node="), f"one cookie: {server.seen}")

# ---- what a real target answers: 2,000 documents refused, and reasons that repeat a long field twice ----
def refuse_all(body, number):
    documents = [json.loads(line) for line in body.decode().split("\n")[1::2]]
    items = []
    for document in documents:
        agent = document["user_agent"]["original"]
        cause = {"type": "illegal_argument_exception", "reason": f"'{agent}' is no agent"}
        items.append({"create": {"status": 400, "error": {
            "type": "document_parsing_exception", "reason": f"failed to parse field [user_agent]: '{agent}'",
            "caused_by": cause}}})
    return 200, [], json.dumps({"errors": True, "items": items}).encode()


registry("many.db", 2000, "agent " * 20)
registry("long.db", 3, "agent " * 10000)
for db, count in (("many.db", 2000), ("long.db", 3)):
    pathlib.Path("dead").unlink(missing_ok=True)
    status, err, _ = export(Server(refuse_all), "elastic", "--dead-letter", "dead", db=db)
    refused = pathlib.Path("dead").read_text().count("\n") if status == 3 else 0
    check(refused == count, f"{db}: status {status}, {refused} refused: {err[:600]}")

if failures:
    sys.exit(f"{failures} check(s) failed")
print("all checks passed")
