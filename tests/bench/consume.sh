#!/usr/bin/env bash
# Measures exports from a topic of a real broker to files by 1, 2 and 4 consumers of a group, and from a commit of the
# registry to the line of a consumer: medians. What an event costs of the processors goes to a file for fleet.py.
# Usage: tests/bench/consume.sh [EVENTS [RUNS [COSTS]]]     (default: 400000 events, 5 runs, no file)
# The consumers join their group first, and are stopped while the topic is filled: joining is not measured. All is in
# /dev/shm; the broker is a program of its own on the same machine, and its time is part of what is seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${1:-400000}
runs=${2:-5}
costs=${3:+$(realpath -m "$3")}
export TMPDIR=/dev/shm
# shellcheck source=tests/cli/check.sh
source tests/cli/check.sh build/oversight-siem
# shellcheck source=tests/integration/servers/kafka.sh
source "$root/tests/integration/servers/kafka.sh"
has_feature kafka || cannot "this build omits the feature kafka"
prepare_broker
start_broker num.partitions=4 offsets.topic.num.partitions=3

{ echo ".parameter init"; echo ".parameter set :events $events"; cat "$root/tests/bench/registry.sql"; } | sqlite3 r.db >/dev/null
"$program" export --db r.db --registry-id bench --format ecs --output direct.jsonl --quiet
bytes=$(stat -c %s direct.jsonl)
rm direct.jsonl
make_registry first.db "$(many 200)"
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# used PID: the seconds of the processors that it has had.
used() { awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' "/proc/$1/stat"; }
per_event() { awk -v a="$1" -v b="$2" -v n="$events" 'BEGIN { printf "%.3f\n", (b - a) * 1e6 / n }'; }
# Messages are spread over the partitions, as those of many registries are.
ship() { "$program" export --db "$1" --registry-id "$2" --to kafka --brokers "$brokers" --topic "$3" --kafka-key event --quiet; }

written() { stat -c %s ./*.jsonl | awk '{ sum += $1 } END { print sum + 0 }'; }
has_written() { [ "$(written)" -ge "$1" ]; }
each_has_some() { for file; do [ -s "$file.jsonl" ] || return 1; done; }

# consume COUNT TOPIC: so many consumers export a topic of its own; the seconds are appended to consume-COUNT.
consume() {
    local names=() pids=() count=$1 topic=$2 before start broker_before consumers_before consumers_after
    ship first.db first "$topic"
    for ((number = 1; number <= count; number++)); do
        names+=("c$number")
        "$program" export --from kafka --brokers "$brokers" --topic "$topic" --group "$topic" --follow --format ecs \
            --output "c$number.jsonl" 2>"c$number.log" &
        pids+=("$!")
    done
    for ((tries = 0; tries < 60; tries++)); do # each has a partition
        each_has_some "${names[@]}" && break
        ship first.db "again-$tries" "$topic"
        sleep 1
    done
    each_has_some "${names[@]}" || { fail "a consumer gets nothing: $(cat ./c?.log)"; exit 1; }
    sleep 2
    before=$(written)
    kill -STOP "${pids[@]}"
    broker_before=$(used "$broker") start=$EPOCHREALTIME
    ship r.db bench "$topic"
    echo "$EPOCHREALTIME $start" | awk '{ printf "%.3f\n", $1 - $2 }' >>produce
    per_event "$broker_before" "$(used "$broker")" >>broker-write
    broker_before=$(used "$broker") consumers_before=0 consumers_after=0
    for pid in "${pids[@]}"; do consumers_before=$(awk "BEGIN { print $consumers_before + $(used "$pid") }"); done
    start=$EPOCHREALTIME
    kill -CONT "${pids[@]}"
    until_within 120 has_written $((before + bytes)) || { fail "$(written) of $((before + bytes)) bytes: $(cat c1.log)"; exit 1; }
    echo "$EPOCHREALTIME $start" | awk '{ printf "%.3f\n", $1 - $2 }' >>"consume-$count"
    per_event "$broker_before" "$(used "$broker")" >>broker-read
    for pid in "${pids[@]}"; do consumers_after=$(awk "BEGIN { print $consumers_after + $(used "$pid") }"); done
    per_event "$consumers_before" "$consumers_after" >>"processor-$count"
    kill -TERM "${pids[@]}"
    wait "${pids[@]}" || fail "a consumer ends with an error: $(cat c1.log)"
    rm ./*.jsonl
}

for ((run = 1; run <= runs; run++)); do
    for count in 1 2 4; do consume $count "raw-$count-$run"; done
done
python3 "$root/tests/bench/latency.py" "$program" "$brokers" >latency
end_broker TERM

rate() { awk -v n="$events" -v s="$(median "$1")" 'BEGIN { printf "%.0f", n / s }'; }
printf '%-34s %12s %18s\n' "$events events, $runs runs" "events/s" "processor, us"
printf '%-34s %12s\n' "to a topic of 4 partitions" "$(rate produce)"
for count in 1 2 4; do
    printf '%-34s %12s %18s\n' "to files, $count consumer(s)" "$(rate consume-$count)" "$(median processor-$count)"
done
printf 'the broker, of an event: %s us of a processor to write it, %s us to read it\n' "$(median broker-write)" "$(median broker-read)"
printf 'from a commit to the line of a consumer: median %s ms, 95 %% %s ms\n' "$(cut -d' ' -f1 latency)" "$(cut -d' ' -f2 latency)"
[ -z "$costs" ] || cat >"$costs" <<J
{
  "machine": "$(nproc) cores, which the broker shares; $(date -u +%F)",
  "producer": $(rate produce),
  "consumers": {"file": $(rate consume-1)},
  "broker": {"write_us": $(median broker-write), "read_us": $(median broker-read)},
  "latency_ms": $(cut -d' ' -f1 latency)
}
J
finish
