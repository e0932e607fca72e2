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
finish
