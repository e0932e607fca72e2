#!/usr/bin/env bash
# Twelve registries send 100,800 raw events to a topic of a real broker, and three consumers of one group export them.
# One is killed while the group shares the partitions again, and the broker is killed and restarted: nothing is lost,
# and the bytes and their order are those of direct exports. Then crashes, ends, lag, and a second topic.
# Usage: consume.sh PROGRAM     The status is 77 when there is no broker to be had.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../../cli/check.sh"
# shellcheck source=tests/integration/servers/kafka.sh
source "$root/tests/integration/servers/kafka.sh"
# shellcheck source=tests/delivery/delivery.sh
source "$root/tests/delivery/delivery.sh"
has_feature kafka || cannot "this build omits the feature kafka"
prepare_broker
start_broker offsets.topic.num.partitions=3
each=8400
registries=(r0{1..9} r1{0..2})
total=$((each * ${#registries[@]}))

# consume NAME: a consumer into a file of its own; $consumer is its pid.
consume() {
    "$program" export --from kafka --brokers "$brokers" --topic raw --group siem --kafka session.timeout.ms=6000 \
        --follow --format ecs --output "$1.jsonl" --dead-letter "$1.refused" >"$1.out" 2>"$1.err" &
    consumer=$!
}

# produce FIRST LAST: events of each registry up to LAST, by an export that goes on after FIRST.
produce() {
    for registry in "${registries[@]}"; do
        sqlite3 "$registry.db" "WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
            INSERT INTO events (token_id, kind, source_ip, timestamp)
            SELECT 'token-' || i, 'dns', '192.0.2.' || i % 256, 1700000000 + i FROM n;"
        run 0 export --db "$registry.db" --registry-id "$registry" --to kafka --brokers "$brokers" --topic raw \
            --checkpoint "$registry.cp"
    done
}

# What has arrived, each record once.
arrived() { cat ./?.jsonl 2>/dev/null | sort -u | wc -l; }
has_arrived() { [ "$(arrived)" -ge "$1" ]; }
complete_lines() { cat ./?.jsonl | wc -l; }

for registry in "${registries[@]}"; do make_registry "$registry.db"; done
produce 1 800
consume a
first=$consumer
until_within 60 [ -s a.jsonl ] || fail "the first consumer gets nothing: $(cat a.err)"
consume b
second=$consumer
last=800
while ! [ -s b.jsonl ]; do # until it has a partition
    [ $last -lt 1600 ] || { fail "a consumer gets nothing: $(cat b.err)"; break; }
    produce $((last + 1)) $((last + 10))
    last=$((last + 10))
done
had=$(wc -l <b.jsonl)
produce $((last + 1)) $((each - 1)) &
producer=$!
b_goes_on() { [ "$(wc -l <b.jsonl)" -gt "$had" ]; }
until_within 60 b_goes_on || fail "the second consumer gets no more: $(cat b.err)"

# The third one joins, and the second dies before the group has shared the partitions again.
consume c
third=$consumer
until_within 30 grep -q following c.err || fail "the third consumer does not start: $(cat c.err)"
[ ! -s c.jsonl ] || fail "the partitions were shared before the second consumer was killed"
kill -KILL "$second"
wait $producer || fail "a registry cannot send"
until_within 90 has_arrived $((total - ${#registries[@]})) || fail "$(arrived) of $total after a kill"
# What it had delivered since its last commit: 5,000 events, or a fifth of a second of them, and a batch.
repeated_by_kill=$(($(complete_lines) - $(arrived)))
[ "$repeated_by_kill" -le 10000 ] || fail "$repeated_by_kill line(s) more than once after a kill"

# A broker that comes back: what is read meanwhile is delivered.
end_broker KILL
until_within 30 grep -q "trying again" a.err || fail "the outage is not reported: $(cat a.err)"
start_broker offsets.topic.num.partitions=3
until_within 60 grep -q "going on" a.err || fail "a consumer does not go on: $(cat a.err)"
echo 'not an event' | kcat -b "$brokers" -P -t raw -p 0
produce $each $each
until_within 60 has_arrived "$total" || fail "$(arrived) of $total after a restart of the broker"
until_within 30 grep -qs '"event_id":"raw\[0\]@[0-9]*".*not a raw event' a.refused c.refused ||
    fail "what is not an event is not in a dead letter"
for pid in $first $third; do
    kill -TERM "$pid"
    started=$SECONDS status=0
    wait "$pid" || status=$?
    [ $status -eq 0 ] || fail "a consumer ends with status $status: $(cat a.err c.err)"
    [ $((SECONDS - started)) -lt 20 ] || fail "SIGTERM ended it after $((SECONDS - started)) s"
done

# ---- nothing is lost, the order of a registry stays, and the bytes are those of a direct export ----
for registry in "${registries[@]}"; do
    run 0 export --db "$registry.db" --registry-id "$registry" --format ecs --output "$registry.direct"
done
sort -u r??.direct >direct
# The last line of the one that was killed may be half a line.
[ -z "$(tail -c 1 b.jsonl)" ] || sed -i '$d' b.jsonl
sort -u ./?.jsonl >exported
same exported direct
for file in ./?.jsonl; do
    sed -E 's/.*"id":"([0-9]+)".*"registry_id":"(r[0-9]+)".*/\2 \1/' "$file" | awk -v file="$file" '
        !seen[$1, $2]++ { if ($2 < last[$1]) broken++; last[$1] = $2 }
        END { if (broken) print broken, "out of order in", file; exit broken > 0 }' || fail "the order is broken"
done
printf '%d event(s) of %d registries: %d line(s) more than once after kill -9, %d in all\n' "$total" \
    ${#registries[@]} "$repeated_by_kill" $(($(complete_lines) - total))

# A consumer that comes later gets nothing again: all is committed.
consume d
until_within 60 grep -q following d.err
produce $((each + 1)) $((each + 1))
until_within 60 [ -s d.jsonl ] || fail "a later consumer gets nothing: $(cat d.err)"
until_within 30 has_lines d.jsonl 12 || fail "a later consumer has $(wc -l <d.jsonl) line(s) instead of 12"
kill -TERM "$consumer"
wait "$consumer" || fail "it ends with status $?"

# ---- what a crash repeats: one consumer, killed again and again, into one file ----
touch crash.jsonl
for crash in 1 2 3; do
    "$program" export --from kafka --brokers "$brokers" --topic raw --group crash --kafka session.timeout.ms=6000 --follow \
        --format ecs --on-error skip --output crash.jsonl >crash.out 2>crash.err &
    consumer=$!
    grown() { [ "$(wc -l <crash.jsonl)" -gt $((crash * 15000)) ]; }
    until_within 60 grown || fail "nothing is exported after a crash: $(cat crash.err)"
    kill -KILL "$consumer"
    wait "$consumer" 2>/dev/null || true
done
status=0 # 3: what is not an event was not reached before
"$program" export --from kafka --brokers "$brokers" --topic raw --group crash --format ecs --on-error skip \
    --output crash.jsonl 2>crash.err || status=$?
[ $status -eq 0 ] || [ $status -eq 3 ] || fail "status $status after crashes: $(cat crash.err)"
sort r??.direct >direct
sort crash.jsonl | grep '}$' | comm -23 direct - >lost
lines lost 0
repeated=$(($(grep -c '}$' crash.jsonl) - $(sort -u crash.jsonl | grep -c '}$')))
[ "$repeated" -le 20000 ] || fail "three crashes repeat $repeated event(s)"
echo "three crashes of one consumer in full flow: $repeated line(s) more than once"

# ---- up to the end: the same bytes with one job and with two, and no event twice ----
topic=(--from kafka --brokers "$brokers" --topic raw)
for jobs in 1 2; do
    run 3 export "${topic[@]}" --group "drain-$jobs" --format ecs --jobs $jobs --output "$jobs.drained" --dead-letter refused
    has err "exported $(grouped $((total + 12))) event(s)"
    for registry in "${registries[@]}"; do
        grep "\"registry_id\":\"$registry\"" "$jobs.drained" | sed -n "1,${each}p" >one.drained
        same one.drained "$registry.direct"
    done
done
run 0 export "${topic[@]}" --group drain-2 --format ecs --output again.drained
has err "exported 0 event(s)"

# Two members at once: each ends with its own partitions, also when the second one joins while the first one reads.
drainers=()
for member in 1 2; do
    "$program" export "${topic[@]}" --group together --format ecs --on-error skip --output $member.together \
        2>$member.together.err &
    drainers+=($!)
done
for pid in "${drainers[@]}"; do
    status=0
    wait "$pid" || status=$?
    [ $status -eq 0 ] || [ $status -eq 3 ] || fail "status $status of two members: $(cat ./?.together.err)"
done
sort -u ./?.together >together
sort 2.drained >drained
same together drained

# ---- how far a group is ----
run 0 status "${topic[@]}" --group drain-2
has out "Behind        nothing: all messages are done"
run 0 status "${topic[@]}" --group another --json
has out "\"lag_events\":$((total + 13)),\"partitions\":[{\"end_offset\":"
run 0 status "${topic[@]}" --group another
has out "the group has not begun"

# ---- from one topic to another ----
run 3 export "${topic[@]}" --group relay --to kafka --to-topic ecs --format ecs --on-error skip --kafka-key event
read_topic ecs '%s\n' | sort >relayed
same relayed drained
# The id is that of a direct export, so that elastic stores an event once, by whichever road and however often it comes.
run 0 export --db r01.db --registry-id r01 --to kafka --brokers "$brokers" --topic direct-ecs --format ecs --kafka-key event
read_topic direct-ecs '%k %s\n' | sort >direct.ids
read_topic ecs '%k %s\n' | grep '"registry_id":"r01"' | sort >relayed.ids
same relayed.ids direct.ids

# What a crash repeats is stored once: documents of an index have the ids of their events.
receive store bulk
elastic=("${topic[@]}" --group store --kafka session.timeout.ms=6000 --to elastic --url "$url" --on-error skip)
"$program" export "${elastic[@]}" --follow >store.out 2>store.err &
consumer=$!
has_stored() { [ "$(count store stored)" -gt 20000 ]; }
until_within 60 has_stored || fail "elastic gets nothing: $(cat store.err)"
kill -KILL "$consumer"
wait "$consumer" 2>/dev/null || true
run 3 export "${elastic[@]}"
records store | sort >stored
same stored drained
echo "stored once after a crash: $(grep -o '[0-9,]* .*already.*' err | head -n 1)"
dismiss

end_broker TERM
run 1 status "${topic[@]}" --group siem
has err "no broker says how far the group is"
finish
