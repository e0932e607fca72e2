#!/usr/bin/env bash
# --metrics-listen: the numbers over HTTP. Needs the feature metrics.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
make_registry r.db "$(many 7)"
follow=(export --db r.db --registry-id reg --follow --format ecs)

"$program" "${follow[@]}" --output e.jsonl --metrics e.prom --metrics-listen 127.0.0.1:0 --checkpoint e.cp >out 2>log &
service=$!
until_true grep -q "serving numbers" log
port=$(sed -n 's/.*msg="serving numbers".* port=//p' log)
fetch() { curl --silent --noproxy '*' --max-time 5 "$@"; }
until_true sh -c "curl --silent --noproxy '*' http://127.0.0.1:$port/metrics | grep -q '_last_id{pipeline=\"ecs\"} 7\$'"
fetch "http://127.0.0.1:$port/metrics" >served
for number in events_read_total events_rendered_total lag_events lag_seconds checkpoint_age_seconds up held \
    bytes_delivered_total requests_retried_total batch_latency_seconds_count 'batch_latency_seconds_bucket{pipeline="ecs",le="+Inf"}'; do
    has served "oversight_siem_$number"
done
[ "$(fetch -o answer -w '%{http_code}' "http://127.0.0.1:$port/")" = 404 ] || fail "/ is served: $(cat answer)"
[ "$(fetch -o answer -w '%{http_code}' -d x "http://127.0.0.1:$port/metrics")" = 405 ] || fail "POST is served: $(cat answer)"
run 1 "${follow[@]}" --output f.jsonl --metrics-listen "127.0.0.1:$port"
has err "cannot listen on 127.0.0.1 port $port"
kill -TERM "$service"
wait "$service" || fail "ended with $?"
run 2 "${follow[@]}" --metrics-listen 300.0.0.1:7000
has err "--metrics-listen: '300.0.0.1' is not an address"
finish
