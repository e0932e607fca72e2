#!/usr/bin/env bash
# A script that sets a locale with a comma in its numbers: what is read, written, asked and counted stays as it is.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/check.sh"
source "$root/tests/delivery/delivery.sh"
mkdir locales
localedef --no-archive -c -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null || true # with warnings
export LOCPATH=$PWD/locales
printf 'leak:argz\n' >leaks # of setlocale itself, with LOCPATH
export LSAN_OPTIONS=suppressions=$PWD/leaks
make_registry r.db "INSERT INTO events (token_id, kind, extra, timestamp) VALUES ('t', 'dns', '{\"x\": 0.75, \"y\": \"0.25\"}', 1000)"
printf 'ratio,name\n0.75,three quarters\n2.0,two\n' >ratios.csv
receive collector plain
cat >comma.lua <<'L'
assert(os.setlocale "de_DE.UTF-8", "there is no such locale")
assert(("%.2f"):format(0.75) == "0,75")
local siem, log, numbers = require "oversight.siem", require "oversight.log", require "oversight.cli.support.numbers"
assert(numbers.seconds(0.0512) == "0.05 s" and numbers.seconds(3.21) == "3.2 s", numbers.seconds(3.21))
local ratios = siem.lookup.csv("ratios.csv", "ratio")
local shape = siem.format.define "comma" {
  { "id",       from = "event_id" },
  { "extra",    from = "extra.x" },
  { "function", with = function() return 0.5 end },
  { "decoded",  with = function(_, event) return event.extra.x * 2 end },
  { "text",     from = "extra.x", as = "text" },
  { "float",    from = "extra.y", as = "float" },
  { "ratio",    with = function(_, event) return ratios:find(event.extra.x).name end },
  { "whole",    with = function() return ratios:find(2.0).name end },
  { "value",    value = 0.125 },
  { "json",     with = function() return siem.json.decode('{"a": [1.5, 2e-3]}') end },
}
local function sink()
  return { url = arg[1], timeout = 5.5, retry_base = 0.25, headers = { ["X-Ratio"] = 0.5 } }
end
log.write("warning", "a number", { seconds = 0.75 })
return siem.pipeline {
  source = { path = "r.db", registry_id = "reg" }, format = shape, sink = arg[2] or sink(), follow = arg[3] and true,
  checkpoint = arg[3],
}
L
record='{"id":"1","extra":0.75,"function":0.5,"decoded":1.5,"text":"0.75","float":0.25,"ratio":"three quarters","whole":"two","value":0.125,"json":{"a":[1.5,0.002]}}'
run 0 comma.lua "$url" -
[ "$(cat out)" = "$record" ] || fail "a record in a comma's locale: $(cat out)"
has err "seconds=0.75"
run 0 comma.lua "$url"
[ "$(records collector)" = "$record" ] || fail "a record that is sent: $(records collector)"
holds collector "data[0]['headers']['x-ratio'] == '0.5'"

# The numbers of a service, and the times of its checkpoint.
"$program" run --metrics m.prom comma.lua "$url" out.jsonl c.json >out 2>err &
child=$!
for ((tries = 0; tries < 600; tries++)); do
    grep -qs '^oversight_siem_events_delivered_total.* 1$' m.prom && grep -q 'latency_seconds_sum{.*} 0*[.0-9e-]*[1-9]' m.prom && break
    sleep 0.05
done
kill -TERM $child || true
wait $child || fail "a service in a comma's locale: $(cat err)"
has m.prom 'le="0.005"'
! grep -vE '^#|^oversight_siem_[a-z_]+\{[^}]*\} -?[0-9.e+-]+$' m.prom || fail "the numbers hold something else"
[ "$(cat out.jsonl)" = "$record" ] || fail "a record in a file: $(cat out.jsonl)"
python3 -c 'import json; state = json.load(open("c.json")); assert state["last_id"] == 1, state' || fail "$(cat c.json)"
finish
