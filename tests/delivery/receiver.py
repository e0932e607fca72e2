#!/usr/bin/env python3
"""A loopback receiver for tests: behaves as one kind of target does, and fails in the ways it is told to.

Usage: receiver.py hec|bulk|sentinel|ingestion|plain --folder DIR [option...]
Prints `port N` when it listens on 127.0.0.1, and ends at SIGTERM. In DIR: requests.jsonl (a line a
request), stored.jsonl (a line a record, in the order stored), failure-store.jsonl (bulk), bodies/N
(--bodies), or totals.json alone (--count-only). faults.py lists the faults.
"""
import argparse
import base64
import itertools
import json
import os
import signal
import socket
import ssl
import sys
import threading
import urllib.parse
import warnings

sys.dont_write_bytecode = True
import azure
import bulk
import faults
import hec
import plain
from store import Store
from wire import Answer, Gone, Link, Malformed, encoded, html, http_date

KINDS = {"hec": hec.Protocol, "bulk": bulk.Protocol, "plain": plain.Protocol,
         "sentinel": azure.Sentinel, "ingestion": azure.Ingestion}
GARBAGE = b"\x15\x03\x01\x00\x02\x02\x28 220 mail.example ESMTP\r\n\x00\xff\xfe\r\n\r\n"


def arguments():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--port", type=int, default=0, help="0: the system chooses")
    parser.add_argument("--life", type=int, default=3600, help="seconds after which it ends by itself")
    parser.add_argument("--bodies", action="store_true", help="keep every decoded body in DIR/bodies/NUMBER")
    parser.add_argument("--max-bytes", type=int, help="limit of a body; each kind has its own default")
    parser.add_argument("--poison-status", type=int, help="bulk items and plain; default 400")
    parser.add_argument("--plan", metavar="FILE", help="JSON list of faults, one a data request")
    parser.add_argument("--fault-tokens", action="store_true", help="health, ack and token requests take part")
    parser.add_argument("--fail-rate", type=float, default=0.0, metavar="P")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--client-ca", metavar="FILE", help="demand a client certificate signed by this")
    parser.add_argument("--tls-version", choices=("1.0", "1.1", "1.2", "1.3"), help="this version only")
    parser.add_argument("--count-only", action="store_true")
    for module in (hec, bulk, azure, plain):
        module.options(parser)
    return parser.parse_args()


def tls_context(args):
    if not args.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*args.tls)
    context.set_alpn_protocols(["http/1.1"])
    if args.client_ca:
        context.load_verify_locations(args.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if args.tls_version:
        warnings.simplefilter("ignore", DeprecationWarning)
        version = ssl.TLSVersion["TLSv1" if args.tls_version == "1.0" else "TLSv" + args.tls_version.replace(".", "_")]
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


class Receiver:
    def __init__(self, args):
        self.args = args
        self.store = Store(args.folder, bodies=args.bodies, count_only=args.count_only)
        self.protocol = KINDS[args.kind](args, self.store)
        self.faults = faults.Faults(args.plan, args.fail_rate, args.seed, for_bulk=args.kind == "bulk")
        self.context = tls_context(args)

    def run(self):
        """Until a signal, which is waited for: a handler runs too late when the signal comes right before accept()."""
        ends = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # in the threads as well
        signal.alarm(self.args.life)
        listener = socket.create_server(("127.0.0.1", self.args.port), backlog=256)
        threading.Thread(target=self.listen, args=(listener,), daemon=True).start()
        print(f"port {listener.getsockname()[1]}", flush=True)
        signal.sigwait(ends)
        self.store.finish()
        os._exit(0)  # the connections' threads are of no more interest

    def listen(self, listener):
        for number in itertools.count():
            sock, _ = listener.accept()
            threading.Thread(target=self.connection, args=(sock, number), daemon=True).start()

    def connection(self, sock, number):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            link = Link(sock, number)
        except OSError:  # the handshake failed, which is the client's to tell
            sock.close()
            return
        try:
            while self.exchange(link):
                pass
        except Malformed as problem:
            self.refuse(link, problem)
        except Gone:
            pass
        finally:
            link.end()

    def refuse(self, link, problem):
        answer = Answer(400, str(problem).encode(), "text/plain", [("Connection", "close")])
        try:
            link.send(answer.render())
        except Gone:
            pass

    def exchange(self, link):
        """One request and its answer; false when the connection is to end."""
        request = link.read_head()
        if self.args.count_only:
            return self.counted(link, request)
        request.number = self.store.next_number()
        kind = self.protocol.kind(request)
        if kind == "data" or (kind == "token" and self.args.fault_tokens):
            request.data_index, request.play = self.faults.next()
        request.fault = request.play.spec if request.play else None
        if request.play and request.play.manner == "reset-early":
            request.wire = request.body = link.read_half(request)
            self.store.log(request, link, None)
            link.reset()
            return False
        link.invite(request)
        request.wire = link.read_body(request)
        request.decode()
        return self.answer(link, request)

    def counted(self, link, request):
        link.invite(request)
        request.wire = link.read_body(request)
        if self.protocol.kind(request) == "data":
            request.decode()
            events = self.protocol.count(request.body)
            self.store.count(events, len(request.wire))
            answer = self.protocol.success(request, events)
        else:
            request.dry = True
            answer = self.protocol.serve(request)
        link.send(answer.render(head_only=request.method == "HEAD"))
        return keeps_alive(request)

    def answer(self, link, request):
        manner = request.play.manner if request.play else "whole"
        answer = self.answer_of(request)
        silent = manner in ("reset", "hang", "garbage")
        self.store.log(request, link, None if silent else answer.status)
        data = answer.render(head_only=request.method == "HEAD", http10=manner == "http10")
        return MANNERS[manner](link, data, request) and keeps_alive(request)

    def answer_of(self, request):
        play = request.play
        request.dry = bool(play) and not play.stores
        served = self.protocol.serve(request)
        if play is None:
            return served
        if play.manner == "html":
            return html(200, "Sign in to the network")
        if play.manner == "cut":
            body = served.body or b'{"status":"accepted"}'
            return Answer(200, body[:len(body) // 2])
        answer = fixed(play.options, request) if play.fixed else served
        return encoded(answer, play.options["encode"]) if "encode" in play.options else answer


def repeated(body, request):
    """A body in which the request's own words stand for {all} of its headers and body, its {credential}, the
    credential {escaped} as JSON may have it, {decoded} from Basic, and escaped for other places: {slashes} of JSON,
    {html}, {url}, {twice} for HTML within JSON, {upper} case and {broken} by a line end."""
    credential = request.headers.get("authorization", "").partition(" ")[2]
    try:
        decoded = base64.b64decode(credential, validate=True).decode()
    except ValueError:
        decoded = ""
    words = {"all": "|".join(f"{name}: {value}" for name, value in request.header_list) + "|" + request.body.decode(),
             "credential": credential, "decoded": decoded}
    for name, text in words.items():
        body = body.replace("{%s}" % name, json.dumps(text)[1:-1])
    entities = "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in credential)
    middle = len(credential) // 2
    escapes = {"escaped": "".join(f"\\u{ord(c):04x}" for c in credential), "slashes": credential.replace("/", "\\/"),
               "html": entities, "url": urllib.parse.quote(credential, safe=""), "upper": credential.upper(),
               "twice": entities.replace("&", "\\u0026"), "broken": credential[:middle] + "\r\n" + credential[middle:]}
    for name, text in escapes.items():
        body = body.replace("{%s}" % name, text)
    return body


def fixed(options, request):
    """The answer that a plan spells out."""
    headers = list(options.get("headers", {}).items())
    status = options.get("status", 429)
    if "retry_after" in options:
        headers.append(("Retry-After", str(options["retry_after"])))
    if "retry_after_date" in options:
        headers.append(("Retry-After", http_date(options["retry_after_date"])))
    if "redirect" in options:
        status = options.get("status", 307)
        headers.append(("Location", options["redirect"]))
    body = options.get("body", "")
    body = repeated(body if isinstance(body, str) else json.dumps(body), request)
    named = next((value for name, value in headers if name.lower() == "content-type"), "application/json")
    headers = [pair for pair in headers if pair[0].lower() != "content-type"]
    return Answer(status, body.encode(), named, headers)


def keeps_alive(request):
    wish = request.headers.get("connection", "").lower()
    return wish == "keep-alive" if request.version == "HTTP/1.0" else wish != "close"


def whole(link, data, request):
    link.send(data)
    return True


def reset(link, data, request):
    link.reset()
    return False


def half(link, data, request):
    link.send(data[:len(data) // 2])
    link.reset()
    return False


def drip(link, data, request):
    link.drip(data, request.play.options.get("seconds", 0.2))
    return True


def hang(link, data, request):
    link.wait_until_left()


def garbage(link, data, request):
    link.send(GARBAGE)
    return False


def ended(link, data, request):
    link.send(data)
    link.end()
    return False


def ended_late(link, data, request):
    """The end meets the next request on its way, as when an idle timeout and a request cross."""
    link.send(data)
    link.wait_for_request()
    link.reset()
    return False


MANNERS = {"whole": whole, "reset": reset, "half": half, "drip": drip, "hang": hang, "garbage": garbage,
           "cut": whole, "html": whole, "http10": ended, "close": ended, "close-late": ended_late}

if __name__ == "__main__":
    Receiver(arguments()).run()
