"""A generic HTTP collector: a JSON array or NDJSON, taken or refused as a whole."""
import json
import time

import records
from wire import Answer


def options(parser):
    parser.add_argument("--framing", choices=("array", "ndjson"), default="array", help="plain")
    parser.add_argument("--require-header", action="append", default=[], metavar="'K: V'", help="plain: else 401")
    parser.add_argument("--success-status", type=int, default=200, help="plain")
    parser.add_argument("--poison-after", type=float, default=0, metavar="SECONDS", help="plain: the answer to poison")


class Protocol:
    def __init__(self, args, store):
        self.args, self.store = args, store
        self.required = [tuple(part.strip() for part in line.split(":", 1)) for line in args.require_header]
        self.read = records.array if args.framing == "array" else records.lines

    def kind(self, request):
        return "data" if request.method == "POST" else "other"

    def serve(self, request):
        if request.method != "POST":
            return said(405, "only POST")
        for name, value in self.required:
            if request.headers.get(name.lower()) != value:
                return said(401, f"header {name} is missing or wrong")
        if request.encoding not in ("", "identity", "gzip", "zstd"):
            return said(415, "unknown Content-Encoding")
        if self.args.max_bytes and len(request.body) > self.args.max_bytes:
            return said(413, "the body is too large")
        return self.take(request)

    def take(self, request):
        try:
            found = self.read(request.body)
        except records.BadRecord as problem:
            return said(400, problem.args[0])
        if request.problem or b"poison" in request.body:
            time.sleep(self.args.poison_after)
            return said(self.args.poison_status or 400, request.problem or "a record is refused")
        self.store.keep(request, [(None, text) for _, text in found])
        return Answer(self.args.success_status, b'{"accepted":%d}' % len(found))

    def count(self, body):
        return records.estimate(body) if self.args.framing == "array" else body.count(b"\n")

    def success(self, request, count):
        return Answer(self.args.success_status)


def said(status, message):
    return Answer(status, json.dumps({"error": message}).encode())
