#!/usr/bin/env python3
"""Mutation testing of the engine: does a test notice when one thing in the code is changed?

Usage: tests/mutants.py N [--each] [--seed S] [--file engine/ROOM/NAME.c ...] [--jobs J] [--minutes M]

Makes N random changes of one token or statement, or N in each file (--each), in copies of the sources, and runs
the tests of the changed file's room: the steps of ROOMS, fastest first, until one fails. A change that does not
compile, or that leaves the object code as it was, is replaced by another one. Prints the survivors as lines of a
diff, then the score of each file and of all. A seed makes the same changes as long as the file stays the same.
The exit status is 0: a survivor is something to look at, and may be equivalent to the original. It is 1 if a test
fails without a change, or if a file is in no room, which is all that 0 changes find out. Not part of
tests/run.sh: a noticed change takes a second, a survivor up to two minutes.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-DOVERSIGHT_TESTS=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O1 -w"]
# What tests that are not C programs run.
PRODUCTS = ["oversight-siem", "module", "shared", "faults", "first_call", "clock_back"]
# A test that is not done by then has noticed an endless loop, and one that needs more memory one that allocates.
UNIT_SECONDS, TEST_SECONDS, MEMORY_MB = 60, 120, 4096

# Which tests notice a change in a file: the files' names, then the steps, patterns of ctest, in their order.
VALUES = ["golden", "lua/", "cli/(export|failures|hostile|marks|try)"]
REQUESTS = ["delivery/plain", "delivery/(answers|custom|transport|endings|outage|tls)", "delivery/(splunk|elastic)$"]
ROOMS = [
    ("json_reader json_writer", ["engine/test_json", "engine/test_(mapping|event|delivery|number|damage)", *VALUES]),
    ("utf8", ["engine/test_utf8", "engine/test_(json|mask|event|refusals)", *VALUES]),
    ("number", ["engine/test_number", "engine/test_(json|mapping|converter|outage)", *VALUES]),
    ("timestamp moment", ["engine/test_(timestamp|moment)", "engine/test_(converter|sign)", *VALUES]),
    ("converter", ["engine/test_converter", "engine/test_(mapping|number)", *VALUES]),
    ("mask", ["engine/test_mask", "engine/test_(converter|mapping)", *VALUES]),
    ("refusals refused", ["engine/test_(refusals|refused|join)", "engine/test_delivery", *VALUES]),
    ("buffer", ["engine/test_(buffer|json|mapping|wiped)", "engine/", *VALUES]),
    ("row mapping tree path masking", ["engine/test_(row|mapping|masking|batch|converter|number|format)", "engine/test_misuse", "cli/masking", *VALUES]),
    ("value_table networks geoip mmdb_value checked_file",
     ["engine/test_(checked_file|networks|mmdb_value|geoip|mapping|converter|number)", "engine/test_(damage|misuse)",
      "lua/lookup_spec", "cli/tables", *VALUES]),
    ("nearest", ["engine/test_nearest", "engine/test_event", "lua/misuse_spec", "cli/arguments"]),
    ("raw_event", ["engine/test_raw_event", "engine/test_(event|mapping)", *VALUES]),
    ("digest key", ["engine/test_(digest|key)", "engine/test_misuse", "evidence/receipt"]),
    ("hash hash_tree proof head member leaf", ["engine/test_(tree|verify)", "engine/test_misuse", "evidence/"]),
    ("log tlog order expected witness verify strays findings head_check",
     ["engine/test_(tree|verify|witness|sequence|misuse)", "evidence/verify", "evidence/"]),
    ("pages web", ["engine/test_(pages|web)", "engine/test_(calls|misuse)", "evidence/pages"]),
    ("feature library curl", ["engine/test_(curl|feature|library|lane|compression|geoip|wiped)", "cli/(features|help)", "lua/"]),
    ("misuse error", ["engine/test_(error|misuse|mapping|sink)", "engine/", *VALUES]),
    ("sentinel_sign", ["engine/test_(sign|wiped)", "engine/test_misuse", "cli/sign", "delivery/(azure|sentinel)"]),
    ("batch encoding renderer field_limit",
     ["engine/test_(batch|encoding|mapping|masking|renderer)", "engine/test_(delivery|sink|misuse|damage)", *REQUESTS]),
    ("shipment blame packer",
     ["engine/test_(shipment|blame|packer)", "engine/test_(attempts|delivery|helped|order|sink|memory)",
      "delivery/(outage|poison)", *REQUESTS]),
    ("lane sizing outage patience",
     ["engine/test_(lane|sizing|outage|patience|transport)", "engine/test_delivery", "delivery/(splunk_lanes|outage)", *REQUESTS]),
    ("task_queue delivery send thread",
     ["engine/test_(task_queue|attempts|helped|thread|preparing|delivery|counters|settle|send|jobs|sink|misuse|format|registry)", "engine/", "lua/siem_spec",
      "cli/(export|failures|reload)", *REQUESTS, "delivery/(poison|replay|several)"]),
    ("sink kinds parcel document_id carrier session status remote generic options header request response content_encoding "
     "compression compressors body framing gzip zstd transport answer probe preview",
     ["engine/test_(answer|body|compression|credentials|custom|document_id|header|options|parcel|ping|preview|probe|remote)",
      "engine/test_(request|response|session|sink|transport|zstd)",
      "engine/test_(number|delivery|misuse|wiped|memory)",
      "lua/", *REQUESTS, "delivery/(azure|sentinel|secrets|splunk_ack|splunk_others)"]),
    ("splunk", ["engine/test_(answer|credentials|hec|ping|probe|request|sink|delivery|memory)", "delivery/splunk"]),
    ("elastic elastic_items elastic_setup",
     ["engine/test_(answer|credentials|items|ping|probe|request|sink|delivery|memory)", "delivery/elastic"]),
    ("azure sentinel", ["engine/test_(answer|credentials|ping|probe|request|session|sink|sign|number|memory)", "delivery/(azure|sentinel)"]),
    ("kafka rdkafka producer client verdict census label properties remarks",
     ["engine/test_(label|properties|verdict|remarks|census|client|producer|standing|brokers|memory|wiped)", "engine/test_kafka", "engine/test_(delivery|sink|options)"]),
    ("source topic group ledger standing progress sheaf translator",
     ["engine/test_(commit|group|ledger|memory|progress|sheaf|standing|topic|wiped)", "engine/test_(consume|drain)", "engine/test_(follow|turn|jobs)"]),
    ("custom function", ["engine/test_(custom|function|sink|misuse)", "lua/", "delivery/custom"]),
    ("secret secret_form command_output exposure",
     ["engine/test_(secret|exposure|calls|wiped)", "engine/test_(sink|misuse)", "lua/", "delivery/(custom|answers|secrets)",
      "cli/arguments", "delivery/azure"]),
    ("file line_file deadletter replaced_file file_lock",
     ["engine/test_(line_file|file_lock|deadletter|checked_file|replaced_file|calls)", "engine/test_(sink|misuse)",
      "cli/(export|failures|streams)", "follow/process", "delivery/(replay|damaged)"]),
    ("checkpoint sqlite_file",
     ["engine/test_(checkpoint|sqlite_file|calls|damage|follow|misuse)", "engine/", "cli/(export|failures)",
      "follow/(checkpoint|reconcile|process)", "delivery/(plain|replay|damaged)"]),
    ("identity clock", ["engine/test_(clock|identity|follow|watch|turn)", "engine/test_(outage|delivery)",
                                     "follow/(checkpoint|process|life)", "delivery/outage"]),
    ("export jobs mappings parallel join settle export_check counters",
     ["engine/test_(counters|export|follow|format|jobs|join|misuse|parallel|resume|send|settle|sink|source|turn)", "engine/",
      "lua/siem_spec", "cli/(export|failures|reload)", *REQUESTS, "delivery/(replay|several)"]),
    ("watch turn follow", ["engine/test_(follow|news|resume|source|watch|turn)", "engine/test_(outage|delivery)",
                                "follow/(checkpoint|process|life)", "delivery/outage"]),
    ("confirm", ["engine/test_(calls|follow|resume|source|turn|misuse)", "cli/(export|failures)",
                 "follow/(checkpoint|faults|process)", "delivery/(plain|outage)"]),
    ("access", ["engine/test_(access|follow|registry)", "follow/users", "cli/registry"]),
    ("event field", ["engine/test_(event|field|mapping|registry|sign)", "engine/test_misuse", *VALUES]),
    ("news", ["engine/test_(news|turn)", "engine/test_follow", "follow/life"]),
    ("sorted_ids", ["engine/test_sorted_ids", "engine/test_(registry|reader|follow)", "cli/export"]),
    ("parts runs", ["engine/test_(parts|reader|runs)", "engine/test_registry", "cli/(export|damaged)"]),
    ("registry_source", ["engine/test_(registry_source|follow|turn|jobs)", "cli/export", "follow/(life|writers)"]),
    ("registry filter finish reader survey slices tail continuity registry_id identity_file database ordering "
     "schema query",
     ["engine/test_(continuity|database|parts|registry|reader|schema|survey|follow|event|identity_file)",
      "engine/test_(misuse|damage|format)", "lua/", "cli/(registry|export|hostile|damaged)",
      "follow/(life|reconcile|writers)"]),
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
STATEMENT = re.compile(r"^\s+(?:\(void\))?[a-z_]\w*(?:(?:->|\.)[a-z_]\w*|\[[^]]*\])*(?: [|&+-]?= [^;]*|\([^;]*\));$")


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
                elif not (text == "(NUMBER + 1)" and is_room(code, match.start(), match.end())):
                    found.append((match.start(), match.end(), text.replace("NUMBER", match[0])))
    at = 0
    for line in code.split("\n"):
        if STATEMENT.match(line) and not re.match(r"\s+(return|case|else)\b", line):
            found.append((at, at + len(line), ""))
        at += len(line) + 1
    return found


def is_room(code, start, end):
    """Whether a number is the size of a local array: one more is always equivalent."""
    before = code[code.rfind("\n", 0, start) + 1:start]
    return code[end] == "]" and re.fullmatch(r"\s+(?!return )(?:[a-z]\w* )+[\w, \[\]]*\[", before) is not None


def closing(code, opening):
    """The end of what the parenthesis at `opening` holds, or None."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return None


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))


class Copy:
    """The sources and two builds of them, in a folder of its own: C programs hear of leaks and wrong accesses."""

    def __init__(self, folder):
        self.sources, self.build, self.checked = folder / "sources", folder / "build", folder / "checked"
        files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                               capture_output=True, text=True).stdout.split("\n")
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (self.sources / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.sources / name)
        self.originals = {}
        for build, flags in ((self.build, []), (self.checked, ["-DOVERSIGHT_ASAN=ON"])):
            subprocess.run(["cmake", "-S", self.sources, "-B", build, "-G", "Ninja", *FLAGS, *flags], check=True,
                           stdout=subprocess.DEVNULL)
        if not self.make(self.build, PRODUCTS) or not self.make(self.checked, self.programs("engine/")):
            sys.exit("mutants.py: the unchanged sources do not build")

    def make(self, build, targets):
        return subprocess.run(["cmake", "--build", build, "--target", *targets], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def programs(self, step):
        """The test programs in C that a step runs."""
        return [test.stem for test in sorted((self.sources / "tests/engine").glob("test_*.c"))
                if re.match(step, "engine/" + test.stem)]

    def object_of(self, name):
        path = self.build / "CMakeFiles/engine.dir" / (name + ".o")
        return hashlib.sha256(path.read_bytes()).digest()

    def differs(self, name, text):
        """Writes and compiles another text of a file: false if that fails, or gives the same code."""
        if name not in self.originals:
            self.originals[name] = self.object_of(name)
        (self.sources / name).write_text(text)
        built = self.make(self.build, ["CMakeFiles/engine.dir/" + name + ".o"])
        return built and self.object_of(name) != self.originals[name]

    def failing(self, steps):
        """The first step with a failing test, or None. A step builds what it runs."""
        return next((step for step in steps if not self.passes(step)), None)

    def passes(self, step):
        programs = self.programs(step)
        build = self.checked if programs else self.build
        seconds = UNIT_SECONDS if programs else TEST_SECONDS
        return self.make(build, programs or PRODUCTS) and subprocess.run(
            ["ctest", "--test-dir", build, "--stop-on-failure", "--no-tests=error", "--timeout", str(seconds),
             "-R", f"^({step})"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=None if programs else limit_memory,  # a sanitizer reserves more than there is
            env={**os.environ, "ASAN_OPTIONS": f"hard_rss_limit_mb={MEMORY_MB}"}).returncode == 0


def room_of(name):
    for files, steps in ROOMS:
        if pathlib.Path(name).stem in files.split():
            return steps
    sys.exit(f"mutants.py: {name} is in no room of ROOMS")


def shown(source, change):
    """The changed line, before and after, with its number."""
    start, end, text = change
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    after = (source[first:start] + text + source[end:last]).strip()
    return source.count("\n", 0, start) + 1, source[first:last].strip(), after


def shuffled(text, seed):
    changes = changes_of(text)
    random.Random(seed).shuffle(changes)
    return changes


class Run:
    def __init__(self, args):
        self.args, self.lock = args, threading.Lock()
        self.texts = {name: (ROOT / name).read_text() for name in args.file}
        self.tried, self.survived = {name: 0 for name in args.file}, []
        self.end = time.monotonic() + args.minutes * 60
        self.candidates = [(name, change) for name, text in self.texts.items() for change in shuffled(text, args.seed)]
        if not args.each:
            random.Random(args.seed).shuffle(self.candidates)

    def next(self):
        with self.lock:
            while self.candidates and time.monotonic() < self.end:
                name, change = self.candidates.pop(0)
                if (self.tried[name] if self.args.each else sum(self.tried.values())) < self.args.count:
                    return name, change
            return None

    def try_one(self, copy, name, change):
        text, (start, end, replacement) = self.texts[name], change
        try:
            if not copy.differs(name, text[:start] + replacement + text[end:]):
                return
            noticed = copy.failing(room_of(name))
        finally:
            (copy.sources / name).write_text(text)
        with self.lock:
            self.tried[name] += 1
            if not noticed:
                self.survived.append(name)
                number, was, became = shown(text, change)
                print(f"{name}:{number}\n  - {was}\n  + {became}", flush=True)

    def work(self, copy):
        while (candidate := self.next()) is not None:
            self.try_one(copy, *candidate)

    def report(self):
        total, lost = sum(self.tried.values()), len(self.survived)
        for name in filter(self.tried.get, sorted(self.tried)):
            missed = self.survived.count(name)
            print(f"{name:32} {self.tried[name] - missed:4} of {self.tried[name]:4} noticed")
        share = 100 * (total - lost) / total if total else 0
        print(f"seed {self.args.seed}: {total - lost} of {total} changes noticed, {share:.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("--each", action="store_true", help="N changes in each file")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--file", action="append", help="only this file of the engine")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=600, help="begin no further change after this time")
    args = parser.parse_args()
    args.file = args.file or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "engine").rglob("*.c")
                                    if not path.stem.endswith("_missing"))  # is not built beside what it stands for
    rooms = {tuple(room_of(name)) for name in args.file}
    if args.count == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(pathlib.Path(folder) / str(job)) for job in range(args.jobs)]
        for step in dict.fromkeys(step for room in rooms for step in room):
            if copies[0].failing([step]):
                sys.exit(f"mutants.py: a test of {step} fails without a change")
        run = Run(args)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for done in [pool.submit(run.work, copy) for copy in copies]:
                done.result()
        run.report()


main()
