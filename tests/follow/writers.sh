#!/usr/bin/env bash
# One file, one writer: whoever comes second is refused before it changes anything, and says what to do.
# shellcheck source=tests/cli/check.sh
source "$(dirname "$0")/../cli/check.sh"
source "$root/tests/delivery/delivery.sh"
registry r.db 5
# follow OPTION...: an export in the background, until it is at work; sets service.
follow() {
    : >log
    "$program" export --db r.db --registry-id reg --format ecs --follow "$@" >/dev/null 2>log &
    service=$!
    until_true grep -q msg=following log
}
stop() { kill "$service" && wait "$service" || fail "ended with $?: $(cat log)"; }
plain=(export --db r.db --registry-id reg --format ecs)
# refused STATUS ARGUMENT...: it is, by name, and out.jsonl stays as it is.
refused() {
    run "$@"
    has err "out.jsonl' is written by another export: stop that one, or give this one a file of its own"
    lacks err traceback
    same out.jsonl kept
}
cat >sink.lua <<'LUA'
local siem = require "oversight.siem"
local function pipeline(sink)
  return siem.pipeline { source = { path = "r.db", registry_id = "reg" }, format = "ecs", sink = sink }
end
local way = ...
if way == "path" then return pipeline "out.jsonl" end
local sink = assert(siem.sink.file("out.jsonl", { truncate = way == "truncate" }))
if way == "pipeline" then return pipeline(sink) end
local batch = siem.batch.open()
batch:add('{"id":1}', "1", "reg")
local sent, message, code = sink:send(batch)
if sent then
  local second = assert(siem.sink.file "out.jsonl") -- of the same process
  assert(select(3, second:send(batch)) == "held")
  assert(sink:close() and second:send(batch) and second:close())
  return
end
io.stderr:write(message, "\n")
os.exit(code == "held" and 4 or 1)
LUA
printf '{"event_id":"9","format":"ecs","event":{"event_id":"9","event_kind":"dns","occurred_unix":1}}\n' >dead.jsonl

# ---- beside an export that follows, with a checkpoint and without ----
for checkpoint in "--checkpoint cp" ""; do
    rm -f out.jsonl
    # shellcheck disable=SC2086 # options apart
    follow --output out.jsonl $checkpoint
    until_true has_lines out.jsonl 5
    cp out.jsonl kept
    refused 4 "${plain[@]}" --output out.jsonl
    refused 4 "${plain[@]}" --output out.jsonl --truncate
    refused 4 "${plain[@]}" --output "../${PWD##*/}/out.jsonl" --checkpoint cp2
    refused 4 "${plain[@]}" --output /proc/self/cwd/out.jsonl
    refused 4 "${plain[@]}" --output other.jsonl --dead-letter out.jsonl
    refused 4 replay dead.jsonl --format ecs --output out.jsonl
    for way in path pipeline send truncate; do refused 4 run sink.lua $way; done
    if [ -n "$checkpoint" ]; then lacks log "there is no checkpoint"
    else until_true grep -q "level=warning" log; has log "level=warning msg=\"there is no checkpoint: after a restart, all events are exported again"; fi
    stop
    run 0 "${plain[@]}" --output out.jsonl
    lines out.jsonl 10
    run 0 "${plain[@]}" --output out.jsonl --truncate
    lines out.jsonl 5
    cp out.jsonl kept
done
lines dead.jsonl 1

# ---- a dead letter is no sink's, and a replay may append to one beside an export ----
follow --output other.jsonl --dead-letter out.jsonl --checkpoint cp3
refused 4 "${plain[@]}" --output out.jsonl --truncate
stop
run 0 run sink.lua send
lines out.jsonl 7

# ---- one replay of a file at a time ----
mv dead.jsonl dead.jsonl.replaying
python3 - "$program" <<'END_OF_PYTHON' || fail "a second replay was possible"
import fcntl, struct, subprocess, sys
file = open("dead.jsonl.replaying", "r+b")
fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)) # F_OFD_SETLK, as the program does
done = subprocess.run([sys.argv[1], "replay", "dead.jsonl", "--format", "ecs", "--output", "new.jsonl"], capture_output=True, text=True)
assert done.returncode == 4 and "dead.jsonl.replaying: another replay sends it" in done.stderr, done
END_OF_PYTHON
mv dead.jsonl.replaying dead.jsonl
lines dead.jsonl 1

# ---- what a reader locks is not the writer's, and a lock that a crash left behind is used again ----
for lock in -s -x; do
    exec 7<out.jsonl
    flock $lock 7
    follow --output out.jsonl --truncate
    until_true has_lines out.jsonl 5
    cp out.jsonl kept
    refused 4 "${plain[@]}" --output out.jsonl
    kill -KILL "$service"
    wait "$service" 2>/dev/null || true
    [ -e .out.jsonl.lock ] || fail "a crash removed the lock"
    run 0 "${plain[@]}" --output out.jsonl --truncate
    [ ! -e .out.jsonl.lock ] || fail "the lock is left behind"
    exec 7<&-
done

# ---- one that ends in this moment is waited for ----
cp out.jsonl kept
flock .out.jsonl.lock sleep 0.2 &
until_true [ -e .out.jsonl.lock ]
run 0 "${plain[@]}" --output out.jsonl
lines out.jsonl 10

# ---- what is no file, and what the process was given open ----
both=()
for ((i = 0; i < 2; i++)); do "$program" "${plain[@]}" --output /dev/null 2>>err & both+=("$!"); done
for each in "${both[@]}"; do wait "$each" || fail "/dev/null was refused: $(cat err)"; done
exec 7>>out.jsonl
flock 7
"$program" "${plain[@]}" --output /dev/stdout >>out.jsonl 2>err || fail "/dev/stdout was refused: $(cat err)"
"$program" "${plain[@]}" >>out.jsonl 2>err || fail "standard output was refused: $(cat err)"
exec 7>&-
lines out.jsonl 20
mkfifo pipe
cat pipe >piped &
"$program" "${plain[@]}" --output pipe 2>err || fail "a pipe was refused: $(cat err)"
wait $!
lines piped 5

# ---- several pipelines, whose sinks each of them makes ----
cat >several.lua <<'LUA'
local siem = require "oversight.siem"
local list = {}
for _, name in ipairs { "a", "b", "c" } do
  list[#list + 1] = siem.pipeline { name = name, source = { path = "r.db", registry_id = "reg" }, format = "ecs",
    sink = assert(siem.sink.file(name .. ".jsonl")), follow = true }
end
return list
LUA
"$program" run several.lua 2>log &
service=$!
for name in a b c; do
    until_true has_lines $name.jsonl 5
    until_true grep -q "msg=\"there is no checkpoint.* pipeline=$name" log
done
kill -HUP "$service"
for name in a b c; do until_true grep -q "msg=reloaded pipeline=$name" log; done
lacks log "is written by another"
stop
sed -i 's/name .. ".jsonl"/&, { truncate = true }/' several.lua
: >log
"$program" run several.lua 2>log &
service=$!
for name in a b c; do until_true grep -q "msg=following .*pipeline=$name" log; done
for name in a b c; do until_true has_lines $name.jsonl 5; done
stop
for name in a b c; do lines $name.jsonl 5; done # what a script opened and did not use empties nothing
echo 'local siem = require "oversight.siem"
return siem.pipeline { source = {}, format = "ecs", sink = siem.sink.file("a.jsonl", { truncate = true }) }' >none.lua
run 0 run none.lua
lines a.jsonl 0
finish
