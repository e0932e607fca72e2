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
has err "no regular file"

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

# A writer at work: every event that was there at the start comes out, in order, once.
make_registry live.db "$(many 20000)"
(
    while [ ! -e stop ]; do
        sqlite3 -cmd '.timeout 5000' live.db "$(many 50)" 'PRAGMA wal_checkpoint' >/dev/null
    done
) &
children+=("$!")
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
wait "${children[0]}" || fail "the writer was disturbed"
sqlite3 live.db 'PRAGMA integrity_check' >out
has out ok
finish
