#!/usr/bin/env bash
# A record that its target fails with 5xx whenever it comes, while it takes the others, is rejected; a target that is
# down rejects nothing.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=poison-secret
declare -A options=([hec]="--to splunk --token env:TOKEN" [bulk]="--to elastic" [plain]="--to http --format ecs")

# poisoned N ID...: a registry of N events, of which these are poison.
poisoned() {
    local ids=${*:2}
    registry p.db "$1" "UPDATE events SET user_agent = 'poison' WHERE id IN (${ids// /,});"
}
# export_to STATUS KIND [OPTION]...
export_to() {
    local expected=$1 kind=$2
    shift 2
    rm -f dead
    # shellcheck disable=SC2086 # several words
    run "$expected" export --db p.db --registry-id reg ${options[$kind]} --url "$url" "${quick[@]}" --dead-letter dead "$@"
}
# dead IDS STATUS: exactly these events are in the dead letter, with the status and the reason.
dead() {
    python3 - "$1" "$2" <<'P' || fail "the dead letter: $(cut -c 1-300 dead)"
import json, sys
lines = [json.loads(line) for line in open("dead")]
assert sorted(int(one["event_id"]) for one in lines) == [int(i) for i in sys.argv[1].split()], lines
for one in lines:
    assert one["http_status"] == int(sys.argv[2]) and "while the target took other records: HTTP" in one["reason"], one
P
}

# ---- an answer for each record, and one for all ----
for ids in 1 5 10 "3 7"; do
    poisoned 10 "$ids"
    for kind in bulk plain; do
        receive $kind $kind --poison-status 503
        export_to 3 $kind
        dead "$ids" 503
        account $kind dead 1 10
        dismiss
    done
done
# As often as --retries allows is often enough, with as few neighbours.
poisoned 4 2
receive plain plain --poison-status 500
export_to 3 plain --retries 3
dead 2 500
receive bulk bulk --poison-status 500
poisoned 2 2
export_to 3 bulk --retries 4
dead 2 500
# Among many it is found, and a request a record is no other case.
poisoned 500 321
receive plain plain --poison-status 502
export_to 3 plain
dead 321 502
account plain dead 1 500
poisoned 30 4
receive plain plain --poison-status 500
export_to 3 plain --batch-events 1 --in-flight 4
dead 4 500
account plain dead 1 30
poisoned 30 4 5 6
receive plain plain --poison-status 500
export_to 3 plain --batch-events 1 --in-flight 1
dead "4 5 6" 500
account plain dead 1 30
poisoned 30 4
# Its failure may come after the successes of all requests that were sent with it.
receive plain plain --poison-status 500 --poison-after 0.1
export_to 3 plain --batch-events 1 --in-flight 4
dead 4 500
account plain dead 1 30
dismiss

# ---- a target that is down, from the start or from some record on ----
registry p.db 10
down=$(printf '{"status": 503}, %.0s' {1..40})
for kind in hec bulk plain; do
    for first in '' '"ok", "ok", '; do
        plan "[$first${down%, }]"
        receive $kind $kind --plan plan.json
        export_to 1 $kind --batch-events 2 --retries 12
        has err "given up after 13 attempt(s): HTTP 503"
        [ ! -s dead ] || fail "$kind is down, and rejects: $(cut -c 1-300 dead)"
        dismiss
        plan "[$first${down%, }]"
        receive $kind $kind --plan plan.json
        export_to 0 $kind --batch-events 5 --retries 50
        account $kind none 1 10
        [ ! -s dead ] || fail "$kind was down, and rejects: $(cut -c 1-300 dead)"
        dismiss
    done
done
# All documents fail, each by itself; and more of them than are anybody's fault.
failing=$(printf '{"items": {"all": 503}}, %.0s' {1..9})
plan "[${failing%, }]"
receive bulk bulk --plan plan.json
export_to 1 bulk
[ ! -s dead ] || fail "an index that takes nothing rejects"
registry p.db 40 "UPDATE events SET user_agent = 'poison' WHERE id % 4 = 0;"
receive bulk bulk --poison-status 503
export_to 1 bulk
[ ! -s dead ] || fail "a shard that is down rejects"
# An indexer that is busy takes a few at a time, and has not looked at the others.
registry p.db 14
busy=$(printf '{"code": 9, "number": 1}, %.0s' {1..13})
plan "[${busy%, }]"
receive hec hec --plan plan.json
export_to 0 hec --retries 1
account hec none 1 14
# One that says when to come again is busy.
busy=$(printf '{"status": 503, "retry_after": 0}, %.0s' {1..40})
registry p.db 10
plan "[${busy%, }]"
receive plain plain --plan plan.json
export_to 0 plain --retries 50
account plain none 1 10

# ---- an export that follows goes on ----
poisoned 6 3
receive follows plain --poison-status 500
rm -f dead
# shellcheck disable=SC2086
"$program" export --db p.db --registry-id reg ${options[plain]} --url "$url" "${quick[@]}" --dead-letter dead --follow \
    --checkpoint follows.cp 2>err &
child=$!
until_true has_lines dead 1
dead 3 500
until_true has_lines follows/stored.jsonl 5
kill -TERM $child
wait $child || fail "an export that follows: $(cat err)"
account follows dead 1 6
finish
