#!/usr/bin/env python3
"""Looks through the memory of a program that waits to send again, as a thief of its memory would.

memory.py FOLDER N SECRET [DERIVED...] -- PROGRAM ARGUMENT...
FOLDER is that of a receiver, whose answer number N asks to wait. The secret may lie in pages that no core dump
holds, what is derived from it nowhere else either; prints where they are. "bearer" is the token of request N,
"signature" the one in its header; "gone:TEXT" may lie in no page at all.
"""
import json
import pathlib
import re
import subprocess
import sys
import time

folder, number = pathlib.Path(sys.argv[1]), int(sys.argv[2])
end = sys.argv.index("--")
secrets = sys.argv[3:end]
child = subprocess.Popen(sys.argv[end + 1:])


def requests():
    path = folder / "requests.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def mappings():
    """(first address, end, is it left out of core dumps, name) of what can be written to."""
    found = []
    for line in open(f"/proc/{child.pid}/smaps"):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            found.append([int(head[1], 16), int(head[2], 16), False, head[4], "w" in head[3]])
        elif line.startswith("VmFlags:"):
            found[-1][2] = " dd" in line
    return [one[:4] for one in found if one[4] and one[3] not in ("[vvar]", "[vsyscall]")]


def places():
    """[(secret, kept out of core dumps, mapping)] of the secrets."""
    found = []
    with open(f"/proc/{child.pid}/mem", "rb", buffering=0) as memory:
        for first, end, apart, name in mappings():
            memory.seek(first)
            try:
                content = memory.read(end - first)
            except OSError:  # it was given back in the meantime
                continue
            found += [(secret, apart, name) for secret in secrets if secret.encode() in content]
    return found


try:
    deadline = time.monotonic() + 20
    while len(requests()) < number and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if child.poll() is not None or len(requests()) < number:
        print("the program did not wait")
        sys.exit(1)
    sent = json.loads(requests()[number - 1])["headers"].get("authorization", "")
    words = {"bearer": sent.removeprefix("Bearer "), "signature": sent.rpartition(":")[2]}
    secrets = [words.get(secret, secret) for secret in secrets]
    gone = [secret.removeprefix("gone:") for secret in secrets if secret.startswith("gone:")]
    secrets = [secret.removeprefix("gone:") for secret in secrets]
    # The answer is on its way when the request is on file: its copies are gone soon, or never.
    while True:
        found = places()
        exposed = [(secret[:8] + "...", name) for secret, apart, name in found if not apart or secret in gone]
        if not exposed or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    if exposed or not any(secret == secrets[0] and apart for secret, apart, _ in found):
        print(exposed or "the secret is nowhere: is this the right process?")
        sys.exit(1)
finally:
    child.kill()
    child.wait()
