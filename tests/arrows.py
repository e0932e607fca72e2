#!/usr/bin/env python3
"""Holds the order of rooms: no file includes one of a room above its own, or calls a function that is
defined there, and no files include one another in a circle. A noun's .h and .c count as one file.

arrows.py           says what is wrong; status 1
arrows.py --list    prints each arrow between two rooms, and how many includes it stands for
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# From the top down: a room includes those below. Rooms of one line do not know one another. A folder in a
# room, such as sink/http, is part of that room.
ORDER = """
    program embed
    host
    bind
    limits
    export
    delivery topic
    sink
    record store
    evidence
    source
    enrich
    base
"""
FLOOR = {room: -number for number, line in enumerate(ORDER.split("\n")) for room in line.split()}

# Arrows that stay although they close a circle.
RETURNING = {
    # A worker is a thread that runs the command in a state of its own, and that state has the workers.
    ("program/workers", "program/command"),
}


def room_of(noun):
    return noun.split("/")[0]


def noun_of(path):
    """What registry.h, registry.c, and registry_state.h for the files that share it, are about."""
    return path.removesuffix(".h").removesuffix(".c").removesuffix("_state")


def read_sources():
    """The code of each noun, without comments and what is in quotes, and the nouns that it includes."""
    texts = collections.defaultdict(str)
    includes = collections.defaultdict(set)
    for folder in (ROOT / "engine", ROOT / "lua"):
        for path in sorted(folder.rglob("*.[ch]")):
            noun = noun_of(str(path.relative_to(folder)))
            if noun.startswith("include/"):
                continue
            text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
            included = {noun_of(name) for name in re.findall(r'^\s*#\s*include\s*"(.*)"', text, re.M)}
            includes[noun] |= included - {noun}
            texts[noun] += re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return texts, includes


def find_calls(texts):
    """What the public header hides: functions of other rooms that a noun names."""
    home = {}
    for noun, text in texts.items():
        for name in re.findall(r"^(?!static)\w[\w \*]*?\b(siem_\w+)\([^;{}]*\) \{", text, re.M):
            home[name] = noun
    if len(home) < 300:
        sys.exit(f"only {len(home)} functions are found: are they written in another form?")
    calls = collections.defaultdict(dict)
    for noun, text in texts.items():
        for name in set(re.findall(r"\bsiem_\w+\b", text)) & set(home):
            if room_of(home[name]) != room_of(noun):
                calls[noun][home[name]] = name
    return calls


def find_circle(includes):
    """The nouns of one circle, or nothing."""
    done = set()

    def visit(noun, road):
        if noun in road:
            return road[road.index(noun):] + [noun]
        for other in sorted(includes.get(noun, ())) if noun not in done else ():
            circle = visit(other, road + [noun])
            if circle:
                return circle
        done.add(noun)
        return []

    return next(filter(None, (visit(noun, []) for noun in sorted(includes))), [])


def print_rooms(includes):
    arrows = collections.Counter((room_of(noun), room_of(other))
                                 for noun, others in includes.items() for other in others)
    for room, other in sorted(arrows, key=lambda arrow: (-FLOOR[arrow[0]], -FLOOR[arrow[1]])):
        if room != other:
            print(f"{room} -> {other}: {arrows[room, other]}{'' if FLOOR[other] < FLOOR[room] else ' (up)'}")


def check(texts, includes):
    problems = []
    for verb, arrows in (("includes", includes), ("calls", find_calls(texts))):
        for noun, others in sorted(arrows.items()):
            for other in sorted(others):
                if room_of(noun) != room_of(other) and FLOOR[room_of(noun)] <= FLOOR[room_of(other)]:
                    what = f", for {others[other]}," if verb == "calls" else ""
                    problems.append(f"{noun} {verb} {other}{what} of a room that is not below its own")
    circle = find_circle({noun: {other for other in others if (noun, other) not in RETURNING}
                          for noun, others in includes.items()})
    if circle:
        problems.append("files include one another in a circle: " + " -> ".join(circle))
    problems += [f"tests/arrows.py: {noun} -> {other} is gone: delete the exception"
                 for noun, other in sorted(RETURNING) if other not in includes[noun]]
    return problems


def main():
    texts, includes = read_sources()
    unknown = {room_of(noun) for noun in set(texts).union(*includes.values())} - set(FLOOR)
    if unknown:
        sys.exit(f"tests/arrows.py: no place in the order for {', '.join(sorted(unknown))}")
    if sys.argv[1:] == ["--list"]:
        return print_rooms(includes)
    problems = check(texts, includes)
    print("\n".join(problems) or "each include points down")
    return int(bool(problems))


sys.exit(main())
