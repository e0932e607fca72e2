#!/usr/bin/env python3
"""Measures many registries in one process: memory, descriptors, the processor's time while nothing happens, and how long
it takes from a commit until a collector on loopback has the record.

Usage: tests/bench/many.py PROGRAM [REGISTRIES [OPTION...]]      (default: 1000; options of export, as --jobs 4)

`--pipelines N` measures N pipelines of a script beside it, each with a thread, a Lua state and a connection of its own.
"""
import os
import pathlib
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "follow"))
from follower import Follower, add_events, make_registry, no_proxy, receiver, wait_until

SAMPLES, IDLE_SECONDS = 300, 20
STORED = pathlib.Path("received/stored.jsonl")
PIPELINES = """local siem = require "oversight.siem"
local pipelines = {}
for i = 0, %d do
  local path = ("r%%d/registry.sqlite"):format(i)
  pipelines[#pipelines + 1] = siem.pipeline { name = path, format = "ecs", follow = true, checkpoint = path .. ".own",
    sink = function() return siem.sink.open("http", { url = "%s" }) end, source = { path = path, registry_id = path } }
end
return pipelines
"""


def make_registries(count):
    make_registry("first.sqlite")
    add_events("first.sqlite", 1)
    with sqlite3.connect("first.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for i in range(count):
        os.mkdir(f"r{i}")
        shutil.copy("first.sqlite", f"r{i}/registry.sqlite")
        pathlib.Path(f"r{i}/identity.json").write_text(f'{{"ed25519_pub": "registry-{i}"}}')


def size_of_stored():
    return STORED.stat().st_size if STORED.exists() else 0


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Mebibytes that are the process's own."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) / 1024


def measure_latency(count):
    """Milliseconds from a commit until it is stored, of registries at random, as each program opens its own."""
    chance, latencies = random.Random(1), []
    for _ in range(SAMPLES):
        connection = sqlite3.connect(f"r{chance.randrange(count)}/registry.sqlite", timeout=30)
        before = size_of_stored()
        add_events(connection, 1)
        connection.commit()
        begin = time.perf_counter()
        while size_of_stored() == before:
            time.sleep(0.0002)
        latencies.append((time.perf_counter() - begin) * 1e3)
        connection.close()
        time.sleep(chance.uniform(0.01, 0.05))
    latencies.sort()
    return statistics.median(latencies), latencies[int(0.95 * SAMPLES)], latencies[-1]


def measure_burst(count):
    """Seconds until one event of each, committed one after the other, is stored; and of these, to commit them."""
    before = STORED.read_bytes().count(b"\n")
    begin = time.perf_counter()
    for i in range(count):
        add_events(f"r{i}/registry.sqlite", 1)
    committed = time.perf_counter() - begin
    wait_until(lambda: STORED.read_bytes().count(b"\n") >= before + count, "all are stored", 600, 0.01)
    return time.perf_counter() - begin, committed


def measure(title, program, count, command):
    target, url = receiver("plain")
    follower = Follower(program, "", [], environment=no_proxy())
    follower.command = command(url)
    begin = time.perf_counter()
    follower.start()
    wait_until(lambda: STORED.exists() and STORED.read_bytes().count(b"\n") >= count, "all are at work", 600, 0.01)
    started, pid = time.perf_counter() - begin, follower.process.pid
    time.sleep(3)  # what starting leaves to do, as first checkpoints, is not idle time
    spent, begin = processor_seconds(pid), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    idle = (processor_seconds(pid) - spent) / (time.perf_counter() - begin)
    latency = measure_latency(count)
    burst, committed = measure_burst(count)
    print(f"{title}: {count} registries")
    print(f"  start until each has exported its first event   {started:8.2f} s")
    print(f"  memory of its own                               {memory(pid):8.1f} MiB")
    print(f"  descriptors                                     {len(os.listdir(f'/proc/{pid}/fd')):8d}")
    print(f"  threads                                         {len(os.listdir(f'/proc/{pid}/task')):8d}")
    print(f"  idle                                            {100 * idle:8.2f} % of a core")
    print("  from commit to collector, one at a time          median %.1f ms, 95 %% %.1f ms, largest %.1f ms" % latency)
    print(f"  an event in each, one after the other           {burst:8.2f} s, of which {committed:.2f} s to commit them", flush=True)
    begin = time.perf_counter()
    follower.stop()
    print(f"  until it has ended                              {time.perf_counter() - begin:8.2f} s", flush=True)
    target.terminate()
    target.wait()
    shutil.rmtree("received")


def main():
    words = sys.argv[1:]
    pipelines = int(words.pop(words.index("--pipelines") + 1)) if "--pipelines" in words else 0
    words = [word for word in words if word != "--pipelines"]
    program, count, more = os.path.abspath(words[0]), int(words[1]) if len(words) > 1 else 1000, words[2:]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_registries(max(count, pipelines))
        measure("in turn", program, count, lambda url: [
            program, "export", "--db", "r*/registry.sqlite", "--follow", "--format", "ecs", "--output", url, *more])
        if pipelines:
            def script(url):
                pathlib.Path("many.lua").write_text(PIPELINES % (pipelines - 1, url))
                return [program, "run", "many.lua"]
            measure("a thread each", program, pipelines, script)
        os.chdir("/")


main()
