"""Splunk HTTP Event Collector: events one after another, partial acceptance, acknowledgement by channel.

--plays says whose collector it is: splunkd's, which stores the events before the one that it names and has
`Server: Splunkd`; the same `hidden` behind a proxy with a Server of its own; or an `other` receiver, which names the
event and stores nothing of the request. --nodes puts several behind a balancer: the cookie LB, set with the first
answer, says which one; requests without it go to each in turn. Every node numbers the acks of a channel from 0.
"""
import json
import re

import records
from wire import Answer, html

# code: HTTP status, text (docs.splunk.com, "Troubleshoot HTTP Event Collector").
CODES = {
    0: (200, "Success"),
    1: (403, "Token disabled"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    7: (400, "Incorrect index"),
    8: (500, "Internal server error"),
    9: (503, "Server is busy"),
    10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"),
    17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"),
    19: (503, "HEC is unhealthy, ack service unavailable"),
    20: (503, "HEC is unhealthy, queues are full, ack service unavailable"),
    21: (400, "Invalid token"),
    22: (400, "Token disabled"),
    23: (503, "Server is shutting down"),
    24: (200, "Queue at capacity approaching"),
    25: (200, "ACK channel at capacity approaching"),
    26: (429, "Queue at capacity"),
    27: (429, "ACK channel at capacity"),
}
EVENT_PATHS = ("/services/collector", "/services/collector/event", "/services/collector/event/1.0")
HEALTH_PATHS = ("/services/collector/health", "/services/collector/health/1.0")
ACK_PATH = "/services/collector/ack"
KEYS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
SERVERS = {"splunkd": "Splunkd", "hidden": "nginx", "other": None}
GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
EXPONENT = re.compile(rb'"time"\s*:\s*-?\d+(\.\d+)?[eE]')


def options(parser):
    parser.add_argument("--token", help="hec: the one token that is valid; none: any")
    parser.add_argument("--strict-keys", action="store_true", help="hec: unknown top-level keys are code 5")
    parser.add_argument("--indexes", help="hec: names of the allowed indexes, with commas between")
    parser.add_argument("--poison-code", type=int, default=6, choices=(5, 6, 7, 12, 13, 15))
    parser.add_argument("--no-number", action="store_true", help="hec: leave invalid-event-number out, store nothing")
    parser.add_argument("--no-gzip", action="store_true", help="hec: gzip is answered 415")
    parser.add_argument("--ack", action="store_true", help="hec: indexer acknowledgement")
    parser.add_argument("--ack-polls", type=int, default=1, help="hec: polls answered false before the true one")
    parser.add_argument("--plays", default="splunkd", choices=SERVERS, help="hec: whose collector it is")
    parser.add_argument("--nodes", help="hec: names of the nodes behind a balancer, with commas between")
    parser.add_argument("--lossy", default="", help="hec: nodes that lose what they take, and never acknowledge")
    parser.add_argument("--health-code", type=int, default=17, choices=(17, 18, 19, 20, 23))


def said(code, **more):
    status, text = CODES[code]
    return Answer(status, json.dumps({"text": text, "code": code, **more}).encode())


class Protocol:
    max_bytes = 2 * 1024 * 1024

    def __init__(self, args, store):
        self.args, self.store = args, store
        self.max_bytes = args.max_bytes or self.max_bytes
        self.indexes = args.indexes.split(",") if args.indexes else None
        # node: {channel: [next id, {id: polls left before true, None: never}]}
        self.nodes = {name: {} for name in (args.nodes or "").split(",")}
        self.lossy = args.lossy.split(",") if args.lossy else []
        self.turn = 0

    def kind(self, request):
        if request.method == "POST" and request.path in EVENT_PATHS:
            return "data"
        return "token" if request.path in HEALTH_PATHS + (ACK_PATH,) else "other"

    def serve(self, request):
        chosen = f"LB={request.node}" if self.choose_node(request) else None
        answer = self.answer(request)
        if SERVERS[self.args.plays]:
            answer.headers.append(("Server", SERVERS[self.args.plays]))
        if chosen:
            answer.headers.append(("Set-Cookie", f"{chosen}; Path=/"))
        return answer

    def answer(self, request):
        if request.path in HEALTH_PATHS and request.method == "GET":
            return self.health(request)
        if request.method == "POST" and request.path in EVENT_PATHS:
            return self.refusal(request) or self.take(request)
        if request.method == "POST" and request.path == ACK_PATH:
            forced = request.play.options if request.play else {}
            return said(forced["code"]) if "code" in forced else self.refusal(request) or self.acknowledge(request)
        return Answer(404, b'{"text":"The requested URL was not found on this server.","code":404}')

    def choose_node(self, request):
        """Says which node serves the request; true when its cookie is to be set."""
        names = list(self.nodes)
        cookies = request.headers.get("cookie", "").split("; ")
        request.node = next((name for name in names if f"LB={name}" in cookies), None)
        if request.node is not None:
            return False
        with self.store.lock:
            request.node = names[self.turn % len(names)]
            self.turn += 1
        return bool(self.args.nodes)

    def health(self, request):
        if request.play and "code" in request.play.options:
            return said(request.play.options["code"])
        given = request.headers.get("authorization")
        if given is not None and self.args.token and given != f"Splunk {self.args.token}":
            return said(21)
        if self.args.plays == "other":
            return Answer(200, b'{"text":"Success","code":200}')
        return said(self.args.health_code)

    def refusal(self, request):
        """What is wrong with the request before its events are looked at, or None."""
        given = request.headers.get("authorization")
        if given is None:
            return said(16) if "token" in request.query else said(2)
        if not given.startswith("Splunk ") or request.count("authorization") != 1:
            return said(3)
        if self.args.token and given != f"Splunk {self.args.token}":
            return said(4)
        if request.encoding not in ("", "identity", "gzip") or (request.encoding == "gzip" and self.args.no_gzip):
            return html(415, "Unsupported Media Type")
        if len(request.body) > self.max_bytes:
            return html(413, "Content-Length too large (maximum is %d)" % self.max_bytes)
        return said(6) if request.problem else self.channel_refusal(request)

    def channel_refusal(self, request):
        if not self.args.ack:
            return said(14) if request.path == ACK_PATH else None
        channel = self.channel_of(request)
        if not channel:
            return said(10)
        return None if GUID.fullmatch(channel) else said(11)

    def channel_of(self, request):
        return request.headers.get("x-splunk-request-channel") or request.query.get("channel")

    def take(self, request):
        if not request.body.strip():
            return said(5)
        found, code = self.good_events(request.body)
        forced = request.play.options if request.play else {}
        if "code" in forced and CODES[forced["code"]][0] != 200:
            return self.forced(request, forced, found)
        if code:
            return self.partial(request, found, code)
        return self.accept(request, found, forced)

    def good_events(self, body):
        """(events before the first bad one, code of that one or 0)."""
        try:
            found, code = records.concatenated(body), 0
        except records.BadRecord as problem:
            found, code = problem.args[2], 6
        poisoned, exponents = b"poison" in body, EXPONENT.search(body)
        for i, (event, text) in enumerate(found):
            wrong = self.judge(event)
            if not wrong and poisoned and b"poison" in text:
                wrong = self.args.poison_code
            if not wrong and exponents and has_exponent(text):
                wrong = 6
            if wrong:
                return found[:i], wrong
        return found, code

    def judge(self, event):
        """The code of a bad event, or 0."""
        content = event.get("event")
        if content is None:
            return 12
        if isinstance(content, str) and not content.strip():
            return 13
        if "fields" in event and not flat(event["fields"]):
            return 15
        if not timely(event.get("time", 0)):
            return 6
        for name in ("host", "source", "sourcetype", "index"):
            if not isinstance(event.get(name, ""), str):
                return 6
        if self.args.strict_keys and not event.keys() <= KEYS:
            return 5
        if self.indexes and "index" in event and event["index"] not in self.indexes:
            return 7
        return 0

    def partial(self, request, found, code):
        if self.args.no_number:
            return said(code)
        if self.args.plays != "other":
            self.store.keep(request, [(None, text) for _, text in found])
        return said(code, **{"invalid-event-number": len(found)})

    def forced(self, request, forced, found):
        """A code from the plan; with a number, what stands before it is stored, as the real one does."""
        if "number" not in forced:
            if request.play.stores:
                self.store.keep(request, [(None, text) for _, text in found])
            return said(forced["code"])
        if self.args.plays != "other":
            self.store.keep(request, [(None, text) for _, text in found[:forced["number"]]])
        return said(forced["code"], **{"invalid-event-number": forced["number"]})

    def accept(self, request, found, forced):
        with self.store.lock:
            is_lost = request.node in self.lossy
            if not is_lost:
                self.store.keep(request, [(None, text) for _, text in found])
            more = {"ackId": self.promise(request, is_lost or "ack" in forced)} if self.args.ack else {}
        return said(forced.get("code", 0), **more)

    def promise(self, request, is_vain):
        channel = self.nodes[request.node].setdefault(self.channel_of(request).lower(), [0, {}])
        name = channel[0]
        if request.dry and not is_vain:
            return name
        channel[0] += 1
        channel[1][name] = None if is_vain else self.args.ack_polls
        return name

    def acknowledge(self, request):
        try:
            asked = json.loads(request.body)["acks"]
            if not all(type(name) is int for name in asked):
                return said(6)
        except (ValueError, KeyError, TypeError):
            return said(6)
        with self.store.lock:
            waiting = self.nodes[request.node].get(self.channel_of(request).lower(), [0, {}])[1]
            waiting = dict(waiting) if request.dry else waiting
            told = {str(name): poll(waiting, name) for name in asked}
        return Answer(200, json.dumps({"acks": told}).encode())

    def count(self, body):
        return records.estimate(body)

    def success(self, request, count):
        return said(0)


def poll(waiting, name):
    """True once, and forgotten with that."""
    left = waiting.get(name)
    if left is None:
        return False
    if left > 0:
        waiting[name] = left - 1
        return False
    del waiting[name]
    return True


def flat(fields):
    """Indexed fields are strings or arrays of strings; a nested value is what code 15 is for."""
    if not isinstance(fields, dict):
        return False
    return all(isinstance(value, str) or
               (isinstance(value, list) and all(isinstance(one, str) for one in value))
               for value in fields.values())


def timely(value):
    if isinstance(value, str):
        return bool(NUMBER.fullmatch(value))
    return type(value) in (int, float)


def has_exponent(text):
    """Whether the event's own time, not one inside it, is written with an exponent."""
    time = json.loads(text, parse_float=str).get("time")
    return isinstance(time, str) and "e" in time.lower()
