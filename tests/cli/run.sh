#!/usr/bin/env bash
# run: scripts, their arguments, and the pipelines they return.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 10) UPDATE events SET kind = 'ocsp' WHERE id > 7;"

cat >args.lua <<'L'
#!/usr/bin/env oversight-siem
print(arg[0], #arg, arg[1], arg[2], ...)
L
run 0 run args.lua --quiet 'two words'
has out "$(printf 'args.lua\t2\t--quiet\ttwo words\t--quiet\ttwo words')"
run 0 args.lua one
has out "$(printf 'args.lua\t1\tone')"
run 0 run -- args.lua --quiet
has out "$(printf 'args.lua\t1\t--quiet')"
run 0 run args.lua -- x
has out "$(printf 'args.lua\t2\t--\tx')"
echo 'print "from stdin"' | "$program" run - >out
has out "from stdin"

echo 'local function inner() error "deep down" end
inner()' >broken.lua
run 1 run broken.lua
has err "broken.lua:1: deep down"
has err "stack traceback:"
echo 'x = = 1' >syntax.lua
run 1 run syntax.lua
has err "syntax.lua:1:"
printf '\033Lua' >binary.lua
run 1 run binary.lua
has err "binary"
run 1 run none.lua
run 2 run

# Routing: DNS to one file, the rest to another; a custom sink; one format that drops.
cat >route.lua <<'L'
local siem = require "oversight.siem"
local source = { path = arg[1], registry_id = "r" }
local total = 0
return {
  siem.pipeline { source = source, format = "sentinel", sink = "dns.jsonl",
    filter = function(event) return event.event_kind == "dns" end },
  siem.pipeline { source = source, format = "sentinel", sink = "rest.jsonl", name = "the rest",
    filter = function(event) return event.event_kind ~= "dns" end },
  siem.pipeline { source = source, name = "custom",
    format = siem.format.from_function("even", function(event)
      if tonumber(event.event_id) % 2 == 1 then return siem.drop end
      return { id = event.event_id }
    end),
    sink = { send = function(_, batch) total = total + #batch return true end,
             close = function() print("closed", total) end } },
}
L
run 0 run route.lua r.db
lines dns.jsonl 7
lines rest.jsonl 3
has err "[ok] exported 7 event(s) as sentinel"
has err "[ok] exported 3 event(s) as the rest"
has err "7 event(s) dropped by a filter"
has err "[ok] exported 5 event(s) as custom"
has out "$(printf 'closed\t5')"

# What is wrong with a pipeline is told before anything is written.
for wrong in '{}' '{ source = {}, format = "ecs" }' '{ source = {}, format = "ecs", sink = "x", sinc = 1 }' \
    '{ source = {}, format = "ecs", sink = "x", filter = 1 }'; do
    echo "return require('oversight.siem').pipeline $wrong" >wrong.lua
    run 1 run wrong.lua
    has err "wrong.lua:1: pipeline: "
    lacks err "traceback"
done
wrong() { # message keys: of a pipeline that is right but for these
    echo "local definition = { source = { path = 'r.db', registry_id = 'r' }, format = 'ecs', sink = 'wrong.jsonl' }
        for key, value in pairs { $2 } do definition[key] = value end
        return require('oversight.siem').pipeline(definition)" >wrong.lua
    run 1 run wrong.lua
    has err "wrong.lua:3: pipeline: $1"
    lacks err "attempt to"
    lacks err "traceback"
    [ ! -e wrong.jsonl ] || fail "a wrong pipeline has written"
}
wrong 'on_error is "dead-letter", and no file is given' 'on_error = "dead-letter"'
wrong 'on_error is "stop", "skip" or "dead-letter"' 'on_error = "ignore"'
wrong 'source is a registry, { path = ..., registry_id = ... }, a source, or events, not a number' 'source = 5'
wrong "source: registry_id is missing" 'source = { path = "r.db" }'
wrong 'source: there is no key "sinse"' 'source = { path = "r.db", registry_id = "r", sinse = 5 }'
wrong "source: since must be a time (seconds, or a text as \"-1h\"), not a boolean" 'source = { path = "r.db", registry_id = "r", since = true }'
wrong "source has no path" 'source = { registry_id = "r" }'
wrong "source is a registry" 'source = require("oversight.siem").sink.stdout()'
wrong "format is a name, a file or a format, not a number" 'format = 5'
wrong "format is a name, a file or a format, not a table" 'format = {}'
wrong 'sink is "-", a file, a table with send, or a sink, not a number' 'sink = 5'
wrong "name must be a string, not a table" 'name = {}'
wrong "dead_letter must be a string, not a boolean" 'dead_letter = true'
wrong 'there is no key "sinc"; did you mean "sink"?' 'sinc = 1'

# A part that could not be opened is a nil in the pipeline's table: the message is that of the part.
failed() { # message key definition
    echo "local siem = require 'oversight.siem'
        local source = { path = 'r.db', registry_id = 'r' }
        return siem.pipeline $2" >wrong.lua
    run 1 run wrong.lua
    has err "wrong.lua:3: pipeline: $1"
    lacks err "pipeline: sink is missing"
}
failed "sink: siem.sink.file failed: cannot open '/none/x'" \
    '{ source = source, format = "ecs", sink = siem.sink.file "/none/x" }'
failed "sink: siem.sink.splunk failed: splunk: token is missing" \
    '{ source = source, format = "ecs", sink = siem.sink.splunk { url = "http://127.0.0.1:1" } }'
failed "format: siem.format.load failed: unknown format 'none'" \
    '{ source = source, format = siem.format.load "none", sink = "-" }'
failed "source: siem.registry.open failed: cannot open" \
    '{ source = siem.registry.open { path = "none.db", registry_id = "r" }, format = "ecs", sink = "-" }'

# What a script returns that is not a pipeline is an error that says what is expected.
returns() { # message result
    echo "local siem = require 'oversight.siem'
        local job = siem.pipeline { source = { path = 'r.db', registry_id = 'r' }, format = 'ecs', sink = 'x.jsonl' }
        return $2" >wrong.lua
    run 1 run wrong.lua
    has err "oversight-siem run: wrong.lua: $1"
    [ ! -e x.jsonl ] || fail "'return $2' has exported"
}
expected="a script returns siem.pipeline{...}, a list of them, or nothing"
returns "the script returns a number: $expected" 5
returns "the script returns a boolean: $expected" false
returns "the script returns an empty table: $expected" '{}'
returns "result 1 of the script is not a pipeline, but a string: $expected" '{ "ecs" }'
returns "result 2 of the script is nil: $expected" '{ job, nil, job }'
returns "result 1 of the script is nil: $expected" '{ nil, job }'
returns 'the script returns a table with the key "dns": '"$expected" '{ dns = job }'
returns "the script returns a table as it is: it belongs into siem.pipeline{...}" \
    '{ source = { path = "r.db", registry_id = "r" }, format = "ecs", sink = "x.jsonl" }'
returns "the script failed: no registry today" 'nil, "no registry today"'
echo 'error {}' >raises.lua
run 1 run raises.lua
has err "raises.lua: an error of type table was raised: raise a text"
returns "the script returns several tables: $expected" 'job, job'

# Of several that run in turn, the message names those that did not.
cat >turn.lua <<'L'
local siem = require "oversight.siem"
local function pipeline(name, db)
  return siem.pipeline { name = name, source = { path = db, registry_id = "r" }, format = "ecs", sink = name .. ".jsonl" }
end
return { pipeline("first", "r.db"), pipeline("second", "none.db"), pipeline("third", "r.db"), pipeline("fourth", "r.db") }
L
run 1 run turn.lua
has err "oversight-siem run: second: cannot open 'none.db': No such file or directory; not run: third, fourth"
[ -s first.jsonl ] && [ ! -e third.jsonl ] || fail "not one after the other until one fails"
echo 'return nil' >nothing.lua
run 0 run nothing.lua
run 0 run --restricted nothing.lua
run 1 run --restricted --db r.db nothing.lua
has err "the script returns nothing to export with"

# Misuse names the line of the script, and has none of our own.
echo 'local siem = require "oversight.siem"
local function open() siem.registry.open { path = "r.db", registry_id = "r", sinse = 5 } end
open()' >misuse.lua
run 1 run misuse.lua
has err 'misuse.lua:2: registry.open: there is no key "sinse"; did you mean "since"?'
has err "misuse.lua:3: in main chunk"
lacks err "oversight/"
lacks err "[C]"
# A folder of the program's own name makes a script no part of it.
mkdir -p oversight/jobs
cp misuse.lua oversight/jobs/misuse.lua
run 1 run oversight/jobs/misuse.lua
has err 'oversight/jobs/misuse.lua:2: registry.open: there is no key "sinse"'

# A send that gives neither true nor outcomes confirms nothing; the checkpoint stays where it is.
send() { # status message what-send-returns
    rm -f position.json
    echo "return require('oversight.siem').pipeline { source = { path = 'r.db', registry_id = 'r' },
        format = 'ecs', checkpoint = 'position.json', sink = { send = function() $3 end } }" >send.lua
    run "$1" run send.lua
    has err "$2"
    run "$1" run send.lua # once more: nothing was taken as delivered
    has err "$2"
}
send 1 "the sink: send returned nothing: it returns true, a list of outcomes, or nil and a message" ''
send 1 "[failed] exported 0 event(s)" ''
send 1 "the sink: send returned nil" 'return nil'
send 1 "the sink: send returned false" 'return false'
send 1 "the sink: send returned string" 'return "ok"'
send 1 "the sink: send returned number" 'return 1'
send 1 "the sink: not today" 'return nil, "not today"'
[ ! -e position.json ] || lacks position.json '"last_id":10'
echo "return require('oversight.siem').pipeline { source = { path = 'r.db', registry_id = 'r' },
    format = 'ecs', sink = { send = function() return true end, close = function() CLOSE end } }" >closing.lua
close() { # status message what-close-does
    sed "s/CLOSE/$3/" closing.lua >close.lua
    run "$1" run --max-instructions 1000000 close.lua
    has err "$2"
}
close 0 "[ok] exported 10 event(s)" 'return nil'
close 0 "[ok] exported 10 event(s)" 'return true'
close 1 "the sink: close: the last batch is lost" 'return nil, "the last batch is lost"'
close 1 "the sink: close: it returned false" 'return false'
close 1 "close.lua:2: it broke" 'error "it broke"'
close 1 "more than 1000000 instructions" 'while true do end'

# os.exit ends a script that works by itself, and no pipeline.
echo 'os.exit(7)' >exit.lua
run 7 run exit.lua
for place in 'filter = exit' 'format = require("oversight.siem").format.from_function("e", exit)' \
    'sink = { send = exit }' 'sink = { send = function() return true end, close = exit }' 'progress = exit'; do
    echo "local function exit() os.exit(0) end
        local job = { source = { path = 'r.db', registry_id = 'r' }, format = 'ecs', sink = 'exit.jsonl' }
        for key, value in pairs { $place } do job[key] = value end
        return require('oversight.siem').pipeline(job)" >exit.lua
    run 1 run exit.lua
    has err "exit.lua:1: os.exit is called"
    has err "[failed] exported"
done

# A filter that fails refuses that event.
cat >failing.lua <<'L'
local siem = require "oversight.siem"
return siem.pipeline { source = { path = "r.db", registry_id = "r" }, format = "ecs", sink = "f.jsonl",
  dead_letter = "dead.jsonl", filter = function(event) return event.event_id < 5 end }
L
run 3 run failing.lua
has err "10 event(s) refused and kept in dead.jsonl"
has dead.jsonl "ecs: filter: "
has dead.jsonl "failing.lua:3:"
finish
