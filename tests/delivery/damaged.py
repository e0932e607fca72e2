#!/usr/bin/env python3
"""Dead letter files with damaged lines: each kind of damage costs that line alone, which is reported and kept.

Usage: damaged.py PROGRAM [SEED]
"""
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

WAYS = [["--format", "ecs"], ["--as-rendered"]]


def letter(number, **changes):
    """A line of a dead letter file; changes to its event are in `event`."""
    event = {"event_id": str(number), "event_kind": "dns", "occurred_unix": 5, "registry_id": "reg", "token_id": "t"}
    event.update(changes.pop("event", {}))
    line = {"time": "2026-01-01T00:00:00Z", "event_id": str(number), "format": "ecs", "reason": "r", "event": event,
            "record": {"event": {"id": str(number)}}}
    line.update(changes)
    return json.dumps(line, separators=(",", ":")).encode()


def damaged_lines():
    """Lines that cannot be sent, and what is said of each."""
    whole = letter(900)
    lines = [(letter(900, part=part), '"part" is not') for part in (-1, 1.5, 1 << 31, 1 << 70, "0", [], {}, True)]
    lines += [(letter(900, event={"event_id": id}), '"event_id"')
              for id in ("", "9\0001", "\0", {}, [1], True, None, 1.5)]
    lines += [(letter(900, event={"registry_id": id}), '"registry_id"') for id in ("", "a\0b", 7, {}, False)]
    lines += [(letter(900, format=name), '"format"') for name in ("", "e\0cs", 7, [], True)]
    lines += [(whole.replace(b'"event":{"event_id', b'"event":%s,"x":{"event_id' % json.dumps(value).encode()), '"event"')
              for value in (None, 7, "text", [1, 2], True)]
    lines += [(text, "it is not") for text in (b"no json", b"[1]", b"7", b"null", b'"text"', b"\0" * 100, b"\xff\xfe", b"{", b"}{",
                                               whole[:-1], whole[:40], whole[5:], whole + b"}", b"[" * 100000)]
    return lines + [(whole[:-1] + b',"pad":"' + b"x" * (64 << 20) + b'"}', "longer than 64 MiB")]


def id_of(record):
    """The id of a record, which damage may have taken away."""
    record = json.loads(record)
    event = record.get("event") if isinstance(record, dict) else None
    return str(event.get("id")) if isinstance(event, dict) else ""


def replay(program, lines, way, limit=None):
    """Replays lines: gives the status, the ids that are delivered, the lines that are kept, and what is said."""
    for name in ("out.jsonl", "dead.jsonl"):
        pathlib.Path(name).unlink(missing_ok=True)
    pathlib.Path("dead.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    done = subprocess.run([program, "replay", "dead.jsonl", "--output", "out.jsonl", *way], capture_output=True, timeout=200,
                          preexec_fn=limit)
    said = done.stderr.decode(errors="replace")
    if "traceback" in said or os.path.exists("dead.jsonl.replaying"):
        fail(f"{way}: the replay stopped: {said[-2000:]}")
    delivered = [id_of(line) for line in pathlib.Path("out.jsonl").read_bytes().splitlines()]
    kept = pathlib.Path("dead.jsonl").read_bytes().split(b"\n")[:-1] if os.path.exists("dead.jsonl") else []
    return done.returncode, delivered, kept, said


def fail(text):
    print("FAILED:", text, file=sys.stderr)
    sys.exit(1)


def check_each_kind(program, way):
    damaged = damaged_lines()
    lines = [line for number, (line, _) in enumerate(damaged, 1) for line in (letter(number), line)]
    status, delivered, kept, said = replay(program, lines, way)
    if status != 3 or f"delivered {len(damaged)} event(s), 0 refused again, 0 left, {len(damaged)} damaged" not in said:
        fail(f"{way}: status {status}: {said[-1000:]}")
    if delivered != [str(number) for number in range(1, len(damaged) + 1)]:
        fail(f"{way}: delivered {delivered}")
    if kept != [line for line, _ in damaged]:
        fail(f"{way}: {len(kept)} line(s) are kept, not the {len(damaged)} damaged ones")
    reports = [line for line in said.splitlines() if "dead.jsonl, line " in line]
    for number, ((line, reason), report) in enumerate(zip(damaged, reports), 1):
        if f"dead.jsonl, line {2 * number}: " not in report or reason not in report:
            fail(f"{way}: of {line[:100]!r} it says: {report}")


def check_random_damage(program, way, chance):
    """Bytes are changed, removed or repeated in every second line; the others are delivered."""
    lines = []
    good = [f"good-{number}" for number in range(200)]
    for id in good:
        line = bytearray(letter("BAD", part=0))
        for _ in range(chance.randint(1, 3)):
            at, size = chance.randrange(len(line)), chance.choice((1, 1, 1, 20))
            line[at:at + size] = chance.choice((b"", b"\0", b"\xff", b'"', b"-", b"9" * 30, bytes(line[at:at + size]) * 2))
        lines += [letter(id), bytes(line).replace(b"\n", b" ")]
    status, delivered, kept, said = replay(program, lines, way)
    if [id for id in delivered if id.startswith("good")] != good:
        fail(f"{way}: good lines are not delivered once: {said[-1000:]}")
    if status != (3 if kept else 0) or len(delivered) + len(kept) != len(lines):
        fail(f"{way}: status {status}, {len(delivered)} delivered, {len(kept)} kept: {said[-1000:]}")


def check_long_line(program, way):
    """A line that is longer than the memory there is. A sanitizer's own memory would count as well."""
    has_sanitizer = b"__asan_init" in pathlib.Path(program).read_bytes() or b"__tsan_init" in pathlib.Path(program).read_bytes()
    limit = (192 << 20,) * 2
    long = b'{"event":"' + b"x" * (160 << 20)
    status, delivered, kept, said = replay(program, [letter(1), long, letter(2)], way, None if has_sanitizer else
                                           lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))
    if status != 3 or delivered != ["1", "2"] or kept != [long]:
        fail(f"{way}: status {status}, delivered {delivered}, {len(kept)} kept: {said[-1000:]}")


def main(program, seed=None):
    seed = int(seed) if seed else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    for way in WAYS:
        check_each_kind(program, way)
        check_long_line(program, way)
        for _ in range(5):
            check_random_damage(program, way, random.Random(seed))
            seed += 1


if __name__ == "__main__":
    arguments = [os.path.abspath(sys.argv[1]), *sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(*arguments)
