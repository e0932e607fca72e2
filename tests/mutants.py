#!/usr/bin/env python3
"""Mutation testing of the engine: does a test notice when one thing in the code is changed?

Usage: tests/mutants.py N [--seed S] [--file engine/NAME.c ...] [--jobs J] [--minutes M]

Makes N random changes of one token or statement each, in copies of the sources, and runs the tests of the
touched file's room for each of them: those of ROOMS, fastest first, until one fails. A change that does
not compile, or that leaves the object code as it was, is replaced by another one. Prints the survivors as
lines of a diff, then the score of each file and of all. The exit status is 0: a survivor is something to
look at, and may be equivalent to the original. Not part of tests/run.sh, as it takes half a minute a change.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEST_SECONDS = 300

# The tests of a room, as patterns of ctest, in the order in which they are run. The first pattern that matches a
# file's name counts.
ROOMS = [
    (r"sink_splunk", ["engine/test_sink", "delivery/splunk"]),
    (r"sink_elastic", ["engine/test_sink", "delivery/elastic"]),
    (r"sink_azure|sink_sentinel|sign", ["engine/test_s(ink|ign)", "cli/sign", "delivery/(azure|sentinel)"]),
    (r"sink_custom|sink_function", ["engine/test_sink", "lua/", "delivery/custom"]),
    (r"secret|command_output", ["delivery/secrets", "delivery/azure"]),
    (r"http|request|answer|question|preview|settings|sink_remote",
     ["engine/test_sink", "delivery/(plain|transport)$", "delivery/(splunk|elastic|secrets|tls)"]),
    (r"delivery|shipment", ["engine/test_(delivery|sink)", "delivery/(plain|splunk|elastic|custom)"]),
    (r"checkpoint|deadletter|line_file|sink_file|path",
     ["engine/", "cli/(export|failures)", "follow/(checkpoint|process)", "delivery/replay"]),
    (r"watch|follow|position|identity", ["engine/test_follow", "follow/(checkpoint|process|life)"]),
    (r"registry|database|ordering|shape|query",
     ["engine/test_(registry|follow)", "lua/", "cli/(registry|export|hostile)", "follow/life"]),
    (r"", ["engine/", "golden", "lua/", "cli/(export|failures|hostile|run|site|try)"]),
]

CHANGES = [  # what is replaced, and by what
    (r"(?<![<>=!+\-*/&|-])<(?![<=])", ["<=", ">"]), (r"(?<![->=])>(?![>=])", [">=", "<"]),
    (r"<=", ["<"]), (r"(?<!>)>=", [">"]), (r"==", ["!="]), (r"!=", ["=="]),
    (r"&&", ["||"]), (r"\|\|", ["&&"]), (r" \+ ", [" - "]), (r" - ", [" + "]), (r" \* (?=\w)", [" / "]),
    (r"\+\+", ["--"]), (r"\+=", ["-="]), (r"-=", ["+="]),
    (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]), (r"(?<![\w.])0(?![\w.])", ["1"]),
    (r"(?<![\w.])[1-9]\d*(?![\w.])", ["0", "(NUMBER + 1)"]), (r"!(?==)", []), (r"!(?=[a-z(])", [""]),
    (r"\bif \(", ["if (!"]), (r"\breturn rc;", ["return SIEM_OK;"]), (r"\bbreak;", [";"]), (r"\bcontinue;", [";"]),
]
STATEMENT = re.compile(r"^\s+(?:\(void\))?(?:[a-z_]\w*(?:->|\.|\[[^]]*\])?)+(?: [|&+-]?= [^;]*|\([^;]*\));$")


def blanked(source):
    """The source with comments, texts and directives as spaces: what stands there is never changed."""
    def spaces(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", spaces,
                  source, flags=re.S | re.M)


def changes_of(source):
    """All (start, end, replacement) of a source."""
    code, found = blanked(source), []
    for pattern, replacements in CHANGES:
        for match in re.finditer(pattern, code):
            for text in replacements:
                if text == "if (!":  # the whole condition
                    end = closing(code, match.end() - 1)
                    if end:
                        found.append((match.end() - 1, end, "(!" + source[match.end() - 1:end] + ")"))
                else:
                    found.append((match.start(), match.end(), text.replace("NUMBER", match[0])))
    at = 0
    for line in code.split("\n"):
        if STATEMENT.match(line) and not re.match(r"\s+(return|case|else)\b", line):
            found.append((at, at + len(line), ""))
        at += len(line) + 1
    return found


def closing(code, opening):
    """The end of what the parenthesis at `opening` holds, or None."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return None


class Copy:
    """The sources and a build of them, in a folder of its own."""

    def __init__(self, folder):
        self.sources, self.build = folder / "sources", folder / "build"
        files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                               capture_output=True, text=True).stdout.split("\n")
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (self.sources / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.sources / name)
        subprocess.run(["cmake", "-S", self.sources, "-B", self.build, "-G", "Ninja", "-DOVERSIGHT_TESTS=ON",
                        "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
        if not self.make():
            sys.exit("mutants.py: the unchanged sources do not build")

    def make(self, target="all"):
        return subprocess.run(["cmake", "--build", self.build, "--target", target], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def object_of(self, name):
        path = self.build / "CMakeFiles/engine.dir" / (name + ".o")
        return hashlib.sha256(path.read_bytes()).digest()

    def is_noticed(self, patterns):
        for pattern in patterns:
            try:
                tests = subprocess.run(["ctest", "--test-dir", self.build, "--stop-on-failure", "--timeout", "120",
                                        "--no-tests=error", "-R", "^(" + pattern + ")"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, timeout=TEST_SECONDS)
            except subprocess.TimeoutExpired:
                return True
            if tests.returncode != 0:
                return True
        return False


def room_of(name):
    return next(patterns for pattern, patterns in ROOMS if re.search(pattern, pathlib.Path(name).stem))


def shown(source, change):
    """The changed line, before and after, with its number."""
    start, end, text = change
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    after = (source[first:start] + text + source[end:last]).strip()
    return source.count("\n", 0, start) + 1, source[first:last].strip(), after


class Run:
    def __init__(self, args, copies):
        self.args, self.idle = args, list(copies)
        self.random, self.lock = random.Random(args.seed), threading.Lock()
        names = args.file or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "engine").rglob("*.c"))
        self.texts = {name: (ROOT / name).read_text() for name in names}
        self.candidates = [(name, change) for name, text in self.texts.items() for change in changes_of(text)]
        self.random.shuffle(self.candidates)
        self.tried, self.survived = {}, []
        self.end = time.monotonic() + args.minutes * 60

    def next(self):
        with self.lock:
            enough = sum(self.tried.values()) >= self.args.count or time.monotonic() > self.end
            return None if enough or not self.candidates else self.candidates.pop()

    def try_one(self, copy, name, change):
        text, (start, end, replacement) = self.texts[name], change
        path, before = copy.sources / name, copy.object_of(name)
        path.write_text(text[:start] + replacement + text[end:])
        try:
            target = "CMakeFiles/engine.dir/" + name + ".o"
            if not copy.make(target) or copy.object_of(name) == before or not copy.make():
                return
            noticed = copy.is_noticed(room_of(name))
        finally:
            path.write_text(text)
            copy.make("CMakeFiles/engine.dir/" + name + ".o")
        with self.lock:
            self.tried[name] = self.tried.get(name, 0) + 1
            if not noticed:
                self.survived.append(name)
                number, was, became = shown(text, change)
                print(f"{name}:{number}\n  - {was}\n  + {became}", flush=True)

    def work(self, copy):
        while (candidate := self.next()) is not None:
            self.try_one(copy, *candidate)

    def report(self):
        total, lost = sum(self.tried.values()), len(self.survived)
        for name in sorted(self.tried):
            missed = self.survived.count(name)
            print(f"{name:32} {self.tried[name] - missed:4} of {self.tried[name]:4} noticed")
        share = 100 * (total - lost) / total if total else 0
        print(f"seed {self.args.seed}: {total - lost} of {total} changes noticed, {share:.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--file", action="append", help="only this file of the engine")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=600, help="begin no further change after this time")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(pathlib.Path(folder) / str(job)) for job in range(args.jobs)]
        run = Run(args, copies)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for done in [pool.submit(run.work, copy) for copy in copies]:
                done.result()
        run.report()


main()
