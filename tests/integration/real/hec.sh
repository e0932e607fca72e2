#!/usr/bin/env bash
# Exports by HEC to a real store, VictoriaLogs, through a real proxy, vmauth, which asks for the token.
# Usage: hec.sh PROGRAM     The status is 77 when they are not to be had.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../../cli/check.sh"
# shellcheck source=tests/integration/servers/victorialogs.sh
source "$root/tests/integration/servers/victorialogs.sh"
prepare_store
start_store
to_splunk=(--to splunk --url "$url" --token file:token)
(umask 077 && echo wrong >token)

stores() { [ "$(stored "host:=$1")" -eq "$2" ]; }

# ---- the token ----
make_registry hostile.db "$(<"$root/tests/integration/real/hostile.sql")"
hostile=(--db hostile.db --registry-id hostile)
run 4 ping "${to_splunk[@]}"
has err "HTTP 401: the credentials are not accepted"
run 4 export "${hostile[@]}" "${to_splunk[@]}"
has err "50,000 event(s) left"
lacks err wrong
echo right >token
run 0 ping "${to_splunk[@]}"

# ---- hostile rows, compressed: each is stored, exactly ----
run 0 export "${hostile[@]}" "${to_splunk[@]}" --compress gzip
until_within 30 stores hostile 50000 || fail "of 50,000 events, the store has $(stored 'host:=hostile')"
query 'host:=hostile' >stored.jsonl
"$program" export "${hostile[@]}" --format splunk --output sent.jsonl 2>/dev/null
python3 "$root/tests/integration/real/hec.py" stored.jsonl sent.jsonl >differences || { fail "the store has others:"; show differences; }
tail -n 1 differences

# ---- a store that is restarted meanwhile: nothing is lost ----
make_registry many.db "$(many 20000)"
"$program" export --db many.db --registry-id many "${to_splunk[@]}" --checkpoint many.cp --batch-events 100 \
    --retries 1000 --retry-cap 1 >export.out 2>export.err &
exporter=$!
until_within 60 [ -e many.cp ] || fail "nothing is confirmed: $(cat export.err)"
end_store
kill -0 $exporter 2>/dev/null || fail "the export ended before the store was stopped"
until_within 30 grep -q "HTTP 503" export.err || fail "the outage is not reported: $(cat export.err)"
start_store
wait $exporter || fail "the export ends with $?: $(cat export.err)"
has_all() { [ "$(query 'host:=many | uniq by (event.event_id) | count() as events' | tr -dc 0-9)" -eq 20000 ]; }
until_within 30 has_all || fail "of 20,000 events, the store has $(stored 'host:=many')"
echo "20,000 events through a restart: $(($(stored 'host:=many') - 20000)) more than once"

end_store
end_guard
finish
