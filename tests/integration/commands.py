#!/usr/bin/env python3
"""Runs every command and every snippet of every page but those of tests/, against receivers on 127.0.0.1.

Usage: commands.py PROGRAM BUILD
A page has blocks of these languages:

  sh        commands, which must succeed
  console   commands after "$ ", and what they print: compared, with "…" for anything
  lua       a whole format, which is checked on the sample registry, or a script, which is run
  json      JSON text
  text      pictures and lines of a log: no commands

Paths in /etc, /srv and /var are in the test's folder, and the hosts of the pages are receivers. What a command needs
that a test cannot have is listed below, with the reason: STUBS, FAILS.
"""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

program, build = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
root = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(root / "tests/evidence"))
from made_log import Key, MadeLog  # noqa: E402

# Commands that are not run. A stub takes their place; the files that its arguments name must exist.
STUBS = {
    "apt": "installs packages of the machine; tests/integration/debian.sh does so in a fresh root",
    "az": "a command of Azure, for a subscription",
    "buildah": "makes an image",
    "chgrp": "needs the group of a registry",
    "cpack": "makes packages, as tests/integration/debian.sh does",
    "kafka-topics.sh": "a command of Kafka, for a cluster; tests/integration/real/kafka.sh uses a real one",
    "mmdebstrap": "makes a root of Debian",
    "podman": "runs an image",
    "systemctl": "needs systemd",
    "useradd": "changes the machine's users",
    "usermod": "changes the machine's users",
}

# Commands that end with another status than 0 here: page, command, statuses, reason.
FAILS = [
    ("examples/evidence/README.md", "verify --db registry.db", {1}, "the page shows a registry that was changed"),
    ("examples/follow/README.md", "reconcile --db '/srv", {4}, "the receiver of this test has no index"),
    ("examples/kafka/README.md", "security.protocol", {1, 4}, "the mock cluster of librdkafka has no TLS"),
    ("examples/kafka/README.md", "reconcile", {1, 4}, "each process has a mock cluster of its own, which is empty"),
]

# Pages whose blocks another test runs.
OTHERS = {"lua/README.md": "tests/lua/guide_spec.lua"}

LANGUAGES = {"sh", "console", "lua", "json", "text"}
IDENTITY = "4d1a7c0e9b8f2a6635c4d8e1f09b7a2c" * 2
SECONDS = 120
problems, used, counts = [], set(), {language: 0 for language in LANGUAGES}


# ---- what pages have ----

def read_blocks(text):
    """(language, block, line) of each fenced block."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield found[1], found[2], text[:found.start()].count("\n") + 2


def read_commands(block):
    """Lines without comments, those that end with a backslash joined."""
    for line in block.replace("\\\n", " ").splitlines():
        command = re.sub(r"\s+# .*$", "", line).strip()
        if command and not command.startswith("#"):
            yield command


def read_console(block):
    """(command, lines that it prints) of a block with "$ "."""
    parts = re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.M)
    if parts[0].strip():
        raise ValueError("the block begins without a command")
    for part in parts[1:]:
        command, _, output = part.partition("\n")
        yield command.strip(), output.rstrip("\n").split("\n") if output.strip() else []


# ---- receivers ----

class Anything(http.server.ThreadingHTTPServer):
    """Takes any request with a body of JSON."""
    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                json.loads(body)
                self.send_response(201)
            except ValueError:
                self.send_response(400)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Receivers:
    """Started when a command needs them, ended by their own pids."""

    # The host of the pages, and how its receiver is started.
    KINDS = {
        "https://splunk:8088": ("hec", "--token", "0c1d2e3f-token"),
        "https://es:9200": ("bulk",),
        "https://collector.example": ("plain",),
        "https://oversight-abcd.westeurope-1.ingest.monitor.azure.com": (
            "ingestion", "--tenant", "TENANT", "--client-id", "CLIENT", "--client-secret", "azure-secret",
            "--rule-id", "dcr-0123456789abcdef", "--stream", "Custom-Oversight"),
        "sentinel": ("sentinel", "--workspace-id", "WORKSPACE", "--shared-key", "c2l4dHktZm91cg=="),
    }

    def __init__(self, work):
        self.work, self.urls, self.processes = work, {}, []

    def url_of(self, host):
        if host == "http://connect:8083":
            self.urls.setdefault(host, Anything().url)
        if host not in self.urls:
            self.urls[host] = self.start(*self.KINDS[host])
        return self.urls[host]

    def start(self, kind, *options):
        folder = self.work / f"receiver-{len(self.processes)}"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, root / "tests/delivery/receiver.py", kind, "--folder", folder, "--life", "900", *options],
            stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return f"http://127.0.0.1:{process.stdout.readline().split()[1]}"

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait()
            process.stdout.close()


# ---- the folder that commands run in ----

def make_registry(folder, identity):
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "registry.sqlite")) as connection:
        connection.executescript((root / "examples/registry.sql").read_text())
    (folder / "identity.json").write_text(json.dumps({"ed25519_pub": identity, "ed25519_priv": "00" * 32}))


def write_script(path, text):
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def make_tools(work):
    folder = work / "bin"
    folder.mkdir()
    (folder / "oversight-siem").symlink_to(program)
    for name in STUBS:
        write_script(folder / name, 'for file; do case $file in @examples/*) file=${file#@};; examples/*) ;; *) continue;; '
                                    'esac; [ -e "$file" ] || { echo "no $file"; exit 1; }; done')
    # The build of this test takes the place of the one that a page makes.
    write_script(folder / "cmake", f'[ "$1" != --install ] || exec {shutil.which("cmake")} "$@"')
    (work / "tests").mkdir()
    write_script(work / "tests/packages.sh", ":")


SECRETS = {
    "hec.token": "0c1d2e3f-token", "elastic.key": "id:key", "azure.secret": "azure-secret",
    "workspace.key": "c2l4dHktZm91cg==", "collector.headers": "X-Api-Key: key", "kafka.password": "password",
    "eventhubs.connection": "Endpoint=sb://mynamespace.servicebus.windows.net/;SharedAccessKey=key",
}


def make_folder(work):
    for name in ("examples", "formats"):
        (work / name).symlink_to(root / name)
    (work / "build").symlink_to(build)
    for name in ("etc/logrotate.d", "etc/systemd/system", "etc/oversight/lua/oversight/formats", "var/lib/oversight",
                 "var/lib/oversight-siem", "var/log/oversight-siem", "build-deb"):
        (work / name).mkdir(parents=True)
    make_tools(work)
    make_registry(work, IDENTITY)
    make_registry(work / "var/lib/oversight", IDENTITY)
    for name in ("one", "two"):
        make_registry(work / "srv/oversight" / name, name * 8)
    for name, text in SECRETS.items():
        path = work / "etc/oversight" / name
        path.write_text(text + "\n")
        path.chmod(0o600)
    shutil.copy(work / "etc/oversight/hec.token", work / "hec.token")


def make_evidence(work):
    """The registry of the page about evidence: one row is changed, another one is gone."""
    key = Key(work)
    log = MadeLog(work, 3000, key)
    log.sql("UPDATE events SET user_agent = 'other' WHERE id = 16")
    log.sql("DELETE FROM events WHERE id = 20")
    return {"KEY": key.registry_id}


def make_environment(work):
    pkgconfig = [str(path) for path in (work / "dest").rglob("pkgconfig")]
    environment = {
        **os.environ, "PATH": f"{work}/bin:{os.environ['PATH']}", "OVERSIGHT_LUA_PATH": f"{work}/etc/oversight/lua",
        "DESTDIR": f"{work}/dest", "PKG_CONFIG_PATH": ":".join(pkgconfig), "PKG_CONFIG_SYSROOT_DIR": f"{work}/dest",
        "LD_LIBRARY_PATH": ":".join(str(pathlib.Path(path).parent) for path in pkgconfig), "LC_ALL": "C.UTF-8",
    }
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        environment.pop(name, None)
        environment.pop(name.upper(), None)
    return environment


# ---- commands ----

def has_feature(name, _cache={}):
    if not _cache:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        _cache.update({feature[1:]: feature[0] == "+" for feature in done.stdout.split() if feature[0] in "+-"})
    return _cache.get(name, False)


FEATURES = {"kafka": r"--(to|from) kafka|siem\.sink\.kafka", "gzip": r"compress[ =\"]+gzip",
            "zstd": r"compress[ =\"]+zstd", "metrics": "--metrics-listen"}


def missing_feature(text):
    return next((name for name, pattern in FEATURES.items() if re.search(pattern, text) and not has_feature(name)), None)


class Page:
    def __init__(self, path, work, receivers):
        self.name, self.work, self.receivers = str(path.relative_to(root)), work, receivers
        self.environment = make_environment(work)

    def complain(self, line, what):
        problems.append(f"{self.name}:{line}: {what}")

    def localize(self, text):
        """A text of a page for this test: its hosts and folders."""
        for host in [*Receivers.KINDS, "http://connect:8083"]:
            if host.startswith("http") and host in text:
                text = text.replace(host, self.receivers.url_of(host))
        if "--to azure" in text:
            text = text.replace("--endpoint", f"--login-url {re.search('--endpoint (.*?) ', text)[1]} --endpoint")
        if "--to sentinel" in text:
            text += f" --url {self.receivers.url_of('sentinel')}"
        text = re.sub(r"--brokers \S+", "--brokers 127.0.0.1:1 --kafka test.mock.num.brokers=1", text)
        if "security.protocol" in text:
            text = re.sub(r"--brokers \S+ --kafka \S+", "--brokers 127.0.0.1:1", text) + " --timeout 0.3"
            text += "" if text.startswith("oversight-siem ping") else " --retries 0"
        text = re.sub(r"(?<![\w.])/(etc|srv|var)/", rf"{self.work}/\1/", text)
        if " export " in text and "--follow" in text and "--checkpoint" in text:
            text = text.replace("--checkpoint", "--retry-cap 0.1 --checkpoint", 1) if "--to" in text else text
        return text

    def expected(self, command):
        for entry in FAILS:
            page, part, statuses, _ = entry
            if page == self.name and part in command:
                used.add(entry[:2])
                return statuses
        return {0}

    def run(self, command, line):
        """Runs a command, and gives what it printed."""
        stubs = [name for name in STUBS if re.search(rf"(^|& ){re.escape(name)}\b", command)]
        used.update(stubs)
        if missing_feature(command):
            return None
        text = self.localize(command)
        if "--follow" in command and not stubs:
            return self.follow(text, command, line)
        try:
            done = subprocess.run(["bash", "-c", text], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            self.complain(line, f"still runs after {SECONDS} s: {command}")
            return None
        if done.returncode not in self.expected(command):
            self.complain(line, f"status {done.returncode}: {command}\n{done.stdout[-2000:]}")
        self.environment = make_environment(self.work) if "--install" in command else self.environment
        return done.stdout

    def follow(self, text, command, line):
        """Runs an export that follows until it has delivered something, or has begun to read a topic."""
        metrics = self.work / "metrics"
        metrics.unlink(missing_ok=True)
        if "--metrics" not in text:
            text += f" --metrics {metrics}"
        log = self.work / "follow.log"
        with open(log, "w") as file:
            process = subprocess.Popen(["bash", "-c", f"exec {text}"], cwd=self.work, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        number = r"_up\S* 1" if "--from" in text else r"events_delivered_total\S* [1-9]"
        deadline, has_begun = time.monotonic() + SECONDS, False
        while process.poll() is None and time.monotonic() < deadline and not has_begun:
            has_begun = metrics.exists() and re.search(number, metrics.read_text()) is not None
            time.sleep(0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=SECONDS)
        if status not in self.expected(command) or not has_begun:
            self.complain(line, f"status {status}: {command}\n{log.read_text()[-2000:]}")
        return log.read_text()

    def compare(self, shown, printed, line):
        """Each line that the page shows is printed, in that order."""
        position, printed = 0, printed.replace(f"{self.work}/", "")
        for text in shown:
            if text.strip() == "…" or not text.strip():
                continue
            pattern = re.escape(text).replace("…", ".*")
            pattern = re.sub(r"in\\ (less\\ than\\ )?[\d\\.]+\\ s", r"in (less than )?[\\d.]+ s( \\([\\d,]+/s\\))?", pattern)
            pattern = re.sub(r"\b[0-9a-f]{64}\b", "[0-9a-f]{64}", pattern)
            pattern = re.sub(r"root\\ [0-9a-f]{8}", "root [0-9a-f]{8}", pattern)
            found = re.compile(f"^{pattern}$", re.M).search(printed, position)
            if not found:
                self.complain(line, f"the page shows a line that is not printed: {text}\n{printed[:3000]}")
                return
            position = found.end()

    def run_lua(self, text, line):
        """A format is checked with the sample registry, and exports it. A script is run."""
        if missing_feature(text):
            return
        name = re.search(r'(?:extend|define|from_function) ?\(?"([\w-]+)"', text)
        if name and "siem.pipeline" not in text:
            path = self.work / f"etc/oversight/lua/oversight/formats/{name[1]}.lua"
            path.write_text(self.localize(text))
            self.run(f"oversight-siem check {path} --db registry.sqlite", line)
            self.run(f"oversight-siem export --db registry.sqlite --format {name[1]} --output /dev/null", line)
            return
        path = self.work / "script.lua"
        path.write_text(self.localize(text))
        self.run("oversight-siem run script.lua", line)

    def check(self, text):
        for language, block, line in read_blocks(text):
            counts[language] = counts.get(language, 0) + 1
            if language == "lua":
                self.run_lua(block, line)
            elif language not in LANGUAGES:
                self.complain(line, f"the language of a block is one of {sorted(LANGUAGES)}")
            elif language == "sh":
                for command in read_commands(block):
                    self.run(command, line)
            elif language == "console":
                for command, shown in read_console(block):
                    printed = self.run(command, line)
                    if printed is not None:
                        self.compare(shown, printed, line)
            elif language == "json":
                json.loads(block)
            elif language == "text" and re.search(r"^[$ ]*oversight-siem \w", block, re.M):
                self.complain(line, "a block of text has a command")


def check_page(path):
    text = path.read_text()
    if "```" not in text:
        return
    with tempfile.TemporaryDirectory(prefix="oversight-commands-") as folder:
        work = pathlib.Path(folder)
        receivers = Receivers(work)
        try:
            make_folder(work)
            page = Page(path, work, receivers)
            if "registry.db" in text:
                page.environment.update(make_evidence(work))
            page.check(text)
        finally:
            receivers.close()


wanted = sys.argv[3:]
for path in sorted(root.rglob("*.md")):
    name = str(path.relative_to(root))
    if re.match(r"build|export/|tests/|\.git/", name) or name in OTHERS or (wanted and name not in wanted):
        continue
    check_page(path)
for name, test in OTHERS.items():
    if name not in (root / test).read_text():
        problems.append(f"{test} does not run the blocks of {name}")
if not wanted:
    problems += [f"no page has the command {name}: remove it from STUBS" for name in STUBS if name not in used]
    problems += [f"{page} has no command {part!r}: remove it from FAILS" for page, part, *_ in FAILS
                 if (page, part) not in used and has_feature("kafka")]
    if counts["sh"] < 15 or counts["lua"] < 12 or counts["console"] < 3:
        problems.append(f"only these blocks are found: {counts}")
print("\n".join(problems) or "all commands of the pages work")
sys.exit(bool(problems))
