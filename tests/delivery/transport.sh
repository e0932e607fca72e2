#!/usr/bin/env bash
# Connections that break, answers that are none, servers that ask to wait: to HEC, which has no ids, an event
# is delivered again only when its answer was lost; to _bulk, each one is stored once.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
export TOKEN=transport-secret
registry ten.db 10
declare -A options=([hec]="--to splunk --token env:TOKEN" [bulk]="--to elastic --api-key env:TOKEN")

# export_to STATUS KIND [OPTION]...: ten.db to the receiver that was started last.
export_to() {
    local expected=$1 kind=$2
    shift 2
    # shellcheck disable=SC2086 # several words
    run "$expected" export --db ten.db --registry-id reg ${options[$kind]} --url "$url" "${quick[@]}" "$@"
    lacks err "$TOKEN"
}

# lost KIND FAULTS: these faults lose the answer to what was stored. HEC has those events again, from a request
# that was answered; _bulk has nothing twice.
lost() {
    local again=True
    [ "$1" = hec ] || again=False
    holds "$1" "any(one['fault'] and one['stored'] for one in data)"
    holds "$1" "(lambda lost: sorted(int(one['record']['event'].get('event_id') or one['record']['event']['id'])
        for one in stored if one['request'] not in lost or not $again) == [*range(1, 11)])(
        {one['number'] for one in data if any(fault in str(one['fault']) for fault in '$2'.split())})"
}

for kind in hec bulk; do
    # ---- what breaks is sent again ----
    plan '["reset", "ok", "reset-early", "ok", "garbage", "ok", "html", "ok", "truncated-json", "ok",
        "http10", "close", "close-late", {"status": 503}, {"status": 500}, {"status": 502}, "reset", "ok",
        {"play": "drip", "seconds": 0.001}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind --batch-events 1 --in-flight 1 --retries 20
    account $kind none 1 10
    adds_up $kind 10
    [ "$(sed -n 's/^ *\([0-9]*\) request(s) had to be made again/\1/p' err)" -ge 6 ] || fail "$kind: $(cat err)"
    holds $kind "len({one['connection'] for one in data}) >= 8" # none of those that broke was used again
    # The answer is lost, the events are stored.
    plan '["reset-answer", "ok", "ok", {"play": "html", "store": true}, "ok", {"play": "truncated-json", "store": true}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind --batch-events 2 --in-flight 1
    lost $kind "reset-answer html truncated-json"
    adds_up $kind 10
    has err "3 request(s) had to be made again"
    # A connection that was kept ends behind the body, without a byte of an answer: nobody but the exporter sends
    # again, so that the attempts are counted and come to an end.
    plan '["ok", {"play": "reset", "store": true}, "ok", {"play": "reset", "store": true}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind --batch-events 4 --in-flight 1
    lost $kind reset
    adds_up $kind 10
    has err "2 request(s) had to be made again"
    holds $kind "len(data) == 5 and data[0]['connection'] == data[1]['connection'] != data[2]['connection']"
    plan '["ok", {"play": "reset", "store": true}]'
    receive $kind $kind --plan plan.json
    export_to 1 $kind --batch-events 5 --in-flight 1 --retries 0
    has err "given up after 1 attempt(s): the connection ended before the answer"
    has err "5 event(s) left"
    holds $kind "len(data) == 2"
    # Nothing comes, or too slowly: the time limit ends it.
    plan '["hang", {"play": "drip", "seconds": 0.2}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind --batch-events 5 --in-flight 1 --timeout 0.5
    lost $kind drip
    has err "2 request(s) had to be made again"
    adds_up $kind 10

    # ---- Retry-After in both forms, which the cap of our own pauses does not shorten ----
    plan '[{"status": 429, "retry_after": 1}, {"status": 503, "retry_after_date": 1}]'
    receive $kind $kind --plan plan.json --bodies
    export_to 0 $kind --batch-events 5 --in-flight 2
    account $kind none 1 10
    holds $kind "len(data) == 4 and all(later['time'] - one['time'] >= 0.99 for one in data[:2] for later in data[2:]
        if body(one['number']) == body(later['number']))"
    # A pause of our own is bounded: without Retry-After, the same takes a fraction of a second.
    plan '[{"status": 429}, {"status": 503}, {"status": 408}, {"status": 425}, {"status": 504}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind
    account $kind none 1 10
    holds $kind "len(pauses) >= 5 and max(pauses) < 0.5"

    # What says nothing of the time ahead is no pause.
    plan '[{"status": 503, "headers": {"Retry-After": "-5"}}, {"status": 503, "retry_after_date": -3600},
        {"status": 503, "headers": {"Retry-After": "soon"}}, {"status": 503, "headers": {"Retry-After": "99999999999999999999"}},
        {"status": 503, "headers": {"Retry-After": "0"}}]'
    receive $kind $kind --plan plan.json
    export_to 0 $kind
    account $kind none 1 10
    holds $kind "len(pauses) >= 5 and max(pauses) < 0.5"

    # ---- attempts come to an end ----
    plan "[\"ok\"$(printf ', {"status": 503}%.0s' {1..9})]"
    receive $kind $kind --plan plan.json
    export_to 1 $kind --batch-events 4 --in-flight 1 --retries 2 --dead-letter none
    has err "[failed] exported 4 event(s)"
    has err "6 event(s) left"
    has err "given up after 3 attempt(s): "
    adds_up $kind 10
    [ ! -s none ] || fail "what was given up is in the dead letter"
    export_to 1 $kind --retries 2
    has err "2 request(s) had to be made again"
    export_to 1 $kind --retries 0
    has err "given up after 1 attempt(s): "
    lacks err "made again"

    # ---- a redirect is held, and nothing goes where it points ----
    receive elsewhere $kind
    there=$url
    plan "[$(printf '{"status": %d, "redirect": "'"$there"'/services/collector/event"}, ' 301 302 303 307)
        {\"status\": 308, \"redirect\": \"$there/_bulk\"}]"
    receive $kind $kind --plan plan.json
    for status in 301 302 303 307 308; do
        export_to 4 $kind
        has err "HTTP $status: the server redirects: give its new URL"
        has err "10 event(s) left"
    done
    holds elsewhere "requests == []"
    holds $kind "len(data) == 5 and stored == []"
done

# ---- what is left is told by an export with a checkpoint, and for a script, too ----
plan '["ok", {"status": 503}, "ok", {"status": 503}]'
receive left hec --plan plan.json
export_to 1 hec --checkpoint left.cp --batch-events 4 --in-flight 1 --retries 0
adds_up left 10
has err "6 event(s) left"
export_to 1 hec --checkpoint left.cp --batch-events 4 --in-flight 1 --retries 0
has err "exported 4 event(s)"
has err "2 event(s) left"
export_to 0 hec --checkpoint left.cp
lacks err left
account left none 1 10
cat >left.lua <<'L'
local siem = require "oversight.siem"
return siem.pipeline {
  source = { path = "ten.db", registry_id = "reg", since = 1002, limit = tonumber(arg[3]) }, format = "splunk",
  sink = siem.sink.splunk { url = arg[1], token = "env:TOKEN", retries = 0, batch_events = 3, in_flight = 1 },
  checkpoint = arg[2],
}
L
for checkpoint in '' script.cp; do
    plan '["ok", {"status": 503}]'
    receive left hec --plan plan.json
    # shellcheck disable=SC2086 # none, or one
    run 1 left.lua "$url" $checkpoint
    has err "exported 3 event(s)"
    has err "5 event(s) left"
done
plan '[{"status": 403}]'
receive left hec --plan plan.json
sed -i 's/arg\[2\],/nil,/' left.lua
run 4 left.lua "$url" x 5
has err "5 event(s) left"
receive left hec
run 0 left.lua "$url"
lacks err left

# ---- a pause of any length is one, and ends on request; an answer without end is cut ----
for long in 9999999999999 "Fri, 31 Dec 9999 23:59:59 GMT" 3600; do
    plan "[{\"status\": 503, \"headers\": {\"Retry-After\": \"$long\"}}]"
    receive patient hec --plan plan.json
    # shellcheck disable=SC2086
    "$program" export --db ten.db --registry-id reg ${options[hec]} --url "$url" "${quick[@]}" 2>err &
    child=$!
    await patient 1
    for ((tries = 0; tries < 10; tries++)); do # twenty times as long as a pause of its own
        sleep 0.1
        kill -0 $child 2>/dev/null || fail "it does not wait: $(cat err)"
    done
    kill -TERM $child
    wait $child && fail "a pause that was broken off is no success"
    has err "10 event(s) left"
    holds patient "len(data) == 1"
    dismiss
done
python3 -c 'import json; print(json.dumps([{"status": 200, "body": "x" * (17 << 20)}]))' >plan.json
receive endless bulk --plan plan.json
export_to 1 bulk --retries 0
has err "HTTP 200, but the answer is longer than "
has err "10 event(s) left"
python3 -c 'import json; print(json.dumps([{"status": 500, "body": "x" * (15 << 20)}]))' >plan.json
receive long bulk --plan plan.json
export_to 1 bulk --retries 0
has err "HTTP 500: xxx"
# A limit of time is none when it is 0, and the shortest one is a millisecond.
for wrong in 0 -1 0.0 ''; do
    export_to 2 bulk --timeout "$wrong"
    export_to 2 bulk --connect-timeout "$wrong"
done
plan '["hang"]'
receive quick bulk --plan plan.json
export_to 1 bulk --timeout 0.0001 --retries 0
has err "given up after 1 attempt(s)"

# ---- only attempts in a row count ----
plan '[{"status": 503}, {"code": 6, "number": 3}, {"status": 500}, {"code": 6, "number": 2}, {"code": 9}, "ok"]'
receive progress hec --plan plan.json
export_to 3 hec --retries 1 --dead-letter progress.dead
account progress progress.dead 1 10
adds_up progress 10

# ---- nobody there ----
dismiss
export_to 1 hec --retries 2
has err "given up after 3 attempt(s): "
has err "[failed] exported 0 event(s)"
has err "10 event(s) left"
run 1 export --db ten.db --registry-id reg --to splunk --token env:TOKEN --url http://name.invalid "${quick[@]}" --retries 1
has err "name.invalid"
has err "10 event(s) left"
# Someone comes: the attempts go on until then.
# shellcheck disable=SC2086
"$program" export --db ten.db --registry-id reg ${options[hec]} --url "$url" "${quick[@]}" --retries 10000 2>late.err &
child=$!
receive late hec --port "$port"
wait $child || fail "a receiver that comes late: $(cat late.err)"
account late none 1 10
has late.err "[ok] exported 10 event(s)"

# ---- proxies ----
# A proxy is asked by the whole URL; the receiver takes those as well, so it plays one.
receive proxy hec
to_proxy() { run "$1" export --db ten.db --registry-id reg --to splunk --token env:TOKEN "${@:2}"; }
to_proxy 0 --url http://splunk.invalid:8088 --proxy "http://user:proxy-secret@127.0.0.1:$port"
account proxy none 1 10
holds proxy "data[0]['path'] == 'http://splunk.invalid:8088/services/collector/event'"
holds proxy "data[0]['headers']['proxy-authorization'] == 'Basic dXNlcjpwcm94eS1zZWNyZXQ='"
http_proxy=http://127.0.0.1:$port to_proxy 0 --url http://splunk.invalid:8088
holds proxy "len(data) == 2 and len(stored) == 20"
proxy_url=$url
receive direct hec
http_proxy=$proxy_url no_proxy=127.0.0.1 to_proxy 0 --url "$url"
account direct none 1 10
# One that names no proxy is wrong usage; from the environment it is held. Neither is repeated.
for wrong in 'http://user:proxy-secret@' 'ftp://user:proxy-secret@127.0.0.1' 'http://user:proxy-secret@[::1' \
    'http://user:proxy-secret@127.0.0.1:99999' 'http://user:proxy secret@127.0.0.1'; do
    to_proxy 2 --url http://splunk.invalid:8088 --proxy "$wrong"
    has err "--proxy is a URL"
    lacks err secret@
    http_proxy=$wrong to_proxy 4 --url http://splunk.invalid:8088 --retry-base 30
    has err "correct the URL of the proxy"
    lacks err proxy-secret
    lacks err secret@
done
http_proxy=http://user:proxy-secret@name.invalid to_proxy 1 --url http://splunk.invalid:8088 --retries 0
lacks err proxy-secret
to_proxy 0 --url "$url" --proxy ''
plan '[{"status": 407}]'
receive proxy hec --plan plan.json
to_proxy 4 --url http://splunk.invalid:8088 --proxy "http://user:proxy-secret@127.0.0.1:$port"
has err "the proxy wants credentials"
lacks err proxy-secret
finish
