#!/usr/bin/env python3
"""The page and the JSON of inspect: against SQL, with hostile values; or, with --browser, in Chromium.

Usage: inspect_page.py PROGRAM [--browser]
With --browser, the exit status is 77 (skipped) where there is no Chromium.
"""
import base64
import collections
import hashlib
import html.parser
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
HOSTILE = ["<script>alert(1)</script>", "</style><b onload=x>", "x\" onload=\"y", "it's & more", "]]><!--", "%1 %2 %%", "日本語",
           "n" * 300, "&lt;b&gt;", "\\", "${x}"]
problems = []


def expect(what, found, wanted):
    if found != wanted:
        problems.append(f"{what}: {str(found)[:400]} instead of {str(wanted)[:400]}")


def make(name, count=1500, days=40):
    """A registry with values that nobody should choose."""
    random.seed(7)
    db = sqlite3.connect(name)
    db.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, "
               "recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, "
               "timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)")
    db.execute("CREATE TABLE beacons (token_id TEXT)")
    kinds = ["dns"] * 4 + ["ocsp", "http_img"] + HOSTILE[:6]
    addresses = ["192.0.2.7", "192.0.2.9", "198.51.100.1", "2001:db8:0:1::5", "2001:DB8::7", "::ffff:203.0.113.9", "fe80::1%eth0",
                 "<b>no address</b>", None]
    for i in range(count):
        db.execute("INSERT INTO events (token_id, file_id, recipient_id, kind, source_ip, timestamp) VALUES (?, ?, ?, ?, ?, ?)",
                   (random.choice(HOSTILE + ["known"] * 5), random.choice(HOSTILE + [f"doc{i % 17}.pdf", None]),
                    random.choice(HOSTILE[:3] + [f"p{i % 30}@example.com"] * 9), random.choice(kinds), random.choice(addresses),
                    1767225600 + 86400 * (i * days // count // 3 * 3) + i % 86000))
    db.execute("UPDATE events SET timestamp = 0 WHERE id = 9")
    db.execute("UPDATE events SET timestamp = 'soon' WHERE id = 10")
    db.execute("INSERT INTO beacons VALUES ('known'), (NULL)")
    db.commit()
    return db


def run(*arguments, status=0):
    done = subprocess.run([PROGRAM, "inspect", *arguments], capture_output=True, text=True, timeout=120, check=False)
    expect(f"status of {arguments}", done.returncode, status)
    if done.returncode != status:
        problems.append(done.stderr)
    return done.stdout


# ---- what SQL says ----

TIMED = "typeof(timestamp) IN ('integer', 'real') AND timestamp <> 0"


def ranking(db, column, where="1"):
    rows = db.execute(f"SELECT {column}, count(*) FROM events WHERE {column} IS NOT NULL AND {where} GROUP BY 1 "
                      "ORDER BY 2 DESC, 1").fetchall()
    return {"distinct": len(rows), "most": [{"value": value, "events": count} for value, count in rows[:10]]}


def network(address):
    address = address.split("%")[0]
    v4 = re.fullmatch(r"(?:::ffff:)?(\d+\.\d+\.\d+)\.\d+", address)
    if v4:
        return v4[1] + ".0/24"
    return {"2001:db8:0:1::5": "2001:db8:0::/48", "2001:DB8::7": "2001:db8:0::/48", "fe80::1": "fe80:0:0::/48"}.get(address, address)


def networks(db):
    counts = collections.Counter()
    for address, count in db.execute("SELECT source_ip, count(*) FROM events WHERE source_ip IS NOT NULL GROUP BY 1"):
        counts[network(address)] += count
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return {"distinct": len(most), "most": [{"value": value, "events": count} for value, count in most[:10]]}


def days(db):
    out = collections.OrderedDict()
    for day, kind, count in db.execute(f"SELECT date(timestamp, 'unixepoch'), kind, count(*) FROM events WHERE {TIMED} "
                                       "GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"):
        out.setdefault(day, []).append({"kind": kind, "events": count})
    return [{"day": day, "events": sum(one["events"] for one in kinds), "kinds": kinds} for day, kinds in out.items()]


# ---- what the page says ----

class Page(html.parser.HTMLParser):
    """Sections with rows of label and count, the table of days, and all that should not be there."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.days, self.facts, self.stack, self.section, self.meta = {}, [], {}, [], None, []
        self.style, self.text, self.tags = "", "", collections.Counter()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        given = dict(attributes)
        for name, value in attributes:
            if name.startswith("on") or name in ("style", "href", "src", "srcset", "action", "xlink:href"):
                problems.append(f"an attribute {name}={value}")
            if "://" in (value or ""):
                problems.append(f"a part from elsewhere: {value}")
        if tag == "section":
            self.section = self.sections.setdefault(given["id"], [])
        if tag == "meta":
            self.meta.append(given)
        if tag == "tr":
            self.days.append([])
        self.stack.append((tag, given.get("class")))
        if tag in ("meta", "rect", "path"):
            self.stack.pop()
        self.text = ""

    def handle_endtag(self, tag):
        if tag in ("rect", "path"):
            return
        opened, kind = self.stack.pop()
        expect("an element is closed", tag, opened)
        if kind == "label":
            self.section.append([self.text])
        elif kind == "count":
            self.section[-1].append(int(self.text.replace(",", "")))
        elif tag in ("th", "td"):
            self.days[-1].append(self.text)
        elif tag == "style":
            self.style = self.text
        elif tag == "dt":
            self.fact = self.text
        elif tag == "dd":
            self.facts[self.fact] = self.text

    def handle_data(self, data):
        self.text += data


def check_structure(page, text):
    for tag in ("script", "img", "link", "iframe", "object", "form", "a", "b", "base"):
        expect(f"elements {tag}", page.tags[tag], 0)
    policy = next(one["content"] for one in page.meta if one.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    expect("the policy", policy, f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
    expect("the first element with text", text.index("Content-Security-Policy") < text.index("<style>"), True)
    expect("a viewport", any(one.get("name") == "viewport" for one in page.meta), True)
    expect("addresses in the style", "url(" in page.style or "@import" in page.style, False)


def check_numbers():
    db = make("r.db")
    printed = json.loads(run("--db", "r.db", "--html", "page.html", "--json"))
    text = pathlib.Path("page.html").read_text()
    page = Page(text)
    check_structure(page, text)
    expect("rights of the page", os.stat("page.html").st_mode & 0o777, 0o600)
    expect("events", printed["events"], 1500)
    expect("without time", (printed["timeless"], page.facts["Without time"]), (2, "2"))
    expect("events of the page", page.facts["Events"], "1,500")
    wanted = {"documents": ranking(db, "file_id"), "recipients": ranking(db, "recipient_id"), "networks": networks(db),
              "unknown_tokens": ranking(db, "token_id", "token_id <> 'known'")}
    for name, numbers in wanted.items():
        expect(name, printed[name], numbers)
        rows = [[one["value"], one["events"]] for one in numbers["most"]]
        expect(f"{name} of the page", page.sections[name.replace("unknown_", "")], rows)
    kinds = db.execute("SELECT kind, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    expect("kinds", printed["kinds"], [{"kind": kind, "events": count} for kind, count in kinds])
    expect("kinds of the page", page.sections["kinds"], [list(one) for one in kinds])
    expect("days", printed["days"], days(db))
    check_days(page, days(db))


def check_days(page, wanted):
    """Each day has its bar and its row, days between them without an event as well."""
    shown = {row[0]: row[1] for row in page.days[1:]}
    expect("days of the page", {day: count for day, count in shown.items() if count != "0"},
           {one["day"]: f"{one['events']:,}" for one in wanted})
    expect("days without an event", len(shown) > len(wanted) and "0" in shown.values(), True)
    expect("days in order", list(shown), sorted(shown))
    expect("groups of the picture", page.tags["g"], len(shown))


def check_others():
    # A selection holds for all numbers.
    db = sqlite3.connect("r.db")
    printed = json.loads(run("--db", "r.db", "--kind", "ocsp", "--json"))
    expect("a selection", printed["documents"], ranking(db, "file_id", "kind = 'ocsp'"))
    expect("tokens of a selection", printed["unknown_tokens"], ranking(db, "token_id", "kind = 'ocsp' AND token_id <> 'known'"))
    expect("days of a selection", sum(one["events"] for one in printed["days"]), sum(
        one["events"] for day in days(db) for one in day["kinds"] if one["kind"] == "ocsp"))
    # No event, no column, no table beacons; many days.
    sqlite3.connect("empty.db").executescript("CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, timestamp INTEGER)")
    printed = json.loads(run("--db", "empty.db", "--html", "empty.html", "--json"))
    expect("documents of none", printed["documents"], {"problem": "the registry has no column 'file_id'"})
    expect("tokens of none", printed["unknown_tokens"]["problem"], "the registry has no table 'beacons' to compare tokens with")
    page = Page(pathlib.Path("empty.html").read_text())
    check_structure(page, pathlib.Path("empty.html").read_text())
    expect("rows of none", page.days, [])
    make("long.db", 400, 3000)
    run("--db", "long.db", "--html", "long.html")
    page = Page(pathlib.Path("long.html").read_text())
    expect("months or years", {len(row[0]) for row in page.days[1:]} <= {4, 7}, True)
    expect("bars", len(page.days) - 1 <= 92, True)
    # The registry is not written over; what cannot be written is said.
    before = pathlib.Path("r.db").read_bytes()
    run("--db", "r.db", "--html", "r.db", status=1)
    expect("the registry", pathlib.Path("r.db").read_bytes(), before)
    run("--db", "r.db", "--html", "none/page.html", status=1)
    expect("text beside a page", run("--db", "r.db", "--html", "again.html"), "")


# ---- in a browser ----

MEASURE = """<!doctype html><meta charset="utf-8"><body><script>
const widths = [400, 1600], found = {};
let left = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width: ${width}px; height: 3000px; border: 0`;
  frame.onload = () => {
    const page = frame.contentDocument, root = page.documentElement;
    found[width] = {
      scroll: root.scrollWidth, fill: getComputedStyle(page.querySelector("rect.k1")).fill, scripts: page.scripts.length,
      columns: new Set([...page.querySelectorAll("section")].map(one => one.getBoundingClientRect().left)).size,
      outside: [...page.querySelectorAll("section *:not(table *)")].filter(one => one.getBoundingClientRect().right > width + 1).length,
      small: [...page.querySelectorAll(".label, .count, td")].filter(one => parseFloat(getComputedStyle(one).fontSize) < 12).length,
      height: page.querySelector("svg.days").getBoundingClientRect().height,
    };
    if (--left === 0) document.body.textContent = "FOUND" + JSON.stringify(found) + "END";
  };
  frame.src = "page.html";
  document.body.append(frame);
}
</script>"""


def check_in_browser(browser):
    make("r.db")
    run("--db", "r.db", "--html", "page.html")
    pathlib.Path("measure.html").write_text(MEASURE)
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--allow-file-access-from-files",
         f"--user-data-dir={os.getcwd()}/profile", "--virtual-time-budget=20000", "--dump-dom", pathlib.Path("measure.html").absolute().as_uri()],
        capture_output=True, text=True, timeout=240, check=False)
    match = re.search("FOUND(.*)END", done.stdout)
    if not match:
        problems.append(f"the browser says nothing: {done.stdout[-500:]} {done.stderr[-1500:]}")
        return
    found = json.loads(match[1])
    for width in (400, 1600):
        one = found[str(width)]
        expect(f"{width}: nothing is wider than the window", one["scroll"] <= width and one["outside"] == 0, True)
        expect(f"{width}: its style is allowed", one["fill"], "rgb(0, 114, 178)")
        expect(f"{width}: scripts", one["scripts"], 0)
        expect(f"{width}: text that is too small", one["small"], 0)
        expect(f"{width}: the picture is high enough", one["height"] > 150, True)
    expect("columns of a narrow and of a wide window", (found["400"]["columns"], found["1600"]["columns"]), (1, 3))


def main():
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    is_browser = "--browser" in sys.argv
    if is_browser and not browser:
        print("skipped: there is no Chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        if is_browser:
            check_in_browser(browser)
        else:
            check_numbers()
            check_others()
        os.chdir("/")
    print("\n".join(problems) or "all checks passed")
    sys.exit(1 if problems else 0)


main()
