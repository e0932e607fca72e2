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
has err "7 event(s) left out by a filter"
has err "[ok] exported 5 event(s) as custom"
has out "$(printf 'closed\t5')"

# What is wrong with a pipeline is told before anything is written.
for wrong in '{}' '{ source = {}, format = "ecs" }' '{ source = {}, format = "ecs", sink = "x", sinc = 1 }' \
    '{ source = {}, format = "ecs", sink = "x", filter = 1 }'; do
    echo "return require('oversight.siem').pipeline $wrong" >wrong.lua
    run 1 run wrong.lua
    has err "wrong.lua: pipeline: "
done
wrong() { # message keys: of a pipeline that is right but for these
    echo "local definition = { source = { path = 'r.db', registry_id = 'r' }, format = 'ecs', sink = 'wrong.jsonl' }
        for key, value in pairs { $2 } do definition[key] = value end
        return require('oversight.siem').pipeline(definition)" >wrong.lua
    run 1 run wrong.lua
    has err "wrong.lua: pipeline: $1"
    lacks err "attempt to"
    [ ! -e wrong.jsonl ] || fail "a wrong pipeline has written"
}
wrong 'on_error is "dead-letter", and no file is given' 'on_error = "dead-letter"'
wrong 'on_error is "stop", "skip" or "dead-letter"' 'on_error = "ignore"'
wrong 'source is a registry, { path = ..., registry_id = ... }, or events, not a number' 'source = 5'
wrong "source: registry_id is missing" 'source = { path = "r.db" }'
wrong 'source: there is no key "sinse"' 'source = { path = "r.db", registry_id = "r", sinse = 5 }'
wrong "source: since must be a number, not a string" 'source = { path = "r.db", registry_id = "r", since = "5" }'
wrong "source has no path" 'source = { registry_id = "r" }'
wrong "source is a registry" 'source = require("oversight.siem").sink.stdout()'
wrong "format is a name, a file or a format, not a number" 'format = 5'
wrong "format is a name, a file or a format, not a table" 'format = {}'
wrong 'sink is "-", a file, a table with send, or a sink, not a number' 'sink = 5'
wrong "name must be a string, not a table" 'name = {}'
wrong "dead_letter must be a string, not a boolean" 'dead_letter = true'
echo 'return { "no pipeline" }' >wrong.lua
run 1 run wrong.lua
has err "is no pipeline, but a string"

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
