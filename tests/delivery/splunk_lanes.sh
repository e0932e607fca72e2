#!/usr/bin/env bash
# HEC: acknowledgement by indexers behind a balancer, and when they are asked for it.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=hec-secret

# export_to STATUS DB [OPTION]...: to the receiver that was started last.
export_to() {
    local expected=$1 db=$2
    shift 2
    run "$expected" export --db "$db" --registry-id reg --to splunk --url "$url" "${quick[@]}" --token env:TOKEN "$@"
}

registry ten.db 10
acked=(--ack --ack-pause 0.05)
channel="one['headers']['x-splunk-request-channel']"

# ---- lanes ----
# What waits for an ack at the same time has a channel and cookies of its own; the questions go where the events went.
receive lanes hec --ack --nodes A,B --ack-polls 3
registry many.db 200
export_to 0 many.db "${acked[@]}" --batch-events 10 --in-flight 3
account lanes none 1 200
holds lanes "len({(one['node'], $channel) for one in requests}) == len({$channel for one in requests}) <= 4"
holds lanes "{one['node'] for one in data} == {'A', 'B'} and len(data) == 20"
holds lanes "all('cookie' in one['headers'] for one in requests if one['path'].endswith('/ack'))"
# A sink keeps its lanes: an indexer holds no channel for each time that something is sent.
cat >again.lua <<'L'
local siem = require "oversight.siem"
local mapping = siem.format.load "splunk":compile()
local sink = assert(siem.sink.splunk { url = arg[1], token = "env:TOKEN", ack = true, ack_pause = 0.05, in_flight = 1 })
for i = 1, 5 do
  local batch = siem.batch.open()
  local event = siem.from_registry_row({ id = i, kind = "dns", timestamp = i }, { registry_id = "reg" })
  assert(batch:write(mapping, event))
  assert(sink:send(batch) == 1)
end
assert(sink:close())
L
receive again hec --ack --ack-polls 0 --nodes A,B
run 0 again.lua "$url"
account again none 1 5
holds again "len({$channel for one in requests}) == len({one['node'] for one in requests}) == 1"
# A loses what it takes, and never acknowledges it: an ack of B is not taken for one of A, and A is left.
for in_flight in 1 2; do
    receive balanced hec --ack --nodes A,B --lossy A --ack-polls 0
    export_to 0 many.db "${acked[@]}" --ack-timeout 0.4 --batch-events 50 --in-flight $in_flight --retries 50
    account balanced none 1 200
    adds_up balanced 200
    holds balanced "{one['node'] for one in data} == {'A', 'B'}"
    holds balanced "all(one['stored'] == 0 for one in data if one['node'] == 'A')"
    dismiss
done
# "true" is said once: when that answer is lost, the events are sent again.
plan '["ok", "reset-answer"]'
receive once hec --ack --ack-polls 0 --plan plan.json --fault-tokens
export_to 0 ten.db "${acked[@]}" --ack-timeout 0.3
account once none 1 10 twice
holds once "sum(one['path'].endswith('/event') for one in requests) == 2"
# A rejected event leaves those before it without an ack.
registry single.db 20 "UPDATE events SET token_id = 'poison' WHERE id = 7;"
receive part hec --ack
export_to 3 single.db "${acked[@]}" --dead-letter single.dead
account part single.dead 1 20 twice
lines single.dead 1
holds part "[one['stored'] for one in data] == [6, 19]"
# An answer that says where it stopped acknowledges nothing: with acks, only those count.
plan '[{"code": 9, "number": 4}]'
receive part hec --ack --plan plan.json
export_to 0 ten.db "${acked[@]}"
account part none 1 10 twice
holds part "[one['stored'] for one in data] == [4, 10]"

# ---- pauses between questions ----
# The first one is soon, and they double; the default of ten seconds is the longest.
receive soon hec --ack --ack-polls 0
SECONDS=0
export_to 0 ten.db --ack
[ $SECONDS -lt 8 ] || fail "the first question came after $SECONDS s"
receive doubled hec --ack --ack-polls 3
export_to 0 ten.db --ack
holds doubled "len(requests) == 5 and requests[-1]['time'] - requests[0]['time'] >= 0.75"
receive bounded hec --ack --ack-polls 7
export_to 0 ten.db --ack --ack-pause 0.15
holds bounded "len(requests) == 9 and requests[-1]['time'] - requests[0]['time'] < 10" # else 12.8
# They do not outlast patience.
plan '[{"ack": "never"}, "ok"]'
receive patient hec --ack --plan plan.json --ack-polls 0
SECONDS=0
export_to 0 ten.db --ack --ack-timeout 0.5
[ $SECONDS -lt 8 ] || fail "patience ended after $SECONDS s"
account patient none 1 10 twice
finish
