"""What a data stream of OpenSearch holds, compared with where it comes from. Prints each difference; status 1: there is one.

Usage: opensearch.py documents URL STREAM FILE     each record of the file that has a time is a document, exactly
       opensearch.py counts URL STREAM DATABASE    what a SOC counts is what SQL counts
"""
import json
import sqlite3
import sys
import urllib.request

what, url, stream, path = sys.argv[1:]
different = 0


def exact(text):
    """JSON with its keys in order, repeated ones as well, and numbers as written."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs), parse_float=str, parse_int=str)


def member(value, *names):
    for name in names:
        value = dict(value[1]).get(name, ("object", []))
    return value


def search(query, parse=json.loads):
    request = urllib.request.Request(f"{url}/{stream}/_search", json.dumps(query).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return parse(answer.read().decode())


def compare(name, found, wanted):
    global different
    if found != wanted or wanted == []:
        different = 1
        print(f"{name}: {found!r:.500} in the stream, {wanted!r:.500} expected")


def documents():
    hits, page, after = [], True, {}
    while page:
        page = member(search({"size": 5000, "sort": [{"event.id": "asc"}], **after}, exact), "hits", "hits")
        after = {"search_after": member(page[-1], "sort")} if page else {}
        hits += page
    found = {member(hit, "_source", "event", "id"): member(hit, "_source") for hit in hits}
    compare("documents of the same event", len(hits) - len(found), 0)
    with open(path, encoding="utf-8") as file:
        wanted = {member(record, "event", "id"): record for record in map(exact, file) if member(record, "@timestamp")[1]}
    compare("events", sorted(found), sorted(wanted))
    for event in sorted(found.keys() & wanted.keys()):
        compare(f"event {event}", found[event], wanted[event])


def counts():
    database = sqlite3.connect(path)
    # A time that a record can have: the others are in the dead letter.
    usable = "typeof(timestamp) IN ('integer', 'real') AND timestamp BETWEEN -62135596800 AND 253402300799"

    def sql(text):
        return database.execute(text.format(usable=usable)).fetchall()

    def terms(field, size):
        return {"terms": {"field": field, "size": size, "order": [{"_count": "desc"}, {"_key": "asc"}]}}

    got = search({"size": 0, "track_total_hits": True, "aggs": {
        "kinds": terms("oversight.beacon_kind", 100),
        "tokens": terms("oversight.token_id", 10),
        "days": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day", "min_doc_count": 1,
                                    "format": "yyyy-MM-dd"}},
        "recipients": {"cardinality": {"field": "oversight.recipient_id", "precision_threshold": 40000}},
        "inside": {"filter": {"term": {"source.ip": "10.0.0.0/8"}}, "aggs": {"kinds": terms("oversight.beacon_kind", 100)}},
    }})
    aggregations = got["aggregations"]

    def buckets(of, key="key"):
        return [(bucket[key], bucket["doc_count"]) for bucket in of["buckets"]]

    events = "FROM events WHERE {usable} "
    by_kind = "SELECT kind, count(*) " + events + "%s GROUP BY kind ORDER BY count(*) DESC, kind"
    compare("events", [(got["hits"]["total"]["value"],)], sql("SELECT count(*) " + events))
    compare("by kind", buckets(aggregations["kinds"]), sql(by_kind % ""))
    compare("by kind, from 10.0.0.0/8", buckets(aggregations["inside"]["kinds"]),
            sql(by_kind % "AND source_ip LIKE '10.%' AND source_ip NOT LIKE '%,%'"))
    compare("top tokens", buckets(aggregations["tokens"]), sql(
        "SELECT token_id, count(*) " + events + "GROUP BY token_id ORDER BY count(*) DESC, token_id LIMIT 10"))
    compare("by day", buckets(aggregations["days"], "key_as_string"), sql(
        "SELECT date(timestamp, 'unixepoch'), count(*) " + events + "GROUP BY 1 ORDER BY 1"))
    compare("recipients", [(aggregations["recipients"]["value"],)], sql("SELECT count(DISTINCT recipient_id) " + events))


{"documents": documents, "counts": counts}[what]()
sys.exit(different)
