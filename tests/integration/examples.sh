#!/usr/bin/env bash
# Runs each example on the sample registry.
. "$(dirname "$0")/../cli/check.sh"
sqlite3 sample.db <"$root/examples/registry.sql" >/dev/null

run 0 check "$root/examples/formats/renamed.lua" --db sample.db
lacks out warning
run 0 export --db sample.db --registry-id r --format "$root/examples/formats/renamed.lua"
lines out 12
has out '"Recipient":"s\u00f8ren@example.com"'
has out '"Department":"Legal affairs"'
for format in ecs splunk sentinel; do
    run 0 check "$root/examples/formats/proved_$format.lua" --db sample.db
done
run 0 check "$root/examples/formats/enriched.lua" --db sample.db
run 0 export --db sample.db --registry-id r --format "$root/examples/formats/enriched.lua"
has out '"network":"head office"'
has out '"network":"laboratory"'
has out '"title":"Merger plan, final"'

run 0 "$root/examples/scripts/route.lua" sample.db .
lines dns.jsonl 3
lines rest.jsonl 9
has err "[ok] exported 3 event(s) as dns"
run 2 "$root/examples/scripts/route.lua"
run 0 "$root/examples/scripts/count_sink.lua" sample.db
run 0 export --db sample.db --registry-id sample-registry --format splunk --quiet
has out '"host":"sample-registry"'
bytes=$(($(wc -c <out) - 12))
run 0 "$root/examples/scripts/count_sink.lua" sample.db
has out "12 records, $bytes bytes"

# ---- log rotation: every event is once in the files, none is compressed too early ----
mkdir -m 755 logs
sed "s,/var/log/oversight-siem,$work/logs," "$root/examples/logrotate/oversight-siem" >rotation
chmod 644 rotation
"$program" export --db sample.db --registry-id r --format ecs --output logs/events.jsonl \
    --follow --checkpoint position.json >log 2>&1 &
follower=$!
until_true has_lines logs/events.jsonl 12
insert="INSERT INTO events (token_id, kind, timestamp) VALUES ('t', 'dns', 1700000000)"
for round in 1 2; do
    /usr/sbin/logrotate --force --state state rotation || fail "logrotate refuses the file"
    sqlite3 sample.db "PRAGMA busy_timeout = 10000; $insert" >/dev/null
    until_true has_lines logs/events.jsonl 1
done
lines logs/events.jsonl.1 1
gunzip -c logs/events.jsonl.2.gz >first
lines first 12
kill "$follower"
wait "$follower" || fail "the export that follows ends with $?"
finish
