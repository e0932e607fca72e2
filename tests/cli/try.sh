#!/usr/bin/env bash
# try and diff: what a format writes, where it comes from, and what it changes.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 5) UPDATE events SET recipient_id = 'A@B', extra = '{\"qname\": \"x.y\"}' WHERE id < 3;"
cat >acme.lua <<'L'
local sentinel = require "oversight.formats.sentinel"
return sentinel:extend "acme" {
  { "RecipientId", from = "recipient_id", as = "lower" },
  { "Query",       from = { "extra.none", "extra.qname" } },
  { "Odd",         from = "event_id", with = function(id) if id == "4" then error "no four" end return true end },
  { "ExtraJson",   remove = true },
}
L

run 3 try acme.lua --db r.db
has out '  "RecipientId": "a@b",'
has out '  "Query": "x.y",'
has err "event 4: acme: Odd: "
has err "no four"
run 0 try acme.lua --db r.db --json --limit 2
lines out 2
# Samples come in the order of ids, whatever their times.
sqlite3 r.db "UPDATE events SET timestamp = 100 - id"
run 0 try sentinel --db r.db --json --limit 1
has out '"EventId":"1"'
run 0 try acme.lua --db r.db --explain --limit 3
has out "RecipientId <- recipient_id, as lower"
has out '    "a@b"'
has out "Query <- extra.none or extra.qname"
has out "Odd <- event_id, function at acme.lua:5"
has out "Schema <- value \"oversight-siem-1\""
has out "    (in none of these events)"
run 0 try acme.lua --db r.db --explain --json --limit 3
has out '{"destination":"RecipientId","source":"recipient_id, as lower","sample":"a@b"}'
echo '{"id": 9, "kind": "dns", "extra": {"qname": "from.stdin"}}' | "$program" try acme.lua --json >out
has out '"Query":"from.stdin"'
echo '{"reason": "x", "event": {"event_id": "8", "event_kind": "ocsp", "occurred_at": "x"}}' |
    "$program" try sentinel --json >out
has out '"EventId":"8","BeaconKind":"ocsp"'
status=0
echo 'no json' | "$program" try sentinel 2>err || status=$?
[ "$status" -eq 1 ] || fail "a line that is no JSON ends with $status"
has err "line 1: the text is not JSON"
# tells INPUT MESSAGE: what try says of lines that are no events.
tells() {
    status=0
    printf '%b' "$1" | "$program" try sentinel >out 2>err || status=$?
    [ "$status" -eq 1 ] || fail "'$1' ends with $status"
    has err "oversight-siem try: $2"
    lines err 1
}
tells '{"id": 1}\n\n  \nno json\n' "line 4: the text is not JSON"
tells '\n[]\n' "line 2: an event is a JSON object"
tells '5\n' "line 1: an event is a JSON object"
tells 'null\n' "line 1: an event is a JSON object"
tells '' "there are no events to try"
# What a row, a format or a script says is never printed as it is.
cat >wild.lua <<'L'
local sentinel = require "oversight.formats.sentinel"
return sentinel:extend "wild" {
  { "a\27[2Jb", from = "token_id" },
  { "c", from = "token_id", with = function(value) if value == "bad" then error "\27[31m\u{9b}red" end return value end },
}
L
clean() { ! LC_ALL=C grep -q $'\x1b\|\xc2\x9b' "$1" || fail "$1 holds an escape character"; }
for command in "try --explain" "diff"; do
    # shellcheck disable=SC2086 # words
    echo '{"id": 1, "token_id": "\u001b[2J"}' | "$program" $command wild.lua >out
    has out 'a\x1b[2Jb'
    clean out
done
echo '{"id": 1, "token_id": "bad"}' | "$program" try wild.lua >out 2>err || true
has err 'event 1: wild: c: '
has err '\x1b[31m\u{9b}red'
clean err
echo 'return require "oversight.siem".pipeline { source = {}, format = "ecs", sink = "n.jsonl", name = "\27[2Jname" }' >named.lua
run 1 run named.lua
has err "name must be text without control characters"
clean err
echo 'error "\27[31mred"' >named.lua
run 1 run named.lua
has err '\x1b[31mred'
clean err
run 2 try nope --db r.db
run 2 try

run 0 diff acme.lua --db r.db --limit 3
has out "~ RecipientId  2 of 3 event(s)"
has out '    before  "A@B"'
has out '    after   "a@b"'
has out "+ Query  2 of 3 event(s)"
has out "+ Odd  3 of 3 event(s)"
has out "- ExtraJson  3 of 3 event(s)"
run 0 diff acme.lua --db r.db
has out "- (the record)  1 of 5 event(s)"
run 0 diff ecs --against ecs --db r.db
has out "ecs and ecs write the same for 5 event(s)"
run 0 diff acme.lua --db r.db --limit 3 --json
has out '{"path":"RecipientId","kind":"changed","count":2,"event":"1","before":"A@B","after":"a@b"}'
has out '"before":"{\"qname\":\"x.y\"}"}' # a text in the record: it is encoded as it is there'
run 2 diff ecs --db r.db
has err "ecs extends no other format: give one with --against"
# What a row reads is there, or it is told before anything is compared.
echo 'return require "oversight.formats.ecs":extend "odd" { { "labels.x", from = "nosuch" } }' >odd.lua
for command in try diff; do
    run 1 $command odd.lua --db r.db
    has err 'odd.lua:1: format odd: row 1 (labels.x): "nosuch" is neither a field of an event'
done
run 1 check odd.lua --db r.db
has out 'odd: error: rows: odd.lua:1: format odd: row 1 (labels.x): "nosuch" is neither'
run 1 export --db r.db --registry-id r --format ./odd.lua
has err './odd.lua:1: format odd: row 1 (labels.x): "nosuch" is neither a field of an event'
# A function of C has no line: format, row and event are named.
echo 'return require "oversight.format" "odd" { { "x.y", from = "extra.none", with = string.upper, with_null = true } }' >odd.lua
run 3 try odd.lua --db r.db --limit 1
has err "event 1: odd: x.y: bad argument #1 to 'string.upper'"

# A format from elsewhere has a base, too.
run 0 diff acme.lua --restricted --db r.db --limit 3
has out "~ RecipientId  2 of 3 event(s)"
run 2 diff --restricted odd.lua --db r.db
has err "odd extends no other format"
echo 'return require "oversight.format" "own" { { "a", value = 1 } }:extend "odd" { { "b", value = 2 } }' >odd.lua
run 2 diff --restricted odd.lua --db r.db
has err "odd extends own, which cannot be loaded by that name"
run 0 diff odd.lua --db r.db
has out "+ b  5 of 5 event(s)"

# ---- an object is shown whole ----
cat >whole.lua <<'L'
return require "oversight.format" "whole" {
  { "all", from = "extra" }, { "in.a\\.b", from = "extra.n" }, { "in.c", value = { 1, { x = 2.50 } } }, { "none", from = "file_id" },
}
L
echo '{"id": 1, "extra": {"qname": "x.y", "n": 1.25, "deep": {"k": []}}}' >whole.json
"$program" try whole.lua --explain <whole.json >out
same <(sed -n '2,8p' out) <(printf '%s\n' '    {' '      "qname": "x.y",' '      "n": 1.25,' '      "deep": {' '        "k": []' '      }' '    }')
has out 'in.a\.b <- extra.n'
has out '    1.25'
has out '(in none of these events)'
"$program" try whole.lua --explain --json <whole.json >out
has out '{"destination":"all","source":"extra","sample":{"qname":"x.y","n":1.25,"deep":{"k":[]}}}'
has out '"sample":[1,{"x":2.5}]}'
has out '{"destination":"none","source":"file_id"}'

# ---- when no event has a record, that is the result ----
cat >drops.lua <<'L'
local siem = require "oversight.siem"
return require "oversight.formats.ecs":extend "drops" {
  { "labels.x", from = "event_id", with = function(id) if id == "1" then error("no one", 0) end return siem.drop end },
}
L
run 3 try drops.lua --db r.db
has err "warning: drops makes no record of any event: 1 refused, 4 skipped"
run 3 try drops.lua --db r.db --explain --json
has err "1 refused, 4 skipped"
run 3 diff drops.lua --db r.db
has err "warning: drops makes no record of any event: 1 refused, 4 skipped"
has out "- (the record)  5 of 5 event(s)"
lacks out "write the same"
run 3 diff drops.lua --against drops.lua --db r.db --json
lacks out "write the same"
run 3 diff ecs --against drops.lua --db r.db
has out "+ (the record)  5 of 5 event(s)"
sed 's/if id == "1" .* end return/return/' drops.lua >skips.lua
run 3 try skips.lua --db r.db
has err "drops makes no record of any event: 0 refused, 5 skipped"
run 0 check skips.lua --db r.db
has out "records: all events are skipped: no record was checked"

# A reader that has seen enough is no failure.
make_registry many.db "$(many 400)"
long='return require "oversight.format" "long" {'
for ((i = 0; i < 3000; i++)); do long+=" { \"a_long_name_of_a_column_$i\", from = \"event_id\" },"; done
echo "$long }" >long.lua
for command in "diff long.lua --against ecs --db many.db" "try long.lua --db many.db" "check long.lua --target ecs --json" \
    converters formats "sinks splunk" "where ecs" "try --help"; do
    # shellcheck disable=SC2086 # words
    { "$program" $command 2>err || echo "status $?" >>err; } | :
    case $command in check*) sed -i '/status 1/d; /error(s)/d' err ;; esac
    [ ! -s err ] || fail "$command | head: $(cat err)"
done

make_registry empty.db
run 1 diff acme.lua --db empty.db
has err "no events"
finish
