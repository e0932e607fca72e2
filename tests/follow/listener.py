#!/usr/bin/env python3
"""The numbers over HTTP, beside clients that mean no good: others are served in time, and stopping waits for none.

Usage: listener.py PROGRAM [CASE]
"""
import os
import pathlib
import re
import select
import socket
import sys
import time

import cases
from follower import Follower, add_events, fail, make_registry, wait_until

SECONDS = 10  # what the listener allows a client
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class Listener:
    """The program, following and listening."""

    def __init__(self, program, host="127.0.0.1"):
        self.host = host
        make_registry("r.db")
        add_events("r.db", 3)
        self.follower = Follower(program, "r.db", ["--format", "ecs", "--output", "out.jsonl", "--checkpoint", "cp",
                                                   "--metrics-listen", f"[{host}]:0" if ":" in host else f"{host}:0"])
        self.follower.start_and_wait()
        wait_until(lambda: 'msg="serving numbers"' in self.follower.said(), "it listens")
        self.port = int(re.search(r"serving numbers.* port=(\d+)", self.follower.said())[1])
        wait_until(lambda: b"_up{" in self.fetch(), "it has numbers")
        wait_until(lambda: self.sockets() == 1, "it closed what it answered")

    def connect(self, source=None):
        return socket.create_connection((self.host, self.port), timeout=SECONDS / 2,
                                        source_address=(source or self.host, 0))

    def fetch(self):
        """What a client of good manners gets, in half of the time that the others may take."""
        return ask(self.connect(), GET)

    def expect_served(self, beside):
        began = time.monotonic()
        try:
            answer = self.fetch()
        except OSError as problem:
            fail(f"beside {beside}, nobody else is served: {problem} after {time.monotonic() - began:.1f} s")
        if not answer.startswith(b"HTTP/1.1 200") or b"oversight_siem_up" not in answer:
            fail(f"beside {beside}: {answer[:200]}")

    def sockets(self):
        folder = f"/proc/{self.follower.process.pid}/fd"
        links = []
        for number in os.listdir(folder):
            try:
                links.append(os.readlink(f"{folder}/{number}"))
            except FileNotFoundError:  # it was closed in the meantime
                continue
        return sum(link.startswith("socket:") for link in links)


def ask(client, request):
    """Sends a request, and reads until the other side closes."""
    with client:
        client.sendall(request)
        return read_all(client)


def read_all(client):
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    return answer


def drip(clients, seconds):
    """Each client sends a byte of a header now and then, for so long; those that were closed are not returned."""
    deadline = time.monotonic() + seconds
    while clients and time.monotonic() < deadline:
        clients = [client for client in clients if send_byte(client)]
        time.sleep(0.1)
    return clients


def send_byte(client):
    try:
        client.send(b"x")
        return not select.select([client], [], [], 0)[0] or client.recv(4096) != b""
    except OSError:
        return False


def slow_clients(listener, count, source=None):
    clients = [listener.connect(source) for _ in range(count)]
    for client in clients:
        client.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
    return clients


def eight(program):
    """Eight clients that send a byte now and then, and one that asks as usual."""
    listener = Listener(program)
    left = drip(slow_clients(listener, 8), 1)
    listener.expect_served("eight slow clients")
    if len(left) != 8:
        fail(f"{8 - len(left)} were cut off at once")
    listener.follower.stop()


def crowd(program):
    """However many one peer has, they cost no other peer its place."""
    listener = Listener(program)
    early = slow_clients(listener, 1, "127.0.0.2")[0]
    many = slow_clients(listener, 200)
    listener.expect_served("200 slow clients")
    if (open_ones := listener.sockets()) > 60:
        fail(f"it keeps {open_ones} sockets open")
    answer = ask(early, b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        fail(f"another peer lost its place: {answer[:200]}")
    left = len(drip(many, 0.5))
    if not 1 <= left <= 40:
        fail(f"{left} of 200 are left")
    listener.follower.stop()


def all_end(program):
    """One time for the whole request: whatever a client does, or does not, it is gone after it."""
    listener = Listener(program)
    began = time.monotonic()
    dripping = slow_clients(listener, 3)
    silent = [listener.connect() for _ in range(3)]
    finished = listener.connect()
    finished.sendall(GET[:20])
    finished.shutdown(socket.SHUT_WR)  # half open
    unread = [listener.connect() for _ in range(3)]
    for client in unread:  # the answers are never read
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.sendall(GET)
    posting = listener.connect()
    posting.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    left = drip([*dripping, posting], SECONDS / 2)
    if len(left) < 3:
        fail(f"cut off after {time.monotonic() - began:.1f} s")
    drip(left, 3 * SECONDS)
    wait_until(lambda: listener.sockets() == 1, "every client is gone", 3 * SECONDS)
    took = time.monotonic() - began
    if took > 3 * SECONDS or select.select(silent, [], [], 0)[0] != silent:
        fail(f"they were there for {took:.1f} s")
    listener.follower.stop()


def odd_requests(program):
    """Requests that are too long, or more than one, get one answer at most."""
    listener = Listener(program)
    requests = {"a long header": b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100000,
                "many headers": b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 20000,
                "a long URL": b"GET /" + b"m" * 100000,
                "a body": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9000000,
                "chunks": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 50000,
                "what is not HTTP": b"\x16\x03\x01\0\xa5\1\0\0\xa1\3\3" * 100 + b"\r\n\r\n"}
    for name, request in requests.items():
        try:
            answer = ask(listener.connect(), request)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        if answer and not re.match(rb"HTTP/1\.[01] (4|5)\d\d ", answer):
            fail(f"{name}: {answer[:200]}")
        listener.expect_served(name)
    answer = ask(listener.connect(), GET * 50)
    if answer.count(b"HTTP/1.1 200") != 1 or b"connection: close" not in answer.lower():
        fail(f"{answer.count(b'HTTP/1.1 200')} answers to 50 requests at once")
    wait_until(lambda: listener.sockets() == 1, "every client is gone")
    listener.follower.stop()


def methods(program, host="127.0.0.1"):
    """What reads is answered; what would change something is refused, and so is another path."""
    listener = Listener(program, host)
    for method, path, status, text in (("GET", "/metrics", 200, b"oversight_siem_up"), ("HEAD", "/metrics", 200, b""),
                                       ("PUT", "/metrics", 405, b"only GET is served\n"),
                                       ("DELETE", "/metrics", 405, b"only GET is served\n"),
                                       ("GET", "/", 404, b"the numbers are at /metrics\n"),
                                       ("HEAD", "/metrics/", 404, b"")):
        answer = ask(listener.connect(), f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 %d " % status) or text not in body or (text == b"" and body != b""):
            fail(f"{method} {path} of {host}: {answer[:300]}")
    listener.follower.stop()


def methods_over_ipv6(program):
    """The same, where the system has it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return
    methods(program, "::1")


def stopping(program):
    """SIGTERM waits for no client."""
    listener = Listener(program)
    clients = slow_clients(listener, 30)
    drip(clients, 0.3)
    began = time.monotonic()
    listener.follower.stop()
    took = time.monotonic() - began
    if took > SECONDS / 2 or "did not end in time" in pathlib.Path("log").read_text():
        fail(f"it took {took:.1f} s")


def main(arguments):
    cases.main({"eight slow clients": eight, "a crowd of slow clients": crowd, "a time for all": all_end,
                "odd requests": odd_requests, "methods": methods, "IPv6": methods_over_ipv6,
                "stopping": stopping}, __file__, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
