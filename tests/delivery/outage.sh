#!/usr/bin/env bash
# A target that is down or asks to wait: what is heard of it meanwhile, and when it is over.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=hunter2 KEY=hunter3

# until_has FILE TEXT: waits until the file holds it, 30 s at most.
until_has() {
    for ((tries = 0; tries < 1500; tries++)); do
        if grep -qF -- "$2" "$1" 2>/dev/null; then return 0; fi
        sleep 0.02
    done
    fail "$1 never holds '$2'"
    show "$1"
}
# times FILE TEXT N: so many lines of the file hold the text.
times() { [ "$(grep -cF -- "$2" "$1")" -eq "$3" ] || { fail "$1 has '$2' not $3 time(s):"; show "$1"; }; }
# begin ARGUMENT...: the program in the background, its messages in log; sets child.
begin() {
    : >log
    "$program" "$@" >/dev/null 2>log &
    child=$!
}
# stop STATUS: SIGTERM, and the exit status that follows.
stop() {
    local status=0
    kill -TERM "$child"
    wait "$child" || status=$?
    [ "$status" -eq "$1" ] || { fail "ended with $status instead of $1"; show log; }
}
splunk=(--registry-id reg --to splunk --token env:TOKEN)
registry r.db 10

# ---- nobody listens ----
receive gone hec
dismiss
run 1 export --db r.db "${splunk[@]}" --url "$url" "${quick[@]}" --retries 3 --quiet
times err "warning: splunk at $url: Failed to connect to 127.0.0.1 port $port" 1
has err "; trying again in "
has err "splunk: given up after 4 attempt(s): Failed to connect"
run 1 ping --to splunk --token env:TOKEN --url "$url"
has err "Failed to connect"
echo '{"event_id": "1", "format": "splunk", "event": {"event_id": "1", "event_kind": "dns", "occurred_unix": 1}}' >dead
run 1 replay dead --to splunk --token env:TOKEN --url "$url" "${quick[@]}" --retries 1
has err "warning: splunk at $url: Failed to connect"
run 0 export --db r.db --registry-id reg --format ecs --output cp.jsonl --checkpoint cp
run 1 reconcile --db r.db --checkpoint cp --format ecs --to elastic --url "$url" "${quick[@]}" --retries 2
times err "warning: elastic at $url: Failed to connect" 1
lacks err hunter

# ---- down for a while ----
plan "[$(printf '{"status": 503, "body": "busy"}, %.0s' {1..5}) \"ok\"]"
receive while hec --plan plan.json
run 0 export --db r.db "${splunk[@]}" --url "$url/services/collector" "${quick[@]}" --in-flight 1
account while none 1 10
times err "warning: splunk at $url: HTTP 503" 1
times err "warning: splunk at $url: works again, after 5 failed attempt(s) in " 1
# A target that fails and works by turns is heard of once.
plan "[$(printf '{"status": 503}, "ok", %.0s' {1..5}) \"ok\"]"
receive turns hec --plan plan.json
run 0 export --db r.db "${splunk[@]}" --url "$url" "${quick[@]}" --in-flight 1 --batch-events 2
times err "trying again" 1
times err "works again" 1
has err "5 request(s) had to be made again"
# Of a script's pipeline, of a token, and of a canary.
cat >pipe.lua <<LUA
local siem = require "oversight.siem"
return siem.pipeline {
  source = { path = "r.db", registry_id = "reg" }, format = "splunk",
  sink = siem.sink.splunk { url = arg[1], token = "env:TOKEN", retry_base = 0.01 },
}
LUA
plan '[{"status": 503}]'
receive piped hec --plan plan.json
run 0 run pipe.lua "$url"
has err "warning: splunk at $url: HTTP 503"
plan '["ok", {"status": 503}]'
receive canary hec --plan plan.json
run 0 ping --to splunk --token env:TOKEN --url "$url" --canary "${quick[@]}"
has err "warning: splunk at $url: HTTP 503"
plan '[{"status": 503}]'
receive tokens ingestion --fault-tokens --plan plan.json
run 0 export --db r.db --registry-id reg --to azure --endpoint "$url" --rule-id dcr-1 --stream Custom-Oversight --login-url "$url" \
    --tenant T --client-id C --client-secret env:KEY "${quick[@]}"
has err "warning: azure at $url: HTTP 503"
has err "works again"
lacks err hunter

# ---- a day ----
plan '[{"status": 429, "headers": {"Retry-After": "86400"}}]'
receive day hec --plan plan.json
begin export --db r.db "${splunk[@]}" --url "$url" --in-flight 1
until_has log "asks for a pause of 86400 s, until $(date -u -d tomorrow +%Y-%m-)"
has log "trying again in 3600 s, at 20"
stop 1
has log "[stopped] exported 0 event(s)"
has log "stopped on request, with 1 attempt(s) failed since 20"
has log "the last one: splunk at $url: HTTP 429"
receive day hec --plan plan.json
run 1 export --db r.db "${splunk[@]}" --url "$url" --retries 0
has err "asks for a pause of 86400 s, until "

# ---- while it follows: the log, the numbers, the checkpoint ----
follow=(export --db r.db "${splunk[@]}" --follow --checkpoint f.cp --metrics m.prom --in-flight 1)
receive day hec --plan plan.json
begin "${follow[@]}" --url "$url"
until_has log "level=warning msg=\"splunk at $url: HTTP 429"
has log "asks for a pause of 86400 s, until "
until_has m.prom 'oversight_siem_retrying{pipeline="splunk"} 1'
has m.prom 'oversight_siem_retrying_since_timestamp_seconds{pipeline="splunk"} 1'
run 0 status f.cp --db r.db
has out "Retrying      since 20"
has out ": splunk at $url: HTTP 429"
run 0 status f.cp --db r.db --json
has out '"retrying_since":"20'
stop 0
has log "msg=stopped cause=\"stopped on request, with 1 attempt(s) failed since 20"
run 0 status f.cp --db r.db
lacks out "Retrying"
has out "before the first event"
# In the end it works, as it does after it gave up.
plan "[$(printf '{"status": 503}, %.0s' {1..6}) \"ok\"]"
receive again hec --plan plan.json
begin "${follow[@]}" --url "$url" "${quick[@]}" --retries 3
until_has log "splunk at $url: works again, after 6 failed attempt(s)"
until_has m.prom 'oversight_siem_events_delivered_total{pipeline="splunk"} 10'
until_has m.prom 'oversight_siem_retrying{pipeline="splunk"} 0'
lacks m.prom 'oversight_siem_retrying_since_timestamp_seconds{'
run 0 status f.cp --db r.db
lacks out "Retrying"
stop 0
times log "trying again" 1
account again none 1 10

# ---- at a terminal: the line makes room ----
plan '[{"status": 503}]'
receive screen hec --plan plan.json
script -qec "stty cols 80; NO_COLOR=1 '$program' export --db r.db ${splunk[*]} --url $url --progress --retry-base 0.5 --batch-events 1" \
    screen.log >/dev/null
tr '\r' '\n' <screen.log | grep -q "^oversight-siem: warning: splunk at $url: HTTP 503" ||
    fail "the warning does not begin a line: $(cat -v screen.log)"
finish
