#!/usr/bin/env bash
# check: tests of formats, and the rules of targets.
. "$(dirname "$0")/check.sh"

# equal WHAT EXPECTED ACTUAL
equal() { [ "$2" = "$3" ] || fail "$1: '$3' instead of '$2'"; }
# unfold: a finding stands on one line again.
unfold() { sed -z 's/\n    / /g' out >unfolded && mv unfolded out; }

# ---- what suits a target, and a column that every row needs ----
run 2 check ecs --to nowhere
has err "--to takes http, splunk, elastic, sentinel, azure, kafka"
run 1 check ecs --to splunk
has out "ecs: error: --to: the format extends ecs, and --to splunk takes records as splunk writes them"
lacks out "HEC envelope"
run 0 check ecs --to elastic
run 0 check ecs splunk event --to http
lacks out "there are no rules"
run 0 check event ecs --to kafka
echo 'return require "oversight.format" "own" { { "event.id", from = "event_id" } }' >own.lua
run 0 check own.lua --to splunk
run 1 check own.lua --to azure
unfold
has out "own: error: event.id: a row is flat"
has out "own: error: TimeGenerated: no row writes it: every event gets the time of its arrival"
echo 'return require "oversight.formats.sentinel":extend "late" { { "TimeGenerated", remove = true } }' >late.lua
run 1 check late.lua
has out "late: error: TimeGenerated: no row writes it"
echo 'return require "oversight.formats.sentinel":extend "late" { { "TimeGenerated", as = "rfc3339" } }' >late.lua
run 0 check late.lua

# ---- many findings that are alike: the first two, how many there are, and all of them in JSON ----
{ echo 'return require "oversight.formats.ecs":extend "many" {'
  for ((i = 1; i <= 735; i++)); do echo "  { \"field_$i\", value = $i },"; done
  echo '  { "event.kind", value = "odd" } }'; } >many.lua
run 1 check many.lua
unfold
[ "$(grep -c 'many: error: field_' out)" -eq 2 ] || fail "not the first two findings"
has out "many: error: field_1: is not an ECS field"
has out "many: error: … and 733 more like these (--json has all)"
has out 'many: error: event.kind: '
has err "736 error(s) in 1 format(s), 0 test(s) and 4 event(s)"
run 1 check many.lua --json
[ "$(grep -c '"level":"error","field":"field_' out)" -eq 735 ] || fail "not all findings"
{ echo 'return require "oversight.formats.ecs":extend "few" {'
  for ((i = 1; i <= 3; i++)); do echo "  { \"field_$i\", value = $i },"; done
  echo '}'; } >few.lua
run 1 check few.lua
unfold
[ "$(grep -c 'few: error: field_' out)" -eq 3 ] || fail "three findings are not shown"
lacks out "more like these"

# ---- a test is shown by what it says ----
cat >says.lua <<'L'
return require "oversight.formats.ecs":extend "says" { { "labels.x", value = "y" },
  tests = { { says = "ids are kept", row = { id = 1 }, expect = { ["event.id"] = "2" } }, { row = {}, says = 1, expect = { x = 1 } } } }
L
run 1 check says.lua
unfold
has out 'says: error: test 1 (ids are kept): event.id is "1", expected "2"'
has out 'says: error: test 2: '

# ---- times that targets do not take as they are: warnings, as the record is taken ----
run 0 check splunk ecs sentinel
unfold
has out "3 format(s), 5 test(s) and 4 event(s) checked, no errors"
has out "splunk: warning: time: is 1970 to Splunk"
has out "ecs: warning: @timestamp: is required: a data stream refuses the document"
has out "sentinel: warning: TimeGenerated: is missing: Azure puts the time of arrival there"
has out "sentinel: warning: TimeGenerated: is older than two days: Azure replaces it by the time of arrival"
equal "warnings" 4 "$(grep -c warning out)"

# A name that is like a field's is a slip, also without a registry; any other may be a column of the site.
slip() { # TEXT-OF-A-ROW
    echo "return require \"oversight.formats.ecs\":extend \"slip\" { { \"labels.x\", $1 } }" >slip.lua
    run 0 check slip.lua "${@:2}"
    unfold
}
said='slip.lua:1: "recipient" is neither a field of an event nor a column of this registry; did you mean "recipient_id"?'
for restricted in "" --restricted; do
    slip 'with = function(_, event) return event.recipient end' $restricted
    has out "slip: warning: names: slip: labels.x: $said (event:get reads what may be absent); --db tells the columns of a registry"
    equal "slips" 1 "$(grep -c 'did you mean' out)"
    slip 'from = "recipient"' $restricted
    has out 'labels.x): "recipient" is neither a field of an event nor a column'
    for row in 'from = "department"' 'with = function(_, event) return event.department end' \
        'with = function(_, event) return event:get "recipient" end'; do
        slip "$row" $restricted
        lacks out "neither a field"
    done
done

# Of a registry, some events can be asked for.
make_registry some.db "INSERT INTO events (id, token_id, kind, timestamp) VALUES (1, 't', 'dns', unixepoch()), (2, 't', 'ocsp', 0)"
run 0 check splunk --db some.db --registry-id reg --kind dns
has out "and 1 event(s) checked, no errors"
lacks out "1970"
run 0 check splunk --db some.db --limit 1
has out "and 1 event(s) checked, no errors"
run 2 check splunk --since -1h
has err "--since, --until and --kind need --db"

make_registry times.db "INSERT INTO events (id, token_id, kind, timestamp) VALUES (1, 't', 'dns', 0)"
run 1 check ecs --db times.db
has out "ecs: error: @timestamp: is required"
run 0 check splunk sentinel --db times.db
unfold
has out "splunk: warning: time: is 1970 to Splunk"
has out "TimeGenerated: is missing"
lacks out "older than two days"
for case in "-3 days:is older than two days" "-1 days:" "+2 days:is more than a day ahead" "+1 hours:"; do
    sqlite3 times.db "UPDATE events SET timestamp = strftime('%s', 'now', '${case%%:*}')"
    run 0 check splunk sentinel --db times.db
    unfold
    equal "${case%%:*}" "${case#*:}" "$(sed -n 's/^sentinel: warning: TimeGenerated: \([^:]*\):.*/\1/p' out)"
done

# The page's formats keep the time, or keep an event without one out.
awk '/^```lua$/ { inside = ++count; next } /^```$/ { inside = 0 } inside { print >"page" inside ".lua" }' "$root/formats/README.md"
sqlite3 times.db "UPDATE events SET timestamp = 1767225600"
for page in page*.lua; do
    run 0 check "./$page" --db times.db
    run 0 check "./$page"
    cat out >>pages
done
grep -l acme-sentinel page*.lua | xargs "$program" check --db times.db >out
lacks out TimeGenerated
has pages "sentinel: warning: TimeGenerated: is missing"
lacks pages 1970
equal "the formats of ecs, of which one takes another time" 1 "$(grep -c '@timestamp: is required' pages)"

cat >good.lua <<'L'
return require "oversight.formats.splunk":extend "good" {
  tests = { { row = { recipient_id = "A@B" },
    expect = { ["event.recipient_id"] = "a@b", ["event.user_agent"] = require("oversight.siem").null } } },
  { "event.recipient_id", from = "recipient_id", as = "lower" },
  { "time", from = "occurred_unix", as = "float", when = function(_, event) return event.occurred_unix ~= 0 end },
}
L
echo '{"row": {"id": 3}, "expect": {"event.event_id": "3"}}' >good.three.json
run 0 check ./good.lua
lacks out warning
echo '{"row": {"id": 3}, "expect": {"event.event_id": "4"}}' >good.three.json
run 1 check good.lua
has out 'good: error: good.three.json: event.event_id is "3", expected "4"'
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
    unfold
    has out "bad: error: $3: $4"
}
finds splunk '{ "extra", value = 1 }' extra "is not a key of a HEC envelope"
finds splunk '{ "fields.a.b", value = "x" }' fields.a.b "fields must be flat"
finds splunk '{ "fields.n", value = 1 }' fields.n "indexed fields are strings"
finds splunk '{ "time", value = "yesterday" }' time 'is a number of seconds, also as a string, not "yesterday"'
finds splunk '{ "time", value = "1e9" }' time "is a number of seconds"
finds splunk '{ "time", value = true }' time "is a number of seconds, also as a string, not true"
finds splunk '{ "time", value = { 1 } }' time "is a number of seconds, also as a string, not array"
finds splunk '{ "fields.n", value = { "x", 1 } }' fields.n "indexed fields are strings or lists of strings, not array"
for name in host source sourcetype index; do
    finds splunk "{ '$name', value = '', keep = true }" $name "is empty"
done
finds splunk '{ "time", value = 1e300 }' time "is seconds with fixed decimals"
finds splunk '{ "event", remove = true }' event "is missing or empty"
finds splunk '{ "host", value = 1 }' host "is a string, not number"
finds sentinel '{ "Type", value = "x" }' Type "is a reserved name"
finds sentinel '{ "9lives", value = "x" }' 9lives "a column's name has letters"
finds sentinel "{ '$(printf 'x%.0s' {1..46})', value = 1 }" "$(printf 'x%.0s' {1..46})" "a column's name has at most 45 characters"
finds sentinel '{ "a.b", value = 1 }' a.b "a row is flat"
finds sentinel '{ "Big", value = ("x"):rep(65537) }' Big "is cut at 64 KB (Logs Ingestion) or 32 KB (Data Collector)"
finds sentinel '{ "TimeGenerated", from = "occurred_unix" }' TimeGenerated "is not an RFC 3339 time"

# Rows of another column each, beside the fifteen that are there.
columns() { for ((i = 1; i <= $1; i++)); do printf '{ "C%d", value = 1 }, ' "$i"; done; }
finds sentinel "$(columns 486)" C486 "a row has at most 500 columns"
echo "return require 'oversight.formats.sentinel':extend 'wide' { $(columns 485) }" >wide.lua
run 0 check wide.lua
lacks out columns
echo "return require 'oversight.formats.sentinel':extend 'long' { { 'Big', value = ('x'):rep(65536) } }" >long.lua
run 0 check long.lua
has out "long: warning: Big: is cut at 32 KB by the Data Collector API, not by Logs"
echo "return require 'oversight.formats.sentinel':extend 'long' { { 'Big', value = ('x'):rep(32768) } }" >long.lua
run 0 check long.lua
lacks out Big
# Rows of Splunk that no extension of the shipped format makes.
echo 'return require "oversight.format" "bad" { { "event", value = "x" }, { "fields", value = "x" },
    { "time", value = "1767225600.25" } }' >bad.lua
run 1 check bad.lua --target splunk
has out 'bad: error: fields: is an object of indexed fields, not "x"'
lacks out 'bad: error: time'
echo 'return require "oversight.format" "bad" { { "event", value = "" , keep = true } }' >bad.lua
run 1 check bad.lua --target splunk
has out "bad: error: event: is missing or empty (codes 12 and 13)"

# ---- ECS: names ----
accepts() { # rows option...
    echo "return require 'oversight.formats.ecs':extend 'good' { $1 }" >accepted.lua
    run 0 check accepted.lua "${@:2}"
    unfold
    lacks out 'good: error'
}
custom='custom fields are under oversight, labels or a name declared with --custom'
finds ecs '{ "mine.x", value = 1 }' mine.x "is not an ECS field of 8.11; $custom"
finds ecs '{ "event.foo", value = "x" }' event.foo "is not an ECS field of 8.11; $custom"
finds ecs '{ "process.parent.thread.nmae", value = "x" }' process.parent.thread.nmae "is not an ECS field of 8.11; $custom"
for path in event.reason.foo user.name.text network.inner.foo source.geo.location.foo message.a; do
    finds ecs "{ '$path', value = 'x' }" $path "is not an ECS field of 8.11"
done
accepts '{ "mine.x", value = 1 }, { "his", value = { 1 } }' --custom mine --custom his
accepts '{ "process.parent.group_leader.vpid", value = 1 }, { "user.changes.group.name", value = "x" }'
accepts '{ "container.labels.any", value = { 1, "x" } }, { "log.syslog.structured_data.a.b", value = true },
    { "file.elf.imports", value = { { printf = "libc" } } }'
# Elasticsearch reads a dot within a key as it reads one between keys.
accepts '{ "event\\.reason", value = "x" }, { "oversight.a\\.b", value = 1 }'
finds ecs '{ "event\\.foo", value = "x" }' 'event\.foo' "is not an ECS field of 8.11"
# What ECS has is held to its rules, declared or not.
echo "return require 'oversight.formats.ecs':extend 'bad' { { 'event.foo', value = 1 } }" >bad.lua
run 1 check bad.lua --custom event --json
has out '{"format":"bad","level":"error","field":"event.foo","reason":"is not an ECS field of 8.11; custom'

# ---- ECS: types ----
refuses() { # path value reason
    finds ecs "{ '$1', value = $2 }" "$1" "$3"
}
siem='require("oversight.siem")'
refuses source.port '"80"' 'is a whole number of 64 bits in ECS (long), not "80"'
refuses event.severity 1.5 "is a whole number of 64 bits in ECS (long), not 1.5"
refuses event.severity 1e19 "is a whole number of 64 bits in ECS (long), not 1"
refuses event.risk_score '"high"' 'is a number in ECS (float), not "high"'
refuses event.code 5 "is a string in ECS (keyword), not 5"
refuses event.code true "is a string in ECS (keyword), not true"
refuses event.code "$siem.object({})" "is a string in ECS (keyword), not object"
refuses faas.coldstart '"true"' 'is true or false in ECS (boolean), not "true"'
refuses event.start '"yesterday"' 'is an RFC 3339 time or whole milliseconds in ECS (date), not "yesterday"'
refuses event.start '"2026-02-29T00:00:00Z"' "is an RFC 3339 time"
refuses event.start 1767225600000.5 "is an RFC 3339 time"
refuses server '"x"' 'is an object in ECS (object), not "x"'
refuses tls.client.x509.subject '"x"' "is an object in ECS (object)"
refuses container.labels '"x"' "is an object in ECS (object)"
refuses labels.n 1 "labels are flat strings"
refuses labels.a.b '"x"' "labels are flat strings"
finds ecs '{ "source.ip", from = "token_id" }' source.ip '"00000000000000000000000000000001" is not an IP address, and costs the whole document'
refuses source.ip '("1"):rep(999)' "\"$(printf '1%.0s' {1..56})... is not an IP address"
accepts '{ "source.port", value = 80 }, { "event.severity", value = 3.0 }, { "event.risk_score", value = 1.5 },
    { "faas.coldstart", value = false }, { "message", value = "x" }, { "url.full", value = "x" },
    { "event.start", value = "2026-01-02T03:04:05.678+01:00" }, { "event.end", value = 1767225600000 },
    { "event.code", value = require("oversight.siem").null, keep = true }'
lacks out 'looks like seconds'
accepts '{ "@timestamp", from = "occurred_unix" }'
has out 'good: warning: @timestamp: 1767225601 is read as milliseconds, and looks like seconds'

# ---- ECS: points ----
location=source.geo.location
for point in '"48.1,11.6"' '{ lat = 48.1, lon = 11.6 }' '{ 11.6, 48.1 }' '{ "48.1,11.6", "-33,151" }' \
    '{ { 11.6, 48.1, 520 }, { lat = 1, lon = 2 } }'; do
    accepts "{ '$location', value = $point }"
done
for point in '"Munich"' '"95,0"' '"1,-"' 5 '{ 11.6 }' '{ 11.6, 148.1 }' '{ "48.1,11.6", "x" }'; do
    refuses $location "$point" 'is a point, {lat, lon}, "lat,lon" or [lon,lat], in ECS (geo_point)'
done
refuses $location '{ lat = 48.1 }' "is a point without lon"
refuses $location '{ { lon = 48.1 } }' "is a point without lat"
finds ecs "{ '$location', value = { lat = 95, lon = 1 } }" $location.lat "is a number from -90 to 90 in ECS"
finds ecs "{ '$location', value = { lat = 1, lon = math.mininteger } }" $location.lon "is a number from -180 to 180 in ECS"

# ---- ECS: lists ----
refuses event.type '"info"' "is a list, not string"
refuses tags '"x"' "is a list, not string"
refuses dns.answers '{ name = "x" }' "is a list, not object"
refuses file.elf.imports '{ printf = "libc" }' "is a list, not object"
refuses tags '{ "x", 1 }' "is a string in ECS (keyword), not 1"
refuses related.ip '{ "192.0.2.1", "x" }' '"x" is not an IP address'
refuses source.port '{ 80, "81" }' 'is a whole number of 64 bits in ECS (long), not "81"'
refuses dns.answers '{ "x" }' 'is an object in ECS (object), not "x"'
refuses email.attachments 1 "is an object in ECS (nested), not 1"
finds ecs '{ "dns.answers", value = { { name = "x" }, { ttl = "1" } } }' dns.answers.ttl 'is a whole number of 64 bits in ECS (long), not "1"'
finds ecs '{ "dns.answers", value = { { nmae = "x" } } }' dns.answers.nmae "is not an ECS field of 8.11"
finds ecs '{ "email.attachments", value = { { file = { size = "1" } } } }' email.attachments.file.size "is a whole number"
accepts '{ "tags", value = { "x", "y" } }, { "source.port", value = { 80, 81 } }, { "event.code", value = { "x" } },
    { "dns.answers", value = { { name = "x", ttl = 1 }, { data = "y" } } },
    { "email.attachments", value = { { file = { size = 1, hash = { md5 = "x" } } } } }'
accepts "{ 'tags', value = $siem.array({}) }, { 'related.hosts', value = $siem.null, keep = true }"

# ---- ECS: releases ----
refuses_in() { # release path value reason
    finds ecs "{ 'ecs.version', value = '$1' }, { '$2', value = $3 }" "$2" "$4"
}
accepts_in() { # release path value
    accepts "{ 'ecs.version', value = '$1' }, { '$2', value = $3 }"
}
refuses gen_ai.agent.name '"x"' "is not an ECS field of 8.11; it came with 9.1"
refuses user.entity.id '"x"' "is not an ECS field of 8.11; it came with 9.2"
refuses volume.size 1 "is not an ECS field of 8.11; it came with 8.16"
accepts_in 9.2.0 user.entity.id '"x"'
lacks out 'ecs.version'
accepts_in 8.17.0 volume.size 1
accepts_in 8.11.0 process.pgid 1
refuses_in 9.0.0 process.pgid 1 "is not an ECS field of 9.0; 9.0 took it away"
refuses_in 9.5.0 gen_ai.system '"x"' "is not an ECS field of 9.5; 9.5 took it away"
refuses_in 9.1.0 gen_ai.request.seed 3000000000 "is a whole number of 32 bits in ECS (integer)"
accepts_in 9.5.0-dev gen_ai.request.seed 3000000000
accepts_in 9.3 entity.attributes.any 1
refuses_in 9.4.0 entity.attributes.any 1 "is not an ECS field of 9.4; 9.4 took it away"
accepts_in 9.6.0 event.reason '"x"'
has out 'good: warning: ecs.version: releases after 9.5 are not known here; checked as 9.5'
refuses_in 9.6.0 event.foo 1 "is not an ECS field of 9.5"
accepts_in 8.4.0 event.reason '"x"'
has out 'good: warning: ecs.version: releases before 8.11 are not known here; checked as 8.11'
for version in '"10.0.0"' '"1.12.0"' '"nine"' '"9"' '"9.2x"' 9.2; do
    refuses ecs.version "$version" "$version is not a release of ECS 8 or 9; checked as 8.11"
done
refuses ecs.version '{ "9.2.0" }' "array is not a release of ECS 8 or 9"
finds ecs '{ "ecs.version", remove = true }' ecs.version "is required"
finds ecs '{ "@timestamp", remove = true }' @timestamp "is required"
finds ecs "{ '@timestamp', value = $siem.null, keep = true }" @timestamp "is required"

# ---- ECS: allowed and expected values ----
refuses event.kind '"party"' '"party" is not an allowed value of 8.11'
refuses event.type '{ "info", "nope" }' '"nope" is not an allowed value of 8.11'
refuses event.type '{ "device" }' '"device" is not an allowed value of 8.11; it came with 9.2'
refuses_in 9.2.0 host.entity.type '{ "cloud" }' '"cloud" is not an allowed value of 9.2; it came with 9.3'
accepts_in 9.3.0 host.entity.type '{ "cloud", "host" }'
accepts_in 9.2.0 event.type '{ "device" }'
lacks out 'is not expected'
accepts '{ "event.type", value = { "info", "group" } }'
has out 'good: warning: event.type: "group" is not expected with event.category network'
lacks out '"info" is not expected'
accepts '{ "event.type", value = { "group" } }, { "event.category", value = { "network", "iam" } }'
lacks out 'is not expected'
accepts '{ "event.type", value = { "group" } }, { "event.category", remove = true }'
lacks out 'is not expected'

# ---- functions that say that they keep no state ----
# counts WHAT VALUE: a format whose function gives VALUE; `before` is what the event before had.
counts() {
    cat >"$1.lua" <<L
local before, count = 0, 0
return require "oversight.formats.ecs":extend "$1" { parallel = true,
  tests = { { row = {}, expect = { ["event.kind"] = "event" } } },
  { "labels.count", with = function(_, event)
    local value = $2
    before, count = event.event_id, count + 1
    return tostring(value)
  end },
}
L
}
counts stateless 'event.event_id:rep(2)'
counts counted count
counts compared 'event.event_id > tostring(before)'
run 0 check ./stateless.lua
run 1 check ./counted.lua
unfold
has out "counted: error: parallel: event 1 has another record when other events come before it: a function keeps state"
run 1 check ./compared.lua
has out "compared: error: parallel: event"
sed -i 's/parallel = true/parallel = false/' counted.lua
run 0 check ./counted.lua
cat >once.lua <<'L'
if os.rename("ready", "gone") then
  return require "oversight.formats.ecs":extend "once" { parallel = true, { "labels.x", with = tostring } }
end
error "only once"
L
touch ready
run 1 check ./once.lua
unfold
has out "once: error: parallel: once cannot be loaded for another thread: ./once.lua:4: only once"

# ---- records of a registry ----
make_registry r.db "$(many 3) UPDATE events SET source_ip = 'not an address' WHERE id = 2;"
run 1 check ecs --db r.db
has out 'ecs: error: source.ip: "not an address" is not an IP address'
run 2 check ecs --target nope
run 2 check nope
finish
