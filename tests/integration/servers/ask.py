"""Asks a server by HTTP, and prints its answer. Usage: ask.py METHOD URL FILE     (status 1: it refuses, or is away)"""
import sys
import urllib.error
import urllib.request

method, url, path = sys.argv[1:]
with open(path, "rb") as file:
    body = file.read()
request = urllib.request.Request(url, body or None, {"Content-Type": "application/json"}, method=method)
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"{method} {url}: HTTP {error.code}: {error.read().decode()[:500]}")
except OSError as error:
    sys.exit(f"{method} {url}: {error}")
