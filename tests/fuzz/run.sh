#!/usr/bin/env bash
# Runs a fuzz target for $FUZZ_SECONDS (default 2), starting from what golden rows hold in extra and targets answer.
# Usage: run.sh TARGET
set -euo pipefail
target=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir seeds
sqlite3 odd.sqlite <"$here/../golden/odd.sql"
sqlite3 odd.sqlite "SELECT writefile('seeds/' || id, extra), writefile('seeds/row' || id,
    x'03ffff000000000000' || substr(extra, 1, 3000)) FROM events WHERE extra <> ''" >/dev/null
# Answers as targets give them: the kind, the status, the body.
printf '\1\4{"text":"bad","code":6,"invalid-event-number":1}' >seeds/hec
printf '\1\206{"text":"busy","code":9,"invalid-event-number":2}' >seeds/splunkd
printf '\2\0{"text":"ok","code":0,"ackId":4}' >seeds/ack
printf '\202\0{"acks":{"7":true}}' >seeds/acks
printf '\3\0{"items":[{"create":{"status":201}},{"create":{"status":429}},{"create":{"status":400,"error":{"type":"a","reason":"b"}}}]}' >seeds/bulk
printf '\4\4{"Error":"InvalidDataFormat","Message":"x"}' >seeds/sentinel
printf '\5\0{"access_token":"t","expires_in":"3599"}' >seeds/token
for size in 10 100 1000; do # the encoding, and what is in it
    { printf '\0' && head -c $size seeds/hec | gzip -n; } >seeds/gzip$size
    { printf '\1' && head -c $size seeds/bulk | gzip -n | tail -c +11 | head -c -8; } >seeds/deflate$size
done
printf '%s' '{"oversight_checkpoint": 1, "last_id": 7, "last_timestamp": 1, "registry_id": "r", "registry_file": "1:2",
    "format": "ecs", "sink": "file", "output_file": "1:3", "output_size": 9}' >seeds/checkpoint
printf '%s' '{"event_id":"7","registry_id":"r","event_kind":"dns","occurred_unix":5,"token_id":"\ufffd","tlog_index":1.5,
    "extra":{"a":1.10},"columns":{"mine":true},"bytes":{"token_id":"/w=="}}' >seeds/raw_event
# A line of a log, a head, a proof: the first byte says which.
hash=caa8b364f583f39e1d95bf30f7b331addebf29f97785810b124d080e2dcbbc30
printf '\0{"index":0,"leaf_hash":"%s","leaf_data":"{\\"event\\":\\"beacon\\"}"}' $hash >seeds/leaf
printf '\1{"size":3,"root":"%s","signature":"%s"}' $hash $hash$hash >seeds/head
printf '\2\1\3%s' $hash >seeds/proof
"$target" -max_total_time="${FUZZ_SECONDS:-2}" -timeout=10 -rss_limit_mb=1024 -max_len=8192 \
    -print_final_stats=1 seeds 2>log || { tail -n 40 log >&2; exit 1; }
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' log)
echo "$(basename "$target"): $runs runs, no crash"
[ "${runs:-0}" -gt 1000 ] || { echo "too few runs to mean anything" >&2; exit 1; }
