#!/usr/bin/env python3
"""Computes what registries, one broker of Kafka and a group of exporters carry, from costs that were measured: what each
stage is used, how far the group is behind after a burst or an outage of its target, when it has caught up, and how many
consumers and partitions that takes.

Usage: tests/bench/fleet.py [OPTION...]      (--help lists them; --json: for programs)

The costs are those of costs.json beside this file, which tests/bench/kafka.sh and tests/bench/consume.sh measured, or of
--costs FILE; README.md there says what of the result is measured and what is computed.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import random
import sys

STEP = 1.0  # seconds of the simulation
LONGEST = 7 * 24 * 3600  # seconds; a lag that lasts longer is one that does not end
HEADROOM = 0.7  # of a stage: above, a burst waits noticeably
RUNS = 100  # placements of registries at random
MOST_PLACED = 5000  # of more registries, so many are placed: they are spread more evenly than that


@dataclasses.dataclass
class Costs:
    """What was measured, of one machine."""

    producer: float  # events/s that one registry's exporter sends
    consumer: float  # events/s that one consumer takes
    write: float  # seconds of the broker's processors for an event that comes in
    read: float  # and for one that goes out
    latency: float  # seconds from a commit of the registry until a consumer that waits has written the record


@dataclasses.dataclass
class Fleet:
    registries: int
    rate: float  # events/s of each registry, on the average
    partitions: int
    consumers: int
    cores: float  # of the broker

    def arrivals(self):
        return self.registries * self.rate


@dataclasses.dataclass
class Disturbance:
    """So many times the usual rate, or a target that takes nothing, for some seconds."""

    factor: float = 1.0
    seconds: float = 0.0
    outage: bool = False


# ---- where registries are ----


def place(registries, partitions, seed):
    """How many registries each partition has: the hash of an id is as good as a random number."""
    counts, placed = [0] * partitions, min(registries, MOST_PLACED)
    for at in random.Random(seed).choices(range(partitions), k=placed):
        counts[at] += registries / placed
    return counts


def share_out(partitions, consumers):
    """The partitions of each consumer, as a group assigns them: numbers of them that differ by one at most."""
    return [list(range(first, partitions, consumers)) for first in range(min(consumers, partitions))]


def hottest_share(fleet, placed):
    """The largest part of all events that one consumer gets."""
    return max(sum(placed[at] for at in own) for own in share_out(fleet.partitions, fleet.consumers)) / fleet.registries


def likely_share(fleet):
    """What the hottest consumer gets at most in 95 of 100 placements."""
    shares = sorted(hottest_share(fleet, place(fleet.registries, fleet.partitions, seed)) for seed in range(RUNS))
    return shares[math.ceil(0.95 * RUNS) - 1]


# ---- what is used, and what is carried ----


def limits(fleet, costs, share):
    """Events/s of all registries at which each stage is full."""
    return {
        "registries": fleet.registries * costs.producer,
        "broker": fleet.cores / (costs.write + costs.read),
        "consumers": costs.consumer / share,
    }


def use(fleet, costs, share):
    return {stage: fleet.arrivals() / limit for stage, limit in limits(fleet, costs, share).items()}


def carried(fleet, costs, share, headroom=HEADROOM):
    """The events/s that all stages carry with headroom, and the stage that is full first."""
    stage, limit = min(limits(fleet, costs, share).items(), key=lambda item: item[1])
    return headroom * limit, stage


# ---- what a disturbance does, second by second ----


def share_of_consumer(waiting, capacity):
    """What a consumer takes of its partitions: all, or as much of each as its part of what waits."""
    total = sum(waiting)
    return waiting if total <= capacity else [part * capacity / total for part in waiting]


@dataclasses.dataclass
class Backlog:
    """Events that wait, by partition: in registries, and in the topic."""

    unsent: list
    unread: list

    def events(self):
        return sum(self.unsent) + sum(self.unread)

    def work(self, groups):
        """The most that waits for one consumer."""
        return max(sum(self.unread[at] + self.unsent[at] for at in own) for own in groups)

    def advance(self, fleet, costs, groups, arrived, most_sent, capacity):
        """One step. The broker shares its processors among what comes in and what goes out, as both ask for it."""
        wanted = [min(waiting + new, most) for waiting, new, most in zip(self.unsent, arrived, most_sent)]
        taken = [0.0] * len(wanted)
        for own in groups:
            for at, part in zip(own, share_of_consumer([self.unread[at] + wanted[at] for at in own], capacity)):
                taken[at] = part
        asked = sum(wanted) * costs.write + sum(taken) * costs.read
        granted = min(1.0, fleet.cores * STEP / asked) if asked > 0 else 1.0
        for at, want in enumerate(wanted):
            self.unsent[at] += arrived[at] - want * granted
            self.unread[at] = max(self.unread[at] + (want - taken[at]) * granted, 0.0)


def simulate(fleet, costs, placed, disturbance):
    """The largest lag in events and in seconds, and the seconds from the end of the disturbance until there is none.

    What the broker cannot take waits in the registries, and is not lost. Amounts are fluid: events have no size.
    """
    groups = share_out(fleet.partitions, fleet.consumers)
    backlog = Backlog([0.0] * fleet.partitions, [0.0] * fleet.partitions)
    most, most_seconds, now, before = 0.0, 0.0, 0.0, 0.0
    while now < LONGEST:
        disturbed = now < disturbance.seconds
        arrived = [count * fleet.rate * (disturbance.factor if disturbed else 1.0) * STEP for count in placed]
        capacity = 0.0 if disturbed and disturbance.outage else costs.consumer * STEP
        backlog.advance(fleet, costs, groups, arrived, [count * costs.producer * STEP for count in placed], capacity)
        now += STEP
        lag = backlog.events()
        most, most_seconds = max(most, lag), max(most_seconds, backlog.work(groups) / costs.consumer)
        if not disturbed and lag < 0.5:
            return most, most_seconds, max(now - disturbance.seconds - STEP, 0.0)
        if now > disturbance.seconds + STEP and lag >= before:
            break
        before = lag
    return most, most_seconds, math.inf


# ---- what it takes ----


def needed(fleet, costs, outage, catch_up, headroom=HEADROOM):
    """The fewest consumers, and partitions for them, that have headroom and catch up in time after an outage; None when
    some registries are too many for one consumer, however they are placed."""
    capacity = max(fleet.arrivals() / headroom, fleet.arrivals() * (1 + outage / catch_up) if catch_up > 0 else 0)
    least = max(math.ceil(capacity / costs.consumer), 1)
    for consumers in range(least, 2 * least + 4):
        for spread in (1, 2, 4, 8):
            wanted = dataclasses.replace(fleet, consumers=consumers, partitions=consumers * spread)
            if capacity * likely_share(wanted) <= costs.consumer:
                return consumers, wanted.partitions
    return None


# ---- the report ----


def describe(fleet, costs, burst, outage, catch_up):
    share = likely_share(fleet)
    placed = next(counts for counts in (place(fleet.registries, fleet.partitions, seed) for seed in range(RUNS))
                  if hottest_share(fleet, counts) >= share)
    limit, stage = carried(fleet, costs, share)
    result = {
        "arrivals": fleet.arrivals(), "use": use(fleet, costs, share), "carries": limit, "limited_by": stage,
        "hottest_consumer": share, "latency": costs.latency, "needed": needed(fleet, costs, outage.seconds, catch_up),
    }
    for name, disturbance in ("burst", burst), ("outage", outage):
        result[name] = dict(zip(("events", "seconds", "caught_up"), simulate(fleet, costs, placed, disturbance)))
    return result


def duration(seconds):
    if seconds == math.inf:
        return "never"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min" if seconds < 36000 else f"{seconds / 3600:.1f} h"


def show(fleet, result, given):
    print(f"{fleet.registries:,} registries × {fleet.rate:g} events/s = {result['arrivals']:,.0f} events/s; "
          f"{fleet.partitions} partition(s), {fleet.consumers} consumer(s), a broker with {fleet.cores:g} core(s)")
    for stage, part in result["use"].items():
        print(f"  {stage:<12} {100 * part:6.1f} % used{'  more than it carries' if part > 1 else ''}")
    print(f"  carries {result['carries']:,.0f} events/s with {100 * (1 - HEADROOM):.0f} % headroom, limited by: "
          f"{result['limited_by']}; the busiest consumer gets {100 * result['hottest_consumer']:.0f} % of all")
    print(f"  from commit to record, without a backlog: {1000 * result['latency']:.0f} ms")
    for name, what in (("burst", f"{given.burst:g} × the rate for {given.burst_seconds:g} s"),
                       ("outage", f"a target that is away for {given.outage:g} s")):
        found = result[name]
        print(f"  after {what}: {found['events']:,.0f} event(s) behind, up to {duration(found['seconds'])} of work; "
              f"caught up after {duration(found['caught_up'])}")
    if result["needed"] is None:
        print("  one partition has more than a consumer takes: more consumers do not help")
    else:
        consumers, partitions = result["needed"]
        print(f"  to catch up within {duration(given.catch_up)}: {consumers} consumer(s), {partitions} partition(s)")


def show_table(fleet, costs):
    """What a group carries, by its size."""
    print(f"\n{'consumers':>9} {'partitions':>10} {'events/s':>10}   registries at 1/s, 10/s, 100/s   limited by")
    for consumers in (1, 2, 4, 8, 16):
        group = dataclasses.replace(fleet, consumers=consumers, partitions=4 * consumers)
        limit, stage = carried(group, costs, likely_share(group))
        numbers = ", ".join(f"{limit / rate:,.0f}" for rate in (1, 10, 100))
        print(f"{consumers:>9} {group.partitions:>10} {limit:>10,.0f}   {numbers:<30}   {stage}")


def read_costs(path, sink):
    measured = json.loads(pathlib.Path(path).read_text())
    return Costs(measured["producer"], measured["consumers"][sink], measured["broker"]["write_us"] / 1e6,
                 measured["broker"]["read_us"] / 1e6, measured["latency_ms"] / 1e3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--costs", default=pathlib.Path(__file__).with_name("costs.json"), help="what was measured")
    parser.add_argument("--sink", default="file", help="where consumers deliver to: a name in the costs (file)")
    parser.add_argument("--registries", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10, help="events/s of each (10)")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--consumers", type=int, default=3)
    parser.add_argument("--cores", type=float, default=2, help="of the broker (2)")
    parser.add_argument("--burst", type=float, default=10, help="times the rate (10)")
    parser.add_argument("--burst-seconds", type=float, default=60)
    parser.add_argument("--outage", type=float, default=3600, help="seconds that the target is away (3600)")
    parser.add_argument("--catch-up", type=float, default=1800, help="seconds in which that is to be made good (1800)")
    for name, what in (("producer", "events/s of one registry's exporter"), ("consumer", "events/s of one consumer"),
                       ("write", "broker: seconds of a core an event"), ("read", "the same, for each that is read"),
                       ("latency", "seconds from commit to record")):
        parser.add_argument(f"--cost-{name}", type=float, help=f"in place of what was measured: {what}")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if min(given.registries, given.partitions, given.consumers) < 1 or min(given.rate, given.cores) <= 0:
        parser.error("registries, partitions, consumers, rate and cores are more than 0")
    costs = read_costs(given.costs, given.sink)
    for field in dataclasses.fields(Costs):
        value = getattr(given, f"cost_{field.name}")
        if value is not None:
            setattr(costs, field.name, value)
    fleet = Fleet(given.registries, given.rate, given.partitions, given.consumers, given.cores)
    result = describe(fleet, costs, Disturbance(given.burst, given.burst_seconds),
                      Disturbance(1.0, given.outage, outage=True), given.catch_up)
    if given.json:
        json.dump(result, sys.stdout, indent=2)
        return
    show(fleet, result, given)
    show_table(fleet, costs)


if __name__ == "__main__":
    main()
