"""Elasticsearch _bulk: NDJSON in pairs, an outcome by item, filter_path, the failure store."""
import base64
import functools
import ipaddress
import json
import re

import faults
import indices
import records
from wire import Answer

BULK_PATH = re.compile(r"/(?:([^/]+)/)?_bulk")
SEARCH_PATH = re.compile(r"/([^/]+)/_search")
REASONS = {
    400: ("mapper_parsing_exception", "failed to parse"),
    404: ("index_not_found_exception", "no such index"),
    409: ("version_conflict_engine_exception", "version conflict, document already exists"),
    429: ("es_rejected_execution_exception", "rejected execution of primary operation"),
    503: ("unavailable_shards_exception", "primary shard is not active Timeout: [1m]"),
}


def options(parser):
    parser.add_argument("--api-key", help="bulk: the key, as it stands after 'ApiKey '")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--failure-store", action="store_true", help="bulk: poison is kept aside, with 201")
    parser.add_argument("--strict-ip", action="store_true", help="bulk: source.ip must be an IP address")
    parser.add_argument("--twice", action="store_true", help="bulk: a search finds each document twice")
    parser.add_argument("--shard-fails", action="store_true", help="bulk: a shard does not answer searches")
    parser.add_argument("--data-stream", action="store_true", help="bulk: a document needs @timestamp")
    parser.add_argument("--busy-bytes", type=int, help="bulk: 429 for a larger body, each time")
    parser.add_argument("--one-path", action="store_true", help="bulk: no other path than /_bulk is known")
    indices.options(parser)


class Protocol:
    max_bytes = 100 * 1024 * 1024

    def __init__(self, args, store):
        self.args, self.store = args, store
        self.max_bytes = args.max_bytes or self.max_bytes
        self.indices = indices.Indices(args)
        self.ids = set()
        self.poison_status = args.poison_status or 400
        self.accepted = set()
        if args.api_key:
            self.accepted.add(f"ApiKey {args.api_key}")
        if args.user:
            pair = f"{args.user}:{args.password or ''}".encode()
            self.accepted.add("Basic " + base64.b64encode(pair).decode())

    def kind(self, request):
        return "data" if request.method in ("POST", "PUT") and BULK_PATH.fullmatch(request.path) else "other"

    def serve(self, request):
        if self.accepted and request.headers.get("authorization") not in self.accepted:
            answer = refused(401, "security_exception", "unable to authenticate with provided credentials")
            answer.headers.append(("WWW-Authenticate", 'ApiKey, Basic realm="security", charset="UTF-8"'))
            return answer
        if self.args.one_path and request.path not in ("/", "/_bulk"):
            return Answer(404, b"not found", "text/plain")
        if self.kind(request) == "data":
            return self.refusal(request) or self.take(request)
        if request.path == "/" and request.method in ("GET", "HEAD"):
            return Answer(200, json.dumps(ROOT).encode())
        if request.method in ("GET", "POST") and SEARCH_PATH.fullmatch(request.path):
            return self.search(request)
        with self.store.lock:
            answer = self.indices.serve(request)
        if answer:
            status, body = answer
            return Answer(status, filtered(body, request.query.get("filter_path")))
        return refused(404, "illegal_argument_exception", f"no handler for {request.method} {request.path}")

    def refusal(self, request):
        """What is wrong with the request as a whole before its lines are looked at, or None."""
        given = request.headers.get("content-type", "")
        if request.count("content-type") != 1 or given.split(";")[0].strip().lower() != "application/x-ndjson":
            return refused(406, "media_type_header_exception", f"Content-Type [{given}] is not supported")
        if request.encoding not in ("", "identity", "gzip"):
            return refused(415, "illegal_argument_exception", "unknown Content-Encoding")
        if request.problem:
            return refused(400, "compressor_detection_exception", request.problem)
        if len(request.body) > self.max_bytes:
            return Answer(413)  # the server's HTTP layer answers this one, without a body
        if self.args.busy_bytes and len(request.body) > self.args.busy_bytes:
            return refused(429, "rejected_execution_exception", "rejected execution of coordinating operation")
        return None

    def take(self, request):
        try:
            items = self.parse(request)
        except ValueError as problem:
            return refused(400, "illegal_argument_exception", str(problem))
        with self.store.lock:
            outcomes = self.decide(request, items)
        answer = {"took": 1, "errors": any("error" in one for one in outcomes),
                  "items": [{"create": one} for one in outcomes]}
        return Answer(200, filtered(answer, request.query.get("filter_path")))

    def search(self, request):
        """Search by ids, as far as a query of that one kind goes: a hit for each document that is stored."""
        index = SEARCH_PATH.fullmatch(request.path).group(1)
        with self.store.lock:
            known = {name for where, name in self.ids if where == index}
            exists = any(where == index for where, _ in self.ids)
        if not exists:
            return refused(404, "index_not_found_exception", f"no such index [{index}]")
        try:
            search = json.loads(request.body)
            wanted, size = search["query"]["ids"]["values"], search.get("size", 10)
        except (ValueError, KeyError, TypeError) as problem:
            return refused(400, "parsing_exception", repr(problem))
        if size > 10000:
            return refused(400, "illegal_argument_exception", "Result window is too large")
        copies = 2 if self.args.twice else 1
        hits = [{"_index": index, "_id": name, "_score": None} for name in set(wanted) & known
                for _ in range(copies)][:size]
        answer = {"took": 1, "timed_out": False, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                  "hits": {"max_score": None, "hits": hits}}
        if self.args.shard_fails:
            answer["_shards"] |= {"successful": 0, "failed": 1}
        return Answer(200, filtered(answer, request.query.get("filter_path")))

    def parse(self, request):
        """[(index, id, document's text, what is wrong with it or "")] in order."""
        text = records.text_of(request.body)
        if not text:
            raise ValueError("request body is required")
        if not text.endswith("\n"):
            raise ValueError("The bulk request must be terminated by a newline [\\n]")
        lines = text[:-1].split("\n")
        if len(lines) % 2:
            raise ValueError("an action without document at the end")
        target = BULK_PATH.fullmatch(request.path).group(1)
        return [(*action_of(lines[i], target, i + 1), lines[i + 1].encode(), self.judge(lines[i + 1]))
                for i in range(0, len(lines), 2)]

    def judge(self, line):
        try:
            document, end = records.decode(line)
        except ValueError as problem:
            return f"failed to parse: {problem}"
        if end != len(line) or not isinstance(document, dict):
            return "failed to parse, document is not one object"
        if self.args.data_stream and "@timestamp" not in document:
            return "data stream timestamp field [@timestamp] is missing"
        if self.args.strict_ip and not addressed(document):
            return "failed to parse field [source.ip] of type [ip]"
        return ""

    def decide(self, request, items):
        """Stores what is good, under the store's lock, and returns the items' outcomes."""
        failing = faults.items_of(request.play, len(items))
        outcomes, kept, aside = [], [], []
        for i, (index, name, text, wrong) in enumerate(items):
            if i in failing:
                outcomes.append(planned(index, name, failing[i]))
            elif missing := self.indices.make(index):
                outcomes.append(planned(index, name, {"status": 404, "error": missing}))
            elif wrong or b"poison" in text:
                outcomes.append(self.spoiled(index, name, text, wrong, aside))
            elif (index, name) in self.ids:
                outcomes.append(outcome(index, name, 409))
            else:
                outcomes.append(outcome(index, name, 201))
                kept.append((name, text))
                if not request.dry:
                    self.ids.add((index, name))
        self.store.keep(request, kept)
        self.store.keep(request, aside, into="failure-store")
        return outcomes

    def spoiled(self, index, name, text, wrong, aside):
        if self.args.failure_store:
            aside.append((name, text if not wrong else json.dumps(text.decode()).encode()))
            return outcome(f".fs-{index}", name, 201) | {"failure_store": "used"}
        if wrong:
            return outcome(index, name, 400, wrong)
        return outcome(index, name, self.poison_status)

    def count(self, body):
        return body.count(b"\n") // 2

    def success(self, request, count):
        items = b",".join([b'{"create":{"status":201}}'] * count)
        return Answer(200, b'{"errors":false,"items":[' + items + b"]}")


ROOT = {"name": "loopback", "cluster_name": "loopback", "cluster_uuid": "bG9vcGJhY2sgcmVjZWl2ZXI",
        "version": {"number": "9.1.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}


def refused(status, kind, reason):
    cause = {"type": kind, "reason": reason}
    return Answer(status, json.dumps({"error": {"root_cause": [cause], **cause}, "status": status}).encode())


def action_of(line, target, number):
    """(index, id) of a create action; anything else fails the whole request."""
    try:
        action, end = records.decode(line)
        if end != len(line) or list(action) != ["create"] or not isinstance(action["create"], dict):
            raise ValueError("not one create action")
        meta = action["create"]
        index, name = meta.get("_index", target), meta.get("_id")
        if not isinstance(name, str) or not 0 < len(name.encode()) <= 512:
            raise ValueError("_id is no string of 1 to 512 bytes")
        if not index or not meta.keys() <= {"_index", "_id"}:
            raise ValueError("index is missing, or there are unknown keys")
    except (ValueError, TypeError) as problem:
        raise ValueError(f"Malformed action/metadata line [{number}]: {problem}") from None
    return index, name


def outcome(index, name, status, reason=None):
    item = {"_index": index, "_id": name, "status": status}
    if status == 201:
        return item | {"_version": 1, "result": "created"}
    kind, text = REASONS.get(status, ("exception", "failed"))
    item["error"] = {"type": kind, "reason": reason or text}
    if status == 400:
        item["failure_store"] = "not_enabled"
    return item


def planned(index, name, plan):
    """The outcome of a status, or the item as a plan has it."""
    return outcome(index, name, plan) if isinstance(plan, int) else {"_index": index, "_id": name, **plan}


def addressed(document):
    """Whether every source.ip, nested or dotted, is what an `ip` field takes."""
    source = document.get("source")
    values = [document.get("source.ip"), source.get("ip") if isinstance(source, dict) else None]
    try:
        for value in values:
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    ipaddress.ip_address(one if isinstance(one, str) else "")
    except ValueError:
        return False
    return True


def filtered(answer, paths):
    """The answer in JSON, reduced as filter_path asks: what has nothing left is left out, in arrays too."""
    if paths:
        answer = reduce(answer, "", tuple(paths.split(","))) or {}
    return json.dumps(answer, separators=(",", ":")).encode()


def reduce(value, path, paths):
    if isinstance(value, list):
        left = [one for one in (reduce(one, path, paths) for one in value) if one is not None]
        return left or None
    if not isinstance(value, dict):
        return None
    left = {}
    for key, inner in value.items():
        place = f"{path}.{key}" if path else key
        if wanted(place, paths):
            left[key] = inner
        elif (inner := reduce(inner, place, paths)) is not None:
            left[key] = inner
    return left or None


@functools.lru_cache(4096)
def wanted(place, paths):
    """Whether a path names this place: * stands for part of a name, ** for any number of names."""
    return any(pattern_of(path).fullmatch(place) for path in paths)


@functools.lru_cache(256)
def pattern_of(path):
    parts = re.split(r"(\*\*|\*)", path)
    return re.compile("".join({"**": ".*", "*": r"[^.]*"}.get(part, re.escape(part)) for part in parts))
