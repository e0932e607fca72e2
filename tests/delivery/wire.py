"""HTTP/1.1 on a socket: reads requests strictly, writes answers whole, in part, or not at all."""
import dataclasses
import email.utils
import http.client
import socket
import struct
import subprocess
import time
import urllib.parse
import zlib

MAX_HEAD = 64 * 1024
MAX_DECODED = 1 << 30


class Gone(Exception):
    """The client left, or the connection is of no more use."""


class Malformed(Exception):
    """What arrived is not an HTTP request as a careful client writes it."""


@dataclasses.dataclass
class Request:
    method: str
    target: str                 # as sent, with query
    version: str
    header_list: list           # (lower-case name, value), repeated ones kept apart
    number: int = 0
    data_index: int | None = None
    wire: bytes = b""
    body: bytes = b""
    encoding: str = ""
    problem: str = ""           # why the body could not be decoded
    fault: object = None        # as the plan has it
    play: object = None         # the faults.Fault to be played, if any
    dry: bool = False           # answer as ever, but store nothing
    stored: int = 0
    node: str | None = None     # of those behind a balancer, which one served it

    def __post_init__(self):
        parts = urllib.parse.urlsplit(self.target)
        self.path = parts.path  # a proxy's absolute form is routed by its path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {}
        for name, value in self.header_list:
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.encoding = self.headers.get("content-encoding", "").strip().lower()

    def count(self, name):
        return sum(1 for present, _ in self.header_list if present == name)

    def decode(self):
        """Undoes gzip and zstd. An unknown encoding leaves the body alone: the protocols refuse it."""
        self.body = self.wire
        if self.encoding == "zstd":
            unpacked = subprocess.run(["zstd", "-dc"], input=self.wire, capture_output=True, check=False)
            self.body, self.problem = unpacked.stdout, unpacked.stderr.decode()
        if self.encoding != "gzip":
            return
        inflater = zlib.decompressobj(31)
        try:
            self.body = inflater.decompress(self.wire, MAX_DECODED)
        except zlib.error as problem:
            self.problem, self.body = f"gzip: {problem}", b""
        else:
            if not inflater.eof:
                self.problem = "gzip: the stream is cut"
            elif inflater.unused_data:
                self.problem = "gzip: bytes after the stream"


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: list = dataclasses.field(default_factory=list)

    def render(self, *, head_only=False, http10=False):
        """The bytes on the wire. HTTP/1.0 leaves the length out: the end of the connection tells it."""
        reason = http.client.responses.get(self.status, "Unknown")
        lines = [f"HTTP/1.{0 if http10 else 1} {self.status} {reason}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        if not http10 and self.status != 204 and self.status >= 200:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if head_only or self.status == 204 else head + self.body


def encoded(answer, how):
    """An answer whose body comes under a Content-Encoding that nobody asked for, rightly or wrongly."""
    def gzip(body, window=31):
        deflater = zlib.compressobj(wbits=window)
        return deflater.compress(body) + deflater.flush()
    body, half = answer.body, len(answer.body) // 2
    name, answer.body = {
        "gzip": lambda: ("gzip", gzip(body)),
        "GZIP": lambda: ("X-GZip", gzip(body)),
        "members": lambda: ("gzip", gzip(body[:half]) + gzip(body[half:])),
        "deflate": lambda: ("deflate", gzip(body, 15)),
        "raw-deflate": lambda: ("deflate", gzip(body, -15)),
        "identity": lambda: ("identity", body),
        "empty": lambda: ("gzip", b""),
        "large": lambda: ("gzip", gzip(body + b" " * (60 << 10))),
        "cut": lambda: ("gzip", gzip(body)[:-9]),
        "trailing": lambda: ("gzip", gzip(body) + b"more"),
        "wrong": lambda: ("gzip", body),
        "unknown": lambda: ("br", body),
        "twice": lambda: ("gzip, gzip", gzip(gzip(body))),
        "bomb": lambda: ("gzip", gzip(bytes(64 << 20))),
    }[how]()
    answer.headers = [*answer.headers, ("Content-Encoding", name)]
    return answer


def html(status, title):
    """The page that a web server or a proxy answers by itself."""
    page = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), "text/html; charset=UTF-8")


def http_date(seconds_ahead):
    # Rounded up, so that waiting until the date is never shorter than was asked for.
    return email.utils.formatdate(int(time.time() + seconds_ahead + 0.999), usegmt=True)


class Link:
    """One connection: buffered reading, and the ways of ending it."""

    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.buffer = bytearray()
        self.tls = sock.version() if hasattr(sock, "version") else None

    def fill(self):
        try:
            more = self.sock.recv(65536)
        except OSError as problem:
            raise Gone from problem
        if not more:
            raise Gone
        self.buffer += more

    def wait_for_request(self):
        """Returns when the first bytes of another request are there."""
        if not self.buffer:
            self.fill()

    def read_line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > MAX_HEAD:
                raise Malformed("a line without end")
            self.fill()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line

    def read_head(self):
        self.wait_for_request()
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > MAX_HEAD:
                raise Malformed("the head is too long")
            self.fill()
        lines = self.buffer[:end].decode("latin-1").split("\r\n")
        del self.buffer[:end + 4]
        return parse_head(lines)

    def read_exactly(self, size):
        if len(self.buffer) >= size:
            data = bytes(self.buffer[:size])
            del self.buffer[:size]
            return data
        data, have = bytearray(size), len(self.buffer)
        data[:have] = self.buffer
        self.buffer.clear()
        view = memoryview(data)
        while have < size:
            try:
                got = self.sock.recv_into(view[have:])
            except OSError as problem:
                raise Gone from problem
            if got == 0:
                raise Gone
            have += got
        return bytes(data)

    def read_chunks(self):
        parts = []
        while True:
            try:
                size = int(self.read_line().split(b";")[0], 16)
            except ValueError:
                raise Malformed("a chunk without size") from None
            if size == 0:
                break
            parts.append(self.read_exactly(size))
            if self.read_exactly(2) != b"\r\n":
                raise Malformed("a chunk without end")
        while self.read_line():
            pass
        return b"".join(parts)

    def invite(self, request):
        """A client that waits for 100 sends no body before it."""
        if request.headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def read_body(self, request):
        if "transfer-encoding" in request.headers:
            return self.read_chunks()
        return self.read_exactly(int(request.headers.get("content-length", 0)))

    def read_half(self, request):
        """Half of the announced body, or what is there of a chunked one."""
        size = int(request.headers.get("content-length", 0)) // 2
        return self.read_exactly(size) if size else b""

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as problem:
            raise Gone from problem

    def drip(self, data, seconds):
        for i in range(len(data)):
            self.send(data[i:i + 1])
            time.sleep(seconds)

    def wait_until_left(self):
        while True:
            self.buffer.clear()
            self.fill()

    def reset(self):
        """RST instead of FIN."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()

    def end(self):
        """FIN, and under TLS the notice before it, without which the client takes the answer for cut."""
        if self.tls:
            try:
                self.sock.settimeout(0)  # the client's own notice is not waited for
                self.sock.unwrap()
            except (OSError, ValueError):
                pass
        self.close()

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


def parse_head(lines):
    words = lines[0].split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Malformed(f"request line {lines[0][:100]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line or "\r" in line:
            raise Malformed(f"header line {line[:100]!r}")
        headers.append((name.lower(), value.strip()))
    request = Request(words[0], words[1], words[2], headers)
    length = request.headers.get("content-length")
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Malformed("Content-Length is no number, or is there twice")
    if length is not None and "transfer-encoding" in request.headers:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if request.headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise Malformed("Transfer-Encoding other than chunked")
    if request.version == "HTTP/1.1" and request.count("host") != 1:
        raise Malformed("not exactly one Host")
    return request
