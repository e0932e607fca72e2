#!/usr/bin/env bash
# Measures exports to a real broker of Kafka with one job and with two, beside kcat with the same bytes: medians of
# events a second, and as ratios to kcat.
# Usage: tests/bench/kafka.sh [EVENTS [RUNS]]     (default: 500000 events, 5 runs)
# Registry and bytes are in /dev/shm; the broker is a program of its own on the same machine, and its time is part of
# what is seen. kcat reads lines that are made already. It sends them as they are, and with as many headers of the same
# sizes; each row of ours is beside the row of kcat that sends the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-500000}
runs=${2:-5}
export TMPDIR=/dev/shm
# shellcheck source=tests/cli/check.sh
source tests/cli/check.sh build/oversight-siem
# shellcheck source=tests/integration/servers/kafka.sh
source "$root/tests/integration/servers/kafka.sh"
has_feature kafka || cannot "this build omits the feature kafka"
prepare_broker
start_broker num.partitions=1

{ echo ".parameter init"; echo ".parameter set :events $events"; cat "$root/tests/bench/registry.sql"; } | sqlite3 r.db >/dev/null
"$program" export --db r.db --registry-id bench --format ecs --output records.jsonl --quiet
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# timed NAME COMMAND...: appends the seconds that it takes.
timed() {
    local name=$1 start=$EPOCHREALTIME
    shift
    "$@"
    echo "$EPOCHREALTIME $start" | awk '{ printf "%.3f\n", $1 - $2 }' >>"$name"
}
ship() { "$program" export --db r.db --registry-id bench --format ecs --to kafka --brokers "$brokers" --quiet "$@"; }
feed() { kcat -b "$brokers" -P -k bench -z zstd -X enable.idempotence=true "$@" <records.jsonl; }
feed_headers() {
    feed -t kcat-headers -H oversight-schema=oversight-siem-1 -H oversight-format=ecs -H oversight-registry-id=bench \
        -H "oversight-event-id=$events"
}

feed -t kcat # topics are there, and programs in the page cache
feed_headers
ship --topic headers
ship --topic bare
for ((i = 0; i < runs; i++)); do
    timed kcat-bare feed -t kcat
    timed kcat-headers feed_headers
    for jobs in 1 2; do
        timed "headers-$jobs" ship --topic headers --jobs $jobs
        timed "bare-$jobs" ship --topic bare --jobs $jobs --kafka-headers none
    done
done
printf '%-34s %12s %8s\n' "$events events, $runs runs" "events/s" "x kcat"
# row TEXT NAME KCAT: both are names of files with seconds
row() {
    awk -v n="$events" -v s="$(median "$2")" -v k="$(median "$3")" -v t="$1" \
        'BEGIN { printf "%-34s %12.0f %8.2f\n", t, n / s, k / s }'
}
for kind in bare headers; do
    text=$([ $kind = bare ] && echo "without headers" || echo "with headers")
    row "kcat -P, $text" kcat-$kind kcat-$kind
    for jobs in 1 2; do row "$text, $jobs job(s)" $kind-$jobs kcat-$kind; done
done
end_broker TERM
finish
