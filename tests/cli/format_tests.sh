#!/usr/bin/env bash
# The tests of formats that check runs, and formats that give several records.
. "$(dirname "$0")/check.sh"
null='require("oversight.siem").null'

# tested TESTS [ROWS]: a format with these tests.
tested() {
    echo "return require 'oversight.formats.sentinel':extend 'good' { tests = $1, ${2:-} }" >good.lua
}
passes() {
    tested "$@"
    run 0 check good.lua
    lacks out "test 1"
    lacks out "warning: tests"
}
# errors N: that many are found, warnings aside.
errors() { [ "$(grep -c ': error: ' out)" -eq "$1" ] || { fail "not $1 error(s):"; show out; }; }
fails() { # message tests [rows]
    tested "${@:2}"
    run 1 check good.lua
    has out "good: error: $1"
}

passes "{ { row = { id = 3 }, expect = { EventId = '3', UserAgent = $null } } }"
passes '{ { says = "ids are text", registry_id = "reg", row = { id = 3 }, expect = { EventId = "3", RegistryId = "reg" } } }'
fails 'test 1: EventId is "3", expected "4"' '{ { row = { id = 3 }, expect = { EventId = "4" } } }'
fails 'test 2: SourceIp is (nothing), expected "x"' \
    '{ { row = { id = 3 }, expect = { EventId = "3" } }, { row = {}, expect = { SourceIp = "x" } } }'

# ---- a test that asserts nothing, or that is none ----
for nothing in '' 'expect = {}' "expect = { UserAgent = $null }" "expect = { a = { b = $null } }" 'record = {}'; do
    fails "test 1: the test asserts nothing" "{ { row = { id = 3 }, $nothing } }"
done
fails "test 1: expect must be a table, not a number" '{ { row = { id = 3 }, expect = 1 } }'
fails "test 1: record must be a table, not a string" '{ { row = { id = 3 }, record = "x" } }'
fails 'test 1: a test has no key "expected"' '{ { row = { id = 3 }, expected = { EventId = "3" } } }'
fails "test 1: a test has a row" '{ { expect = { EventId = "3" } } }'
fails "test 1: a test is a table, not a string" '{ "x" }'
fails "test 1: give record or expect, not both" '{ { row = {}, expect = { a = 1 }, record = { a = 1 } } }'
fails 'tests: is a list of tests, and has no key "row"' '{ row = { id = 3 }, expect = { EventId = "3" } }'
fails "test 1: expect has paths of fields as keys" '{ { row = { id = 3 }, expect = { [5.5] = "3" } } }'
fails "test 1: row: " '{ { row = { "x" }, expect = { EventId = "3" } } }'
fails 'test 1: good: the format has no option "host"' '{ { row = {}, options = { host = "x" }, expect = { EventId = "3" } } }'

# ---- what is compared ----
tested() {
    echo "return require 'oversight.format' 'good' { tests = $1, { 'EventId', from = 'event_id' }, $2 }" >good.lua
}
rows='{ "a.b", value = { c = 1, d = { "x", { e = 2, f = "y" } } } }, { "k\\.l", value = "dot" }'
passes '{ { row = { id = 3 }, expect = { ["a.b.c"] = 1, ["k\\.l"] = "dot" } } }' "$rows"
passes '{ { row = { id = 3 }, expect = { a = { b = { d = { "x", { f = "y", e = 2 } }, c = 1 } } } } }' "$rows"
fails "test 1: a.b.c is 1, expected 2" '{ { row = { id = 3 }, expect = { a = { b = { c = 2 } } } } }' "$rows"
fails "test 1: a.b.d is [" '{ { row = { id = 3 }, expect = { a = { b = { c = 1 } } } } }' "$rows"
fails 'test 1: a.b.d[2].f is "y", expected "z"' \
    '{ { row = { id = 3 }, expect = { ["a.b.d"] = { "x", { e = 2, f = "z" } } } } }' "$rows"
fails "test 1: a.b.d has 2 element(s), expected 1" '{ { row = { id = 3 }, expect = { ["a.b.d"] = { "x" } } } }' "$rows"
fails "test 1: a.b.c is 1, expected 1.0" '{ { row = { id = 3 }, expect = { ["a.b.c"] = 1.0 } } }' "$rows"
only='{ row = { id = 3 }, record = { x = { y = "3" } } }'
echo "return require 'oversight.format' 'only' { tests = { $only }, { 'x.y', from = 'event_id' } }" >only.lua
run 0 check only.lua
lacks out "test 1"
echo "return require 'oversight.format' 'only' { tests = { $only }, { 'x.y', from = 'event_id' }, { 'z', value = 1 } }" >only.lua
run 1 check only.lua
has out "only: error: test 1: z is 1, expected (nothing)"

# ---- case files ----
passes '{ { row = { id = 3 }, expect = { EventId = "3" } } }' ''
mkdir good.folder.json
run 1 check ./good.lua
has out "good: error: ./good.folder.json: Is a directory"
rmdir good.folder.json
echo '["x"]' >good.list.json
run 1 check good.lua
has out 'good: error: good.list.json: a test has no key "1"'
rm good.list.json

# ---- of a function ----
cat >whole.lua <<'L'
return require("oversight.format").from_function("whole", function(event, options)
  return { Id = event.event_id, Place = options.place }
end, { options = { place = "HQ" }, tests = {
  { row = { id = 3 }, expect = { Id = "3", Place = "HQ" } },
  { row = { id = 3 }, options = { place = "there" }, expect = { Place = "there" } },
  { row = { id = 3 }, expect = { Place = "nowhere" } },
} })
L
run 1 check whole.lua --target sentinel
has out 'whole: error: test 3: Place is "HQ", expected "nowhere"'
errors 1

# ---- several records of an event ----
cat >pair.lua <<L
local siem = require "oversight.siem"
return siem.format.from_function("pair", function(event)
  if event.event_id == "9" then return siem.array {} end
  return siem.array { { Id = event.event_id, N = 1.0 }, { Id = event.event_id, Address = event.source_ip, Type = "x" } }
end)
L
cat >pair.two.json <<'J'
{"row": {"id": 3}, "expect": [{"Id": "3"}, {"Id": "3", "Type": "x"}]}
J
run 1 check pair.lua --target sentinel
has out "pair: error: Type: is a reserved name"
errors 1
echo '{"row": {"id": 3}, "expect": {"Id": "3"}}' >pair.two.json
run 1 check pair.lua --target sentinel
has out "pair: error: pair.two.json: there are 2 records, expected 1"
echo '{"row": {"id": 3}, "record": [{"Id": "3", "N": 1.0}, {"Id": "4", "Type": "x"}]}' >pair.two.json
run 1 check pair.lua --target sentinel
has out 'pair: error: pair.two.json: record 2: Id is "3", expected "4"'
echo '{"id": 3}' | "$program" try pair.lua --json >out
lines out 2
has out '{"Id":"3","N":1.0}'
echo '{"id": 3}' | "$program" try pair.lua >out
has out '  "Type": "x"'
lacks out '['
status=0
echo '{"id": 9}' | "$program" try pair.lua >out 2>err || status=$?
[ "$status" -eq 3 ] || fail "no record of any event ends with $status"
has err "pair makes no record of any event: 0 refused, 1 skipped"
[ ! -s out ] || fail "an event without records has one"
sed 's/Type = "x"/Type = "y"/; s/"pair"/"other"/' pair.lua >other.lua
echo '{"id": 3}' | "$program" diff pair.lua --against ./other.lua >out
has out "~ record 2: Type  1 of 1 event(s)"
lines out 3
echo '{"id": 3}' | "$program" diff pair.lua --against sentinel >out
has out "+ record 2  1 of 1 event(s)"
has out "+ record 1: Id  1 of 1 event(s)"

# ---- nothing of a format reaches a terminal as it is ----
echo 'return require "oversight.formats.ecs":extend "wild" {
    tests = { { row = {}, expect = { ["c\27[2Jd"] = "x" } } }, { "a\27[2Jb", value = "\27[31m" },
    { "event.kind", value = "\27[32m\u{9b}" } }' >wild.lua
run 1 check wild.lua
has out 'a\x1b[2Jb'
has out 'c\x1b[2Jd is (nothing), expected "x"'
LC_ALL=C grep -q $'\x1b\|\xc2\x9b' out && fail "an escape of a format is printed as it is"
finish
