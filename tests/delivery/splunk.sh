#!/usr/bin/env bash
# HEC: records as the file sink has them, what every code means, whose event is at fault, and sizes.
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

# ---- ordinary ----
registry ten.db 10
for name in odd ordinary; do sqlite3 $name.db <"$root/tests/golden/$name.sql"; done
run 0 export --db odd.db --registry-id reg --format splunk --output odd.jsonl
run 0 export --db ordinary.db --registry-id reg --format splunk --output ordinary.jsonl
# shellcheck disable=SC2086 # each is a word
for compress in "${compressions[@]}"; do
    receive plain-$compress hec --token "$TOKEN" --strict-keys
    export_to 0 odd.db --compress $compress --batch-bytes 4000 --in-flight 1
    records plain-$compress >sent.jsonl
    same odd.jsonl sent.jsonl
    adds_up plain-$compress 33
    holds plain-$compress "len(data) == 5 and all(one['gzip'] == ('$compress' == 'gzip') for one in data)"
    holds plain-$compress "all(one['headers']['authorization'] == 'Splunk $TOKEN' for one in data)"
    holds plain-$compress "all(one['path'] == '/services/collector/event' for one in data)"
    # Several at once may arrive in any order; all of them do, each once.
    receive many-$compress hec --token "$TOKEN"
    export_to 0 ordinary.db --compress $compress --batch-events 7 --in-flight 4
    records many-$compress | sort >sent.jsonl
    sort ordinary.jsonl | cmp -s - sent.jsonl || fail "$compress: other records than in the file"
    holds many-$compress "sorted(one['stored'] for one in data) == [4] + [7] * 28"
    holds many-$compress "1 < len({one['connection'] for one in data}) <= 8"
done
receive one hec --token "$TOKEN"
export_to 0 ordinary.db
records one >sent.jsonl
same ordinary.jsonl sent.jsonl
holds one "len(data) == 1"
# The address of the endpoint itself serves as well.
run 0 export --db ten.db --registry-id reg --to splunk --url "$url/services/collector/event" --token env:TOKEN
holds one "data[-1]['path'] == '/services/collector/event' and data[-1]['stored'] == 10"

run 0 export --db ten.db --registry-id reg --to splunk --url "$url/base/services/collector" --token env:TOKEN --dry-run
has out "POST $url/base/services/collector/event"
for wrong in "$url?token=x" "$url/services/collector/event?x=1" "$url#x"; do
    run 2 export --db ten.db --registry-id reg --to splunk --url "$wrong" --token env:TOKEN
    has err "--url ends before '?' and '#'"
done

# ---- codes that ask for another attempt, and those that ask to slow down ----
plan '[{"code": 8}, "ok", {"code": 9}, "ok", {"code": 18}, "ok", {"code": 19}, "ok", {"code": 20}, "ok",
    {"code": 23}, "ok", {"code": 26}, "ok", {"code": 27}]'
receive retried hec --plan plan.json
export_to 0 ten.db --batch-events 1 --in-flight 1
account retried none 1 10
adds_up retried 10
has err "8 request(s) had to be made again"
holds retried "statuses == [500, 200] + [503, 200] * 5 + [429, 200] * 2 + [200] * 2"
plan '["ok", {"code": 24}, {"code": 25}, {"code": 17}]'
receive slowed hec --plan plan.json
export_to 0 ten.db --batch-events 2 --in-flight 1
account slowed none 1 10
lacks err "made again"
holds slowed "[pause >= 0.99 for pause in pauses] == [False, True, True, False]"

# ---- only a code of HEC delivers ----
plan '[{"status": 204}, {"status": 202}, {"status": 201, "body": "{}"}, {"status": 200, "body": {"code": "0"}},
    {"status": 200, "body": {"code": 0.5}}, {"status": 200, "body": [0]}, "html", "garbage",
    {"status": 503, "body": {"code": 0, "text": "Success"}}, {"status": 503, "body": {"code": 28, "text": "new"}},
    {"status": 200, "body": {"code": 28, "text": "new"}}]'
receive fooled hec --plan plan.json
for ((i = 0; i < 11; i++)); do
    ack=()
    [ $((i % 2)) -eq 0 ] || ack=(--ack)
    export_to 1 ten.db --retries 0 --dead-letter fooled.dead "${ack[@]}"
    has err "exported 0 event(s)"
    has err "10 event(s) left"
    [ $i -gt 5 ] || has err "the answer is not that of HEC"
done
holds fooled "len(data) == 11 and stored == []"
export_to 0 ten.db --dead-letter fooled.dead
account fooled fooled.dead 1 10
plan '[{"status": 400, "body": {"code": 28, "text": "new"}}]'
receive fooled hec --plan plan.json
export_to 4 ten.db
has err "HTTP 400, HEC code 28: new"
# With acknowledgement a success that names no ticket delivers nothing.
plan '[{"status": 200, "body": {"code": 0, "text": "Success"}}, {"status": 200, "body": {"code": 24, "ackId": "7"}}]'
receive ticketless hec --ack --plan plan.json
for ((i = 0; i < 2; i++)); do
    export_to 4 ten.db --ack
    has err "10 event(s) left"
done

# ---- codes that hold: nothing is stored, nothing is lost ----
holding='1 2 3 4 10 11 14 16 21 22'
# shellcheck disable=SC2086 # words
plan "[$(printf '{"code": %d}, ' $holding){\"code\": 7}]"
receive held hec --plan plan.json
for code in $holding; do
    export_to 4 ten.db --in-flight 1 --batch-events 5 --dead-letter held.dead
    has err "[held] exported 0 event(s) as splunk"
    has err "10 event(s) left"
    has err "HEC code $code: "
    has err "fix the collector's token"
    lacks err "$TOKEN"
done
export_to 4 ten.db --batch-events 1 --in-flight 1 --dead-letter held.dead
has err "HEC code 7: Incorrect index: allow the index for the token"
adds_up held 10
holds held "len(data) == 11 and stored == []"
lines held.dead 0
export_to 0 ten.db
account held held.dead 1 10

# ---- codes that blame an event ----
# Batches of ten: the first, two neighbours and the last one; the first three; one; a batch of poison alone.
registry poison.db 50 "UPDATE events SET token_id = 'poison-' || id WHERE id IN (1, 5, 6, 10, 11, 12, 13, 25)
    OR id BETWEEN 41 AND 50;"
refused='[1, 5, 6, 10, 11, 12, 13, 25, *range(41, 51)]'
letters() { # FILE CODE: the dead letters of poison.db
    python3 - "$@" "$refused" <<'END' || fail "the dead letters of code $2"
import json
import sys
letters, code = [json.loads(line) for line in open(sys.argv[1])], int(sys.argv[2])
assert [int(one["event_id"]) for one in letters] == eval(sys.argv[3]), letters
for one in letters:
    assert (one["code"], one["http_status"], one["sink"], one["format"]) == (code, 400, "splunk", "splunk"), one
    assert one["reason"].startswith(f"HEC code {code}: ") and len(one["reason"]) > len("HEC code 12: "), one
    assert one["event"]["event_id"] == one["event_id"] == one["record"]["event"]["event_id"], one
    assert one["event"]["token_id"] == "poison-" + one["event_id"] == one["record"]["event"]["token_id"], one
END
}
for code in 5 6 12 13 15; do
    receive blamed hec --poison-code $code
    export_to 3 poison.db --dead-letter blamed$code.dead --batch-events 10 --in-flight 3
    account blamed blamed$code.dead 1 50
    adds_up blamed 50
    has err "18 event(s) refused and kept in blamed$code.dead"
    letters blamed$code.dead $code
    [ "$(stat -c %a blamed$code.dead)" = 600 ] || fail "the dead letter file has another mode than 600"
    # One request for each batch, and one more behind each refusal that leaves something to be sent.
    holds blamed "len(data) == 5 + 3 + 3 + 1 + 9"
done
# Without a number, nothing of the request is in: halving finds the events.
receive halved hec --no-number
export_to 3 poison.db --dead-letter halved.dead --batch-events 50 --in-flight 1
account halved halved.dead 1 50
adds_up halved 50
letters halved.dead 6
registry single.db 64 "UPDATE events SET token_id = 'poison' WHERE id = 37;"
receive single hec --no-number
export_to 3 single.db --dead-letter single.dead
account single single.dead 1 64
holds single "len(data) == 13" # 64, and both halves of 64, 32, 16, 8, 4 and 2
# Without a dead letter the first refusal ends the export, unless it is told to leave such events out.
receive stops hec
export_to 1 single.db --batch-events 10 --in-flight 1
has err "event 37: splunk rejects it: HEC code 6: Invalid data format"
has err "[failed] exported"
receive skips hec
export_to 3 single.db --on-error skip
has err "1 event(s) refused and skipped"
adds_up skips 64

# ---- code 7: whose index it is ----
mkdir -p lua/oversight/formats
cat >lua/oversight/formats/routed.lua <<'L'
local splunk = require "oversight.formats.splunk"
return splunk:extend "routed" {
  { "index", from = "recipient_id" },
}
L
export OVERSIGHT_LUA_PATH=lua
receive index hec --indexes main,other
export_to 4 ten.db --splunk-index secret --dead-letter index.dead
has err "HEC code 7: "
adds_up index 10
export_to 0 ten.db --splunk-index main
# Records with an index of their own: neighbours, and the last ones, of which nothing else is left.
registry routed.db 20 "UPDATE events SET recipient_id = CASE WHEN id IN (3, 4, 9, 10, 20) THEN 'forbidden'
    WHEN id = 7 THEN 'other' ELSE 'main' END;"
for number in '' --no-number; do
    receive routed hec --indexes main,other $number
    rm -f index.dead
    export_to 3 routed.db --format routed --batch-events 10 --dead-letter index.dead
    account routed index.dead 1 20
    lines index.dead 5
    [ "$(grep -c '"code":7,' index.dead)" -eq 5 ] || fail "dead letters without code 7"
    adds_up routed 20
done
rm -f index.dead
# The configured index is not allowed: a record that names an allowed one does not make the others wrong.
receive index hec --indexes other
for size in 10 1; do
    export_to 4 routed.db --format routed --splunk-index main --batch-events $size --dead-letter index.dead
    has err "HEC code 7: Incorrect index: allow the index for the token"
    lines index.dead 0
done
# However many records of a request name a forbidden one: one alone, half of them, all of them.
for some in 'id = 3' 'id % 2 = 0' 'id > 0'; do
    registry some.db 20 "UPDATE events SET recipient_id = CASE WHEN $some THEN 'forbidden' ELSE 'main' END;"
    for size in 20 1; do
        for number in '' --no-number; do
            receive some hec --indexes main $number
            rm -f some.dead
            export_to 3 some.db --format routed --splunk-index main --batch-events $size --dead-letter some.dead
            account some some.dead 1 20
            lines some.dead "$(sqlite3 some.db "SELECT count(*) FROM events WHERE $some")"
            dismiss
        done
    done
done
# A sink that was not told which one is configured blames no record.
cat >untold.lua <<'L'
local siem = require "oversight.siem"
return siem.pipeline {
  source = { path = "some.db", registry_id = "reg" }, format = "routed", dead_letter = "untold.dead",
  sink = siem.sink.splunk { url = arg[1], token = "env:TOKEN", index = arg[2] },
}
L
receive untold hec --indexes main
run 4 untold.lua "$url"
has err "HEC code 7"
lines untold.dead 0
run 3 untold.lua "$url" main
lines untold.dead 20
run 3 untold.lua "$url" ''
lines untold.dead 40
# Replayed to a token that allows it, and to one that does not.
cp untold.dead again.dead
run 3 replay again.dead --to splunk --url "$url" --token env:TOKEN --format routed
lines again.dead 40
run 4 replay again.dead --to splunk --url "$url" --token env:TOKEN --as-rendered
run 3 replay again.dead --to splunk --url "$url" --token env:TOKEN --as-rendered --index main
receive allowed hec --indexes forbidden
run 0 replay again.dead --to splunk --url "$url" --token env:TOKEN --as-rendered

# ---- sizes ----
receive fits hec --max-bytes 3000
registry large.db 30
wide large.db 17 4000
export_to 3 large.db --dead-letter fits.dead
account fits fits.dead 1 30
has fits.dead '"event_id":"17"'
has fits.dead '"http_status":413'
adds_up fits 30
# A body has 2,097,152 bytes at most, and as many if the records allow: 32 records of 65,536 with their line ends.
registry exact.db 96 "UPDATE events SET id = id + 100, token_id = 'token', user_agent = 'x', timestamp = 1000000 + id;"
run 0 export --db exact.db --registry-id reg --format splunk --limit 1 --output short.jsonl
sqlite3 exact.db "UPDATE events SET user_agent = replace(hex(zeroblob($((65537 - $(wc -c <short.jsonl))))), '00', 'x')"
for over in 0 1; do
    receive exact$over hec --max-bytes 2097152
    export_to 0 exact.db --in-flight 1
    account exact$over none 101 196
    sqlite3 exact.db "UPDATE events SET user_agent = user_agent || 'x' WHERE id = 132"
done
holds exact0 "[one['wire'] for one in data] == [2097152] * 3"
holds exact1 "[one['stored'] for one in data] == [31, 31, 32, 2] and max(one['wire'] for one in data) <= 2097152"
# batch_bytes may ask for more than that, and for less.
receive more hec --max-bytes 100000000
export_to 0 exact.db --batch-bytes 100000000
export_to 0 exact.db --batch-bytes 200000 --in-flight 1
holds more "[one['stored'] for one in data] == [96] + [4] * 24"
# A record that is too large by itself goes to the dead letter without a request.
wide large.db 1 3000000
wide large.db 9 2097152
wide large.db 30 5000000
receive alone hec
export_to 3 large.db --dead-letter alone.dead
account alone alone.dead 1 30
lines alone.dead 3
[ "$(grep -c 'and the target takes 2097152' alone.dead)" -eq 3 ] || fail "the limit is not told"
lacks alone.dead '"http_status"'
holds alone "statuses == [200] * len(data) and sum(one['stored'] for one in data) == 27"
finish
