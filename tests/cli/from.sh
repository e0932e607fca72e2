#!/usr/bin/env bash
# A topic as source: its options, and an export while no broker is there.
# Usage: from.sh PROGRAM
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
from=(--from kafka --brokers 127.0.0.1:1 --topic t --group g)

# wrong MESSAGE ARGUMENT...: the arguments are refused with that message.
wrong() {
    local message=$1
    shift
    run 2 export --format ecs "$@"
    has err "$message"
}

wrong "--from takes kafka" --from mqtt --follow
wrong "--jobs is a number from 1 to 64" "${from[@]}" --follow --jobs 65
wrong "--from kafka needs --brokers" --from kafka --follow
wrong "--from kafka needs --group" --from kafka --follow --brokers h:1 --topic t
for option in "--db r.db" "--registry-id r" "--since 1" "--checkpoint c" "--wait" "--tlog l" "--receipt r"; do
    # shellcheck disable=SC2086 # an option and its value
    wrong "${option%% *} is about one registry: it does not go with --from" "${from[@]}" --follow $option
done
wrong "are of --from: give --to-topic for --to kafka" "${from[@]}" --to kafka
wrong "--to-topic is the topic that is read" "${from[@]}" --to kafka --to-topic t
wrong "--to-topic needs --from kafka and --to kafka" "${from[@]}" --to-topic u
wrong "--to-kafka needs --from kafka and --to kafka" --db r.db --registry-id r --to kafka --brokers h:1 --topic t --to-kafka a=b
wrong "--group needs --from" --db r.db --registry-id r --group g
wrong "--handover needs --from" --db r.db --registry-id r --handover 1
wrong "--brokers needs --to" --db r.db --registry-id r --brokers h:1
wrong "--db FILE|PATTERN is missing" --registry-id r

cat >wrong.lua <<'L'
local siem = require "oversight.siem"
local source = assert(siem.source.kafka { brokers = "127.0.0.1:1", topic = "t", group = "g" })
local function message(definition)
  definition.source, definition.format, definition.sink = source, "ecs", "-"
  return select(2, pcall(siem.pipeline, definition)) .. "\n"
end
io.write(message { checkpoint = "c" }, message { follow = true, wait = true })
io.write(select(2, pcall(siem.source.kafka, { colour = "red" })), "\n", select(2, pcall(siem.source.kafka)), "\n")
io.write(select(2, siem.source.kafka { brokers = "h:1", topic = "t" }), "\n")
source:close()
local ended = siem.pipeline { source = source, format = "ecs", sink = "closed.jsonl", follow = true }
io.write(tostring(select(2, pcall(ended.run, ended))), "\n")
L

if ! has_feature kafka; then
    run 2 export --format ecs "${from[@]}" --follow
    has err librdkafka-dev
    finish
    exit
fi

"$program" run wrong.lua >out 2>err || true
has out "checkpoint is of one registry: a source keeps its position by itself"
has out "wait is of one registry"
has out 'source.kafka: there is no key "colour"'
has out "a source takes a table of options"
has out "group is missing"
has out "closed"

wrong "--kafka: No such configuration property" "${from[@]}" --follow --kafka no.such=1
wrong "--to-kafka: No such configuration property" "${from[@]}" --to kafka --to-topic u --to-kafka no.such=1
wrong "--to-kafka: No such configuration property" "${from[@]}" --to kafka --to-topic u --to-brokers h:1 --to-kafka no.such=1
wrong "--kafka-key" "${from[@]}" --to kafka --to-topic u --kafka-key colour
wrong "--handover" "${from[@]}" --follow --handover -1

# How far the group is: nobody can be asked.
run 2 status --from kafka --brokers 127.0.0.1:1 --topic t
has err "--from kafka needs --group"
run 2 status cp "${from[@]}"
has err "CHECKPOINT does not go with --from"
run 2 status
has err "--db FILE|PATTERN is missing"
run 1 status "${from[@]}"
has err "no broker says how far the group is"

# A cluster of librdkafka's own, without a message.
empty=(--from kafka --brokers h:1 --topic t --group g --kafka test.mock.num.brokers=1)
run 0 status "${empty[@]}"
has out "Group         g"
has out "Partition 0   nothing, at offset 0"
has out "Behind        nothing: all messages are done"
run 0 status "${empty[@]}" --json
has out '"group":"g","lag_events":0,"partitions":[{"end_offset":0,"lag_events":0,"partition":0}'
run 0 export --format ecs "${empty[@]}" --output empty.jsonl
has err "exported 0 event(s)"
run 0 export "${empty[@]}" --to kafka --to-topic u
has err "exported 0 event(s) as event"
"$program" export --format ecs "${empty[@]}" --follow --output empty.jsonl --metrics numbers 2>numbers.err &
follower=$!
for ((i = 0; i < 600; i++)); do
    ! grep -qs 'partition_lag_events{pipeline="ecs",partition="0"} 0' numbers || break
    sleep 0.1
done
has numbers 'oversight_siem_partition_lag_events{pipeline="ecs",partition="0"} 0'
kill -TERM $follower
wait $follower || fail "it ends with status $?"

# Up to the end of the topic: without a broker there is none to be found.
run 1 export --format ecs "${from[@]}" --output drained.jsonl
has err "topic t: "
has err "exported 0 event(s)"

# Brokers are waited for; a request to stop is not kept waiting by them.
: >follow.err
"$program" export --format ecs "${from[@]}" --follow --output out.jsonl >follow.out 2>follow.err &
follower=$!
for ((i = 0; i < 600; i++)); do
    ! grep -q "trying again" follow.err || break
    sleep 0.1
done
has follow.err "trying again"
lacks follow.err "there is no checkpoint"
kill -TERM $follower
started=$SECONDS status=0
wait $follower || status=$?
[ $status -eq 0 ] || fail "it ends with status $status"
[ $((SECONDS - started)) -lt 10 ] || fail "SIGTERM ended it after $((SECONDS - started)) s"
has follow.err "stopped"

# The unit of a group: two members of it, as systemd starts them, with files of their own.
mkdir credentials
echo hunter2 >credentials/kafka.password
chmod 600 credentials/kafka.password
export CREDENTIALS_DIRECTORY=$work/credentials LOGS_DIRECTORY=$work STATE_DIRECTORY=$work
members=()
for member in one two; do
    line=$(sed -n '/^ExecStart=/,/[^\\]$/p' "$root/examples/systemd/oversight-siem@.service" |
        sed "s,^ExecStart=/usr/local/bin/oversight-siem,$program,; s/CHANGE-ME:9093/127.0.0.1:1/; s/%i/$member/g; s/%H/host/g")
    bash -c "exec $line" >"$member.out" 2>"$member.err" &
    members+=($!)
done
for member in one two; do
    until_true grep -q "trying again" "$member.err"
    until_true test -s "$member.prom"
    [ -e "$member.jsonl" ] || fail "$member has no output file: $(cat "$member.err")"
done
kill -TERM "${members[@]}"
for member in "${members[@]}"; do wait "$member" || fail "a member ends with status $?"; done
finish
