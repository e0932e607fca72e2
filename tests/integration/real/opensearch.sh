#!/usr/bin/env bash
# Exports to a real node of OpenSearch, with the template of examples/elastic: hostile rows, kills, and a set-up that is wrong.
# Usage: opensearch.sh PROGRAM     The status is 77 when there is no node to be had.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../../cli/check.sh"
# shellcheck source=tests/integration/servers/opensearch.sh
source "$root/tests/integration/servers/opensearch.sh"
prepare_node
start_node
to_elastic=(--to elastic --url "$url")
stream=logs-oversight.beacon
compare() { # documents|counts STREAM FILE
    python3 "$root/tests/integration/real/opensearch.py" "$1" "$url" "$2" "$3" >differences ||
        { fail "$1 of $2:"; show differences; }
}
holds() { [ "$(stored "$1")" -eq "$2" ] || fail "$1 has $(stored "$1") documents instead of $2"; }
refresh() { ask POST "/$1/_refresh" >/dev/null; }
settings() { ask PUT /_cluster/settings <(echo "{\"persistent\": {$1}}") >/dev/null; }

# ---- the template, as it is ----
run 4 ping "${to_elastic[@]}"
has err "there is no data stream $stream-default, and no template that makes one"
ask PUT /_index_template/oversight "$root/examples/elastic/index-template.json" >/dev/null
run 0 ping "${to_elastic[@]}"

# ---- hostile rows: each is stored exactly, or in the dead letter; again: all are there already ----
make_registry hostile.db "$(<"$root/tests/integration/real/hostile.sql")"
hostile=(--db hostile.db --registry-id hostile)
run 3 export "${hostile[@]}" "${to_elastic[@]}" --dead-letter dead
has err "200: elastic rejects it: HTTP 400: mapper_parsing_exception: failed to"
lacks err "were there already"
lines dead 200
"$program" export "${hostile[@]}" --format ecs --output hostile.jsonl 2>/dev/null
refresh $stream-default
compare documents $stream-default hostile.jsonl
compare counts $stream-default hostile.db
run 3 export "${hostile[@]}" "${to_elastic[@]}" --dead-letter again
has err "49,800 event(s) of these were there already"
refresh $stream-default
holds $stream-default 49800

# ---- after a rollover only new events go to the new index; reconcile finds all ----
few=(--db few.db --registry-id few "${to_elastic[@]}" --checkpoint few.cp)
make_registry few.db "$(many 100)"
run 0 export "${few[@]}" --namespace few
ask POST /$stream-few/_rollover >/dev/null
sqlite3 few.db "$(many 50)"
run 0 export "${few[@]}" --namespace few
refresh $stream-few
holds $stream-few 150
holds ".ds-$stream-few-000002" 50
reconcile=(reconcile --db few.db --checkpoint few.cp "${to_elastic[@]}")
run 0 "${reconcile[@]}" --namespace few
has out "[ok]"
ask DELETE "/$(ask GET "/$stream-few/_search?q=event.id:77&filter_path=hits.hits._i*" |
    sed -E 's/.*"_index":"([^"]*)","_id":"([^"]*)".*/\1\/_doc\/\2/')?refresh=true" >/dev/null
run 1 "${reconcile[@]}" --namespace few
has out "77"

# ---- an exporter that is killed, and a node that is killed: nothing is lost, nothing is there twice ----
events=20000
make_registry many.db "$(many $events)"
begin() { # NAMESPACE: an export in the background that takes a while
    "$program" export --db many.db --registry-id many "${to_elastic[@]}" --namespace "$1" --checkpoint "$1.cp" \
        --batch-events 100 --timeout 10 --retries 1000 --retry-cap 1 >"$1.out" 2>&1 &
    exporter=$!
    until_within 60 [ -e "$1.cp" ] || fail "nothing is confirmed: $(cat "$1.out")"
}
ends() { # NAMESPACE: it ends well, and all is there once
    wait $exporter || fail "the export ends with $?: $(cat "$1.out")"
    refresh "$stream-$1"
    holds "$stream-$1" $events
    run 0 reconcile --db many.db --checkpoint "$1.cp" "${to_elastic[@]}" --namespace "$1"
    has out "[ok]"
}
begin exporter
kill -KILL $exporter || fail "the export ended before it was killed"
wait $exporter 2>/dev/null || true
refresh $stream-exporter
[ "$(stored $stream-exporter)" -lt $events ] || fail "all was stored before the exporter was killed"
begin exporter
ends exporter
begin node
end_node KILL
kill -0 $exporter 2>/dev/null || fail "the export ended before the node was killed"
until_within 30 grep -q "warning: elastic at $url" node.out || fail "the outage is not reported: $(cat node.out)"
start_node http.max_content_length=1mb indexing_pressure.memory.limit=512kb
ends node

# ---- bodies that are too large, for HTTP and for the memory of the node: they are made smaller ----
make_registry large.db "$(many 10) INSERT INTO events (token_id, kind, user_agent, timestamp)
    VALUES ('t', 'dns', printf('%.*c', 1200000, 'x'), 5);"
run 3 export --db large.db --registry-id large "${to_elastic[@]}" --namespace large --dead-letter large.dead
lines large.dead 1
has large.dead "HTTP 413: the record alone is too large"
refresh $stream-large
holds $stream-large 10
for bytes in 4000000 800000; do
    run 0 export --db many.db --registry-id many "${to_elastic[@]}" --namespace $bytes --batch-bytes $bytes --retry-base 0.05
    has err "HTTP 429: rejected_execution_exception: rejected execution of coordinating operation"
    has err "request(s) had to be made again"
    refresh $stream-$bytes
    holds $stream-$bytes $events
done

# ---- a set-up that is wrong: the export is held, and nothing goes to the dead letter; later it goes on ----
export_few() { # STATUS OPTION...
    local expected=$1
    shift
    rm -f few.cp few.dead
    run "$expected" export "${few[@]}" --dead-letter few.dead "$@"
    [ "$expected" -eq 0 ] || { has err "[held]"; has err "150 event(s) left"; }
    [ ! -s few.dead ] || { fail "the dead letter has events"; show few.dead; }
}
ask PUT /closed >/dev/null
ask POST /closed/_close >/dev/null
export_few 4 --index closed
has err "HTTP 400: open the index: index_closed_exception"
ask POST /closed/_open >/dev/null
export_few 0 --index closed
settings '"action.auto_create_index": "false"'
export_few 4 --index missing
has err "there is no index missing, and no _index_template that makes one"
export_few 4 --index missing --without-template
has err "index_not_found_exception: no such index [missing]"
settings '"action.auto_create_index": null'
export_few 0 --index missing --without-template
settings '"cluster.max_shards_per_node": 1'
export_few 4 --namespace shards
has err "correct the set-up of the index: validation_exception"
settings '"cluster.max_shards_per_node": null'
export_few 0 --namespace shards
refresh '_all'
for index in closed missing "$stream-shards"; do holds "$index" 150; done
end_node TERM
finish
