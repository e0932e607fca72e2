#!/usr/bin/env bash
# Tables of enrichment that change while a service runs: however large or wrong they become, delivery goes on.
# shellcheck source=tests/cli/check.sh
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 1)"
echo "kind,word
dns,first" >table.csv
echo "network,word
192.0.2.0/24,first" >nets.csv
cat >f.lua <<'L'
local siem = require "oversight.siem"
local nets = siem.lookup.cidr "nets.csv"
return require "oversight.format" "f" {
  { "id", from = "event_id" },
  { "word", from = "event_kind", with = siem.lookup.csv("table.csv", "kind"):column "word" },
  { "net", with = coroutine.wrap(function() while true do coroutine.yield((nets "192.0.2.1").word) end end) },
}
L
timeout --foreground 200 "$program" export --db r.db --registry-id r --format ./f.lua --output out.jsonl --follow --checkpoint cp.json \
    --max-instructions 20000 2>log &
service=$!
until_true has_lines out.jsonl 1
total=1
# deliver WORD NET: an event that is added comes out, and from some event on with these words.
deliver() {
    local give_up=$((SECONDS + 60))
    while [ "$SECONDS" -lt "$give_up" ]; do
        sqlite3 r.db ".timeout 20000" "$(many 1)"
        total=$((total + 1))
        until_true has_lines out.jsonl "$total"
        if [ "$failures" -ne 0 ]; then cat log >&2; finish; fi
        if tail -n 1 out.jsonl | grep -qF "\"word\":\"$1\",\"net\":\"$2\""; then return; fi
        sleep 0.2
    done
    fail "no event with $1 and $2: $(tail -n 1 out.jsonl)"
}
table() { # NAME: replaces it by standard input, at once
    cat >new
    mv new "$1"
}
kept() { # what the log says once: that the old content is kept, and why
    local give_up=$((SECONDS + 60))
    until grep -qF "keeping what was read before: $1" log || [ "$SECONDS" -gt "$give_up" ]; do
        deliver "$2" "$3"
        sleep 0.2
    done
    deliver "$2" "$3"
    [ "$(grep -cF "keeping what was read before: $1" log)" -eq 1 ] || fail "'$1' more than once"
}

# Larger than what a function may cost.
{ echo "kind,word"; echo "dns,large"; seq -f 'key%.0f,x' 20000; } | table table.csv
deliver large first
{ echo "network,word"; seq -f '10.%.0f.0.0/16,x' 0 255; seq -f '11.%.0f.0.0/16,x' 0 255; echo "192.0.2.0/24,many"; } |
    table nets.csv
deliver large many

# Something that never ends, or is no table at all.
rm table.csv
mkfifo table.csv
kept "cannot open the table 'table.csv': it is not a regular file" large many
ln -sf /dev/zero new
mv new nets.csv
kept "nets.csv: cannot open the table '/dev/zero': it is not a regular file" large many
rm nets.csv
echo "kind,other" | table table.csv
kept 'table.csv has no column "word"' large many
kept "cannot open the table 'nets.csv': No such file" large many

# What is put right is read.
printf 'kind,word\ndns,last\n' | table table.csv
printf 'network,word\n192.0.2.0/24,last\n' | table nets.csv
deliver last last
kill -TERM "$service"
status=0
wait "$service" || status=$?
[ "$status" -eq 0 ] || fail "the service ended with $status: $(tail -n 3 log)"
finish
