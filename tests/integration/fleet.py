#!/usr/bin/env python3
"""The simulation of a fleet (tests/bench/fleet.py), against cases that are computed by hand.

Usage: fleet.py
"""
import json
import math
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))
import fleet as simulation
from fleet import Costs, Disturbance, Fleet

failures = []
# A consumer takes 100 events/s, and a core of the broker 1,000: 0.5 ms to write an event and as much to read it.
COSTS = Costs(producer=1000.0, consumer=100.0, write=0.0005, read=0.0005, latency=0.01)


def require(case, found, wanted):
    if not (found == wanted or isinstance(wanted, float) and math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-6)):
        failures.append(f"{case}: {found} instead of {wanted}")


def one(rate, partitions=1, consumers=1, cores=1.0):
    return Fleet(registries=partitions, rate=rate, partitions=partitions, consumers=consumers, cores=cores)


# ---- what is used, and carried ----
require("use", simulation.use(one(50), COSTS, 1.0), {"registries": 0.05, "broker": 0.05, "consumers": 0.5})
require("carried, by the consumer", simulation.carried(one(50), COSTS, 1.0), (70.0, "consumers"))
require("carried, by the broker", simulation.carried(one(50, 4, 4, cores=0.1), COSTS, 0.25, headroom=1.0), (100.0, "broker"))
# Two consumers, one of which gets three of four events: 100 / 0.75.
require("carried, uneven", simulation.carried(one(50, 4, 2), COSTS, 0.75, headroom=0.75), (100.0, "consumers"))

# ---- where registries are ----
require("placed", sum(simulation.place(1000, 12, 1)), 1000.0)
require("a consumer of all", simulation.likely_share(one(1, 8, 1)), 1.0)
require("partitions of two consumers", simulation.share_out(5, 2), [[0, 2, 4], [1, 3]])
require("more consumers than partitions", simulation.share_out(2, 3), [[0], [1]])
require("the hottest", simulation.hottest_share(Fleet(10, 1, 4, 2, 1), [1, 2, 3, 4]), 0.6)

# ---- a burst: 200/s for 10 s, of which 100/s are taken; then 50/s of the capacity are left for 1,000 events ----
found = simulation.simulate(one(50), COSTS, [1], Disturbance(4.0, 10))
require("burst", found, (1000.0, 10.0, 19.0))
# 100/s for 10 s are what it takes: nothing waits.
require("burst that fits", simulation.simulate(one(50), COSTS, [1], Disturbance(2.0, 10)), (0.0, 0.0, 0.0))
# Two partitions with a consumer each: twice the events, and the same time.
require("two consumers", simulation.simulate(one(50, 2, 2), COSTS, [1, 1], Disturbance(4.0, 10)), (2000.0, 10.0, 19.0))
# All in one of two partitions: the other consumer has nothing to do.
require("one hot partition", simulation.simulate(Fleet(2, 25, 2, 2, 1), COSTS, [2, 0], Disturbance(4.0, 10)), (1000.0, 10.0, 19.0))
# ---- an outage: 60 s of 50/s wait, and 50/s are left to catch up ----
require("outage", simulation.simulate(one(50), COSTS, [1], Disturbance(1.0, 60, outage=True)), (3000.0, 30.0, 59.0))
# ---- a broker that takes 50 in and 50 out: 200/s for 10 s wait in the registries, and then never less ----
found = simulation.simulate(one(50, cores=0.05), COSTS, [1], Disturbance(4.0, 10))
require("a broker without reserve", (found[0] >= 1500.0, found[2]), (True, math.inf))
# A rate that the consumer does not take.
require("too much", simulation.simulate(one(150), COSTS, [1], Disturbance(1.0, 10))[2], math.inf)

# ---- what it takes: 200/s, with 70 % used at most: 286/s; an hour's outage within an hour: 400/s ----
many = Fleet(registries=5000, rate=0.04, partitions=1, consumers=1, cores=1)
require("needed", simulation.needed(many, COSTS, 0, 1)[0], 3)
require("needed after an outage", simulation.needed(many, COSTS, 3600, 3600)[0] in (4, 5), True)

# ---- the command ----
done = subprocess.run([sys.executable, BENCH / "fleet.py", "--registries", "1", "--rate", "50", "--partitions", "1", "--consumers", "1",
                       "--cores", "1", "--burst", "4", "--burst-seconds", "10", "--cost-producer", "1000", "--cost-consumer", "100",
                       "--cost-write", "0.0005", "--cost-read", "0.0005", "--json"], capture_output=True, text=True, check=True)
result = json.loads(done.stdout)
require("command", (result["burst"]["events"], result["carries"], result["limited_by"]), (1000.0, 70.0, "consumers"))
shown = subprocess.run([sys.executable, BENCH / "fleet.py"], capture_output=True, text=True, check=True).stdout
require("report", all(word in shown for word in ("registries ×", "caught up after", "limited by")), True)
wrong = subprocess.run([sys.executable, BENCH / "fleet.py", "--consumers", "0"], capture_output=True, text=True, check=False)
require("no consumers", wrong.returncode, 2)

print("\n".join(failures) or "the simulation gives what is computed by hand")
sys.exit(bool(failures))
