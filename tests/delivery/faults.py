"""Which fault befalls which request: a plan first, then chance.

An element of a plan is null, the name of a fault below, or an object of these members:
  play: NAME, seconds: S        a fault by name; seconds between the bytes of a drip
  status, body, headers         a fixed answer, whose body may repeat the request (receiver.py); also retry_after or retry_after_date: S (429), redirect: URL (307)
  code: C, number: N            hec: this code; with a number, the events before it are stored
  ack: "lost" | "never"         hec: promised and lost, or stored and never acknowledged
  items: {INDEX: STATUS}        bulk: these items get the status and are not stored; INDEX "all" is all of them,
                                and an object in the place of STATUS is the item as it is answered
  encode: HOW                   the body as it is, or a fixed one, under a Content-Encoding (wire.py)
  store: true | false           whether the records are stored, where that is not to be as usual
"""
import dataclasses
import json
import random
import threading

# How the answer travels, by the name of the fault, and whether the records are stored first.
NAMES = {
    "ok":             ("whole", True),
    "reset":          ("reset", False),
    "reset-early":    ("reset-early", False),
    "reset-answer":   ("half", True),
    "drip":           ("drip", True),
    "hang":           ("hang", False),
    "garbage":        ("garbage", False),
    "html":           ("html", False),
    "truncated-json": ("cut", False),
    "http10":         ("http10", True),
    "close":          ("close", True),
    "close-late":     ("close-late", True),
}
CHANCE = ["503", "500", "429", "reset", "reset-early", "reset-answer", "garbage", "close"]
SPECIAL = ("status", "retry_after", "retry_after_date", "redirect", "code", "items", "share", "ack", "encode")


@dataclasses.dataclass
class Fault:
    spec: object        # as the plan has it, for requests.jsonl
    manner: str         # how the answer travels
    stores: bool
    options: dict

    @property
    def fixed(self):
        """True when the answer is in the plan, whatever the protocol would say."""
        return any(name in self.options for name in ("status", "retry_after", "retry_after_date", "redirect"))


def parse(spec):
    """None for a request that is to be served as ever; ValueError for a plan that means nothing."""
    if spec is None or spec == "ok":
        return None
    options = {"play": spec} if isinstance(spec, str) else dict(spec)
    name = options.get("play", "ok")
    if name not in NAMES:
        raise ValueError(f"unknown fault {spec!r}")
    if name == "ok" and not any(key in options for key in SPECIAL):
        raise ValueError(f"no fault in {spec!r}")
    manner, stores = NAMES[name]
    fault = Fault(spec, manner, stores, options)
    if fault.fixed:
        fault.stores = False
    if "code" in options:
        fault.stores = options["code"] in (0, 17, 24, 25) or "number" in options
    if options.get("ack") == "lost":
        fault.stores = False
    fault.stores = options.get("store", fault.stores)
    return fault


class Faults:
    def __init__(self, plan=None, rate=0.0, seed=0, for_bulk=False):
        self.plan = [parse(spec) for spec in (json.load(open(plan)) if plan else [])]
        self.rate = rate
        self.random = random.Random(seed)
        self.choices = CHANCE + (["items"] if for_bulk else [])
        self.lock = threading.Lock()
        self.played = 0

    def next(self):
        """(index of the data request, its fault or None)."""
        with self.lock:
            index = self.played
            self.played += 1
            if index < len(self.plan):
                return index, self.plan[index]
            return index, parse(self.by_chance())

    def by_chance(self):
        # Always drawn, so that the plan's length does not shift what the seed gives later on.
        failing = self.random.random() < self.rate
        choice, seed = self.random.choice(self.choices), self.random.getrandbits(32)
        if not failing:
            return None
        if choice == "items":
            return {"share": 0.2, "seed": seed}
        return {"status": int(choice)} if choice.isdigit() else choice


def items_of(fault, count):
    """{index: status} of the bulk items that fail."""
    if fault is None:
        return {}
    if "all" in fault.options.get("items", {}):
        return {index: fault.options["items"]["all"] for index in range(count)}
    if "items" in fault.options:
        return {int(index): status for index, status in fault.options["items"].items()}
    if "share" not in fault.options or count == 0:
        return {}
    chance = random.Random(fault.options["seed"])
    share = fault.options["share"]
    failing = {i: chance.choice((429, 503)) for i in range(count) if chance.random() < share}
    return failing or {chance.randrange(count): 429}
