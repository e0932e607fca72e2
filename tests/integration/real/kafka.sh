#!/usr/bin/env bash
# Exports to a real broker of Kafka, which is killed meanwhile, and whose limits are met.
# Usage: kafka.sh PROGRAM     The status is 77 when there is no broker to be had.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../../cli/check.sh"
# shellcheck source=tests/integration/servers/kafka.sh
source "$root/tests/integration/servers/kafka.sh"
has_feature kafka || cannot "this build omits the feature kafka"
prepare_broker
start_broker
to_kafka=(--to kafka --brokers "$brokers")

# ---- the same bytes as a direct export, in each format ----
sqlite3 odd.db <"$root/tests/golden/odd.sql"
for format in event splunk ecs sentinel; do
    run 0 export --db odd.db --registry-id odd --format $format "${to_kafka[@]}" --topic "odd-$format"
    run 0 export --db odd.db --registry-id odd --format $format --output "$format.jsonl"
    read_topic "odd-$format" '%s\n' >read.jsonl
    same read.jsonl "$format.jsonl"
done
[ "$(read_topic odd-ecs '%k %h\n' | head -n 1)" = "odd oversight-schema=oversight-siem-1,oversight-format=ecs,$(
    )oversight-registry-id=odd,oversight-event-id=$(sed -n '1s/.*"event_id":"\([0-9]*\)".*/\1/p' event.jsonl)" ] ||
    fail "a message has other headers: $(read_topic odd-ecs '%k %h\n' | head -n 1)"
run 0 ping "${to_kafka[@]}" --topic odd-ecs
has out "topic odd-ecs has 3 partition(s), on 1 broker(s)"

run 0 export --db odd.db --registry-id odd --format ecs "${to_kafka[@]}" --topic odd-ecs --checkpoint odd.cp

# ---- credentials: wrong ones are held, and read again by who waits for an answer ----
guarded_by=(--to kafka --brokers "$guarded" --topic odd-ecs --kafka security.protocol=SASL_PLAINTEXT
    --kafka sasl.mechanisms=PLAIN --kafka sasl.username=oversight --kafka sasl.password=file:password)
(umask 077 && echo wrong-wrong >password)
run 4 export --db odd.db --registry-id odd --format ecs "${guarded_by[@]}"
has err "correct the credentials"
lacks err wrong-wrong
run 4 ping "${guarded_by[@]}"
has err "correct the credentials"
run 4 reconcile --db odd.db --checkpoint odd.cp "${guarded_by[@]}"
echo right >password
run 0 ping "${guarded_by[@]}"
run 0 export --db odd.db --registry-id odd --format ecs "${guarded_by[@]}"

# ---- a broker that is killed and comes back: nothing is lost, and the order stays ----
events=100000
make_registry many.db "$(many $events)"
"$program" export --db many.db --registry-id many --format ecs "${to_kafka[@]}" --topic many --checkpoint many.cp \
    --batch-events 100 --in-flight 2 --timeout 10 --retries 1000 --retry-cap 1 >export.out 2>export.err &
export_pid=$!
until_within 60 [ -e many.cp ] || fail "nothing is confirmed"
end_broker KILL
kill -0 $export_pid 2>/dev/null || fail "the export ended before the broker was killed"
start_broker
status=0
wait $export_pid || status=$?
[ $status -eq 0 ] || { fail "the export ends with status $status"; cat export.err; }
read_topic many '%p %s\n' | sed -E 's/^([0-9]+) .*"event":\{[^}]*"id":"([0-9]+)".*/\1 \2/' >arrived
awk -v events=$events '
    { partitions[$1]; if (!seen[$2]++) { if ($2 < last) broken++; last = $2 } else again++ }
    END {
        for (i = 1; i <= events; i++) missing += !seen[i]
        printf "%d event(s): %d missing, %d out of order, %d more than once, in %d partition(s)\n", events, missing, broken,
            again, length(partitions)
        exit missing + broken > 0 || length(partitions) != 1
    }' arrived >summary || fail "after a kill"
cat summary
run 1 reconcile --db many.db --checkpoint many.cp "${to_kafka[@]}" --topic odd-event
lacks out "[ok]"
status=0
"$program" reconcile --db many.db --checkpoint many.cp "${to_kafka[@]}" --topic many >out || true
has out "100000 event(s) up to id 100000: "
lacks out "missing:"

# ---- an export that follows ends soon after SIGTERM, while no broker is there ----
end_broker TERM
"$program" export --db many.db --registry-id many --format ecs "${to_kafka[@]}" --topic many --follow --checkpoint new.cp \
    >follow.out 2>follow.err &
follower=$!
until_within 30 grep -q "Connection refused" follow.err || fail "the outage is not reported: $(cat follow.err)"
kill -TERM $follower
started=$SECONDS
wait $follower || true
[ $((SECONDS - started)) -lt 20 ] || fail "SIGTERM ended it after $((SECONDS - started)) s"

# ---- limits of a broker: records that are too large, a topic that nobody made ----
start_broker message.max.bytes=100000 auto.create.topics.enable=false
make_registry large.db "INSERT INTO events (token_id, kind, extra, timestamp)
    SELECT 'token', 'dns', json_object('x', hex(randomblob(CASE value % 40 WHEN 7 THEN 60000 ELSE 500 END))), value
    FROM generate_series(1, 200);"
run 3 export --db large.db --registry-id large --format ecs "${to_kafka[@]}" --topic many --dead-letter refused.jsonl \
    --compress none
has err "5 event(s) refused and kept in refused.jsonl"
lines refused.jsonl 5
has refused.jsonl "Message size too large"
[ "$(read_topic many '%k\n' | grep -c '^large$')" -eq 195 ] || fail "$(read_topic many '%k\n' | grep -c '^large$') records arrived"
run 4 export --db odd.db --registry-id odd --format ecs "${to_kafka[@]}" --topic nowhere \
    --kafka topic.metadata.propagation.max.ms=1000
has err "create the topic"
run 4 ping "${to_kafka[@]}" --topic nowhere
has err "there is no topic nowhere"
end_broker TERM
finish
