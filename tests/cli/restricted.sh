#!/usr/bin/env bash
# --restricted: attacks of a format or script from elsewhere, each stopped.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 3)"

# attack NAME BODY: a format whose function runs the body at event 2.
attack() {
    cat >"$1.lua" <<L
local format = require "oversight.format"
return format "$1" {
  { "id", from = "event_id" },
  { "x", with = function(value, event)
      if event.event_id ~= "2" then return 1 end
      $2
    end },
}
L
}

# refused NAME BODY MESSAGE: the event is refused with the message, and the state discarded if it says so.
refused() {
    attack "$1" "$2"
    run 3 export --db r.db --registry-id r --restricted --format "$1.lua" --on-error dead-letter:dead.jsonl \
        --max-instructions 1000000 --max-memory "${memory:-32}"
    has dead.jsonl "$3"
    lines out "${4:-2}"
    rm dead.jsonl
}

attack fine 'return ("x"):rep(3) .. #event.token_id'
run 0 export --db r.db --registry-id r --restricted --format fine.lua
lines out 3
has out '"x":"xxx7"'

run 0 try fine.lua --restricted --db r.db --json
lines out 3
run 0 diff fine.lua --restricted --against sentinel --db r.db
has out "+ x  3 of 3 event(s)"
attack runaway 'while true do end'
run 3 try runaway.lua --restricted --db r.db --json
lines out 1
has err "event 2: runaway: x: runaway.lua:6: the function ran more than 10000000 instructions"

refused loop 'while true do end' "more than 1000000 instructions" 1
refused pcall_loop 'while true do pcall(function() while true do end end) end' "more than 1000000 instructions" 1
refused coroutine_loop 'while true do coroutine.wrap(function() for i = 1, 1e5 do end end)() end' "more than 1000000 instructions" 1
refused long_string 'return #("x"):rep(1 << 30)' "more memory than the 32 MiB allowed" 1
refused growth 'local t = {} while true do t[#t + 1] = ("x"):rep(10000) .. #t end' "more memory than the 32 MiB allowed" 1
refused finalizer 'setmetatable({}, { __gc = function() while true do end end })' "__gc is not allowed"
refused late_finalizer 'local m = {} setmetatable({}, m) m.__gc = function() while true do end end return no.such' "attempt to index a nil value"
refused dump 'return string.dump(function() end)' "attempt to call a nil value (field 'dump')"
refused load_text 'return load("return 1")' "attempt to call a nil value (global 'load')"
refused environment 'return _ENV.os.getenv "HOME"' "attempt to index a nil value (global 'os')"
refused globals 'return _G.io.open "/etc/passwd"' "attempt to index a nil value (field 'io')"
refused debugging 'return debug.getregistry()' "attempt to index a nil value (global 'debug')"
refused modules 'return require "oversight.core"' "module 'oversight.core' is not open"
refused shared 'string.rep = nil' "this table is shared and cannot be changed"
refused actions 'require("oversight.actions").by_kind = nil' "this table is shared and cannot be changed"
refused collector 'collectgarbage "stop"' "attempt to call a nil value (global 'collectgarbage')"

# What catches errors does not outlive the budget, however it is nested.
refused handler 'xpcall(function() while true do end end, function() while true do end end)' "more than 1000000 instructions" 1
refused nested_coroutines 'local function f(n) while true do coroutine.resume(coroutine.create(function()
      if n > 0 then f(n - 1) else while true do end end end)) end end f(3)' "more than 1000000 instructions" 1
refused short_coroutines 'local function f(n) while true do coroutine.wrap(function()
      for i = 1, 20 do if n > 0 then f(n - 1) end end end)() end end f(6)' "more than 1000000 instructions" 1
refused closing 'local x <close> = setmetatable({}, { __close = function() while true do pcall(error) end end })' "more than 1000000 instructions" 1
refused close_coroutine 'while true do local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function()
      while true do end end }) coroutine.yield() end) coroutine.resume(c) coroutine.close(c) end' "more than 1000000 instructions" 1
refused nested_render 'local inner = require("oversight.format") "in" { { "a", with = function() return 1 end } }
      inner:render(event) while true do end' "more than 1000000 instructions" 1
refused nested_loop 'local inner = require("oversight.format") "in" { { "a", with = function() return 1 end } }
      while true do inner:render(event) end' "more than 1000000 instructions" 1
refused inner_loop 'local inner = require("oversight.format") "in" { { "a", with = function() while true do end end } }
      while true do inner:render(event) end' "more than 1000000 instructions" 1
refused sorting 'while true do pcall(table.sort, { 1, 2, 3 }, function() while true do end end) end' "more than 1000000 instructions" 1
refused replacing 'while true do pcall(string.gsub, ("x"):rep(9), ".", function() while true do end end) end' "more than 1000000 instructions" 1
refused meta_loop 'return tostring(setmetatable({}, { __tostring = function() while true do end end }))' "more than 1000000 instructions" 1
refused error_object 'error(setmetatable({}, { __tostring = function() while true do end end }))' "error" 1
refused caught_growth 'while true do pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(10000) .. #t end end) end' \
    "more memory than the 32 MiB allowed" 1
refused coroutine_growth 'while true do coroutine.resume(coroutine.create(function() local t = {} while true do
      t[#t + 1] = ("x"):rep(10000) .. #t end end)) end' "more memory than the 32 MiB allowed" 1
refused copies 'local t = {} while true do t[#t + 1] = event:copy() end' "more memory than the 32 MiB allowed" 1

# Little memory that stands for much text.
shared='local t = { ("x"):rep(1000) } for i = 1, 40 do t = { t, t } end'
encoded="$shared return assert(require('oversight.siem').json.encode(t))"
memory=256 refused shared_record "$shared return t" "longer than 64 MiB"
memory=256 refused shared_json "$encoded" "longer than 64 MiB"
refused shared_record "$shared return t" "more memory than the 32 MiB allowed" 1
refused shared_json "$encoded" "more memory than the 32 MiB allowed" 1
{
    echo 'local long = ("\1"):rep(5000000) local rows = { { "id", from = "event_id" } }'
    echo 'for i = 1, 300 do rows[i + 1] = { "x" .. i, with = function(_, e) return e.event_id == "2" and long or nil end } end'
    echo 'return require "oversight.format" "wide" (rows)'
} >wide.lua
run 3 export --db r.db --registry-id r --restricted --format wide.lua --on-error dead-letter:dead.jsonl
has dead.jsonl "wide: x3: the record is longer than 64 MiB here"
lines out 2
rm dead.jsonl

# Finalizers cannot be had by a metatable that others share, and at the end the watchdog looks on.
for body in 'getmetatable(siem.array {}).__gc = loop keep = siem.array {}' \
    'getmetatable(format "y" { { "a", value = 1 } }).__gc = loop keep = format "z" { { "a", value = 1 } }' \
    'getmetatable(siem.pipeline { format = "ecs" }).__gc = loop keep = siem.pipeline { format = "ecs" }' \
    '(format "y" { { "a", value = 1 } }).__index.__gc = loop keep = format "z" { { "a", value = 1 } }' \
    'getmetatable(require "oversight.actions").__gc = loop'; do
    echo "local siem, format = require 'oversight.siem', require 'oversight.format'
local function loop() while true do end end
pcall(function() $body end)
return format 'fin' { { 'id', from = 'event_id' } }" >fin.lua
    run 0 export --db r.db --registry-id r --restricted --format fin.lua --max-seconds 2
    lines out 3
done

# What is shared cannot be changed; what is changed is the script's own.
for body in 'rawset(string, "rep", 1)' 'rawset(require "oversight.siem", "json", 1)' 'string.rep = 1' \
    'require("oversight.siem").json.encode = 1' 'require("oversight.format").from_function = nil' \
    'require("oversight.siem").array(math)' 'require("oversight.siem").object(require "oversight.formats.ecs")' \
    'require("oversight.actions").by_kind.dns = nil' 'math.pi = 3' 'table.insert(coroutine, 1)' 'setmetatable(string, {})'; do
    echo "$body return require 'oversight.format' 'x' { { 'id', from = 'event_id' } }" >change.lua
    run 1 export --db r.db --registry-id r --restricted --format change.lua
done
echo 'for name in pairs(math) do if name == "pi" then print "found" end end print(#require("oversight.siem").json, ("x").dump)' >script.lua
run 0 run --restricted script.lua
has out "found"

# A format that is none of ours to the letter, and one that is not text.
for body in 'local f = format "x" { { "a", value = 1 } } f.compile = function() return 1 end return f' \
    'local f = format "x" { { "a", value = 1 } } local m = f:compile() m:close() f.compile = function() return m end return f' \
    'return setmetatable({}, setmetatable({}, { __eq = function() return true end }))' 'return 5' \
    'return siem.pipeline { format = "ecs", name = "\27[2J" }' 'return siem.pipeline { format = "ecs", name = pairs }' \
    'return format "x" { { "a", value = 1 }, tests = { { row = { id = 0/0 } } } }'; do
    printf '%s\n' "local siem, format = require 'oversight.siem', require 'oversight.format' $body" >odd.lua
    run 1 export --db r.db --registry-id r --restricted --format odd.lua
    lacks err $'\33'
    [ -s err ] || fail "no message for: $body"
    lacks err "0x"
done
echo 'return require "oversight.format" "x" { { "a", value = 1 }, tests = { { row = { kind = ("x"):rep(5000000) }, expect = { a = 1 } } } }' >odd.lua
run 1 check odd.lua --restricted
has err "odd.lua: its rows and tests are longer than 4 MiB"
mkdir folder.lua
run 1 export --db r.db --registry-id r --restricted --format folder.lua
has err "folder.lua: Is a directory"
echo 'pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end end)
return require "oversight.format" "late" { { "id", from = "event_id" } }' >late.lua
run 1 export --db r.db --registry-id r --restricted --format late.lua
has err "memory"
echo 'while true do print(("x"):rep(100000)) end' >script.lua
run 1 run --restricted script.lua
has err "the script printed more than 16 MiB"
echo 'print("\27[2J\7", "a\nb")' >script.lua
run 0 run --restricted script.lua
[ "$(cat out)" = '\x1b[2J\x07	a\x0ab' ] || fail "printed: $(cat -v out)"

# A discarded state stays discarded.
attack again 'while true do end'
run 3 export --db r.db --registry-id r --restricted --format again.lua --on-error dead-letter:dead.jsonl
has dead.jsonl '"event_id":"3","format":"again","reason":"again: x: the format went over its limits before'

# What a hook cannot stop ends the process, with a word.
attack pattern 'return (("a"):rep(60000):find(".-.-.-.-b"))'
run 1 export --db r.db --registry-id r --restricted --format pattern.lua --max-seconds 1
has err "the restricted format did not come back in time and was stopped"
has err "[failed] exported 0 event(s)"
run 1 export --db r.db --registry-id r --restricted --format pattern.lua --max-seconds 1 --quiet
lacks err exported

# At the start as well: a loop, bytecode, and a file that is none.
echo 'while true do end' >start.lua
run 1 export --db r.db --registry-id r --restricted --format start.lua
has err "instructions"
printf '\033Lua' >binary.lua
run 1 export --db r.db --registry-id r --restricted --format binary.lua
has err "binary"
run 1 export --db r.db --registry-id r --restricted --format none.lua
has err "none.lua: No such file"

echo 'return (("a"):rep(60000):find(".-.-.-.-b"))' >start.lua
run 1 export --db r.db --registry-id r --restricted --format start.lua --max-seconds 1
has err "did not come back in time"

# What a restricted format says of itself is known outside of its state.
cat >site.lua <<L
return require("oversight.formats.sentinel"):extend "site" {
  { "RecipientId", from = "recipient_id", as = "lower" },
  { "Bad-Name", from = "token_id" },
  tests = {
    { row = { id = 7, kind = "dns", timestamp = 1, recipient_id = "A@B" }, expect = { RecipientId = "a@b" } },
    { row = { id = 8, kind = "dns", timestamp = 1, recipient_id = "A@B" }, expect = { RecipientId = "A@B" } },
  },
}
L
run 1 check site.lua --restricted
has out 'site: error: test 2: RecipientId is "a@b", expected "A@B"'
has out "site: error: Bad-Name: a column's name"
lacks out "test 1"
run 1 check site.lua site.lua --restricted
run 0 try site.lua --restricted --db r.db --explain
has out "RecipientId <- recipient_id, as lower"

# A script: its arguments, what it prints, and nothing else.
echo 'print(arg[0], arg[1], select("#", ...), io, os, require)' >script.lua
run 0 run --restricted script.lua one two
[[ "$(cat out)" == "script.lua	one	2	nil	nil	function"* ]] || fail "the script printed $(cat out)"
echo 'while true do end' >script.lua
run 1 run --restricted --max-instructions 1000000 script.lua
has err "script.lua:1: the function ran more than"
echo 'error "on purpose"' >script.lua
run 1 run --restricted script.lua
has err "script.lua:1: on purpose"
echo 'return (("a"):rep(60000):find(".-.-.-.-b"))' >script.lua
run 1 run --restricted --max-seconds 1 script.lua
has err "did not come back in time"
cat >script.lua <<'L'
local siem = require "oversight.siem"
return siem.pipeline {
  format = "sentinel",
  filter = function(event)
    if event.event_id == "1" then while true do end end
    return event.event_id ~= "2"
  end,
}
L
run 2 run --restricted script.lua
has err "give --db FILE"
run 0 run --restricted --db r.db --output records.jsonl <(sed '/while/d' script.lua)
lines records.jsonl 2
lacks records.jsonl '"EventId":"2"'
has err "1 event(s) dropped by a filter"
run 3 run --restricted --db r.db --dead-letter dead.jsonl --max-instructions 1000000 script.lua
has dead.jsonl "script.lua:5: the function ran more than 1000000 instructions"
rm dead.jsonl
sed -i 's/format = "sentinel"/source = { path = "r.db" }, &/' script.lua
run 1 run --restricted --db r.db script.lua
has err 'there is no key "source" in a restricted script'
echo 'local siem = require "oversight.siem"
return siem.pipeline { fromat = require "oversight.formats.ecs" }' >wrong.lua
run 1 run --restricted --db r.db wrong.lua
has err 'wrong.lua:2: pipeline: there is no key "fromat" in a restricted script; did you mean "format"?'
run 2 run --db r.db script.lua
has err "--db is for --restricted"

# A hostile file in the working directory replaces nothing.
mkdir -p oversight/formats
echo 'error "hijacked"' | tee oversight/formats/splunk.lua oversight/format.lua >/dev/null
run 0 export --db r.db --registry-id r --restricted --format fine.lua
lacks err hijacked

# One with a position, twice: nothing is new then.
run 0 export --db r.db --registry-id r --restricted --format fine.lua --output once.jsonl --checkpoint once.cp --progress
lines once.jsonl 3
has err "[ok] exported 3 event(s)"
run 0 export --db r.db --registry-id r --restricted --format fine.lua --output once.jsonl --checkpoint once.cp
lines once.jsonl 3
has err "nothing is new after event 3"
finish
