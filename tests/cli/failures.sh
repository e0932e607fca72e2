#!/usr/bin/env bash
# What goes wrong outside: full disks, closed pipes, signals, refused events.
. "$(dirname "$0")/check.sh"
make_registry r.db "$(many 20000)"
export=(export --db r.db --registry-id reg --format ecs)

# A full device.
run 1 "${export[@]}" --output /dev/full
has err "No space left on device"
has err "[failed] exported 0 event(s) as ecs"
status=0
"$program" "${export[@]}" >/dev/full 2>err || status=$?
[ "$status" -eq 1 ] || fail "a full standard output ends with $status"
has err "No space left on device"
status=0
"$program" formats >/dev/full 2>err || status=$?
[ "$status" -eq 1 ] || fail "formats on a full standard output ends with $status"

# A limit within a line: whole lines remain, and as many as it says.
status=0
(ulimit -f 1000; exec "$program" "${export[@]}" --output limited.jsonl 2>err) || status=$?
[ "$status" -eq 1 ] || fail "a file size limit ends with $status"
[ "$(tail -c 1 limited.jsonl | od -An -tx1 | tr -d ' ')" = 0a ] || fail "a torn last line"
has err "[failed] exported $(grouped "$(wc -l <limited.jsonl)") event(s) as ecs"

# A closed pipe ends quietly.
status=0
{ "$program" "${export[@]}" 2>err || echo "status $?" >&2; } 2>pipe | head -n 1 >out
lines out 1
[ ! -s err ] && [ ! -s pipe ] || fail "a closed pipe is told: $(cat err pipe)"

status=0
{ "$program" "${export[@]}" --pretty 2>err || echo "status $?" >&2; } 2>pipe | head -n 1 >out
[ ! -s err ] && [ ! -s pipe ] || fail "a closed pipe is told by --pretty: $(cat err pipe)"
status=0
"$program" "${export[@]}" --limit 1 --pretty >/dev/full 2>err || status=$?
[ "$status" -eq 1 ] || fail "--pretty on a full standard output ends with $status"
has err "[failed] exported 0 event(s)"
has err "No space left on device"

# SIGTERM between two batches: what it says is what is in the file.
mkfifo fifo
"$program" "${export[@]}" --output fifo 2>err &
child=$!
exec 3<fifo
head -c 1000 <&3 >part
kill -TERM "$child"
cat <&3 >>part
status=0
wait "$child" || status=$?
exec 3<&-
[ "$status" -eq 1 ] || fail "SIGTERM ends with $status"
has err "[stopped] exported $(grouped "$(wc -l <part)") event(s) as ecs"

# Refused events: stop, skip, dead letter.
mkdir -p lua/oversight/formats
cat >lua/oversight/formats/strict.lua <<'L'
return require "oversight.format" "strict" {
  { "id", from = "event_id" },
  { "odd", from = "event_id", with = function(id)
      if tonumber(id) % 2 == 0 then error "an even id" end
      return true
    end },
}
L
export OVERSIGHT_LUA_PATH=lua
strict=(export --db r.db --registry-id reg --format strict --limit 4)
run 1 "${strict[@]}"
lines out 1
has err "event 2: strict: odd: "
has err "an even id"
has err "[failed] exported 1 event(s) as strict"
run 3 "${strict[@]}" --on-error skip
lines out 2
has err "2 event(s) refused and skipped"
run 3 "${strict[@]}" --on-error dead-letter:dead.jsonl
lines out 2
lines dead.jsonl 2
has dead.jsonl '"event_id":"4","format":"strict","reason":"strict: odd: '
[ "$(stat -c %a dead.jsonl)" = 600 ] || fail "the dead letter file has mode $(stat -c %a dead.jsonl)"
run 0 formats
has out "lua/oversight/formats/strict.lua"
# A dead letter that nobody keeps is a failure, not a closed pipe.
mkfifo dead
head -c 1 dead >/dev/null &
run 1 export --db r.db --registry-id reg --format strict --on-error dead-letter:dead --output kept.jsonl
has err "dead"
wait "$!"

# os.exit in a function is an error of its event, and not the end of the program; no pcall hides it.
cat >lua/oversight/formats/exits.lua <<'L'
return require "oversight.format" "exits" {
  { "id", from = "event_id", with = function(id)
      if id == "2" then os.exit(0) end
      if id == "3" then pcall(os.exit, 0) end
      return id
    end },
}
L
run 1 export --db r.db --registry-id reg --format exits --limit 4
lines out 1
has err "event 2: exits: id: "
has err "exits.lua:3: os.exit is called, which would end the whole export"
has err "[failed] exported 1 event(s) as exits"
run 3 export --db r.db --registry-id reg --format exits --limit 4 --on-error skip
lines out 2
has err "[refused] exported 2 event(s) as exits"
run 1 check exits --target sentinel
has out "os.exit"
run 3 try exits --db r.db
has err "event 3: exits: id: the function called os.exit"
for call in 'os.exit(0)' 'pcall(os.exit, 0)' 'setmetatable({}, { __gc = function() os.exit(0) end }) collectgarbage() error "loaded"'; do
    echo "$call
        return require 'oversight.format' 'early' { { 'id', from = 'event_id' } }" >lua/oversight/formats/early.lua
    run 1 export --db r.db --registry-id reg --format early
    run 1 check early
done

# What is raised may be any value.
echo 'return require "oversight.format" "raises" { { "id", with = function() error { id = 1 } end } }' >lua/oversight/formats/raises.lua
run 1 export --db r.db --registry-id reg --format raises
has err "raises: id: an error of type table was raised: raise a text"
echo 'error()' >lua/oversight/formats/raises.lua
run 1 check raises
has err "an error of type nil was raised: raise a text"

# A format of a site that does not load, and one that names a column the registry lacks.
echo 'return require "oversight.format" "bad" { { "a", form = "x" } }' >lua/oversight/formats/bad.lua
run 1 export --db r.db --registry-id reg --format bad
has err "bad.lua:1: format bad: row 1 (a): there is no key \"form\""
echo 'return require "oversight.format" "gone" { { "a", from = "region" } }' >lua/oversight/formats/gone.lua
run 1 export --db r.db --registry-id reg --format gone
has err 'gone.lua:1: format gone: row 1 (a): "region" is neither a field of an event nor a column of this registry'
printf '\033Lua' >lua/oversight/formats/binary.lua
run 1 export --db r.db --registry-id reg --format binary
has err "attempt to load a binary chunk"
rm -r lua/oversight/formats
OVERSIGHT_LUA_PATH=no-such-folder run 1 formats
has err "cannot find the folder 'no-such-folder'"
unset OVERSIGHT_LUA_PATH

# A formatter in the working directory is not ours.
mkdir -p oversight/formats
echo 'error "hijacked"' | tee oversight/formats/ecs.lua oversight/siem.lua >/dev/null
run 0 "${export[@]}" --limit 1
LUA_PATH='./?.lua' run 0 "${export[@]}" --limit 1
finish
