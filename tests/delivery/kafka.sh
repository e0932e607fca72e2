#!/usr/bin/env bash
# Exports to the mock cluster that librdkafka has in it: options, secrets, the dead letter, the checkpoint.
# Usage: kafka.sh PROGRAM
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
make_registry r.db "$(many 3)"
to_mock=(--to kafka --brokers 127.0.0.1:1 --topic t --kafka test.mock.num.brokers=1)
export_events=(export --db r.db --registry-id reg --format ecs)

# ---- ordinary ----
run 0 "${export_events[@]}" "${to_mock[@]}"
has err "exported 3 event(s) as ecs to 127.0.0.1:1"
run 0 export --db r.db --registry-id reg "${to_mock[@]}"
has err "exported 3 event(s) as event"
run 0 ping "${to_mock[@]}" --canary
has out "canary sent"

# ---- with a position: what is confirmed is not sent again ----
run 0 "${export_events[@]}" "${to_mock[@]}" --checkpoint r.cp
has err "exported 3 event(s)"
sqlite3 r.db "$(many 2)"
run 0 "${export_events[@]}" "${to_mock[@]}" --checkpoint r.cp
has err "exported 2 event(s)"

# ---- one record that is too large: it alone, to the dead letter, from where it is replayed ----
sqlite3 r.db "INSERT INTO events (token_id, kind, extra, timestamp) VALUES (hex(zeroblob(2000)), 'dns', '{}', 1)"
run 3 "${export_events[@]}" "${to_mock[@]}" --kafka message.max.bytes=2000 --dead-letter refused.jsonl
has err "exported 5 event(s)"
lines refused.jsonl 1
has refused.jsonl "Message size too large"
run 0 replay refused.jsonl "${to_mock[@]}"
[ ! -s refused.jsonl ] || ! grep -q '[^ ]' refused.jsonl || fail "the dead letter still holds: $(cat refused.jsonl)"

# ---- what would be sent ----
run 0 "${export_events[@]}" --to kafka --brokers h:1 --topic t --limit 1 --dry-run --kafka-key event
has out "PRODUCE t at h:1"
has out "oversight-registry-id: reg"
has out "oversight-format: ecs"
grep -qE '^key: [A-Za-z0-9_-]{28}$' out || fail "there is no key: $(cat out)"
has err "would send 1 event(s)"

# ---- an outage ends with its reason ----
run 1 "${export_events[@]}" --to kafka --brokers 127.0.0.1:1 --topic t --timeout 0.3 --retries 1 --retry-base 0
has err "given up after 2 attempt(s): no confirmation within 0.3 s: 127.0.0.1:1/bootstrap: Connect to"

# ---- properties and secrets ----
run 2 "${export_events[@]}" --to kafka --brokers h --topic t --kafka no.such=1
has err '--kafka: No such configuration property: "no.such"'
run 2 "${export_events[@]}" --to kafka --brokers h --topic t --kafka bootstrap.servers=h
has err "--kafka bootstrap.servers: the option --brokers sets it"
run 4 "${export_events[@]}" --to kafka --brokers h --topic t --kafka sasl.password=file:none
has err "--kafka sasl.password: cannot open 'none'"
run 0 "${export_events[@]}" "${to_mock[@]}" --kafka sasl.password=hunter2hunter2
has err "sasl.password in --kafka is given as it is"
lacks err hunter2
printf hunter2hunter2 >password
chmod 644 password
chmod 755 .
run 0 "${export_events[@]}" "${to_mock[@]}" --kafka sasl.password=file:password --kafka debug=all --kafka log_level=7
has err "other users can read or change 'password'"
lacks err hunter2
finish
