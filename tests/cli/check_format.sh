#!/usr/bin/env bash
# check: tests of formats, and the rules of targets.
. "$(dirname "$0")/check.sh"
run 0 check splunk ecs sentinel
has out "3 format(s) checked, no errors"
has out "ecs: warning: tests: the format has no test"

cat >good.lua <<'L'
return require "oversight.formats.sentinel":extend "good" {
  tests = { { row = { recipient_id = "A@B" }, expect = { RecipientId = "a@b", UserAgent = require("oversight.siem").null } } },
  { "RecipientId", from = "recipient_id", as = "lower" },
}
L
echo '{"row": {"id": 3}, "expect": {"EventId": "3"}}' >good.three.json
run 0 check ./good.lua
lacks out warning
echo '{"row": {"id": 3}, "expect": {"EventId": "4"}}' >good.three.json
run 1 check good.lua
has out 'good: error: good.three.json: EventId is "3", expected "4"'
has err "1 error(s)"
echo '{"row": {"id": 3}}' >good.three.json
run 1 check good.lua
has out "the test asserts nothing"
echo '{' >good.three.json
run 1 check good.lua --json
has out '"field":"good.three.json","reason":"the text is not JSON"}'

finds() { # base rows field reason
    echo "return require 'oversight.formats.$1':extend 'bad' { $2 }" >bad.lua
    run 1 check bad.lua
    has out "bad: error: $3: $4"
}
finds splunk '{ "extra", value = 1 }' extra "is no key of a HEC envelope"
finds splunk '{ "fields.a.b", value = "x" }' fields.a.b "fields must be flat"
finds splunk '{ "fields.n", value = 1 }' fields.n "indexed fields are strings"
finds splunk '{ "time", value = 1e300 }' time "is seconds with fixed decimals"
finds splunk '{ "event", remove = true }' event "is missing or empty"
finds splunk '{ "host", value = 1 }' host "is a string, not number"
finds sentinel '{ "Type", value = "x" }' Type "is a reserved name"
finds sentinel '{ "9lives", value = "x" }' 9lives "a column's name has letters"
finds sentinel "{ '$(printf 'x%.0s' {1..46})', value = 1 }" "$(printf 'x%.0s' {1..46})" "a column's name has at most 45 characters"
finds sentinel '{ "a.b", value = 1 }' a.b "a row is flat"
finds sentinel '{ "Big", value = ("x"):rep(32769) }' Big "is cut at 32 KB"
finds sentinel '{ "TimeGenerated", from = "occurred_unix" }' TimeGenerated "is no RFC 3339 time"
finds ecs '{ "mine.x", value = 1 }' mine.x "is no ECS field"
finds ecs '{ "event.colour", value = "x" }' event.colour "ECS has no field event.colour"
finds ecs '{ "event.kind", value = "party" }' event.kind '"party" is no allowed value'
finds ecs '{ "event.type", value = "info" }' event.type "is a list, not string"
finds ecs '{ "event.type", value = { "info", "nope" } }' event.type '"nope" is no allowed value'
finds ecs '{ "source.ip", from = "token_id" }' source.ip '"00000000000000000000000000000001" is no IP address'
finds ecs '{ "labels.n", value = 1 }' labels.n "labels are flat strings"
finds ecs '{ "@timestamp", remove = true }' @timestamp "is required"
echo "return require 'oversight.formats.ecs':extend 'own' { { 'mine.x', value = 1 } }" >own.lua
run 0 check own.lua --custom mine
make_registry r.db "$(many 3) UPDATE events SET source_ip = 'not an address' WHERE id = 2;"
run 1 check ecs --db r.db
has out 'ecs: error: source.ip: "not an address" is no IP address'
run 2 check ecs --target nope
run 2 check nope
finish
