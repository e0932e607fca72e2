#!/usr/bin/env bash
# Registries that are none, locked, or without the right to read their log; a writer at work.
. "$(dirname "$0")/check.sh"
export=(export --registry-id reg --format sentinel)

echo "no database, but a file of more than a hundred bytes, so that SQLite reads its header and says what it thinks of it" >text.db
run 1 "${export[@]}" --db text.db
has err "'text.db' is not a SQLite database"
run 1 "${export[@]}" --db .
has err "is a folder"
sqlite3 other.db 'CREATE TABLE other (x)'
run 1 "${export[@]}" --db other.db
has err "no table 'events'"
sqlite3 noid.db 'CREATE TABLE events (id TEXT, timestamp)'
run 1 "${export[@]}" --db noid.db
has err "column 'id' of 'events' in 'noid.db' must be INTEGER PRIMARY KEY"

sqlite3 desc.db 'CREATE TABLE events (id INTEGER PRIMARY KEY DESC, timestamp)'
run 1 "${export[@]}" --db desc.db
has err "must be INTEGER PRIMARY KEY"
mkfifo fifo.db
run 1 "${export[@]}" --db fifo.db
has err "not a regular file"

# Whatever is written, a database is no place for it, also when it is another one than the export reads.
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null
cp sample.db kept.db
ln -s sample.db link.db
for arguments in "export --db sample.db --registry-id r --format ecs --output kept.db" \
    "export --db sample.db --registry-id r --format ecs --output out.jsonl --dead-letter kept.db" \
    "export --db sample.db --registry-id r --format ecs --output out.jsonl --checkpoint kept.db" "checkpoint reset link.db" \
    "checkpoint set sample.db --last-id 5"; do
    # shellcheck disable=SC2086
    run 1 $arguments
    has err "database of SQLite: give another file"
done
cmp sample.db kept.db || fail "a database was written to"

# Names that SQLite would read in its own way are plain paths.
make_registry "./file:r.db?mode=memory" "$(many 3)"
run 0 "${export[@]}" --db "file:r.db?mode=memory"
lines out 3
make_registry ./-r.db "$(many 2)"
run 0 "${export[@]}" --db -r.db
lines out 2

# Nothing is changed: not the file, not its time.
make_registry r.db "$(many 100)"
sqlite3 r.db 'PRAGMA journal_mode = DELETE' >/dev/null
chmod 400 r.db
before=$(stat -c '%Y %s' r.db; md5sum r.db)
run 0 "${export[@]}" --db r.db
[ "$before" = "$(stat -c '%Y %s' r.db; md5sum r.db)" ] || fail "the registry was changed"

# An idle registry whose log this user may not make: the remedy is told. (root may write everywhere, so be someone
# else. More in follow/users.)
make_registry wal.db "$(many 3)"
mkdir locked
cp wal.db locked/wal.db
chmod 755 "$work"
chmod 555 locked
chmod 444 locked/wal.db
as_nobody=()
[ "$(id -u)" -ne 0 ] || as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
status=0
"${as_nobody[@]}" "$program" "${export[@]}" --db locked/wal.db >out 2>err || status=$?
[ "$status" -eq 4 ] || fail "an idle registry ends with $status"
has err "the registry 'locked/wal.db' is idle: no program has it open"
has err "give both users a common group, the folder that group and mode 2770, the database that group and mode 0660"
chmod 755 locked

# What a registry's own program knows (a function, a collation) and what no record needs stops no export.
cat >own.py <<'EOF'
import os, sqlite3, sys
name, table, more = sys.argv[1:4]
connection = sqlite3.connect(name, isolation_level=None)
connection.create_function("own", 1, lambda value: value, deterministic=True)
connection.create_collation("own", lambda a, b: (a > b) - (a < b))
connection.execute("PRAGMA journal_mode = " + os.environ.get("MODE", "WAL"))
connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, token_id TEXT, extra TEXT, "
                   "timestamp INTEGER" + table + ")")
for i in range(9):
    connection.execute("INSERT INTO events (kind, token_id, extra, timestamp) VALUES ('dns', 't', ?, ?)",
                       ("{bad" if i == 6 else '{"q": "A"}', 1000 + i % 5))
connection.executescript(more)
EOF
own() { python3 own.py "$@"; }
own index.db '' 'CREATE INDEX a ON events (own(kind)); CREATE INDEX b ON events (timestamp COLLATE own);
    CREATE INDEX c ON events (json_valid(extra)); CREATE VIEW v AS SELECT own(kind) FROM events'
own stored.db ', v TEXT AS (own(kind)) STORED' ''
own json.db '' "ALTER TABLE events ADD COLUMN v TEXT AS (json_extract(extra, '\$.q'))"
own function.db ', v TEXT AS (own(kind))' ''
own collation.db ", v TEXT AS (kind COLLATE own = 'x')" ''
own texts.db ', v TEXT COLLATE own' ''
own view.db '' 'CREATE VIEW beacons AS SELECT own(kind) AS token_id FROM events'
for name in index stored json function collation texts view; do
    run 0 "${export[@]}" --db $name.db
    lines out 9
    run 0 "${export[@]}" --db $name.db --since 1002
    lines out 5
    run 0 inspect --db $name.db
done
has out "Unknown       tokens cannot be compared with 'beacons': cannot read 'view.db': no such function: own"
unreadable() {
    run 0 "${export[@]}" --db "$1.db"
    has err "column 'v' of the registry cannot be read, and is omitted: $2"
    [ "$(grep -c omitted err)" -eq 1 ] || fail "$1: it is said more than once"
    run 1 export --registry-id reg --format ./static.lua --db "$1.db"
    has err "column \"v\" of this registry cannot be read: $2"
    has err 'Remove it from the format, or let the registry store it'
    run 1 export --registry-id reg --format ./dynamic.lua --db "$1.db"
    has err "column 'v' of the registry cannot be read: $2"
}
echo 'return require "oversight.formats.ecs":extend "static" { { "labels.v", from = "v" } }' >static.lua
echo 'return require "oversight.formats.ecs":extend "dynamic" {
    { "labels.v", with = function(_, event) return event.v end } }' >dynamic.lua
unreadable function 'unknown function: own()'
unreadable collation 'no such collation sequence: own'
unreadable json 'malformed JSON, in event 7'
run 0 export --registry-id reg --format ./static.lua --db stored.db
own needed.db ', user_agent TEXT AS (own(kind))' ''
run 1 "${export[@]}" --db needed.db
has err "column 'user_agent' of 'events' in 'needed.db' cannot be read: unknown function: own(). Every record needs it"
has err "let the registry store it (GENERATED ALWAYS AS ... STORED)"

# A change that a crash cut short: only who may write can undo it.
MODE=DELETE own hot.db '' ''
python3 - <<'EOF'
import os, sqlite3
if os.fork() == 0:
    connection = sqlite3.connect("hot.db", isolation_level=None)
    connection.executescript("PRAGMA cache_size = 1; BEGIN; UPDATE events SET extra = zeroblob(100000)")
    os._exit(0)
os.wait()
EOF
run 1 "${export[@]}" --db hot.db
has err "a change to 'hot.db' was cut short"
has err 'let the registry open it once'
sqlite3 hot.db 'SELECT count(*) FROM events' >/dev/null
run 0 "${export[@]}" --db hot.db
lines out 9

# Text in UTF-16; a schema of a later SQLite; a database that is encrypted.
sqlite3 utf16.db "PRAGMA encoding = 'UTF-16le'; CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT, kind TEXT, timestamp INTEGER); INSERT INTO events VALUES (1, 'gr' || char(252) || 'n', 'dns', 5)"
run 0 "${export[@]}" --db utf16.db
has out 'gr\u00fcn'
sqlite3 later.db "CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp); PRAGMA writable_schema = ON;
    INSERT INTO sqlite_schema VALUES ('table', 'zz', 'zz', 0, 'CREATE TABLE zz (a) LATER')"
run 1 "${export[@]}" --db later.db
has err "does not understand the schema of 'later.db'"
has err 'Use a SQLite as new as'
head -c 8192 /dev/urandom >encrypted.db
run 1 "${export[@]}" --db encrypted.db
has err 'or it is encrypted'

# A writer at work: every event that was there at the start comes out, in order, once.
make_registry live.db "$(many 20000)"
(
    while [ ! -e stop ]; do
        sqlite3 -cmd '.timeout 5000' live.db "$(many 50)" 'PRAGMA wal_checkpoint' >/dev/null
    done
) &
writer=$!
for round in 1 2 3; do
    run 0 "${export[@]}" --db live.db
    count=$(wc -l <out)
    [ "$count" -ge 20000 ] || fail "round $round: $count events"
    [ "$(grep -o '"EventId":"[0-9]*"' out | sort -u | wc -l)" -eq "$count" ] || fail "events came twice"
    python3 -c 'import json
keys = [(r["TimeGenerated"], int(r["EventId"])) for r in map(json.loads, open("out"))]
assert keys == sorted(keys)' || fail "round $round: the order is not that of time and id"
done
touch stop
wait "$writer" || fail "the writer was disturbed"
sqlite3 live.db 'PRAGMA integrity_check' >out
has out ok
finish
