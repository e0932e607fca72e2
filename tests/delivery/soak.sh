#!/usr/bin/env bash
# 200,000 events through targets that fail 30 % of the requests in mixed ways: delivered and refused
# together are what was sent. EVENTS makes it longer or shorter.
. "$(dirname "$0")/../cli/check.sh"
. "$root/tests/delivery/delivery.sh"
events=${EVENTS:-200000}
registry r.db "$events" "UPDATE events SET user_agent = 'poison' WHERE id % 10007 = 0;"
poison=$((events / 10007))
export TOKEN=soak-token

# soak KIND OPTION...: exports through the receiver that was started, and says what came of it.
soak() {
    local kind=$1
    shift
    run 3 export --db r.db --registry-id r --to "$kind" --url "$url" "$@" --in-flight 4 --batch-events 500 \
        --dead-letter dead.jsonl --retries 100 "${quick[@]}"
    has err "exported $(grouped $((events - poison))) event(s)"
    has err "$(grouped "$poison") event(s) refused"
    lines dead.jsonl "$poison"
}

# An answer that is lost after the events were stored cannot be told from one that never was: HEC has no
# ids, so those events are there twice. They are counted, and none is missing.
receive hec hec --token "$TOKEN" --fail-rate 0.3 --seed 1
soak splunk --token env:TOKEN
account hec dead.jsonl 1 "$events" twice
twice=$(($(count hec stored) - events + poison))
lost=$(grep -c '"fault": "reset-answer"' hec/requests.jsonl || true)
echo "hec: $(count hec requests) requests, $lost with the answer lost after storing, $twice events stored again"
[ "$twice" -le $((lost * 500)) ] || fail "$twice events are stored again, and only $lost answers were lost"
dismiss
rm dead.jsonl

receive bulk bulk --fail-rate 0.3 --seed 2
soak elastic
account bulk dead.jsonl 1 "$events"
echo "bulk: $(count bulk requests) requests, each event once"
dismiss
finish
