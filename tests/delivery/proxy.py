#!/usr/bin/env python3
"""A proxy on loopback that knows CONNECT alone. Prints `port N`; to the file LOG a line for each request.

proxy.py LOG [CREDENTIALS]        USER:PASSWORD that it wants, else 407
"""
import base64
import socket
import socketserver
import sys
import threading


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        head = [self.rfile.readline().decode().strip()]
        while line := self.rfile.readline().decode().strip():
            head.append(line)
        with open(sys.argv[1], "a") as log:
            print("|".join(head), file=log)
        method, target, _ = head[0].split()
        wanted = base64.b64encode(sys.argv[2].encode()).decode() if len(sys.argv) > 2 else None
        if wanted and f"Proxy-Authorization: Basic {wanted}" not in head:
            self.wfile.write(b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
        elif method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 CONNECT alone\r\nContent-Length: 0\r\n\r\n")
        else:
            with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2]))) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=pump, args=(upstream, self.connection))
                back.start()
                pump(self.connection, upstream)
                back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Tunnel) as server:
    print(f"port {server.server_address[1]}", flush=True)
    server.serve_forever()
