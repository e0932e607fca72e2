"""What a store of logs holds of events that were sent to it by HEC, compared with the records that were sent. Prints
each difference; status 1: there is one.

Usage: hec.py STORED SENT     (both JSON lines)

The store flattens objects ("event.kind"), keeps every value as text and lists as JSON, and drops what is empty. A name
of more than 128 bytes stays in the JSON of its object. Times before 1970 or after 2255 it cannot hold.
"""
import datetime
import json
import sys

STORES_OWN = {"_msg", "_stream", "_stream_id", "_time", "time"}
LATEST = 9_000_000_000  # seconds


def parse(text):
    """JSON whose numbers are as they are written, and differ from texts."""
    return json.loads(text, parse_int=lambda digits: ("number", digits), parse_float=lambda digits: ("number", digits),
                      parse_constant=str)


def values_of(record, path=""):
    """The flat names of a record, each with what it holds. JSON in a text counts as what it says."""
    for name, value in record.items():
        place = f"{path}.{name}" if path else name
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                value = parse(value)
            except ValueError:
                pass
        if isinstance(value, dict):
            yield from values_of(value, place)
        elif isinstance(value, tuple):
            yield place, value[1]
        elif isinstance(value, bool):
            yield place, str(value).lower()
        elif value not in (None, ""):
            yield place, value


def time_of(record):
    """Milliseconds since 1970."""
    if "_time" in record:
        return round(datetime.datetime.fromisoformat(record["_time"]).timestamp() * 1000)
    return round(float(record["time"][1]) * 1000)


def read(path):
    events = {}
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        for record in map(parse, file):
            flat = {name: value for name, value in values_of(record) if name not in STORES_OWN}
            flat["the time"] = time_of(record)
            if flat.get("event.event_id") in events:
                sys.exit(f"event {flat['event.event_id']} is there twice")
            events[flat.get("event.event_id")] = flat
    return events


stored, sent = read(sys.argv[1]), read(sys.argv[2])
different = 0
for event in sorted(stored.keys() | sent.keys(), key=str):
    found, wanted = stored.get(event, {}), sent.get(event, {})
    if not 0 < wanted.get("the time", 0) < LATEST * 1000:
        found["the time"] = wanted["the time"]
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            different += 1
            print(f"event {event}, {name:.60}: {found.get(name)!r:.200} is stored, {wanted.get(name)!r:.200} was sent")
print(f"{len(stored)} events, {different} differences")
sys.exit(different > 0 or not stored)
