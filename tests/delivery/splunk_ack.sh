#!/usr/bin/env bash
# HEC: what the indexer has acknowledged counts, and a token may change on the way.
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

# ---- acknowledgement ----
acked=(--ack --ack-pause 0.05)
channel="one['headers']['x-splunk-request-channel']"
receive acked hec --ack --ack-polls 2 --nodes A,B --token "$TOKEN"
export_to 0 ten.db "${acked[@]}" --batch-events 4
account acked none 1 10
adds_up acked 10
holds acked "len(data) == 3 and len(requests) == 3 + 3 * 3"
holds acked "all('01234567' not in $channel for one in requests)"
# The first groups of a channel that is given stay: each lane has its own last one.
export_to 0 ten.db "${acked[@]}" --channel 01234567-89ab-cdef-0123-456789abcdef --batch-events 1 --in-flight 4
holds acked "all($channel.startswith('01234567-89ab-cdef-0123-') and len($channel) == 36 for one in requests[12:])"
holds acked "1 < len({$channel for one in requests[12:]}) <= 5"
export_to 0 ten.db --channel 01234567-89ab-cdef-0123-456789abcdef --limit 1
holds acked "all($channel == '01234567-89ab-cdef-0123-456789abcdef' for one in requests[-1:])"
# Nothing counts as delivered before the indexer says so.
receive never hec --ack --ack-polls 1000000
"$program" export --db ten.db --registry-id reg --to splunk --url "$url" --token env:TOKEN "${acked[@]}" 2>err &
child=$!
await never 5
kill -TERM $child
status=0
wait $child || status=$?
[ $status -eq 1 ] || fail "stopped with status $status"
has err "[stopped] exported 0 event(s)"
has err "10 event(s) left"
holds never "len(data) == 1"
# A token without it holds; what was stored is there, but unconfirmed.
receive without hec
export_to 4 ten.db "${acked[@]}"
has err "enable acknowledgement for the token, or omit ack"
has err "10 event(s) left"
# A request that fails is sent again; a question that fails is asked again, and the events stay where they are.
plan '[{"status": 503}, "reset", "ok", {"status": 503}, "reset", "html", "garbage", {"status": 500}, "truncated-json"]'
receive asked hec --ack --plan plan.json --fault-tokens
export_to 0 ten.db "${acked[@]}" --retries 2
account asked none 1 10
holds asked "[one['path'].endswith('/event') for one in requests] == [True] * 3 + [False] * (len(requests) - 3)"

# ---- a token that changes ----
# While the first attempt waits, its file is written anew: refused once, read again, taken.
plan '[{"status": 503, "retry_after": 1}]'
receive rotated hec --token new --plan plan.json
echo old >token
(await rotated 1 && echo new >token) &
writer=$!
run 0 export --db ten.db --registry-id reg --to splunk --url "$url" --token file:token
wait $writer
account rotated none 1 10
holds rotated "[one['headers']['authorization'][7:] for one in data] == ['old', 'old', 'new']"
# A command gives another one each time: the second one that is refused in a row is no matter of its age.
cat >token.sh <<'S'
turn=$(($(cat turn) + 1))
echo $turn | tee turn
S
for code in '{"code": 3}' '{"code": 2}' '{"status": 401}' '{"code": 4}'; do
    echo 0 >turn
    plan "[$code, \"ok\", $code]"
    receive rotated hec --plan plan.json
    run 0 export --db ten.db --registry-id reg --to splunk --url "$url" --token "cmd:sh token.sh" --in-flight 1 \
        --batch-events 4
    account rotated none 1 10
    adds_up rotated 10
    has err "2 request(s) had to be made again"
    holds rotated "[one['headers']['authorization'][7:] for one in data] == ['1', '2', '2', '3', '3']"
    dismiss
    echo 0 >turn
    plan "[$code, $code, $code, $code]"
    receive rotated hec --plan plan.json
    run 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token "cmd:sh token.sh" --in-flight 1
    has err "10 event(s) left"
    holds rotated "len(data) == 2 and stored == []"
    dismiss
done
# Several at once are refused as well, and end as one does.
receive never hec --token none
echo 0 >turn
run 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token "cmd:sh token.sh" --in-flight 4 --batch-events 1
holds never "len(data) <= 12 and stored == []"
# A file that is gone by then is named.
plan '[{"status": 503, "retry_after": 1}]'
receive vanished hec --token new --plan plan.json
echo old >token
(await vanished 1 && rm token) &
writer=$!
run 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token file:token
wait $writer
has err "HEC code 4: Invalid token"
has err "cannot open 'token': No such file"
echo old >token
# It is read once for all that are under way, and when it is the same, that is a matter for someone.
echo old >token
receive refused hec --token new
run 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token file:token --in-flight 4 --batch-events 1
holds refused "0 < len(data) <= 5 and stored == []"
adds_up refused 10
# A token that changes while the indexer is asked does not send the events again.
plan '["ok", {"status": 401}]'
receive asked hec --ack --plan plan.json --fault-tokens
echo 0 >turn
run 0 export --db ten.db --registry-id reg --to splunk --url "$url" --token "cmd:sh token.sh" "${acked[@]}"
account asked none 1 10
holds asked "[one['headers']['authorization'][7:] for one in requests] == ['1', '1'] + ['2'] * (len(requests) - 2)"# As long as events are asked for, no answer applies to them: what is refused is the question.
for fault in '{"status": 400}' '{"status": 413}' '{"code": 6, "number": 0}' '{"code": 7}' '{"code": 12}' '{"status": 422}' \
    '{"status": 200, "body": {"code": 0}}' '{"status": 429}' '{"status": 204}'; do
    plan "[\"ok\", $fault, $fault]"
    receive question hec --ack --plan plan.json --fault-tokens
    export_to 0 ten.db "${acked[@]}" --dead-letter question.dead --retries 0
    account question none 1 10
    lines question.dead 0
    holds question "[one['path'].endswith('/event') for one in requests] == [True] + [False] * (len(requests) - 1)"
    holds question "len(requests) >= 4"
    dismiss
done
# What its set-up is the reason of, holds, and the token of a question is renewed once as well.
for code in 10 14 1 21; do
    plan "[\"ok\", {\"code\": $code}]"
    receive question hec --ack --plan plan.json --fault-tokens
    export_to 4 ten.db "${acked[@]}"
    has err "HEC code $code: "
    has err "10 event(s) left"
    dismiss
done
plan '["ok", {"status": 401}, {"status": 401}, {"status": 401}]'
receive question hec --ack --plan plan.json --fault-tokens
echo 0 >turn
run 4 export --db ten.db --registry-id reg --to splunk --url "$url" --token "cmd:sh token.sh" "${acked[@]}"
holds question "len(requests) == 3"
# Patience ends: what was lost is sent again, and its attempts are counted.
plan '[{"ack": "lost"}, "ok"]'
receive lost hec --ack --plan plan.json
export_to 0 ten.db "${acked[@]}" --ack-timeout 0.3
account lost none 1 10
has err "1 request(s) had to be made again"
holds lost "pauses[0] >= 0.3"
plan '[{"ack": "never"}, {"ack": "never"}]'
receive never hec --ack --plan plan.json
export_to 1 ten.db "${acked[@]}" --ack-timeout 0.3 --retries 1
has err "given up after 2 attempt(s): not acknowledged in 0.3 s"
has err "10 event(s) left"
holds never "len(data) == 2"
# The default is five minutes.
run 0 sinks splunk
tr -s ' \n' ' ' <out >words
has words "--ack-timeout SECONDS time without an ack, after which the events are sent again (0 to 86400; default: 300)"
finish
