"""What the receiver writes into its folder: the requests it got and the records its target would hold."""
import json
import pathlib
import threading
import time


class Store:
    """All writing happens under `lock`, which the protocols also hold for state that goes with a record."""

    def __init__(self, folder, *, bodies=False, count_only=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.count_only = count_only
        self.totals = {"requests": 0, "events": 0, "bytes": 0}
        self.last_number = -1
        self.files = {}
        self.bodies = self.folder / "bodies" if bodies else None
        if self.bodies:
            self.bodies.mkdir(exist_ok=True)
        if not count_only:
            for name in ("requests", "stored"):
                self.file(name)

    def file(self, name):
        if name not in self.files:
            self.files[name] = open(self.folder / f"{name}.jsonl", "wb")
        return self.files[name]

    def next_number(self):
        with self.lock:
            self.last_number += 1
            return self.last_number

    def keep(self, request, records, *, into="stored"):
        """records: (id or None, JSON text in bytes). They are on file before any answer is sent."""
        if request.dry or not records:
            return
        head = b'{"request": %d, "id": ' % request.number
        lines = [b"%s%s, \"record\": %s}\n" % (head, json.dumps(name).encode(), one_line(text))
                 for name, text in records]
        with self.lock:
            request.stored += len(records)
            file = self.file(into)
            file.write(b"".join(lines))
            file.flush()

    def log(self, request, link, status):
        line = {
            "number": request.number, "data": request.data_index, "time": round(time.time(), 3),
            "connection": link.number, "tls": link.tls, "method": request.method, "path": request.target,
            "headers": request.headers, "wire": len(request.wire), "body": len(request.body),
            "gzip": request.encoding == "gzip", "encoding": request.encoding, "fault": request.fault, "status": status, "stored": request.stored,
            "node": request.node,
        }
        with self.lock:
            if self.bodies:
                (self.bodies / str(request.number)).write_bytes(request.body)
            file = self.file("requests")
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()

    def count(self, events, size):
        with self.lock:
            self.totals["requests"] += 1
            self.totals["events"] += events
            self.totals["bytes"] += size

    def finish(self):
        """The lock is taken and kept, so that the end of the process cuts no line."""
        self.lock.acquire(timeout=1)
        if self.count_only:
            (self.folder / "totals.json").write_text(json.dumps(self.totals) + "\n")


def one_line(text):
    """The text itself; written anew only if it has line breaks between its tokens."""
    if b"\n" not in text and b"\r" not in text:
        return text
    return json.dumps(json.loads(text), separators=(",", ":")).encode()
