#!/usr/bin/env bash
# Registries that are damaged or made to do harm: what reads them ends, by itself and at SIGTERM, and loses nothing.
. "$(dirname "$0")/check.sh"
helpers=$root/tests/cli
# A sanitizer's own memory counts as well.
bound_memory() { grep -qa '__[at]san_init' "$program" || ulimit -v 2000000; }
damaged() { # ARGUMENT...: it fails at once, in little memory, as ids do not grow
    (
        bound_memory
        ulimit -t 60
        run 1 "$@"
        [ "$failures" -eq 0 ]
    ) || fail "$*"
    has err 'damaged: event 1 comes after event 1'
}

# Pages that lead in a circle.
python3 "$helpers/circle.py" circle.db
damaged export --db circle.db --registry-id reg --format ecs --output out.jsonl
damaged export --db circle.db --registry-id reg --format ecs --output out.jsonl --since 1
damaged export --db circle.db --registry-id reg --format ecs --output out.jsonl --checkpoint position.json
lines out.jsonl 0
damaged inspect --db circle.db
damaged try --db circle.db ecs
make_registry good.db "$(many 1)"
run 0 export --db good.db --registry-id reg --format ecs --output good.jsonl --checkpoint good.json
sed '/registry_file/d' good.json >circle.json
damaged reconcile --db circle.db --checkpoint circle.json --file good.jsonl
run 1 status circle.json --db circle.db
has out 'Behind        nothing that is in this registry'
has out "event 1 of the registry 'circle.db' is not the one that was exported"

# One that follows waits for the file to be restored, and then exports all.
"$program" export --db circle.db --registry-id reg --format ecs --output out.jsonl --follow --checkpoint position.json \
    2>follow.err &
follower=$!
until_true grep -q "damaged: event 1 comes after event 1" follow.err
lines out.jsonl 0
cat good.db >circle.db # the same file
until_true has_lines out.jsonl 1
kill "$follower"
wait "$follower" || fail "following ends with $?: $(cat follow.err)"

# Statements that would not end hear SIGTERM: here, a view in place of a table that inspect compares with.
make_registry endless.db "$(many 3)
    CREATE VIEW beacons AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' || (i % 9) AS token_id FROM n"
stopped() { # ARGUMENT...: it is at work, hears SIGTERM and ends long before it would be ended
    local status=0
    "$program" "$@" >out 2>err &
    until_true uses_processor "$!"
    kill "$!"
    wait "$!" || status=$?
    [ "$status" -eq 1 ] || fail "status $status after SIGTERM: $*"
    has err 'stopped on request'
    lacks err 'did not end in time'
    lacks err traceback
}
uses_processor() { [ "$(awk '{ print $14 + $15 }' "/proc/$1/stat")" -gt 20 ]; } # 0.2 s
stopped inspect --db endless.db

# Ids at both ends of 64 bits, and those that SQLite never gives by itself.
make_registry ends.db "INSERT INTO events (id, token_id, kind, timestamp) VALUES (-9223372036854775808, 't', 'dns', 5),
    (-1, 't', 'dns', 5), (0, 't', 'dns', 5), (1, 't', 'dns', 5), (9223372036854775807, 't', 'dns', 5)"
run 0 export --db ends.db --registry-id reg --format sentinel
lines out 5
for round in 1 2; do
    run 0 export --db ends.db --registry-id reg --format sentinel --output ends.jsonl --checkpoint ends.json
    lines ends.jsonl 5
done
run 0 reconcile --db ends.db --checkpoint ends.json --file ends.jsonl
has out '[ok] 5 event(s) up to id 9223372036854775807: each is there once'
run 0 status ends.json --db ends.db
has out 'nothing: all events are exported'
sed -i 1d ends.jsonl
run 1 reconcile --db ends.db --checkpoint ends.json --file ends.jsonl
has out 'missing: -9223372036854775808'
run 0 inspect --db ends.db
has out '-9223372036854775808 to 9223372036854775807'
# Up to 0 there is no position that a checkpoint could hold: a file is compared, and has each event once all the same.
make_registry below.db "INSERT INTO events (id, token_id, kind, timestamp) VALUES (-5, 't', 'dns', 5), (0, 't', 'dns', 5)"
for round in 1 2; do
    run 0 export --db below.db --registry-id reg --format sentinel --output below.jsonl --checkpoint below.json
    lines below.jsonl 2
done
# The first of them is refused, not only passed over.
echo 'return require "oversight.formats.ecs":extend "none" { { "x", with = function() error "no record" end } }' >none.lua
run 3 export --db ends.db --registry-id reg --format ./none.lua --checkpoint none.json --output none.jsonl \
    --dead-letter none.dead
lines none.dead 5

# Rows are bounded: a column of the site is omitted, one of Oversight's own stops the export.
large() { # FILE COLUMN
    sqlite3 "$1" "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT, kind TEXT, timestamp INTEGER,
        $2 TEXT AS (zeroblob(999999999))); INSERT INTO events VALUES (7, 't', 'dns', 5)"
}
large site.db v
run 0 export --db site.db --registry-id reg --format sentinel
has err "column 'v' of the registry cannot be read, and is omitted: string or blob too big, in event 7"
large own.db extra
run 1 export --db own.db --registry-id reg --format sentinel
has err "column 'extra' of 'events' in 'own.db' cannot be read: string or blob too big, in event 7"
run 1 export --db own.db --registry-id reg --format sentinel --output own.jsonl --checkpoint own.json
# What SQLite computes is bounded as well, in all columns together.
columns=$(for i in $(seq 40); do printf ', c%d TEXT AS (hex(zeroblob(8000000 + %d)))' "$i" "$i"; done)
sqlite3 many.db "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT, kind TEXT, timestamp INTEGER
    $columns); INSERT INTO events VALUES (7, 't', 'dns', 5)"
(
    bound_memory
    run 1 export --db many.db --registry-id reg --format sentinel
    has err 'out of memory'
    [ "$failures" -eq 0 ]
) || fail "40 columns of 16 MB"
finish
