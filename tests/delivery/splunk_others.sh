#!/usr/bin/env bash
# HEC: events that an answer names, from splunkd and from other receivers, and ping.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=hec-secret

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg --to splunk --url "$url" "${quick[@]}" --token env:TOKEN "$@"
}

registry ten.db 10

# ---- numbers of receivers that are not splunkd ----
# They refuse the whole request: the event that they name is asked about alone, and the others are sent again.
registry poison.db 30 "UPDATE events SET token_id = 'poison' WHERE id IN (1, 5, 6, 10) OR id > 25;"
for code in 5 6 12 13 15; do
    receive other hec --plays other --poison-code $code
    rm -f other.dead
    export_to 3 poison.db --dead-letter other.dead --batch-events 10 --in-flight 3
    account other other.dead 1 30
    adds_up other 30
    [ "$(grep -c "\"code\":$code," other.dead)" -eq 9 ] || fail "dead letters of code $code: $(cat other.dead)"
    dismiss
done
registry single.db 64 "UPDATE events SET token_id = 'poison' WHERE id = 37;"
receive other hec --plays other
export_to 3 single.db --dead-letter single.dead
account other single.dead 1 64
lines single.dead 1
holds other "[one['stored'] for one in data] == [0, 0, 32, 31]" # all, the one that is named, and both halves
# A receiver that names the wrong event rejects none that it would take.
plan '[{"code": 6, "number": 0}, "ok", {"code": 6, "number": 0}]'
receive other hec --plays other --plan plan.json
export_to 3 single.db --dead-letter wrong.dead
account other wrong.dead 1 64
lines wrong.dead 1
has wrong.dead '"event_id":"37"'
# An event that it is busy with is no more than that: all are sent again.
plan '[{"code": 9, "number": 3}, {"code": 7, "number": 3}]'
receive other hec --plays other --plan plan.json
export_to 4 ten.db --splunk-index main
has err "10 event(s) left"
holds other "[one['stored'] for one in data] == [0, 0]"
# Splunkd behind a proxy that hides it: an event may be stored twice, or the option says that it is splunkd.
receive hidden hec --plays hidden
rm -f single.dead
export_to 3 single.db --dead-letter single.dead
account hidden single.dead 1 64 twice
holds hidden "[one['stored'] for one in data] == [36, 0, 32, 31]"
receive hidden hec --plays hidden
rm -f single.dead
export_to 3 single.db --dead-letter single.dead --trust-event-number
account hidden single.dead 1 64
holds hidden "[one['stored'] for one in data] == [36, 27]"

# ---- splunkd names the first event that is not in, whatever the reason ----
plan '[{"code": 9, "number": 3}, {"code": 8, "number": 0}, {"code": 26, "number": 2}, {"code": 23, "number": 1},
    {"status": 503, "body": {"code": 9, "invalid-event-number": 99}, "headers": {"Server": "splunkd"}}]'
receive busy hec --plan plan.json
export_to 0 ten.db
account busy none 1 10
has err "5 request(s) had to be made again"
holds busy "[one['stored'] for one in data] == [3, 0, 2, 1, 0, 4]"
# Attempts in a row are counted from the last event that was taken.
plan '[{"code": 9, "number": 3}, {"code": 9, "number": 3}, {"code": 9, "number": 2}]'
receive busy hec --plan plan.json
export_to 0 ten.db --retries 1
account busy none 1 10
# What holds the export leaves those behind the number alone.
for fault in '{"code": 7, "number": 4}' '{"code": 1, "number": 4}'; do
    plan "[$fault]"
    receive kept hec --plan plan.json
    export_to 4 ten.db --splunk-index main
    has err "exported 4 event(s)"
    has err "6 event(s) left"
    adds_up kept 10
    dismiss
done

# ---- ping ----
receive healthy hec --token "$TOKEN"
run 0 ping --to splunk --url "$url" --token env:TOKEN
has out "HEC is healthy (code 17); the collector takes the token"
receive healthy hec --plays other --token "$TOKEN"
run 0 ping --to splunk --url "$url" --token env:TOKEN
has out "there is a server (HTTP 200); the collector takes the token"
run 4 ping --to splunk --url "$url" --token other
# A page of health that is not there, or that has no JSON, is no more than that.
for fault in '{"status": 404, "body": "no such page"}' '{"status": 405}' '{"status": 200, "body": "OK"}' \
    '{"status": 200, "body": {"status": "green"}}'; do
    plan "[$fault]"
    receive healthy hec --plays other --plan plan.json --fault-tokens
    run 0 ping --to splunk --url "$url" --token env:TOKEN
    has out "the collector takes the token"
    dismiss
done
# Its word that it cannot take events counts, and so does an answer to the event that is not HEC's.
plan '[{"code": 20}, {"status": 503}, {"status": 404}, {"status": 404}, {"status": 200, "body": "OK"},
    {"status": 200, "body": "OK"}]'
receive ill hec --plan plan.json --fault-tokens
run 1 ping --to splunk --url "$url" --token env:TOKEN
has err "HEC code 20"
run 1 ping --to splunk --url "$url" --token env:TOKEN
run 4 ping --to splunk --url "$url" --token env:TOKEN
has err "the URL is wrong"
run 4 ping --to splunk --url "$url" --token env:TOKEN
has err "the server is not a HEC: correct the URL"
finish
